"""Packets to TCP and UDP payloads: every link type, header and damage."""

import struct
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures.chunk import LINK_OCTETS, Chunk
from captures.links import LINKS, link_of
from captures.network import TCP, UDP, Network, Payload, endpoints, is_octet_link, plain_key, plain_size, reverse
from tests.captures.build import CLIENT, CLIENT_6, METER, METER_6, ethernet, ipv4, ipv6, tcp, udp

WRAPPER = bytes.fromhex("0001 0001 0010 0003 C00180")
PORTS = struct.pack(">HH", 4059, 51234)


def chunk(octets: bytes, link_type: int = 1, number: int = 1, time_ns: int | None = 0) -> Chunk:
    return Chunk(number, time_ns, link_type, 0, octets, len(octets), 0)


def peel(octets: bytes, link_type: int = 1) -> Payload | None:
    return Network().peel(chunk(octets, link_type))


def aside(octets: bytes, link_type: int = 1) -> dict[str, int]:
    network = Network()
    assert network.peel(chunk(octets, link_type)) is None
    return dict(network.left_aside)


SEGMENT, SEGMENT_6 = ipv4(tcp(WRAPPER)), ipv6(tcp(WRAPPER))
SLL = bytes.fromhex("0000 0001 0006 020000000001 0000")
SLL_2 = bytes.fromhex("0000 00000003 0001 00 06 020000000001 0000")
PPPOE = bytes.fromhex("1100 0007 0030")


@pytest.mark.parametrize(
    ("link_type", "before", "body"),
    [
        (1, ethernet(b""), SEGMENT),
        (1, ethernet(b"", 0x86DD), SEGMENT_6),
        (1, ethernet(b"", 0x0800, 0x8100), SEGMENT),
        (1, ethernet(b"", 0x86DD, 0x88A8, 0x8100), SEGMENT_6),
        (1, ethernet(b"", 0x0030) + bytes.fromhex("AAAA03 000000 0800"), SEGMENT),
        (1, ethernet(b"", 0x8864) + PPPOE + b"\x00\x21", SEGMENT),
        (1, ethernet(b"", 0x8864, 0x8100) + PPPOE + b"\x00\x57", SEGMENT_6),
        (1, ethernet(b"", 0x8847) + bytes.fromhex("00010140"), SEGMENT),
        (1, ethernet(b"", 0x8847, 0x8100) + bytes.fromhex("00010040 00020040 00030140"), SEGMENT_6),
        (0, bytes([2, 0, 0, 0]), SEGMENT),
        (0, bytes([0, 0, 0, 2]), SEGMENT),
        (0, bytes([10, 0, 0, 0]), SEGMENT_6),
        (0, bytes([24, 0, 0, 0]), SEGMENT_6),
        (0, bytes([0, 0, 0, 28]), SEGMENT_6),
        (0, bytes([30, 0, 0, 0]), SEGMENT_6),
        (108, bytes([0, 0, 0, 2]), SEGMENT),
        (108, bytes([0, 0, 0, 24]), SEGMENT_6),
        (9, b"\xff\x03\x00\x21", SEGMENT),
        (9, b"\x00\x57", SEGMENT_6),
        (9, b"\x21", SEGMENT),
        (50, b"\xff\x03\x00\x21", SEGMENT),
        (50, b"\x0f\x00\x08\x00", SEGMENT),
        (51, PPPOE + b"\x00\x21", SEGMENT),
        (166, b"\x01\x03\x00\x21", SEGMENT),
        (166, b"\x00\xff\x03\x00\x57", SEGMENT_6),
        (204, b"\x01\xff\x03\x00\x21", SEGMENT),
        (204, b"\x00\x21", SEGMENT),
        (104, b"\x8f\x00\x86\xdd", SEGMENT_6),
        (101, b"", SEGMENT),
        (101, b"", SEGMENT_6),
        (12, b"", SEGMENT),
        (14, b"", SEGMENT_6),
        (228, b"", SEGMENT),
        (229, b"", SEGMENT_6),
        (113, SLL + b"\x08\x00", SEGMENT),
        (113, SLL + b"\x81\x00\x00\x05\x86\xdd", SEGMENT_6),
        (276, b"\x08\x00" + SLL_2[2:] + b"\0\0", SEGMENT),
        (276, b"\x86\xdd" + SLL_2[2:] + b"\0\0", SEGMENT_6),
    ],
)
def test_segment_in_every_link_type_is_found(link_type: int, before: bytes, body: bytes) -> None:
    if link_type == 276:
        before = before[:20]
        assert len(before) == 20
    payload = peel(before + body, link_type)
    addresses = METER + CLIENT if body is SEGMENT else METER_6 + CLIENT_6
    end = len(before + body)
    assert payload == Payload(
        protocol=TCP,
        key=addresses + PORTS,
        octets=WRAPPER,
        start=end - len(WRAPPER),
        end=end,
        sequence=1000,
        flags=0x18,
        acknowledgment=77,
    )


