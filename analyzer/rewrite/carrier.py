"""Units of records to packets: over TCP between made addresses, or on serial lines, at the times they had.

Source: RFC 791, RFC 793; IEC 62056-47 (wrapper); LINKTYPE_RTAC_SERIAL of the tcpdump.org registry.
"""

from __future__ import annotations

from struct import pack
from typing import NamedTuple

from analyzer.export.packets import LINK_TYPE as RAW_IP
from analyzer.export.packets import WRAPPER_PORT, check, wport
from analyzer.record import NOISE, REQUEST, Record
from analyzer.rewrite.pseudonyms import Pseudonyms
from captures import blocks, rtac

_TCP, _TTL, _MOST, _NETWORK = 6, 64, 1400, -1
_HEAD = 8
"""Octets that come when a unit begins, where it ends later: the header of a wrapper PDU."""
_BARE = frozenset(("apdu", "llc"))
"""Links of which nothing but the APDU is written, in wrapper PDUs."""
_KINDS = {0: rtac.TX_START, 1: rtac.RX_START}


class Piece(NamedTuple):
    """Octets of a record's unit that came at once, and when, in nanoseconds."""

    record: Record
    time_ns: int
    octets: bytes


class Carrier:
    """Writes packets of one capture; interfaces are described when they are first used."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names
        self._interfaces: dict[int, int] = {}
        self._sequences: dict[tuple[int, str], int] = {}

    def pieces(self, record: Record, unit: bytes, stood: bytes) -> list[Piece]:
        """Give what came of a unit, in which the APDU *stood*, and when; its first octets come when it began."""
        if record.link in _BARE:
            unit = self._wrapped(record, unit, stood)
        time_ns = record.time_ns or 0
        if record.start_ns is None or record.problem or record.kind == NOISE or len(unit) <= _HEAD:
            return [Piece(record, time_ns, unit)]
        return [Piece(record, record.start_ns, unit[:_HEAD]), Piece(record, time_ns, unit[_HEAD:])]

    def packets(self, piece: Piece) -> bytes:
        """Build the packets of a piece; those of one lane, and what the other side has of it, count on."""
        record, when, octets = piece
        lane = record.lane
        is_network = lane.ends[0] != lane.ends[1] or record.link in _BARE
        opening = b""
        interface = self._interfaces.get(place := _NETWORK if is_network else lane.conversation)
        if interface is None:
            interface = self._interfaces[place] = len(self._interfaces)
            opening = blocks.interface(
                RAW_IP if is_network else rtac.LINK_TYPE, "network" if is_network else "serial line"
            )
        if not is_network:
            kind = _KINDS[lane.side] if " > " in lane.text else rtac.STATUS_CHANGE
            return opening + blocks.packet(when, rtac.event(kind, when, octets), interface=interface)
        return opening + b"".join(
            blocks.packet(when, self._segment(record, octets[at : at + _MOST]), interface=interface)
            for at in range(0, len(octets), _MOST)
        )

    @staticmethod
    def _wrapped(record: Record, unit: bytes, stood: bytes) -> bytes:
        """Put an APDU that stood in no link, or in one that packets cannot carry, into a wrapper PDU."""
        apdu = unit[max(0, record.octets.find(stood)) :]
        ports = [wport(record.client), wport(record.server)]
        if record.direction != REQUEST:
            ports.reverse()
        return pack(">HHHH", 1, *ports, len(apdu)) + apdu

    def _segment(self, record: Record, octets: bytes) -> bytes:
        lane = record.lane
        ends = lane.ends
        if record.link in _BARE:  # a connection of their own, by who asks and who answers
            sides = (record.direction != REQUEST, record.direction == REQUEST)
            source, destination = (f"{lane.conversation} {record.link} {side}:{WRAPPER_PORT}" for side in sides)
            ends = (source, destination)
        hosts = [self._names.ip(end.rpartition(":")[0]) for end in ends]
        ports = [int(port) if (port := end.rpartition(":")[2]).isdecimal() else 0 for end in ends]
        there, back = ((lane.conversation, end) for end in ends)
        sequence = self._sequences.get(there, 1)
        self._sequences[there] = sequence + len(octets) & 0xFFFFFFFF
        acknowledged = self._sequences.get(back, 1)
        segment = pack(">HHIIHHHH", *ports, sequence, acknowledged, 0x5018, 0xFFFF, 0, 0) + octets
        head = pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, _TTL, _TCP, 0) + hosts[0] + hosts[1]
        return head[:10] + check(head) + head[12:] + segment
