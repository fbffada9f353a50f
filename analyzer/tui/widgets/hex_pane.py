"""The octets of one buffer of a record, with those of the selected node shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.style import Style
from textual import events
from textual.strip import Strip

from analyzer.tui.selection import Place
from analyzer.tui.widgets.rows import Piece, Rows

_DIGITS, _BLANKS = 4, 3
"""Digits of an offset at least, and the blanks around it."""
_NOWHERE = Place(0, 0, 0)


class HexPane(Rows):
    """Shows octets in hex and as characters; an octet under its own cursor while the pane has the keys."""

    contexts = ("octets", "rows")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.buffers: list[tuple[str, bytes]] = []
        self.buffer = 0
        self.selected = _NOWHERE
        self.octet = 0

    @property
    def octets(self) -> bytes:
        """The octets in sight."""
        return self.buffers[self.buffer][1] if self.buffers else b""

    @property
    def per_row(self) -> int:
        """How many octets stand in a row: what the width has room for."""
        width = self.room - self.left_cells
        return next((count for count in (32, 16, 8) if width >= _width(count)), 4)

    @property
    def left_cells(self) -> int:
        """How many cells stand before the first octet of a row: as many digits as the last offset has."""
        return max(len(f"{len(self.octets):x}"), _DIGITS) + _BLANKS

    def show(self, buffers: list[tuple[str, bytes]]) -> None:
        """Show the buffers of another record."""
        self.buffers, self.buffer, self.octet, self.selected = buffers, 0, 0, _NOWHERE
        self._lay_out()
        self.go_to(0)

    def show_buffer(self, number: int) -> None:
        """Show another buffer of the record."""
        if self.buffers:
            self.buffer, self.octet = number % len(self.buffers), 0
            self._lay_out()
            self.go_to(0)

    def select(self, place: Place) -> None:
        """Show which octets the selected node stands for, and bring the first of them into sight."""
        if place.buffer != self.buffer and place.buffer < len(self.buffers):
            self.buffer = place.buffer
            self._lay_out()
        self.selected = place
        if not place.start <= self.octet < place.end:
            self.octet = min(place.start, max(len(self.octets) - 1, 0))
        self.cursor = self.octet // self.per_row
        self.show_cursor()
        self.refresh()

    def _lay_out(self) -> None:
        self.cursor = self.octet // self.per_row
        self.set_count(-(-len(self.octets) // self.per_row))

    # -- writing --------------------------------------------------------------------------------------------------

    def row_strip(self, index: int) -> Strip:
        """Write a row; its cursor is the octet, so the row itself has none."""
        kept, self.cursor = self.cursor, -1
        try:
            return super().row_strip(index)
        finally:
            self.cursor = kept

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write offset, hex and characters of a row."""
        count, octets, palette = self.per_row, self.octets, self.palette
        first = index * count
        row = octets[first : first + count]
        yield f" {first:0{self.left_cells - _BLANKS}x}  ", palette.style("faint")
        styles = [self._style(first + at, octet) for at, octet in enumerate(row)]
        for at, octet in enumerate(row):
            yield f"{octet:02x}", styles[at]
            joins = at + 1 < len(row) and self._is_selected(first + at) and self._is_selected(first + at + 1)
            gap = "  " if at % 8 == 7 else " "
            yield gap, Style(bgcolor=palette.cursor) if joins else Style.null()
        missing = range(len(row), count)
        yield "".join("    " if at % 8 == 7 else "   " for at in missing) + " ", Style.null()
        for at, octet in enumerate(row):
            yield chr(octet) if 32 <= octet < 127 else "·", styles[at]

    def _is_selected(self, octet: int) -> bool:
        place = self.selected
        return place.buffer == self.buffer and place.start <= octet < place.end

    def _style(self, at: int, octet: int) -> Style:
        palette = self.palette
        is_bold = not palette.on_cursor  # of 16 colours many terminals show a bold black as grey
        if at == self.octet and self.has_focus:
            ink = palette.on_cursor or palette.background
            return Style(color=ink, bgcolor=palette.warning if palette.on_cursor else palette.accent, bold=is_bold)
        if self._is_selected(at):
            return Style(color=palette.on_cursor or palette.text, bgcolor=palette.cursor, bold=is_bold)
        return palette.style("faint" if octet == 0 else "muted" if octet < 32 or octet > 126 else "text")

    # -- keys -----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Lay the octets out anew."""
        self._lay_out()
        super().on_resize(event)

    def move_octet(self, octet: int) -> None:
        """Put the cursor on another octet."""
        octet = max(0, min(octet, len(self.octets) - 1))
        if octet != self.octet:
            self.octet = octet
            self.cursor = octet // self.per_row
            self.show_cursor()
            self.refresh()
            self.tell_moved()

    def move_to(self, index: int, *, centre: bool = False) -> None:
        """Go to another row, in the same column."""
        self.move_octet(index * self.per_row + self.octet % self.per_row)

    def command_left(self, count: int) -> None:
        """Go back."""
        self.move_octet(self.octet - (count or 1))

    def command_right(self, count: int) -> None:
        """Go on."""
        self.move_octet(self.octet + (count or 1))

    def command_first(self, count: int) -> None:
        """Go to the first octet."""
        self.move_octet(0)

    def command_last(self, count: int) -> None:
        """Go to the last octet, or to the one that was typed."""
        self.move_octet(count if count else len(self.octets) - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the octet under the mouse."""
        row = self.top + event.y
        at = _column(event.x - self.left_cells, self.per_row)
        if at is not None and row * self.per_row + at < len(self.octets):
            self.move_octet(row * self.per_row + at)


def _width(count: int) -> int:
    """Say how wide a row of *count* octets is, behind its offset."""
    return count * 3 + count // 8 + 1 + count


def _column(x: int, count: int) -> int | None:
    """Find the octet of a row at the cell *x* behind the offset, in hex or among the characters."""
    characters = count * 3 + count // 8 + 1
    if x >= characters:
        return x - characters if x - characters < count else None
    for at in range(count):
        begin = at * 3 + at // 8
        if begin <= x < begin + 3:
            return at
    return None
