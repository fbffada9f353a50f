"""Rows of profiles where the clock was put on or back for daylight saving time, and rows without a time of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analyzer.record import Object
from analyzer.tracking.attributes import Held
from analyzer.tracking.meter import Column
from analyzer.tracking.profile_rows import oddities_of
from analyzer.tracking.profiles import Profile, rows_of
from tests.analyzer.cosem.data import array, octet_string, structure, unsigned

ZONE = ZoneInfo("Europe/Berlin")
LOAD, EVENTS = bytes.fromhex("0100630100FF"), bytes.fromhex("0000636200FF")
AUTUMN, SPRING = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 3, 28, 22, tzinfo=UTC)
SUMMER = datetime(2026, 7, 7, 10, tzinfo=UTC)
NULL = b"\x00"


def clock(local: datetime, deviation: int, status: int) -> bytes:
    date = local.year.to_bytes(2, "big") + bytes((local.month, local.day, local.isoweekday()))
    return (
        date
        + bytes((local.hour, local.minute, local.second, 0))
        + deviation.to_bytes(2, "big", signed=True)
        + bytes((status,))
    )


def sent(deviation: str, status: str) -> Callable[[datetime], bytes]:
    """Meters of one zone, which tell their deviation and clock status as they like."""

    def make(moment: datetime) -> bytes:
        local = moment.astimezone(ZONE)
        offset, saving = local.utcoffset(), local.dst()
        assert offset is not None
        minutes = int(offset.total_seconds()) // 60
        told = {"right": -minutes, "turned": minutes, "of winter": -60, "none": -0x8000}[deviation]
        return clock(local, told, {"right": 0x80 if saving else 0, "never": 0, "none": 0xFF}[status])

    return make


def oddities(times: list[bytes], period: int | None, name: bytes = LOAD) -> list[str]:
    buffer = array(*(structure(octet_string(time) if time else NULL, unsigned(0)) for time in times))
    columns = (Column(8, bytes.fromhex("0000010000FF"), 2), Column(1, bytes.fromhex("0000600B00FF"), 2))
    profile = Profile(name, columns, len(times), "record 1")
    held = Held(Object(7, name, 2), buffer, 0, len(buffer), is_written=False)
    return [one.code for one in oddities_of(profile, held, period)]


def moments(first: datetime, period: int, count: int = 40) -> list[datetime]:
    return [first + timedelta(seconds=period * number) for number in range(count)]


METERS = [
    ("right", "right"), ("right", "never"), ("none", "right"), ("none", "never"), ("none", "none"),
    ("of winter", "right"), ("turned", "right"), ("turned", "never"),
]  # fmt: skip


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("period", [900, 1800, 3600])
@pytest.mark.parametrize("first", [AUTUMN, SPRING, SUMMER])
@pytest.mark.parametrize(("deviation", "status"), METERS)
def test_change_of_the_clock_is_no_fault(
    deviation: str, status: str, first: datetime, period: int, *, is_told: bool
) -> None:
    times = [sent(deviation, status)(one) for one in moments(first, period)]
    assert oddities(times, period if is_told else None) == []
    assert oddities(times[::-1], period if is_told else None) == []


@pytest.mark.parametrize(("deviation", "status"), METERS)
def test_an_hour_at_any_other_time_is_a_fault(deviation: str, status: str) -> None:
    make = sent(deviation, status)
    quarters = moments(SUMMER, 900)
    assert oddities([make(one) for one in quarters[:8] + quarters[12:]], 900) == ["profile-gap"]
    assert oddities([make(one) for one in quarters[:8] + quarters[4:]], 900) == ["profile-overlap"]
    hours = moments(SUMMER, 3600, 6)
    assert oddities([make(one) for one in hours[:3] + hours[2:]], 3600) == ["profile-overlap"]
    assert oddities([make(one) for one in hours[:2] + hours[3:]], 3600) == ["profile-gap"]


def test_daylight_saving_that_goes_on_tells_that_the_clock_was_not_changed() -> None:
    make = sent("none", "right")
    saturday = datetime(2026, 7, 11, 0, tzinfo=UTC)
    quarters = moments(saturday, 900)
    assert oddities([make(one) for one in quarters[:4] + quarters[8:]], 900) == ["profile-gap"]


@pytest.mark.parametrize("period", [0, None])
def test_events_of_one_second_are_no_fault(period: int | None) -> None:
    seconds = (0, 5, 5, 900)
    times = [sent("right", "right")(SUMMER + timedelta(seconds=one)) for one in seconds]
    assert oddities(times, period, EVENTS) == []
    assert oddities([times[1], times[2], times[0], times[3]], period, EVENTS) == ["profile-overlap"]
    pairs = [times[0], times[0], times[1], times[1], times[3], times[3]]
    assert oddities(pairs, period, EVENTS) == oddities(pairs[::-1], period, EVENTS) == []


@pytest.mark.parametrize("status", ["right", "never"])
def test_event_may_seem_earlier_where_the_clock_was_put_back(status: str) -> None:
    minutes = (0, 170, 182, 200)  # 02:50 is followed by 02:02
    times = [sent("none", status)(AUTUMN + timedelta(minutes=one)) for one in minutes]
    assert oddities(times, 0, EVENTS) == []


def test_a_time_that_is_null_data_is_told_by_the_period_alone() -> None:
    made = octet_string(sent("right", "right")(SUMMER))
    rows = structure(made, unsigned(0)), structure(NULL, unsigned(1)), structure(NULL, unsigned(2))
    buffer = array(*rows)
    columns = (Column(8, bytes.fromhex("0000010000FF"), 2), Column(1, bytes.fromhex("0000600B00FF"), 2))

    def times(period: int | None, name: bytes) -> list[str]:
        profile = Profile(name, columns, 3, "record 1")
        return [row.time for row in rows_of(profile, buffer, 0, len(buffer), period)]

    first = "2026-07-07T12:00:00+02:00"
    assert times(900, LOAD) == [first, "2026-07-07T12:15:00+02:00", "2026-07-07T12:30:00+02:00"]
    assert times(None, LOAD) == [first, "", ""]
    assert times(None, EVENTS) == times(0, LOAD) == [first] * 3


def test_entries_are_counted_in_words_that_agree() -> None:
    make = sent("right", "right")
    quarters = moments(SUMMER, 900)
    columns = (Column(8, bytes.fromhex("0000010000FF"), 2),)
    buffer = array(*(structure(octet_string(make(one))) for one in quarters[:3] + quarters[4:]))
    held = Held(Object(7, LOAD, 2), buffer, 0, len(buffer), is_written=False)
    (only,) = oddities_of(Profile(LOAD, columns, 39, "record 1"), held, 900)
    assert only.text.startswith("1 entry is missing at a period of 900 s")
