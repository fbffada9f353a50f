"""COSEM Data: elements to nested values, JSON, tree nodes and back to octets; and the field that holds one.

A nested value is ``(type tag, value)``; arrays and structures hold a tuple of such pairs.
Source: IEC 62056-6-2 (Data), IEC 61334-6.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from dissectors import axdr
from dissectors.axdr import Compact, Element
from dissectors.data_types import OLD_FLOAT, STRINGS
from dissectors.elements import MAX_DEPTH
from dissectors.fields import House, RandomOf, Seen, from_hex, packed
from dissectors.quirks import quirk
from dissectors.rows import Rows
from dissectors.scapy_base import VolatileValue
from dissectors.tree import Kind, Node, Note, Problem, Severity

Value = tuple[int, Any]
"""A nested value: type tag and plain value."""

_DATA, _HIDDEN = Kind.DATA, Kind.HIDDEN
_CONTAINERS = (axdr.ARRAY, axdr.STRUCTURE)
_HEX = frozenset((axdr.OCTET_STRING, 25, 26, 27))
_FLOATS = frozenset((7, 23, 24))


def nest(elements: list[Element]) -> Value:
    """Fold the flat *elements* of one Data into its nested value."""
    value, rest = _nest_from(elements, 0)
    return value if rest == len(elements) else (axdr.ARRAY, nest_all(elements))


def nest_all(elements: list[Element]) -> tuple[Value, ...]:
    """Fold flat *elements* of several Data into their nested values."""
    values: list[Value] = []
    at = 0
    while at < len(elements):
        value, at = _nest_from(elements, at)
        values.append(value)
    return tuple(values)


def _nest_from(elements: list[Element], at: int) -> tuple[Value, int]:
    element = elements[at]
    tag = element.tag
    if tag in _CONTAINERS:
        members: list[Value] = []
        after = at + 1
        for _ in range(element.value):
            if after >= len(elements):
                break
            member, after = _nest_from(elements, after)
            members.append(member)
        return (tag, tuple(members)), after
    if tag == axdr.COMPACT_ARRAY:
        return (tag, (_frozen(element.value.description), nest_all(element.value.elements))), at + 1
    return (tag, element.value), at + 1


def _frozen(description: Any) -> Any:
    """Make a type description hashable, so that a value is immutable all through."""
    if isinstance(description, str):
        return description
    if "structure" in description:
        return ("structure", tuple(_frozen(one) for one in description["structure"]))
    inner = description["array"]
    return ("array", inner["number-of-elements"], _frozen(inner["type-description"]))


def _thawed(description: Any) -> Any:
    if isinstance(description, str):
        return description
    if description[0] == "structure":
        return {"structure": [_thawed(one) for one in description[1]]}
    return {"array": {"number-of-elements": description[1], "type-description": _thawed(description[2])}}


def to_json(value: Value) -> Any:
    """Give the JSON form of a nested value: ``{"long-unsigned": 5}``."""
    tag, inner = value
    if tag in _CONTAINERS:
        return {axdr.NAMES[tag]: [to_json(one) for one in inner]}
    if tag == axdr.COMPACT_ARRAY:
        contents = [to_json(one) for one in inner[1]]
        return {"compact-array": {"contents-description": _thawed(inner[0]), "array-contents": contents}}
    return {axdr.NAMES[tag]: scalar_to_json(tag, inner)}


def scalar_to_json(tag: int, value: Any) -> Any:
    """Give the JSON form of one scalar of type *tag*."""
    form = _FORMS.get(tag)
    return value if form is None else form(value)


def json_float(value: float) -> float | str:
    """Give a float, or the string that stands for one that JSON cannot write."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def descriptor_json(value: tuple[bytes, bytes, bytes]) -> dict[str, Any]:
    """Give the JSON form of an untagged attribute descriptor."""
    return {
        "class-id": int.from_bytes(value[0], "big"),
        "instance-id": value[1].hex().upper(),
        "attribute-id": int.from_bytes(value[2], "big", signed=True),
    }


