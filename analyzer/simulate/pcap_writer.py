"""Events into capture files: pcap and pcapng with times in nanoseconds.

Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from analyzer.simulate.sent import SECOND, Sent
from captures.chunk import UNKNOWN

ETHERNET, USER0 = 1, 147
_SECTION, _INTERFACE, _ENHANCED = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION = 1, 4
_NAME, _DESCRIPTION, _TIME_RESOLUTION = 2, 3, 9
_FLAGS = 2


class Interface(NamedTuple):
    """An interface of a pcapng section."""

    link_type: int
    name: str = ""
    description: str = ""


class Packet(NamedTuple):
    """A packet of a pcapng section; *direction* as in `captures.chunk`."""

    time_ns: int
    octets: bytes
    direction: int = UNKNOWN
    interface: int = 0
    comment: str = ""


def pcap(events: Iterable[Sent], link_type: int, *, snap_length: int = 262144) -> bytes:
    """Give a pcap file, little endian."""
    found = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap_length, link_type)]
    for event in events:
        seconds, fraction = divmod(event.time_ns, SECOND)
        kept = event.octets[:snap_length]
        found.append(struct.pack("<IIII", seconds, fraction, len(kept), len(event.octets)) + kept)
    return b"".join(found)


def pcapng(packets: Iterable[Packet], interfaces: Sequence[Interface], *, comment: str = "") -> bytes:
    """Give a pcapng file of one section, little endian."""
    about = _options({_COMMENT: comment.encode(), _APPLICATION: b"dlmshark simulator"})
    found = [_block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + about)]
    for one in interfaces:
        options = {_NAME: one.name.encode(), _DESCRIPTION: one.description.encode(), _TIME_RESOLUTION: b"\x09"}
        found.append(_block(_INTERFACE, struct.pack("<HHI", one.link_type, 0, 0) + _options(options)))
    found += [_enhanced(packet) for packet in packets]
    return b"".join(found)


def packets_of(events: Iterable[Sent], comments: Mapping[int, str] | None = None) -> list[Packet]:
    """Make packets of one interface; *comments* by packet number from 1."""
    told = comments or {}
    return [
        Packet(event.time_ns, event.octets, event.direction, 0, told.get(number, ""))
        for number, event in enumerate(events, 1)
    ]


def _enhanced(packet: Packet) -> bytes:
    size = len(packet.octets)
    head = struct.pack("<IIIII", packet.interface, packet.time_ns >> 32, packet.time_ns & 0xFFFFFFFF, size, size)
    flags = struct.pack("<I", packet.direction) if packet.direction != UNKNOWN else b""
    return _block(
        _ENHANCED, head + _padded(packet.octets) + _options({_COMMENT: packet.comment.encode(), _FLAGS: flags})
    )


def _options(values: Mapping[int, bytes]) -> bytes:
    """Build the options that have a value, and their end."""
    found = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in values.items() if value)
    return found + bytes(4) if found else b""


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
