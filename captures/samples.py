"""The bundled sample captures: what the manifest says of each, and where its file lies."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from captures.chunk import CaptureError


class Sample(NamedTuple):
    """A sample capture. Counts are by name, *notes* codes that are right there; *keys* is the keyring to open it,
    *remarks* how many lines on stderr say what was assumed.
    """

    name: str
    title: str
    path: Path
    description: str
    link: str
    shows: tuple[str, ...]
    packets: int
    frames: Mapping[str, int]
    apdus: Mapping[str, int]
    completed: Mapping[str, int]
    opened: Mapping[str, int]
    notes: tuple[str, ...]
    keys: Path | None
    remarks: int


def samples() -> list[Sample]:
    """Give all samples in the order of the manifest."""
    folder = Path(str(files("captures"))) / "samples"
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    return [
        Sample(
            name=entry["name"],
            title=entry["title"],
            path=folder / entry["file"],
            description=entry["description"],
            link=entry["link"],
            shows=tuple(entry["shows"]),
            packets=entry["packets"],
            frames=entry["frames"],
            apdus=entry.get("apdus", {}),
            completed=entry.get("completed", {}),
            opened=entry.get("opened", {}),
            notes=tuple(entry["notes"]),
            keys=folder / entry["keys"] if "keys" in entry else None,
            remarks=entry.get("remarks", 0),
        )
        for entry in manifest["sample"]
    ]


def sample_path(name: str) -> Path:
    """Find a sample's file by name, with or without suffix. Raises: CaptureError that lists the names."""
    for sample in samples():
        if name in (sample.name, sample.path.name):
            return sample.path
    raise CaptureError(f"no sample {name!r}: expected one of {', '.join(sample.name for sample in samples())}")
