"""Captures whose clock goes back: told once, and no time across it is measured."""

from __future__ import annotations

from copy import copy
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.diagnosis.capture_clock import PAUSE_NS, CaptureClock, Step
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Stories, Story
from analyzer.pipeline import Pipeline
from analyzer.record import Lane, Record
from captures import open_source
from captures.chunk import Chunk
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.tracking.build import ListSource, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    At,
    at,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)

BEGUN = at(100, asked(AARQ), answered(AARE), asked(GET_CLOCK), answered(CLOCK_ANSWER))
CODE = "capture-time-regressed"


def about_clock(stories: list[Story]) -> list[tuple[str, list[int], int]]:
    return [(one.cause, one.records, one.count) for one in stories if one.code == CODE]


def later(*units: list[At]) -> list[Chunk]:
    return tcp_chunks([each for unit in (BEGUN, *units) for each in unit])


def test_times_that_only_grow_say_nothing_of_the_clock() -> None:
    assert about_clock(diagnose(later(at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER))))) == []


def test_clock_that_goes_back_within_an_association_was_set_back() -> None:
    chunks = later(at(1, asked(GET_CLOCK)), at(-3, answered(CLOCK_ANSWER)), at(1, asked(GET_CLOCK)))
    (story,) = [one for one in diagnose(chunks) if one.code == CODE]
    assert (story.cause, story.records, story.count) == ("capture-clock-set-back", [6], 1)
    assert story.evidence[0].text == "its packet stands behind that of record 5 and is 3.0 s earlier"


@pytest.mark.parametrize(
    ("back_s", "on_s", "confidence"),
    [(-0.2, 0.21, "likely"), (-3600, 3601, "likely"), (-0.2, 30, "possible")],
    ids=["at once", "far away", "behind a pause"],
)
def test_one_packet_with_an_earlier_time_stands_in_the_wrong_place(back_s: float, on_s: float, confidence: str) -> None:
    chunks = later(at(1, asked(GET_CLOCK)), at(back_s, answered(CLOCK_ANSWER)), at(on_s, asked(GET_CLOCK)))
    (story,) = [one for one in diagnose(chunks) if one.code == CODE]
    assert (story.cause, story.confidence, story.count) == ("packets-out-of-order", confidence, 1)
    assert [one.cause for one in story.candidates] == ["capture-clock-set-back"]
    assert story.evidence[0].text.endswith("; record 7 behind it is earlier than neither")


def test_packets_in_the_wrong_place_again_and_again_are_one_story() -> None:
    swapped = [at(-0.2, answered(CLOCK_ANSWER)), at(0.25, asked(GET_CLOCK))]
    assert about_clock(diagnose(later(at(1, asked(GET_CLOCK)), *swapped, *swapped))) == [
        ("packets-out-of-order", [6, 8], 2)
    ]


def test_clock_that_goes_back_between_requests_is_told_all_the_same() -> None:
    chunks = later(at(-3, asked(GET_CLOCK), answered(CLOCK_ANSWER)))
    assert about_clock(diagnose(chunks)) == [("capture-clock-set-back", [5], 1)]


def test_clock_that_goes_back_twice_is_one_story() -> None:
    chunks = later(at(-3, asked(GET_CLOCK)), at(-3, answered(CLOCK_ANSWER)))
    assert about_clock(diagnose(chunks)) == [("capture-clock-set-back", [5, 6], 2)]


def test_files_in_the_wrong_order_are_named() -> None:
    first, second = (
        serial_chunks(on_hdlc(Station(), at(begins, asked(AARQ), answered(AARE), asked(GET_CLOCK))))
        for begins in (5000, 100)
    )
    chunks = [one._replace(number=number) for number, one in enumerate((*first, *second), 1)]
    assert [cause for cause, _, _ in about_clock(diagnose(chunks))] == ["files-out-of-order"]


def test_packets_of_one_card_out_of_order_by_less_than_a_millisecond_say_nothing() -> None:
    assert about_clock(diagnose(later(at(-0.0005, asked(GET_CLOCK), answered(CLOCK_ANSWER))))) == []


@pytest.mark.parametrize("back_s", [-0.0005, -3])
def test_answer_before_its_request_has_no_response_time(back_s: float) -> None:
    chunks = later(at(1, asked(GET_CLOCK)), at(back_s, answered(CLOCK_ANSWER)))
    *_, request, answer = Pipeline().run(ListSource(chunks))
    assert answer.request == request.number
    assert answer.latency_ns is None


def test_links_without_apdus_measure_nothing_either() -> None:
    station = Station()
    units = on_hdlc(station, at(10, asked(AARQ), answered(AARE)))
    chunks = serial_chunks(units)
    back = [one if number < 1 else one._replace(time_ns=(one.time_ns or 0) - 5_000_000_000)
            for number, one in enumerate(chunks)]  # fmt: skip
    records = list(Pipeline().run(ListSource(back)))
    assert records[1].request == 1
    assert records[1].latency_ns is None


def test_record_that_comes_late_is_no_matter_of_the_clock() -> None:
    doctor = Doctor()
    for packet, time_s in ((2, 20), (1, 10), (3, 30)):
        record = Record()
        record.lane, record.packets, record.time_ns = Lane(1, 0, "serial:A"), (packet,), time_s * 10**9
        doctor.take(record)
    assert about_clock(doctor.stories()) == []


