"""Several requests of one client in flight: answers in any order, however far apart the requests are."""

from __future__ import annotations

import random

import pytest

from analyzer.pipeline import Pipeline
from analyzer.tracking.associations import Associations
from tests.analyzer.diagnosis.told import diagnose, named, over_tcp
from tests.analyzer.tracking.build import ListSource, Said, answered, asked, wrapped
from tests.analyzer.tracking.timed import OPENING, READING, RELEASE, At, at, serial_chunks, tcp_chunks

_LATENCY = (2.0, 6.0)
_PAUSE = (1.1, 3.5)


def _get(invoke_id: int, scaler: int) -> bytes:
    return b"\xc0\x01" + bytes((0xC0 | invoke_id,)) + bytes.fromhex(f"0003 0100{scaler:02x}0800FF 02 00")


def _value(invoke_id: int, value: int) -> bytes:
    return b"\xc4\x01" + bytes((0xC0 | invoke_id,)) + b"\0\x06" + value.to_bytes(4, "big")


def _said(times: list[tuple[float, Said]]) -> list[At]:
    times = sorted(times, key=lambda one: one[0])
    befores = [0.0, *(time for time, _ in times)]
    return [At(time - before, said) for (time, said), before in zip(times, befores, strict=False)]


def _in_flight(seed: int, *, silent: int = -1) -> tuple[list[At], list[int]]:
    """Requests more than a second apart, answers that take seconds; one is left out. Gives where requests stand."""
    chance = random.Random(seed)
    times, asked_at, now = [], [], 1.0
    for place in range(14):
        asked_at.append(now)
        times.append((now, asked(_get(place, place + 1))))
        if place != silent:
            times.append((now + chance.uniform(*_LATENCY), answered(_value(place, place))))
        now += chance.uniform(*_PAUSE)
    order = sorted(time for time, _ in times)
    return _said(times), [order.index(time) for time in asked_at]


@pytest.mark.parametrize("seed", range(12))
def test_requests_seconds_apart_are_in_flight_at_once(seed: int) -> None:
    units, _ = _in_flight(seed)
    assert over_tcp(OPENING, READING, units, RELEASE) == []


@pytest.mark.parametrize(("silent", "unanswered"), [(-1, 0), (9, 1)])
@pytest.mark.parametrize("seed", [22, 30, 77])
def test_requests_in_flight_count_as_answered_though_the_first_seemed_given_up(
    seed: int, silent: int, unanswered: int
) -> None:
    units, _ = _in_flight(seed, silent=silent)
    pipeline, associations = Pipeline(), Associations()
    for record in pipeline.run(ListSource(tcp_chunks([*OPENING, *READING, *units, *RELEASE], ()))):
        associations.take(record)
    (one,) = associations
    service = one.services["get-request"]
    answered_count = 15 - unanswered
    assert (service.count, service.unanswered, len(one.unanswered)) == (answered_count, unanswered, unanswered)
    assert len(service.latencies) == answered_count
    responses = [each.response for each in one.exchanges]
    assert responses == sorted(responses) and len(set(responses)) == answered_count + 2


@pytest.mark.parametrize("seed", range(12))
def test_the_one_among_them_that_is_not_answered_is_told_alone(seed: int) -> None:
    silent = 2 + seed % 9
    units, places = _in_flight(seed, silent=silent)
    (story,) = over_tcp(OPENING, READING, units, RELEASE)
    first = len(OPENING) + len(READING) + 1
    assert (named([story]), story.records) == ([("response-missing", "server-silent")], [first + places[silent]])
    (proof,) = story.evidence
    assert proof.record == first + places[silent]


def test_client_that_goes_on_after_a_time_out_gets_late_answers() -> None:
    times = [(1 + 3.0 * place, asked(_get(place, place + 1))) for place in range(4)]
    times += [(6 + 3.0 * place, answered(_value(place, place))) for place in range(4)]
    (story,) = over_tcp(OPENING, READING, _said(times), RELEASE)
    assert named([story]) == [("response-slow", "late-response")]


def test_client_that_waited_longer_before_did_not_give_up() -> None:
    patient = [(1.0, asked(_get(1, 1))), (6.0, answered(_value(1, 1)))]
    more = [(6.5, asked(_get(4, 1))), (6.9, answered(_value(4, 1)))]
    at_once = [(8.0, asked(_get(2, 1))), (10.5, asked(_get(3, 2))), (11.0, answered(_value(2, 1)))]
    units = _said([*patient, *more, *at_once, (12.0, answered(_value(3, 1)))])
    assert over_tcp(OPENING, units, RELEASE) == []


