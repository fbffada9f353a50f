"""Fields that hold other fields: SEQUENCE, SEQUENCE OF, OPTIONAL, CHOICE, sized regions and conditions.

Source: IEC 61334-6 (A-XDR): a SEQUENCE adds no octets, a CHOICE one tag octet, an OPTIONAL one presence octet.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from dissectors import axdr
from dissectors.fields import House, RandomOf, Seen, octets_of
from dissectors.tree import Kind, Node, Problem, Truncated, unread


def grow_item(item: Any, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
    """Grow one field under *parent*; where it fails, the rest becomes one undecoded leaf with its reason."""
    try:
        after: int = item.grow(parent, octets, at, end, seen)
        return after
    except Problem as problem:
        settle(item, parent, at, end, problem)
        raise


def settle(item: Any, parent: Node, at: int, end: int, problem: Problem) -> None:
    """Make one undecoded leaf of the octets at which *item* failed, unless a field inside it did so."""
    if not problem.is_placed:
        problem.is_placed = True
        read = parent.children[-1].end // 8 if parent.children else at  # some fields add more than one leaf
        place(parent, item.asn1, max(at, read), end, problem)
    parent.end = end * 8


def place(parent: Node, name: str, at: int, end: int, problem: Problem) -> None:
    """Add the undecoded leaf *name* from octet *at* to *end* with a note that says why."""
    leaf = Node(name, Kind.UNDECODED, at * 8, end * 8, problem.reason, problem.reason)
    leaf.notes.append(unread(f"{name}: {problem.reason} (octet {problem.at})", at, end, is_short=problem.is_short))
    parent.children.append(leaf)


class Sequence(House):
    """A SEQUENCE: another layer in place. Its value is a packet; a mapping of its fields is accepted."""

    __slots__ = ["layer"]
    holds_packets = 1

    def __init__(self, name: str, layer: Any) -> None:
        self.layer = layer
        House.__init__(self, name, layer())

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept a mapping of the layer's fields."""
        return self.layer.from_value(x) if isinstance(x, dict) else x

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the layer."""
        packet, after = self.layer.read_packet(octets, at, end)
        return packet, after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the layer's node."""
        kind = Kind.WRAP if self.layer.wraps_one else Kind.SEQUENCE
        node = parent.add(Node(self.asn1, kind, at * 8, at * 8))
        after: int = self.layer.grow(node, octets, at, end)
        return after

    def build(self, value: Any) -> bytes:
        """Build the layer."""
        return octets_of(value)

    def to_json(self, value: Any) -> Any:
        """Show the layer's fields."""
        return value

    def randval(self) -> Any:
        """Draw a fuzzed layer."""
        from scapy.packet import fuzz

        return RandomOf(lambda: self.layer(bytes(fuzz(self.layer()))))

    def do_copy(self, x: Any) -> Any:
        """Copy the packet."""
        return x.copy() if hasattr(x, "copy") else x


class Choice(House):
    """A CHOICE by tag octet: ``{tag: layer}``; each layer begins with its own tag as a Constant."""

    __slots__ = ["alternatives"]
    holds_packets = 1

    def __init__(self, name: str, alternatives: Mapping[int, Any], asn1: str | None = None) -> None:
        self.alternatives = alternatives
        House.__init__(self, name, next(iter(alternatives.values()))(), asn1)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept ``{"alternative": value}`` with the standard's name."""
        if isinstance(x, dict) and len(x) == 1:
            name, value = next(iter(x.items()))
            for layer in self.alternatives.values():
                if layer.asn1 == name:
                    return layer.from_value(value)
            raise ValueError(f"{self.name}: {name!r} is none of its alternatives")
        return x

    def pick(self, octets: bytes, at: int, end: int) -> Any:
        """Find the layer by the tag octet at *at*."""
        if at >= end:
            raise Truncated(at, 1, 0)
        layer = self.alternatives.get(octets[at])
        if layer is None:
            raise Problem(at, f"{octets[at]:02X} is no alternative of {self.asn1}")
        return layer

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the alternative."""
        packet, after = self.pick(octets, at, end).read_packet(octets, at, end)
        return packet, after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the choice and in it the alternative."""
        layer = self.pick(octets, at, end)
        node = parent.add(Node(self.asn1, Kind.CHOICE, at * 8, end * 8))
        inner = node.add(Node(layer.asn1, Kind.WRAP if layer.wraps_one else Kind.SEQUENCE, at * 8, end * 8))
        after: int = layer.grow(inner, octets, at, end)
        node.end = after * 8
        return after

    def build(self, value: Any) -> bytes:
        """Build the alternative, its tag included."""
        return octets_of(value)

    def randval(self) -> Any:
        """Draw one alternative, fuzzed."""
        from scapy.packet import fuzz

        def draw() -> Any:
            layer = random.choice(list(self.alternatives.values()))
            return layer(bytes(fuzz(layer())))

        return RandomOf(draw)

    def do_copy(self, x: Any) -> Any:
        """Copy the packet."""
        return x.copy() if hasattr(x, "copy") else x


