"""Plots in the colours of the theme; what draws a line is loaded when there is one to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Container

if TYPE_CHECKING:
    from analyzer.tui.app import DlmsharkApp

_MOST_TICKS = 5
_MOST_POINTS = 2000


def bar(share: float, width: int) -> str:
    """Draw a share of *width* cells, in halves; of what is there at least one, of nothing none."""
    if not share:
        return ""
    whole, rest = divmod(max(round(share * width * 2), 1), 2)
    return "━" * whole + "╸" * rest


class Plot(Container):
    """One line."""

    DEFAULT_CSS = "Plot { height: 1fr; } Plot PlotextPlot { height: 1fr; background: $background; }"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._drawn: tuple[Sequence[float], Sequence[str]] = ((), ())

    def compose(self) -> ComposeResult:
        """Make the area that is drawn on."""
        from textual_plotext import PlotextPlot

        yield PlotextPlot()

    def on_mount(self) -> None:
        """Draw what was asked for before there was an area."""
        self._draw()

    def line(self, points: Sequence[float], labels: Sequence[str]) -> None:
        """Draw a line through *points*, with a few of *labels* below."""
        step = max(1, len(points) // _MOST_POINTS)
        self._drawn = (points[::step], labels[::step])
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted or not self.children:
            return
        from textual_plotext import PlotextPlot

        area = self.query_one(PlotextPlot)
        points, labels = self._drawn
        plt = area.plt
        plt.clear_figure()
        palette = cast("DlmsharkApp", self.app).palette
        names = (palette.background, palette.muted, palette.accent)
        background, text, drawn = (_rgb(one) for one in names)
        plt.canvas_color(background)
        plt.axes_color(background)
        plt.ticks_color(text)
        plt.xaxes(True, False)
        plt.yaxes(True, False)
        area.auto_theme = False
        if len(points) >= 2:
            places = list(range(len(points)))
            plt.plot(places, list(points), color=drawn, marker="braille")
            ticks = places[:: max(1, len(places) // _MOST_TICKS)]
            plt.xticks(ticks, [labels[one] for one in ticks] if labels else None)
            plt.xfrequency(_MOST_TICKS)
        area.refresh()


def _rgb(colour: str) -> Any:
    """Give a colour as the plotting library takes it."""
    if colour.startswith("#"):
        return tuple(Color.parse(colour).rgb)
    return {"default": "default", "bright_black": "gray", "bright_white": "white"}.get(colour, colour)
