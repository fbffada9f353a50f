"""What values, times and carriers show: clocks, profiles, types, slow answers, retransmissions, protection."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis import data
from analyzer.diagnosis.clocks import Fault, clock_faults, is_right
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Stories, Story
from analyzer.export.stories import json_line
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, Chunk
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named, on_line, over_tcp
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    OPENING,
    READING,
    SECOND,
    at,
    serial_chunks,
)

CAPTURED = datetime.datetime(2024, 11, 21, 9, 30, tzinfo=datetime.UTC)
CAPTURED_NS = int(CAPTURED.timestamp()) * SECOND


def moment(hour: int, minute: int, deviation: int, *, month: int = 11, weekday: int = 4, status: int = 0) -> bytes:
    octets = (2024).to_bytes(2, "big") + bytes((month, 21, weekday, hour, minute, 0, 0))
    return octets + deviation.to_bytes(2, "big", signed=True) + bytes((status,))


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (moment(10, 30, -60), []),  # UTC+1, as the standard has it
        (moment(9, 30, 0), []),
        (moment(10, 31, -60), []),  # a minute is no drift
        (moment(9, 30, -120), []),  # the capture's times may be local
        (moment(10, 30, 60), [("deviation-sign-unusual", "sign-turned")]),
        (moment(10, 42, -60), [("clock-drift", "clock-not-set")]),
        (moment(10, 30, -60, status=2), [("status-flag-set", "clock-not-trusted")]),
        (moment(10, 30, -60, weekday=6), [("value-out-of-type", "")]),
        (moment(10, 30, -0x8000), []),  # not specified: it may be of any zone
        (moment(15, 0, -0x8000), []),  # that of India
        (moment(10, 42, -0x8000), [("clock-drift", "clock-not-set")]),  # but of none that is 12 minutes off
        (moment(11, 30, 0), [("clock-drift", "clock-not-set")]),  # or its deviation is wrong
        (moment(11, 30, -60, status=0x80), [("clock-drift", "deviation-wrong")]),  # daylight saving is not in it
        (moment(11, 30, -60), [("clock-drift", "deviation-wrong")]),
    ],
)
def test_clock_is_held_against_the_time_of_the_capture(octets: bytes, expected: list[tuple[str, str]]) -> None:
    assert [(one.code, one.cause) for one in clock_faults(octets, CAPTURED_NS, "the clock")] == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (moment(9, 30, -60), []),  # as the log
        (moment(8, 30, -60), []),  # winter's time all the year, beside a log in that of summer
        (moment(7, 30, 0), []),  # UTC, beside a log two hours ahead
        (moment(9, 30, 60), []),
        (moment(8, 30, 300), []),  # a log that was written in Berlin, a meter in New York
        (moment(8, 30, -0x8000), []),
        (moment(9, 37, -60), [("clock-drift", "clock-not-set")]),
        (moment(9, 37, -0x8000), [("clock-drift", "clock-not-set")]),
        (moment(9, 30, -60, month=10, weekday=1), [("clock-drift", "clock-not-set")]),  # a month
    ],
)
def test_times_without_a_zone_may_be_of_any(octets: bytes, expected: list[tuple[str, str]]) -> None:
    faults = clock_faults(octets, CAPTURED_NS, "the clock", is_local=True)
    assert [(one.code, one.cause) for one in faults] == expected


@pytest.mark.parametrize(
    ("octets", "is_local", "said"),
    [
        (moment(9, 37, -60), True, "about 53 min behind"),
        (moment(9, 37, -0x8000), False, "about 7 min ahead of"),
        (moment(10, 1, -60, month=10, weekday=1), True, "about 31 d behind"),
        (moment(10, 1, -0x8000, month=10, weekday=1), False, "about 30 d behind"),
    ],
)
def test_time_whose_zone_is_not_known_is_off_by_about_so_much(octets: bytes, is_local: bool, said: str) -> None:
    (fault,) = clock_faults(octets, CAPTURED_NS, "the clock", is_local=is_local)
    assert f", {said} the capture's clock; " in fault.text


def test_course_of_a_clock_whose_zone_is_not_known_is_about() -> None:
    head = bytes.fromhex("C401C1 00 090C")
    first = at(CAPTURED_NS // SECOND, asked(AARQ), answered(AARE))
    clocks = [moment(10, minute, -0x8000, month=10, weekday=1) for minute in (1, 7)]
    (story,) = over_tcp(first, *[at(1, asked(GET_CLOCK), answered(head + clock)) for clock in clocks])
    assert "about 30 d behind the capture's clock;" in story.evidence[0].text
    assert [one.text.count("about 30 d behind") for one in story.evidence[1:]] == [1, 1]


def test_deviation_that_fits_is_told() -> None:
    (fault,) = clock_faults(moment(11, 30, -60, status=0x80), CAPTURED_NS, "the clock")
    assert fault.text.endswith("1 h ahead of the capture's clock; with deviation -120 in place of -60 it fits")


def test_clock_that_was_right_in_between_is_told_again() -> None:
    right, fast = (stated(CAPTURED, off, -60) for off in (0, 720))
    head = bytes.fromhex("C401C1 00 090C")

    def told(*clocks: bytes) -> list[tuple[str, int]]:
        first = at((CAPTURED_NS // SECOND), asked(AARQ), answered(AARE))
        reads = [at(1, asked(GET_CLOCK), answered(head + clock)) for clock in clocks]
        return [(one.code, one.count) for one in over_tcp(first, *reads)]

    assert told(right, right, right) == []
    assert told(right, fast, fast, fast) == [("clock-drift", 1)]
    assert told(fast, right, fast) == [("clock-drift", 2)]
    doubtful = right[:11] + b"\x02"
    assert told(doubtful, fast) == [("status-flag-set", 1), ("clock-drift", 1)]


def test_clock_that_seems_off_since_the_capture_went_back_may_be_right() -> None:
    answer = bytes.fromhex("C401C1 00 090C") + stated(CAPTURED, 0, -60)
    first = at(CAPTURED_NS // SECOND, asked(AARQ), answered(AARE))
    stories = over_tcp(first, at(-3600, asked(GET_CLOCK), answered(answer)), READING[:1])
    assert [one.code for one in stories][:2] == ["capture-time-regressed", "clock-drift"]
    assert stories[1].confidence == "possible"
    assert "capture-clock-set-back" in [one.cause for one in stories[1].candidates]


def read_at(*reads: tuple[float, int], first: int = 0) -> list[Story]:
    """The stories of a clock that is read so many seconds after what was before, and is off by so many of the capture's.

    *first* is how many seconds the capture is ahead of the year's time where it begins.
    """
    units, now = [at(CAPTURED_NS // SECOND, asked(AARQ), answered(AARE))], first
    for wait, off in reads:
        answer = bytes.fromhex("C401C1 00 090C") + stated(CAPTURED, round(now + wait + off), -60)
        units.append(at(wait, asked(GET_CLOCK), answered(answer)))
        now += round(wait)
    return over_tcp(*units)


def test_clock_that_stays_as_wrong_as_it_is_is_looked_at_in_full_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def look(*given: Any, **options: Any) -> Iterator[Fault]:
        looked.append(given)
        return clock_faults(*given, **options)

    monkeypatch.setattr(data, "clock_faults", look)
    (story,) = read_at(*[(5, 600), (5, 601)] * 40, (5, 900))
    assert (story.code, story.count) == ("clock-drift", 1)
    assert "to record 164, 14 min 52 s ahead of" in story.evidence[-1].text
    assert len(looked) <= 12


@pytest.mark.parametrize("by", [3600, 86400, 300])
def test_capture_that_was_set_forward_is_not_blamed_on_the_clock_of_the_meter(by: int) -> None:
    stories = read_at((1, 0), (1, 17), (1 + by, 17 - by), (1, 17 - by), (5, 17 - by))
    assert named(stories) == [("capture-time-jumped", "capture-clock-set-forward")]
    assert (stories[0].records, stories[0].count) == ([7], 1)


def test_capture_that_was_set_back_is_not_blamed_on_the_clock_of_the_meter() -> None:
    assert named(read_at((1, 0), (-3599, 3600), (1, 3600))) == [("capture-time-regressed", "capture-clock-set-back")]


def test_capture_that_was_set_right_takes_back_what_was_said_of_the_meter() -> None:
    assert named(read_at((1, 5000), (1, 5000), (5001, 0), (1, 0))) == [
        ("capture-time-jumped", "capture-clock-set-forward")
    ]


@pytest.mark.parametrize("reads", [[(1, 0), (1, -1800), (1, -1800)], [(1, 0), (7200, -1800)], [(1, 0), (3601, 3600)]])
def test_clock_that_moves_where_the_capture_makes_no_such_step_is_the_meters(reads: list[tuple[float, int]]) -> None:
    assert [one.code for one in read_at(*reads)] == ["clock-drift"]


def test_drift_says_from_which_to_which_record_and_how_it_moved() -> None:
    (story,) = read_at((1, 0), (1, 720), (1, 720), (1, 750), (1, 0))
    assert [(one.record, one.text) for one in story.evidence[1:]] == [
        (12, "right again here; wrong in record 6 to record 10, 12 min 30 s ahead of the capture's clock by then")
    ]
    (story,) = read_at((1, 720), (1, 720), (1, -1800), (1, -1800))
    assert [(one.record, one.text) for one in story.evidence[1:]] == [
        (8, "here it is 30 min behind the capture's clock"),
        (10, "wrong in record 4 to record 10, 30 min behind the capture's clock by then, where it is read last"),
    ]
    (story,) = read_at((1, 720))
    assert len(story.evidence) == 1


@pytest.mark.parametrize(
    ("offs", "told_in"),
    [
        ([0, 0, 0], []),
        ([0, 720, 720, 720], [4]),
        ([720, 720, 0, 720, 720, 721], [1, 6]),
        ([0, 720, 720, 600, 720, 720], []),
        ([0, -3600 * 5, 0], []),  # it came late
        ([0, -2700, -1800, -900, 0], []),  # so did all that waited
    ],
)
def test_times_in_the_headers_of_later_pushes_are_held_against_the_capture(offs: list[int], told_in: list[int]) -> None:
    assert told_of_pushes(*((900, off) for off in offs)) == told_in


def told_of_pushes(*pushes: tuple[float, float]) -> list[int]:
    """In which records the clock is told of a meter that pushes so many seconds after the last, and is off by so many."""
    units, now = [], 0.0
    for number, (wait, off) in enumerate(pushes):
        now += wait
        time = stated(CAPTURED, round(now + off), -60)
        push = bytes.fromhex("0F") + number.to_bytes(4, "big") + b"\x0c" + time + bytes.fromhex("0201 06 00000001")
        units.append(at(wait + (0 if number else CAPTURED_NS // SECOND), answered(push)))
    return [record for one in over_tcp(*units) if one.code == "clock-drift" for record in one.records]


@pytest.mark.parametrize("period", [1, 2, 5, 30, 60, 900])
@pytest.mark.parametrize("apart", [0.01, 0.2, 0.9])
def test_pushes_that_waited_for_a_connection_and_came_in_a_burst_have_no_wrong_clock(period: int, apart: float) -> None:
    burst = [(1200.0 if not each else apart, each * (period - apart) - 1200) for each in range(60)]
    assert told_of_pushes((1, 0), (period, 0), *burst, (period, 0)) == []


near_octets = st.tuples(
    st.sampled_from((b"\x07\xe8", b"\x07\xe7", b"\xff\xff")), st.integers(10, 12), st.integers(20, 22), st.integers(1, 7),
    st.integers(8, 11), st.integers(26, 34), st.sampled_from((0, 1, 59, 60, 255)), st.sampled_from((0, 99, 100, 255)),
    st.sampled_from((0, 60, -60, 120, -120, 840, 841, -0x8000)), st.integers(0, 255),
).map(lambda said: said[0] + bytes(said[1:8]) + said[8].to_bytes(2, "big", signed=True) + bytes(said[9:]))  # fmt: skip
"""Date-times near the capture's, and odd ones."""
right_octets = st.integers(-200, 200).flatmap(
    lambda off: st.sampled_from((0, 60, -60)).map(lambda deviation: stated(CAPTURED, off, deviation))
)


