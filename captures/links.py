"""Link layers of network captures: from a packet's first octet to where its IP header begins, and what it carries.

Source: the LINKTYPE_ registry of tcpdump.org; RFC 1661, 1662, 2516 (PPP, PPPoE), 3032 (MPLS), IEEE 802.1Q, 802.1ad,
802.3.
"""

from collections.abc import Callable

from captures.chunk import LINK_OCTETS

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
TRUNCATED = -1
"""Stands for the ethertype of a packet that ends before it."""
LLC = -2
"""Stands for the ethertype of an IEEE 802.3 frame with LLC that is not SNAP."""

Place = tuple[int, int]
"""An ethertype and the position of the octets that it names."""

_ETHERNET, _RAW_IP = 1, 101
OCTET_LINKS = frozenset((LINK_OCTETS, *range(147, 163)))
"""Packets of these are pieces of an octet lane: text, raw octets, USER0 to USER15."""
_VLAN_TAGS = frozenset((0x8100, 0x88A8, 0x9100))
_PPPOE_SESSION = 0x8864
_MPLS = 0x8847
_SNAP = b"\xaa\xaa\x03\x00\x00\x00"
_PPP_PROTOCOLS = {0x0021: IPV4, 0x0057: IPV6}
_ADDRESS_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
_VERSIONS = {4: IPV4, 6: IPV6}
_PPP_OTHER = 0x880B
"""The ethertype of PPP: stands for its control protocols."""
_HEADER_SIZES = {IPV4: 20, IPV6: 40, ARP: 7}
_IN_IPV6 = frozenset((0, 6, 17, 43, 44, 50, 51, 58, 60, 132))
"""What nearly all packets of IPv6 carry."""
_ARP_HEAD = bytes.fromhex("00010800060400")


def is_octet_link(link_type: int) -> bool:
    """Tell whether packets of *link_type* are pieces of an octet lane: text, raw octets, USER0 to USER15."""
    return link_type in OCTET_LINKS


def ethertype(octets: bytes, at: int, following: int) -> Place:
    """Read the ethertype at *at*, whose payload begins at *following*, through VLAN tags, SNAP, PPPoE and MPLS."""
    while True:
        if len(octets) < following:
            return TRUNCATED, following
        kind = octets[at] << 8 | octets[at + 1]
        if kind in _VLAN_TAGS:
            at, following = following + 2, following + 4
        elif kind == _PPPOE_SESSION:
            return ppp(octets, following + 6)
        elif kind == _MPLS:
            return _labelled(octets, following)
        elif kind < 0x0600:  # a length (IEEE 802.3), or "802.2" as Linux cooked captures say it
            if octets[following : following + 6] != _SNAP:
                return LLC, following
            at, following = following + 6, following + 8
        else:
            return kind, following


def _labelled(octets: bytes, at: int) -> Place:
    """Step over the labels of MPLS from *at* on: behind the last one stands IP, where its version says so."""
    end = at + 4
    while end < len(octets) and not octets[end - 2] & 1:
        end += 4
    if end >= len(octets):
        return TRUNCATED, at
    return _VERSIONS.get(octets[end] >> 4, _MPLS), end


def _ethernet(octets: bytes) -> Place:
    return ethertype(octets, 12, 14)


def _linux_cooked(octets: bytes) -> Place:
    return ethertype(octets, 14, 16)


def _linux_cooked_2(octets: bytes) -> Place:
    return ethertype(octets, 0, 20)


def ppp(octets: bytes, at: int = 0) -> Place:
    """Read the protocol of PPP at *at*, behind its address and control where they stand."""
    if octets[at : at + 2] == b"\xff\x03":
        at += 2
    if len(octets) < at + 2:
        return TRUNCATED, at
    if octets[at] & 1:  # protocol field compression
        protocol, at = octets[at], at + 1
    else:
        protocol, at = octets[at] << 8 | octets[at + 1], at + 2
    return _PPP_PROTOCOLS.get(protocol, _PPP_OTHER), at


