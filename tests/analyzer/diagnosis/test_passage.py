"""The same traffic at two points: what passed is found under any clock, and what did not is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis import passage
from analyzer.diagnosis.passage import ALTERED, ONLY_FIRST, ONLY_SECOND, REPEATED, Passage, compare
from analyzer.diagnosis.passed import Passed, Point, read
from analyzer.pipeline import Pipeline
from captures.chunk import Chunk
from tests.analyzer.diagnosis.test_service import GET_REGISTER
from tests.analyzer.tracking.build import ListSource, Said, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    RELEASE,
    SECOND,
    At,
    at,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)  # fmt: skip

REGISTER_ANSWER = bytes.fromhex("C401C1 00 06 00012345")
REFUSAL = bytes.fromhex("D80102")
OPENING = at(1, asked(AARQ), answered(AARE))
CLOCK = at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER))
REGISTER = at(1, asked(GET_REGISTER), answered(REGISTER_ANSWER))


def slower(unit: list[At], seconds: float) -> list[At]:
    """The same unit with answers that come so much later."""
    return [one if not index else one._replace(seconds=one.seconds + seconds) for index, one in enumerate(unit)]


def point(chunks: list[Chunk]) -> Point:
    return read(Pipeline().run(ListSource(chunks)))


def uplink(*units: list[At]) -> Point:
    return point(tcp_chunks([each for unit in units for each in unit]))


def bus(*units: list[At]) -> Point:
    return point(serial_chunks(on_hdlc(Station(), *units)))


def told(found: Passage) -> list[tuple[str, int, int, str]]:
    return [
        (one.kind, one.first.record if one.first else 0, one.second.record if one.second else 0, one.text)
        for one in found.findings
    ]


def test_frames_on_a_bus_and_pdus_on_an_uplink_are_the_same_apdus_whatever_the_clocks_say() -> None:
    late = [slower(unit, 0.4) for unit in (OPENING, CLOCK, REGISTER, RELEASE)]
    found = compare(uplink(*late), bus(at(2000), OPENING, CLOCK, REGISTER, RELEASE, at(9, asked(GET_CLOCK))))
    assert (len(found.passed), found.findings) == (8, [])
    assert {round(one[0] / SECOND, 1) for one in found.added} == {0.4}


def test_clocks_apart_are_told() -> None:
    later = [At(3600.0, OPENING[0].said), OPENING[1]]
    found = compare(uplink(OPENING, CLOCK, RELEASE), bus(later, CLOCK, RELEASE))
    assert (len(found.passed), found.findings) == (6, [])
    assert found.offset_ns is not None
    assert round(found.offset_ns / SECOND) == 3599


def test_request_that_is_lost_on_the_way() -> None:
    unanswered = [REGISTER[0]]
    found = compare(uplink(OPENING, unanswered, CLOCK, RELEASE), bus(OPENING, at(1), CLOCK, RELEASE))
    assert told(found) == [
        (ONLY_FIRST, 3, 0, "not seen at the other point and not answered here: lost on the way, or not let through")
    ]


def test_request_that_something_between_answers() -> None:
    refused = at(1, asked(GET_REGISTER), answered(REFUSAL))
    found = compare(uplink(OPENING, refused, CLOCK, RELEASE), bus(OPENING, CLOCK, RELEASE))
    assert told(found) == [
        (ONLY_FIRST, 3, 0, "not seen at the other point, and yet record 4 answers it: something in between does"),
        (ONLY_FIRST, 4, 0, "nor was its request seen at the other point"),
    ]


def test_answer_that_comes_too_late_for_the_way_back() -> None:
    late = at(1, asked(GET_REGISTER), answered(REGISTER_ANSWER))
    late[1] = late[1]._replace(seconds=7.0)
    found = compare(uplink(OPENING, [REGISTER[0]], CLOCK, RELEASE), bus(OPENING, late, CLOCK, RELEASE))
    assert told(found) == [
        (ONLY_SECOND, 0, 4, "its request passed, and this answer, which came after 7.0 s, did not get back"),
    ]


def test_altered_octets_are_named() -> None:
    other = at(1, asked(GET_REGISTER), answered(REGISTER_ANSWER[:-1] + b"\x44"))
    found = compare(uplink(OPENING, REGISTER, CLOCK, RELEASE), bus(OPENING, other, CLOCK, RELEASE))
    assert told(found) == [(ALTERED, 4, 4, "octet 8: 45 became 44")]


def test_one_change_that_is_left_out_is_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.diagnosis.passage._MOST_CHANGES", 1)
    altered = REGISTER_ANSWER[:-3] + b"\x43" + REGISTER_ANSWER[-2:-1] + b"\x44"
    found = compare(
        uplink(OPENING, REGISTER, RELEASE), bus(OPENING, at(1, asked(GET_REGISTER), answered(altered)), RELEASE)
    )
    ((_, _, _, text),) = told(found)
    assert text.endswith(", and 1 more change")


def test_many_altered_answers_are_each_held_against_few(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(
        passage, "_likeness", lambda one, other, real=passage._likeness: compared.append(one) or real(one, other)
    )
    other = at(0.1, asked(GET_REGISTER), answered(REGISTER_ANSWER[:-1] + b"\x44"))
    register = at(0.1, asked(GET_REGISTER), answered(REGISTER_ANSWER))
    found = compare(uplink(OPENING, *[register] * 40), bus(OPENING, *[other] * 40))
    assert [one.kind for one in found.findings] == [ALTERED] * 40
    assert len(compared) <= 2 * 40


AARQ_WITH_PASSWORD = (
    bytes.fromhex("6036 A109060760857405080101 8A020780 8B0760857405080201 AC0A8008")
    + b"password"
    + bytes.fromhex("BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF")
)
SET_SECRET = bytes.fromhex("C101C1 000F 0000280000FF 07 00 0908") + b"password"
LAST_BLOCK = bytes.fromhex("C103C1 01 00000002 08") + b"password"


@pytest.mark.parametrize("asks", [AARQ_WITH_PASSWORD, SET_SECRET, LAST_BLOCK])
def test_octets_of_a_password_that_was_altered_are_not_shown(asks: bytes) -> None:
    one, other = (at(1, asked(asks.replace(b"password", each))) for each in (b"passw0rd", b"password"))
    ((kind, *_, text),) = told(compare(uplink(OPENING, one, CLOCK), bus(OPENING, other, CLOCK)))
    assert kind == ALTERED
    at_octet = asks.index(b"password") + 5
    assert text == f"octet {at_octet} and on, which are not shown: a password or a key may stand there"


@pytest.mark.parametrize("is_turned", [False, True])
def test_octets_of_what_is_a_password_at_one_point_alone_are_not_shown(is_turned: bool) -> None:
    plain = SET_SECRET.replace(bytes.fromhex("FF0700"), bytes.fromhex("FF0900")).replace(b"password", b"passw0rd")
    one, other = (at(1, asked(each)) for each in ((SET_SECRET, plain) if is_turned else (plain, SET_SECRET)))
    ((kind, *_, text),) = told(compare(uplink(OPENING, one, CLOCK), bus(OPENING, other, CLOCK)))
    assert (kind, "became" in text, "which are not shown" in text) == (ALTERED, False, True)


def test_request_that_is_sent_once_more_on_one_side() -> None:
    twice = at(1, asked(GET_REGISTER), asked(GET_REGISTER), answered(REGISTER_ANSWER))
    found = compare(uplink(OPENING, REGISTER, RELEASE), bus(OPENING, twice, RELEASE))
    assert [(kind, one, other) for kind, one, other, _ in told(found)] == [(REPEATED, 0, 3)]


def test_side_of_the_client_is_the_one_that_waits_longer() -> None:
    units = (OPENING, CLOCK, RELEASE)
    found = compare(bus(OPENING, [REGISTER[0]], CLOCK, RELEASE), uplink(*(slower(unit, 0.4) for unit in units)))
    assert told(found) == [(ONLY_FIRST, 3, 0, "not seen at the other point: something in between asks by itself")]


def test_what_the_other_capture_cannot_have_seen_is_only_counted() -> None:
    found = compare(uplink(OPENING, CLOCK, REGISTER, RELEASE), bus(REGISTER))
    assert (len(found.passed), found.findings, found.outside) == (2, [], (6, 0))


def test_two_captures_of_other_traffic_have_nothing_in_common() -> None:
    assert compare(uplink(OPENING), bus(REGISTER)).passed == []


@given(st.data())
def test_polls_of_meters_that_say_the_same_are_never_mixed(data: st.DataObject) -> None:
    chance = data.draw(st.randoms(use_true_random=False))
    talks = [(number, 1, 1, b"") for number in range(3)]
    sent = [Passed(0, 0, b"own" + bytes([talk[0]]), "", "request", talk, None, None) for talk in talks]
    sent += [
        Passed(0, 0, chance.choice((b"\xc0one", b"\xc0two")), "", "request", chance.choice(talks), None, None)
        for _ in range(data.draw(st.integers(0, 30)))
    ]
    first = [one._replace(record=index, time_ns=index * SECOND) for index, one in enumerate(sent)]
    kept = [index for index in range(len(first)) if index < len(talks) or chance.random() < 0.7]
    second = [
        first[index]._replace(
            time_ns=index * SECOND + 7200 * SECOND + chance.randrange(SECOND // 5),
            talk=(9 - first[index].talk[0], 5, 6, b""),
        )
        for index in kept
    ]
    found = compare(Point(first, 0, len(first) * SECOND), Point(second, 0, 9000 * SECOND))
    assert [first[one].record for one, _ in found.passed] == kept
    assert all(first[one].record == second[other].record for one, other in found.passed)


def test_apdu_that_came_damaged_at_the_other_point_is_told_so_and_not_as_made_up() -> None:
    units = on_hdlc(Station(), OPENING, CLOCK, REGISTER)
    hurt = list(units)
    for at_index in (2, 3):  # GET of the clock, and its answer
        seconds, (direction, octets) = hurt[at_index]
        hurt[at_index] = At(seconds, Said(direction, octets[:-6] + bytes((octets[-6] ^ 4,)) + octets[-5:]))
    found = compare(point(serial_chunks(units)), point(serial_chunks(hurt)))
    assert [(one.kind, one.text) for one in found.findings] == [
        (ONLY_FIRST, "it came damaged at the other point: record 3"),
        (ONLY_FIRST, "it came damaged at the other point: record 4"),
    ]


def test_altered_request_is_that_of_the_same_talk_and_not_the_same_one_of_another_meter() -> None:
    def apdus(talk: int, *octets: bytes) -> list[Passed]:
        talks = (talk, 1, 1, b"")
        return [Passed(0, 0, one, "", "request", talks, None, None) for one in octets]

    def ordered(apdus: list[Passed]) -> Point:
        timed = [one._replace(record=at, time_ns=at * SECOND // 10) for at, one in enumerate(apdus, 1)]
        return Point(timed, 0, SECOND * 10)

    own, asks = [b"\xc0own" + bytes((number,)) for number in range(4)], b"\xc0 what is the time"
    first = ordered(apdus(1, *own, asks[:-1] + b"E"))
    second = ordered([*apdus(7, *own[:2]), *apdus(8, asks), *apdus(7, *own[2:], asks)])
    assert [one[2] for one in told(compare(first, second)) if one[0] == ALTERED] == [6]
