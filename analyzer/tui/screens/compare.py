"""Two records side by side: their octets explained, and which fields differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal

from analyzer.diagnosis.alignment import opcodes
from analyzer.tui.screens.base import BaseScreen
from analyzer.tui.selection import Place, place_of, steps
from analyzer.tui.widgets.bars import Heading, StatusBar
from analyzer.tui.widgets.ground import Pane
from analyzer.tui.widgets.rows import Rows
from analyzer.tui.widgets.text_pane import Paragraph, Target, TextPane
from dissectors.tree import shown

if TYPE_CHECKING:
    from analyzer.capture import Capture

_HINTS = (("next-problem", "next difference"), ("open", "record"), ("back", "back"))
_HEADINGS = ("of-one", "of-other")
Entry = tuple[str, str, int, Place]
"""A row of an outline: name, text, depth, octets."""


class Shown(NamedTuple):
    """A record at one side; 0 is none. *shown_as* tells which record of the open capture it is, 0 where none."""

    capture: Capture
    number: int
    name: str = ""
    """Of its capture, where that is not the same at both sides."""
    shown_as: Callable[[int], int] = int


class CompareScreen(BaseScreen):
    """Trees of two records, rows of equal fields beside one another."""

    title_text = "Compare"
    contexts = ("main",)

    def __init__(self, one: Shown, other: Shown) -> None:
        super().__init__()
        self.sides = (one, other)
        self.panes = (TextPane(), TextPane())
        self.differences = 0

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        with Horizontal():
            for name, pane in zip(_HEADINGS, self.panes, strict=True):
                with Pane():
                    yield Heading(id=name)
                    yield pane

    def on_mount(self) -> None:
        """Compare."""
        entries = [self._entries(one) for one in self.sides]
        sides: tuple[list[Paragraph], list[Paragraph]] = ([], [])
        for rows in self._aligned(*entries):
            for side, paragraph in zip(sides, rows, strict=True):
                side.append(paragraph)
        for name, one, pane, side in zip(_HEADINGS, self.sides, self.panes, sides, strict=True):
            pane.folds = False
            pane.show(side)
            said = [(f" {one.name}", "muted")] if one.name else []
            said += [(f" {one.number} ", "accent bold")] if one.number else [(" has nothing of it", "muted")]
            said += [(one.capture.lines([one.number])[0].summary, "text")] if one.number else []
            self.head(f"#{name}", said)
        self.panes[0].focus()
        super().on_mount()
        if self.differences:
            self.soon(self._go, 1)

    def _entries(self, one: Shown) -> list[Entry]:
        nodes = one.capture.detail(one.number).nodes if one.number else []
        return [
            (step.node.name, shown(step.node), step.depth, place_of(step.node, step.buffer)) for step in steps(nodes)
        ]

    def _aligned(self, one: list[Entry], other: list[Entry]) -> Iterator[tuple[Paragraph, Paragraph]]:
        """Put rows of the same field beside one another, and gaps where one side has none."""
        names = [[entry[0] for entry in side] for side in (one, other)]
        for kind, a, b, c, d in opcodes(*names):
            left, right = one[a:b], other[c:d]
            for index in range(max(len(left), len(right))):
                first = left[index] if index < len(left) else None
                second = right[index] if index < len(right) else None
                differs = kind != "equal" or (first is not None and second is not None and first[1] != second[1])
                self.differences += differs
                yield self._row(first, 0, differs), self._row(second, 1, differs)

    def _row(self, entry: Entry | None, side: int, differs: bool) -> Paragraph:
        if entry is None:
            return Paragraph("·" * 3, "faint")
        name, text, depth, place = entry
        said = f"{'≠' if differs else ' '} {'  ' * depth}{name}" + (f"  {text}" if text else "")
        return Paragraph(said, "warning" if differs else "muted", target=Target(self.sides[side].number, place))

    def rows_moved(self, rows: Rows) -> None:
        """Let the other side follow."""
        for pane in self.panes:
            if pane is not rows and pane.cursor != rows.cursor:
                pane.cursor = rows.cursor
                pane.go_to(rows.top)
                pane.refresh()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Go to the field in its record."""
        target = event.rows.target if isinstance(event.rows, TextPane) else None
        if target is not None:
            side = self.sides[event.rows is self.panes[1]]
            number = side.shown_as(target.record)
            if number:
                self.program.go_to(number, target.place)
            else:
                self.flash(f"record {target.record} of {side.name} is not in the capture that is open", "warning")

    def command_next_pane(self, count: int) -> None:
        """Give the keys to the other side."""
        self.panes[self.panes[0].has_focus].focus()

    command_previous_pane = command_next_pane

    def command_next_problem(self, count: int) -> None:
        """Go to the next difference."""
        self._go(1)

    def command_previous_problem(self, count: int) -> None:
        """Go to the previous one."""
        self._go(-1)

    def _go(self, by: int) -> None:
        pane = self.panes[0] if self.panes[0].has_focus else self.panes[1]
        lines = [pane.lines, (self.panes[1] if pane is self.panes[0] else self.panes[0]).lines]
        index = pane.cursor + by
        while 0 <= index < len(pane.lines):
            if any(side[index][0].colour == "warning" for side in lines):
                pane.move_to(index)
                return
            index += by
        self.flash("no further difference")

    def show_status(self) -> None:
        """Say how many fields differ."""
        fields = f" {self.differences:,} field{'s' * (self.differences != 1)} differ{'s' * (self.differences == 1)}"
        for bar in self.query(StatusBar):
            bar.stand([(fields, "muted")], self.hinted(_HINTS))
