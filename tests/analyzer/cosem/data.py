"""Data built by hand for the tests of meaning."""

from __future__ import annotations

from analyzer.cosem.datum import Datum, read_datum
from analyzer.cosem.logical_name import obis_from_text


def datum(octets: str | bytes) -> Datum:
    """The value in these octets."""
    found = bytes.fromhex(octets) if isinstance(octets, str) else octets
    return read_datum(found, 0, len(found))


def structure(*members: bytes) -> bytes:
    return b"\x02" + bytes((len(members),)) + b"".join(members)


def array(*members: bytes) -> bytes:
    return b"\x01" + bytes((len(members),)) + b"".join(members)


def octet_string(value: bytes) -> bytes:
    return b"\x09" + bytes((len(value),)) + value


def name(code: str) -> bytes:
    """A logical name as an octet-string."""
    return octet_string(obis_from_text(code))


def unsigned(value: int) -> bytes:
    return b"\x11" + value.to_bytes(1, "big")


def long_unsigned(value: int) -> bytes:
    return b"\x12" + value.to_bytes(2, "big")


def double_long_unsigned(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4, "big")


def scaler_unit(scaler: int, unit: int) -> bytes:
    return structure(b"\x0f" + scaler.to_bytes(1, "big", signed=True), b"\x16" + bytes((unit,)))


def clock(hour: int, minute: int = 0) -> bytes:
    """A date-time of 2 March 2026, one hour ahead of UTC."""
    return octet_string(bytes((0x07, 0xEA, 3, 2, 1, hour, minute, 0, 0, 0xFF, 0xC4, 0)))
