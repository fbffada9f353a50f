"""The bar at the right of rows: which of them are in sight, in eighths of a cell."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.scrollbar import ScrollBarRender

from analyzer.tui.theme import Palette


@lru_cache(maxsize=64)
def cells_of(height: int, count: int, top: int, palette: Palette) -> tuple[Segment, ...]:
    """Give the cells from top to bottom; where all *count* rows are in sight they are blank.

    Textual says where the bar stands. Its styles name actions of its own scrollbar, so that the cells get others.
    """
    plain = Style(color=palette.faint, bgcolor=palette.background)
    turned = plain + Style(reverse=True)
    cells = ScrollBarRender.render_bar(height, count, height if count > height else 0, top).segments
    styles = (
        turned if one.style and one.style.reverse else palette.base if one.text.isspace() else plain for one in cells
    )
    return tuple(Segment(one.text, style) for one, style in zip(cells, styles, strict=True))
