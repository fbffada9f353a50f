"""Lines of one row: the title, headings of panes, and what stands at the bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.strip import Strip

from analyzer.export.parts import SEPARATOR
from analyzer.tui.fitting import fit, printable
from analyzer.tui.widgets.lines import Lines
from analyzer.tui.widgets.rows import Piece, strip_of

if TYPE_CHECKING:
    from analyzer.tui.screens.base import BaseScreen

_MESSAGE_SECONDS = 5.0
_MOST_LINES, _LEAST_WIDTH = 3, 16
Said = tuple[str, str] | tuple[str, str, str]
"""A text, the name of its colour, and the command that a click on it runs, as it is typed."""


def _plain(said: Said) -> Said:
    """Leave out what commands a terminal: the name of a file may hold it."""
    return said if said[0].isprintable() else (printable(said[0]), *said[1:])


def _length(said: Iterable[Said]) -> int:
    return sum(cell_len(one[0]) for one in said)


class Bar(Lines):
    """One line: something at the left, something at the right; the left gives way."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Bar { height: 1; }"
    share = 2 / 3
    """The part of the width that the left keeps; the right gives way before it gets less."""
    keeps_last = False
    """Whether what stands last at the left is seen whole, and what stands before it is cut."""

    def __init__(self, ground: str = "background", **options: Any) -> None:
        super().__init__(**options)
        self._ground = ground
        """The colour that it stands on."""
        self._left: tuple[Said, ...] = ()
        self._right: tuple[Said, ...] = ()

    def say(self, left: Sequence[Said], right: Sequence[Said] = ()) -> None:
        """Show other texts, if they are others."""
        said = (tuple(map(_plain, left)), tuple(map(_plain, right)))
        if said != (self._left, self._right):
            self._left, self._right = said
            self.refresh()

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(one[0] for one in (*self._left, *self._right))

    def render_line(self, y: int) -> Strip:
        """Write the line."""
        width, base = self.size.width, self.palette.on(self._ground)
        left, shown = self._left_shown(width), self._right_shown(width)
        right = [self._piece(one) for one in shown]
        length = sum(cell_len(text) for text, _ in right)
        pieces: list[Piece] = []
        room = width - length - (1 if length else 0)
        kept = cell_len(left[-1][0]) if self.keeps_last and len(left) > 2 else 0
        for index, one in enumerate(left, 1):
            text, style = self._piece(one)
            free = room - (kept if index < len(left) else 0)
            if cell_len(text) > free:
                text = fit(text, free)
            pieces.append((text, style))
            room -= cell_len(text)
            if room <= 0:
                break
        pieces.append((" " * (room + (1 if length else 0)), base))
        return strip_of([*pieces, *right], width, base)

    def _left_shown(self, width: int) -> list[Said]:
        """Give what stands at the left: parts that others stand before give way whole, the last first."""
        left = list(self._left)
        room = max(width - _length(self._right) - 1, int(self.share * width))
        while len(left) > 1 and left[-1][0].startswith(SEPARATOR) and _length(left) > room:
            left.pop()
        return left

    def _right_shown(self, width: int) -> list[Said]:
        """Give what stands at the right: hints give way whole, the most important last."""
        right = list(self._right)
        length = _length(right)
        wanted = min(_length(self._left_shown(width)) + 1, int(self.share * width))
        while right and length > width - wanted:
            text = right.pop(0)[0]
            length -= cell_len(text)
            while right and not text.endswith("  "):
                text = right.pop(0)[0]
                length -= cell_len(text)
        return right

    def command_at(self, x: int) -> str:
        """Give the command that a click on the cell *x* runs; empty where none does."""
        width = self.size.width
        right = self._right_shown(width)
        begins = width - _length(right)
        said, at = (right, begins) if x >= begins else (self._left_shown(width), 0)
        for one in said:
            at += cell_len(one[0])
            if x < at:
                return one[2] if len(one) > 2 else ""
        return ""

    def on_click(self, event: events.Click) -> None:
        """Run the command under the mouse."""
        if command := self.command_at(event.x):
            event.stop()
            self.run(command)

    def run(self, command: str) -> None:
        """Run what was clicked on."""
        cast("BaseScreen", self.screen).run_typed(command)

    def _piece(self, said: Said) -> Piece:
        text, colour = said[:2]
        name, _, manner = colour.partition(" ")
        style = self.palette.style(name or "text", bold="bold" in manner)
        return text, style + Style(reverse=True) if "reverse" in manner else style


class TitleBar(Bar):
    """The first line: what is open, how much of it was read, and what was found."""

    share = 2 / 5
    keeps_last = True  # the name of the screen

    def __init__(self, **options: Any) -> None:
        super().__init__("panel", **options)


class Heading(Bar):
    """The line above a pane."""

    def __init__(self, share: float = Bar.share, **options: Any) -> None:
        super().__init__("surface", **options)
        self.share = share


class StatusBar(Bar):
    """The last line: what is selected, a message for a while, and the keys that matter here."""

    def __init__(self, **options: Any) -> None:
        super().__init__("panel", **options)
        self._standing: tuple[Sequence[Said], Sequence[Said]] = ((), ())
        self._messages = 0
        self._has_message = False
        self._folded: list[str] = []
        """The lines of a message that is longer than one."""
        self._colour = "text"

    def stand(self, left: Sequence[Said], right: Sequence[Said] = ()) -> None:
        """Show this whenever no message is shown."""
        self._standing = (left, right)
        if not self._has_message:
            self.say(left, right)

    def flash(self, text: str, colour: str = "text") -> None:
        """Show a message for a few seconds, in so many lines as it needs."""
        self._messages += 1
        self._has_message = True
        self._fold(
            wrap(printable(" ".join(text.splitlines())), max(self.size.width - 2, _LEAST_WIDTH))[:_MOST_LINES], colour
        )
        self.say([(f" {text}", colour)])
        self.set_timer(_MESSAGE_SECONDS, partial(self._fade, self._messages))

    def settle(self) -> None:
        """Take the message away."""
        self._has_message = False
        self._fold([])
        self.say(*self._standing)

    def _fold(self, lines: list[str], colour: str = "text") -> None:
        before = max(len(self._folded), 1)
        self._folded, self._colour = lines, colour
        if (height := max(len(lines), 1)) != before:
            self.styles.height = height

    def render_line(self, y: int) -> Strip:
        """Write the line, or one of those of a message."""
        if len(self._folded) < 2 or y >= len(self._folded):
            return super().render_line(y)
        width, base = self.size.width, self.palette.on(self._ground)
        return strip_of([self._piece((fit(f" {self._folded[y]}", width), self._colour))], width, base)

    def _fade(self, number: int) -> None:
        if number == self._messages:
            self.settle()
