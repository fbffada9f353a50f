from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.date_time import DateTime, date_time, date_time_text, looks_like_date_time, plain_iso


# year month day weekday | hour minute second hundredths | deviation | clock status
@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07EA 0B 15 06  0A 0F 00 00  FFC4 00", "2026-11-21T10:15:00+01:00"),
        ("07EA 0B 15 06  0A 0F 00 FF  FFC4 00", "2026-11-21T10:15:00+01:00"),
        ("07EA 07 15 FF  0A 0F 00 19  FF88 80", "2026-07-21T10:15:00.25+02:00"),
        ("07EA 07 15 02  0A 0F 1E 00  0000 00", "2026-07-21T10:15:30+00:00"),
        ("07E7 04 0D 04  16 1E 13 00  FEB6 00", "2023-04-13T22:30:19+05:30"),
        ("07EA 07 15 02  0A 0F 1E 00  012C 00", "2026-07-21T10:15:30-05:00"),
        ("07EA 07 15 02  0A 0F 1E 00  8000 FF", "2026-07-21T10:15:30"),
        ("07EA 0B 15 06  0A 0F FF FF  8000 00", "2026-11-21T10:15"),
        ("07EA 0B 15 FF  FF FF FF FF  8000 00", "2026-11-21"),
        # field: weekday 0 stands for "not specified" (corpus ams_Aidon_problem_same_list3)
        ("07E9 0C 0E 00  10 00 00 FF  0000 00", "2025-12-14T16:00:00+00:00"),
        # only a date, only a time
        ("07EA 0B 15 06", "2026-11-21"),
        ("0A 0F 00 00", "10:15:00"),
        ("0A 0F 00 63", "10:15:00.99"),
    ],
)
def test_date_time_that_names_one_instant_is_iso_8601(octets: str, text: str) -> None:
    value = date_time(bytes.fromhex(octets))
    assert value is not None
    assert value.iso == text
    assert value.problems == ()


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("FFFF 03 FE 07  02 00 00 00  8000 00", "every year-03-last Sunday 02:00"),
        ("FFFF 03 FE FF  02 00 00 00  8000 00", "every year-03-last day 02:00"),
        ("FFFF 0A FD 07  03 00 00 00  8000 00", "every year-10-second last Sunday 03:00"),
        ("FFFF FD FE FF  03 00 00 00  8000 FF", "every year-daylight saving end-last day 03:00"),
        ("FFFF FE FE FF  02 00 00 00  8000 FF", "every year-daylight saving begin-last day 02:00"),
        ("FFFF 0B FF 03  FF 0F 00 FF  8000 FF", "every year-11-every Wednesday every hour:15"),
        ("FFFF 0B 08 07  0F 00 00 00  8000 00", "every year-11-first Sunday from 08 15:00"),
        ("FFFF FF 01 FF  00 00 00 00  8000 00", "every year-every month-01 00:00"),
        ("FFFF FF FF FF  00 00 1E 00  FFC4 00", "00:00:30 +01:00"),
        ("07EA FF 01 FF  FF FF FF FF  8000 FF", "2026-every month-01"),
        ("FFFF FF FF FF  FF FF FF FF  8000 FF", "not specified"),
        ("FFFF FF FF FF  FF FF FF FF  FFFF FF", "not specified"),
        ("FFFF FF FF 07  06 FF FF FF  FFFF 00", "every Sunday 06:every minute"),
        ("FFFF 09 01 07  FF FF FF FF  FFC4 00", "every year-09-first Sunday from 01"),
        ("0000 00 00 00  00 00 00 00  8000 FF", "0000-00-00 00:00"),
        ("FFFF 0C 19 FF", "every year-12-25"),
        ("FFFF FF FF 06", "every Saturday"),
        ("FF 1E 00 00", "every hour:30"),
        ("FF FF FF FF", "not specified"),
    ],
)
def test_date_time_with_wildcards_is_in_words(octets: str, text: str) -> None:
    assert date_time_text(bytes.fromhex(octets)) == text


def test_date_time_with_wildcards_has_no_iso() -> None:
    value = date_time(bytes.fromhex("FFFF 03 FE 07 02 00 00 00 8000 00"))
    assert value is not None
    assert value.iso is None


def test_time_alone_with_wildcards_has_no_iso() -> None:
    value = date_time(bytes.fromhex("FF 1E 00 00"))
    assert value is not None
    assert value.iso is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("00", ""),
        ("FF", ""),
        ("01", ", invalid value"),
        ("82", ", doubtful value, daylight saving active"),
        ("0C", ", different clock base, invalid clock status"),
    ],
)
def test_clock_status_follows_in_words(status: str, words: str) -> None:
    assert date_time_text(bytes.fromhex("07EA 0B 15 06 0A 0F 00 FF 8000" + status)) == f"2026-11-21T10:15:00{words}"


