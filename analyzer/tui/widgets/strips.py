"""Lines as few pieces that say to the terminal no more than what changes from one to the next."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_END = "\x1b[0m"


class TerseStrip(Strip):
    """A strip in which neighbours share what they have in common: over a slow link each octet is waited for."""

    __slots__ = ["_said"]

    def __init__(self, segments: Iterable[Segment], cell_length: int | None = None) -> None:
        super().__init__(segments, cell_length)
        self._said: str | None = None

    def render(self, console: Console) -> str:
        """Write the line for a terminal, with a colour only where it is another."""
        if self._said is None:
            system = COLOR_SYSTEMS[console.color_system or "truecolor"]
            said, before = [], None
            for text, style, _ in self:
                style = style or _NONE
                said.append(_turn(before, style, system) + text)
                before = style
            self._said = "".join(said) + _END if said else ""
        return self._said

    def crop(self, start: int, end: int | None = None) -> Strip:
        """Give a part of the line."""
        part = super().crop(start, end)
        return part if isinstance(part, TerseStrip) else TerseStrip(part, part.cell_length)


_NONE = Style.null()


@lru_cache(maxsize=4096)
def _turn(before: Style | None, style: Style, system: ColorSystem) -> str:
    """Say how to go on in *style* where *before* was written in."""
    if before is None or before.without_color != style.without_color or _loses(before, style):
        codes = Strip.render_ansi(style, system)
        return f"\x1b[{codes}m" if before is None and codes else f"\x1b[0;{codes}m" if codes else _END if before else ""
    changed = [
        code
        for is_front, old, new in ((True, before.color, style.color), (False, before.bgcolor, style.bgcolor))
        if new is not None and new != old
        for code in _codes(new, system, is_front)
    ]
    return f"\x1b[{';'.join(changed)}m" if changed else ""


def _loses(before: Style, style: Style) -> bool:
    """Tell whether a colour goes away and none takes its place."""
    return (style.color is None and before.color is not None) or (style.bgcolor is None and before.bgcolor is not None)


def _codes(color: Color, system: ColorSystem, is_front: bool) -> tuple[str, ...]:
    return color.downgrade(system).get_ansi_codes(foreground=is_front)


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """Join neighbours that look alike; blanks are like any neighbour on the same ground."""
    found: list[Segment] = []
    text, style = "", _NONE
    for one in segments:
        new = one.style or _NONE
        if not one.text:
            continue
        if text and (new is style or new == style or (one.text.isspace() and _is_same_ground(style, new))):
            text += one.text
            continue
        if text.isspace() and _is_same_ground(style, new):
            text, style = text + one.text, new
            continue
        if text:
            found.append(Segment(text, style))
        text, style = one.text, new
    if text:
        found.append(Segment(text, style))
    return found


@lru_cache(maxsize=4096)
def _is_same_ground(one: Style, other: Style) -> bool:
    """Tell whether a blank looks the same in both."""
    return one.bgcolor == other.bgcolor and not (_marks_blanks(one) or _marks_blanks(other))


def _marks_blanks(style: Style) -> bool:
    return bool(style.reverse or style.underline or style.underline2 or style.strike or style.overline)


def changed_cells(before: Strip | None, after: Strip) -> int:
    """Tell up to which cell two lines differ: what follows need not be written; 0 where nothing differs."""
    if before is None or before.cell_length != after.cell_length:
        return after.cell_length
    old, new = list(before), list(after)
    cells = after.cell_length
    while old and new and (old[-1] is new[-1] or old[-1] == new[-1]):
        cells -= cell_len(new.pop().text)
        old.pop()
    return cells if old or new else 0
