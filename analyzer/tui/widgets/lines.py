"""Widgets that write lines of their own: each is written once and kept until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.color import TRANSPARENT
from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

from analyzer.tui.theme import Palette

if TYPE_CHECKING:
    from analyzer.tui.app import DlmsharkApp


class Lines(Widget):
    """Lines that :meth:`render_line` gives in the widget's whole width.

    Textual would lay borders, padding, tints and opacity over every line each time one near it changes; none of these
    widgets has any, and a key would wait for it.
    """

    def __init__(self, *children: Widget, **options: Any) -> None:
        self._written: dict[int, Strip] = {}
        """By line of the widget."""
        self._written_for: tuple[object, ...] = ()
        super().__init__(*children, **options)

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return cast("DlmsharkApp", self.app).palette

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:  # fmt: skip
        """Write lines anew: those of *regions*, without any all."""
        if not regions:
            self._written.clear()
        for region in regions:
            for y in region.line_range:
                self._written.pop(y, None)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give the lines of *crop*, and write those that are not written yet."""
        width = self.size.width
        written_for = (width, self.palette)
        if written_for != self._written_for:
            self._written_for = written_for
            self._written.clear()
        missing = [y for y in crop.line_range if y not in self._written]
        if missing:
            self._write(missing, width)
        lines = [self._written[y] for y in crop.line_range]
        start, end = crop.column_span
        return lines if (start, end) == (0, width) else [line.crop(start, end) for line in lines]

    def _write(self, missing: list[int], width: int) -> None:
        """Write lines, in the colours that the terminal has; a theme that has true colours has no others."""
        base = self.palette.base
        filters = [one for one in self.get_line_filters() if not isinstance(one, ANSIToTruecolor)]
        ground = self.background_colors[1] if filters else TRANSPARENT
        for y in missing:
            line = self.render_line(y)
            if line.cell_length != width:
                line = line.adjust_cell_length(width, base)
            for one in filters:
                line = line.apply_filter(one, ground)
            self._written[y] = line


class SideBar(ScrollBar, Lines):
    """The scrollbar of rows."""

    def __init__(self, vertical: bool = True, name: str | None = None, *, thickness: int = 1) -> None:
        super().__init__(vertical, name, thickness=thickness)
        self._cells: list[Strip] = []

    def _write(self, missing: list[int], width: int) -> None:
        """Write the cells, which are of few kinds."""
        bar = cast("ScrollBarRender", self.render())
        style = cast("Style", bar.style)
        cells = bar.render_bar(
            self.size.height, bar.virtual_size, bar.window_size, bar.position, width, True,
            style.bgcolor or Color.default(), style.color or Color.default(),
        ).segments  # fmt: skip
        base = self.rich_style
        lines = {id(cell): Strip(Segment.apply_style([cell], base), width) for cell in cells}
        self._cells = [lines[id(cell)] for cell in cells]
        super()._write(missing, width)

    def render_line(self, y: int) -> Strip:
        """Give one cell."""
        return self._cells[y]
