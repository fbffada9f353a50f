"""What stands inside the BER elements of the ACSE APDUs: numbers, octets, identifiers, named bits, choices, APDUs.

Source: ITU-T X.690, IEC 62056-5-3 (ACSE APDU definitions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dissectors import axdr, enumerations
from dissectors.fields import from_hex, octets_of
from dissectors.nesting import inner_apdu
from dissectors.quirks import quirk
from dissectors.regions import ApduField
from dissectors.tree import Kind, Node, Problem, Truncated

_DOTTED = re.compile(r"[0-2](\.\d+)+", re.ASCII)
_MOST_BITS = 256
MAX_NUMBER = 16
"""INTEGERs and arcs of more octets are refused: none is in use, and numbers without bound cannot be shown."""


class Content:
    """What stands inside an element. A leaf by default: :meth:`decode` and :meth:`encode` are its whole meaning."""

    def decode(self, octets: bytes, at: int, end: int) -> Any:
        """Read the value out of exactly these octets."""
        raise NotImplementedError

    def scan(self, octets: bytes, at: int, end: int) -> Any:
        """Read the plain value for the index pass."""
        return self.decode(octets, at, end)

    def encode(self, value: Any) -> bytes:
        """Build the octets."""
        raise NotImplementedError

    def accept(self, value: Any) -> Any:
        """Make the internal value of what a user writes."""
        return value

    def to_json(self, value: Any) -> Any:
        """Give the JSON form."""
        return value

    def to_text(self, value: Any) -> str:
        """Say it for a person."""
        return ""

    def grow(self, node: Node, octets: bytes, at: int, end: int) -> None:
        """Add the value as a leaf."""
        value = self.decode(octets, at, end)
        node.add(Node("value", Kind.LEAF, at * 8, end * 8, self.to_json(value), self.to_text(value)))


class Hex(Content):
    """OCTET STRING or anything kept as octets."""

    def decode(self, octets: bytes, at: int, end: int) -> bytes:
        """Take the octets."""
        return octets[at:end]

    def encode(self, value: bytes) -> bytes:
        """Give the octets."""
        return value

    def accept(self, value: Any) -> Any:
        """Accept hex text."""
        return from_hex(value)

    def to_json(self, value: bytes) -> str:
        """Give hex digits."""
        return value.hex().upper()


class Integer(Content):
    """INTEGER, with identifiers where *table* is given."""

    def __init__(self, table: Mapping[int, str] | None = None) -> None:
        self.table = table

    def decode(self, octets: bytes, at: int, end: int) -> int:
        """Read the signed number."""
        if at >= end:
            raise Truncated(at, 1, 0)
        if end - at > MAX_NUMBER:
            raise Problem(at, f"an INTEGER of {end - at} octets")
        return int.from_bytes(octets[at:end], "big", signed=True)

    def encode(self, value: int) -> bytes:
        """Build the minimal octets."""
        return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)

    def accept(self, value: Any) -> Any:
        """Accept an identifier."""
        for number, name in (self.table or {}).items():
            if name == value:
                return number
        if isinstance(value, str):
            raise ValueError(f"{value!r} is none of {', '.join((self.table or {}).values())}")
        return value

    def to_json(self, value: int) -> Any:
        """Give the identifier, or the number where none is assigned."""
        return self.table.get(value, value) if self.table else value

    def to_text(self, value: int) -> str:
        """Say identifier and number."""
        return f"{self.table.get(value, 'unassigned')} ({value})" if self.table else ""


class ObjectIdentifier(Content):
    """OBJECT IDENTIFIER in dotted form, with the meaning beside it."""

    meanings = enumerations.APPLICATION_CONTEXT | enumerations.MECHANISM

    def decode(self, octets: bytes, at: int, end: int) -> str:
        """Read the arcs; a last octet with a continuation bit counts as an arc of its low seven bits (a quirk)."""
        if at >= end:
            raise Truncated(at, 1, 0)
        arcs: list[int] = []
        number, is_open = 0, False
        for octet in octets[at:end]:
            number = number << 7 | octet & 0x7F
            if number >> 7 * MAX_NUMBER:
                raise Problem(at, f"an arc of more than {MAX_NUMBER} octets")
            is_open = octet > 0x7F
            if not is_open:
                arcs.append(number)
                number = 0
        if is_open:
            arcs.append(number)
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    def accept(self, value: Any) -> Any:
        """Accept the dotted form alone. Raises: ValueError."""
        if isinstance(value, str) and _DOTTED.fullmatch(value):
            first, second, *others = map(int, value.split("."))
            if (second < 40 or first == 2) and not max(40 * first + second, *others, 0) >> 7 * MAX_NUMBER:
                return value
        raise ValueError(f"an object identifier such as 2.16.756.5.8.1.1 was expected, not {value!r}")

    def encode(self, value: str) -> bytes:
        """Build the arcs."""
        arcs = [int(arc) for arc in value.split(".")]
        built = b""
        for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
            octets = [arc & 0x7F]
            while arc := arc >> 7:
                octets.append(0x80 | arc & 0x7F)
            built += bytes(reversed(octets))
        return built

    def to_text(self, value: str) -> str:
        """Say the identifier's meaning."""
        meaning = self.meanings.get(value)
        return f"{value} ({meaning})" if meaning else value

    def grow(self, node: Node, octets: bytes, at: int, end: int) -> None:
        """Add the value, with the quirk where the last arc does not end."""
        Content.grow(self, node, octets, at, end)
        if octets[end - 1] & 0x80:
            node.children[-1].notes.append(quirk("oid-octet", end - 1, end))


