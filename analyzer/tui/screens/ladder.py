"""The ladder: client and meter as two rails, an arrow a record, a bar for how long each answer took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import ComposeResult

from analyzer.export.times import clock_text
from analyzer.record import REQUEST, RESPONSE, UNSOLICITED
from analyzer.tui.columns import duration_text, glyph_of
from analyzer.tui.fitting import fit, fit_right, fit_summary, printable
from analyzer.tui.screens.dialogue import DialogueScreen
from analyzer.tui.widgets.bars import Heading
from analyzer.tui.widgets.plot import bar
from analyzer.tui.widgets.rows import Piece, Rows

_BAR = 12
_NUMBER = 6
"""Cells of a record's number at least."""
_ROOM_FOR_BARS = 72
"""Cells of a screen that shows response times as bars, too; below that the arrows take the room."""
_LEFT, _TIME = 4, 12
"""Cells of the sign before the client's rail, and the blanks around; the number comes before them, the time behind."""
_ROOM_FOR_TIMES = 60
"""Cells of a screen that shows when a record came; below that the arrows would say nothing."""
_LEAST = 14
"""Cells between the rails at least."""
_AROUND = 8
"""Cells of an arrow beside its text at least."""


class Ladder(Rows):
    """Records as arrows between two rails."""

    contexts = ("rows",)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lines: list[Any] = []
        self.slowest_ns = 1
        self.digits = _NUMBER
        """Cells of the number before the client's rail."""
        self.is_utc = False
        self.is_whole = False
        """Whether it is as wide as its longest record, and not as the screen."""

    def show(self, lines: list[Any]) -> None:
        """Show other records."""
        self.lines = lines
        self.digits = max([_NUMBER, *(len(str(one.number)) for one in lines[-1:])])
        self.slowest_ns = max((one.latency_ns or 0 for one in lines), default=0) or 1
        self.set_count(len(lines))

    @property
    def left(self) -> int:
        """How many cells lie before the client's rail."""
        return _LEFT + self.digits + self._time_cells

    @property
    def _time_cells(self) -> int:
        return _TIME if self.is_whole or self.room >= _ROOM_FOR_TIMES else 0

    @property
    def between(self) -> int:
        """How many cells lie between the rails."""
        if self.is_whole:
            return max((cell_len(printable(one.summary)) for one in self.lines), default=0) + _AROUND
        return max(self.room - self.left - 2 - 2 - self._bar_cells - 9, _LEAST)

    @property
    def _bar_cells(self) -> int:
        """How many cells a bar has; none where the room is little."""
        return _BAR if self.is_whole or self.room >= _ROOM_FOR_BARS else 0

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write an arrow."""
        line, palette = self.lines[index], self.palette
        sign, colour = glyph_of(line.severity)
        yield f" {line.number:>{self.digits}} ", palette.style("faint")
        yield f"{sign} ", palette.style(colour.split()[0], bold=True)
        time = "" if line.time_ns is None else clock_text(line.time_ns, 3, utc=self.is_utc)[11:]
        cells = self._time_cells
        yield f"{time:>{cells}} " if cells else "", palette.style("muted")
        yield "│", palette.style("faint")
        yield from self._arrow(line)
        yield "│ ", palette.style("faint")
        if line.latency_ns is not None:
            share = line.latency_ns / self.slowest_ns
            cells = self._bar_cells
            yield fit(bar(share, cells), cells), palette.style("warning" if share > 0.66 else "accent")
            yield fit_right(duration_text(line.latency_ns), 8), palette.style("muted")

    def _arrow(self, line: Any) -> Iterable[Piece]:
        palette, room = self.palette, self.between
        colour = {REQUEST: "request", RESPONSE: "response", UNSOLICITED: "response"}.get(line.direction, "muted")
        style = palette.style(colour)
        text = fit_summary(printable(line.summary), max(room - 6, 8)).rstrip()
        rest = room - cell_len(text) - 2
        if line.direction == REQUEST:
            yield "──", style
            yield f" {text} ", palette.style("text")
            yield "─" * max(rest - 3, 0) + "▶", style
        elif line.direction in (RESPONSE, UNSOLICITED):
            dash = "─" if line.direction == RESPONSE else "╌"
            yield "◀" + dash * max(rest - 3, 0), style
            yield f" {text} ", palette.style("text")
            yield dash * 2, style
        else:
            yield fit(f" {text}", room), palette.style("muted")
        if rest < 3:
            yield "", Style.null()


class LadderScreen(DialogueScreen):
    """The association of the record as a ladder."""

    title_text = "Ladder"

    def __init__(self) -> None:
        super().__init__()
        self.ladder = Ladder()

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        yield Heading()
        yield self.ladder

    def on_mount(self) -> None:
        """Show the records, with the cursor at the one it was opened from."""
        self.find_records()
        super().on_mount()
        self.show_records()
        self.ladder.focus()
        if self.opened_from in self.numbers:
            self.ladder.move_to(self.numbers.index(self.opened_from), centre=True)
        self.soon(self._show_heading)

    def show_records(self) -> None:
        """Draw the records, the cursor on the row where it was; on the last one it stays at the end."""
        ladder = self.ladder
        was_last = 0 < ladder.count == ladder.cursor + 1
        ladder.is_utc = self.program.is_utc
        ladder.say_why(self.nothing_said())
        ladder.show(self.program.capture.lines(self.numbers))
        if was_last:
            ladder.move_to(ladder.count - 1)

    def on_resize(self) -> None:
        """Put the names over their rails."""
        self.soon(self._show_heading)

    def _show_heading(self) -> None:
        ladder = self.ladder
        left = " " * ladder.left + fit("client", ladder.between // 2 + 1)
        self.head("Heading", [(left + fit_right("meter", ladder.between - ladder.between // 2), "accent")])

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Go to the record."""
        if self.numbers:
            self.program.go_to(self.numbers[self.ladder.cursor])

    def exported_text(self) -> str:
        """Give the ladder as text, in which no record is cut."""
        ladder = self.ladder
        ladder.is_whole = True
        try:
            rows = ["".join(text for text, _ in ladder.pieces(index, 0)).rstrip() for index in range(ladder.count)]
        finally:
            ladder.is_whole = False
        return "\n".join(rows) + "\n"
