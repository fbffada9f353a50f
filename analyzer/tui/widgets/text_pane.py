"""Text that folds to the width it has; its lines may lead to records."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from textual import events

from analyzer.tui.fitting import printable
from analyzer.tui.selection import Place
from analyzer.tui.widgets.rows import Piece, Rows

_LEAST = 16


class Target(NamedTuple):
    """A record that a line is about, and octets of it."""

    record: int
    place: Place | None = None


class Paragraph(NamedTuple):
    """A text that folds behind its label."""

    text: str
    colour: str = "text"
    label: str = ""
    label_colour: str = "muted"
    target: Target | None = None
    indent: int = 1


class TextPane(Rows):
    """Shows paragraphs, folded; the cursor goes by line."""

    contexts = ("rows",)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._paragraphs: tuple[Paragraph, ...] = ()
        self.folds = True
        """Whether what is too long goes on below; else it ends in an ellipsis."""
        self.lines: list[tuple[Paragraph, str, str]] = []
        """Each line: its paragraph, what stands at its left, its text."""

    def show(self, paragraphs: Sequence[Paragraph], *, keeps: bool = False) -> None:
        """Show other paragraphs, from the first on unless the cursor *keeps* its line."""
        self._paragraphs = tuple(paragraphs)
        if not keeps:
            self.cursor = 0
        self._fold()
        self.go_to(self.top if keeps else 0)

    @property
    def target(self) -> Target | None:
        """Where the line under the cursor leads."""
        return self.lines[self.cursor][0].target if 0 <= self.cursor < len(self.lines) else None

    @property
    def text(self) -> str:
        """All of it, as plain text."""
        return "\n".join(f"{left}{text}".rstrip() for _, left, text in self.lines) + "\n"

    def on_resize(self, event: events.Resize) -> None:
        """Fold anew."""
        self._fold()
        super().on_resize(event)

    def _fold(self) -> None:
        at = self.lines[self.cursor][0] if self.cursor < len(self.lines) else None
        width = max(self.room - 1, _LEAST)
        labels = [cell_len(one.label) for one in self._paragraphs if one.label]
        label_width = max(labels, default=0) + 2 if labels else 0
        self.lines = []
        for one in self._paragraphs:
            blank = " " * one.indent
            left = f"{blank}{one.label:<{label_width}}" if one.label else blank + " " * label_width * (one.indent > 1)
            room = max(width - cell_len(left), _LEAST)
            text = printable(one.text)
            folded = (textwrap.wrap(text, room, break_on_hyphens=False) or [""]) if self.folds else [text]
            for number, line in enumerate(folded):
                self.lines.append((one, left if not number else " " * cell_len(left), line))
        self.set_count(len(self.lines))
        if at is not None:
            self.cursor = next((index for index, line in enumerate(self.lines) if line[0] is at), self.cursor)

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write a line."""
        paragraph, left, text = self.lines[index]
        name, _, manner = paragraph.colour.partition(" ")
        yield left, self.palette.style(paragraph.label_colour)
        yield text, self.palette.style(name, bold=bool(manner))
        if paragraph.target is not None and (index == 0 or self.lines[index - 1][0] is not paragraph):
            room = width - cell_len(left) - cell_len(text)
            if room > 3 and index == self.cursor and self.has_focus:
                yield "  ⏎", self.palette.style("faint")