class NamedBits(Content):
    """BIT STRING of named bits: an octet of unused bits, then the bits."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def decode(self, octets: bytes, at: int, end: int) -> tuple[str, ...]:
        """Read the names of the bits that are set; a bit without a name is ``bit-N``."""
        if at >= end:
            raise Truncated(at, 1, 0)
        count = max(0, (end - at - 1) * 8 - min(octets[at], 7))
        is_set = (bit for bit in range(count) if octets[at + 1 + bit // 8] & 0x80 >> bit % 8)
        return tuple(self.names[bit] if bit < len(self.names) else f"bit-{bit}" for bit in is_set)

    def encode(self, value: Sequence[str]) -> bytes:
        """Build unused count and bits."""
        places = [self._place(name) for name in value]
        size = max([len(self.names), *(place + 1 for place in places)])
        unused = -size % 8
        number = sum(1 << size - 1 - place for place in set(places))
        return bytes((unused,)) + (number << unused).to_bytes((size + 7) // 8, "big")

    def _place(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        bit = name.removeprefix("bit-")
        if bit.isdecimal() and int(bit) < _MOST_BITS:
            return int(bit)
        raise ValueError(f"{name!r} is none of {', '.join(self.names)}")

    def accept(self, value: Any) -> Any:
        """Accept a list of names, and one name alone."""
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value

    def to_json(self, value: Sequence[str]) -> list[str]:
        """Give the names."""
        return list(value)

    def to_text(self, value: Sequence[str]) -> str:
        """Say the names."""
        return ", ".join(value) or "none"


class Explicit(Content):
    """A content inside one more tag: ``A1 09 06 07 …``."""

    def __init__(self, tag: int, content: Content) -> None:
        self.tag, self.content = tag, content

    def inner(self, octets: bytes, at: int, end: int) -> tuple[int, int, bool]:
        """Tell where the content begins and ends; it is cut to the element around it, which the flag tells."""
        if at >= end:
            raise Truncated(at, 1, 0)
        if octets[at] != self.tag:
            raise Problem(at, f"{octets[at]:02X} where {self.tag:02X} belongs")
        size, start = axdr.scan_length(octets, at + 1, end)
        if start + size > end:
            raise Problem(at + 1, f"length {size} where {end - start} octets are left in the element")
        return start, start + size, start + size < end

    def decode(self, octets: bytes, at: int, end: int) -> Any:
        """Read the content."""
        return self.content.decode(octets, *self.exactly(octets, at, end))

    def scan(self, octets: bytes, at: int, end: int) -> Any:
        """Read the content's plain value."""
        return self.content.scan(octets, *self.exactly(octets, at, end))

    def exactly(self, octets: bytes, at: int, end: int) -> tuple[int, int]:
        """Tell where the content begins and ends; it fills the element."""
        start, stop, has_more = self.inner(octets, at, end)
        if has_more:
            raise Problem(stop, f"{end - stop} octets left over in the element")
        return start, stop

    def encode(self, value: Any) -> bytes:
        """Build tag, length and content."""
        return element(self.tag, self.content.encode(value))

    def accept(self, value: Any) -> Any:
        """Accept what the content accepts."""
        return self.content.accept(value)

    def to_json(self, value: Any) -> Any:
        """Give the content's JSON form."""
        return self.content.to_json(value)

    def to_text(self, value: Any) -> str:
        """Say the content."""
        return self.content.to_text(value)

    def grow(self, node: Node, octets: bytes, at: int, end: int) -> None:
        """Add tag and length as hidden leaves, then the content."""
        start, stop, has_more = self.inner(octets, at, end)
        if has_more:
            raise Problem(stop, f"{end - stop} octets left over in the element")
        node.add(Node("tag", Kind.HIDDEN, at * 8, at * 8 + 8, octets[at], f"{octets[at]:02X}"))
        node.add(Node("length", Kind.HIDDEN, at * 8 + 8, start * 8, stop - start))
        self.content.grow(node, octets, start, stop)


