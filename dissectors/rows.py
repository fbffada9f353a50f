"""Arrays whose elements all have one layout, read at once: the load profiles that make up most octets of a capture.

The layout is taken from the first element; that every type tag, count and length stands in all others too is checked
with one strided slice each. Where that fails the array is read element by element like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any, NamedTuple

from dissectors.data_types import CODES, DONT_CARE, NULL, OLD_FLOAT, STRINGS, STRUCTS, STRUCTURE

FEWEST = 4
"""Arrays of fewer elements are not worth it."""
MOST_COLUMNS = 64
_KEPT = 256
_EMPTY = (NULL, DONT_CARE)
_SIZES = {tag: packed.size for tag, packed in STRUCTS.items() if tag != OLD_FLOAT} | dict.fromkeys(_EMPTY, 0)


class Column(NamedTuple):
    """One element of a row: octet offsets in the row, and the number of elements of a structure."""

    tag: int
    start: int
    end: int
    members: int
    has_value: bool


class Layout:
    """The layout of the rows of an array."""

    __slots__ = ("checks", "columns", "made", "size", "unpack")

    def __init__(self, columns: list[Column], octets: bytes) -> None:
        self.columns = columns
        self.size = len(octets)
        self.checks: list[tuple[int, int]] = []
        code = ">"
        for column in columns:
            header = 2 if column.tag == STRUCTURE or column.tag in STRINGS else 1
            self.checks += [(column.start + one, octets[column.start + one]) for one in range(header)]
            code += "x" * header
            code += f"{column.end - column.start - 2}s" if column.tag in STRINGS else CODES.get(column.tag, "")
        self.unpack = Struct(code).iter_unpack
        self.made: dict[Any, Any] = {}
        """What the writers generated for this layout."""

    def fits(self, octets: bytes, at: int, stop: int, count: int) -> bool:
        """Tell whether *count* rows of this layout stand from *at* to *stop*."""
        size = self.size
        return all(octets[at + offset : stop : size].count(octet) == count for offset, octet in self.checks)


class Rows(NamedTuple):
    """The elements of an array that have one layout: where the first begins, where the last ends, how many."""

    layout: Layout
    start: int
    end: int
    number: int

    def values(self, octets: bytes) -> Iterator[tuple[Any, ...]]:
        """Give the values of each row; structures and types without octets have none."""
        return self.layout.unpack(memoryview(octets)[self.start : self.end])


_LAYOUTS: dict[bytes, Layout] = {}


def find_rows(octets: bytes, at: int, end: int, count: int) -> Rows | None:
    """Find *count* elements of one layout at *at*; None where they differ, or something else is in them."""
    key = octets[at : at + 3]
    layout = _LAYOUTS.get(key)
    if layout is not None:
        stop = at + count * layout.size
        if stop <= end and layout.fits(octets, at, stop, count):
            return Rows(layout, at, stop, count)
    layout = _layout(octets, at, end)
    if layout is None:
        return None
    stop = at + count * layout.size
    if stop > end or not layout.fits(octets, at, stop, count):
        return None
    if len(_LAYOUTS) >= _KEPT:
        _LAYOUTS.clear()
    _LAYOUTS[key] = layout
    return Rows(layout, at, stop, count)


def _layout(octets: bytes, at: int, end: int) -> Layout | None:
    """Take the layout of the one element at *at*; None where it is cut, too long or has parts of no fixed size."""
    columns: list[Column] = []
    pending, place = 1, at
    while pending:
        if place + 1 >= end or len(columns) >= MOST_COLUMNS:
            return None
        tag, after = octets[place], place + 1
        count, has_value = 0, True
        if tag in _SIZES:
            after += _SIZES[tag]
            has_value = tag not in _EMPTY
        elif octets[after] < 0x80 and (tag == STRUCTURE or tag in STRINGS):
            count = octets[after] if tag == STRUCTURE else 0
            has_value = tag != STRUCTURE
            after += 1 if tag == STRUCTURE else 1 + octets[after]
        else:
            return None
        columns.append(Column(tag, place - at, after - at, count, has_value))
        pending += count - 1
        place = after
    return Layout(columns, octets[at:place]) if place <= end else None
