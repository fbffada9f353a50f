"""Fields that bound others by a length, and fields that hold a whole APDU.

Source: IEC 61334-6 (A-XDR lengths), ITU-T X.690 (BER lengths), IEC 62056-5-3 (ciphered APDUs).
"""

from __future__ import annotations

from typing import Any

from dissectors import axdr, registry
from dissectors.fields import House, Octets, Remaining, Seen, from_hex, octets_of
from dissectors.nesting import inner_apdu, is_deepest
from dissectors.quirks import quirk
from dissectors.scapy_base import Packet
from dissectors.tree import Kind, Node, Problem, Truncated

AUTHENTICATED, ENCRYPTED = 0x10, 0x20
"""Bits of the security control octet."""
TAG_SIZE = 12


_MISSED = (1, 2, 3, 4, 7)
"""So many octets too few count known lengths."""  # field: Gurux servers leave 4 out, those in Python all 7 before it


class Length(House):
    """The length of all fields that follow in the layer; computed while it is ``None``. *quirk* names a leniency."""

    __slots__ = ["quirk"]
    narrows = True

    def __init__(self, name: str = "length", quirk: str = "") -> None:
        self.quirk = quirk
        House.__init__(self, name, None)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int, int]:
        """Read the length; A-XDR and definite BER lengths have the same octets."""
        return axdr.scan_length(octets, at, end)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the length as a hidden leaf."""
        size, after = axdr.scan_length(octets, at, end)
        seen[self.name] = size
        leaf = parent.add(Node(self.asn1, Kind.HIDDEN, at * 8, after * 8, size, f"{size} octets"))
        limit = self.limit(size, octets, after, end)
        if self.quirk and limit != after + size and after + size != end and limit == end:
            leaf.notes.append(quirk(self.quirk, at, after))
        return after

    def limit(self, size: int, octets: bytes, at: int, end: int) -> int:
        """Tell where the region that begins at *at* ends; beyond *end* where octets are missing."""
        declared = at + size
        if self.quirk == "length-too-small" and end - declared in _MISSED:
            return end
        if self.quirk == "length-counts-absent-tag" and declared - end == TAG_SIZE and at < end:
            return end if octets[at] & (AUTHENTICATED | ENCRYPTED) == ENCRYPTED else declared
        return declared

    def build(self, value: int) -> bytes:
        """Build the length."""
        return axdr.length_octets(value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the number, or that it will be computed."""
        return "computed" if x is None else str(x)

    def randval(self) -> None:
        """Stay computed."""
        return


class Ciphered(Remaining):
    """The octets up to the authentication tag, where the security control says that there is one."""

    __slots__: list[str] = []
    looks_back = True

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Take what stands before the tag."""
        stop = end - TAG_SIZE if seen["security_control"] & AUTHENTICATED else end
        if stop < at:
            raise Truncated(at, TAG_SIZE, end - at)
        return octets[at:stop], stop


class Counter(House):
    """The invocation counter of a general-ciphering APDU; it may be left out where nothing is protected."""

    __slots__: list[str] = []
    looks_back = True

    def __init__(self, name: str = "invocation_counter") -> None:
        House.__init__(self, name, 0)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read four octets, unless an unprotected APDU begins right here."""
        is_protected = seen["security_control"] & (AUTHENTICATED | ENCRYPTED)
        if not is_protected and octets[at:end][:1] != b"\0" and registry.begins_apdu(octets, at, end):
            return None, at  # 00 is a quirk's tag, and the first octet of most counters
        if at + 4 > end:
            raise Truncated(at, 4, end - at)
        return int.from_bytes(octets[at : at + 4], "big"), at + 4

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the counter where there is one."""
        value, after = self.read(octets, at, end, seen)
        if value is not None:
            parent.children.append(Node(self.asn1, Kind.LEAF, at * 8, after * 8, value))
        return after

    def build(self, value: int | None) -> bytes:
        """Build four octets, or none."""
        return b"" if value is None else value.to_bytes(4, "big")


class Tag(Octets):
    """The authentication tag: 12 octets."""

    __slots__: list[str] = []

    def __init__(self, name: str = "tag") -> None:
        Octets.__init__(self, name, TAG_SIZE)


class ApduField(House):
    """An APDU inside another one, up to the end of the region; *sized* puts a length in front.

    Its value is a packet, or octets where they are no APDU. *strict* keeps octets that do not read completely.
    """

    __slots__ = ["sized", "strict"]
    holds_packets = 1

    def __init__(self, name: str, *, sized: bool = False, strict: bool = False) -> None:
        self.sized, self.strict = sized, strict
        House.__init__(self, name, b"")

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept hex text and the JSON form of an APDU beside packets and octets."""
        return registry.from_json(x) if isinstance(x, dict) else from_hex(x)

    def bounds(self, octets: bytes, at: int, end: int) -> tuple[int, int]:
        """Tell where the APDU begins and ends."""
        if not self.sized:
            return at, end
        size, start = axdr.scan_length(octets, at, end)
        if start + size > end:
            raise Truncated(at, start - at + size, end - at)
        return start, start + size

    def keeps(self, octets: bytes, start: int, stop: int) -> bool:
        """Tell whether the octets of an APDU stay octets, for it does not read completely or stands too deep."""
        if not self.strict:
            return False
        if is_deepest():
            return True
        with inner_apdu(start):
            return not registry.reads(octets, start, stop)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read a packet, or the octets."""
        start, stop = self.bounds(octets, at, end)
        found = registry.pick(octets, start, stop)
        if found is None or self.keeps(octets, start, stop):
            return octets[start:stop], stop
        with inner_apdu(start):
            try:
                packet, after = found[1].read_packet(octets, start, stop)
            except Problem as problem:
                return problem.partial, stop
        return (packet, stop) if after == stop else (octets[start:stop], stop)

    def scan_value(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Check that the APDU reads where it must, and give its octets."""
        start, stop = self.bounds(octets, at, end)
        if not self.strict and (found := registry.pick(octets, start, stop)) is not None:
            from dissectors.compile import scan

            with inner_apdu(start):
                if scan(found[1]).function(octets, start, stop)[1] != stop:
                    raise Problem(start, "octets left over after the APDU")
        return octets[start:stop], stop

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the APDU's own tree, or the octets as one leaf."""
        start, stop = self.bounds(octets, at, end)
        is_octets = registry.pick(octets, start, stop) is None or self.keeps(octets, start, stop)
        node = parent.add(Node(self.asn1, Kind.CHOICE, at * 8, stop * 8))
        if start > at:
            node.add(Node("length", Kind.HIDDEN, at * 8, start * 8, stop - start))
        if is_octets:
            node.kind = Kind.WRAP
            node.add(Node("octets", Kind.LEAF, start * 8, stop * 8, octets[start:stop].hex().upper()))
            return stop
        with inner_apdu(start):
            registry.grow_apdu(node, octets, start, stop)
        node.end = stop * 8
        return stop

    def build(self, value: Any) -> bytes:
        """Build the APDU."""
        body = octets_of(value)
        return axdr.length_octets(len(body)) + body if self.sized else body

    def to_json(self, value: Any) -> Any:
        """Give hex of octets."""
        return value.hex().upper() if isinstance(value, bytes) else value

    def do_copy(self, x: Any) -> Any:
        """Copy a packet."""
        return x.copy() if isinstance(x, Packet) else x

    def randval(self) -> None:
        """Stay."""
        return
