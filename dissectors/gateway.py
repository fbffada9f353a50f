"""The gateway prefix: which device behind a gateway an APDU is for, or comes from.

Source: IEC 62056-5-3 Annex C (gateway protocol): header E6 or E7, network-id, physical-device-address, then the APDU.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dissectors import axdr, registry
from dissectors.fields import Number, OctetString
from dissectors.llc import payload_class
from dissectors.pdu import Layer
from dissectors.tree import Problem

REQUEST, RESPONSE = 0xE6, 0xE7
TYPES = {REQUEST: "request", RESPONSE: "response"}
"""The prefix of what goes to the device, and of what comes from it."""


class Gateway(Layer):
    """The prefix before an APDU that goes through a gateway."""

    asn1 = "gateway"
    fields_desc = [
        Number("header", "B", REQUEST, asn1="type", table=TYPES),
        Number("network_id", "B", 0),
        OctetString("physical_device_address"),
    ]

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by the APDU tag."""
        return payload_class(payload)


def prefix_size(octets: bytes) -> int:
    """Count the octets of the gateway prefix that *octets* begin with; 0 where none does, or no APDU follows."""
    if not octets or octets[0] not in TYPES:
        return 0
    try:
        size, start = axdr.scan_length(octets, 2, len(octets))
    except Problem:
        return 0
    end = start + size
    return end if registry.begins_apdu(octets, end, len(octets)) else 0


@lru_cache(maxsize=4096)
def device_text(prefix: bytes) -> str:
    """Name the device that a gateway prefix tells, the same in both directions."""
    of = members(prefix)
    return f"network {of['network-id']} device {of['physical-device-address'] or '-'}"


def members(prefix: bytes) -> dict[str, Any]:
    """Give the JSON form of a gateway prefix."""
    start = axdr.scan_length(prefix, 2, len(prefix))[1]
    address = prefix[start:].hex().upper()
    return {"type": TYPES[prefix[0]], "network-id": prefix[1], "physical-device-address": address}