def stated(moment: datetime.datetime, off: int, deviation: int) -> bytes:
    """The date-time of a clock that is *off* by some seconds, with its deviation in minutes."""
    local = moment + datetime.timedelta(seconds=off, minutes=-deviation)
    octets = local.year.to_bytes(2, "big")
    octets += bytes((local.month, local.day, local.isoweekday(), local.hour, local.minute, local.second, 0))
    return octets + deviation.to_bytes(2, "big", signed=True) + b"\0"


@given(octets=near_octets | right_octets)
def test_clock_that_is_right_has_no_faults(octets: bytes) -> None:
    faults = list(clock_faults(octets, CAPTURED_NS, "the clock"))
    assert not (is_right(octets, CAPTURED_NS) and faults)


@given(octets=right_octets)
def test_clock_that_is_near_is_right_without_a_look_at_its_faults(octets: bytes) -> None:
    assert is_right(octets, CAPTURED_NS) == (not list(clock_faults(octets, CAPTURED_NS, "the clock")))


def test_drift_says_how_much_and_which_way() -> None:
    (fault,) = clock_faults(moment(10, 42, -60), CAPTURED_NS, "the clock")
    assert "12 min ahead of the capture's clock" in fault.text


def test_capture_without_real_times_says_nothing_of_clocks() -> None:
    assert list(clock_faults(moment(10, 42, -60), 5 * SECOND, "the clock")) == []


