"""What follow and ladder share: the records of one association, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.export.parts import SEPARATOR
from analyzer.tui.exporting import csv_of_lines
from analyzer.tui.screens.base import NOTHING
from analyzer.tui.screens.exporting import Exporting
from analyzer.tui.widgets.bars import StatusBar

MOST_RECORDS = 5000
_HINTS = (("open", "record"), ("export", "export"), ("back", "back"))
_SUFFIXES = {".txt": "as it is shown", ".csv": "the columns of the list"}


class DialogueScreen(Exporting):
    """A screen about the association of the record that it was opened from."""

    contexts = ("main",)
    suffixes = _SUFFIXES
    numbers: list[int]
    """The records of the association, or without one of the conversation."""
    about: Sequence[str] = ()
    is_cut = False
    """Whether there are more records than are shown."""

    def find_records(self) -> None:
        """Gather the records of the association that the cursor stands in."""
        table = self.program.capture.table
        self.numbers = []
        if not 0 < self.opened_from <= table.height:
            return
        row = table.row(self.opened_from)
        frame = table.frame
        if row.association is not None:
            found = (frame["association"] == row.association).arg_true()
            about = f"association {row.association}"
        else:
            same = [
                place
                for place, path in enumerate(table.paths)
                if path.conversation == row.path.conversation
                and {path.client, path.server} == {row.path.client, row.path.server}
            ]
            found = frame["path"].is_in(same).arg_true()
            about = "conversation"
        numbers: list[int] = (found + 1).to_list()
        at = max(0, numbers.index(self.opened_from) - MOST_RECORDS // 2) if len(numbers) > MOST_RECORDS else 0
        self.is_cut = len(numbers) > MOST_RECORDS
        self.numbers = numbers[at : at + MOST_RECORDS]
        ends = [str(one) for one in (row.path.client, row.path.server) if one is not None]
        self.about = [one for one in (about, " ↔ ".join(ends), row.path.lane) if one]

    def show_records(self) -> None:
        """Show the records, the cursor on the row where it was; on the last one it stays at the end."""
        raise NotImplementedError

    def grew(self) -> None:
        """Show what the association has got meanwhile."""
        if not self.stands:
            return
        before = self.numbers
        self.find_records()
        if self.numbers != before:
            self.show_records()
            self.show_status()

    def came_anew(self) -> None:
        """Show the records as they are read now: with more keys they say more."""
        if not self.stands:
            return
        self.find_records()
        self.show_records()
        self.show_status()

    def nothing_said(self) -> tuple[str, ...]:
        """Say why there is no record to show."""
        return ("No record is selected.",) if self.program.capture.table.height else (NOTHING,)

    def show_status(self) -> None:
        """Say what is followed."""
        cut = f" (the {MOST_RECORDS:,} around)" if self.is_cut else ""
        records = f"{len(self.numbers):,} record{'s' * (len(self.numbers) != 1)}"
        about = [f" {records}{cut}", *(SEPARATOR + one for one in self.about)]
        said = about if self.numbers else [" no record is selected"]
        for bar in self.query(StatusBar):
            bar.stand([(one, "muted") for one in said], self.hinted(_HINTS if self.numbers else _HINTS[-1:]))

    # -- export ---------------------------------------------------------------------------------------------------

    def exported_text(self) -> str:
        """Give what is shown as text."""
        raise NotImplementedError

    @property
    def export_name(self) -> str:
        """The name of the screen."""
        return f"{self.title_text.lower()}.txt"

    def write_export(self, path: Path) -> None:
        """Write what is shown as text, or its records as a table."""
        is_table = path.suffix == ".csv"
        text = "".join(csv_of_lines(self.program.capture, self.numbers)) if is_table else self.exported_text()
        path.write_text(text, encoding="utf-8")
        self.flash(f"{path}: {len(self.numbers):,} records written")
