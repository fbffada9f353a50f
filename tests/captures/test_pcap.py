"""pcap: every variant gives its records, and a damaged file what is readable of it."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures import open_source
from captures.chunk import RECEIVED, SENT, Chunk, Source
from captures.pcap import PcapSource
from captures.stream import HeldInput, Window
from tests.captures.build import pcap_header, pcap_record


class Dribble:
    """An input that gives its octets in pieces of a size."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(octets), size

    def fetch(self) -> bytes:
        return self._stream.read(self._size)

    def close(self) -> None:
        pass


def read(octets: bytes) -> tuple[list[Chunk], Source]:
    source = PcapSource("t", Window(HeldInput(octets)))
    return list(source), source


def codes(source: Source) -> list[str]:
    return [remark.code for remark in source.remarks]


PACKETS = [bytes([number]) * (40 + number) for number in range(1, 9)]
HEALTHY = pcap_header() + b"".join(pcap_record(octets) for octets in PACKETS)

records = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 999_999_999), st.binary(max_size=60), st.integers(0, 9)),
    max_size=8,
)


@given(records, st.sampled_from("<>"), st.sampled_from([6, 9]), st.integers(0, 0xFFFF), st.integers(1, 50))
def test_records_of_either_order_and_resolution_come_back(
    made: list[tuple[int, int, bytes, int]], order: str, digits: int, link_type: int, piece: int
) -> None:
    octets = pcap_header(order=order, digits=digits, link_type=link_type)
    want = []
    for number, (seconds, fraction, packet, cut) in enumerate(made, 1):
        if digits == 6:
            fraction //= 1000
        octets += pcap_record(packet, order=order, seconds=seconds, fraction=fraction, original=len(packet) + cut)
        time_ns = seconds * 10**9 + fraction * 10 ** (9 - digits)
        want.append((number, time_ns, link_type, 0, packet, len(packet) + cut, len(octets) - len(packet), 0))
    whole, source = read(octets)
    assert whole == want
    assert {one.code for one in source.remarks} == ({"packets-cut"} if any(cut for *_, cut in made) else set())
    assert source.time_digits == digits
    assert list(PcapSource("t", Window(Dribble(octets, piece)))) == want


@given(st.integers(4, len(HEALTHY)), st.integers(1, 99))
def test_file_cut_anywhere_gives_the_packets_before_the_cut(cut: int, piece: int) -> None:
    whole, _ = read(HEALTHY)
    source = PcapSource("t", Window(Dribble(HEALTHY[:cut], piece)))
    got = list(source)
    assert got == read(HEALTHY[:cut])[0]
    complete = [chunk for chunk in whole if chunk.offset + len(chunk.octets) <= cut]
    assert got[: len(complete)] == complete
    for chunk in got[len(complete) :]:
        last = whole[len(complete)]
        assert len(got) == len(complete) + 1
        assert chunk.octets == last.octets[: cut - last.offset]
        assert chunk[:4] == last[:4]
        assert chunk.original_length == last.original_length
    ends_clean = cut == 24 or any(chunk.offset + len(chunk.octets) == cut for chunk in whole)
    assert codes(source) == ([] if ends_clean else ["capture-cut"])


@given(st.binary(max_size=200), st.integers(0, 500))
def test_damaged_file_never_raises(damage: bytes, at: int) -> None:
    at = 4 + at % (len(HEALTHY) - 4)
    got, _ = read(HEALTHY[:at] + damage + HEALTHY[at + len(damage) :])
    assert all(chunk.original_length >= len(chunk.octets) for chunk in got)
    assert [chunk.number for chunk in got] == list(range(1, len(got) + 1))


@pytest.mark.parametrize("lie", [0xFFFFFFFF, 0x7FFFFFFF, 2_000_000, 5000, 900])
@pytest.mark.parametrize("victim", [0, 3, 7])
def test_lying_captured_length_costs_no_packet(lie: int, victim: int) -> None:
    octets = pcap_header()
    for number, packet in enumerate(PACKETS):
        octets += pcap_record(packet, captured=lie if number == victim else -1, original=len(packet))
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS
    assert [octets[chunk.offset :][: len(chunk.octets)] for chunk in got] == PACKETS
    assert {chunk.interface for chunk in got} == {0}
    assert len(source.remarks) == 1
    assert str(victim + 1) in source.remarks[0].text
    assert str(lie) in source.remarks[0].text


def test_lying_length_among_packets_cut_by_the_capture_costs_no_packet() -> None:
    octets = pcap_header()
    for number, packet in enumerate(PACKETS):
        octets += pcap_record(packet, captured=5000 if number == 3 else -1, original=1400)
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS
    assert codes(source).count("pcap-length-wrong") == 1