def test_value_of_another_sort_is_noted_once() -> None:
    # scaler_unit (a structure) answered with a number
    request, answer = bytes.fromhex("C001C1 0003 0100020700FF 03 00"), bytes.fromhex("C401C1 00 12 0005")
    stories = on_line(OPENING, at(1, asked(request), answered(answer), asked(request), answered(answer)))
    assert [(one.code, one.count, one.severity) for one in stories] == [("value-out-of-type", 1, Severity.NOTE)]


@pytest.mark.parametrize("value", ["12 003C", "02 03 12 003C 12 0064 12 012C"])
def test_sort_of_any_version_of_the_class_is_none_of_another(value: str) -> None:
    # repetition_delay of a push setup: a number in versions 0 and 1, a structure in 2
    request, answer = bytes.fromhex("C001C1 0028 0000190900FF 07 00"), bytes.fromhex(f"C401C1 00 {value}")
    assert on_line(OPENING, at(1, asked(request), answered(answer))) == []


def test_answer_far_beyond_the_usual_time_is_slow() -> None:
    usual = at(1, *[one for _ in range(5) for one in (asked(GET_CLOCK), answered(CLOCK_ANSWER))])
    late = [*at(1, asked(GET_CLOCK)), *at(4, answered(CLOCK_ANSWER))]
    (story,) = over_tcp(OPENING, usual, late)
    assert named([story]) == [("response-slow", "meter-busy")]
    assert "answered after 4.0 s; this meter usually takes 100 ms" in story.evidence[0].text


