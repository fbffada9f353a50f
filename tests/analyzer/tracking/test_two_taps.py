"""Lines with a tap a direction, whose drivers give octets late: frames stand in the order in which they were said."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from analyzer.framing.frame import Frame
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.tracking import two_taps
from captures import rtac
from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.tracking.build import ANSWERED, ASKED, LLC, ListSource, Said, Station, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, CLOCK_ANSWER, GET_CLOCK, RLRE, RLRQ, SECOND

GET_ENERGY = bytes.fromhex("C001C1 0003 0100010800FF 02 00")
ENERGY_ANSWER = bytes.fromhex("C401C1 00 06 00012345")
GET_BUFFER = bytes.fromhex("C001C1 0007 0100630100FF 02 00")
BUFFER_ANSWER = bytes.fromhex("C401C1 00 0103") + 3 * (b"\x09\x20" + bytes(range(32)))
READ = [(GET_CLOCK, CLOCK_ANSWER), (GET_ENERGY, ENERGY_ANSWER), (GET_BUFFER, BUFFER_ANSWER)]
TURN_NS, OCTET_NS = 2_000_000, 100_000
READ_FRAME = two_taps._read
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
    return [tapped(number, time_ns, side, octets) for number, (time_ns, _, side, octets) in enumerate(sorted(came), 1)]


def tapped(number: int, time_ns: int, side: int, octets: bytes) -> Chunk:
    """What one of two taps gave, as a recording has it."""
    packet = rtac.event(rtac.TX_START if side == ASKED else rtac.RX_START, time_ns, octets)
    return Chunk(number, time_ns, rtac.LINK_TYPE, UNKNOWN, packet, len(packet), -1)


def logged(chunk: Chunk) -> Chunk:
    """The same octets in a log of one program that tells directions."""
    octets = chunk.octets[rtac.HEADER_LENGTH :]
    side = ASKED if chunk.octets[8] == rtac.TX_START else ANSWERED
    return chunk._replace(link_type=LINK_OCTETS, direction=side, octets=octets, original_length=len(octets))


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


def in_time(*said: tuple[int, int, bytes]) -> list[Chunk]:
    """What two taps give: milliseconds, side and octets of each."""
    return [tapped(number, SECOND + at * 1_000_000, side, octets) for number, (at, side, octets) in enumerate(said, 1)]


def setting_up(station: Station) -> list[tuple[int, int, bytes]]:
    """An association that is set up, with 100 ms between what both say."""
    said = [*station.connect(), *station.frames([asked(AARQ), answered(AARE)])]
    return [(100 * place, side, octets) for place, (side, octets) in enumerate(said)]


def out_of_turn(apart_ms: int) -> list[Chunk]:
    """A client that asks three times with P and waits for no answer; each comes later, and acknowledges one more."""
    station = Station()
    said = setting_up(station)
    for start in range(1000, 4000, 1000):
        base = dict(station.sent)
        for place, (asking, answering) in enumerate(READ[:2] + READ[:1]):
            station.sent = {ASKED: base[ASKED] + place, ANSWERED: base[ANSWERED]}
            request = station.information(ASKED, LLC[ASKED] + asking)
            station.sent[ANSWERED] += place
            answer = station.information(ANSWERED, LLC[ANSWERED] + answering)
            said += [(start + apart_ms * place, ASKED, request), (start + apart_ms * (place + 1) + 5, ANSWERED, answer)]
        station.sent = {side: number + 3 for side, number in base.items()}
    return in_time(*sorted(said))


def ahead() -> list[Chunk]:
    """A client whose N(R) is one too high, so that each request seems to acknowledge its own answer."""
    station = Station()
    said = setting_up(station)
    for start in range(1000, 2000, 80):
        station.sent[ANSWERED] += 1
        said.append((start, ASKED, station.information(ASKED, LLC[ASKED] + GET_ENERGY)))
        station.sent[ANSWERED] -= 1
        said.append((start + 30, ANSWERED, station.information(ANSWERED, LLC[ANSWERED] + ENERGY_ANSWER)))
    return in_time(*said)


@pytest.mark.parametrize("apart_ms", [10, 20, 30])
@pytest.mark.parametrize("is_logged", [False, True])
def test_client_that_speaks_out_of_turn_is_told_and_nothing_is_moved(apart_ms: int, is_logged: bool) -> None:
    found = out_of_turn(apart_ms)
    found = [logged(one) for one in found] if is_logged else found
    assert [one.packets for one in records(found)] == [(one.number,) for one in found]
    assert "hdlc-window-exceeded" in {one.code for one in diagnose(found)}


@pytest.mark.parametrize("is_logged", [False, True])
def test_requests_that_acknowledge_their_own_answers_stand_before_them(is_logged: bool) -> None:
    found = [logged(one) for one in ahead()] if is_logged else ahead()
    made = records(found)
    assert [one.packets for one in made] == [(one.number,) for one in found]
    assert [bool(one.objects) for one in made[4:]] == [True] * len(made[4:])
    assert not [one for one in diagnose(found) if one.code == "provider-abort" or one.severity > Severity.WARNING]


def test_log_of_one_program_stands_as_it_was_written() -> None:
    found = [logged(one) for one in heard(session(), lambda side, _: 16 if side == ANSWERED else 0)]
    assert [one.packets for one in records(found)] == [(one.number,) for one in found]


def test_log_of_one_program_is_not_told_as_two_taps() -> None:
    found = [logged(one) for one in heard(session(), lambda side, _: 16 if side == ASKED else 0, 1)]
    early = [one for one in diagnose(found) if one.code == "turnaround-too-short"]
    assert {one.cause for one in early} == {"collision"}
    assert "taps" not in "".join(each.text for one in early for each in one.evidence)


@pytest.mark.parametrize("is_set_up", [False, True])
def test_side_that_speaks_alone_is_not_looked_at_for_what_the_other_said(
    is_set_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Frame] = []
    monkeypatch.setattr(two_taps, "_read", lambda frame: looked.append(frame) or read(frame))
    station, read = Station(), READ_FRAME
    said = [(0, *station.connect()[0])] if is_set_up else []
    for start in range(100, 10_000, 100):
        station.sent[ANSWERED] += 1
        said.append((start, ASKED, station.information(ASKED, LLC[ASKED] + GET_ENERGY)))
    found = in_time(*said)
    assert [one.packets for one in records(found)] == [(one.number,) for one in found]
    assert len(looked) < 8
