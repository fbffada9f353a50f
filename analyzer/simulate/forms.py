"""Data in JSON form, COSEM date-times and layers, made into octets for the simulator."""

from __future__ import annotations

import datetime
from typing import Any

from scapy.packet import Packet

from analyzer.simulate.sent import SECOND, Form
from dissectors import data, registry
from dissectors.pdu import Layer

NULL: Form = {"null-data": None}


def octet_string(value: bytes) -> Form:
    """Give an octet-string."""
    return {"octet-string": value.hex().upper()}


def structure(*members: Form) -> Form:
    """Give a structure."""
    return {"structure": list(members)}


def array(members: list[Form]) -> Form:
    """Give an array."""
    return {"array": list(members)}


def encode_form(form: Form) -> bytes:
    """Build the octets of Data, type tag included."""
    return data.encode(data.from_json(form))


def form_of(value: data.Value) -> Form:
    """Give the JSON form of a nested value as a layer's field holds it."""
    form: Form = data.to_json(value)
    return form


def octets_of(layer: Layer) -> bytes:
    """Build a layer with all inside."""
    _settle(layer)
    return bytes(layer)


def read_apdu(octets: bytes) -> Any:
    """Read an APDU of the simulator's own into its layer."""
    found = registry.pick(octets, 0, len(octets))
    if found is None:
        raise ValueError(f"no APDU: {octets.hex()}")
    packet, _ = found[1].read_packet(octets, 0, len(octets))
    return packet


def _settle(value: object) -> None:
    """Mark packets as single ones.

    Scapy takes a field value that is a tuple of two or three numbers, as Data and addresses are, for a range.
    """
    if isinstance(value, Packet):
        value.explicit = 1
        for inner in value.fields.values():
            _settle(inner)
        if value.payload:
            _settle(value.payload)
    elif isinstance(value, list):
        for inner in value:
            _settle(inner)


def date_time(time_ns: int, offset_minutes: int = 60, status: int = 0) -> bytes:
    """Build the 12 octets of a date-time at an offset to UTC; the deviation is UTC minus local time."""
    local = datetime.datetime.fromtimestamp(time_ns // SECOND, datetime.UTC) + datetime.timedelta(
        minutes=offset_minutes
    )
    return (
        local.year.to_bytes(2, "big")
        + bytes((local.month, local.day, local.isoweekday(), local.hour, local.minute, local.second))
        + bytes((time_ns % SECOND // 10_000_000,))
        + (-offset_minutes).to_bytes(2, "big", signed=True)
        + bytes((status,))
    )


def time_of(octets: bytes) -> int:
    """Read the UTC time in nanoseconds since 1970 out of a date-time without wildcards."""
    local_ns = nanoseconds(int.from_bytes(octets[:2], "big"), *octets[2:4], *octets[5:8])
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    return local_ns + deviation * 60 * SECOND + octets[8] * 10_000_000


def nanoseconds(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Give a UTC time in nanoseconds since 1970."""
    moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    return int(moment.timestamp()) * SECOND
