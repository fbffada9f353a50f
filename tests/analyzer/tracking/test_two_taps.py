"""Lines with a tap a direction, whose drivers give octets late: frames stand in the order in which they were said."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures.chunk import LINK_OCTETS, Chunk
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, Station, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, CLOCK_ANSWER, GET_CLOCK, RLRE, RLRQ, SECOND

GET_ENERGY = bytes.fromhex("C001C1 0003 0100010800FF 02 00")
ENERGY_ANSWER = bytes.fromhex("C401C1 00 06 00012345")
GET_BUFFER = bytes.fromhex("C001C1 0007 0100630100FF 02 00")
BUFFER_ANSWER = bytes.fromhex("C401C1 00 0103") + 3 * (b"\x09\x20" + bytes(range(32)))
READ = [(GET_CLOCK, CLOCK_ANSWER), (GET_ENERGY, ENERGY_ANSWER), (GET_BUFFER, BUFFER_ANSWER)]
TURN_NS, OCTET_NS = 2_000_000, 100_000
Late = Callable[[int, int], float]


def session(times: int = 1, server: bytes = b"\x03") -> list[Said]:
    """A session of an HDLC link, as it was said; the last answer of each round goes in segments."""
    station = Station(b"\x21", server)
    said = [(AARQ, AARE), *READ * times, (RLRQ, RLRE)]
    exchanges = [one for asking, answering in said for one in (asked(asking), answered(answering))]
    return [*station.connect(), *station.frames(exchanges, 40)]


def heard(said: Iterable[Said], late: Late, piece: int = 2048, quick: int = 1) -> list[Chunk]:
    """What two taps give, the last octets of each frame as many milliseconds *late* as is told by side and place."""
    now, came, newest = SECOND, [], {ASKED: 0, ANSWERED: 0}
    for place, (side, octets) in enumerate(said):
        now += TURN_NS // quick
        for at in range(0, len(octets), piece):
            part = octets[at : at + piece]
            now += OCTET_NS * len(part) // quick
            is_last = at + piece >= len(octets)
            newest[side] = max(newest[side], now + round(late(side, place) * 1_000_000) * is_last)
            came.append((newest[side], len(came), side, part))
    return [
        Chunk(number, time_ns, LINK_OCTETS, side, octets, len(octets), -1)
        for number, (time_ns, _, side, octets) in enumerate(sorted(came), 1)
    ]


def records(chunks: list[Chunk]) -> list[Record]:
    return list(Pipeline().run(ListSource(chunks)))


def told(chunks: list[Chunk]) -> list[tuple[object, ...]]:
    """What the records are, but for times and packets; when RR was said is shown by nothing and matters to nobody."""
    found = records(chunks)
    return [
        (one.octets, one.direction, found[one.request - 1].octets if one.request else b"", one.objects,
         [note.code for note in one.notes])
        for one in found if one.control is None or one.control & 0xF != 1
    ]  # fmt: skip


@pytest.mark.parametrize("side", [ASKED, ANSWERED])
@pytest.mark.parametrize("late_ms", [6, 16, 40])
@pytest.mark.parametrize("piece", [1, 9, 2048])
def test_frame_that_its_tap_gives_late_stands_where_it_was_said(side: int, late_ms: int, piece: int) -> None:
    said = session()
    found = heard(said, lambda one, _: late_ms if one == side else 0, piece)
    assert told(found) == told(heard(said, lambda *_: 0))
    stories = diagnose(found)
    assert not [one for one in stories if one.severity > Severity.NOTE]
    early = [one for one in stories if one.code == "turnaround-too-short"]
    assert bool(early) == (side == ASKED and late_ms <= 16 and (late_ms == 16 or piece <= 9))
    assert {one.cause for one in early} <= {"adapter-latency"}


@pytest.mark.parametrize("seed", range(40))
def test_frames_of_taps_that_are_late_by_chance_stand_where_they_were_said(seed: int) -> None:
    chance = random.Random(seed)
    said = session(3, chance.choice([b"\x03", bytes.fromhex("00020023")]))
    most = chance.choice([5, 16, 45])
    found = heard(said, lambda *_: chance.uniform(0, most), chance.choice([1, 20, 2048]))
    assert told(found) == told(heard(said, lambda *_: 0))


@pytest.mark.parametrize("side", [ASKED, ANSWERED])
def test_frames_of_a_quick_line_of_which_many_are_late_stand_where_they_were_said(side: int) -> None:
    said = session(2)
    found = heard(said, lambda one, _: 80 if one == side else 0, quick=100)
    assert told(found) == told(heard(said, lambda *_: 0))


@pytest.mark.parametrize("seed", range(20))
def test_frames_behind_one_that_is_lost_stand_as_they_came(seed: int) -> None:
    chance = random.Random(seed)
    said = session(3)
    for _ in range(chance.choice([1, 3])):
        del said[chance.randrange(2, len(said))]
    found = records(heard(said, lambda *_: 0))
    assert [one.octets for one in found] == [octets for _, octets in said]
    assert [one.number for one in found] == list(range(1, len(said) + 1))


def test_frame_that_waits_at_the_end_is_given() -> None:
    said = session()
    del said[5]
    assert [one.octets for one in records(heard(said[:6], lambda *_: 0))] == [octets for _, octets in said[:6]]
