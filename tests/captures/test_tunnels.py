"""Packets in tunnels: to the payloads of what they carry, by octets and not by ports."""

from random import Random

import pytest

from captures.network import Network
from tests.captures.build import CLIENT, CLIENT_6, METER, METER_6, ethernet, ipv4, ipv6, tcp, udp
from tests.captures.test_network import PORTS, SEGMENT, SEGMENT_6, WRAPPER, aside, chunk, peel

GRE, WITH_ALL = b"\0\0", b"\xb0\0"
SUM_KEY_SEQUENCE = bytes(4) + b"KEY1" + b"\0\0\0\7"
ERSPAN, ERSPAN_3 = bytes.fromhex("10010000 00000000"), bytes.fromhex("20010000 00000000 0000 0000")


@pytest.mark.parametrize(
    ("protocol", "before", "body"),
    [
        (4, b"", SEGMENT),
        (41, b"", SEGMENT_6),
        (47, GRE + b"\x08\0", SEGMENT),
        (47, GRE + b"\x86\xdd", SEGMENT_6),
        (47, WITH_ALL + b"\x08\0" + SUM_KEY_SEQUENCE, SEGMENT),
        (47, GRE + b"\x88\x47" + bytes.fromhex("00010140"), SEGMENT),
        (47, GRE + b"\x65\x58" + ethernet(b""), SEGMENT),
        (47, GRE + b"\x65\x58" + ethernet(b"", 0x86DD, 0x8100), SEGMENT_6),
        (47, GRE + b"\x88\xbe" + ethernet(b""), SEGMENT),
        (47, b"\x10\0\x88\xbe" + bytes(4) + ERSPAN + ethernet(b""), SEGMENT),
        (47, b"\x10\0\x22\xeb" + bytes(4) + ERSPAN_3 + ethernet(b""), SEGMENT),
        (115, b"SESSCOOK" + ethernet(b""), SEGMENT),
        (47, b"\x10\0\x22\xeb" + bytes(4) + ERSPAN_3[:-1] + b"\1" + bytes(8) + ethernet(b""), SEGMENT),
        (47, GRE + b"\x08\0" + ipv4(GRE + b"\x08\0" + SEGMENT, 47)[:24], SEGMENT),
    ],
)
@pytest.mark.parametrize("version", [4, 6])
def test_segment_in_a_tunnel_is_found(version: int, protocol: int, before: bytes, body: bytes) -> None:
    outer = {"addresses": CLIENT + METER} if version == 4 else {"addresses": CLIENT_6 + METER_6}
    whole = (ipv4 if version == 4 else ipv6)(before + body, protocol, **outer)
    octets = ethernet(whole, 0x0800 if version == 4 else 0x86DD)
    payload = peel(octets + b"padding")
    assert payload is not None
    assert payload.octets == octets[payload.start : payload.end] == WRAPPER
    assert payload.key == (METER + CLIENT if body is SEGMENT else METER_6 + CLIENT_6) + PORTS


def test_segment_in_fragments_of_a_tunnel_is_found() -> None:
    network, inner = Network(), GRE + b"\x08\0" + SEGMENT
    one = network.peel(chunk(ethernet(ipv4(inner[:32], 47, more=True))))
    other = network.peel(chunk(ethernet(ipv4(inner[32:], 47, offset=32)), number=2))
    assert one is None
    assert other is not None
    assert (other.octets, other.start) == (WRAPPER, -1)


def test_tunnels_in_tunnels_are_followed_so_far() -> None:
    octets = SEGMENT
    for _ in range(4):
        octets = ipv4(octets, 4)
    assert peel(ethernet(octets)) is not None
    for _ in range(2000):
        octets = ipv4(octets, 4)
    assert aside(ethernet(octets)) == {"ip-in-ip": 1}


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (ipv4(b"\0\1\x88\x0b" + bytes(20), 47), "gre"),  # PPTP
        (ipv4(GRE, 47), "truncated"),
        (ipv4(GRE + b"\x88\xbe" + ethernet(b"")[:9], 47), "truncated"),
        (ipv4(GRE + b"\x08\x06" + bytes(28), 47), "arp"),
        (ipv4(bytes(40), 50), "esp"),
    ],
)
def test_tunnel_without_a_segment_is_counted_by_what_it_carries(octets: bytes, name: str) -> None:
    assert aside(ethernet(octets)) == {name: 1}


VNI, FRAME = bytes.fromhex("000700 00"), ethernet(SEGMENT)
GTP_SEQUENCE, GTP_EXTENDED = bytes.fromhex("0009 00 00"), bytes.fromhex("0000 00 85 01 10 01 85 01 10 02 00")


def gtp(body: bytes, flags: int = 0x30) -> bytes:
    return bytes((flags, 0xFF)) + len(body).to_bytes(2) + b"TEID" + body


def with_sum(packet: bytes) -> bytes:
    """Put the right checksum into the IPv4 header that begins *packet*."""
    total = -int.from_bytes(packet[:20]) % 0xFFFF
    return packet[:10] + total.to_bytes(2) + packet[12:]