@pytest.mark.parametrize(("octets", "seconds", "is_slow"), [(6, 2.3, True), (500, 2.3, False), (500, 6, True)])
def test_time_that_a_long_answer_takes_on_its_line_is_not_the_meters(
    octets: int, seconds: float, is_slow: bool
) -> None:
    usual = at(1, *[one for _ in range(5) for one in (asked(GET_CLOCK), answered(CLOCK_ANSWER))])
    request = bytes.fromhex("C001C1 0001 0000600100FF 02 00")
    answer = bytes.fromhex(f"C401C1 00 09 82 {octets:04X}") + b"1" * octets
    stories = on_line(OPENING, usual, at(2, asked(request)), at(seconds, answered(answer)))
    assert [one.cause for one in stories if one.code == "response-slow"] == ["meter-busy"] * is_slow


def test_slow_meter_that_is_always_so_is_not_told() -> None:
    slow = [unit for _ in range(6) for unit in [*at(1, asked(GET_CLOCK)), *at(4, answered(CLOCK_ANSWER))]]
    assert over_tcp(OPENING, slow) == []


def stretched(gap_ns: int) -> list[Story]:
    """Frames in two reads 40 ms apart, the last one *gap_ns* apart."""
    from tests.analyzer.tracking.build import Station
    from tests.analyzer.tracking.timed import on_hdlc

    units = on_hdlc(Station(), OPENING, *[at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER)) for _ in range(3)])
    chunks, now = [], 0
    for number, (_, said) in enumerate(units, 1):
        now += SECOND
        half = len(said.octets) // 2
        direction = SENT if said.direction == SENT else RECEIVED
        for part, time_ns, is_last in ((said.octets[:half], now, False), (said.octets[half:], now + 40_000_000, True)):
            later = gap_ns if number == len(units) and is_last else 0
            chunks.append(Chunk(len(chunks) + 1, time_ns + later, LINK_OCTETS, direction, part, len(part), -1))
    return diagnose(chunks)


