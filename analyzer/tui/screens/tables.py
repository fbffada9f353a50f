"""Screens of a table with, where there is more to say, text below: the base of most screens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from analyzer.tui.exporting import aligned, csv_text
from analyzer.tui.screens.exporting import Exporting
from analyzer.tui.widgets.bars import Heading, StatusBar
from analyzer.tui.widgets.ground import Pane, Part
from analyzer.tui.widgets.prompt import Question
from analyzer.tui.widgets.rows import Rows
from analyzer.tui.widgets.table import Table, TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target, TextPane

_SUFFIXES = {".csv": "CSV", ".txt": "text with its columns aligned", ".jsonl": "one JSON object a row"}
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+")
_SIDE_WIDTH = 120
_NEED_A_ROW = frozenset(
    ("open", "next-pane", "sort", "export", "plot", "follow", "ladder", "mark-association", "compare-association")
)
"""Commands that the last line does not offer where there is no row for them."""
_LEAST_LINES = 4
"""Lines that a table takes above text even where it has less to show, its heading among them."""


class TableScreen(Exporting):
    """A table; a row opens the record it is about. A subclass gives columns, rows and what the lower pane says."""

    contexts = ("table",)
    suffixes = _SUFFIXES
    name_of_rows = "rows"
    columns: Sequence[TableColumn] = ()
    has_text = False
    has_survey = False
    """Whether its rows come of the pass over all records."""
    hints: tuple[tuple[str, str], ...] = (("open", "record"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(self.columns, id="table")
        self.text_pane = TextPane(id="text")
        self.lower: tuple[Widget, ...] = (self.text_pane,) if self.has_text else ()
        """What stands below the table."""
        self.sought = ""
        """What the rows that are shown hold; empty where all are."""

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        with Part(id="parts"):
            with Pane(id="table-part"):
                yield Heading(id="table-heading")
                yield self.table
            if self.lower:
                with Pane(id="text-part"):
                    yield Heading(id="text-heading")
                    yield from self.lower

    def on_mount(self) -> None:
        """Show the rows."""
        super().on_mount()
        self.table.focus()
        self.take()
        kept = self.program.places.get(self.title_text, 0)
        if kept:
            self.table.move_to(kept)
        self.show_text()
        if self.has_survey:
            self.program.survey(self.take)

    def on_unmount(self) -> None:
        """Remember the row for the next time."""
        self.program.places[self.title_text] = self.table.cursor

    # -- what a subclass says -------------------------------------------------------------------------------------

    def rows(self) -> Iterable[TableRow]:
        """Give the rows."""
        return ()

    def paragraphs(self, row: TableRow) -> Iterable[Paragraph]:
        """Say more of a row."""
        return ()

    def nothing_said(self) -> Iterable[Paragraph]:
        """Say why there is no row."""
        return ()

    def text_heading(self, row: TableRow | None) -> str:
        """Write the heading of the text."""
        return ""

    def subject_of(self, row: TableRow) -> object:
        """Give what stays the same of a row while its figures change."""
        return row.about

    def record_of(self, row: TableRow) -> int:
        """Give the record that a row leads to; 0 for none."""
        return row.about if isinstance(row.about, int) else 0

    def open_row(self, row: TableRow) -> None:
        """Open what a row is about."""
        if number := self.record_of(row):
            self.program.go_to(number)
        else:
            self.flash("no record belongs to this row", "warning")

    def opens(self, row: TableRow) -> bool:
        """Tell whether a row leads anywhere."""
        return True

    def open_target(self, target: Target) -> None:
        """Go to what a line of the text is about."""
        self.program.go_to(*target)

    @property
    def no_rows(self) -> str:
        """Say on the last line that there is no row."""
        return f"no {self.name_of_rows}"

    # -- which rows -----------------------------------------------------------------------------------------------

    def shown_rows(self) -> Iterable[TableRow]:
        """Give the rows that hold what was asked for, in any cell, also one that has no room."""
        wanted = self.sought.lower()
        return (row for row in self.rows() if wanted in " ".join(row.cells).lower()) if wanted else self.rows()

    def command_filter_rows(self, count: int, text: str = "") -> None:
        """Ask which rows to show."""
        if text:
            self.answer_filter_rows(text)
        else:
            self.ask(
                Question("filter-rows", "rows with", hint="a text; empty shows all again", is_guess=True), self.sought
            )

    def answer_filter_rows(self, text: str) -> None:
        """Show the rows that hold *text*, of any case; nothing shows all again."""
        self.sought = text.strip()
        self.take()

    def command_back(self, count: int) -> None:
        """Show all rows again, else close the screen."""
        if self.sought:
            self.answer_filter_rows("")
        else:
            self.program.command_back(count)

    def command_close(self, count: int) -> None:
        """Show all rows again, else close the screen."""
        if self.sought:
            self.answer_filter_rows("")
        else:
            self.program.command_close(count)

    # -- showing --------------------------------------------------------------------------------------------------

    def take(self) -> None:
        """Take the rows as they are now; a pass that goes on may find the screen closed."""
        if not self.stands:
            return
        if not self.has_text:
            self.table.say_why(() if self.sought else (one.text for one in self.nothing_said()))
        self.table.set_rows(self.shown_rows(), self.subject_of)
        self._share()
        self.show_headings()
        self.show_text()
        self.show_title()
        self.show_status()

    def ended(self) -> None:
        """Show what came since the screen was opened."""
        self.take()

    def came_anew(self) -> None:
        """Show what there is now; of a pass over all records once it is over, so that no row goes meanwhile."""
        if self.has_survey:
            self.program.survey(self._take_survey)
        else:
            self.take()

    def _take_survey(self) -> None:
        survey = self.program.survey_so_far
        if survey is not None and survey.is_done:
            self.take()

    def show_text(self) -> None:
        """Say more of the row under the cursor."""
        if self.has_text:
            row = self.table.row
            self.text_pane.show(list(self.paragraphs(row) if row is not None else self.nothing_said()))
            colour = "accent" if self.text_pane.has_focus else "muted"
            self.head("#text-heading", [(f" {self.text_heading(row)}", colour)])

    @property
    def _is_beside(self) -> bool:
        """Whether the text stands beside the table: where there is room."""
        return self.has_text and self.size.width >= _SIDE_WIDTH

    def _share(self) -> None:
        """Leave what the table does not need to the text below, half of the height at least."""
        if self.has_text:
            most = None if self._is_beside else max(self.table.count + 1, _LEAST_LINES)
            for part in self.query("#table-part"):
                part.styles.max_height = most

    def show_headings(self) -> None:
        """Write the heading of the table."""
        colour = "accent" if self.table.has_focus else "muted"
        if self.table.room > 0:
            headings = self.table.headings()
            self.head("#table-heading", [(text, colour, f"sort {number}") for text, number in headings])

    def show_status(self) -> None:
        """Say where the cursor stands, and which keys matter."""
        count, row = self.table.count, self.table.row
        held = f" with '{self.sought}'" if self.sought else ""
        if count:
            left = f" {self.table.cursor + 1:,} of {count:,} {self.name_of_rows}{held}"
        elif held:
            left = f" no {self.name_of_rows}{held}; {self.program.keymap.text('close')} shows all"
        else:
            left = f" {self.no_rows}"
        right = self.hinted(one for one in self.hints if self._is_offered(one[0], row))
        for bar in self.query(StatusBar):
            bar.stand([(left, "muted")], right)

    def _is_offered(self, name: str, row: TableRow | None) -> bool:
        """Tell whether a command does anything here, with the cursor on *row*."""
        if row is None:
            return name not in _NEED_A_ROW
        return name != "open" or self.opens(row)

    # -- events ---------------------------------------------------------------------------------------------------

    def rows_moved(self, rows: Rows) -> None:
        """Say more of another row."""
        if rows is self.table:
            self.show_text()
        self.show_status()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Open what the row or the line is about."""
        if event.rows is self.table and self.table.row is not None:
            self.open_row(self.table.row)
        elif event.rows is self.text_pane and self.text_pane.target is not None:
            self.open_target(self.text_pane.target)

    def on_resize(self, event: events.Resize) -> None:
        """Put the text beside the table where there is room."""
        for parts in self.query("#parts"):
            parts.set_class(self._is_beside, "beside")
        self._share()
        self.soon(self.show_headings)
        self.soon(self.show_text)

    def on_descendant_focus(self) -> None:
        """Show which pane has the keys."""
        self.show_headings()
        if self.has_text:
            row = self.table.row
            colour = "accent" if self.text_pane.has_focus else "muted"
            self.head("#text-heading", [(f" {self.text_heading(row)}", colour)])

    def command_next_pane(self, count: int) -> None:
        """Give the keys to the other pane."""
        if self.has_text:
            (self.text_pane if self.table.has_focus else self.table).focus()

    command_previous_pane = command_next_pane

    # -- export ---------------------------------------------------------------------------------------------------

    def command_sort(self, count: int) -> None:
        """Sort by the next column, or by that of a number."""
        self.table.sort_rows(count)
        self.show_headings()
        self.show_text()

    @property
    def export_name(self) -> str:
        """The name of the screen."""
        return f"{self.title_text.lower().replace(' ', '-')}.csv"

    def write_export(self, path: Path) -> None:
        """Write the table in the form that the suffix names."""
        headings, rows = self.exported()
        if path.suffix == ".jsonl":
            text = "".join(json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
        else:
            text = csv_text([headings, *rows]) if path.suffix == ".csv" else aligned(headings, rows)
        path.write_text(text, encoding="utf-8")
        self.flash(f"{path}: {len(rows):,} {self.name_of_rows} written")

    def exported(self) -> tuple[list[str], list[Sequence[str]]]:
        """Give headings and rows as they are written."""
        counts = [one.is_right for one in self.columns]  # a person reads them with commas, a program without
        rows: list[Sequence[str]] = [
            [cell.replace(",", "") if is_count and _COUNT.fullmatch(cell) else cell
             for cell, is_count in zip(row.cells, counts, strict=True)]
            for row in self.table.rows
        ]  # fmt: skip
        return [one.heading for one in self.columns], rows