def _utf8(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _hex(value: bytes) -> str:
    return value.hex().upper()


_FORMS: dict[int, Callable[[Any], Any]] = {
    **dict.fromkeys(_HEX, _hex),
    **dict.fromkeys(_FLOATS, json_float),
    axdr.VISIBLE_STRING: lambda value: value.decode("latin-1"),
    axdr.UTF8_STRING: _utf8,
    axdr.DESCRIPTOR: descriptor_json,
}
"""How the scalars are written whose value is not their JSON form."""


def from_json(form: Any, depth: int = 0) -> Value:
    """Make a nested value of its JSON form. Raises ValueError that says what is no Data."""
    if not isinstance(form, dict) or len(form) != 1:
        raise ValueError(f'Data is written {{"type": value}}, not {form!r}')
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    name, inner = next(iter(form.items()))
    tag = axdr.TAGS.get(name)
    if tag is None or tag == axdr.DESCRIPTOR:
        raise ValueError(f"{name!r} is no Data type")
    if tag in _CONTAINERS:
        return tag, tuple(from_json(one, depth + 1) for one in inner)
    if tag == axdr.COMPACT_ARRAY:
        contents = tuple(from_json(one, depth + 1) for one in inner["array-contents"])
        return tag, (_frozen(inner["contents-description"]), contents)
    if tag in _HEX and isinstance(inner, str):
        return tag, from_hex(inner)
    if tag in _FLOATS and isinstance(inner, str):
        return tag, float(inner)
    if tag == axdr.VISIBLE_STRING and isinstance(inner, str):
        try:
            return tag, inner.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(
                f"{name}: characters of Latin-1 were expected, not {inner!r}; utf8-string has all"
            ) from None
    if tag == axdr.UTF8_STRING and isinstance(inner, str):
        return tag, inner.encode()
    return tag, inner


def encode(value: Value) -> bytes:
    """Build the octets of a nested value, type tag included."""
    tag, inner = value
    if tag == axdr.DESCRIPTOR:
        return b"".join(inner)
    if tag not in axdr.NAMES:
        raise ValueError(f"{tag!r} is no Data type")
    return bytes((tag,)) + _encode_body(tag, inner)


def _encode_body(tag: int, inner: Any) -> bytes:
    if tag in _CONTAINERS:
        return axdr.length_octets(len(inner)) + b"".join(encode(one) for one in inner)
    if tag in axdr.STRUCTS:
        return packed(axdr.NAMES[tag], axdr.STRUCTS[tag], inner)
    if tag in (axdr.NULL, axdr.DONT_CARE):
        return b""
    if tag == axdr.BIT_STRING:
        if not isinstance(inner, str) or inner.strip("01"):
            raise ValueError(f"bit-string: digits 0 and 1 were expected, not {inner!r}")
        whole = inner + "0" * (-len(inner) % 8)
        return axdr.length_octets(len(inner)) + bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))
    if tag == axdr.COMPACT_ARRAY:
        contents = b"".join(_encode_described(one, inner[0]) for one in inner[1])
        return _encode_description(inner[0]) + axdr.length_octets(len(contents)) + contents
    if isinstance(inner, (int, str)) or inner is None:
        raise ValueError(f"{axdr.NAMES[tag]}: text or octets were expected, not {inner!r}")
    return axdr.length_octets(len(inner)) + bytes(inner)


def _encode_description(description: Any) -> bytes:
    if isinstance(description, str):
        if description not in axdr.TAGS:
            raise ValueError(f"compact-array: {description!r} is no Data type")
        return bytes((axdr.TAGS[description],))
    if description[0] == "structure":
        members = b"".join(_encode_description(one) for one in description[1])
        return b"\x02" + axdr.length_octets(len(description[1])) + members
    number: int = description[1]
    return b"\x01" + number.to_bytes(2, "big") + _encode_description(description[2])


def _encode_described(value: Value, description: Any) -> bytes:
    """Build contents, which have no tags. Raises: ValueError where they are not what is described."""
    tag, inner = value
    name, members = axdr.NAMES.get(tag), _members(description)
    if name != (description if members is None else description[0]) or (
        members is not None and len(inner) != len(members)
    ):
        raise ValueError(f"compact-array: {to_json(value)} is not what is described, {_thawed(description)}")
    if members is None:
        return _encode_body(tag, inner)
    return b"".join(_encode_described(one, member) for one, member in zip(inner, members, strict=True))


