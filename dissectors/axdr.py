"""A-XDR octets to values: lengths, and Data as one flat list of elements, read without recursion.

Every engine calls the scanners of this module; nothing else reads Data.
Source: IEC 62056-6-2 (Data), IEC 61334-6 (A-XDR).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, NamedTuple

from dissectors.data_types import ARRAY as ARRAY
from dissectors.data_types import BIT_STRING as BIT_STRING
from dissectors.data_types import BOOLEAN as BOOLEAN
from dissectors.data_types import CODES as _CODES  # noqa: F401 -- tests draw values by it
from dissectors.data_types import COMPACT_ARRAY as COMPACT_ARRAY
from dissectors.data_types import DESCRIPTOR as DESCRIPTOR
from dissectors.data_types import DONT_CARE as DONT_CARE
from dissectors.data_types import NAMES as NAMES
from dissectors.data_types import NULL as NULL
from dissectors.data_types import OCTET_STRING as OCTET_STRING
from dissectors.data_types import STRUCTS as STRUCTS
from dissectors.data_types import STRUCTURE as STRUCTURE
from dissectors.data_types import TAGS as TAGS
from dissectors.data_types import UTF8_STRING as UTF8_STRING
from dissectors.data_types import VISIBLE_STRING as VISIBLE_STRING
from dissectors.rows import FEWEST, MOST_COLUMNS, Rows, find_rows
from dissectors.tree import Problem, Truncated

MAX_DEPTH = 100
"""Arrays and structures nested deeper than this are refused: no meter comes near, recursion elsewhere stays safe."""

SPARE_ELEMENTS = 64
"""So many elements more than its octets allow may a compact-array have: those of one small value."""

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


ROWS = -2
"""Pseudo type: an array as :class:`dissectors.rows.Rows`, of which *end* is the end of the header."""
_DEEPEST_ROWS = MAX_DEPTH - MOST_COLUMNS
_NEW = tuple.__new__


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


def scan_data(octets: bytes, at: int, end: int, *, is_folded: bool = False) -> tuple[list[Element], int]:
    """Read one Data at *at* into its elements. Returns them and the next octet; raises Problem inside the engines.

    With *is_folded* an array of rows of one layout is one element of type ``ROWS``.
    """
    if at + 1 < end:  # nearly every value outside a profile is one scalar
        tag = octets[at]
        shape = _SHAPE[tag]
        after = at + 1 + shape
        if shape > 0 and after <= end:
            return [_NEW(Element, (tag, at, after, _UNPACK[tag](octets, at + 1)[0]))], after  # type: ignore[misc]
        if shape == _STRING:
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
            shape = _SHAPE[tag]
            if shape >= 0:
                after = at + 1 + shape
                if after > end:
                    raise Truncated(at, 1 + shape, end - at)
                append(_NEW(Element, (tag, at, after, _UNPACK[tag](octets, at + 1)[0] if shape else None)))  # type: ignore[misc]
            elif shape == _CONTAINER:
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
            elif shape == _STRING and at + 1 < end and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
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
    unpack = _UNPACK[tag]
    if unpack is not None and at + 1 + _SHAPE[tag] <= end:
        return tag, unpack(octets, at + 1)[0]
    element = scan_data(octets, at, end)[0][0]
    return element[0], element[3]


def skip_data(octets: bytes, at: int, end: int) -> int:
    """Pass over one Data at *at*: the checks of :func:`scan_data` without its values. Returns the next octet."""
    if at + 1 < end:  # nearly every value outside a profile is one scalar
        shape = _SHAPE[octets[at]]
        if shape >= 0:
            if at + shape < end:
                return at + 1 + shape
        elif shape == _STRING and (size := octets[at + 1]) < 0x80 and at + 2 + size <= end:
            return at + 2 + size
    left: list[int] = []
    rest = 1
    try:
        while True:
            tag = octets[at]
            shape = _SHAPE[tag]
            if shape >= 0:
                at += 1 + shape
            elif shape == _STRING and octets[at + 1] < 0x80:
                at += 2 + octets[at + 1]
            elif shape == _CONTAINER:
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
            elif shape == _COMPACT:
                at = _skip_compact(octets, at, end)
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
    description, described, start, after = _compact_parts(octets, at, end)
    elements: list[Element] = []
    _scan_values(octets, start, after, description, elements)
    return Compact(description, described, start, elements), after


def _skip_compact(octets: bytes, at: int, end: int) -> int:
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
        shape = _SHAPE[TAGS[description]]
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
    if _SHAPE[tag] in (_UNKNOWN, _COMPACT):
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
    shape = _SHAPE[tag]
    if shape >= 0:
        after = at + shape
        if after > end:
            raise Truncated(at, shape, end - at)
        value = _UNPACK[tag](octets, at)[0] if shape else None  # type: ignore[misc]
    else:
        value, after = _scan_variable(octets, at - 1, end, shape)
    if elements is not None:
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
