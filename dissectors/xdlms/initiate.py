"""xDLMS Initiate: what AARQ and AARE carry as user-information. Source: IEC 62056-5-3, xDLMS InitiateRequest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dissectors.characters import MASKED, HiddenRest
from dissectors.composites import Optional
from dissectors.enumerations import CONFORMANCE
from dissectors.fields import Constant, Flag, House, Number, OctetString, RandomOf, Seen
from dissectors.pdu import Layer
from dissectors.quirks import initiate_deviates, quirk
from dissectors.registry import apdu
from dissectors.tree import Kind, Node, Problem, Truncated

_HEADER, _SHORT_HEADER = bytes.fromhex("5F1F0400"), bytes.fromhex("5F0400")


class Conformance(House):
    """The conformance block: a BER BIT STRING of 24 named bits under [APPLICATION 31]. Its value is a number.

    Octets: 5F 1F 04 00 and three of bits; the shorter tag 5F of older meters is read too.
    """

    __slots__: list[str] = []

    def __init__(self, name: str) -> None:
        House.__init__(self, name, 0)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept the names of the bits that are set."""
        names = {x} if isinstance(x, str) else x
        if not isinstance(names, Iterable) or isinstance(x, bytes):
            return x
        if unknown := set(names) - set(CONFORMANCE):
            raise ValueError(f"{', '.join(map(str, unknown))}: none of {', '.join(CONFORMANCE)}")
        return sum(0x800000 >> CONFORMANCE.index(name) for name in set(names))

    def header(self, octets: bytes, at: int, end: int) -> int:
        """Find the size of the BER header."""
        for header in (_HEADER, _SHORT_HEADER):
            if octets[at : min(at + len(header), end)] == header:
                return len(header)
        if end - at < 7:
            raise Truncated(at, 7, end - at)
        raise Problem(at, f"{octets[at : at + 4].hex(' ').upper()} where 5F 1F 04 00 belongs")

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int, int]:
        """Read the 24 bits."""
        start = at + self.header(octets, at, end)
        if start + 3 > end:
            raise Truncated(at, start + 3 - at, end - at)
        return int.from_bytes(octets[start : start + 3], "big"), start + 3

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the block: its header as a hidden leaf, its bits as one leaf."""
        value, after = self.read(octets, at, end, seen)
        node = parent.add(Node(self.asn1, Kind.WRAP, at * 8, after * 8))
        start = after - 3
        node.add(Node("header", Kind.HIDDEN, at * 8, start * 8, octets[at:start].hex().upper()))
        node.add(Node("bits", Kind.LEAF, start * 8, after * 8, self.to_json(value), self.to_text(value)))
        if start - at == len(_SHORT_HEADER):
            node.notes.append(quirk("conformance-tag-short", at, start))
        return after

    def build(self, value: int) -> bytes:
        """Build header and bits."""
        return _HEADER + value.to_bytes(3, "big")

    def to_json(self, value: int) -> list[str]:
        """Give the names of the bits that are set."""
        return [name for bit, name in enumerate(CONFORMANCE) if value & 0x800000 >> bit]

    def to_text(self, value: int) -> str:
        """Say the names."""
        return ", ".join(self.to_json(value)) or "none"

    def randval(self) -> Any:
        """Draw 24 bits."""
        import random

        return RandomOf(lambda: random.getrandbits(24))


class SecretKey(OctetString):
    """A key: Scapy's own outputs mask it."""

    __slots__: list[str] = []

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Mask it."""
        return MASKED


@apdu(0x01, "initiateRequest")
class InitiateRequest(Layer):
    """What the client proposes. ``client_max_receive_pdu_size`` is in octets, 0 means unlimited."""

    rest = HiddenRest
    deviates = staticmethod(initiate_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x01),
        Optional(SecretKey("dedicated_key")),
        Optional(Flag("response_allowed", True)),
        Optional(Number("proposed_quality_of_service", "b")),
        Number("proposed_dlms_version_number", "B", 6),
        Conformance("proposed_conformance"),
        Number("client_max_receive_pdu_size", "H", 0xFFFF),
    ]


@apdu(0x08, "initiateResponse")
class InitiateResponse(Layer):
    """What the server agrees to. ``vaa_name`` is 7 with logical names, FA00 (64000) with short names."""

    deviates = staticmethod(initiate_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x08),
        Optional(Number("negotiated_quality_of_service", "b")),
        Number("negotiated_dlms_version_number", "B", 6),
        Conformance("negotiated_conformance"),
        Number("server_max_receive_pdu_size", "H", 0xFFFF),
        Number("vaa_name", "H", 7),
    ]
