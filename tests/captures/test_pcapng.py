"""pcapng: sections, interfaces, times, options and damage."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures import pcapng
from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.pcapng import PcapngSource
from captures.stream import HeldInput, Window
from tests.captures.build import block, enhanced, interface, old_packet, section, simple
from tests.captures.test_pcap import Dribble, codes

SECOND = 1_700_000_000


def read(octets: bytes) -> tuple[list[Chunk], Source]:
    source = PcapngSource("t", Window(HeldInput(octets)))
    return list(source), source


PACKETS = [bytes([number]) * (39 + number) for number in range(1, 9)]
HEALTHY = section() + interface() + b"".join(enhanced(octets, number) for number, octets in enumerate(PACKETS))

packets = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(max_size=60), st.integers(0, 9)), max_size=6)


@given(
    packets,
    st.sampled_from("<>"),
    st.one_of(st.none(), st.integers(0, 255)),
    st.integers(-(2**40), 2**40),
    st.integers(0, 0xFFFF),
    st.integers(1, 60),
)
def test_packets_of_any_order_and_resolution_come_back(
    made: list[tuple[int, bytes, int]], order: str, resolution: int | None, offset: int, link_type: int, piece: int
) -> None:
    pairs = [(14, struct.pack(order + "q", offset))]
    unit = Fraction(1, 10**6)
    if resolution is not None:
        pairs.append((9, bytes([resolution])))
        unit = Fraction(1, 2 ** (resolution & 127) if resolution & 128 else 10**resolution)
    octets = section(order) + interface(link_type, order, pairs)
    want = []
    for number, (time, packet, cut) in enumerate(made, 1):
        at = len(octets) + 28
        octets += enhanced(packet, time, order, original=len(packet) + cut)
        time_ns: int | None = time * unit * 10**9 // 1 + offset * 10**9
        if time_ns is None or abs(time_ns) >= 2**63:
            time_ns = None  # no table of nanoseconds holds it
        want.append((number, time_ns, link_type, 0, packet, len(packet) + cut, at, 0))
    got, source = read(octets)
    assert got == want
    assert {one.code for one in source.remarks} == ({"packets-cut"} if any(cut for *_, cut in made) else set())
    assert list(PcapngSource("t", Window(Dribble(octets, piece)))) == want


@pytest.mark.parametrize(
    ("resolution", "digits"), [(0, 0), (3, 3), (6, 6), (9, 9), (12, 9), (0x80, 0), (0x8A, 4), (0x94, 7), (0xA0, 9)]
)
def test_digits_follow_the_resolution(resolution: int, digits: int) -> None:
    _, source = read(section() + interface(pairs=[(9, bytes([resolution]))]))
    assert source.time_digits == digits


def test_sections_of_either_order_have_interfaces_of_their_own() -> None:
    octets = section("<") + interface(1, "<") + interface(147, "<", [(9, b"\x09")])
    octets += enhanced(b"a", 5, "<", number=0) + enhanced(b"b", 5, "<", number=1)
    octets += section(">") + interface(113, ">") + enhanced(b"c", 5, ">", number=0) + enhanced(b"d", 5, ">", number=1)
    got, source = read(octets)
    assert [(chunk.number, chunk.link_type, chunk.time_ns, chunk.octets) for chunk in got] == [
        (1, 1, 5000, b"a"),
        (2, 147, 5, b"b"),
        (3, 113, 5000, b"c"),
    ]
    assert codes(source) == ["pcapng-interface-missing"]
    assert source.time_digits == 9


def test_interface_described_between_packets_counts_from_there() -> None:
    got, _ = read(section() + interface(1) + enhanced(b"a") + interface(147) + enhanced(b"b", number=1))
    assert [chunk.link_type for chunk in got] == [1, 147]


@pytest.mark.parametrize("order", ["<", ">"])
def test_comments_of_packets_and_of_the_file_are_kept(order: str) -> None:
    pairs = [(1, "Zähler 7".encode()), (1, b"again")]
    octets = (
        section(order, [(1, b"whole")])
        + interface(1, order)
        + enhanced(b"abc", 0, order)
        + enhanced(b"abcd", 0, order, pairs)
    )
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == [b"abc", b"abcd"]
    assert source.comments == {0: ["whole"], 2: ["Zähler 7", "again"]}


@pytest.mark.parametrize("length", [13, 40, 0xFFFF])
def test_comment_that_is_longer_than_its_block_is_none(length: int) -> None:
    lying = enhanced(b"abcd", pairs=[(1, b"meter 7")]).replace(struct.pack("<HH", 1, 7), struct.pack("<HH", 1, length))
    got, source = read(section() + interface() + lying + enhanced(b"efgh", pairs=[(1, b"sound")]))
    assert [chunk.octets for chunk in got] == [b"abcd", b"efgh"]
    assert source.comments == {2: ["sound"]}


@pytest.mark.parametrize(
    ("name", "flags", "direction"),
    [
        ("eth0", 1, RECEIVED),
        ("eth0", 2, SENT),
        ("eth0", 0, UNKNOWN),
        ("eth0", 0x1FD, RECEIVED),
        ("TX", None, SENT),
        ("meter rx", None, RECEIVED),
        ("RX", 2, SENT),
        ("TX", 0, SENT),
        ("extx", None, UNKNOWN),
    ],
)
def test_direction_comes_from_flags_else_from_the_interface_name(name: str, flags: int | None, direction: int) -> None:
    pairs = [] if flags is None else [(2, struct.pack("<I", flags))]
    got, _ = read(section() + interface(147, pairs=[(2, name.encode())]) + enhanced(b"7E", pairs=pairs))
    assert got[0].direction == direction


def test_simple_packet_has_no_time_and_heeds_the_snap_length() -> None:
    octets = section() + interface(snap_length=4) + simple(b"abcd", original=9) + simple(b"ab")
    got, _ = read(octets)
    assert [(chunk.time_ns, chunk.octets, chunk.original_length) for chunk in got] == [
        (None, b"abcd", 9),
        (None, b"ab", 2),
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_old_packet_block_is_read(order: str) -> None:
    octets = section(order) + interface(147, order) + interface(1, order)
    octets += old_packet(b"abcde", 7 << 32 | 5, order, [(2, struct.pack(order + "I", 2)), (1, b"hi")], number=1)
    got, source = read(octets)
    assert got == [(1, (7 << 32 | 5) * 1000, 1, SENT, b"abcde", 5, len(octets) - 4 - 20 - 8, 1)]
    assert source.comments == {1: ["hi"]}


def test_unknown_blocks_are_skipped_without_a_remark() -> None:
    octets = (
        section()
        + block(0x12345678, bytes(21))
        + interface()
        + block(5, bytes(8))
        + enhanced(b"a")
        + block(0xBAD, b"PEN!")
        + block(4, b"")
    )
    got, source = read(octets + enhanced(b"b"))
    assert [chunk.octets for chunk in got] == [b"a", b"b"]
    assert source.remarks == []


@given(st.integers(4, len(HEALTHY)), st.integers(1, 99))
def test_file_cut_anywhere_gives_the_packets_before_the_cut(cut: int, piece: int) -> None:
    whole, _ = read(HEALTHY)
    got, source = read(HEALTHY[:cut])
    assert list(PcapngSource("t", Window(Dribble(HEALTHY[:cut], piece)))) == got
    for chunk, want in zip(got, whole, strict=False):
        assert want.octets.startswith(chunk.octets)
        assert chunk[:4] == want[:4]
        assert chunk.original_length == want.original_length
    assert got[:-1] == whole[: max(0, len(got) - 1)]
    assert sum(chunk.offset + len(chunk.octets) <= cut for chunk in whole) in (len(got), len(got) - 1)
    borders, at = [], 0
    while at < len(HEALTHY):
        at += struct.unpack_from("<I", HEALTHY, at + 4)[0]
        borders.append(at)
    assert codes(source) == ([] if cut in borders else ["capture-cut"])


@given(st.binary(max_size=200), st.integers(0, 5000))
def test_damaged_file_never_raises(damage: bytes, at: int) -> None:
    at = 4 + at % (len(HEALTHY) - 4)
    got, _ = read(HEALTHY[:at] + damage + HEALTHY[at + len(damage) :])
    assert all(chunk.original_length >= len(chunk.octets) for chunk in got)
    assert [chunk.number for chunk in got] == list(range(1, len(got) + 1))


@pytest.mark.parametrize("lie", [0, 8, 13, 44, 0x7FFFFFFC, 0xFFFFFFFF, 20_000_000])
@pytest.mark.parametrize("victim", [0, 3, 7])
def test_lying_block_length_costs_no_packet(lie: int, victim: int) -> None:
    octets = section() + interface()
    for number, packet in enumerate(PACKETS):
        made = enhanced(packet, number)
        octets += made if number != victim else made[:4] + struct.pack("<I", lie) + made[8:]
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS
    assert [chunk.time_ns for chunk in got] == [number * 1000 for number in range(8)]
    assert len(source.remarks) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_section_of_either_order_is_found_behind_a_damaged_block(order: str) -> None:
    """What begins like a section within the damaged block is none: its byte order, its kind or its ends are not."""
    inside = section()[:8] + bytes(4) + block(0x12345678, bytes(4)) + block(6, bytes(8))[:-4] + bytes(4)
    made = enhanced(inside)
    octets = section() + interface() + made[:4] + struct.pack("<I", 20_000_000) + made[8:]
    octets += section(order) + interface(147, order) + enhanced(b"after", 5, order)
    got, source = read(octets)
    assert [(chunk.octets, chunk.link_type, chunk.time_ns) for chunk in got] == [(inside, 1, 0), (b"after", 147, 5000)]
    assert codes(source) == ["pcapng-length-wrong"]


@pytest.mark.parametrize("victim", [0, 7])
def test_wrong_trailing_length_is_remarked_and_the_packet_kept(victim: int) -> None:
    octets = section() + interface()
    for number, packet in enumerate(PACKETS):
        made = enhanced(packet, number)
        octets += made if number != victim else made[:-4] + b"\x11\x22\x33\x44"
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS
    assert codes(source) == ["pcapng-length-mismatch"]


def test_captured_length_beyond_the_block_is_bounded_by_it() -> None:
    made = enhanced(b"abcd")
    made = made[:20] + struct.pack("<I", 60000) + made[24:]
    got, _ = read(section() + interface() + made + enhanced(b"next"))
    assert [chunk.octets for chunk in got] == [b"abcd", b"next"]


def test_file_that_is_only_a_magic_has_no_packets_and_a_remark() -> None:
    got, source = read(section()[:4])
    assert got == []
    assert codes(source) == ["capture-cut"]


def test_interface_of_each_packet_is_its_place_in_the_section() -> None:
    octets = section() + interface(147) + interface(148) + enhanced(b"a", number=1) + old_packet(b"b", number=1)
    octets += enhanced(b"c") + simple(b"d") + section() + interface(149) + enhanced(b"e")
    got, source = read(octets)
    assert [(chunk.octets, chunk.interface) for chunk in got] == [(b"a", 1), (b"b", 1), (b"c", 0), (b"d", 0), (b"e", 0)]
    assert source.remarks == []


def test_packets_cut_by_the_capture_are_remarked_once() -> None:
    _, source = read(section() + interface() + enhanced(b"abcd") + enhanced(b"ab", original=4) * 3)
    text = "packets are cut, packet 2 at 2 octets: capture them whole (tcpdump -s 0)"
    assert source.remarks == [("packets-cut", text, 2)]


def test_comments_beyond_what_is_kept_are_told_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "MOST_COMMENTED", 8)
    got, source = read(section() + interface(1) + b"".join(enhanced(b"a", pairs=[(1, b"12345")]) for _ in "abc"))
    assert len(got) == 3
    assert source.comments == {1: ["12345"]}
    assert codes(source) == ["pcapng-comments-too-many"] * 2


def test_interfaces_beyond_what_is_kept_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "MOST_INTERFACES", 2)
    got, source = read(section() + interface(1) * 3 + enhanced(b"a", number=1) + enhanced(b"b", number=2))
    assert [one.octets for one in got] == [b"a"]
    assert codes(source) == ["pcapng-interface-missing"]