def _members(description: Any) -> Sequence[Any] | None:
    """Give what is described of each member of an array or a structure; None of anything else."""
    if isinstance(description, str):
        return None
    return description[1] if description[0] == "structure" else [description[2]] * description[1]


class RowsNode(Node):
    """An array of rows of one layout: its children are grown when somebody looks at them."""

    __slots__ = ("_grown", "_octets", "_rows")

    def __init__(self, rows: Rows, octets: bytes, start: int, after: int) -> None:
        self._octets = octets
        self._rows: Rows | None = None
        Node.__init__(self, axdr.NAMES[axdr.ARRAY], _DATA, start * 8, rows.end * 8, None, _elements(rows.number))
        self._rows = rows
        if after > start:
            self._grown.append(_count(start, after, rows.number))

    @property
    def children(self) -> list[Node]:
        """Its count and its rows."""
        rows, self._rows = self._rows, None
        if rows is not None:
            grow_elements(self, axdr.row_elements(rows, self._octets), self._octets)
            self.end = rows.end * 8
        return self._grown

    @children.setter
    def children(self, children: list[Node]) -> None:
        self._rows = None
        self._grown = children

    def column_values(self, name: str) -> Iterator[Any] | None:
        """Give the values of the scalars of type *name*, without growing them; None where they are grown already."""
        rows = self._rows
        if rows is None or name not in _SCALAR_TAGS:
            return None
        tag = _SCALAR_TAGS[name]
        with_values = [one.tag for one in rows.layout.columns if one.has_value]
        places = [place for place, one in enumerate(with_values) if one == tag]
        form = _FORMS.get(tag, _same)
        return (form(row[place]) for row in rows.values(self._octets) for place in places)


_SCALAR_TAGS = {axdr.NAMES[tag]: tag for tag in axdr.STRUCTS} | {axdr.NAMES[tag]: tag for tag in STRINGS}


def _same(value: Any) -> Any:
    return value


def _elements(count: int) -> str:
    return f"{count} element{'s' * (count != 1)}"


def _count(start: int, end: int, count: int) -> Node:
    return Node("count", _HIDDEN, start * 8, end * 8, count, str(count))


def grow_elements(parent: Node, elements: list[Element], octets: bytes = b"") -> None:
    """Add the nodes of flat *elements* to *parent*, arrays and structures with their header as a hidden leaf.

    Rows that are folded into one element are read in *octets* when they are looked at.
    """
    opened: list[tuple[Node, int]] = []
    top, left = parent, len(elements)
    for tag, start, end, value in elements:
        while left == 0:
            top.end = start * 8
            top, left = opened.pop()
        left -= 1
        if tag == axdr.ROWS:
            top.children.append(RowsNode(value, octets, start, end))
            continue
        name = axdr.NAMES[tag]
        if tag in _CONTAINERS:
            node = Node(name, _DATA, start * 8, end * 8, None, _elements(value))
            top.children.append(node)
            if end > start:
                node.children.append(_count(start, end, value))
            opened.append((top, left))
            top, left = node, value
        elif tag == axdr.COMPACT_ARRAY:
            _grow_compact(top, start, end, value)
        else:
            form = _FORMS.get(tag)
            node = Node(name, _DATA, start * 8, end * 8, value if form is None else form(value))
            top.children.append(node)
            if tag == OLD_FLOAT:
                text = "type tag 07, float32 since"
                node.notes.append(Note("old-float-tag", Severity.NOTE, "data", text, start, end))
    last = _end(elements[-1]) * 8 if elements else parent.end
    while opened:
        top.end = last
        top, _ = opened.pop()


def _end(element: Element) -> int:
    end: int = element.value.end if element.tag == axdr.ROWS else element.end
    return end


def _grow_compact(parent: Node, start: int, end: int, value: Compact) -> None:
    node = parent.add(Node("compact-array", Kind.DATA, start * 8, end * 8))
    described, begin = value.description_end * 8, value.contents_start * 8
    node.add(Node("contents-description", Kind.LEAF, start * 8, described, value.description))
    node.add(Node("length", Kind.HIDDEN, described, begin, end - value.contents_start))
    contents = node.add(Node("array-contents", Kind.SEQUENCE_OF, begin, end * 8))
    if value.elements:
        grow_elements(contents, value.elements)
    contents.end = end * 8


