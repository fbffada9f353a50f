"""Packets of network captures to the payload of their TCP segment or UDP datagram, by struct and slices.

Source: RFC 791, 8200 (IP), 9293 (TCP), 768 (UDP), 4302 (AH). The way of nearly all packets, Ethernet and IPv4
without options, is one struct; all other links and headers take the general road, with the same results.
"""

from collections import Counter
from functools import lru_cache
from ipaddress import ip_address
from struct import Struct
from typing import NamedTuple

from captures.chunk import Chunk
from captures.fragments import Fragments
from captures.links import IPV4, IPV6, LINK_NAMES, LINKS, LLC, TRUNCATED, Place, is_octet_link
from captures.tunnels import SECOND_OCTETS, inside, inside_datagram

__all__ = [
    "ACK",
    "CARRIED_MASK",
    "FIN",
    "HEAD_SIZE",
    "PLAIN",
    "PLAIN_MASK",
    "PSH",
    "RST",
    "SYN",
    "TCP",
    "UDP",
    "Network",
    "Payload",
    "endpoints",
    "head",
    "is_octet_link",
    "plain_key",
    "plain_size",
    "reverse",
]

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
"""Flags of a TCP segment."""

_ETHERNET = 1
_HEAD = Struct(">12xIHxxIxx12sIIH")
head = _HEAD.unpack_from
"""Of a packet of Ethernet, IPv4 and TCP as nearly all are: what it is (`PLAIN`), length, what it carries (`CARRIED`),
flow key, sequence and acknowledgment number, header length and flags."""
HEAD_SIZE = _HEAD.size
_sizes = Struct(">12xIHxxI22xB").unpack_from
"""The same but for addresses and numbers: header length in the upper half of the last."""
_NO_OPTIONS = 0x50
PLAIN_MASK, PLAIN = 0xFFFF_FF00, 0x0800_4500
"""An IPv4 header without options behind an Ethernet header without tags."""
CARRIED_MASK = 0x3FFF_00FF
"""Leaves the protocol of what is no fragment."""
_ipv4 = Struct(">BxHHHxB").unpack_from
_ipv6 = Struct(">IHB").unpack_from
_tcp = Struct(">4xIIBB").unpack_from
_udp = Struct(">4xH").unpack_from
_fragment = Struct(">BxHI").unpack_from
_new = tuple.__new__