@pytest.mark.parametrize(
    ("octets", "text", "problems"),
    [
        ("07EA 02 1E FF  0A 0F 00 FF  8000 00", "2026-02-30 10:15", ("day 30 of month 2",)),
        ("07EA 0B 15 01  0A 0F 00 FF  8000 00", "2026-11-21T10:15:00", ("weekday Monday of a Saturday",)),
        (
            "07EA 0D F5 09  0A 3D 00 FF  7FFF 00",
            "2026-13-245 10:61",
            ("month 13", "day 245", "weekday 9", "minute 61", "deviation 32767"),
        ),
        ("0000 00 00 00  00 00 00 00  0000 00", "0000-00-00 00:00 +00:00", ("month 0", "day 0")),
        ("07EA 0B 15 06  18 00 00 00  8000 00", "2026-11-21 24:00", ("hour 24",)),
    ],
)
def test_date_time_with_wrong_fields_keeps_them_and_names_them(
    octets: str, text: str, problems: tuple[str, ...]
) -> None:
    value = date_time(bytes.fromhex(octets))
    assert value is not None
    assert value.text == text
    assert value.problems == problems


def test_date_time_keeps_the_fields_as_sent() -> None:
    assert date_time(bytes.fromhex("07EA 0B 15 06 0A 0F 1E 05 FFC4 80")) == DateTime(
        True, True, 2026, 11, 21, 6, 10, 15, 30, 5, deviation=-60, clock_status=0x80
    )


def test_date_time_text_of_another_length_is_hex() -> None:
    assert date_time_text(b"\x01\xab") == "01AB"
    assert date_time(b"\x01\xab") is None


@given(
    st.one_of(st.binary(min_size=12, max_size=12), st.binary(min_size=5, max_size=5), st.binary(min_size=4, max_size=4))
)
def test_date_time_of_any_octets_has_a_text(octets: bytes) -> None:
    value = date_time(octets)
    assert value is not None
    assert value.text
    assert value.iso is None or value.text.startswith(value.iso)
    assert isinstance(value.problems, tuple)


@given(
    st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2090, 1, 1)),
    st.integers(-840, 840).filter(lambda minutes: minutes != -1),
)
def test_date_time_built_from_an_instant_names_that_instant(local: datetime.datetime, deviation: int) -> None:
    hundredths = local.microsecond // 10000
    octets = (
        local.year.to_bytes(2, "big")
        + bytes((local.month, local.day, local.isoweekday(), local.hour, local.minute, local.second, hundredths))
        + deviation.to_bytes(2, "big", signed=True)
        + b"\x00"
    )
    value = date_time(octets)
    assert value is not None
    assert value.iso is not None
    zone = datetime.timezone(-datetime.timedelta(minutes=deviation))
    assert datetime.datetime.fromisoformat(value.iso) == local.replace(microsecond=hundredths * 10000, tzinfo=zone)
    assert looks_like_date_time(octets)


@pytest.mark.parametrize(
    "octets",
    [
        "07EA0B15060A0F0000FFC400",
        "FFFF03FE0702000000800000",
        "FFFFFFFFFFFFFFFFFFFFFFFF",
        "0000000000000000008000FF",
        "07E90C0E00100000FF000000",
    ],
)
def test_octets_of_a_date_time_look_like_one(octets: str) -> None:
    assert looks_like_date_time(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "octets",
    [
        "000000000000000000000000",  # never set
        "4B464D31303030303030303030",  # 13 octets
        "4B616D73747275705F563030",  # Kamstrup_V00
        "07C50B15060A0F0000FFC400",  # year 1989
        "07EA0D15060A0F0000FFC400",  # month 13
        "07EA0B15060A3C0000FFC400",  # minute 60
        "07EA0B15060A0F00007FFF00",  # deviation of 22 days
        "07EA0B1506",
        "",
    ],
)
def test_octets_of_something_else_do_not_look_like_a_date_time(octets: str) -> None:
    assert not looks_like_date_time(bytes.fromhex(octets))


@given(st.binary(max_size=13))
def test_any_octets_look_like_a_date_time_or_not(octets: bytes) -> None:
    assert looks_like_date_time(octets) in (True, False)


@given(
    st.tuples(*[st.sampled_from((0, 1, 2, 7, 12, 13, 23, 24, 28, 29, 31, 59, 60, 99, 0xFD, 0xFF))] * 8),
    st.integers(0, 0xFFFF),
    st.sampled_from((b"\x00\x3c", b"\xff\xc4", b"\x80\x00", b"\xff\xff", b"\x7f\x00")),
)
def test_plain_iso_is_the_iso_of_the_date_time_or_nothing(fields: tuple[int, ...], year: int, zone: bytes) -> None:
    octets = year.to_bytes(2, "big") + bytes(fields[:7]) + zone + bytes(fields[7:])
    found = date_time(octets)
    assert found is not None
    assert plain_iso(octets) in ("", found.iso)


def test_plain_iso_of_a_whole_second_is_there() -> None:
    assert plain_iso(bytes.fromhex("07EA 0B 15 06  0A 0F 1E FF  FFC4 00")) == "2026-11-21T10:15:30+01:00"
    assert plain_iso(b"") == plain_iso(bytes(5)) == ""
