"""TCP streams: in order, behind gaps, repeated, restarted, over the end of the sequence numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.frame import Mark
from analyzer.reassembly.tcp import DATA, FIN, GAP, REPEATED, RST, SYN, Event, TcpStream

ACK = 0x10
MARK = Mark(1, None)


def shown(events: list[Event[Mark]]) -> list[str]:
    """Write one line an event: its kind, and its octets or their count."""
    lines = []
    for event in events:
        what = event.octets.decode("latin-1") if event.octets else str(event.length or "")
        lines.append(f"{event.kind.name.lower()} {what}".rstrip())
        assert not event.octets or event.length == len(event.octets)
    return lines


def fed(stream: TcpStream[Mark], *segments: tuple[int, bytes] | tuple[int, bytes, int]) -> list[str]:
    """Feed segments of sequence number, octets and flags; the mark's number counts them."""
    events = []
    for number, segment in enumerate(segments, 1):
        flags = segment[2] if len(segment) > 2 else ACK
        events += stream.feed(segment[0] & 0xFFFF_FFFF, flags, segment[1], Mark(number, None))
    return shown(events)


def started(sequence: int = 999) -> TcpStream[Mark]:
    """Begin a stream whose next octet is *sequence* + 1."""
    stream: TcpStream[Mark] = TcpStream()
    assert fed(stream, (sequence, b"", SYN)) == ["start"]
    return stream


def test_stream_in_order_gives_each_segment() -> None:
    stream = started()
    assert fed(stream, (1000, b"abc"), (1003, b"de"), (1005, b"")) == ["data abc", "data de"]
    assert stream.next_sequence == 1005
    assert not stream.pending


def test_caller_may_deliver_plain_segments_itself() -> None:
    stream = started()
    stream.next_sequence += 3
    assert fed(stream, (1003, b"de"), (1000, b"abc")) == ["data de", "repeated abc"]


def test_stream_without_syn_starts_at_the_first_octets() -> None:
    stream: TcpStream[Mark] = TcpStream()
    assert fed(stream, (4999, b""), (5000, b"abc"), (5003, b"d")) == ["data abc", "data d"]


def test_segment_out_of_order_waits_for_its_turn() -> None:
    stream = started()
    assert fed(stream, (1003, b"de")) == []
    assert fed(stream, (1005, b"f"), (1000, b"abc")) == ["data abc", "data de", "data f"]
    assert not stream.pending


def test_waiting_segments_keep_their_marks() -> None:
    stream = started()
    stream.feed(1003, ACK, b"de", Mark(7, 70))
    events = stream.feed(1000, ACK, b"abc", Mark(8, 80))
    assert [event.mark for event in events] == [Mark(8, 80), Mark(7, 70)]


def test_retransmission_is_dropped_and_said() -> None:
    assert fed(started(), (1000, b"abc"), (1000, b"abc"), (1003, b"d")) == ["data abc", "repeated abc", "data d"]


def test_overlap_gives_what_is_new() -> None:
    assert fed(started(), (1000, b"abc"), (1001, b"bcde")) == ["data abc", "repeated bc", "data de"]


def test_overlap_among_waiting_segments_gives_each_octet_once() -> None:
    stream = started()
    lines = fed(stream, (1003, b"defg"), (1002, b"cdef"), (1003, b"de"), (1000, b"abc"))
    assert lines == ["repeated de", "data abc", "data def", "repeated def", "data g"]


@pytest.mark.parametrize("probe", [(1002, b""), (1002, b"\x00"), (1002, b"c")])
def test_keep_alive_is_no_retransmission(probe: tuple[int, bytes]) -> None:
    assert fed(started(), (1000, b"abc"), probe, (1003, b"d")) == ["data abc", "data d"]


def test_zero_window_probe_is_no_retransmission() -> None:
    assert fed(started(), (1000, b"abc"), (1003, b"d"), (1003, b"def")) == ["data abc", "data d", "data ef"]


def test_sequence_numbers_wrap() -> None:
    stream = started(0xFFFF_FFFC)
    assert fed(stream, (0xFFFF_FFFD, b"ab"), (1, b"ef"), (0xFFFF_FFFF, b"cd"), (3, b"g")) == [
        "data ab",
        "data cd",
        "data ef",
        "data g",
    ]
    assert stream.next_sequence == 4


def test_gap_is_given_up_when_the_receiver_has_its_octets() -> None:
    stream = started()
    fed(stream, (1000, b"abc"), (1005, b"f"))
    assert shown(stream.acknowledge(1003)) == []
    assert shown(stream.acknowledge(1004)) == []
    assert shown(stream.acknowledge(1006)) == ["gap 2", "data f"]


def test_gap_known_to_be_acknowledged_is_given_up_at_once() -> None:
    stream = started()
    fed(stream, (1000, b"abc"))
    assert stream.acknowledge(1005) == []
    assert fed(stream, (1005, b"f"), (1006, b"g")) == ["gap 2", "data f", "data g"]


def test_gap_is_given_up_when_too_many_segments_wait() -> None:
    stream = started()
    lines = fed(stream, *((1002 + at, b"x") for at in range(257)))
    assert lines == ["gap 2", *["data x"] * 257]