class OneOf(Content):
    """A CHOICE of tagged contents; the value is ``(name, value)``."""

    def __init__(self, alternatives: Mapping[int, tuple[str, Content]]) -> None:
        self.alternatives = alternatives

    def pick(self, octets: bytes, at: int, end: int) -> tuple[str, Explicit]:
        """Find the alternative by its tag."""
        if at >= end:
            raise Truncated(at, 1, 0)
        found = self.alternatives.get(octets[at])
        if found is None:
            raise Problem(at, f"{octets[at]:02X} is none of the alternatives")
        return found[0], Explicit(octets[at], found[1])

    def decode(self, octets: bytes, at: int, end: int) -> tuple[str, Any]:
        """Read the alternative."""
        name, content = self.pick(octets, at, end)
        return name, content.decode(octets, at, end)

    def encode(self, value: tuple[str, Any]) -> bytes:
        """Build the alternative."""
        for tag, (name, content) in self.alternatives.items():
            if name == value[0]:
                return element(tag, content.encode(content.accept(value[1])))
        raise ValueError(f"{value[0]!r} is none of {', '.join(name for name, _ in self.alternatives.values())}")

    def accept(self, value: Any) -> Any:
        """Accept ``{"name": value}``, and what is no pair for the first alternative. Raises: ValueError."""
        contents = dict(self.alternatives.values())
        name = next(iter(contents))
        if isinstance(value, dict) and len(value) == 1:
            value = next(iter(value.items()))
        if isinstance(value, tuple) and len(value) == 2:
            name, value = value
        if name not in contents:
            raise ValueError(f"{name!r} is none of {', '.join(contents)}")
        return name, contents[name].accept(value)

    def to_json(self, value: tuple[str, Any]) -> dict[str, Any]:
        """Give ``{"name": value}``."""
        for name, content in self.alternatives.values():
            if name == value[0]:
                return {name: content.to_json(value[1])}
        return {value[0]: value[1]}

    def grow(self, node: Node, octets: bytes, at: int, end: int) -> None:
        """Add the alternative."""
        name, content = self.pick(octets, at, end)
        node.kind = Kind.CHOICE
        inner = node.add(Node(name, Kind.WRAP, at * 8, end * 8))
        content.grow(inner, octets, at, end)


class ApduContent(Content):
    """An APDU inside an OCTET STRING; its value is a packet, or octets where it is none."""

    def __init__(self) -> None:
        self.field = ApduField("apdu")

    def decode(self, octets: bytes, at: int, end: int) -> Any:
        """Read the packet."""
        return self.field.read(octets, at, end, {})[0]

    def scan(self, octets: bytes, at: int, end: int) -> bytes:
        """Check that the APDU reads, and give its octets."""
        return self.field.scan_value(octets, at, end, {})[0]

    def encode(self, value: Any) -> bytes:
        """Build the packet."""
        return octets_of(value)

    def accept(self, value: Any) -> Any:
        """Accept hex text and the JSON form of an APDU beside packets and octets."""
        return self.field.any2i(None, value)

    def grow(self, node: Node, octets: bytes, at: int, end: int) -> None:
        """Add the APDU's tree."""
        from dissectors import registry

        if registry.pick(octets, at, end) is None:
            node.add(Node("octets", Kind.LEAF, at * 8, end * 8, octets[at:end].hex().upper()))
            return
        with inner_apdu(at):
            node.kind = Kind.CHOICE
            registry.grow_apdu(node, octets, at, end)


def element(tag: int, content: bytes) -> bytes:
    """Build tag, length and content."""
    return bytes((tag,)) + axdr.length_octets(len(content)) + content
