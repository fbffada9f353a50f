"""Tunnels of IP: from an outer IP header's payload to the packet that it carries.

Source: RFC 2003 (IP in IP), 4213 (IPv6 in IPv4), 2784 and 2890 (GRE), the draft of ERSPAN (foschiano-erspan).
"""

from captures.links import IPV4, IPV6, TRUNCATED, Place, ethertype

GRE = 47
_IN_IP = {4: IPV4, 41: IPV6}
_HAS_CHECKSUM, _HAS_KEY, _HAS_SEQUENCE, _UNKNOWN = 0x8000, 0x2000, 0x1000, 0x4FFF
"""Flags of GRE; what routes by itself, and other versions, are not known here."""
_BRIDGED, _ERSPAN, _ERSPAN_3 = 0x6558, 0x88BE, 0x22EB
"""Ethertypes behind which an Ethernet header stands."""
_ERSPAN_SIZE, _ERSPAN_3_SIZE, _ERSPAN_3_MORE = 8, 12, 8


def inside(protocol: int, octets: bytes, at: int) -> Place | None:
    """Find the packet that *protocol* carries from *at* on; None where it is no tunnel that is known.

    Total: never raises on octets.
    """
    if protocol in _IN_IP:
        return _IN_IP[protocol], at
    return _gre(octets, at) if protocol == GRE else None


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
    return ethertype(octets, following + 12, following + 14)
