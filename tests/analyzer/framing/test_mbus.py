"""M-Bus frames out of octets: whole, damaged, cut, in any reads."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scapy.packet import Raw

from analyzer.framing.frame import Mark
from analyzer.framing.mbus import MbusFramer
from dissectors.mbus import Mbus, MbusShort
from tests.analyzer.framing.build import MARK, PLACES, cut, good, octetwise, outline, run, units

ACK = b"\xe5"
REQUEST = bytes(MbusShort(control=0x5B, address=7))
PUSH = bytes(Mbus(control_information=0x10) / Raw(b"\xdb\x08" + b"\x68\x16\x7e" * 20))
LARGE = bytes(Mbus(control_information=0) / Raw(bytes(range(252))))


def long_frame(size: int) -> bytes:
    return bytes(Mbus(control_information=0x10) / Raw(bytes(at * 37 & 0xFF for at in range(size))))


def test_frames_of_every_kind_in_a_row_are_told_apart() -> None:
    found = run(MbusFramer(), [REQUEST + ACK + PUSH + ACK + LARGE])
    assert outline(found) == ["mbus 5", "mbus 1", f"mbus {len(PUSH)}", "mbus 1", "mbus 263"]


def test_frame_is_given_with_its_last_octet() -> None:
    framer = MbusFramer()
    assert framer.feed(PUSH[:-1], MARK) == []
    assert units(framer.feed(PUSH[-1:], MARK)) == [("mbus", PUSH, "")]


@pytest.mark.parametrize("size", [251, 252, 255, 256])
def test_length_modulo_256_is_undone(size: int) -> None:
    octets = long_frame(size)
    assert octets[1] == size + 5 & 0xFF
    assert units(run(MbusFramer(), [octets + PUSH])) == [("mbus", octets, ""), ("mbus", PUSH, "")]


def test_wrong_checksum_keeps_the_frame_and_the_next() -> None:
    damaged = bytearray(PUSH)
    damaged[20] ^= 4
    found = run(MbusFramer(), [bytes(damaged) + PUSH])
    assert outline(found) == [f"mbus {len(PUSH)} fcs-wrong", f"mbus {len(PUSH)}"]


@pytest.mark.parametrize("place", [1, 2])
def test_length_octet_that_differs_from_the_other_is_seen_through(place: int) -> None:
    damaged = bytearray(PUSH)
    damaged[place] = 0xF0
    found = run(MbusFramer(), [PUSH + bytes(damaged) + PUSH])
    assert outline(found) == [f"mbus {len(PUSH)}", f"mbus {len(PUSH)} length-wrong", f"mbus {len(PUSH)}"]


@pytest.mark.parametrize("lost", [1, 2, 30])
def test_lost_octets_cost_one_frame(lost: int) -> None:
    found = run(MbusFramer(), [PUSH[:15] + PUSH[15 + lost :] + LARGE + PUSH])
    assert outline(found) == [f"mbus {len(PUSH) - lost} length-wrong", "mbus 263", f"mbus {len(PUSH)}"]


def test_lost_octets_before_another_frame_of_the_same_length_cost_one_frame() -> None:
    # a level converter drops octets of a long frame: the next header stands inside its announced extent
    found = run(MbusFramer(), [LARGE[:40] + LARGE[90:-30] + LARGE + LARGE])
    assert outline(found) == ["mbus 183 length-wrong", "mbus 263", "mbus 263"]


def test_octets_too_many_cost_one_frame() -> None:
    frame = long_frame(80)
    found = run(MbusFramer(), [frame[:15] + b"\xaa\xbb\xcc" + frame[15:] + LARGE])
    assert outline(found) == [f"mbus {len(frame) + 3} length-wrong", "mbus 263"]


def test_damaged_first_start_octet_is_one_run_of_noise() -> None:
    found = run(MbusFramer(), [PUSH + b"\x69" + LARGE[1:] + PUSH])
    assert outline(found) == [f"mbus {len(PUSH)}", "noise 263", f"mbus {len(PUSH)}"]


def test_lane_that_ends_within_a_frame_gives_it_as_cut() -> None:
    assert outline(run(MbusFramer(), [PUSH + PUSH[:30]])) == [f"mbus {len(PUSH)}", "mbus 30 truncated"]
    assert outline(run(MbusFramer(), [PUSH[:2]])) == ["mbus 2 truncated"]
    assert outline(run(MbusFramer(), [REQUEST + REQUEST[:3]])) == ["mbus 5", "mbus 3 truncated"]


def test_short_frame_with_wrong_checksum_is_believed_only_behind_another_frame() -> None:
    damaged = REQUEST[:3] + b"\x00" + REQUEST[4:]
    assert outline(run(MbusFramer(), [REQUEST + damaged])) == ["mbus 5", "mbus 5 fcs-wrong"]
    assert outline(run(MbusFramer(), [b"\x00" + damaged + REQUEST])) == ["noise 6", "mbus 5"]


def test_single_characters_within_noise_are_noise() -> None:
    assert outline(run(MbusFramer(), [b"\x00\xe5\xe5" + PUSH])) == ["noise 3", f"mbus {len(PUSH)}"]


def test_noise_comes_in_bounded_pieces() -> None:
    found = run(MbusFramer(), [bytes(5000) + PUSH])
    assert outline(found) == ["noise 2048", "noise 2048", "noise 904", f"mbus {len(PUSH)}"]


def test_start_octets_without_end_stay_bounded() -> None:
    framer = MbusFramer()
    given = sum(len(frame.octets) for _ in range(100) for frame in framer.feed(b"\x68" * 1000, Mark(1, None)))
    assert 100_000 - given < 2048


FRAMES = st.one_of(
    st.just(ACK),
    st.builds(lambda c, a: bytes(MbusShort(control=c, address=a)), st.sampled_from((0x40, 0x5B, 0x7B)), st.integers(0, 255)),
    st.builds(
        lambda ci, data: bytes(Mbus(control_information=ci) / Raw(data)),
        st.sampled_from((0x00, 0x01, 0x10, 0x11, 0x72)),
        st.binary(min_size=1, max_size=60)
        | st.lists(st.sampled_from((b"\x68\x05\x05\x68", b"\x16", b"\xe5", b"\x10")), min_size=1).map(lambda some: b"".join(some)[:200]),
    ),
)  # fmt: skip
PIECES = st.lists(FRAMES | st.binary(min_size=1, max_size=20), max_size=6).map(b"".join)


@given(pieces=st.lists(FRAMES, max_size=6))
def test_healthy_frames_come_out_as_they_are(pieces: list[bytes]) -> None:
    assert good(run(MbusFramer(), [b"".join(pieces)]), "mbus") == pieces


@given(octets=PIECES, places=PLACES, hurt=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3))
def test_reads_make_no_difference_and_no_octet_is_lost(
    octets: bytes, places: list[int], hurt: list[tuple[int, int]]
) -> None:
    damaged = bytearray(octets)
    for at, value in hurt:
        if damaged:
            damaged[at % len(damaged)] = value
    octets = bytes(damaged)
    whole = units(run(MbusFramer(), [octets]))
    assert b"".join(one for _, one, _ in whole) == octets
    assert units(run(MbusFramer(), octetwise(octets))) == whole
    assert units(run(MbusFramer(), cut(octets, places))) == whole


@given(
    data=st.lists(st.binary(min_size=150, max_size=240), min_size=3, max_size=5),
    which=st.integers(0, 2),
    place=st.integers(0, 1000),
    count=st.integers(1, 9),
)
def test_octets_lost_within_a_frame_cost_that_frame_alone(
    data: list[bytes], which: int, place: int, count: int
) -> None:
    frames = [bytes(Mbus(control_information=0x10) / Raw(one)) for one in data]
    hurt = bytearray(frames[which])
    at = place % (len(hurt) - count)
    del hurt[at : at + count]
    assume(hurt[0] != ACK[0])  # a length left at the front that is E5 reads as the single character
    found = run(MbusFramer(), [b"".join((*frames[:which], bytes(hurt), *frames[which + 1 :]))])
    assert good(found, "mbus") == frames[:which] + frames[which + 1 :]
    assert len(found) <= len(frames) + 1
