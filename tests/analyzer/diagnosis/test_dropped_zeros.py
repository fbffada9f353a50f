"""Wrapper PDUs that lost every 00 in what handles octets as text."""

from __future__ import annotations

import random

import pytest

from analyzer.diagnosis.dropped_zeros import zeroless
from captures.chunk import LINK_OCTETS, RECEIVED, UNKNOWN, Chunk
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import Said, wrapped
from tests.analyzer.tracking.timed import OPENING, READING, RELEASE, SECOND

DIALOGUE = [one.said for one in (*OPENING, *READING, *READING, *READING, *RELEASE)]


def chunks(said: list[Said], *, has_sides: bool = True) -> list[Chunk]:
    """A serial line, or a log of one, with an octet or more a second."""
    return [
        Chunk(number, number * SECOND, LINK_OCTETS, side if has_sides else UNKNOWN, octets, len(octets), -1)
        for number, (side, octets) in enumerate(said, 1)
    ]


def without_zeros(said: list[Said], *sides: int) -> list[Said]:
    return [one._replace(octets=one.octets.replace(b"\0", b"")) if one.direction in sides else one for one in said]


@pytest.mark.parametrize("sides", [(1, 2), (RECEIVED,)], ids=["both sides", "one side"])
def test_pdus_without_zeros_went_through_what_handles_text(sides: tuple[int, ...]) -> None:
    stories = diagnose(chunks(without_zeros(wrapped(DIALOGUE), *sides)))
    assert {one.cause for one in stories} == {"text-dump-loss"}
    assert all("that lost their zeros" in one.evidence[0].text for one in stories)


def test_octets_of_chance_are_no_pdus_without_zeros() -> None:
    chance = random.Random(7)
    assert not any(zeroless(b"\x01" + chance.randbytes(400).replace(b"\0", b"")) for _ in range(2000))
    whole = b"".join(octets for _, octets in wrapped(DIALOGUE))
    assert not zeroless(whole)
    assert named(diagnose(chunks(wrapped(DIALOGUE)))) == []
