"""The field that holds one COSEM Data, and the nodes of its elements; rows of one layout grow when they are looked at.

Source: IEC 62056-6-2 (Data), IEC 61334-6.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from dissectors import axdr
from dissectors.axdr import Compact, Element
from dissectors.data import CONTAINERS, FORMS, Value, encode, from_json, nest, to_json
from dissectors.data_types import OLD_FLOAT, STRINGS
from dissectors.fields import House, RandomOf, Seen
from dissectors.quirks import quirk
from dissectors.rows import Rows
from dissectors.scapy_base import VolatileValue
from dissectors.tree import Kind, Node, Note, Problem, Severity

_DATA, _HIDDEN = Kind.DATA, Kind.HIDDEN


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
        form = FORMS.get(tag, _same)
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
        if tag in CONTAINERS:
            node = Node(name, _DATA, start * 8, end * 8, None, _elements(value))
            top.children.append(node)
            if end > start:
                node.children.append(_count(start, end, value))
            opened.append((top, left))
            top, left = node, value
        elif tag == axdr.COMPACT_ARRAY:
            _grow_compact(top, start, end, value)
        else:
            form = FORMS.get(tag)
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
    if tag in CONTAINERS:
        return tag, tuple(_random_value(depth - 1) for _ in range(random.randrange(4)))
    if tag == axdr.NULL:
        return tag, None
    if tag in (axdr.OCTET_STRING, axdr.VISIBLE_STRING):
        return tag, random.randbytes(random.randrange(8))
    packed = axdr.STRUCTS[tag]
    return tag, packed.unpack(random.randbytes(packed.size))[0]
