"""Keeps the text around the Data that ends an APDU: the octets before it, its type and its place tell all of that text.

So a value that was never seen costs its own text alone, and that of the APDU around it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

from dissectors.axdr import skip_data
from dissectors.data_text import Around, Form

MOST_KEPT = 1024
_TRIES = 16
_MARK = "\0"
"""Stands for the Data in a text; where another is in it, nothing is kept."""
_Key = tuple[bytes, int, int, str]


class _Data(NamedTuple):
    """Where the one Data of an APDU stands, and the line prefix that it got."""

    at: int
    end: int
    prefix: str


def around_data(write: Callable[..., str], form: Form) -> Callable[..., str]:
    """Give a writer that does what the generated one, *write*, does, and keeps what stands around the Data.

    Before the Data nothing may look at more of it than its type.
    """
    kept: dict[_Key, Around] = {}
    tried: dict[_Key, bool] = {}
    """What was seen once, and with true what was looked at."""
    found: list[_Data] = []
    size, left = 0, _TRIES
    """The octets before the Data, and how many times more they are sought."""

    def marked(octets: bytes, at: int, end: int, prefix: str = "") -> tuple[str, int]:
        found.append(_Data(at, skip_data(octets, at, end), prefix))
        return _MARK, found[-1].end

    scope = {**write.__globals__, "DATA": marked}
    write_marked = FunctionType(write.__code__, scope, argdefs=write.__defaults__)

    def look(octets: bytes, at: int, end: int, prefix: str) -> str:
        """Write the APDU with a mark for its Data; empty where it has none, several, or more behind."""
        found.clear()
        text: str = write_marked(octets, at, end, prefix)
        return text if len(found) == 1 and found[0].end == end and text.count(_MARK) == 1 else ""

    def learn(key: _Key, octets: bytes) -> None:
        """Keep what stands around the Data, once it comes again."""
        nonlocal size
        if len(tried) >= MOST_KEPT:
            tried.clear()
            kept.clear()
        if key in tried and not tried[key] and (text := look(octets, *key[1:])):
            data = found[0]
            if data.at - key[1] == size:
                before, _, after = text.partition(_MARK)
                first, value, last = form.around(octets, *data)
                kept[key] = before + first, value, last + after
            size = data.at - key[1]
        tried[key] = key in tried

    def around(octets: bytes, at: int, end: int, prefix: str, inside: Any = None) -> str:
        nonlocal size, left
        place = at + size
        key = octets[at : place + 1], at, end, prefix
        known = kept.get(key)
        if known is not None:
            before, value, after = known
            return f"{before}{value(octets, place, end)}{after}"
        text = write(octets, at, end, prefix, inside)
        if size:
            learn(key, octets)
        elif left:
            left -= 1
            if look(octets, at, end, prefix):
                size = found[0].at - at
        return text

    return around
