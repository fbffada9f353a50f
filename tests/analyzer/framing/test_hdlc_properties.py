"""HDLC framing, as sentences: chunking does not matter, it is total, octets are kept, no good frame is lost."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.hdlc import HdlcFramer
from analyzer.framing.hdlc_header import trust_of
from tests.analyzer.framing.build import FLAG, FRAMES, PLACES, cut, frame, good, octetwise, run, units

LURES = st.sampled_from(
    (b"\x7e", b"\xff", b"\x00", b"\x7e\xa7\xff", b"\xa0\x07", b"\x7e\x7e\xa0", b"\x03\x21\x10", b"\xa0")
)
DAMAGED = st.builds(
    lambda octets, start, end: octets[start % 9 :][: end % len(octets)], FRAMES, st.integers(0, 99), st.integers(1, 999)
)
FLIPPED = st.builds(
    lambda octets, bit: (int.from_bytes(octets, "big") ^ 1 << bit % (8 * len(octets))).to_bytes(len(octets), "big"),
    FRAMES,
    st.integers(0, 9999),
)
STREAMS = st.lists(
    st.one_of(FRAMES, LURES, DAMAGED, FLIPPED, st.binary(max_size=20), FRAMES.map(lambda octets: octets[1:])),
    max_size=8,
).map(b"".join)
NOISE = st.binary(max_size=30).filter(lambda octets: not any(octet & 0xF0 == 0xA0 for octet in octets))


@given(STREAMS, PLACES)
def test_hdlc_chunking_does_not_matter(octets: bytes, places: list[int]) -> None:
    framers = [HdlcFramer() for _ in range(3)]
    ways = [[octets], octetwise(octets), cut(octets, places)]
    results = [units(run(framer, pieces)) for framer, pieces in zip(framers, ways, strict=True)]
    assert results[0] == results[1] == results[2]
    assert len({framer.idle_octets for framer in framers}) == 1


@given(STREAMS, PLACES)
def test_hdlc_every_octet_is_in_one_frame_or_idle(octets: bytes, places: list[int]) -> None:
    framer = HdlcFramer()
    found = run(framer, cut(octets, places))
    at = 0
    idle = 0
    for one in found:
        start = octets.index(one.octets, at)
        assert set(octets[at:start]) <= {0x7E, 0xFF}
        idle += start - at
        at = start + len(one.octets)
        assert one.octets
    assert set(octets[at:]) <= {0x7E, 0xFF}
    assert idle + len(octets) - at == framer.idle_octets


@given(st.binary(max_size=300), PLACES)
def test_hdlc_framing_is_total(octets: bytes, places: list[int]) -> None:
    run(HdlcFramer(), cut(octets, places))
    run(HdlcFramer(), [FLAG + bytes((0xA0,)) + octets])
    trust_of(b"\xa0" + octets, 0)


@given(st.lists(st.tuples(NOISE, FRAMES), min_size=1, max_size=6), PLACES)
def test_hdlc_good_frames_between_noise_are_all_found(pieces: list[tuple[bytes, bytes]], places: list[int]) -> None:
    octets = b"".join(noise + whole for noise, whole in pieces)
    found = run(HdlcFramer(), cut(octets, places))
    assert good(found) == [whole[1:] for _, whole in pieces]


@given(st.lists(FRAMES, min_size=1, max_size=6), PLACES, st.booleans())
def test_hdlc_good_frames_in_a_row_leave_no_noise(frames: list[bytes], places: list[int], shared: bool) -> None:
    octets = FLAG + b"".join(whole[1:] for whole in frames) if shared else b"".join(frames)
    framer = HdlcFramer()
    found = run(framer, cut(octets, places))
    assert [one.octets.removeprefix(FLAG) for one in found] == [whole[1:] for whole in frames]
    assert not any(one.problem for one in found)
    assert framer.idle_octets == 0


@given(FRAMES, st.integers(0, 9999), st.integers(1, 4), st.lists(FRAMES, min_size=2, max_size=4))
def test_hdlc_frame_with_lost_octets_costs_no_other_frame(
    damaged: bytes, place: int, count: int, frames: list[bytes]
) -> None:
    place = 1 + place % (len(damaged) - 1)
    octets = frames[0] + damaged[:place] + damaged[place + count :] + b"".join(frames[1:])
    found = iter(good(run(HdlcFramer(), [octets])))
    assert all(whole[1:] in found for whole in frames)  # in this order


@given(FRAMES, st.lists(FRAMES, min_size=1, max_size=3))
def test_hdlc_frame_is_delivered_when_complete(first: bytes, frames: list[bytes]) -> None:
    framer = HdlcFramer()
    for whole in (first, *frames):
        assert len(run(framer, [whole], flush=False)) == 1
        assert len(run(framer, octetwise(whole), flush=False)) == 1


def test_hdlc_false_starts_without_end_cost_no_more_than_their_octets() -> None:
    # each false start announces 2047 octets; looking into each anew would take minutes
    octets = b"\x7e\xa7\xff\x03\x21\x10" * 8000
    run(HdlcFramer(), [octets])
    run(HdlcFramer(), cut(octets, range(0, len(octets), 97)))
    header = frame(b"\x00" * 40)[:9]
    run(HdlcFramer(), [header * 4000])