OVER_UDP = [
    (b"\x08\0\0\0" + VNI + FRAME, SEGMENT),
    (b"\x88\x48\0\7" + VNI + ethernet(SEGMENT, 0x0800, 0x8100), SEGMENT),
    (b"\x08\0\0\0" + VNI + ethernet(SEGMENT_6, 0x86DD), SEGMENT_6),
    (b"\x08\0\0\0" + VNI + ethernet(with_sum(SEGMENT)) + b"padding", SEGMENT),
    (b"\0\0\x65\x58" + VNI + FRAME, SEGMENT),
    (b"\x02\x40\x08\0" + VNI + b"OPTIONS." + SEGMENT, SEGMENT),
    (b"\0\x80\x86\xdd" + VNI + SEGMENT_6, SEGMENT_6),
    (gtp(SEGMENT), SEGMENT),
    (gtp(GTP_SEQUENCE + SEGMENT_6, 0x32), SEGMENT_6),
    (gtp(GTP_EXTENDED + SEGMENT, 0x34), SEGMENT),
    (b"\0\2TUSE\xff\3\0\x21" + SEGMENT, SEGMENT),
    (b"\x4a\2\0\0TUSENsNr\0\2\0\0\x21" + SEGMENT, SEGMENT),
    (b"\0\3\0\0SESS" + FRAME, SEGMENT),
    (b"\0\3\0\0SESSCOOKIE.." + bytes(4) + FRAME, SEGMENT),
    (b"\0\3\0\0SESSCOOK\xff\3\0\x57" + SEGMENT_6, SEGMENT_6),
    (b"\1\0\0\1\x0a\1\x55\0\1" + FRAME, SEGMENT),
]


@pytest.mark.parametrize(("carried", "body"), OVER_UDP)
@pytest.mark.parametrize("version", [4, 6])
def test_segment_in_a_tunnel_over_udp_is_found_at_any_port(version: int, carried: bytes, body: bytes) -> None:
    outer = {"addresses": CLIENT + METER} if version == 4 else {"addresses": CLIENT_6 + METER_6}
    whole = (ipv4 if version == 4 else ipv6)(udp(carried), 17, **outer)
    octets = ethernet(whole, 0x0800 if version == 4 else 0x86DD)
    payload = peel(octets)
    assert payload is not None
    assert payload.octets == octets[payload.start : payload.end] == WRAPPER
    assert payload.key == (METER + CLIENT if body is SEGMENT else METER_6 + CLIENT_6) + PORTS


@pytest.mark.parametrize("carried", [one for one, body in OVER_UDP if one.endswith(SEGMENT)])
def test_what_is_like_a_tunnel_and_holds_no_sound_packet_is_a_datagram(carried: bytes) -> None:
    body = carried[: -len(SEGMENT)]
    for unsound in (b"\x55" + SEGMENT[1:], SEGMENT[:2] + b"\7" + SEGMENT[3:], bytes(len(SEGMENT)), SEGMENT[:9], b""):
        payload = peel(ethernet(ipv4(udp(body + unsound), 17)))
        assert payload is not None
        assert payload.octets == body + unsound


@pytest.mark.parametrize("carried", [one for one, body in OVER_UDP if one.endswith(SEGMENT)])
@pytest.mark.parametrize("cut", [1, 9])
def test_tunnel_over_udp_that_the_capture_cut_gives_what_is_there(carried: bytes, cut: int) -> None:
    payload = peel(ethernet(ipv4(udp(carried), 17))[:-cut])
    assert payload is not None
    assert (payload.octets, payload.key) == (WRAPPER[:-cut], METER + CLIENT + PORTS)


@pytest.mark.parametrize("carried", [one for one, _ in OVER_UDP])
def test_damaged_tunnel_over_udp_never_raises(carried: bytes) -> None:
    network, random = Network(), Random(7)
    for size in range(len(carried)):
        network.peel(chunk(ethernet(ipv4(udp(carried[:size]), 17))))
        damaged = bytearray(carried)
        damaged[size] = random.randrange(256)
        network.peel(chunk(ethernet(ipv4(udp(bytes(damaged)), 17))))


def test_segment_in_fragments_of_a_tunnel_over_udp_is_found() -> None:
    network, inner = Network(), udp(gtp(SEGMENT))
    assert network.peel(chunk(ethernet(ipv4(inner[:32], 17, more=True)))) is None
    payload = network.peel(chunk(ethernet(ipv4(inner[32:], 17, offset=32)), number=2))
    assert payload is not None
    assert (payload.octets, payload.start, payload.key) == (WRAPPER, -1, METER + CLIENT + PORTS)


def test_tunnels_over_udp_are_followed_so_far() -> None:
    octets = SEGMENT
    for _ in range(4):
        octets = ipv4(udp(gtp(octets)), 17)
    assert peel(ethernet(octets)) is not None
    deeper = peel(ethernet(ipv4(udp(gtp(octets)), 17)))
    assert deeper is not None
    assert deeper.octets == gtp(SEGMENT)


def test_address_resolution_in_a_tunnel_is_counted() -> None:
    arp = bytes.fromhex("0001 0800 06 04 0001") + bytes(20)
    assert aside(ethernet(ipv4(udp(b"\x08\0\0\0" + VNI + ethernet(arp, 0x0806)), 17))) == {"arp": 1}


AH = bytes.fromhex("04 0000") + bytes(20)


@pytest.mark.parametrize("chain", [b"\6" + AH, b"\x33" + AH + b"\6" + AH])
def test_authentication_header_of_ipv4_is_stepped_over(chain: bytes) -> None:
    octets = ethernet(ipv4(chain + tcp(WRAPPER), 51))
    payload = peel(octets)
    assert payload is not None
    assert payload.octets == octets[payload.start : payload.end] == WRAPPER
    assert payload.key == METER + CLIENT + PORTS


def test_tunnel_behind_an_authentication_header_is_followed() -> None:
    assert peel(ethernet(ipv4(b"\4" + AH + SEGMENT, 51))) is not None
    assert aside(ethernet(ipv4(b"\x33" + AH + b"\x33\xff", 51))) == {"ah": 1}