def _ppp_serial(octets: bytes) -> Place:
    """PPP, or Cisco HDLC by its first octet."""
    return _cisco_hdlc(octets) if octets[:1] in (b"\x0f", b"\x8f") else ppp(octets)


def _ppp_directed(octets: bytes) -> Place:
    """PPP behind an octet that tells the direction; pppd lets it stand in place of the address FF."""
    return ppp(octets, 2 if octets[1:2] == b"\x03" else 1)


def _cisco_hdlc(octets: bytes) -> Place:
    return ethertype(octets, 2, 4)


def _pppoe(octets: bytes) -> Place:
    return ppp(octets, 6)


def raw(octets: bytes, at: int = 0) -> Place:
    """Tell the IP packet at *at* by its version."""
    return (_VERSIONS.get(octets[at] >> 4, 0), at) if at < len(octets) else (TRUNCATED, at)


def _loopback(octets: bytes) -> Place:
    if len(octets) < 4:
        return TRUNCATED, 0
    family = int.from_bytes(octets[:4], "little")
    if family > 0xFFFF:
        family = int.from_bytes(octets[:4], "big")
    return _ADDRESS_FAMILIES.get(family, 0), 4


LINKS: dict[int, Callable[[bytes], Place]] = {
    0: _loopback,
    1: _ethernet,
    9: ppp,
    12: raw,
    14: raw,
    50: _ppp_serial,
    51: _pppoe,
    101: raw,
    104: _cisco_hdlc,
    108: _loopback,
    113: _linux_cooked,
    166: _ppp_directed,
    204: _ppp_directed,
    228: raw,
    229: raw,
    276: _linux_cooked_2,
}
"""Link type to the function that finds what a packet carries; each is total."""

LINK_NAMES = {
    105: "802.11",
    107: "frame-relay",
    127: "802.11",
    177: "lapd",
    187: "bluetooth",
    195: "802.15.4",
    201: "bluetooth",
    203: "lapd",
    213: "x2e-serial",
    215: "802.15.4",
    230: "802.15.4",
    251: "bluetooth-le",
    253: "netlink",
    256: "bluetooth-le",
    258: "pktap",
    272: "bluetooth-le",
    283: "802.15.4",
}
"""Link types that are known and not decoded, as what their packets are counted."""


def link_of(octets: bytes) -> int:
    """Tell the link type of a packet that comes without one: by an IPv4 header whose checksum is right, else none."""
    if octets[12:14] == b"\x08\x00" and _is_ipv4(octets, 14):
        return _ETHERNET
    if octets[:1] == b"\x45" and _is_ipv4(octets, 0):
        return _RAW_IP
    return LINK_OCTETS


def _is_ipv4(octets: bytes, at: int) -> bool:
    return octets[at : at + 1] == b"\x45" and is_packet(IPV4, octets, at, 0)


def is_packet(kind: int, octets: bytes, at: int, end: int) -> bool:
    """Tell whether a sound packet of the ethertype *kind* stands at *at*, of IP or ARP.

    The sum of the header says so, or that its length leads to *end*, which may lie behind what the capture kept.
    Total: never raises on octets.
    """
    header = octets[at : at + _HEADER_SIZES.get(kind, 0)]
    if not header or len(header) < _HEADER_SIZES[kind]:
        return False
    if kind == IPV6:
        return header[0] >> 4 == 6 and at + 40 + int.from_bytes(header[4:6]) == end and header[6] in _IN_IPV6
    if kind == ARP:
        return header == _ARP_HEAD
    size, length = (header[0] & 15) * 4, int.from_bytes(header[2:4])
    if header[0] >> 4 != 4 or size < 20 or not any(header[12:20]):
        return False
    if length and at + length == end:
        return size <= length and header[8] > 0
    # The sum of all words modulo 0xFFFF is the header read as one number.
    fits = at + length <= max(end, len(octets)) and at + size <= len(octets)
    return fits and int.from_bytes(octets[at : at + size]) % 0xFFFF == 0