_FRAGMENT, _AH = 44, 51
_DEEPEST = 4
"""So many tunnels are followed, one in the other."""
_SKIPPED_HEADERS = frozenset((0, 43, 60, 135, 139, 140))
_PROTOCOLS = {1: "icmp", 2: "igmp", 4: "ip-in-ip", 41: "ip-in-ip", 47: "gre", 50: "esp", 58: "icmpv6", 59: "no-next"}
_PROTOCOLS |= {51: "ah", 88: "eigrp", 89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp"}
_ETHERTYPES = {0x0806: "arp", 0x8035: "rarp", 0x8847: "mpls", 0x8863: "pppoe-discovery", 0x880B: "ppp-control"}
_ETHERTYPES |= {0x88CC: "lldp", 0x888E: "eapol", 0x8892: "profinet", 0x88F7: "ptp", TRUNCATED: "truncated", LLC: "llc"}
_ETHERTYPES |= {0: "unknown", IPV4: "ipv4", IPV6: "ipv6"}


def plain_key(octets: bytes) -> bytes:
    """Return the flow key of a packet of Ethernet, IPv4 and TCP as nearly all are, as `Network.peel` gives it.

    Empty where it takes more to tell. Total: never raises on octets.
    """
    if len(octets) < HEAD_SIZE:
        return b""
    kind, total, carried, key, _, _, bits = head(octets)
    is_plain = kind & PLAIN_MASK == PLAIN and carried & CARRIED_MASK == TCP
    return key if is_plain and 54 <= 34 + (bits >> 10 & 0x3C) <= 14 + total <= len(octets) else b""


def plain_size(octets: bytes, at: int, end: int) -> int:
    """Tell how many octets a packet of Ethernet, IPv4 and TCP as nearly all are carries; -1 where it takes more.

    Octets: the packet is what stands from *at* to *end*.
    """
    most = end - at
    if most < HEAD_SIZE:
        return -1
    kind, total, carried, offset = _sizes(octets, at)
    if kind == PLAIN and offset == _NO_OPTIONS and carried & CARRIED_MASK == TCP:  # as nearly all of them
        return total - 40 if 40 <= total <= most - 14 else -1
    start, stop = 34 + (offset >> 2 & 0x3C), 14 + total
    is_plain = kind & PLAIN_MASK == PLAIN and carried & CARRIED_MASK == TCP and 54 <= start <= stop <= most
    return stop - start if is_plain else -1


class Payload(NamedTuple):
    """What a TCP segment or UDP datagram carries; empty for a segment that carries flags only."""

    protocol: int
    """TCP or UDP."""
    key: bytes
    """Source and destination address, source and destination port: 12 octets, or 36 for IPv6."""
    octets: bytes
    start: int
    """Of the octets in the chunk; -1 where they were joined from IP fragments."""
    end: int
    sequence: int
    """TCP sequence number of the first octet; 0 for UDP."""
    flags: int
    """TCP flags; 0 for UDP."""
    acknowledgment: int
    """TCP acknowledgment number; it counts where the flag ACK is set."""


class Network:
    """Peels packets; remembers IP fragments.

    ``left_aside`` counts the packets that carry neither TCP nor UDP, by what they are instead;
    fragments are counted there (``ip-fragment``) until their datagram is whole.
    """

    def __init__(self) -> None:
        self.left_aside: Counter[str] = Counter()
        self._fragments = Fragments()
        self._depth = 0
        """Of the tunnel that is followed now."""

    def peel(self, chunk: Chunk) -> Payload | None:
        """Return what *chunk* carries over TCP or UDP; None if nothing, which is counted.

        Total: never raises on octets. A packet that the capture cut gives the octets that are there.
        """
        octets = chunk[4]
        if chunk[2] == _ETHERNET and len(octets) >= HEAD_SIZE:
            kind, total, carried, key, sequence, acknowledgment, bits = head(octets)
            protocol = carried & CARRIED_MASK
            if kind & PLAIN_MASK == PLAIN:
                end = 14 + total
                if end > len(octets) or not total:
                    end = len(octets)
                if protocol == TCP:
                    start = 34 + (bits >> 10 & 0x3C)
                    if 54 <= start <= end:
                        return _new(
                            Payload, (TCP, key, octets[start:end], start, end, sequence, bits & 0xFF, acknowledgment)
                        )
                elif protocol == UDP:
                    length = octets[38] << 8 | octets[39]
                    if 8 <= length <= end - 34 and octets[43] not in SECOND_OCTETS:
                        end = 34 + length
                        return _new(Payload, (UDP, key, octets[42:end], 42, end, 0, 0, 0))
        return self._peel(chunk)

    def _peel(self, chunk: Chunk) -> Payload | None:
        """Take the general road: any link, options, extension headers, fragments."""
        link_type, octets = chunk[2], chunk[4]
        link = LINKS.get(link_type)
        if link is None:
            if not is_octet_link(link_type):
                self.left_aside[LINK_NAMES.get(link_type) or f"link-type-{link_type}"] += 1
            return None
        return self._packet(*link(octets), chunk)

    def _packet(self, kind: int, at: int, chunk: Chunk) -> Payload | None:
        """Read the packet at *at*, of the ethertype *kind*."""
        if kind == IPV4:
            return self._ipv4(chunk, at)
        if kind == IPV6:
            return self._ipv6(chunk, at)
        return self._aside(_ETHERTYPES.get(kind) or f"ethertype-{kind:04x}")

    def _aside(self, name: str) -> Payload | None:
        self.left_aside[name] += 1
        return None

    def _ipv4(self, chunk: Chunk, at: int) -> Payload | None:
        octets = chunk[4]
        if len(octets) < at + 20:
            return self._aside("truncated")
        version, total, identification, fragment, protocol = _ipv4(octets, at)
        header = (version & 15) * 4
        start = at + header
        end = at + total if total else len(octets)  # 0: the sender's card cuts the segments (TSO)
        if version >> 4 != 4 or header < 20 or start > end:
            return self._aside("ip-malformed")
        addresses = octets[at + 12 : at + 20]
        if fragment & 0x3FFF:
            key = (addresses, identification, protocol)
            return self._join(chunk, key, (fragment & 0x1FFF) * 8, not fragment & 0x2000, start, end)
        return self._transport(protocol, addresses, octets, start, min(end, len(octets)), chunk)

    def _ipv6(self, chunk: Chunk, at: int) -> Payload | None:
        octets = chunk[4]
        start = at + 40
        if len(octets) < start:
            return self._aside("truncated")
        version, length, protocol = _ipv6(octets, at)
        if version >> 28 != 6:
            return self._aside("ip-malformed")
        end = start + length if length else len(octets)  # 0: a jumbogram or TSO
        addresses = octets[at + 8 : start]
        here = min(end, len(octets))
        while True:
            if protocol in _SKIPPED_HEADERS or protocol == _AH:
                if start + 8 > here:
                    return self._aside("truncated")
                words = octets[start + 1]
                protocol, start = octets[start], start + (words * 4 + 8 if protocol == _AH else words * 8 + 8)
            elif protocol == _FRAGMENT:
                if start + 8 > here:
                    return self._aside("truncated")
                protocol, place, identification = _fragment(octets, start)
                start += 8
                if place & 0xFFF9:
                    key = (addresses, identification, protocol)
                    return self._join(chunk, key, place & 0xFFF8, not place & 1, start, end)
            else:
                return self._transport(protocol, addresses, octets, min(start, here), here, chunk)

    def _join(
        self, chunk: Chunk, key: tuple[bytes, int, int], offset: int, last: bool, start: int, end: int
    ) -> Payload | None:
        """Take an IP fragment; returns the payload of the datagram that it completes."""
        self.left_aside["ip-fragment"] += 1
        octets = chunk[4]
        if end > len(octets) or end < start:  # cut by the capture: its datagram stays incomplete
            return None
        joined = self._fragments.add(key, offset, octets[start:end], last, chunk[1])
        if joined is None:
            return None
        datagram, count = joined
        self.left_aside["ip-fragment"] -= count
        payload = self._transport(key[2], key[0], datagram, 0, len(datagram), chunk)
        return payload and payload._replace(start=-1, end=-1)

    def _inside(self, protocol: int, octets: bytes, start: int, chunk: Chunk) -> Payload | None:
        """Read the packet that a tunnel carries."""
        place = inside(protocol, octets, start) if self._depth < _DEEPEST else None
        if place is None:
            return self._aside(_PROTOCOLS.get(protocol) or f"ip-protocol-{protocol}")
        return self._follow(place, octets, chunk)

    def _follow(self, place: Place, octets: bytes, chunk: Chunk) -> Payload | None:
        """Read the packet at *place*, one tunnel deeper."""
        self._depth += 1
        payload = self._packet(*place, chunk._replace(octets=octets))
        self._depth -= 1
        return payload

    def _transport(
        self, protocol: int, addresses: bytes, octets: bytes, start: int, end: int, chunk: Chunk
    ) -> Payload | None:
        """Read the TCP or UDP header at *start* of *octets*, which go up to *end*."""
        while protocol == _AH and start + 2 <= end:
            protocol, start = octets[start], start + octets[start + 1] * 4 + 8
        if protocol == TCP:
            if start + 20 > end:
                return self._aside("truncated")
            sequence, acknowledgment, offset, flags = _tcp(octets, start)
            body = start + (offset >> 2 & 0x3C)
            if body < start + 20:
                return self._aside("tcp-malformed")
            body = min(body, end)
        elif protocol == UDP:
            if start + 8 > end:
                return self._aside("truncated")
            length = _udp(octets, start)[0]
            sequence = acknowledgment = flags = 0
            body, announced = start + 8, end
            if length:  # 0: a jumbogram, or the sender's card fills it in
                if length < 8:
                    return self._aside("udp-malformed")
                announced = start + length
                end = min(end, announced)
            if body + 2 <= end and octets[body + 1] in SECOND_OCTETS and self._depth < _DEEPEST:
                place = inside_datagram(octets[:end], body, announced)
                if place is not None:
                    return self._follow(place, octets[:end], chunk)
        else:
            return self._inside(protocol, octets[:end], start, chunk)
        key = addresses + octets[start : start + 4]
        return Payload(protocol, key, octets[body:end], body, end, sequence, flags, acknowledgment)


@lru_cache(maxsize=4096)
def endpoints(key: bytes) -> tuple[str, str]:
    """Return source and destination of a flow key as text: ``10.0.0.7:4059``, ``[fe80::1]:4059``."""
    width = (len(key) - 4) // 2
    source, destination = key[:width], key[width : 2 * width]
    source_port, destination_port = int.from_bytes(key[-4:-2], "big"), int.from_bytes(key[-2:], "big")
    return _endpoint(source, source_port), _endpoint(destination, destination_port)


def reverse(key: bytes) -> bytes:
    """Return the flow key of the other direction."""
    width = (len(key) - 4) // 2
    return key[width : 2 * width] + key[:width] + key[-2:] + key[-4:-2]


def _endpoint(address: bytes, port: int) -> str:
    text = str(ip_address(address))
    return f"{text}:{port}" if len(address) == 4 else f"[{text}]:{port}"
