"""The record list: one row a record, written from the table only where it is in sight."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from analyzer.tui.columns import (
    CLOCK,
    COLUMNS,
    SINCE_BEFORE,
    SINCE_FIRST,
    TIME_MODES,
    Column,
    Look,
    Widths,
    fields_among,
    layout,
    lend,
    without_value,
)
from analyzer.tui.fitting import fit, fit_right
from analyzer.tui.widgets.rows import Piece, Rows

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.export.lines import RecordLine

_MOST_LINES = 512
"""Kept at most: scrolling back and forth finds them again, all of a capture would be megabytes."""
_MOST_CELL = 256
"""So much of a field is kept: no column is as wide."""
_UNFELT_SECONDS = 0.02


class RecordList(Rows):
    """Shows all records of a capture, or those that a filter left."""

    contexts = ("rows",)

    class Widened(Message):
        """Columns became wider, so that what stands above them has to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.capture: Capture | None = None
        self.matches: Sequence[int] | None = None
        """Indices of the records that the filter left, ascending; None shows all."""
        self.names = tuple(COLUMNS)
        self.time_mode = TIME_MODES[0]
        self.reference = 0
        """The record that times are counted from; 0 is the first."""
        self.is_utc = False
        self.highlights: list[Sequence[int]] = []
        """Indices of records that a rule highlights, a list a rule."""
        self.marks: dict[int, str] = {}
        """Marks by record number."""
        self._lines: dict[int, RecordLine] = {}
        self._cells: dict[int, tuple[str, ...]] = {}
        """What the fields among the columns say, by record number."""
        self._is_asking = False
        """Whether fields of records in sight are asked for in a moment."""
        self._seen = Widths()
        self._strips: dict[tuple[int, str, str], Strip] = {}
        """Rows as they were written, by number, colour behind them and mark."""
        self._strips_for: tuple[object, ...] = ()

    # -- which records --------------------------------------------------------------------------------------------

    def number_at(self, index: int) -> int:
        """Give the number of the record in the row *index*; 0 where there is none."""
        if not 0 <= index < self.count:
            return 0
        return index + 1 if self.matches is None else self.matches[index] + 1

    @property
    def number(self) -> int:
        """The number of the record under the cursor; 0 where there is none."""
        return self.number_at(self.cursor)

    def index_of(self, number: int) -> int:
        """Give the row of a record, or of the next one that is shown."""
        if self.matches is None:
            return number - 1
        return bisect_left(self.matches, number - 1)

    @property
    def height(self) -> int:
        """How many records the capture has so far, shown or not."""
        return self.capture.table.height if self.capture is not None else 0

    def shows(self, number: int) -> bool:
        """Tell whether a record is shown."""
        return self.number_at(self.index_of(number)) == number

    def go_to_record(self, number: int) -> bool:
        """Put the cursor on a record. Returns whether it is shown."""
        index = self.index_of(number)
        is_shown = self.number_at(index) == number
        self.move_to(index, centre=True)
        return is_shown

    def take(self) -> None:
        """Take what the capture has got meanwhile, or the filter found."""
        capture = self.capture
        if capture is None:
            return
        count = capture.table.height if self.matches is None else len(self.matches)
        if count != self.count:
            self.set_count(count)

    def filter_by(self, matches: Sequence[int] | None) -> None:
        """Show other records, with the cursor on the same one or the next."""
        number = self.number
        self.matches = matches
        self.take()
        self.set_count(self.count)
        if number:
            self.move_to(self.index_of(number), centre=True)

    def forget_lines(self) -> None:
        """Write every row anew: the capture knows more, or times are shown in another way."""
        self._lines.clear()
        self._cells.clear()
        self._strips.clear()
        self.refresh()

    # -- writing --------------------------------------------------------------------------------------------------

    def row_strip(self, index: int) -> Strip:
        """Write a row; one that was in sight before is not written again."""
        number = self.number_at(index)
        if not number or index == self.cursor or self.time_mode == SINCE_BEFORE or self.line_at(index) is None:
            return super().row_strip(index)
        if number not in self._cells and fields_among(self.names):
            return super().row_strip(index)
        strips_for = (self.room, self.palette, self._seen, self.time_mode, self.is_utc, self.names, self.reference)
        if strips_for != self._strips_for or len(self._strips) > _MOST_LINES:
            self._strips_for = strips_for
            self._strips.clear()
        key = (number, self.background(index), self.marks.get(number, ""))
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = super().row_strip(index)
        return strip

    def line_at(self, index: int) -> RecordLine | None:
        """Give what the list shows of the row *index*; with it those around it that are in sight."""
        number = self.number_at(index)
        if number and number not in self._lines:
            self._get(number)
        return self._lines.get(number)

    def _in_sight(self) -> Iterable[int]:
        return map(self.number_at, range(max(self.top, 0), min(self.top + max(self.size.height, 1), self.count)))

    def _get(self, number: int = 0) -> None:
        """Get the lines that are in sight, and that of *number*."""
        wanted = [one for one in self._in_sight() if one not in self._lines]
        if number and number not in wanted:
            wanted.append(number)
        if self.capture is None or not wanted:
            return
        if len(self._lines) > _MOST_LINES:
            self._lines.clear()
        for line in self.capture.lines(wanted):
            self._lines[line.number] = line
            self._seen = self._seen.grown(line)

    def _ask(self) -> None:
        """Ask the records in sight for their fields, as long as nobody feels it; the others in a moment."""
        names = fields_among(self.names)
        wanted = [one for one in self._in_sight() if one not in self._cells]
        if self._is_asking or self.capture is None or not names or not wanted:
            return
        if len(self._cells) > _MOST_LINES:
            self._cells.clear()
        seen, asked, end = self._seen, 0, monotonic() + _UNFELT_SECONDS
        for asked, cells in enumerate(self.capture.fields(wanted, names), 1):
            self._cells[wanted[asked - 1]] = kept = tuple(one[:_MOST_CELL] for one in cells)
            seen = seen.grown_by_fields(names, kept)
            if monotonic() > end:
                break
        if seen != self._seen:
            self._seen = seen
            self.post_message(self.Widened())
        if asked < len(wanted):
            self._is_asking = True
            self.set_timer(0.001, self._ask_on)

    def _ask_on(self) -> None:
        self._is_asking = False
        self._ask()
        self.refresh()

    def look(self, index: int) -> Look:
        """Say how times of the row *index* are shown."""
        assert self.capture is not None
        before = self.line_at(index - 1) if self.time_mode == SINCE_BEFORE and index else None
        first = self.line_first()
        names, number = fields_among(self.names), self.number_at(index)
        if names and number not in self._cells:
            self._ask()
        fields = dict(zip(names, self._cells.get(number, ()), strict=False))  # none of them where it was not asked yet
        before_ns = before.time_ns if before else None
        return Look(self.time_mode, self.capture.time_digits, first, before_ns, self.is_utc, fields)

    def line_first(self) -> int | None:
        """Give the time of the first record, or of the one that times are counted from."""
        number = self.reference or 1
        if self.capture is None or self.capture.table.height < number:
            return None
        known = self._lines.get(number)
        if known is None:
            known = self._lines[number] = self.capture.lines([number])[0]
        return known.time_ns

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write a row."""
        line = self.line_at(index)
        if line is None or self.capture is None:
            return
        look, palette = self.look(index), self.palette
        columns = layout(self.names, width, self.capture.time_digits, self._seen)
        if self._has_values(width):
            line = line._replace(summary=without_value(line.summary, line.value))
            columns = lend(columns, line)
        for column, room in columns:
            text, colour = column.write(line, room, look)
            name, _, manner = colour.partition(" ")
            if column.name == "number" and line.number in self.marks:
                text, name = fit_right(f"{self.marks[line.number]}{line.number}", room), "warning"
            yield text, palette.style(name, bold=bool(manner))
            if column is not columns[-1][0]:
                yield " ", Style.null()

    def has_room_for(self, name: str) -> bool:
        """Tell whether the column *name* is seen."""
        digits = self.capture.time_digits if self.capture is not None else 3
        return any(one.name == name for one, _ in layout(self.names, self.room, digits, self._seen))

    def _has_values(self, width: int) -> bool:
        return "value" in self.names and width >= COLUMNS["value"].from_width

    def background(self, index: int) -> str:
        """Colour the rows that a rule highlights."""
        at = self.number_at(index) - 1
        for rule in self.highlights:
            place = bisect_left(rule, at)
            if place < len(rule) and rule[place] == at:
                return self.palette.mark
        return ""

    def heading(self, width: int) -> str:
        """Write the heading above the rows."""
        digits = self.capture.time_digits if self.capture is not None and self.count else 3
        self._get()  # they say how wide the columns are
        self._ask()
        columns = layout(self.names, width, digits, self._seen)
        return " ".join((fit_right if one.is_right else fit)(self._title(one, room), room) for one, room in columns)

    def _title(self, column: Column, room: int) -> str:
        if column.name == "time" and self.time_mode != CLOCK:
            is_from = self.reference and self.time_mode == SINCE_FIRST
            said = f"Since {self.reference}" if is_from else self.time_mode.capitalize()
            return said if len(said) <= room else said.replace("Since ", "From ", 1)
        return column.heading if len(column.heading) <= room else column.short