@pytest.mark.parametrize("version", [4, 6])
def test_datagram_is_found(version: int) -> None:
    octets = ethernet(ipv4(udp(WRAPPER), 17)) if version == 4 else ethernet(ipv6(udp(WRAPPER), 17), 0x86DD)
    payload = peel(octets)
    assert payload is not None
    assert (payload.protocol, payload.octets) == (UDP, WRAPPER)
    assert (payload.sequence, payload.flags, payload.acknowledgment) == (0, 0, 0)
    assert len(payload.key) == (12 if version == 4 else 36)


def test_options_of_ip_and_tcp_are_stepped_over() -> None:
    payload = peel(ethernet(ipv4(tcp(WRAPPER, pairs=bytes(12)), pairs=b"\x01" * 8)))
    assert payload is not None
    assert payload.octets == WRAPPER


@pytest.mark.parametrize(
    ("chain", "first"),
    [
        (bytes([6, 0]) + bytes(6), 0),
        (bytes([6, 1]) + bytes(14), 43),
        (bytes([6, 0]) + bytes(6), 60),
        (bytes([6, 4]) + bytes(22), 51),
        (bytes([60, 4]) + bytes(22) + bytes([6, 0]) + bytes(6), 51),
        (
            bytes([43, 0])
            + bytes(6)
            + bytes([60, 0])
            + bytes(6)
            + bytes([51, 0])
            + bytes(6)
            + bytes([6, 1])
            + bytes(10),
            0,
        ),
        (bytes([6, 0, 0, 0, 0, 0, 0, 9]), 44),
    ],
)
def test_extension_headers_are_stepped_over(chain: bytes, first: int) -> None:
    payload = peel(ethernet(ipv6(chain + tcp(WRAPPER), first), 0x86DD))
    assert payload is not None
    assert payload.octets == WRAPPER


@pytest.mark.parametrize("transport", [6, 17])
def test_padding_of_the_frame_is_cut(transport: int) -> None:
    body = tcp(b"\x01") if transport == 6 else udp(b"\x01")
    for octets in (ethernet(ipv4(body, transport)), ethernet(ipv6(body, transport), 0x86DD)):
        payload = peel(octets + bytes(20))
        assert payload is not None
        assert payload.octets == b"\x01"


def test_segment_without_payload_is_given_for_its_flags() -> None:
    payload = peel(ethernet(ipv4(tcp(flags=0x02))) + bytes(6))
    assert payload == Payload(
        protocol=TCP,
        key=METER + CLIENT + PORTS,
        octets=b"",
        start=54,
        end=54,
        sequence=1000,
        flags=2,
        acknowledgment=77,
    )


def test_total_length_zero_reaches_to_the_end_of_the_packet() -> None:
    for octets in (ethernet(ipv4(tcp(WRAPPER * 9), total=0)), ethernet(ipv6(tcp(WRAPPER * 9), length=0), 0x86DD)):
        payload = peel(octets)
        assert payload is not None
        assert payload.octets == WRAPPER * 9


def test_packet_cut_by_the_capture_gives_what_is_there() -> None:
    for body, kind in ((SEGMENT, 0x0800), (SEGMENT_6, 0x86DD), (ipv4(udp(WRAPPER), 17), 0x0800)):
        payload = peel(ethernet(body, kind)[:-4])
        assert payload is not None
        assert payload.octets == WRAPPER[:-4]


def test_datagram_ends_where_its_length_says() -> None:
    payload = peel(ethernet(ipv4(udp(WRAPPER + b"trailer", length=8 + len(WRAPPER)), 17)))
    assert payload is not None
    assert payload.octets == WRAPPER


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (ethernet(bytes(28), 0x0806), "arp"),
        (ethernet(ipv4(bytes(40), 1)), "icmp"),
        (ethernet(ipv6(bytes(40), 58), 0x86DD), "icmpv6"),
        (ethernet(ipv4(bytes(40), 200)), "ip-protocol-200"),
        (ethernet(bytes(40), 0x88CC), "lldp"),
        (ethernet(bytes(40), 0xABCD), "ethertype-abcd"),
        (ethernet(bytes(40), 40), "llc"),
        (ethernet(b"")[:9], "truncated"),
        (ethernet(SEGMENT[:30]), "truncated"),
        (ethernet(b"\x53" + SEGMENT[1:]), "ip-malformed"),
        (ethernet(b"\x44" + SEGMENT[1:]), "ip-malformed"),
        (ethernet(ipv4(tcp()[:12] + b"\x10" + tcp()[13:] + bytes(9))), "tcp-malformed"),
        (ethernet(ipv4(udp(bytes(20), length=7), 17)), "udp-malformed"),
        (b"", "truncated"),
    ],
)
def test_packet_without_a_payload_is_counted_by_what_it_is(octets: bytes, name: str) -> None:
    assert aside(octets) == {name: 1}


