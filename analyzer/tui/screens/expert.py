"""All notes of a capture, by severity and code, each with the records that have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analyzer.diagnosis.rules import rule
from analyzer.export.glyphs import MARKS
from analyzer.tui.columns import COLOURS
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.selection import Place
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target
from dissectors.tree import Severity

_MOST_SHOWN = 200


class Kind(NamedTuple):
    """Notes of one code and cause."""

    severity: int
    code: str
    cause: str


class ExpertScreen(TableScreen):
    """Kinds of notes, worst first; below the records of the one under the cursor."""

    title_text = "Expert"
    name_of_rows = "kinds of notes"
    has_text = True
    columns = (
        TableColumn("", most=1),
        TableColumn("Note", most=34),
        TableColumn("Group", "muted", most=12, from_width=70),
        TableColumn("Cause", "muted", most=0),
        TableColumn("Records", "muted", is_right=True, most=9),
        TableColumn("First", "muted", is_right=True, most=8),
    )
    hints = (("open", "record"), ("next-pane", "records"), ("sort", "sort"), ("back", "back"))

    def rows(self) -> Iterable[TableRow]:
        """Gather the kinds from the marks of the table's rows."""
        table = self.program.capture.table
        found: dict[Kind, list[int]] = {}
        groups: dict[Kind, str] = {}
        for place, marks in enumerate(table.marks):
            for index, code in enumerate(marks.codes):
                cause = (
                    marks.causes[index] if index < len(marks.causes) and len(marks.causes) == len(marks.codes) else ""
                )
                kind = Kind(_severity(code, marks.severity), code, cause)
                found.setdefault(kind, []).append(place)
                groups.setdefault(kind, marks.groups[min(index, len(marks.groups) - 1)] if marks.groups else "")
        for kind in sorted(found, key=lambda one: (-one.severity, one.code)):
            rows = table.frame["marks"].is_in(found[kind]).arg_true()
            if not len(rows):
                continue
            count, first = len(rows), int(rows[0]) + 1
            cells = (
                MARKS[Severity(kind.severity)] or "i",
                kind.code,
                groups[kind],
                kind.cause,
                f"{count:,}",
                str(first),
            )
            colours = (COLOURS[Severity(kind.severity)],)
            yield TableRow(cells, kind, colours, (-kind.severity, None, None, None, count, first))

    def record_of(self, row: TableRow) -> int:
        """Give the first record."""
        return int(row.cells[-1])

    def text_heading(self, row: TableRow | None) -> str:
        """Say what the kind means."""
        found = rule("fact", row.about.code) if row is not None else None
        return found.text if found is not None else "Records"

    def nothing_said(self) -> Iterator[Paragraph]:
        """Say that there is no note."""
        is_read = self.program.capture.progress.is_done
        told = "No record has a note." if is_read else "The capture is being read; no record so far has a note."
        yield Paragraph(told, "muted")

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Say what the note says in each record."""
        kind: Kind = row.about
        table, capture = self.program.capture.table, self.program.capture
        places = [place for place, marks in enumerate(table.marks) if kind.code in marks.codes]
        numbers = (table.frame["marks"].is_in(places).arg_true() + 1).to_list()
        for number in numbers[:_MOST_SHOWN]:
            for note in capture.record(number).notes:
                if note.code == kind.code:
                    place = Place(0, note.start, note.end) if note.end > note.start else None
                    yield Paragraph(note.text, label=str(number), target=Target(number, place))
        if len(numbers) > _MOST_SHOWN:
            yield Paragraph(f"and {len(numbers) - _MOST_SHOWN:,} more; the filter note == {kind.code} has all", "muted")


def _severity(code: str, worst: int) -> int:
    """Give the severity of a code: the rules fix it; what has no rule weighs as much as its record."""
    found = rule("fact", code)
    if found is None or not found.severity:
        return max(worst, 0)
    return int(Severity[found.severity.upper()])
