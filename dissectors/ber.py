"""BER elements of the ACSE APDUs: the field that is one optional element, and what none of the declared ones takes.

Source: ITU-T X.690 (definite lengths), IEC 62056-5-3 (ACSE APDU definitions).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dissectors import axdr
from dissectors.ber_contents import (
    MAX_NUMBER,
    ApduContent,
    Content,
    Explicit,
    Hex,
    Integer,
    NamedBits,
    ObjectIdentifier,
    OneOf,
    element,
)
from dissectors.composites import place
from dissectors.fields import House, RandomOf, Seen
from dissectors.nesting import is_outermost
from dissectors.quirks import quirk
from dissectors.tree import Kind, Node, Note, Problem, Severity, Truncated

__all__ = [
    "MAX_NUMBER",
    "ApduContent",
    "Content",
    "Element",
    "Explicit",
    "Hex",
    "Integer",
    "NamedBits",
    "ObjectIdentifier",
    "OneOf",
    "OtherElements",
    "element",
]

_UNKNOWN = object()
_MOST_KNOWN = 256
_NUMBER = 0x1F
"""The bits of a tag by whose number the elements ascend."""


class Element(House):
    """One element of an ACSE APDU, absent where its tag does not come next. Absent is ``None``."""

    __slots__ = ["_known", "absent_unless", "content", "tag"]

    def __init__(self, name: str, tag: int, content: Content, default: Any = None, asn1: str | None = None) -> None:
        self.tag, self.content = tag, content
        self.absent_unless = tag
        self._known: dict[bytes, Any] = {}  # the same few contents stand in every association
        House.__init__(self, name, default, asn1)

    @property
    def holds_packets(self) -> int:
        """Tell whether an APDU may stand inside."""
        inner = self.content.content if isinstance(self.content, Explicit) else self.content
        return int(isinstance(inner, ApduContent))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept what the content accepts, and None."""
        return None if x is None else self.content.accept(x)

    def bounds(self, octets: bytes, at: int, end: int) -> tuple[int, int] | None:
        """Tell where the content begins and ends; None where another element stands."""
        if at >= end or octets[at] != self.tag:
            return None
        size, start = axdr.scan_length(octets, at + 1, end)
        return start, start + size

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the content; one whose own length lies by an octet is given what is left (a quirk of RLREs)."""
        found = self.bounds(octets, at, end)
        if found is None:
            return None, at
        start, stop = self.stretch(octets, *found, end)
        return self.content.decode(octets, start, stop), stop

    def scan_value(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the content's plain value."""
        if at >= end or octets[at] != self.tag:
            return None, at
        size, start = axdr.scan_length(octets, at + 1, end)
        start, stop = self.stretch(octets, start, start + size, end)
        if not is_outermost():
            return self.content.scan(octets, start, stop), stop
        piece = octets[start:stop]
        known = self._known.get(piece, _UNKNOWN)
        if known is _UNKNOWN:
            known = self.content.scan(octets, start, stop)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[piece] = known
        return known, stop

    def stretch(self, octets: bytes, start: int, stop: int, end: int) -> tuple[int, int]:
        """Let the last element reach the end of the APDU where its content says so."""
        if stop > end:
            raise Truncated(start, stop - start, end - start)
        if 0 < end - stop <= 2 and start + 1 < stop and octets[start] == 0x04 and octets[start + 1] == end - start - 2:
            return start, end
        return start, stop

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the element; damage inside stays inside, its length says where the next one begins."""
        if at >= end or octets[at] != self.tag:
            return at  # most elements are absent from most APDUs
        size, start = axdr.scan_length(octets, at + 1, end)
        stop = start + size
        node = parent.add(Node(self.asn1, Kind.WRAP, at * 8, min(stop, end) * 8))
        node.add(Node("tag", Kind.HIDDEN, at * 8, at * 8 + 8, self.tag, f"{self.tag:02X}"))
        length = node.add(Node("length", Kind.HIDDEN, at * 8 + 8, start * 8, stop - start))
        if stop > end:
            problem = Truncated(start, stop - start, end - start)
            place(node, self.asn1, start, end, problem)
            problem.is_placed = True
            raise problem
        if self.stretch(octets, start, stop, end)[1] != stop:
            length.notes.append(quirk("length-too-small", at, start))
            stop = end
            node.end = stop * 8
        inner = self.inner_end(octets, start, stop, end)
        if inner is not None:
            text = f"length {stop - start} where the content takes {inner - start} octets"
            length.notes.append(Note("apdu-malformed", Severity.ERROR, "malformed", text, at + 1, start))
            stop = inner
            node.end = stop * 8
        try:
            self.content.grow(node, octets, start, stop)
        except Problem as problem:
            open_node = node
            while open_node.children and open_node.children[-1].kind is Kind.WRAP:
                open_node = open_node.children[-1]  # a CHOICE that broke off in its alternative
            read = open_node.children[-1].end if open_node.children else open_node.start
            place(open_node, self.asn1, max(read // 8, start), stop, problem)
        return stop

    def inner_end(self, octets: bytes, start: int, stop: int, end: int) -> int | None:
        """Find where the content ends if the element's length lies: whole elements follow it up to *end*."""
        if not isinstance(self.content, Explicit) or start + 2 > stop or octets[start] != self.content.tag:
            return None
        if octets[start + 1] > 0x7F:
            return None
        at = inner = start + 2 + octets[start + 1]
        if inner >= stop:
            return None
        while at + 1 < end and octets[at] & 0x80:
            at += 2 + octets[at + 1]
        return inner if at == end else None

    def build(self, value: Any) -> bytes:
        """Build the element, or nothing."""
        return b"" if value is None else element(self.tag, self.content.encode(value))

    def to_json(self, value: Any) -> Any:
        """Give the content's JSON form."""
        return None if value is None else self.content.to_json(value)

    def to_text(self, value: Any) -> str:
        """Say the content."""
        return "absent" if value is None else self.content.to_text(value)

    def do_copy(self, x: Any) -> Any:
        """Copy a packet inside."""
        return x.copy() if hasattr(x, "copy") else x

    def randval(self) -> Any:
        """Draw octets for octet strings; other elements stay."""
        inner = self.content.content if isinstance(self.content, Explicit) else self.content
        if isinstance(inner, Hex) and self.default is not None:
            import random

            return RandomOf(lambda: random.randbytes(8))
        return None