def test_unknown_link_type_is_counted_and_octet_links_are_not() -> None:
    assert aside(b"abc", 195) == {"802.15.4": 1}
    assert aside(b"abc", 255) == {"link-type-255": 1}
    for link_type in (LINK_OCTETS, 147, 149, 162):
        assert is_octet_link(link_type)
        assert aside(b"\x7e\xa0", link_type) == {}
    assert not any(map(is_octet_link, (*LINKS, 146, 163)))


def test_endpoints_and_reverse_tell_the_flow() -> None:
    key = METER + CLIENT + PORTS
    assert endpoints(key) == ("10.0.0.7:4059", "10.0.0.2:51234")
    assert endpoints(reverse(key)) == ("10.0.0.2:51234", "10.0.0.7:4059")
    key = METER_6 + CLIENT_6 + PORTS
    assert endpoints(key) == ("[fe80::7]:4059", "[2001:db8::2]:51234")
    assert endpoints(reverse(key)) == ("[2001:db8::2]:51234", "[fe80::7]:4059")
    assert reverse(reverse(key)) == key


# Fragments

DATAGRAM = udp(bytes(range(256)) * 2, ports=(4059, 4059))


def fragments(cuts: list[int], version: int, identification: int = 7, body: bytes = DATAGRAM) -> list[bytes]:
    """Cut *body* at multiples of eight into IP packets."""
    borders = sorted({0, len(body), *(cut * 8 for cut in cuts if cut * 8 < len(body))})
    made = []
    for start, end in pairwise(borders):
        more = end < len(body)
        piece = body[start:end]
        if version == 4:
            packet = ethernet(ipv4(piece, 17, identification=identification, offset=start, more=more))
        else:
            head = struct.pack(">BxHI", 17, start | more, identification)
            packet = ethernet(ipv6(head + piece, 44), 0x86DD)
        made.append(packet)
    return made


cut_lists = st.lists(st.integers(1, 64), min_size=1, max_size=12)


@given(cut_lists, st.sampled_from([4, 6]), st.randoms(use_true_random=False), st.integers(0, 3))
def test_fragments_in_any_order_and_number_give_their_datagram_once(
    cuts: list[int], version: int, shuffler: Random, repeated: int
) -> None:
    made = fragments(cuts, version)
    extra = made[:-1][:repeated]
    arriving = made + extra
    shuffler.shuffle(arriving)
    network = Network()
    given = [network.peel(chunk(packet)) for packet in arriving]
    payloads = [payload for payload in given if payload]
    assert payloads[0].octets == DATAGRAM[8:]
    assert (payloads[0].start, payloads[0].end) == (-1, -1)
    assert payloads[0].key[-4:] == struct.pack(">HH", 4059, 4059)
    assert len(payloads) <= 1 + (len(extra) >= len(made))


@given(cut_lists, cut_lists, st.randoms(use_true_random=False))
def test_overlapping_fragments_that_agree_give_their_datagram(
    cuts: list[int], others: list[int], shuffler: Random
) -> None:
    arriving = fragments(cuts, 4) + fragments(others, 4)
    shuffler.shuffle(arriving)
    network = Network()
    payloads = [payload for packet in arriving if (payload := network.peel(chunk(packet)))]
    assert payloads
    assert all(payload.octets == DATAGRAM[8:] for payload in payloads)


def test_fragments_are_counted_aside_until_their_datagram_is_whole() -> None:
    network = Network()
    first, second, third = fragments([10, 30], 4)
    assert network.peel(chunk(first)) is None
    assert network.peel(chunk(third)) is None
    assert network.left_aside["ip-fragment"] == 2
    assert network.peel(chunk(second)) is not None
    assert +network.left_aside == {}


