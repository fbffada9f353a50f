"""LLC: the three octets before an APDU in HDLC, and the frame of IEC 61334-4-32.

Source: IEC 62056-46 (LLC sublayer), IEC 61334-4-32.
"""

from __future__ import annotations

from typing import Any

from dissectors import registry
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.scapy_base import Raw

REQUEST, RESPONSE = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
"""The LLC octets from client to server, and from server to client."""


class Llc(Layer):
    """Destination LSAP E6, source LSAP E6 (command) or E7 (response), quality 00."""

    asn1 = "llc"
    fields_desc = [
        Number("destination_lsap", "B", 0xE6),
        Number("source_lsap", "B", 0xE6),
        Number("quality", "B", 0),
    ]

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by the next octets: LLC again (a quirk), or the APDU tag."""
        return payload_class(payload)


class Llc432(Layer):
    """An IEC 61334-4-32 frame: control 90 (UI), destination, source; the datagram is its end."""

    asn1 = "llc"
    fields_desc = [
        Constant("control", 0x90),
        Number("destination", "B", 1),
        Number("source", "B", 16),
    ]

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by the APDU tag."""
        return payload_class(payload)


def payload_class(payload: bytes) -> Any:
    """Find the layer that reads *payload*: LLC, a gateway prefix, an APDU, or Raw."""
    if payload[:3] in (REQUEST, RESPONSE) or has_quality(payload):
        return Llc
    if payload[:1] in (b"\xe6", b"\xe7"):
        from dissectors.gateway import Gateway

        return Gateway
    found = registry.pick(payload, 0, len(payload))
    return found[1] if found is not None else Raw


def has_quality(octets: bytes) -> bool:
    """Tell whether *octets* begin with an LLC header whose quality is not 00, and a whole APDU behind it.

    A gateway prefix may begin so, too: what is behind that is no APDU from its fourth octet on.
    """
    if octets[:2] not in (REQUEST[:2], RESPONSE[:2]) or octets[2:3] == b"\0":
        return False
    from dissectors.scanning import reads  # here, as it needs the layers

    return reads(octets[3:])