class OtherElements(House):
    """Elements that stand where none of the declared ones does. A tuple of octets: of those that are unknown.

    One of the *declared* that stands out of order is read by its tag as if it stood in its place, unless its content
    does not read.
    """

    __slots__ = ["declared"]

    def __init__(self, declared: Iterable[Element], name: str = "other_elements") -> None:
        self.declared = {one.tag: one for one in declared}
        House.__init__(self, name, ())

    def scan_value(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[tuple[bytes, ...], int]:
        """Read what is left as whole elements."""
        found: list[bytes] = []
        while at < end:
            stop = _whole(octets, at, end)[1]
            found.append(octets[at:stop])
            at = stop
        return tuple(found), at

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[tuple[bytes, ...], int]:
        """Read what is left as whole elements; *seen* is given the values of those that stand out of order."""
        assert isinstance(seen, dict)
        others, at = self.scan_value(octets, at, end, seen)
        left: list[bytes] = []
        for one in others:
            known = self.misplaced(one)
            if known is None or seen[known.name] is not None:
                left.append(one)
            else:
                start, stop = _whole(one, 0, len(one))
                seen[known.name] = known.content.decode(one, start, stop)
        return tuple(left), at

    def misplaced(self, one: bytes) -> Element | None:
        """Tell which of the declared elements *one* is; None for others, and where the content does not read."""
        known = self.declared.get(one[0])
        if known is not None:
            try:
                known.content.scan(one, *_whole(one, 0, len(one)))
            except (Problem, IndexError):
                return None
        return known

    def settle(self, others: tuple[bytes, ...], *values: Any) -> tuple[Any, ...]:
        """Put *others* that stand out of order among the *values* of the declared. Returns what is left, and those."""
        places = {tag: place for place, tag in enumerate(self.declared)}
        found, left = list(values), []
        for one in others:
            known = self.misplaced(one)
            if known is None or found[places[known.tag]] is not None:
                left.append(one)
            else:
                found[places[known.tag]] = known.content.scan(one, *_whole(one, 0, len(one)))
        return tuple(left), *found

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the nodes of each that is declared, with a note where it is out of order, and a leaf for each other."""
        tags = [node.children[0].value for node in parent.children if node.children]
        last = max((tag & _NUMBER for tag in tags), default=-1)
        while at < end:
            start, stop = _whole(octets, at, end)
            tag, known = octets[at], self.misplaced(octets[at:stop])
            if known is None or tag in tags:
                parent.add(Node(f"element-{tag:02x}", Kind.LEAF, at * 8, stop * 8, octets[start:stop].hex().upper()))
            else:
                known.grow(parent, octets, at, stop, seen)
                tags.append(tag)
                if tag & _NUMBER < last:
                    parent.children[-1].notes.append(quirk("element-out-of-order", at, stop))
            at, last = stop, max(last, tag & _NUMBER)
        return at

    def build(self, value: Any) -> bytes:
        """Give the octets."""
        return b"".join(value)

    def to_json(self, value: Any) -> Any:
        """Give hex digits."""
        return [one.hex().upper() for one in value]

    def randval(self) -> None:
        """Stay."""
        return


def _whole(octets: bytes, at: int, end: int) -> tuple[int, int]:
    """Tell where the content of the element at *at* begins and ends. Raises: Problem where it is cut."""
    size, start = axdr.scan_length(octets, at + 1, end)
    if start + size > end:
        raise Truncated(at, start + size - at, end - at)
    return start, start + size
