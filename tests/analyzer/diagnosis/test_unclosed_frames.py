"""Frames of a line that lack their closing flags: the flag of the next frame comes late, and tells nothing of a pause."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from analyzer.pipeline import Pipeline
from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.tracking.build import ListSource, Station
from tests.analyzer.tracking.timed import OPENING, READING, SECOND, on_hdlc

UNITS = on_hdlc(Station(), OPENING, *[READING] * 10)
MILLISECOND = 1_000_000


def chunks(lacking: Collection[int], *, has_sides: bool, by_octet: bool) -> list[Chunk]:
    made: list[Chunk] = []
    now = 0
    for place, (seconds, (direction, octets)) in enumerate(UNITS):
        now += round(seconds * SECOND)
        octets = octets[:-1] if place in lacking else octets
        size = 1 if by_octet else len(octets)
        for at in range(0, len(octets), size):
            now += MILLISECOND
            piece = octets[at : at + size]
            side = direction if has_sides else UNKNOWN
            made.append(Chunk(len(made) + 1, now, LINK_OCTETS, side, piece, len(piece), -1))
    return made


@pytest.mark.parametrize("has_sides", [True, False])
@pytest.mark.parametrize("by_octet", [True, False])
@pytest.mark.parametrize("lacking", [range(8, 16), range(8, 16, 2), range(9, 17, 2), range(len(UNITS))])
def test_frames_without_closing_flags_are_no_pauses_and_no_collisions(
    lacking: range, has_sides: bool, by_octet: bool
) -> None:
    read = chunks(lacking, has_sides=has_sides, by_octet=by_octet)
    assert diagnose(read) == []
    records = list(Pipeline().run(ListSource(read)))
    assert [one.octets.strip(b"\x7e") for one in records] == [one.said.octets.strip(b"\x7e") for one in UNITS]


def test_closing_flag_that_is_read_soon_after_its_frame_belongs_to_it() -> None:
    made: list[Chunk] = []
    for number, unit in enumerate(UNITS):
        octets, now = unit.said.octets, number * SECOND
        for piece, late in ((octets[:-1], 0), (octets[-1:], 100 * MILLISECOND)):
            made.append(Chunk(len(made) + 1, now + late, LINK_OCTETS, UNKNOWN, piece, len(piece), -1))
    assert [one.octets for one in Pipeline().run(ListSource(made))] == [one.said.octets for one in UNITS]
