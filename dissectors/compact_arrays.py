"""Compact arrays: one description of a type, and values of that type without tags.

Source: IEC 62056-6-2 (compact-array, TypeDescription).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

from dissectors.data_types import ARRAY, NAMES, STRUCTURE, TAGS
from dissectors.elements import COMPACT, MAX_DEPTH, SHAPE, UNKNOWN, UNPACK, Compact, Element, scan_length, scan_string
from dissectors.tree import Problem, Truncated

SPARE_ELEMENTS = 64
"""So many elements more than its octets allow may a compact-array have: those of one small value."""


def scan_compact(octets: bytes, at: int, end: int) -> tuple[Compact, int]:
    """Read a compact-array at *at*, its type tag. Returns it and the next octet."""
    description, described, start, after = _compact_parts(octets, at, end)
    elements: list[Element] = []
    _scan_values(octets, start, after, description, elements)
    return Compact(description, described, start, elements), after


def skip_compact(octets: bytes, at: int, end: int) -> int:
    """Pass over a compact-array."""
    description, _, start, after = _compact_parts(octets, at, end)
    _scan_values(octets, start, after, description, None)
    return after


def _compact_parts(octets: bytes, at: int, end: int) -> tuple[Any, int, int, int]:
    """Read the description of a compact-array. Returns it, the octet after it, and where the contents begin and end."""
    description, described = _scan_description(octets, at + 1, end, 0)
    size, start = scan_length(octets, described, end)
    if start + size > end:
        raise Truncated(at, start + size - at, end - at)
    return description, described, start, start + size


def _scan_values(octets: bytes, at: int, end: int, description: Any, elements: list[Element] | None) -> None:
    """Read all values of a compact-array into *elements*, or pass over them; those of fixed size are only counted.

    Null-data and empty arrays take no octets: a few octets could describe millions of elements. A structure of one
    octet is two elements, so twice as many as there are octets may be.
    """
    if at >= end:
        return
    size = end - at
    most = 2 * size + SPARE_ELEMENTS
    width, fixed = _measure(description)
    if fixed == 0:
        raise Problem(at, "the type description takes no octets")
    number = -(-size // fixed) * width if fixed else 0
    if number <= most and fixed and elements is None and size % fixed == 0:
        return
    if elements is not None and not fixed:
        _scan_values(octets, at, end, description, None)  # refuse before anything is built
    while at < end:
        number += 0 if fixed else width
        if number > most:
            raise Problem(at, f"more than two elements for each of the {size} octets of contents")
        at = _scan_described(octets, at, end, description, elements)


def _measure(description: Any) -> tuple[int, int | None]:
    """Tell how many elements a value of this *description* has, and its size in octets: None where not fixed."""
    if not isinstance(description, dict):
        shape = SHAPE[TAGS[description]]
        return 1, shape if shape >= 0 else None
    if "array" in description:
        array = description["array"]
        times = array["number-of-elements"]
        number, size = _measure(array["type-description"])
        return 1 + times * number, 0 if times == 0 else None if size is None else times * size
    members = [_measure(member) for member in description["structure"]]
    sizes = [size for _, size in members if size is not None]
    return 1 + sum(number for number, _ in members), sum(sizes) if len(sizes) == len(members) else None


def _scan_description(octets: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    """Read a TypeDescription into its JSON form: a name, ``{"structure": […]}`` or ``{"array": {…}}``."""
    if at >= end:
        raise Truncated(at, 1, 0)
    if depth > MAX_DEPTH:
        raise Problem(at, f"nested deeper than {MAX_DEPTH}")
    tag = octets[at]
    if tag == ARRAY:
        if at + 3 > end:
            raise Truncated(at, 3, end - at)
        inner, after = _scan_description(octets, at + 3, end, depth + 1)
        number = int.from_bytes(octets[at + 1 : at + 3], "big")
        return {"array": {"number-of-elements": number, "type-description": inner}}, after
    if tag == STRUCTURE:
        count, after = scan_length(octets, at + 1, end)
        members = []
        for _ in range(count):
            member, after = _scan_description(octets, after, end, depth + 1)
            members.append(member)
        return {"structure": members}, after
    if SHAPE[tag] in (UNKNOWN, COMPACT):
        raise Problem(at, f"{tag:02X} is no type of a compact-array")
    return NAMES[tag], at + 1


def _scan_described(octets: bytes, at: int, end: int, description: Any, elements: list[Element] | None) -> int:
    """Read one untagged value of a compact-array by its *description* into *elements*. Returns the next octet."""
    if isinstance(description, dict):
        members: Iterable[Any]
        if "structure" in description:
            members, head = description["structure"], Element(STRUCTURE, at, at, len(description["structure"]))
        else:
            array = description["array"]
            members = repeat(array["type-description"], array["number-of-elements"])
            head = Element(ARRAY, at, at, array["number-of-elements"])
        if elements is not None:
            elements.append(head)
        for member in members:
            at = _scan_described(octets, at, end, member, elements)
        return at
    tag = TAGS[description]
    shape = SHAPE[tag]
    if shape >= 0:
        after = at + shape
        if after > end:
            raise Truncated(at, shape, end - at)
        value = UNPACK[tag](octets, at)[0] if shape else None  # type: ignore[misc]
    else:
        value, after = scan_string(octets, at - 1, end, shape)
    if elements is not None:
        elements.append(Element(tag, at, after, value))
    return after
