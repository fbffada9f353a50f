"""Which logical device of which meter a record is about."""

from __future__ import annotations

from analyzer.record import REQUEST, Lane, Record
from dissectors.gateway import device_text

MeterKey = tuple[str, int | str | None]
"""The server's end of a lane, and its address; with the device where that is behind a gateway."""


def meter_key(record: Record) -> MeterKey:
    """Tell which logical device of which meter a record is about: the server's end of its lane, and its address."""
    lane = record.lane
    end = lane.ends[1] if record.direction == REQUEST else lane.ends[0]
    server = record.server if record.server is not None else record.station or None
    return end, with_device(server, record.gateway) if record.gateway else server


def key_of(lane: Lane, direction: str, server: int | str | None, device: str) -> MeterKey:
    """Tell the same by what a row keeps of a record: *device* is the text of one behind a gateway, empty for none."""
    end = lane.ends[1] if direction == REQUEST else lane.ends[0]
    if device:
        return end, device if server is None else f"{server} {device}"
    return end, server


def with_device(server: int | str | None, gateway: bytes) -> str:
    """Tell devices apart that share the address of their gateway."""
    device = device_text(gateway)
    return device if server is None else f"{server} {device}"


def address_text(key: MeterKey) -> str:
    """Write the server's address alone, without the device behind a gateway."""
    return str(key[1]).partition(" network ")[0]


def place_text(key: MeterKey) -> str:
    """Say where a meter is that has not told its name: the server's end of its lane and its address."""
    end, server = key
    return f"{end} {server}" if server is not None else end