def test_gap_is_given_up_when_too_many_octets_wait() -> None:
    stream = started()
    events = [event for at in range(20) for event in stream.feed(1001 + at * 60_000, ACK, bytes(60_000), MARK)]
    assert [event.kind for event in events[:2]] == [GAP, DATA]
    assert sum(event.length for event in events if event.kind is DATA) == 20 * 60_000


def test_gap_is_given_up_at_the_end() -> None:
    stream = started()
    fed(stream, (1000, b"abc"), (1005, b"f"), (1008, b"i", ACK | FIN))
    assert shown(stream.end()) == ["gap 2", "data f", "gap 2", "data i", "end"]
    assert stream.end() == []


def test_gap_is_given_up_at_a_reset() -> None:
    stream = started()
    fed(stream, (1005, b"f"))
    assert fed(stream, (1006, b"", RST), (1006, b"", RST)) == ["gap 5", "data f", "reset"]
    assert fed(stream, (7000, b"abc")) == ["data abc"]


def test_fin_ends_once_all_before_it_has_come() -> None:
    stream = started()
    assert fed(stream, (1000, b"abc", ACK | FIN), (1000, b"abc", ACK | FIN), (1003, b"", ACK | FIN)) == [
        "data abc",
        "end",
        "repeated abc",
    ]
    other = started()
    assert fed(other, (1003, b"", ACK | FIN)) == []
    assert fed(other, (1000, b"abc")) == ["data abc", "end"]


def test_syn_restarts_the_stream() -> None:
    stream = started()
    fed(stream, (1000, b"abc"), (1005, b"f"))
    assert fed(stream, (70_000, b"", SYN), (70_001, b"x")) == ["gap 2", "data f", "start", "data x"]


def test_repeated_syn_restarts_nothing() -> None:
    assert fed(started(), (999, b"", SYN), (1000, b"abc"), (999, b"", SYN), (1003, b"d")) == ["data abc", "data d"]


def test_octets_with_the_syn_are_data() -> None:
    assert fed(TcpStream(), (999, b"abc", SYN), (1003, b"d")) == ["start", "data abc", "data d"]


def test_far_segment_without_syn_is_another_connection() -> None:
    assert fed(started(), (1000, b"abc"), (0x7000_0000, b"x"), (0x7000_0001, b"y")) == [
        "data abc",
        "start",
        "data x",
        "data y",
    ]


def test_octets_cut_by_the_capture_are_a_gap() -> None:
    stream = started()
    fed(stream, (1000, b"abc"))
    assert shown(stream.lose(5, MARK)) == ["gap 5"]
    assert fed(stream, (1008, b"i")) == ["data i"]
    assert stream.lose(0, MARK) == []
    assert TcpStream().lose(5, MARK) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF_FFFF), st.integers(0, 255), st.binary(max_size=9), st.booleans()), max_size=30
    )
)
def test_tcp_stream_is_total(segments: list[tuple[int, int, bytes, bool]]) -> None:
    stream: TcpStream[Mark] = TcpStream()
    for sequence, flags, octets, near in segments:
        stream.feed(sequence & 0x3F if near else sequence, flags, octets, MARK)
        stream.acknowledge(sequence)
    stream.end()
    assert not stream.pending


@given(st.binary(min_size=1, max_size=200), st.integers(0, 0xFFFF_FFFF), st.randoms(use_true_random=False))
def test_tcp_shuffled_and_repeated_segments_give_the_octets_once(
    octets: bytes, initial: int, chance: random.Random
) -> None:
    segments = []
    at = 0
    while at < len(octets):
        start = max(at - chance.choice((0, 0, 1, 5)), 0)
        end = min(at + chance.randint(1, 30), len(octets))
        segments.append((start, octets[start:end]))
        at = end
    segments += chance.sample(segments, len(segments) // 3)
    chance.shuffle(segments)
    stream = started((initial - 1) & 0xFFFF_FFFF)
    events = [
        event for start, some in segments for event in stream.feed((initial + start) & 0xFFFF_FFFF, ACK, some, MARK)
    ]
    assert b"".join(event.octets for event in events if event.kind is DATA) == octets
    assert all(event.kind in (DATA, REPEATED) for event in events)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.sampled_from("kkkld")), min_size=1, max_size=40))
def test_tcp_lost_segments_are_gaps_of_their_length(parts: list[tuple[bytes, str]]) -> None:
    stream = started()
    events = []
    sequence = 1000
    for octets, fate in parts:
        if fate != "l":
            events += stream.feed(sequence, ACK, octets, MARK)
        sequence += len(octets)
        if fate == "d":
            events += stream.acknowledge(sequence)
    events += stream.end()
    covered = sum(event.length for event in events if event.kind in (DATA, GAP))
    kept = [octets for octets, fate in parts if fate != "l"]
    assert b"".join(event.octets for event in events if event.kind is DATA) == b"".join(kept)
    tail = 0
    for octets, fate in reversed(parts):
        if fate != "l":
            break
        tail += len(octets)
    assert covered == sequence - 1000 - tail