class DataField(House):
    """One Data. Its value is nested; JSON form (``{"long-unsigned": 5}``) is accepted.

    *inline* adds its element to the parent without a node of its own; *untagged* allows the quirk of that name.
    """

    __slots__ = ["inline", "untagged"]

    def __init__(self, name: str = "data", *, inline: bool = False, untagged: bool = False):
        self.inline = inline
        self.untagged = untagged
        House.__init__(self, name, (axdr.NULL, None))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept the JSON form, and None for null-data. Raises: ValueError."""
        if (isinstance(x, tuple) and len(x) == 2) or isinstance(x, (list, VolatileValue)):
            return x  # of a list Scapy makes one packet for each
        return (axdr.NULL, None) if x is None else from_json(x)

    def scan(self, octets: bytes, at: int, end: int, *, is_folded: bool = False) -> tuple[list[Element], int]:
        """Read the elements; with *is_folded* rows of one layout are one element."""
        if not self.untagged:
            return axdr.scan_data(octets, at, end, is_folded=is_folded)
        try:
            elements, after = axdr.scan_data(octets, at, end)
        except Problem:
            with suppress(Problem):
                return axdr.scan_untagged_descriptors(octets, at, end)
            raise
        if after < end:  # a class-id such as 00 01 reads as a null-data and an array
            with suppress(Problem):
                bare, whole = axdr.scan_untagged_descriptors(octets, at, end)
                if whole == end:
                    return bare, whole
        return elements, after

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Value, int]:
        """Read the nested value."""
        try:
            elements, after = self.scan(octets, at, end)
        except axdr.ElementsProblem as problem:
            if problem.elements:
                problem.partial = nest(problem.elements)
            raise
        return nest(elements), after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the elements; where they break off, those before stay."""
        from dissectors.composites import place

        node = parent if self.inline else parent.add(Node(self.asn1, Kind.WRAP, at * 8, end * 8))
        try:
            elements, after = self.scan(octets, at, end, is_folded=True)
        except axdr.ElementsProblem as problem:
            grow_elements(node, problem.elements, octets)
            target = _innermost_open(node, end)
            place(target, "data", _end(problem.elements[-1]) if problem.elements else at, end, problem)
            problem.is_placed = True
            raise
        grow_elements(node, elements, octets)
        if not self.inline:
            node.end = after * 8
        if any(element.tag == axdr.DESCRIPTOR for element in elements):
            node.notes.append(quirk("untagged-descriptors", at, after))
        return after

    def build(self, value: Any) -> bytes:
        """Build type tag and contents."""
        return encode(self.any2i(None, value))

    def to_json(self, value: Value) -> Any:
        """Give the JSON form."""
        return to_json(value)

    def randval(self) -> Any:
        """Draw a small random value."""
        return RandomOf(lambda: _random_value(2))


def _innermost_open(node: Node, end: int) -> Node:
    """Find the array or structure that was still open where the elements broke off, and end all open ones there."""
    node.end = end * 8
    while node.children and node.children[-1].kind is Kind.DATA and node.children[-1].children:
        last = node.children[-1]
        count = last.children[0].value
        if last.children[0].kind is not Kind.HIDDEN or len(last.children) - 1 >= count:
            break
        last.end = end * 8
        node = last
    return node


def _random_value(depth: int) -> Value:
    tag = random.choice((0, 3, 5, 6, 9, 10, 15, 16, 17, 18, 22) + ((1, 2) if depth else ()))
    if tag in _CONTAINERS:
        return tag, tuple(_random_value(depth - 1) for _ in range(random.randrange(4)))
    if tag == axdr.NULL:
        return tag, None
    if tag in (axdr.OCTET_STRING, axdr.VISIBLE_STRING):
        return tag, random.randbytes(random.randrange(8))
    packed = axdr.STRUCTS[tag]
    return tag, packed.unpack(random.randbytes(packed.size))[0]