def test_fragments_of_different_datagrams_do_not_mix() -> None:
    network = Network()
    other = udp(bytes(512), ports=(4059, 4059))
    one, two = fragments([20], 4, 1), fragments([20], 4, 2, other)
    assert network.peel(chunk(one[0])) is None
    assert network.peel(chunk(two[1])) is None
    first, second = network.peel(chunk(two[0])), network.peel(chunk(one[1]))
    assert first is not None
    assert second is not None
    assert first.octets == other[8:]
    assert second.octets == DATAGRAM[8:]


def test_identification_that_comes_round_again_does_not_complete_an_old_datagram() -> None:
    network = Network()
    first, second = fragments([20], 4)
    assert network.peel(chunk(first, time_ns=0)) is None
    assert network.peel(chunk(second, time_ns=61 * 10**9)) is None
    assert network.peel(chunk(first, time_ns=62 * 10**9)) is not None


def test_unfinished_datagrams_are_bounded_and_the_oldest_gives_way() -> None:
    network = Network()
    for identification in range(257):
        network.peel(chunk(fragments([20], 4, identification)[0]))
    assert network.peel(chunk(fragments([20], 4, 0)[1])) is None
    assert network.peel(chunk(fragments([20], 4, 256)[1])) is not None


def test_fragment_beyond_the_largest_datagram_is_dropped() -> None:
    network = Network()
    packet = ethernet(ipv4(bytes(64), 17, offset=65528, more=False))
    assert network.peel(chunk(packet)) is None
    assert network.left_aside == {"ip-fragment": 1}


# Totality


@given(st.sampled_from([*LINKS, 147, 99]), st.binary(max_size=120))
def test_peel_of_random_octets_never_raises(link_type: int, octets: bytes) -> None:
    payload = peel(octets, link_type)
    assert payload is None or octets[payload.start : payload.end] == payload.octets


SAMPLES = [
    ethernet(SEGMENT),
    ethernet(SEGMENT_6, 0x86DD, 0x8100),
    ethernet(ipv4(udp(WRAPPER), 17)),
    ethernet(ipv6(bytes([60, 0]) + bytes(6) + bytes([17, 0]) + bytes(6) + udp(WRAPPER)), 0x86DD),
]


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(12, 110), st.integers(0, 255)), max_size=4),
    st.integers(0, 120),
)
def test_fast_path_equals_the_general_road_on_damaged_packets(
    octets: bytes, flips: list[tuple[int, int]], cut: int
) -> None:
    made = bytearray(octets)
    for at, value in flips:
        made[at % len(made)] = value
    made = made[: max(cut, 12)]
    fast, general = Network(), Network()
    packet = chunk(bytes(made))
    payload = general._peel(packet)
    assert fast.peel(packet) == payload
    assert fast.left_aside == general.left_aside
    key = plain_key(packet.octets)
    assert not key or (payload is not None and payload.key == key)
    size = plain_size(bytes(cut) + packet.octets + b"more", cut, cut + len(packet.octets))
    assert size == -1 or (payload is not None and len(payload.octets) == size)


def test_key_of_a_plain_packet_is_told_without_peeling_it() -> None:
    plain, *others = SAMPLES
    payload = peel(plain)
    assert payload is not None and plain_key(plain) == payload.key != b""
    assert [plain_key(one) for one in (*others, plain[:-1], b"")] == [b""] * 5
    assert plain_size(plain, 0, len(plain)) == len(payload.octets)
    assert [plain_size(one, 0, len(one)) for one in (*others, plain[:-1], b"")] == [-1] * 5


@pytest.mark.parametrize(
    ("at", "octet"),
    [(12, 0x86), (14, 0x46), (14, 0x65), (20, 0x20), (21, 0x01), (23, UDP), (23, 132)],
    ids=["ethertype", "options", "version", "more-fragments", "offset", "udp", "sctp"],
)
def test_packet_that_only_looks_plain_has_neither_key_nor_size(at: int, octet: int) -> None:
    plain = SAMPLES[0]
    other = plain[:at] + bytes((octet,)) + plain[at + 1 :]
    assert plain_key(other) == b"" and plain_size(other, 0, len(other)) == -1


def test_link_of_a_packet_without_one_is_told_by_an_ip_header_whose_checksum_is_right() -> None:
    packet = bytearray(ipv4(udp(WRAPPER), UDP))
    total = sum(struct.unpack(">10H", packet[:20]))
    packet[10:12] = (0xFFFF - (total % 0xFFFF)).to_bytes(2, "big")
    assert link_of(bytes(packet)) == 101 and link_of(ethernet(bytes(packet))) == 1
    packet[16] ^= 0x40
    assert link_of(bytes(packet)) == link_of(ethernet(bytes(packet))) == link_of(b"") == LINK_OCTETS
