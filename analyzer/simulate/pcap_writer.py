"""Events into capture files: pcap and pcapng with times in nanoseconds.

Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from analyzer.simulate.sent import SECOND, Sent
from captures import blocks
from captures.chunk import UNKNOWN

ETHERNET, USER0 = 1, 147


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
    found = [blocks.section(application="dlmshark simulator", comment=comment)]
    found += [blocks.interface(one.link_type, one.name, one.description) for one in interfaces]
    found += [
        blocks.packet(one.time_ns, one.octets, interface=one.interface, direction=one.direction, comment=one.comment)
        for one in packets
    ]
    return b"".join(found)


def packets_of(events: Iterable[Sent], comments: Mapping[int, str] | None = None) -> list[Packet]:
    """Make packets of one interface; *comments* by packet number from 1."""
    told = comments or {}
    return [
        Packet(event.time_ns, event.octets, event.direction, 0, told.get(number, ""))
        for number, event in enumerate(events, 1)
    ]
