"""Widgets that write lines of their own: each is written once and kept, and shown again only where it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from analyzer.tui.theme import Palette
from analyzer.tui.widgets.strips import TerseStrip, changed_cells

if TYPE_CHECKING:
    from analyzer.tui.app import DlmsharkApp


class Lines(Widget):
    """Lines that :meth:`render_line` gives in the widget's whole width.

    Textual would lay borders, padding, tints and opacity over every line each time one near it changes; none of these
    widgets has any, and a key would wait for it. Nor would it ask whether a line is another than before: these are
    compared once all that a key does is done, and those that are the same are not shown again.
    """

    def __init__(self, *children: Widget, **options: Any) -> None:
        self._written: dict[int, Strip] = {}
        """By line of the widget, as they are shown."""
        self._written_for: tuple[object, ...] = ()
        self._stale: set[int] = set()
        """Lines that may be others now."""
        super().__init__(*children, **options)

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return cast("DlmsharkApp", self.app).palette

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:  # fmt: skip
        """Look again at lines: those of *regions*, without any all."""
        if not self._written or not repaint or layout or recompose:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if regions:
            for region in regions:
                self._stale.update(region.line_range)
        else:
            self._stale.update(self._written)
        self.check_idle()
        return self

    def on_idle(self) -> None:
        """Show the lines that are others now."""
        if not self._stale:
            return
        if self._is_for_another():
            super().refresh()
            return
        width, height = self.size
        for y in sorted(self._stale):
            if y < height:
                before = self._written.get(y)
                after = self._written[y] = self._line(y, width)
                if cells := changed_cells(before, after):
                    super().refresh(Region(0, y, cells, 1))
        self._stale.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give the lines of *crop*, and write those that are not yet; stale ones are shown anew by :meth:`on_idle`."""
        self._is_for_another()
        width = self.size.width
        for y in crop.line_range:
            if y not in self._written:
                self._written[y] = self._line(y, width)
        lines = [self._written[y] for y in crop.line_range]
        start, end = crop.column_span
        return lines if (start, end) == (0, width) else [line.crop(start, end) for line in lines]

    def _is_for_another(self) -> bool:
        """Tell whether the lines were written for another width or other colours; they are forgotten then."""
        written_for = (self.size, self.palette)
        if written_for == self._written_for:
            return False
        self._written_for = written_for
        self._written.clear()
        self._stale.clear()
        return True

    def _line(self, y: int, width: int) -> Strip:
        """Write a line, in the colours that the terminal has; a theme that has true colours has no others."""
        line = self.render_line(y)
        if line.cell_length != width:
            line = line.adjust_cell_length(width, self.palette.base)
        if filters := [one for one in self.get_line_filters() if not isinstance(one, ANSIToTruecolor)]:
            ground = self.background_colors[1]
            for one in filters:
                line = line.apply_filter(one, ground)
        return line if isinstance(line, TerseStrip) else TerseStrip(line, width)
