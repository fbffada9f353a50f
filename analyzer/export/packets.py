"""Records to packets that stock Wireshark opens: each APDU, deciphered where it was opened, in a wrapper PDU over UDP.

The addresses of the packet are made: the client is 10.0.0.1, each meter one of 10.1.0.0/16, by its lane and address.
Source: IEC 62056-47 (wrapper, port 4059); RFC 791, RFC 768.
"""

from __future__ import annotations

from struct import pack

from analyzer.record import MESSAGE, RESPONSE, UNSOLICITED, Record
from analyzer.tracking.two_taps import LATE_NS
from captures import blocks

LINK_TYPE = 101
"""Raw IP."""
WRAPPER_PORT = 4059
_CLIENT = bytes((10, 0, 0, 1))
_MOST = 65535 - 20 - 8 - 8
_UDP, _TTL = 17, 64


class Packets:
    """Writes the packets of one capture."""

    def __init__(self) -> None:
        self._meters: dict[tuple[object, ...], bytes] = {}
        self._newest = (0, 0, 0)
        """Of what was written last: the conversation, the packet of the capture, and the time."""

    def blocks(self, record: Record) -> bytes:
        """Build the pcapng blocks of what *record* carries; nothing where it carries no APDU."""
        if record.kind == MESSAGE:  # one that was ciphered is text within its APDU
            return b""
        apdus = [one for one in (record.assembled or record.shown, *record.more) if one is not None]
        if not apdus:
            return b""
        time_ns = self._time(record)
        return b"".join(
            blocks.packet(time_ns, self._packet(record, one.octets), comment=f"record {record.number}")
            for one in apdus
            if len(one.octets) <= _MOST
        )

    def _time(self, record: Record) -> int:
        """Give the time of a record; one that was put behind what its tap gave later is no older than that."""
        conversation, packet = record.lane.conversation, record.packets[-1] if record.packets else 0
        time_ns = record.time_ns or 0
        before, newest, newest_ns = self._newest
        if conversation == before and packet < newest and 0 < newest_ns - time_ns <= LATE_NS:
            return newest_ns
        self._newest = (conversation, packet, time_ns)
        return time_ns

    def _packet(self, record: Record, apdu: bytes) -> bytes:
        meter = self._meter(record)
        client, server = (wport(one) for one in (record.client, record.server))
        is_answer = record.direction in (RESPONSE, UNSOLICITED)
        source, destination = (server, client) if is_answer else (client, server)
        ends = (meter, _CLIENT) if is_answer else (_CLIENT, meter)
        wrapped = pack(">HHHH", 1, source, destination, len(apdu)) + apdu
        datagram = pack(">HHHH", WRAPPER_PORT, WRAPPER_PORT, 8 + len(wrapped), 0) + wrapped
        head = pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, _TTL, _UDP, 0) + ends[0] + ends[1]
        return head[:10] + check(head) + head[12:] + datagram

    def _meter(self, record: Record) -> bytes:
        key = (record.lane.conversation, record.server, record.gateway[1:])
        address = self._meters.get(key)
        if address is None:
            number = len(self._meters) + 1 & 0xFFFF
            address = self._meters[key] = bytes((10, 1, number >> 8, number & 0xFF))
        return address


def head(name: str) -> bytes:
    """Build what the packets stand behind: a section, and its one interface."""
    opened = "APDUs as dlmshark opened them; their IP and UDP headers are made"
    return blocks.section(application="dlmshark", comment=opened) + blocks.interface(LINK_TYPE, name)


def wport(address: int | str | None) -> int:
    """Give the wPort of a client or server: the upper part of an address of two."""
    if isinstance(address, int):
        return address & 0xFFFF
    return int(str(address).partition(".")[0]) & 0xFFFF if address else 0


def check(header: bytes) -> bytes:
    """Compute the check sum of an IP header whose own is 0."""
    total = sum(header[at] << 8 | header[at + 1] for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return pack(">H", ~total & 0xFFFF)