def test_pause_within_a_frame_is_noted() -> None:
    assert stretched(0) == []
    assert named(stretched(400_000_000)) == [("inter-octet-gap", "sender-pauses")]


# -- protection -------------------------------------------------------------------------------------------------------

CIPHERED_AARQ = AARQ.replace(bytes.fromhex("60857405080101"), bytes.fromhex("60857405080103"))
CIPHERED_AARE = AARE.replace(bytes.fromhex("60857405080101"), bytes.fromhex("60857405080103"))
CIPHERED = at(0, asked(CIPHERED_AARQ), answered(CIPHERED_AARE))


def test_plaintext_where_no_policy_forbids_it_is_a_note() -> None:
    stories = over_tcp(CIPHERED, READING)
    assert {(one.code, one.cause, one.severity) for one in stories} == {
        ("protection-below-policy", "plaintext-in-ciphered-context", Severity.NOTE)
    }


def test_plaintext_against_the_policy_that_was_read_is_a_warning() -> None:
    policy = at(1, asked(bytes.fromhex("C001C1 0040 00002B0000FF 02 00")), answered(bytes.fromhex("C401C1 00 16 03")))
    stories = over_tcp(OPENING, policy, OPENING, READING)
    assert {(one.code, one.cause, one.severity) for one in stories} == {
        ("protection-below-policy", "plaintext-against-policy", Severity.WARNING)
    }


# -- malformed and blocks ---------------------------------------------------------------------------------------------


def test_text_in_place_of_an_apdu_is_shown() -> None:
    (story,) = on_line(OPENING, at(1, answered(b"NEXERRORNO-1")))
    assert named([story]) == [("carrier-text", "vendor-text-answer")]
    assert '"NEXERRORNO-1"' in story.evidence[0].text


def general(number: int, data: bytes, *, last: bool = False) -> bytes:
    return b"\xe0" + bytes((0x80 * last,)) + number.to_bytes(2, "big") + b"\0\0" + bytes((len(data),)) + data


def test_last_general_block_alone_began_before_the_capture() -> None:
    (story,) = on_line(at(0, answered(general(3, bytes(20), last=True))))
    assert named([story]) == [("block-lost", "capture-started-late")]


ASKED_IN_BLOCKS = at(
    1, asked(general(1, GET_CLOCK[:8])), answered(general(1, b"")), asked(general(2, GET_CLOCK[8:], last=True))
)


def test_block_missing_in_an_answer_that_is_numbered_on_is_that_one_alone() -> None:
    tail = answered(general(2, CLOCK_ANSWER[:4])), answered(general(4, CLOCK_ANSWER[8:], last=True))
    stories = over_tcp(OPENING, READING, ASKED_IN_BLOCKS, at(0.1, *tail), READING)
    (story,) = [one for one in stories if one.code == "block-lost"]
    assert story.cause == "segment-lost"
    assert "block 4 is the last one, block 3 never came" in story.evidence[0].text


