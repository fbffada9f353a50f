"""A-XDR octets to values: lengths, and Data as one flat list of elements, read without recursion.

Every engine calls the scanners of this module; nothing else reads Data.
Source: IEC 62056-6-2 (Data), IEC 61334-6 (A-XDR).
"""

from __future__ import annotations

from itertools import repeat
from typing import Any

from dissectors.data_types import (
    ARRAY,
    BIT_STRING,
    BOOLEAN,
    COMPACT_ARRAY,
    DESCRIPTOR,
    DONT_CARE,
    NAMES,
    NULL,
    OCTET_STRING,
    STRUCTS,
    STRUCTURE,
    TAGS,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dissectors.elements import (
    COMPACT,
    CONTAINER,
    MAX_DEPTH,
    SHAPE,
    STRING,
    UNPACK,
    Compact,
    Element,
    ElementsProblem,
    length_octets,
    scan_length,
    scan_string,
)
from dissectors.rows import FEWEST, MOST_COLUMNS, Rows, find_rows
from dissectors.tree import Problem, Truncated

ROWS = -2
"""Pseudo type: an array as :class:`dissectors.rows.Rows`, of which *end* is the end of the header."""
_DEEPEST_ROWS = MAX_DEPTH - MOST_COLUMNS
_NEW = tuple.__new__


def scan_data(octets: bytes, at: int, end: int, *, is_folded: bool = False) -> tuple[list[Element], int]:
    """Read one Data at *at* into its elements. Returns them and the next octet; raises Problem inside the engines.

    With *is_folded* an array of rows of one layout is one element of type ``ROWS``.
    """
    if at + 1 < end:  # nearly every value outside a profile is one scalar
        tag = octets[at]
        shape = SHAPE[tag]
        after = at + 1 + shape
        if shape > 0 and after <= end:
            return [_NEW(Element, (tag, at, after, UNPACK[tag](octets, at + 1)[0]))], after  # type: ignore[misc]
        if shape == STRING:
            after = at + 2 + octets[at + 1]
            if octets[at + 1] < 0x80 and after <= end:
                return [_NEW(Element, (tag, at, after, octets[at + 2 : after]))], after
    return _scan_elements(octets, at, end, is_folded)


def _scan_elements(octets: bytes, at: int, end: int, is_folded: bool) -> tuple[list[Element], int]:
    elements: list[Element] = []
    append = elements.append
    left: list[int] = []
    rest = 1
    try:
        while True:
            if at >= end:
                raise Truncated(at, 1, 0)
            tag = octets[at]
            shape = SHAPE[tag]
            if shape >= 0:
                after = at + 1 + shape
                if after > end:
                    raise Truncated(at, 1 + shape, end - at)
                append(_NEW(Element, (tag, at, after, UNPACK[tag](octets, at + 1)[0] if shape else None)))  # type: ignore[misc]
            elif shape == CONTAINER:
                value, after = scan_length(octets, at + 1, end)
                rows = find_rows(octets, after, end, value) if tag == ARRAY and FEWEST <= value <= end else None
                if rows is not None and len(left) < _DEEPEST_ROWS:
                    if is_folded:
                        append(_NEW(Element, (ROWS, at, after, rows)))
                    else:
                        append(_NEW(Element, (tag, at, after, value)))
                        elements += row_elements(rows, octets)
                    after = rows.end
                else:
                    append(_NEW(Element, (tag, at, after, value)))
                    if value:
                        if len(left) >= MAX_DEPTH:
                            raise Problem(at, f"nested deeper than {MAX_DEPTH}")
                        left.append(rest)
                        rest = value
                        at = after
                        continue
            elif shape == STRING and at + 1 < end and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
                after = at + 2 + size
                append(_NEW(Element, (tag, at, after, octets[at + 2 : after])))
            else:
                value, after = _scan_variable(octets, at, end, shape)
                append(_NEW(Element, (tag, at, after, value)))
            at = after
            rest -= 1
            while not rest:
                if not left:
                    return elements, at
                rest = left.pop() - 1
    except Problem as problem:
        raise ElementsProblem(problem, elements) from None


def row_elements(rows: Rows, octets: bytes) -> list[Element]:
    """Give the elements of all rows, column by column put in their places."""
    layout, start, _, count = rows
    size, width = layout.size, len(layout.columns)
    length = count * size
    elements: list[Any] = [None] * (count * width)
    values = iter(zip(*rows.values(octets), strict=True))
    for number, column in enumerate(layout.columns):
        inside: Any = next(values) if column.has_value else repeat(column.members if column.tag == STRUCTURE else None)
        begin, stop = start + column.start, start + column.end
        places = zip(repeat(column.tag), range(begin, begin + length, size), range(stop, stop + length, size), inside)
        elements[number::width] = map(_NEW, repeat(Element), places)
    return elements


def scan_scalar(octets: bytes, at: int, end: int) -> tuple[int, Any]:
    """Read the one element of a Data that is no array, structure or compact-array: its type tag and value."""
    tag = octets[at]
    unpack = UNPACK[tag]
    if unpack is not None:
        if at + 1 + SHAPE[tag] <= end:
            return tag, unpack(octets, at + 1)[0]
    elif SHAPE[tag] == STRING and at + 1 < end and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
        return tag, octets[at + 2 : at + 2 + size]
    element = scan_data(octets, at, end)[0][0]
    return element[0], element[3]


def skip_data(octets: bytes, at: int, end: int) -> int:
    """Pass over one Data at *at*: the checks of :func:`scan_data` without its values. Returns the next octet."""
    if at + 1 < end:  # nearly every value outside a profile is one scalar
        shape = SHAPE[octets[at]]
        if shape >= 0:
            if at + shape < end:
                return at + 1 + shape
        elif shape == STRING and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
            return at + 2 + size
    left: list[int] = []
    rest = 1
    try:
        while True:
            tag = octets[at]
            shape = SHAPE[tag]
            if shape >= 0:
                at += 1 + shape
            elif shape == STRING and octets[at + 1] < 0x80:
                at += 2 + octets[at + 1]
            elif shape == CONTAINER:
                count, after = scan_length(octets, at + 1, end)
                rows = find_rows(octets, after, end, count) if tag == ARRAY and FEWEST <= count <= end else None
                if rows is not None and len(left) < _DEEPEST_ROWS:
                    at = rows.end
                else:
                    if count:
                        if len(left) >= MAX_DEPTH:
                            raise Problem(at, f"nested deeper than {MAX_DEPTH}")
                        left.append(rest)
                        rest = count
                        at = after
                        continue
                    at = after
            elif shape == COMPACT:
                from dissectors.compact_arrays import skip_compact

                at = skip_compact(octets, at, end)
            else:
                _, at = _scan_variable(octets, at, end, shape)
            if at > end:
                break
            rest -= 1
            while not rest:
                if not left:
                    return at
                rest = left.pop() - 1
    except IndexError:
        at = end + 1
    raise Truncated(at, 1, 0)


def _scan_variable(octets: bytes, at: int, end: int, shape: int) -> tuple[Any, int]:
    """Read what a type of no fixed size carries; *at* is its type tag."""
    if shape != COMPACT:
        return scan_string(octets, at, end, shape)
    from dissectors.compact_arrays import scan_compact  # with the first: most captures have none

    return scan_compact(octets, at, end)


def scan_untagged_descriptors(octets: bytes, at: int, end: int) -> tuple[list[Element], int]:
    """Read a push whose structures of two begin with a bare attribute descriptor of nine octets.

    # field: Czech EG.D / Sagemcom XT211 pushes (corpus push_other); tried where the regular reading fails.
    """
    elements: list[Element] = []
    after = _scan_untagged(octets, at, end, elements, 0)
    if not any(element.tag == DESCRIPTOR for element in elements):
        raise Problem(at, "no untagged descriptor")
    return elements, after


def _scan_untagged(octets: bytes, at: int, end: int, elements: list[Element], depth: int) -> int:
    if at >= end:
        raise Truncated(at, 1, 0)
    tag = octets[at]
    if tag not in (ARRAY, STRUCTURE):
        more, after = scan_data(octets, at, end)
        elements.extend(more)
        return after
    if depth >= MAX_DEPTH:
        raise Problem(at, f"nested deeper than {MAX_DEPTH}")
    count, after = scan_length(octets, at + 1, end)
    elements.append(Element(tag, at, after, count))
    if tag == STRUCTURE and count == 2 and after + 9 < end and octets[after] == 0:
        value = (octets[after : after + 2], octets[after + 2 : after + 8], octets[after + 8 : after + 9])
        elements.append(Element(DESCRIPTOR, after, after + 9, value))
        after += 9
        count -= 1
    for _ in range(count):
        after = _scan_untagged(octets, after, end, elements, depth + 1)
    return after


__all__ = [
    "ARRAY", "BIT_STRING", "BOOLEAN", "COMPACT_ARRAY", "DESCRIPTOR", "DONT_CARE", "MAX_DEPTH", "NAMES", "NULL",
    "OCTET_STRING", "ROWS", "STRUCTS", "STRUCTURE", "TAGS", "UTF8_STRING", "VISIBLE_STRING", "Compact", "Element",
    "ElementsProblem", "length_octets", "row_elements", "scan_data", "scan_length", "scan_scalar",
    "scan_untagged_descriptors", "skip_data",
]  # fmt: skip
