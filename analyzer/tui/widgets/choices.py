"""Choices one below another, above the line of the prompt: a key, what it does, and the name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.strip import Strip

from analyzer.tui.fitting import fit
from analyzer.tui.widgets.rows import Piece, Rows, strip_of

if TYPE_CHECKING:
    from analyzer.tui.widgets.prompt import Choice

_MOST_ROWS = 12
_GAP = 2
_EDGE, _CHOSEN = "│ ", "▸ "
"""What a row begins with: a terminal without colours has no other edge, nor a sign of the chosen one."""


class ChoiceList(Rows, can_focus=False):
    """Rows over the panes, of which one is chosen; the keys are those of the line below them."""

    contexts = ()

    def __init__(self, take: Callable[[int], None]) -> None:
        super().__init__()
        self.choices: Sequence[Choice] = ()
        self._take = take
        self._most = self._key_cells = 0
        """How many choices there are before any is left out, and how wide their keys are."""

    def begin(self, choices: Sequence[Choice]) -> None:
        """Take the room that *choices* need, of which those are offered that fit what is typed."""
        self._most = len(choices)
        self._key_cells = max((cell_len(one.key) for one in choices), default=0)

    def offer(self, choices: Sequence[Choice]) -> None:
        """List *choices*, the first of them chosen."""
        self.choices = choices
        self.cursor = self.top = 0
        self.set_count(len(choices))

    def rows_in(self, height: int) -> int:
        """Say how many rows stand on a screen of so many lines: half of it is left to what they are about."""
        return min(self._most, _MOST_ROWS, max(height // 2, 1))

    def turn(self, pages: int) -> None:
        """Choose as many pages on."""
        self.move_by(pages * self.page)

    def tell_moved(self) -> None:
        """Nothing follows the chosen one."""

    def _said_strip(self, y: int) -> Strip:
        """Write a line that what was typed left without a choice."""
        palette = self.palette
        return strip_of([(_EDGE, palette.style("muted"))], self.room, palette.on("panel"))

    def row_strip(self, index: int) -> Strip:
        """Write the row *index*, on a ground of its own."""
        palette, width = self.palette, self.room
        if index != self.cursor:
            return strip_of(self.pieces(index, width), width, palette.on("panel"))
        ink = palette.style("on_cursor" if palette.on_cursor else "text")
        return strip_of(((text, ink) for text, _ in self.pieces(index, width)), width, palette.on("cursor"))

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write a choice: what it does goes before its name where one of them has to give way."""
        choice, palette = self.choices[index], self.palette
        yield _CHOSEN if index == self.cursor else _EDGE, palette.style("muted")
        if self._key_cells:
            yield fit(choice.key, self._key_cells) + " " * _GAP, palette.style("accent")
        room = width - len(_EDGE) - (self._key_cells + _GAP if self._key_cells else 0) - 1
        said, name = choice.help or choice.label, choice.label if choice.help else ""
        while cell_len(said) > room and "; " in said:
            said = said.rpartition("; ")[0]
        free = room - cell_len(said) - cell_len(name)
        yield fit(said, room) if free < _GAP else said + " " * free, palette.style("text")
        if free >= _GAP:
            yield name, palette.style("muted")
        yield " ", palette.style("text")

    def on_click(self, event: events.Click) -> None:
        """Take the choice under the mouse."""
        event.stop()
        event.prevent_default()
        index = self.top + event.y
        if index < self.count and event.x < self.room:
            self._take(index)
