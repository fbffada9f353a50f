"""What screens share that write what they show to a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from analyzer.tui.files import export_choices, export_verdict, path_of
from analyzer.tui.screens.base import BaseScreen
from analyzer.tui.widgets.prompt import Question, Verdict

if TYPE_CHECKING:
    from pathlib import Path


class Exporting(BaseScreen):
    """A screen that exports. A subclass says which name is offered, and writes the file."""

    suffixes: Mapping[str, str] = {}
    """What an export can be, by suffix; where there are none it is text."""

    @property
    def export_name(self) -> str:
        """The name that is offered."""
        raise NotImplementedError

    def write_export(self, path: Path) -> None:
        """Write what is shown, and say so. Raises: OSError."""
        raise NotImplementedError

    def command_export(self, count: int, name: str = "") -> None:
        """Ask for a file, and write what is shown."""
        if name:
            self.answer_export(name)
        else:
            self.ask_export(self.export_name)

    def ask_export(self, name: str) -> None:
        """Ask for a file to write, *name* is a guess."""
        hint = " · ".join(self.suffixes) or "text"
        choices = partial(export_choices, suffixes=self.suffixes)
        self.ask(Question("export", "write to", choices, self._export_verdict, hint=hint, is_guess=True), name)

    def answer_export(self, name: str) -> None:
        """Write the file, where it can be written; what hinders is said."""
        verdict = self._export_verdict(name)
        if not verdict.is_valid:
            self.flash(f"{name.strip()}: {verdict.text}", "error")
        elif name.strip():
            path = path_of(name)
            try:
                self.write_export(path)
            except OSError as problem:
                self.flash(f"{path}: {problem.strerror}", "error")

    def _export_verdict(self, text: str) -> Verdict:
        return export_verdict(text, self.suffixes, self.program.capture.inputs if self.program.has_capture else ())
