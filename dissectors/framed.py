"""Link layers that stand around their payload: octets before it, and a check sequence behind it that covers it.

In Scapy the field between them is the payload; length and checks are computed while not given, and follow later edits
where they were right as read.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from dissectors.fields import Remaining, octets_of
from dissectors.pdu import Layer
from dissectors.scapy_base import Padding, Raw
from dissectors.tree import Kind, Node


def noise(octets: bytes, begins: re.Match[bytes] | None) -> Any:
    """Give the octets before what *begins* as a packet of their own; what follows is padding, which streams keep."""
    at = begins.start() if begins else len(octets)
    return Raw(octets[:at]) / Padding(octets[at:]) if begins else Raw(octets)


class Carried(Remaining):
    """The octets of an information field: all up to the end of the region. In Scapy they are the payload."""

    __slots__: list[str] = []

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Say that it is the payload, where Scapy shows it."""
        return self.to_json(x) or "(the payload)"

    def build(self, value: Any) -> bytes:
        """Give the octets. Raises: ValueError."""
        try:
            return octets_of(value)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    def randval(self) -> None:
        """Stay: what is carried is drawn as the payload."""
        return

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the octets as one leaf that the caller may grow further; an empty field has none."""
        value, after = self.read(octets, at, end, seen)
        if value:
            parent.children.append(Node(self.asn1, Kind.LEAF, at * 8, after * 8, value.hex().upper()))
        return after


class Framed(Layer):
    """A layer around its payload, which is the field *information*."""

    computed: ClassVar[frozenset[str]] = frozenset()
    """The fields that are computed while not given."""

    def assemble(self, information: bytes, computed: frozenset[str]) -> bytes:
        """Build the frame around *information*. Raises: ValueError where it does not fit."""
        raise NotImplementedError

    def do_dissect(self, s: bytes) -> bytes:
        """Read the frame; its information field is the payload, octets behind it are padding."""
        tail = Layer.do_dissect(self, s)
        if self.problem is not None or "information" not in self.fields:
            self.fields["_tail"] = tail
            return b""
        information: bytes = self.fields.pop("information")
        self._automatic = self._right_fields(bytes(self.raw_packet_cache or b""), information)
        self.fields["_tail"] = tail
        self.raw_packet_cache = None  # type: ignore[assignment]
        return information

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """Part the information field from what follows the frame."""
        return s, self.fields.pop("_tail", b"")

    def _right_fields(self, raw: bytes, information: bytes) -> frozenset[str]:
        """Tell which computed fields have the right value as read, and so follow later edits."""
        try:
            return self.computed if self.assemble(information, self.computed) == raw else frozenset()
        except ValueError:
            return frozenset()

    def self_build(self) -> bytes:
        """Leave all to :meth:`post_build`, for the checks cover the payload; a partial frame is its octets."""
        return Layer.self_build(self) if self.problem is not None else b""

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Put the frame around its information field: octets that were given for it, and the payload."""
        if self.problem is not None:
            return pkt + pay
        return self.assemble(
            self.get_field("information").build(self.fields.get("information", b"")) + pay, self._automatic
        )
