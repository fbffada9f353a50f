"""``--sidecar FILE``: what captures teach about their meters is read from it before, and written to it afterwards."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from analyzer.cli.complaints import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.tracking.object_model import ObjectModel
    from analyzer.tracking.sidecar import Sidecar


def add_sidecar(made: argparse.ArgumentParser) -> None:
    """Add the option."""
    made.add_argument(
        "--sidecar", metavar="FILE", help="know meters by this file (TOML), and write to it what the captures teach"
    )


class SidecarFile:
    """The file of a command line; without one nothing is known and nothing is kept."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._path: Path | None = None
        self._sidecar: Sidecar | None = None
        if options.sidecar:
            from pathlib import Path

            self._path = Path(options.sidecar)
            self._sidecar = _read(self._path)

    def into(self, model: ObjectModel) -> None:
        """Let *model* know the meters of the file."""
        model.known = self._sidecar

    def keep(self, model: ObjectModel) -> None:
        """Write what *model* learnt beside what was known. Raises: OSError."""
        if self._sidecar is not None and self._path is not None:
            from analyzer.export.part import new_part

            self._sidecar.take(model)
            with new_part(self._path) as part:
                part.write_text(self._sidecar.text(), encoding="utf-8")
                part.replace(self._path)


def _read(path: Path) -> Sidecar:
    """Read the file; one that is not there yet is an empty one. Raises: UsageError."""
    from analyzer.tracking.sidecar import Sidecar, SidecarError, read_sidecar

    basis = f"sidecar {path.name}"
    try:
        return read_sidecar(path.read_text(encoding="utf-8"), basis)
    except FileNotFoundError:
        return Sidecar(basis=basis)
    except SidecarError as problem:
        raise UsageError(f"{path}: {problem}") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: cannot be read: {getattr(problem, 'strerror', None) or 'no UTF-8'}") from None