def test_first_block_that_comes_behind_a_later_answer_is_an_answer() -> None:
    profile = b"\xc0\x01\xc1" + bytes.fromhex("0007 0100630100FF 02 00")
    block = b"\xc4\x02\xc1\x00\0\0\0\1\0\x07\x01\x02\x06\0\0\0\1"
    last = b"\xc4\x02\xc1\x01\0\0\0\2\0\x05\x06\0\0\0\2"
    times = [
        (1.0, asked(profile)), (2.5, asked(_get(2, 1))), (3.5, answered(_value(2, 1))), (4.0, answered(block)),
        (4.1, asked(b"\xc0\x02\xc1\0\0\0\1")), (4.3, asked(_get(3, 2))), (4.5, answered(_value(3, 1))),
        (4.6, answered(last)),
    ]  # fmt: skip
    assert over_tcp(OPENING, READING, _said(times), RELEASE) == []


def _pair(start: float, gap: float, place: int, *, late: float = 7.0) -> list[tuple[float, Said]]:
    """Two requests of which the second comes *gap* seconds behind the first, whose answer comes after *late*."""
    return [
        (start, asked(_get(place, place + 1))), (start + gap, asked(_get(place + 8, place + 20))),
        (start + late, answered(_value(place, 1))), (start + late + 0.3, answered(_value(place + 8, 2))),
    ]  # fmt: skip


_TIME_OUTS = {"5 s": (5.0,) * 6, "3 s, first": (3.0, *(5.0,) * 5), "by object": (3.0, 4.0) * 3, "at times": (3.0, 3.9)}


@pytest.mark.parametrize("gaps", _TIME_OUTS.values(), ids=_TIME_OUTS.keys())
def test_other_time_outs_are_none_of_requests_in_flight(gaps: tuple[float, ...]) -> None:
    times = [one for place, gap in enumerate(gaps) for one in _pair(20 + 15.0 * place, gap, place)]
    (story,) = over_tcp(OPENING, READING, _said(times), RELEASE)
    assert (named([story]), story.count) == ([("response-slow", "late-response")], len(gaps))


def test_client_that_waits_longer_each_time_gets_late_answers() -> None:
    times = [(1.0, asked(_get(1, 1))), (3.0, asked(_get(2, 1))), (7.0, asked(_get(3, 1)))]
    times += [(7.5 + place / 4, answered(_value(place + 1, place))) for place in range(3)]
    (story,) = over_tcp(OPENING, READING, _said(times), RELEASE)
    assert (named([story]), story.count) == ([("response-slow", "late-response")], 2)


@pytest.mark.parametrize("lost_at", [1.0, 200.0])
def test_request_behind_a_lost_answer_takes_no_late_ones_back(lost_at: float) -> None:
    lost = [(lost_at, asked(_get(9, 40))), (lost_at + 0.2, asked(_get(10, 41)))]
    times = [one for place in range(6) for one in _pair(20 + 15.0 * place, 5.0, place)]
    units = _said([*lost, (lost_at + 0.3, answered(_value(10, 1))), *times])
    stories = over_tcp(OPENING, READING, units, RELEASE)
    found = {one.code: one.count for one in stories}
    assert found == {"response-slow": 6, "response-missing": 1}


def test_requests_in_flight_later_take_no_late_answers_back() -> None:
    times = [one for place in range(5) for one in _pair(20 + 15.0 * place, 3.0, place, late=5.0)]
    later = [one for place in range(4) for one in _pair(400 + 2.0 * place, 0.3, place, late=0.5)]
    (story,) = over_tcp(OPENING, READING, _said([*times, *later]), RELEASE)
    assert (named([story]), story.count) == ([("response-slow", "late-response")], 5)


@pytest.mark.parametrize(("window", "is_late"), [(1, True), (2, False), (5, False)])
def test_without_times_who_keeps_several_in_flight_waits_for_the_one_that_many_overtake(
    window: int, is_late: bool
) -> None:
    said = [asked(_get(1, 1))]
    for place in range(24 + window):
        said += [asked(_get(2 + place % 10, 2 + place))] * (place < 24)
        said += [answered(_value(2 + (place - window + 1) % 10, 1))] * (window <= place + 1 <= 23 + window)
    units = [one.said for one in [*OPENING, *READING, *at(0, *said, answered(_value(1, 1))), *RELEASE]]
    chunks = serial_chunks(At(0, one) for one in wrapped(units))
    told = named(diagnose([one._replace(time_ns=None) for one in chunks]))
    assert (("response-without-request", "late-response") in told) == is_late
    assert is_late or told == []
