"""What Data is read into, elements, and how the octets of each type are found: sizes, lengths, strings.

Source: IEC 62056-6-2 (Data), IEC 61334-6 (A-XDR).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dissectors.data_types import (
    ARRAY,
    BIT_STRING,
    COMPACT_ARRAY,
    DONT_CARE,
    NULL,
    OCTET_STRING,
    STRUCTS,
    STRUCTURE,
    UTF8_STRING,
    VISIBLE_STRING,
)
from dissectors.tree import Problem, Truncated

MAX_DEPTH = 100
"""Arrays and structures nested deeper than this are refused: no meter comes near, recursion elsewhere stays safe."""

# What follows a type tag: a size in octets, or one of the shapes below.
STRING, CONTAINER, BITS, COMPACT, UNKNOWN = -1, -2, -3, -4, -5
SHAPE: list[int] = [UNKNOWN] * 256
UNPACK: list[Callable[..., tuple[Any, ...]] | None] = [None] * 256
for _tag, _struct in STRUCTS.items():
    SHAPE[_tag] = _struct.size
    UNPACK[_tag] = _struct.unpack_from
SHAPE[NULL] = SHAPE[DONT_CARE] = 0
SHAPE[OCTET_STRING] = SHAPE[VISIBLE_STRING] = SHAPE[UTF8_STRING] = STRING
SHAPE[ARRAY] = SHAPE[STRUCTURE] = CONTAINER
SHAPE[BIT_STRING], SHAPE[COMPACT_ARRAY] = BITS, COMPACT


class Element(NamedTuple):
    """One element of Data in the order of the octets; *start* and *end* are octet offsets, type tag included.

    For an array or structure *value* is the number of elements that follow and *end* the end of its header.
    """

    tag: int
    start: int
    end: int
    value: Any


class Compact(NamedTuple):
    """The value of a compact-array: its description, the octet after that, and the contents' elements."""

    description: Any
    description_end: int
    contents_start: int
    elements: list[Element]


class ElementsProblem(Problem):
    """Data broke off; *elements* are those read before."""

    def __init__(self, problem: Problem, elements: list[Element]) -> None:
        super().__init__(problem.at, problem.reason, is_short=problem.is_short)
        self.elements = elements


def scan_length(octets: bytes, at: int, end: int) -> tuple[int, int]:
    """Read an A-XDR length or count at *at*; non-minimal forms are accepted. Returns the number and the next octet."""
    if at >= end:
        raise Truncated(at, 1, 0)
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if size == 0 or size > 8:
        raise Problem(at, f"{first:02X} is no length")
    after = at + 1 + size
    if after > end:
        raise Truncated(at, 1 + size, end - at)
    return int.from_bytes(octets[at + 1 : after], "big"), after


def length_octets(number: int) -> bytes:
    """Build the minimal A-XDR length."""
    if number < 0x80:
        return bytes((number,))
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(body),)) + body


def scan_string(octets: bytes, at: int, end: int, shape: int) -> tuple[bytes | str, int]:
    """Read the octets or the bits of a string; *at* is its type tag. Of any other *shape* says that it is no type."""
    if shape == STRING:
        size, start = scan_length(octets, at + 1, end)
        after = start + size
        if after > end:
            raise Truncated(at, after - at, end - at)
        return octets[start:after], after
    if shape == BITS:
        bits, start = scan_length(octets, at + 1, end)
        after = start + (bits + 7) // 8
        if after > end:
            raise Truncated(at, after - at, end - at)
        return _bit_text(octets[start:after], bits), after
    raise Problem(at, f"{octets[at]:02X} is no Data type")


def _bit_text(octets: bytes, bits: int) -> str:
    return "".join(f"{octet:08b}" for octet in octets)[:bits]
