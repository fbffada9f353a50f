"""Rows with a cursor, of which only those in sight are ever written: the base of lists, trees and octets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from analyzer.tui.fitting import fit
from analyzer.tui.widgets.lines import Lines
from analyzer.tui.widgets.side_bar import cells_of
from analyzer.tui.widgets.strips import TerseStrip, joined

if TYPE_CHECKING:
    from analyzer.tui.screens.base import BaseScreen

Piece = tuple[str, Style]
"""A text and how it is written."""
_MARGIN = 2
_WHEEL = 2
_RIGHT = 3
"""The right button of the mouse."""
"""Rows that a turn of the wheel goes."""


class Rows(Lines, can_focus=True, inherit_bindings=False):
    """*count* rows, one of them under the cursor; a subclass writes them. A bar shows which of them are in sight."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Rows { width: 1fr; height: 1fr; }"
    contexts: tuple[str, ...] = ("rows",)
    """Where its keys count, the nearest first."""

    class Opened(Message):
        """The row under the cursor was asked to open."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            """The rows."""
            return self.rows

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.cursor = 0
        self.count = 0
        self.top = 0
        """The first row in sight."""
        self._said: tuple[str, ...] = ()
        """What is said where there is no row."""
        self._bar: tuple[Segment, ...] = ()
        self._bar_for: tuple[object, ...] = ()

    # -- what a subclass says -------------------------------------------------------------------------------------

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write the row *index* for *width* cells."""
        raise NotImplementedError

    def background(self, index: int) -> str:
        """Give the colour behind a row that is not under the cursor; empty is the pane's."""
        return ""

    # -- rows -----------------------------------------------------------------------------------------------------

    def set_count(self, count: int) -> None:
        """Say how many rows there are; the cursor stays within."""
        self.count = count
        if self.cursor >= count:
            self.cursor = max(count - 1, 0)
        self.top = max(0, min(self.top, count - self.size.height))
        self.refresh()

    def say_why(self, sentences: Iterable[str]) -> None:
        """Say why there is no row, as long as there is none."""
        said = tuple(sentences)
        if said != self._said:
            self._said = said
            if not self.count:
                self.refresh()

    def move_to(self, index: int, *, centre: bool = False) -> None:
        """Put the cursor on the row *index* and bring it into sight."""
        index = max(0, min(index, self.count - 1))
        before, self.cursor = self.cursor, index
        self.show_cursor(centre=centre)
        if before != index:
            self.refresh_row(before)
            self.tell_moved()
        self.refresh_row(index)

    def tell_moved(self) -> None:
        """Let the screen follow at once: a message to it would come behind a frame in which only the row has moved."""
        cast("BaseScreen", self.screen).rows_moved(self)

    def move_by(self, rows: int) -> None:
        """Move the cursor by *rows*."""
        self.move_to(self.cursor + rows)

    def show_cursor(self, *, centre: bool = False) -> None:
        """Scroll as little as is needed to have the cursor's row in sight."""
        height, top = self.size.height, self.top
        if height <= 0:
            return
        margin = min(_MARGIN, (height - 1) // 2)
        if centre and not top <= self.cursor < top + height:
            top = self.cursor - height // 3
        elif self.cursor < top + margin:
            top = self.cursor - margin
        elif self.cursor >= top + height - margin:
            top = self.cursor - height + 1 + margin
        self.go_to(top)

    def go_to(self, top: int) -> None:
        """Let the row *top* be the first in sight, as far as there are rows."""
        top = max(0, min(top, self.count - self.size.height))
        if top != self.top:
            self.top = top
            self.refresh()

    def refresh_row(self, index: int) -> None:
        """Write one row anew."""
        y = index - self.top
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    @property
    def room(self) -> int:
        """How many cells a row has; one goes to the scrollbar, which is always there so that nothing jumps."""
        return max(self.size.width - 1, 0)

    @property
    def page(self) -> int:
        """How many rows a page is."""
        return max(1, self.size.height - 1)

    # -- writing --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Write the line *y* of the pane: a row, and a cell of the bar."""
        height, palette = self.size.height, self.palette
        bar_for = (height, self.count, self.top, palette)
        if bar_for != self._bar_for:
            self._bar_for, self._bar = bar_for, cells_of(*bar_for)
        index = self.top + y
        row = self.row_strip(index) if index < self.count else self._said_strip(y)
        return TerseStrip(joined([*row, self._bar[y]]), row.cell_length + 1)

    def _said_strip(self, y: int) -> Strip:
        """Write a line where there are no rows: why that is so, or nothing."""
        palette, room = self.palette, self.room
        if not self.count and self._said and room > _MARGIN:
            lines = [line for text in self._said for line in wrap(text, room - _MARGIN)]
            if y < len(lines):
                return strip_of([(f" {lines[y]}", palette.style("muted"))], room, palette.base)
        return Strip.blank(room, palette.base)

    def row_strip(self, index: int) -> Strip:
        """Write the row *index*."""
        palette, width = self.palette, self.room
        base, pieces = palette.base, self.pieces(index, width)
        colour = self.background(index)
        if index == self.cursor:
            colour = palette.cursor if self.has_focus else palette.cursor_blurred
        if colour and palette.on_cursor:
            pieces = ((text, palette.style("on_cursor")) for text, _ in pieces)
        elif colour:
            pale = (palette.style("faint"), palette.style("muted"))  # they would drown in the colour
            pieces = ((text, palette.style("text") if style in pale else style) for text, style in pieces)
        return strip_of(pieces, width, _over(base, _behind(colour)) if colour else base)

    # -- events ---------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self.show_cursor()

    def on_focus(self) -> None:
        """Show that the keys come here."""
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.refresh_row(self.cursor)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look further down; the cursor stays."""
        event.stop()
        self.go_to(self.top + _WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look further up; the cursor stays."""
        event.stop()
        self.go_to(self.top - _WHEEL)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the bar."""
        if event.x >= self.room:
            self.capture_mouse()
            self._drag_to(event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw the bar along."""
        if self.app.mouse_captured is self:
            self._drag_to(event.y)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the bar."""
        self.release_mouse()

    def _drag_to(self, y: int) -> None:
        height = self.size.height
        self.go_to(round((self.count - height) * y / max(height - 1, 1)))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; twice opens."""
        index = self.top + event.y
        if index < self.count and event.x < self.room:
            self.move_to(index)
            self.clicked(event)
            if event.button == _RIGHT:
                cast("BaseScreen", self.screen).command_menu(0)
            elif event.chain == 2:
                self.open()

    def clicked(self, event: events.Click) -> None:
        """Take a click into the row under the cursor."""

    def open(self) -> None:
        """Open the row under the cursor."""
        if self.count:
            self.post_message(self.Opened(self))

    # -- commands -------------------------------------------------------------------------------------------------

    def command_up(self, count: int) -> None:
        """Go up."""
        self.move_by(-(count or 1))

    def command_down(self, count: int) -> None:
        """Go down."""
        self.move_by(count or 1)

    def command_page_up(self, count: int) -> None:
        """Go up a page."""
        self.move_by(-self.page * (count or 1))

    def command_page_down(self, count: int) -> None:
        """Go down a page."""
        self.move_by(self.page * (count or 1))

    def command_first(self, count: int) -> None:
        """Go to the first row."""
        self.move_to(0)

    def command_last(self, count: int) -> None:
        """Go to the last row, or to the one that was typed."""
        self.move_to(count - 1 if count else self.count - 1)

    def command_open(self, count: int) -> None:
        """Open the row under the cursor."""
        self.open()


def strip_of(pieces: Iterable[Piece], width: int, base: Style) -> Strip:
    """Make a line of *width* cells; what is too long ends in an ellipsis."""
    segments, left = [], width
    for text, style in pieces:
        length = len(text) if text.isascii() else cell_len(text)
        if length > left:
            segments.append(Segment(fit(text, left), _over(base, style)))
            left = 0
            break
        segments.append(Segment(text, _over(base, style)))
        left -= length
    if left > 0:
        segments.append(Segment(" " * left, base))
    return TerseStrip(joined(segments), width)


@lru_cache(maxsize=64)
def _behind(colour: str) -> Style:
    return Style(bgcolor=colour)


@lru_cache(maxsize=1024)
def _over(base: Style, style: Style) -> Style:
    """Give *style* as it stands on *base*."""
    return base + style
