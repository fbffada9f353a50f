"""The cause of a wrong check sequence, found in the octets alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis.fcs_search import CERTAIN, LIKELY, POSSIBLE, Candidate, search
from dissectors.checks import fcs
from tests.analyzer.diagnosis.frames import answer
from tests.analyzer.framing.build import body, check

CHANCE = random.Random(1)
FRAME = answer(60, CHANCE)
SNRM = body(control=0x93)


def between_flags(octets: bytes) -> list[Candidate]:
    return search(b"\x7e" + octets + b"\x7e")


def flipped(octets: bytes, at: int, mask: int) -> bytes:
    return octets[:at] + bytes((octets[at] ^ mask,)) + octets[at + 1 :]


@pytest.mark.parametrize("octets", [SNRM, answer(30, CHANCE), FRAME], ids=["snrm", "30", "60"])
def test_every_single_bit_is_named_and_located_for_certain(octets: bytes) -> None:
    for at in range(len(octets)):
        for bit in range(8):
            best, *_ = between_flags(flipped(octets, at, 1 << bit))
            assert (best.cause, best.repaired) == ("bit-error", octets), (at, bit)
            assert best.confidence in (CERTAIN, LIKELY)
            assert best.at == at + 1


def _damaged(octets: bytes, chance: random.Random) -> tuple[bytes, str]:
    return flipped(octets, chance.randrange(len(octets)), chance.choice([3, 0x5A, 0xFF, 0x81])), "octet-damaged"


def _lost(octets: bytes, chance: random.Random) -> tuple[bytes, str]:
    at = chance.randrange(len(octets))
    return octets[:at] + octets[at + 1 :], "octets-lost"


def _inserted(octets: bytes, chance: random.Random) -> tuple[bytes, str]:
    at = chance.randrange(len(octets))
    return octets[:at] + chance.randbytes(1) + octets[at:], "octets-inserted"


@pytest.mark.parametrize("damage", [_damaged, _lost, _inserted])
@pytest.mark.parametrize("size", [30, 60, 128])
def test_one_hurt_octet_is_found_named_and_located(
    damage: Callable[[bytes, random.Random], tuple[bytes, str]], size: int
) -> None:
    chance = random.Random(size)
    counts: Counter[str] = Counter()
    for _ in range(200):
        octets = answer(size, chance)
        hurt, cause = damage(octets, chance)
        found = between_flags(hurt)
        counts["found"] += bool(found)
        counts["named"] += found[0].cause in (cause, "flow-control-octets-removed")
        counts["located"] += any(one.repaired == octets for one in found)
        counts["wrongly certain"] += found[0].confidence is CERTAIN and found[0].repaired != octets
    assert counts["found"] == counts["located"] == 200
    assert counts["named"] >= 190
    assert counts["wrongly certain"] <= 1


def test_frame_cut_at_a_flag_octet_in_its_fcs_is_named_for_certain() -> None:
    chance = random.Random(3)
    octets = next(one for one in (answer(40, chance) for _ in range(100_000)) if one.endswith(b"\x7e"))
    (only,) = search(b"\x7e" + octets)
    assert (only.cause, only.confidence, only.repaired) == ("cut-at-flag-octet", CERTAIN, octets)


def test_flag_that_cannot_be_the_first_octet_of_the_fcs_cut_no_frame() -> None:
    chance = random.Random(4)
    octets = next(one for one in (answer(40, chance) for _ in range(100)) if b"\x7e" not in one)
    found = search(b"\x7e" + octets[:20] + octets[22:] + b"\x7e")
    assert found[0].cause == "octets-lost"
    assert "cut-at-flag-octet" not in [one.cause for one in found]


def test_fcs_octets_in_the_wrong_order_are_named() -> None:
    (only,) = between_flags(FRAME[:-2] + FRAME[:-3:-1])
    assert (only.cause, only.repaired) == ("fcs-octets-swapped", FRAME)


def test_fcs_over_the_flag_too_is_named() -> None:
    (only,) = between_flags(FRAME[:-2] + check(b"\x7e" + FRAME[:-2]))
    assert (only.cause, only.repaired) == ("fcs-wrong-range", FRAME)


def test_fcs_without_its_last_inversion_is_named() -> None:
    (only,) = between_flags(FRAME[:-2] + (fcs(FRAME[:-2]) ^ 0xFFFF).to_bytes(2, "little"))
    assert (only.cause, only.repaired) == ("fcs-wrong-range", FRAME)


def test_escapes_as_in_ppp_are_named() -> None:
    octets = body(bytes.fromhex("E6E700 C4010000 0904 7D7E7D01"))
    stuffed = octets.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
    (only,) = between_flags(stuffed)
    assert (only.cause, only.repaired) == ("octet-stuffing", octets)


def test_translated_line_ends_are_named() -> None:
    octets = body(bytes.fromhex("E6E700 C4010000 0904 0A010A02"))
    (only,) = between_flags(octets.replace(b"\n", b"\r\n"))
    assert (only.cause, only.repaired) == ("newline-translation", octets)


def test_two_flow_control_octets_that_are_gone_are_named() -> None:
    octets = body(bytes.fromhex("E6E700 C4010000 0904 11020313"), control=0x30)
    assert octets.count(b"\x11") + octets.count(b"\x13") == 2
    best, *_ = between_flags(octets.translate(None, b"\x11\x13"))
    assert (best.cause, best.repaired, best.lost) == ("flow-control-octets-removed", octets, 2)


def test_frame_without_bit_seven_is_named() -> None:
    best, *_ = between_flags(bytes(octet & 0x7F for octet in FRAME))
    assert (best.cause, best.confidence) == ("seven-bit", CERTAIN)


def test_frame_that_ends_early_says_how_many_are_missing() -> None:
    best, *_ = search(b"\x7e" + FRAME[:40])
    assert (best.cause, best.lost) == ("truncated", len(FRAME) - 40)


def test_frame_that_ends_at_the_size_of_a_buffer_says_so() -> None:
    octets = answer(300, CHANCE)
    best, *_ = search((b"\x7e" + octets)[:256])
    assert best.cause == "receiver-buffer-overflow"


def test_wrong_length_field_under_a_right_fcs_is_named() -> None:
    octets = bytearray(FRAME[:-2])
    octets[1] += 3
    best, *_ = between_flags(bytes(octets) + check(bytes(octets)))
    assert (best.cause, best.confidence) == ("length-field-wrong", CERTAIN)


def test_explanations_that_octets_cannot_tell_apart_are_all_there_and_none_is_certain() -> None:
    chance = random.Random(8)
    for _ in range(400):
        octets = answer(128, chance)
        hurt, _ = _lost(octets, chance)
        found = between_flags(hurt)
        points = [one.verdict.points for one in found if one.verdict is not None]
        if len(points) > 1 and points[0] == points[1] and found[0].cause == found[1].cause:
            assert found[0].confidence is POSSIBLE
            return
    pytest.fail("no frame of 128 octets had two explanations")


@given(st.binary(max_size=80), st.booleans(), st.booleans())
def test_any_octets_are_searched(octets: bytes, opens: bool, closes: bool) -> None:
    for one in search(b"\x7e" * opens + octets + b"\x7e" * closes):
        assert one.cause
        assert one.text


@given(st.binary(min_size=2, max_size=60))
def test_repairs_are_frames_with_a_right_check_sequence(octets: bytes) -> None:
    from dissectors.checks import fcs_is_good

    assert all(fcs_is_good(one.repaired) for one in between_flags(octets) if one.repaired)