def stories_of(text: str, folder: Path, code: str = CODE) -> list[Story]:
    """What the doctor says of the times of a log."""
    path = folder / "clock.log"
    path.write_text(text)
    with open_source(path) as source:
        pipeline = Pipeline()
        doctor = Doctor(pipeline.ends, source)
        for record in pipeline.run(source):
            doctor.take(record)
        doctor.finish()
    return [one for one in doctor.stories() if one.code == code]


def log(*times: str, day: str = "2026-10-25") -> str:
    """A log of the requests for a clock and its answers at these times of a day."""
    lines = []
    for number, time in enumerate(times):
        apdu = GET_CLOCK if number % 2 == 0 else CLOCK_ANSWER[:-12] + bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
        ports = "00100001" if number % 2 == 0 else "00010010"
        octets = bytes.fromhex("0001" + ports) + len(apdu).to_bytes(2, "big") + apdu
        lines.append(f"{day} {time} {'TX' if number % 2 == 0 else 'RX'} {octets.hex(' ')}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("times", "cause"),
    [
        (("02:59:58.000", "02:59:58.100", "02:00:03.000", "02:00:03.100"), "daylight-saving-ended"),
        (("02:45:00.000", "02:45:00.100", "02:00:00.000", "02:00:00.100"), "daylight-saving-ended"),
        (("02:59:58.000", "02:59:58.100", "01:00:03.000", "01:00:03.100"), "capture-clock-set-back"),
        (("14:59:58.000", "14:59:58.100", "14:00:03.000", "14:00:03.100"), "capture-clock-set-back"),
        (("02:59:58.000Z", "02:59:58.100Z", "02:00:03.000Z", "02:00:03.100Z"), "capture-clock-set-back"),
    ],
)
def test_local_times_go_back_where_daylight_saving_ends(times: tuple[str, ...], cause: str, tmp_path: Path) -> None:
    assert [(one.cause, one.records) for one in stories_of(log(*times), tmp_path)] == [(cause, [3])]


@pytest.mark.parametrize(
    ("hours", "zone", "cause"),
    [
        ((1, 3), "", "daylight-saving-began"),
        ((1, 3), "Z", "capture-clock-set-forward"),
        ((13, 15), "", "capture-clock-set-forward"),
        ((1, 4), "", "capture-clock-set-forward"),
    ],
)
def test_local_times_jump_where_daylight_saving_begins(
    hours: tuple[int, int], zone: str, cause: str, tmp_path: Path
) -> None:
    lines = []
    for hour, minute in ((hours[0], 58), (hours[0], 59), (hours[1], 0), (hours[1], 1)):
        shown = bytes((7, 0xEA, 3, 29, 7, hours[0] + (hour != hours[0]), minute, 0, 0)) + bytes.fromhex("800000")
        for who, ports, apdu in (("TX", "00100001", GET_CLOCK), ("RX", "00010010", CLOCK_ANSWER[:-12] + shown)):
            octets = bytes.fromhex("0001" + ports) + len(apdu).to_bytes(2, "big") + apdu
            lines.append(f"2026-03-29 {hour:02}:{minute:02}:00.{len(lines)}00{zone} {who} {octets.hex(' ')}")
    assert [one.cause for one in stories_of("\n".join(lines), tmp_path, "capture-time-jumped")] == [cause]


@pytest.mark.parametrize("day", ["2026-07-14", "2026-07-12", "2026-10-28"])
def test_local_times_go_back_on_a_day_on_which_daylight_saving_does_not_end(day: str, tmp_path: Path) -> None:
    times = log("02:59:58.000", "02:59:58.100", "02:00:03.000", "02:00:03.100", day=day)
    assert [(one.cause, one.records) for one in stories_of(times, tmp_path)] == [("capture-clock-set-back", [3])]


def steps_by_the_plain_rule(records: list[Record]) -> list[Step]:
    """The steps of a clock that looks at each record how long after the newest it comes."""
    clock = CaptureClock(Stories())
    for record in records:
        time_ns = record.time_ns or 0
        if time_ns < clock.newest_ns:
            clock.steps_to(record, time_ns)
            continue
        by_ns = time_ns - clock.newest_ns
        if by_ns >= PAUSE_NS and clock.newest is not None:
            clock.steps.append(Step(clock.newest.number, record.number, by_ns, record.association))
        clock.newest, clock.newest_ns = record, time_ns
    return list(clock.steps)


MANY = list(Pipeline().run(ListSource(later(*[at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER))] * 12))))
ONE_NS, HALF = 1, PAUSE_NS // 2
WAITS = st.sampled_from(
    (0, 500_000, 1_000_000_000, HALF, PAUSE_NS - ONE_NS, PAUSE_NS, PAUSE_NS + ONE_NS, 10 * PAUSE_NS)
)


@given(waits=st.lists(st.tuples(WAITS, st.sampled_from((1, 1, 1, -1))), min_size=len(MANY), max_size=len(MANY)))
@example(
    waits=[(0, 1), (9 * HALF, 1), (9 * HALF, -1), (500_000, -1), (PAUSE_NS + ONE_NS, 1)] + [(0, 1)] * (len(MANY) - 5)
)
def test_no_pause_is_missed_and_none_made_up(waits: list[tuple[int, int]]) -> None:
    now, doctor, records = 10**18, Doctor(), []
    for record, (wait, sign) in zip(MANY, waits, strict=True):
        now += wait * sign
        timed = copy(record)
        timed.time_ns = now
        records.append(timed)
        doctor.take(timed)
    assert list(doctor._clock.steps) == steps_by_the_plain_rule(records)
