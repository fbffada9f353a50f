"""Groups of bits that stand together in octets: Scapy's own bit fields, folded for the two other engines."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, calcsize
from typing import Any

from dissectors.fields import packed
from dissectors.scapy_base import BitField, VolatileValue
from dissectors.tree import Kind, Node, Truncated

_LEAF, _BITS = Kind.LEAF, Kind.BITS  # an attribute of an Enum costs as much as a node's field


class BitPart(BitField):
    """One part of a group of bits: Scapy's own BitField that knows its group."""

    __slots__ = ["asn1", "group", "shift"]

    def __init__(self, name: str, size: int, default: int, shift: int, asn1: str) -> None:
        self.shift = shift
        self.asn1 = asn1
        BitField.__init__(self, name, default, size)

    def i2m(self, pkt: Any, x: Any) -> Any:
        """Give what is built. Raises: ValueError of a number with more bits, of which Scapy builds another one."""
        most = (1 << self.size) - 1
        if x is None or isinstance(x, VolatileValue) or (isinstance(x, int) and 0 <= x <= most):
            return BitField.i2m(self, pkt, x)
        raise ValueError(f"{self.name}: a whole number from 0 to {most} was expected, not {x!r}")


class BitGroup:
    """The bits that stand together in 1, 2 or 4 octets: what two of the engines read in place of the parts."""

    narrows = False
    is_beyond = False

    def __init__(self, name: str, asn1: str, code: str, parts: Sequence[BitPart], *, as_hex: bool) -> None:
        self.name = name
        self.asn1 = asn1
        self.code = code
        self.parts = parts
        self.as_hex = as_hex
        self.size = calcsize(">" + code)
        self.plan: list[tuple[str, str, int, int, int, bool]] = []
        """Name, shown name, shift, mask, width, and whether it is shown as true or false: for each part."""
        for part in parts:
            part.group = self
            is_flag = part.size == 1 and not as_hex
            self.plan.append((part.name, part.asn1, part.shift, (1 << part.size) - 1, part.size, is_flag))

    def split(self, value: int) -> dict[str, int]:
        """Give the parts of *value* by name."""
        return {part.name: value >> part.shift & (1 << part.size) - 1 for part in self.parts}

    def parts_of(self, given: Any) -> dict[str, int]:
        """Give the parts of a number, or of hex digits. Raises: ValueError."""
        try:
            number = int(given, 16) if isinstance(given, str) else given
        except ValueError:
            raise ValueError(f"{self.name}: a number or hex digits were expected, not {given!r}") from None
        packed(self.name, Struct(">" + self.code), number)
        return self.split(number)

    def to_json(self, value: int) -> str:
        """Give the group as hex digits."""
        return f"{value:0{self.size * 2}X}"

    def read(self, octets: bytes, at: int, end: int) -> tuple[int, int]:
        """Read the group as one number."""
        after = at + self.size
        if after > end:
            raise Truncated(at, self.size, end - at)
        return int.from_bytes(octets[at:after], "big"), after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add a node for the group with one leaf a part."""
        value, after = self.read(octets, at, end)
        seen[self.name] = value
        bit = at * 8
        node = Node(self.asn1, _BITS, bit, after * 8, self.to_json(value) if self.as_hex else None)
        parent.children.append(node)
        add = node.children.append
        for name, asn1, shift, mask, width, is_flag in self.plan:
            one = seen[name] = value >> shift & mask
            add(Node(asn1, _LEAF, bit, bit + width, bool(one) if is_flag else one))
            bit += width
        return after


def bits(
    name: str, *parts: tuple[str, int] | tuple[str, int, int], as_hex: bool = True, group: type[BitGroup] = BitGroup
) -> list[BitPart]:
    """Declare a group of bits, most significant first, as ``(name, width[, default])``; use it with ``*``."""
    total = sum(part[1] for part in parts)
    fields: list[BitPart] = []
    shift = total
    for part in parts:
        shift -= part[1]
        fields.append(BitPart(part[0], part[1], part[2] if len(part) > 2 else 0, shift, part[0].replace("_", "-")))
    group(name, name.replace("_", "-"), {8: "B", 16: "H", 32: "I"}[total], fields, as_hex=as_hex)
    return fields
