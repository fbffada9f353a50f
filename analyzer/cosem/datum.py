"""Data in octets to a tree of plain values: what the meaning of an attribute is worked out on.

Source: IEC 62056-6-2 (Data). Reading itself is that of :mod:`dissectors.axdr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from dissectors import axdr
from dissectors.axdr import ARRAY, COMPACT_ARRAY, STRUCTURE, Element
from dissectors.tree import Problem

FLOATS = frozenset((7, 23, 24))
INTEGERS = frozenset(axdr.STRUCTS) - FLOATS - {axdr.BOOLEAN, 25, 26, 27}
"""Tags whose value is a whole number."""
NUMBERS = INTEGERS | FLOATS
"""Tags whose value a scaler applies to."""
SCALERS = range(-128, 128)
"""What a scaler may be: it is an integer of one octet."""
_CONTAINERS = frozenset((ARRAY, STRUCTURE, COMPACT_ARRAY))
STRINGS = frozenset((axdr.OCTET_STRING, axdr.VISIBLE_STRING, axdr.UTF8_STRING))


class Datum(NamedTuple):
    """One Data: its type tag, and its value; for arrays, structures and compact-arrays a list of Datum."""

    tag: int
    value: Any

    @property
    def type_name(self) -> str:
        """The name of the type as the standard spells it."""
        return axdr.NAMES.get(self.tag, f"type {self.tag}")

    @property
    def members(self) -> list[Datum]:
        """What is in an array or structure; nothing in a scalar."""
        return self.value if isinstance(self.value, list) else []

    @property
    def number(self) -> int | None:
        """The value of an integer; None of anything else."""
        return self.value if self.tag in INTEGERS else None


def read_datum(octets: bytes, start: int, end: int, *, is_lenient: bool = False) -> Datum:
    """Read one Data from *start* on; *is_lenient* takes bare descriptors in a push for what they are.

    Raises: Problem where it does not read.
    """
    try:
        elements, _ = axdr.scan_data(octets, start, end)
    except Problem:
        if not is_lenient:
            raise
        elements, _ = axdr.scan_untagged_descriptors(octets, start, end)
    return datum_of(elements)


def datum_of(elements: list[Element]) -> Datum:
    """Make the tree out of the flat elements of one Data."""
    if len(elements) == 1 and elements[0].tag not in _CONTAINERS:
        return Datum(elements[0].tag, elements[0].value)
    return _take(iter(elements))


def _take(elements: Iterator[Element]) -> Datum:
    """Take one Data off *elements*; without recursion, for Data may be nested deep."""
    unfilled: list[tuple[Datum, int]] = []
    while True:
        tag, _, _, value = next(elements)
        if tag in (ARRAY, STRUCTURE):
            made = Datum(tag, [])
        else:
            made = Datum(ARRAY, _contents(value.elements)) if tag == COMPACT_ARRAY else Datum(tag, value)
        if unfilled:
            unfilled[-1][0].value.append(made)
        if tag in (ARRAY, STRUCTURE) and value:
            unfilled.append((made, value))
            continue
        while unfilled and len(unfilled[-1][0].value) == unfilled[-1][1]:
            made, _ = unfilled.pop()
        if not unfilled:
            return made


def _contents(elements: list[Element]) -> list[Datum]:
    """Give the values of a compact-array, as many as its elements make."""
    counted = _Counted(elements)
    found = []
    while counted.taken < len(elements):
        found.append(_take(counted))
    return found


class _Counted(Iterator[Element]):
    """Elements one by one, and how many were taken."""

    def __init__(self, elements: list[Element]) -> None:
        self.elements = elements
        self.taken = 0

    def __next__(self) -> Element:
        self.taken += 1
        return self.elements[self.taken - 1]
