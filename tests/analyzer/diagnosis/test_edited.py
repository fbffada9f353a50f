"""Frames that a person changed before they were shown: masked ids, another digit."""

from __future__ import annotations

import random

import pytest

from analyzer.diagnosis.fcs_search import CERTAIN, LIKELY, Candidate, search
from tests.analyzer.framing.build import body

NAMES = (b"MMM0000000000001", b"6841121444310104")
VALUES = b"\x02\x05" + b"".join(b"\x0a\x10" + name for name in NAMES) + b"\x06\x00\x00\x09\x77\x12\x00\xe6\x16\x1b"
FRAME = body(b"\xe6\xe7\x00\x0f\x00\x00\x00\x01\x00" + VALUES, control=0x13)


def changed(before: bytes, after: bytes) -> list[Candidate]:
    assert FRAME.count(before) == 1 and len(before) == len(after)
    return search(b"\x7e" + FRAME.replace(before, after) + b"\x7e")


@pytest.mark.parametrize(
    "hidden",
    [b"684112144431XXXX", b"****************", b"0" * 16, bytes(16), b"\xff" * 16, b"6841000000000000", b"1234567890123456"],
)  # fmt: skip
def test_masked_id_is_told_from_a_disturbance(hidden: bytes) -> None:
    best, *others = changed(NAMES[1], hidden)
    assert (best.cause, best.confidence) == ("edited-by-hand", LIKELY)
    begin = FRAME.index(NAMES[1]) + 1
    assert begin <= best.at < best.end == begin + 16
    assert hidden.decode("latin-1") not in best.text
    assert "burst" in {one.cause for one in others}


@pytest.mark.parametrize("digit", b"012356789")
def test_another_digit_in_an_id_is_told_and_not_undone(digit: int) -> None:
    best, *_ = found = changed(NAMES[1], NAMES[1][:-1] + bytes((digit,)))
    if (digit ^ 0x34).bit_count() == 1:
        assert best.cause == "bit-error"
        assert found[1].cause == "edited-by-hand"
        return
    assert (best.cause, best.at, best.repaired) == ("edited-by-hand", FRAME.index(NAMES[1]) + 16, b"")
    assert NAMES[1][:-1].decode() not in best.text
    assert not any("34 was sent" in one.text or one.repaired for one in found)


def test_disturbance_of_texts_is_seldom_taken_for_a_hand() -> None:
    chance = random.Random(4)
    first = FRAME.index(NAMES[0])
    wrong = 0
    for _ in range(300):
        hurt = bytearray(FRAME)
        hurt[first + chance.randrange(34)] = chance.randrange(256)
        found = search(b"\x7e" + bytes(hurt) + b"\x7e") if hurt != FRAME else []
        wrong += bool(found) and found[0].cause == "edited-by-hand"
        assert not any(one.cause == "edited-by-hand" and one.confidence is CERTAIN for one in found)
    assert wrong <= 300 * 0.1