def test_both_lengths_lying_are_found_out_by_the_next_record() -> None:
    octets = pcap_header()
    for number, packet in enumerate(PACKETS):
        octets += pcap_record(packet, captured=0x40000000 if number == 2 else -1)
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS
    assert codes(source) == ["pcap-length-wrong"]
    assert got[2].original_length == len(PACKETS[2])


def test_octets_between_records_are_passed_over_with_a_remark() -> None:
    octets = pcap_header() + pcap_record(PACKETS[0]) + b"\xee" * 77 + pcap_record(PACKETS[1]) + pcap_record(PACKETS[2])
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS[:3]
    assert codes(source) == ["pcap-length-wrong"]


def test_lie_without_a_record_behind_it_stops_and_shows_what_was_before() -> None:
    octets = pcap_header() + pcap_record(PACKETS[0]) + pcap_record(b"\xee" * 3_000_000, captured=0xFFFFFFF0)
    got, source = read(octets)
    assert [chunk.octets for chunk in got] == PACKETS[:1]
    assert codes(source) == ["pcap-length-wrong"]


def test_last_packet_cut_is_kept_and_names_both_lengths() -> None:
    got, source = read(pcap_header() + pcap_record(PACKETS[0]) + pcap_record(bytes(90))[: 16 + 31])
    assert got[1].octets == bytes(31)
    assert got[1].original_length == 90
    assert source.remarks == [("capture-cut", "packet 2 announces 90 octets, what is left in the file is 31", 2)]


def test_captured_length_over_the_original_is_kept_with_a_remark() -> None:
    got, source = read(pcap_header() + pcap_record(bytes(60), original=54) + pcap_record(PACKETS[0]))
    assert [len(chunk.octets) for chunk in got] == [60, 41]
    assert got[0].original_length == 60
    assert source.remarks == [("pcap-length-wrong", "packet 1 says that 60 of its 54 octets are there", 1)]


@pytest.mark.parametrize("snap_length", [0, 16, 0xFFFFFFFF])
def test_snap_length_of_the_header_does_not_matter(snap_length: int) -> None:
    got, source = read(pcap_header(snap_length=snap_length) + pcap_record(PACKETS[0]))
    assert got[0].octets == PACKETS[0]
    assert source.remarks == []


def test_link_type_leaves_out_the_frame_check_bits() -> None:
    got, _ = read(pcap_header(link_type=0x44000000 | 147) + pcap_record(PACKETS[0]))
    assert got[0].link_type == 147


@pytest.mark.parametrize("order", ["<", ">"])
def test_modified_variant_has_longer_records_and_a_direction(order: str) -> None:
    octets = pcap_header(order=order, magic=0xA1B2CD34)
    for kind in (0, 4):
        # interface index, protocol, packet type, padding: between the record header and the packet
        octets += pcap_record(bytes(8)[:6] + bytes([kind, 0]) + b"packet", order=order, captured=6)
    got, _ = read(octets)
    assert [(chunk.octets, chunk.direction) for chunk in got] == [(b"packet", RECEIVED), (b"packet", SENT)]


def test_file_larger_than_a_block_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large"
    packet = bytes(1400)
    path.write_bytes(pcap_header() + pcap_record(packet) * 500)
    with open_source(str(path)) as source:
        got = list(source)
    assert len(got) == 500
    assert source.size == path.stat().st_size
    assert got[-1].offset == source.size - 1400
    assert {len(chunk.octets) for chunk in got} == {1400}


SOUGHT = re.compile(b"\xff[\3\4]")


@given(
    st.lists(st.lists(st.sampled_from((b"\xff", b"\x03", b"\x04", b"1234")), max_size=9).map(b"".join), max_size=12),
    st.integers(0, 30),
    st.integers(1, 200),
)
def test_packets_that_hold_something_are_those_found_among_all(parts: list[bytes], least: int, size: int) -> None:
    octets = pcap_header() + b"".join(map(pcap_record, parts))
    one, other = (PcapSource("t", Window(Dribble(octets, size))) for _ in range(2))

    def is_even(link_type: int, octets: bytes, start: int, end: int) -> bool:
        return link_type == 1 and (end - start) % 2 == 0

    found = list(one.holding(SOUGHT, least, is_even))
    assert found == list(Source.holding(other, SOUGHT, least, is_even))
    pieces = [part for part in parts if (len(part) < least and len(part) % 2 == 0) or SOUGHT.search(part)]
    assert [chunk.octets for chunk in found] == pieces


def test_packets_cut_by_the_capture_are_remarked_once() -> None:
    packet = PACKETS[0]
    records = [pcap_record(packet[:40], original=len(packet)) for _ in range(3)]
    _, source = read(pcap_header() + pcap_record(packet) + b"".join(records))
    text = "packets are cut, packet 2 at 40 octets: capture them whole (tcpdump -s 0)"
    assert source.remarks == [("packets-cut", text, 2)]