def test_first_block_that_is_lost_behind_an_older_acknowledgement_is_missing() -> None:
    tail = answered(general(2, CLOCK_ANSWER[:9])), answered(general(3, CLOCK_ANSWER[9:], last=True))
    begun = ASKED_IN_BLOCKS, at(0.1, answered(CLOCK_ANSWER)), at(1, asked(GET_CLOCK), *tail)
    (story,) = [one for one in over_tcp(OPENING, READING, *begun, READING) if one.code == "block-lost"]
    assert story.cause == "segment-lost"
    assert "block 3 is the last one, block 1 never came" in story.evidence[0].text


def test_general_block_that_is_missing_between_others_is_named() -> None:
    push = b"\x0f\0\0\0\1\0\x09\x20" + bytes(32)
    blocks = [general(1, push[:16]), general(2, push[16:32]), general(4, push[32:], last=True)]
    stories = on_line(at(0, *(answered(block) for block in blocks)))
    assert ("block-lost", "segment-lost") in named(stories)
    assert any("block 3 never came" in one.evidence[0].text for one in stories)


def test_general_block_that_begins_the_apdu_anew_is_the_meters_doing() -> None:
    push = b"\x0f\0\0\0\1\0\x09\x30" + bytes(48)
    blocks = [general(1, push[:30]), general(2, push[:20], last=True)]
    stories = on_line(at(0, *(answered(block) for block in blocks)))
    assert ("apdu-malformed", "block-restarts-apdu") in named(stories)


def test_capture_of_a_tunnel_alone_says_what_it_is() -> None:
    doctor = Doctor()
    doctor.finish({"tls": 47, "dns": 2})
    assert named(doctor.stories()) == [("carrier-tls", "tunnel"), ("carrier-undecoded", "")]
    assert "47 packets of an encrypted tunnel (TLS)" in doctor.stories()[0].evidence[0].text
    line = json.loads(json_line(1, doctor.stories()[0], 0))
    assert (line["code"], line["records"]) == ("carrier-tls", [])


@pytest.mark.parametrize(
    ("pushes", "codes"),
    [
        (("0F 40000004 00 12 0007", "0F 40000005 00 12 0007", "0F 40000005 00 12 0007"), ["push-repeated"]),
        (("0F 40000005 00 12 0007", "0F 40000006 00 12 0007"), []),
        (("0F 00000004 00 12 0007", "0F 00000005 00 12 0007", "0F 00000005 00 12 0007"), []),  # no confirmation asked
        (("0F 40000000 00 12 0007", "0F 40000000 00 12 0007"), []),  # the number tells none from another
        (("0F 40000007 00 12 0007", "0F 40000007 00 12 0007"), []),
        (("0F 40000001 00 12 0007", "0F 40000000 00 12 0007", "0F 40000000 00 12 0007"), []),
    ],
)
def test_push_that_nobody_confirms_comes_again(pushes: tuple[str, ...], codes: list[str]) -> None:
    stories = over_tcp(*(at(10, answered(bytes.fromhex(one))) for one in pushes))
    assert [one.code for one in stories if one.code == "push-repeated"] == codes


def test_push_in_ui_frames_that_reads_the_same_is_not_missed_by_anybody() -> None:
    pushes = [bytes.fromhex(f"E6E700 0F 4000000{number} 00 12 0007") for number in (4, 5, 5)]
    units = [each for one in pushes for each in at(10, answered(frame(one, 0x13, b"\x21\x03")))]
    assert "push-repeated" not in [one.code for one in diagnose(serial_chunks(units))]


def test_clocks_that_are_right_hold_no_records_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_MOST", 4)
    family, octets = data.DataFamily(Stories()), stated(CAPTURED, 0, -60)
    apdu = SimpleNamespace(octets=bytes.fromhex("C401C1 00 090C") + octets)
    for number in range(1, 12):
        record: Any = SimpleNamespace(number=number, lane=number, time_ns=CAPTURED_NS, apdu=apdu)
        family._clock_alone(record)
        assert len(family._right) <= 4
        assert family._right[record.lane] == (number, octets, CAPTURED_NS)
