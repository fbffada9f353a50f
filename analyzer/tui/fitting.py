"""Texts into the cells they have: nothing is cut without an ellipsis, and what says most goes last."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from analyzer.export.parts import SEPARATOR

_CODE = re.compile(r"\d+-\d+:\d+\.\d+\.\d+\*\d+ (?=\S)")
_DIRECTION = re.compile(r" \([+-]")
_JOINED = re.compile(r"from [\d,]+ records")
_SHORTEST, _HEAD, _VALUE = 6, 4, 24
"""What a part keeps at least, and the first; up to how long the last one is a value, which stays whole."""


def fit(text: str, width: int) -> str:
    """Fill *text* up to *width* cells, or cut it with an ellipsis."""
    if width <= 0:
        return ""
    length = len(text) if text.isascii() else cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    cut = set_cell_size(text, width - 1)
    bare = cut.rstrip(SEPARATOR)
    if bare.endswith("…"):  # a part that was cut before: one ellipsis says both
        return fit(bare, width)
    if not text.startswith(cut):  # half of a wide character had no room
        return cut[:-1] + "… "
    return cut + "…"


def fit_right(text: str, width: int) -> str:
    """Put *text* at the right end of *width* cells, or cut it with an ellipsis."""
    length = len(text) if text.isascii() else cell_len(text)
    return " " * (width - length) + text if length <= width else fit(text, width)


def fit_ends(text: str, width: int, behind: str = ", ") -> str:
    """Fit a name whose last parts, *behind* commas or blanks, tell it from others: ``Load pro…, column 2``.

    So does the direction of a quantity before them: ``Activ… (+A), tariff 1``.
    """
    if cell_len(text) <= width:
        return fit(text, width)
    least = 1 if behind.isspace() else _SHORTEST  # of a place its end alone says more than its beginning
    for at in _ends(text, behind):
        kept = cell_len(text[at:])
        if kept + least <= width:
            return fit(fit(text[:at], width - kept).rstrip() + text[at:], width)
    return fit(text, width)


def _ends(text: str, behind: str) -> list[int]:
    """Say where what tells a name from others may begin, the longest first."""
    last = text.rfind(behind)
    if behind.isspace() or last < 0:
        return [last] if last >= 0 else []
    if _CODE.match(text):  # which says the same, and more
        return [last]
    found = _DIRECTION.search(text, 0, text.index(behind))
    commas = [at for at in range(len(text)) if text.startswith(behind, at)]
    return [found.start(), *commas] if found is not None else commas


@lru_cache(maxsize=16384)
def fit_summary(text: str, width: int) -> str:
    """Fit what a record is: the OBIS code goes first where its name says the same, then the longest part shrinks.

    Of how many records it was joined goes with the code. A short value behind them stays whole as long as it can.
    """
    if cell_len(text) <= width:
        return fit(text, width)
    parts = [_CODE.sub("", part) if index else part for index, part in enumerate(text.split(SEPARATOR))]
    if len(parts) > 2 and _JOINED.fullmatch(parts[-1]):  # the tree says so too
        parts.pop()
    between, last = len(SEPARATOR) * (len(parts) - 1), cell_len(parts[-1])
    excess = sum(map(cell_len, parts)) + between - width
    least = _HEAD + _SHORTEST * (len(parts) - 2) + between + last
    is_value = len(parts) > 2 and last <= _VALUE and least <= width
    while excess > 0 and len(parts) > 1:
        lengths = {index: cell_len(part) for index, part in enumerate(parts) if index}
        if is_value:
            del lengths[len(parts) - 1]
        longest = max(lengths, key=lambda index: lengths[index])
        length = lengths.pop(longest)
        floor = max(_SHORTEST, *(one - 1 for one in lengths.values())) if lengths else _SHORTEST
        keep = max(floor, length - excess)
        if length <= _SHORTEST:
            break
        parts[longest] = fit(parts[longest], keep).rstrip()
        excess -= length - cell_len(parts[longest])
    if excess > 0 and is_value:  # a service is known by its first letters
        parts[0] = fit(parts[0], max(_HEAD, cell_len(parts[0]) - excess)).rstrip()
    return fit(SEPARATOR.join(parts), width)


def count_text(count: int) -> str:
    """Write how many there are for a table, where none is left out."""
    return f"{count:,}" if count else ""


def printable(text: str) -> str:
    """Write a text in one line that moves no cursor: a meter's string must not command a terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
