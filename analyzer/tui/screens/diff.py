"""Diff: what a capture, or association, that fails does otherwise than one that works; what matters on top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.diagnosis.comparison.compare import Difference
from analyzer.tui.options import title_of
from analyzer.tui.screens.compare import CompareScreen, Shown
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target

_HEADINGS = ["Rank", "Association", "Good", "Bad", "Field", "Good value", "Bad value", "Difference", "Matters"]


class DiffScreen(TableScreen):
    """A row a difference; below both values and both records."""

    title_text = "Diff"
    name_of_rows = "differences"
    has_text = True
    columns = (
        TableColumn("", most=1),
        TableColumn("No.", "muted", is_right=True, most=5),
        TableColumn("Good", "muted", is_right=True, most=8),
        TableColumn("Bad", "muted", is_right=True, most=8),
        TableColumn("Difference", most=0),
    )
    hints = (("open", "side by side"), ("swap", "swap"), ("diff", "another"), ("export", "export"), ("back", "back"))

    @property
    def title_said(self) -> str:
        """Say what is compared with what, unless the title says so already."""
        comparison = self.program.comparison
        names = [half.name for half in comparison.halves] if comparison is not None else []
        is_said = names == [title_of([one]) for one in self.program.capture.inputs]
        return self.title_text if is_said else f"{self.title_text}  {' | '.join(names)}"

    def compared(self) -> None:
        """Show how far it is, and what was found."""
        self.take()

    def rows(self) -> Iterable[TableRow]:
        """Give a row a difference, in the order of their rank."""
        comparison = self.program.comparison
        return map(_row, comparison.differences) if comparison is not None and comparison.is_done else ()

    def text_heading(self, row: TableRow | None) -> str:
        """Name the field."""
        comparison = self.program.comparison
        if row is None or comparison is None:
            return ""
        one: Difference = row.about
        words = f" · {comparison.words}" if comparison.words else ""
        return f"association {one.association} · {one.field}{words}"

    @property
    def no_rows(self) -> str:
        """Deny no difference before all is compared, or where nothing can be."""
        comparison = self.program.comparison
        if comparison is None or comparison.error:
            return "nothing is compared"
        return super().no_rows if comparison.is_done else "not known yet"

    def nothing_said(self) -> Iterator[Paragraph]:
        """Say how far it is, what went wrong, or that both do the same."""
        comparison = self.program.comparison
        if comparison is not None:
            colour = "error" if comparison.error else "muted"
            yield Paragraph(comparison.words or "No difference: both do the same.", colour)

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Say what differs, and what both records are."""
        one: Difference = row.about
        yield Paragraph(one.text, f"{_colour(one)} bold")
        if not one.matters:
            yield Paragraph(
                "May well differ: values that were read, or what follows from a difference before.", "muted"
            )
        yield Paragraph("")
        yield Paragraph(one.good_value, "good", "good")
        yield Paragraph(one.bad_value, "warning", "bad")
        yield Paragraph("")
        comparison = self.program.comparison
        assert comparison is not None
        for half, number in zip(comparison.halves, (one.good_record, one.bad_record), strict=True):
            if number:
                text = f"record {number}: {half.capture.lines([number])[0].summary}"
                yield Paragraph(text, "text", half.name, target=Target(number))
            else:
                yield Paragraph("has nothing of it", "muted", half.name)

    def open_row(self, row: TableRow) -> None:
        """Show both records side by side."""
        one: Difference = row.about
        comparison = self.program.comparison
        assert comparison is not None
        numbers = (one.good_record, one.bad_record)
        sides = [
            Shown(half.capture, number, half.name, half.shown_as)
            for half, number in zip(comparison.halves, numbers, strict=True)
        ]
        self.app.push_screen(CompareScreen(sides[0], sides[1]))

    def open_target(self, target: Target) -> None:
        """Show both records side by side: one of them may be in no list."""
        if self.table.row is not None:
            self.open_row(self.table.row)

    def command_swap(self, count: int) -> None:
        """Take the good one for the bad one."""
        comparison = self.program.comparison
        if comparison is not None:
            self.program.compare(*comparison.parts[::-1])

    def command_diff(self, count: int, name: str = "") -> None:
        """Compare with another capture."""
        if name:
            self.answer_diff(name)
        else:
            self.ask_diff()

    def exported(self) -> tuple[list[str], list[Sequence[str]]]:
        """Give what the headless twin gives."""
        rows: list[Sequence[str]] = []
        for row in self.table.rows:
            one: Difference = row.about
            records = (str(number or "") for number in (one.good_record, one.bad_record))
            said = (one.field, one.good_value, one.bad_value, one.text, "yes" if one.matters else "no")
            rows.append((str(one.rank), str(one.association), *records, *said))
        return _HEADINGS, rows


def _colour(one: Difference) -> str:
    if not one.matters:
        return "muted"
    return "error" if one.rank == 1 else "warning"


def _row(one: Difference) -> TableRow:
    sign = {"error": "✗", "warning": "!"}.get(_colour(one), "·")
    numbers = (str(number or "-") for number in (one.good_record, one.bad_record))
    colour = {"error": "text bold", "warning": "text"}.get(_colour(one), "muted")
    sorts = (not one.matters, -one.rank, -one.good_record, -one.bad_record)
    return TableRow((sign, str(one.rank), *numbers, one.text), one, (f"{_colour(one)} bold", "", "", "", colour), sorts)