class Optional(House):
    """An OPTIONAL component: presence octet 00 or 01, then the field. Absent is ``None``."""

    __slots__ = ["field"]

    def __init__(self, field: House) -> None:
        self.field = field
        House.__init__(self, field.name, None, field.asn1)

    @property
    def islist(self) -> int:
        """Follow the field inside: a list is one value, not one packet for each item."""
        return int(self.field.islist)

    @property
    def holds_packets(self) -> int:
        """Follow the field inside."""
        return int(bool(self.field.holds_packets))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept what the field accepts, and None."""
        return None if x is None else self.field.any2i(pkt, x)

    def presence(self, octets: bytes, at: int, end: int) -> bool:
        """Read the presence octet."""
        if at >= end:
            raise Truncated(at, 1, 0)
        if octets[at] > 1:
            raise Problem(at, f"presence octet {octets[at]:02X} is neither 00 nor 01")
        return octets[at] == 1

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read presence and value."""
        return self.field.read(octets, at + 1, end, seen) if self.presence(octets, at, end) else (None, at + 1)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the presence octet as a hidden leaf, then the field."""
        present = self.presence(octets, at, end)
        leaf = Node(
            f"{self.asn1} presence", Kind.HIDDEN, at * 8, at * 8 + 8, present, "present" if present else "absent"
        )
        parent.children.append(leaf)
        seen[self.name] = None
        return grow_item(self.field, parent, octets, at + 1, end, seen) if present else at + 1

    def build(self, value: Any) -> bytes:
        """Build presence and value."""
        return b"\x00" if value is None else b"\x01" + self.field.build(value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the value, or that it is absent."""
        return "absent" if x is None else str(self.field.i2repr(pkt, x))

    def randval(self) -> Any:
        """Draw absence half of the time."""
        inner = self.field.randval()

        def draw() -> Any:
            return None if random.random() < 0.5 else inner._fix() if hasattr(inner, "_fix") else inner

        return RandomOf(draw)


class SequenceOf(House):
    """A SEQUENCE OF: an A-XDR count, then the items. Its value is a list."""

    __slots__ = ["item"]
    islist = 1

    def __init__(self, name: str, item: House) -> None:
        self.item = item
        House.__init__(self, name, [])

    @property
    def holds_packets(self) -> int:
        """Follow the items."""
        return int(bool(self.item.holds_packets))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept a list of what the item accepts. Raises: ValueError of what a list was forgotten around."""
        if isinstance(x, (Mapping, bytes, str)):
            raise ValueError(f"a list was expected, not {x!r}")
        return [self.item.any2i(pkt, one) for one in x] if isinstance(x, (list, tuple)) else x

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[list[Any], int]:
        """Read count and items; the count allocates nothing."""
        count, at = axdr.scan_length(octets, at, end)
        values: list[Any] = []
        try:
            for _ in range(count):
                value, at = self.item.read(octets, at, end, seen)
                values.append(value)
        except Problem as problem:
            problem.partial = values if problem.partial is None else [*values, problem.partial]
            raise
        return values, at

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the list with its count as a hidden leaf."""
        count, after = axdr.scan_length(octets, at, end)
        node = parent.add(Node(self.asn1, Kind.SEQUENCE_OF, at * 8, end * 8, None, f"{count} item{'s' * (count != 1)}"))
        node.add(Node("count", Kind.HIDDEN, at * 8, after * 8, count, str(count)))
        for _ in range(count):
            after = grow_item(self.item, node, octets, after, end, {})
        node.end = after * 8
        return after

    def build(self, value: list[Any]) -> bytes:
        """Build count and items."""
        return axdr.length_octets(len(value)) + b"".join(self.item.build(self.item.any2i(None, one)) for one in value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the items."""
        return "[" + ", ".join(self.item.i2repr(pkt, one) for one in x) + "]" if isinstance(x, list) else repr(x)

    def randval(self) -> Any:
        """Draw up to three items."""
        inner = self.item.randval()

        def draw() -> Any:
            return [inner._fix() if hasattr(inner, "_fix") else inner for _ in range(random.randrange(4))]

        return RandomOf(draw)


class When(House):
    """A field that is there only where an earlier one says so: ``value & mask == equals``."""

    __slots__ = ["equals", "field", "mask", "on"]

    def __init__(self, field: House, on: str, *, equals: int, mask: int = -1) -> None:
        self.field, self.on, self.equals, self.mask = field, on, equals, mask
        House.__init__(self, field.name, None, field.asn1)

    def applies(self, seen: Seen) -> bool:
        """Decide by the values read before."""
        return int(seen[self.on]) & self.mask == self.equals

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept what the field accepts, and None."""
        return None if x is None else self.field.any2i(pkt, x)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the field, or nothing."""
        return self.field.read(octets, at, end, seen) if self.applies(seen) else (None, at)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the field, or nothing."""
        return self.field.grow(parent, octets, at, end, seen) if self.applies(seen) else at

    def build(self, value: Any) -> bytes:
        """Build the field; an absent one that the condition asks for is built from its default by the layer."""
        return b"" if value is None else self.field.build(value)

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        """Build where the condition holds; a value that was not given takes the field's default."""
        value = self.any2i(pkt, val)
        if value is None and pkt is not None and self.applies(pkt.values()):
            value = self.field.default
        return s + self.build(value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the value, or that it is absent."""
        return "absent" if x is None else str(self.field.i2repr(pkt, x))

    def randval(self) -> None:
        """Stay: presence follows the other field."""
        return


class IfLeft(When):
    """A last field that is there only where octets are left."""

    __slots__: list[str] = []

    def __init__(self, field: House) -> None:
        When.__init__(self, field, "", equals=0)

    def applies(self, seen: Seen) -> bool:
        """Never ask for the field when building: it is built where it was given."""
        return False

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the field, or nothing at the end."""
        return self.field.read(octets, at, end, seen) if at < end else (None, at)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the field, or nothing at the end."""
        return self.field.grow(parent, octets, at, end, seen) if at < end else at
