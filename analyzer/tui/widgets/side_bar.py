"""The bar at the right of rows: which of them are in sight, in eighths of a cell."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from rich.segment import Segment
from rich.style import Style

from analyzer.tui.theme import Palette

_BLOCKS = " ▁▂▃▄▅▆▇"
"""From below, by eighths."""


@lru_cache(maxsize=64)
def cells_of(height: int, count: int, top: int, palette: Palette) -> tuple[Segment, ...]:
    """Give the cells from top to bottom; where all *count* rows are in sight they are blank."""
    plain = Style(color=palette.bar, bgcolor=palette.background)
    turned = Style(color=palette.bar, bgcolor=palette.background, reverse=True)
    if count <= height:
        return (Segment(" ", palette.base),) * height
    size = max(1.0, height * height / count)
    start = int((height - size) * top / (count - height) * 8)
    end = start + ceil(size * 8)
    cells = []
    for first in range(0, height * 8, 8):
        above, below = max(first, min(start, first + 8)), max(first, min(end, first + 8))
        if above == below:
            cells.append(Segment(" ", palette.base))
        elif below == first + 8 and above > first:
            cells.append(Segment(_BLOCKS[below - above], plain))
        else:
            cells.append(Segment(_BLOCKS[first + 8 - below], turned))
    return tuple(cells)
