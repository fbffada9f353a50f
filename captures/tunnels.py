"""Tunnels of IP: from the payload of an outer IP header, or of a datagram of UDP, to the packet that it carries.

Source: RFC 2003 (IP in IP), 4213 (IPv6 in IPv4), 2784 and 2890 (GRE), the draft of ERSPAN (foschiano-erspan); over UDP
RFC 7348 (VXLAN), 8926 (GENEVE), 3GPP TS 29.281 (GTP-U), RFC 2661 and 3931 (L2TP, versions 2 and 3); TZSP as its senders
have it.
"""

from collections.abc import Callable, Iterator

from captures.links import IPV4, IPV6, TRUNCATED, Place, ethertype, is_packet, ppp, raw

GRE, L2TP = 47, 115
_IN_IP = {4: IPV4, 41: IPV6}
_HAS_CHECKSUM, _HAS_KEY, _HAS_SEQUENCE, _UNKNOWN = 0x8000, 0x2000, 0x1000, 0x4FFF
"""Flags of GRE; what routes by itself, and other versions, are not known here."""
_BRIDGED, _ERSPAN, _ERSPAN_3 = 0x6558, 0x88BE, 0x22EB
"""Ethertypes behind which an Ethernet header stands."""
_BRIDGED_OCTETS = _BRIDGED.to_bytes(2)
_LEAST_HEADER = 8
_VXLAN, _VXLAN_GROUP = b"\x08\0\0\0", 0x88
_GTP, _L2TP_3, _TZSP = 0x30, b"\0\3\0\0", b"\1\0\0\1"
_ERSPAN_SIZE, _ERSPAN_3_SIZE, _ERSPAN_3_MORE = 8, 12, 8


def inside(protocol: int, octets: bytes, at: int) -> Place | None:
    """Find the packet that *protocol* carries from *at* on; None where it is no tunnel that is known.

    Total: never raises on octets.
    """
    if protocol in _IN_IP:
        return _IN_IP[protocol], at
    if protocol == L2TP:
        return _sound(_in_session(octets, at), octets, len(octets))
    return _gre(octets, at) if protocol == GRE else None


def inside_datagram(octets: bytes, at: int, end: int) -> Place | None:
    """Find the packet in a datagram whose payload stands from *at* to *end*; None where it carries none.

    No port tells it: the header does whose second octet is one of `SECOND_OCTETS`, and behind it a sound packet.
    *end* is the announced one, behind *octets* where the capture cut them. Total: never raises on octets.
    """
    if len(octets) < at + _LEAST_HEADER:
        return None
    return next(
        (found for one in _OVER_UDP[octets[at + 1]] if (found := _sound(one(octets, at, end), octets, end))), None
    )


def _sound(places: Iterator[Place], octets: bytes, end: int) -> Place | None:
    """Give the first of *places* where a sound packet stands."""
    return next((one for one in places if is_packet(one[0], octets, one[1], end)), None)


def _bridged(octets: bytes, at: int) -> Place:
    return ethertype(octets, at + 12, at + 14)


def _vxlan(octets: bytes, at: int, end: int) -> Iterator[Place]:
    """Flags (with a group as some have it), VNI, Ethernet."""
    has_group = octets[at] == _VXLAN_GROUP
    if not octets[at + 7] and (has_group or octets[at : at + 4] == _VXLAN):
        yield _bridged(octets, at + 8)


def _geneve(octets: bytes, at: int, end: int) -> Iterator[Place]:
    """Version and words of options, flags, ethertype, VNI."""
    body = at + 8 + (octets[at] & 0x3F) * 4
    if octets[at] >> 6 or octets[at + 7]:
        return
    yield _bridged(octets, body) if octets[at + 2 : at + 4] == _BRIDGED_OCTETS else ethertype(octets, at + 2, body)


def _tzsp(octets: bytes, at: int, end: int) -> Iterator[Place]:
    """Version, kind, what is carried, tagged fields up to the tag 1, Ethernet."""
    body = at + 4
    if octets[at : at + 4] == _TZSP:
        while body + 1 < len(octets) and octets[body] != 1:
            body += 2 + octets[body + 1] if octets[body] else 1
        yield _bridged(octets, body + 1)


def _gtp(octets: bytes, at: int, end: int) -> Iterator[Place]:
    """Flags, message 255, length, TEID; where flags say so, four octets more and extension headers."""
    flags, body = octets[at], at + 8
    if flags & 0xF8 != _GTP or body + int.from_bytes(octets[at + 2 : at + 4]) != end:
        return
    if flags & 7:
        body += 4
        while flags & 4 and body < len(octets) and octets[body - 1] and octets[body]:
            body += octets[body] * 4
    yield raw(octets, body)


def _l2tp_2(octets: bytes, at: int, end: int) -> Iterator[Place]:
    """Flags and version; length, where the flag says so; tunnel, session; numbers, an offset; PPP."""
    flags, body = octets[at], at + 6
    if not flags & 0xB4:
        body += (2 if flags & 0x40 else 0) + (4 if flags & 8 else 0)
        body += 2 + int.from_bytes(octets[body : body + 2]) if flags & 2 else 0
        yield ppp(octets, body)


def _l2tp_3(octets: bytes, at: int, end: int) -> Iterator[Place]:
    if octets[at : at + 4] == _L2TP_3:
        yield from _in_session(octets, at + 4)


def _in_session(octets: bytes, at: int) -> Iterator[Place]:
    """Behind a session's number stand what both ends agreed on: a cookie, perhaps numbers, then Ethernet, PPP or IP."""
    for body in range(at + 4, at + 20, 4):
        yield _bridged(octets, body)
        yield ppp(octets, body)
        yield raw(octets, body)


_OVER_UDP: dict[int, tuple[Callable[[bytes, int, int], Iterator[Place]], ...]] = {
    0x00: (_vxlan, _geneve, _tzsp),
    0x08: (_vxlan,),
    0x40: (_vxlan, _geneve),
    0x48: (_vxlan,),
    0x80: (_geneve,),
    0xC0: (_geneve,),
    0x02: (_l2tp_2,),
    0x03: (_l2tp_3,),
    0xFF: (_gtp,),
}
"""The second octet of a datagram to the headers that may have it."""
SECOND_OCTETS = frozenset(_OVER_UDP)
"""Of a datagram that may be a tunnel; the wrapper of DLMS has another."""


def _gre(octets: bytes, at: int) -> Place | None:
    if len(octets) < at + 4:
        return TRUNCATED, at
    flags, kind = (int.from_bytes(octets[begin : begin + 2]) for begin in (at, at + 2))
    if flags & _UNKNOWN:
        return None
    following = at + 4 + 4 * sum(flags & one > 0 for one in (_HAS_CHECKSUM, _HAS_KEY, _HAS_SEQUENCE))
    if kind == _ERSPAN:
        following += _ERSPAN_SIZE if flags & _HAS_SEQUENCE else 0
    elif kind == _ERSPAN_3:
        following += _ERSPAN_3_SIZE
        following += _ERSPAN_3_MORE if octets[following - 1 : following] > b"\0" and octets[following - 1] & 1 else 0
    elif kind != _BRIDGED:
        return ethertype(octets, at + 2, following)
    return _bridged(octets, following)
