"""The COSEM wrapper: eight octets before an APDU over TCP or UDP. Source: IEC 62056-47 (wrapper sublayer)."""

from __future__ import annotations

import re
from typing import Any

from dissectors.fields import Number
from dissectors.framed import noise
from dissectors.llc import payload_class
from dissectors.pdu import Layer

HEADER_SIZE = 8
_VERSION = b"\0\1"
_BEGINS = re.compile(rb"\x00\x01|(?<=[^\x00])\x00\Z")
"""A PDU, or the first octet of one; zeros alone are the padding of a segment."""


class Wrapper(Layer):
    """Version 1, source and destination wPort, length of the APDU (computed while not given)."""

    asn1 = "wrapper"
    fields_desc = [
        Number("version", "H", 1),
        Number("source_wport", "H", 16),
        Number("destination_wport", "H", 1),
        Number("length", "H", None),  # type: ignore[arg-type]
    ]

    def self_build(self) -> bytes:
        """Leave the header to :meth:`post_build`, for its length counts the payload."""
        return Layer.self_build(self) if self.problem is not None else b""

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Put the header before the APDU."""
        if self.problem is not None:
            return pkt + pay
        length = self.getfieldval("length")
        if length is None or "length" in self._automatic:
            length = len(pay)
        words = (self.version, self.source_wport, self.destination_wport, length)
        return b"".join(field.build(word) for field, word in zip(self.fields_desc, words, strict=True)) + pay

    def do_dissect(self, s: bytes) -> bytes:
        """Read the header; a length that is right follows later edits."""
        rest = Layer.do_dissect(self, s)
        if self.problem is None:
            self._automatic = frozenset({"length"} if self.length <= len(rest) else ())
            self.raw_packet_cache = None  # type: ignore[assignment]
        return rest

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """Part the APDU from the next wrapper PDU; a header that broke off has neither."""
        if self.problem is not None:
            return s, None
        return s[: self.length], s[self.length :]

    def hashret(self) -> bytes:
        """Give what request and response have in common."""
        if self.problem is not None:
            return b""
        ports = sorted((int(self.source_wport), int(self.destination_wport)))
        return b"%d %d" % tuple(ports)

    def answers(self, other: Any) -> bool:
        """Tell whether it comes back from where *other* went, with an APDU that answers."""
        if not isinstance(other, Wrapper) or self.problem is not None or other.problem is not None:
            return False
        back = (other.destination_wport, other.source_wport)
        return (self.source_wport, self.destination_wport) == back and bool(self.payload.answers(other.payload))

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: Any, session: Any) -> Any:
        """Make the PDU once a stream has all of it, None before. Noise and padding are Raw, up to the next PDU."""
        if data[:2] != _VERSION[: len(data)]:
            return noise(data, _BEGINS.search(data))
        is_cut = len(data) < HEADER_SIZE or len(data) < HEADER_SIZE + int.from_bytes(data[6:8], "big")
        return None if is_cut else cls(data)

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by the APDU tag."""
        return payload_class(payload)

    def mysummary(self) -> str:
        """Name the wPorts."""
        if self.problem is not None:
            return "Wrapper (partial)"
        return f"Wrapper {self.source_wport} > {self.destination_wport}"
