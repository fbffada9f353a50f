"""A-XDR octets to values: lengths, and Data as one flat list of elements, read without recursion.

Every engine calls the scanners of this module; nothing else reads Data.
Source: IEC 62056-6-2 (Data), IEC 61334-6 (A-XDR).
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple

from dissectors.tree import Problem, Truncated

MAX_DEPTH = 100
"""Arrays and structures nested deeper than this are refused: no meter comes near, recursion elsewhere stays safe."""

NULL, ARRAY, STRUCTURE, BIT_STRING, COMPACT_ARRAY, DONT_CARE = 0, 1, 2, 4, 19, 255
OCTET_STRING, VISIBLE_STRING, UTF8_STRING, BOOLEAN = 9, 10, 12, 3
DESCRIPTOR = -1
"""Pseudo type: a cosem-attribute-descriptor that stands without a type tag (quirk ``untagged-descriptors``)."""

NAMES: dict[int, str] = {
    0: "null-data", 1: "array", 2: "structure", 3: "boolean", 4: "bit-string", 5: "double-long",
    6: "double-long-unsigned", 7: "float32", 9: "octet-string", 10: "visible-string", 12: "utf8-string", 13: "bcd",
    15: "integer", 16: "long", 17: "unsigned", 18: "long-unsigned", 19: "compact-array", 20: "long64",
    21: "long64-unsigned", 22: "enum", 23: "float32", 24: "float64", 25: "date-time", 26: "date", 27: "time",
    28: "delta-integer", 29: "delta-long", 30: "delta-double-long", 31: "delta-unsigned", 32: "delta-long-unsigned",
    33: "delta-double-long-unsigned", 255: "dont-care", DESCRIPTOR: "cosem-attribute-descriptor",
}  # fmt: skip
TAGS: dict[str, int] = {name: tag for tag, name in reversed(NAMES.items())}
TAGS["float32"] = 23

_CODES = {
    3: "?", 5: "i", 6: "I", 7: "f", 13: "b", 15: "b", 16: "h", 17: "B", 18: "H", 20: "q", 21: "Q", 22: "B", 23: "f",
    24: "d", 25: "12s", 26: "5s", 27: "4s", 28: "b", 29: "h", 30: "i", 31: "B", 32: "H", 33: "I",
}  # fmt: skip
STRUCTS: dict[int, Struct] = {tag: Struct(">" + code) for tag, code in _CODES.items()}

# What follows a type tag: a size in octets, or one of the shapes below.
_STRING, _CONTAINER, _BITS, _COMPACT, _UNKNOWN = -1, -2, -3, -4, -5
_SHAPE: list[int] = [_UNKNOWN] * 256
_UNPACK: list[Callable[..., tuple[Any, ...]] | None] = [None] * 256
for _tag, _struct in STRUCTS.items():
    _SHAPE[_tag] = _struct.size
    _UNPACK[_tag] = _struct.unpack_from
_SHAPE[NULL] = _SHAPE[DONT_CARE] = 0
_SHAPE[OCTET_STRING] = _SHAPE[VISIBLE_STRING] = _SHAPE[UTF8_STRING] = _STRING
_SHAPE[ARRAY] = _SHAPE[STRUCTURE] = _CONTAINER
_SHAPE[BIT_STRING], _SHAPE[COMPACT_ARRAY] = _BITS, _COMPACT


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


def scan_data(octets: bytes, at: int, end: int) -> tuple[list[Element], int]:
    """Read one Data at *at* into its elements. Returns them and the next octet; raises Problem inside the engines."""
    elements: list[Element] = []
    new = tuple.__new__
    left: list[int] = []
    try:
        while True:
            if at >= end:
                raise Truncated(at, 1, 0)
            tag = octets[at]
            shape = _SHAPE[tag]
            if shape >= 0:
                after = at + 1 + shape
                if after > end:
                    raise Truncated(at, 1 + shape, end - at)
                value = _UNPACK[tag](octets, at + 1)[0] if shape else None  # type: ignore[misc]
                elements.append(new(Element, (tag, at, after, value)))
            elif shape == _CONTAINER:
                value, after = scan_length(octets, at + 1, end)
                elements.append(new(Element, (tag, at, after, value)))
                if value:
                    if len(left) >= MAX_DEPTH:
                        raise Problem(at, f"nested deeper than {MAX_DEPTH}")
                    left.append(value)
                    at = after
                    continue
            else:
                value, after = _scan_variable(octets, at, end, shape)
                elements.append(new(Element, (tag, at, after, value)))
            at = after
            while left:
                if left[-1] > 1:
                    left[-1] -= 1
                    break
                left.pop()
            else:
                return elements, at
    except Problem as problem:
        raise ElementsProblem(problem, elements) from None


def skip_data(octets: bytes, at: int, end: int) -> int:
    """Pass over one Data at *at*: the checks of :func:`scan_data` without its values. Returns the next octet."""
    if at < end and (shape := _SHAPE[octets[at]]) >= 0 and at + shape < end:
        return at + 1 + shape  # nearly every value outside a profile is one scalar
    pending = [1]
    try:
        while pending:
            tag = octets[at]
            shape = _SHAPE[tag]
            if shape >= 0:
                at += 1 + shape
            elif shape == _STRING and octets[at + 1] < 0x80:
                at += 2 + octets[at + 1]
            elif shape == _CONTAINER:
                count, at = scan_length(octets, at + 1, end)
                if count:
                    if len(pending) > MAX_DEPTH:
                        raise Problem(at, f"nested deeper than {MAX_DEPTH}")
                    pending.append(count)
                    continue
            else:
                _, at = _scan_variable(octets, at, end, shape)
            if at > end:
                break
            while pending:
                if pending[-1] > 1:
                    pending[-1] -= 1
                    break
                pending.pop()
    except IndexError:
        at = end + 1
    if at > end:
        raise Truncated(at, 1, 0)
    return at


def _scan_variable(octets: bytes, at: int, end: int, shape: int) -> tuple[Any, int]:
    """Read what a type of no fixed size carries; *at* is its type tag."""
    if shape == _STRING:
        size, start = scan_length(octets, at + 1, end)
        after = start + size
        if after > end:
            raise Truncated(at, after - at, end - at)
        return octets[start:after], after
    if shape == _BITS:
        bits, start = scan_length(octets, at + 1, end)
        after = start + (bits + 7) // 8
        if after > end:
            raise Truncated(at, after - at, end - at)
        return _bit_text(octets[start:after], bits), after
    if shape == _COMPACT:
        return _scan_compact(octets, at, end)
    raise Problem(at, f"{octets[at]:02X} is no Data type")


def _bit_text(octets: bytes, bits: int) -> str:
    return "".join(f"{octet:08b}" for octet in octets)[:bits]


def _scan_compact(octets: bytes, at: int, end: int) -> tuple[Compact, int]:
    description, described = _scan_description(octets, at + 1, end, 0)
    size, start = scan_length(octets, described, end)
    after = start + size
    if after > end:
        raise Truncated(at, after - at, end - at)
    elements: list[Element] = []
    position = start
    while position < after:
        before = position
        position = _scan_described(octets, position, after, description, elements)
        if position == before or len(elements) > 16 * size:
            raise Problem(before, "the type description takes no octets")
    return Compact(description, described, start, elements), after


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
    if _SHAPE[tag] in (_UNKNOWN, _COMPACT):
        raise Problem(at, f"{tag:02X} is no type of a compact-array")
    return NAMES[tag], at + 1


def _scan_described(octets: bytes, at: int, end: int, description: Any, elements: list[Element]) -> int:
    """Read one untagged value of a compact-array by its *description* into *elements*. Returns the next octet."""
    if isinstance(description, dict):
        if "structure" in description:
            members = description["structure"]
            elements.append(Element(STRUCTURE, at, at, len(members)))
        else:
            array = description["array"]
            members = [array["type-description"]] * array["number-of-elements"]
            elements.append(Element(ARRAY, at, at, len(members)))
        for member in members:
            at = _scan_described(octets, at, end, member, elements)
            if len(elements) > 16 * len(octets):  # null-data takes no octets: a few octets could describe millions
                raise Problem(at, "more elements than the contents can hold")
        return at
    tag = TAGS[description]
    shape = _SHAPE[tag]
    if shape >= 0:
        after = at + shape
        if after > end:
            raise Truncated(at, shape, end - at)
        value = _UNPACK[tag](octets, at)[0] if shape else None  # type: ignore[misc]
    else:
        value, after = _scan_variable(octets, at - 1, end, shape)
    elements.append(Element(tag, at, after, value))
    return after


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
