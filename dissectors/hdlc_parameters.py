"""What SNRM and UA negotiate: the parameters of a data link, inside their information field.

Source: ISO/IEC 13239, IEC 62056-46 (data link layer using HDLC).
"""

from __future__ import annotations

from typing import Any

from dissectors.fields import House, Number, Seen
from dissectors.pdu import Layer
from dissectors.tree import Kind, Node, Truncated

PARAMETERS: dict[int, str] = {
    5: "maximum-information-field-length-transmit",
    6: "maximum-information-field-length-receive",
    7: "window-size-transmit",
    8: "window-size-receive",
}


class ParameterList(House):
    """The negotiated parameters as ``(identifier, value, octets)``, in their order."""

    __slots__: list[str] = []

    def __init__(self, name: str) -> None:
        House.__init__(self, name, ((5, 128, 1), (6, 128, 1), (7, 1, 4), (8, 1, 4)))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Keep a list as a tuple: Scapy takes a list for one packet each of its members. Raises: ValueError."""
        try:
            return tuple((int(one), int(number), int(size)) for one, number, size in x)
        except (TypeError, ValueError):
            expected = "identifier, value and octets of each, such as [(5, 512, 2)]"
            raise ValueError(f"{self.name}: {expected}, were expected, not {x!r}") from None

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[tuple[tuple[int, int, int], ...], int]:
        """Read identifier, length, value up to the end."""
        found = []
        while at < end:
            if at + 2 > end or at + 2 + octets[at + 1] > end:
                raise Truncated(at, 2, end - at)
            size = octets[at + 1]
            found.append((octets[at], int.from_bytes(octets[at + 2 : at + 2 + size], "big"), size))
            at += 2 + size
        return tuple(found), at

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add one leaf a parameter."""
        while at < end:
            if at + 2 > end or at + 2 + octets[at + 1] > end:
                raise Truncated(at, 2, end - at)
            after = at + 2 + octets[at + 1]
            name = PARAMETERS.get(octets[at], f"parameter-{octets[at]:02x}")
            value = int.from_bytes(octets[at + 2 : after], "big")
            parent.add(Node(name, Kind.LEAF, at * 8, after * 8, value))
            at = after
        return at

    def build(self, value: Any) -> bytes:
        """Build all parameters."""
        return b"".join(bytes((one, size)) + number.to_bytes(size, "big") for one, number, size in value)

    def randval(self) -> None:
        """Stay."""
        return


class GroupLength(Number):
    """The length of the parameter group."""

    __slots__: list[str] = []
    narrows = True

    def limit(self, value: int, octets: bytes, at: int, end: int) -> int:
        """Tell where the group ends."""
        return min(at + value, end)


class HdlcParameters(Layer):
    """The information field of SNRM and UA: what is proposed or agreed. Group length is computed while ``None``."""

    asn1 = "parameter-negotiation"
    fields_desc = [
        Number("format_identifier", "B", 0x81),
        Number("group_identifier", "B", 0x80),
        GroupLength("group_length", "B", None),  # type: ignore[arg-type]
        ParameterList("parameters"),
    ]
