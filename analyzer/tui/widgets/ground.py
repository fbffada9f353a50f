"""What lies under others: blank, and so always the same."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual.containers import Container, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from analyzer.tui.app import DlmsharkApp


class Ground(Widget):
    """What others cover: blank lines, made once."""

    BLANK = True

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give blank lines."""
        return [_blank(crop.width, cast("DlmsharkApp", self.app).palette.base)] * crop.height


@lru_cache(maxsize=64)
def _blank(width: int, style: Style) -> Strip:
    return Strip.blank(width, style)


class Part(Ground, Container):
    """Holds parts of the screen, which cover it."""


class Pane(Ground, Vertical):
    """A heading and what stands below it."""
