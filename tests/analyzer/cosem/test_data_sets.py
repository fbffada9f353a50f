"""Data sets of text: codes, numbers, times, profiles and logs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.data_sets import TextValue, code_of, heading_after, profile_from, profile_of, text_values
from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.text_times import clock_of, moment_of
from dissectors.data_sets import data_sets


def values(text: str) -> list[TextValue]:
    return list(text_values(list(data_sets(text.encode()))))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1-0:1.8.0", "1-0:1.8.0*255"), ("1.8.0*01", "1-0:1.8.0*1"), ("0-1:24.2.1", "0-1:24.2.1*255"),
        ("C.1.0", "0-0:96.1.0*255"), ("F.F", "0-0:97.97.0*255"), ("P.01", "1-0:99.1.0*255"), ("P.98", "1-0:99.98.0*255"),
        ("32.7", "1-0:32.7.0*255"), ("96.14.0", "0-0:96.14.0*255"), ("0.9.1", "1-0:0.9.1*255"),
    ],
)  # fmt: skip
def test_reduced_code_stands_for_its_logical_name(text: str, code: str) -> None:
    name = code_of(text)
    assert name is not None
    assert obis_text(name) == code


@pytest.mark.parametrize("text", ["VOLTA", "", "1.8.0.0.0", "300.1.1", "1-0:1", "C003"])
def test_text_that_is_no_code_is_none(text: str) -> None:
    assert code_of(text) is None


@pytest.mark.parametrize(
    ("text", "iso", "season"),
    [
        ("210222161900W", "2021-02-22T16:19:00", "standard time"),
        ("220329215855S", "2022-03-29T21:58:55", "daylight saving time"),
        ("1220401010000", "2022-04-01T01:00:00", "daylight saving time"),
        ("2211010015", "2022-11-01T00:15:00", ""),
        ("20240111 09:35:00", "2024-01-11T09:35:00", ""),
        ("26-03-01 18:15", "2026-03-01T18:15:00", ""),
        ("700101010000W", "1970-01-01T01:00:00", "standard time"),
        ("19991231 23:59:00", "1999-12-31T23:59:00", ""),
        ("2011-04-15&16:51:24", "2011-04-15T16:51:24", ""),
    ],
)
def test_times_are_read_as_they_are_written(text: str, iso: str, season: str) -> None:
    assert moment_of(text) == (iso, season)


@pytest.mark.parametrize("text", ["", "211322161900W", "hello", "99", "21022216190"])
def test_text_that_is_no_time_is_none(text: str) -> None:
    assert moment_of(text) is None


@pytest.mark.parametrize("unset", ["632525252525S", "0000000000", "00-00-00 00:00", "000000000000"])
def test_time_that_was_never_set_is_no_value(unset: str) -> None:
    (only,) = values(f"1-0:1.6.0({unset})(00.000*kW)\r\n")
    assert (only.plain, only.unit, only.time) == (Decimal("0.000"), "kW", "")


def test_peak_that_never_was_is_none_of_a_log() -> None:
    found = values("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(230501000000S)(632525252525S)(00.000*kW)\r\n")
    assert [(one.plain, one.time) for one in found] == [(Decimal("0.000"), "2023-05-01T00:00:00")]


@pytest.mark.parametrize(
    "text",
    [
        "0.9.1(094312)\r\n0.9.2(211204)",
        "0.9.1(1094312)\r\n0.9.2(1211204)",
        "1-1:0.9.1*255(094312)\r\n1-1:0.9.2*255(1211204)",
    ],
)
def test_clock_is_read_with_its_season_and_under_a_whole_code(text: str) -> None:
    assert clock_of(data_sets(text.encode() + b"\r\n")) == "2021-12-04T09:43:12"


def test_time_of_a_reset_is_a_time_and_not_a_number() -> None:
    (only,) = values("0.1.2*05(2111010000)\r\n")
    assert only.plain == "2021-11-01T00:00:00"


@pytest.mark.parametrize(
    ("text", "plain"), [("0-0:96.7.21(00004)", 4), ("C.7.0(0012)", 12), ("0-0:96.14.0(0002)", "0002")]
)
def test_power_failures_are_counted(text: str, plain: object) -> None:
    (only,) = values(f"{text}\r\n")
    assert only.plain == plain


def test_event_of_a_log_book_has_its_time_its_status_and_what_was_told() -> None:
    found = values(
        "P.98(0211204001500)(0048)()(2)(0.9.1)()(C.7.0)()\r\n(001500)(0003)\r\nP.98(0211204021500)(A000)()()\r\n"
    )
    assert [(one.code, one.plain, one.time, one.status) for one in found] == [
        ("P.98", "0048", "2021-12-04T00:15:00", ""),
        ("0.9.1", "001500", "2021-12-04T00:15:00", "0048"),
        ("C.7.0", 3, "2021-12-04T00:15:00", "0048"),
        ("P.98", "A000", "2021-12-04T02:15:00", ""),
    ]


def test_entries_on_the_line_of_their_head_are_read_as_those_below_it() -> None:
    event, profile = "P.98(0211204001500)(0048)()(2)(0.9.1)()(C.7.0)()", "P.01(2305010000)(00)(15)(1)(1.5.0)(kW)"
    assert values(f"{event}(001500)(0003)\r\n") == values(f"{event}\r\n(001500)(0003)\r\n")
    assert values(f"{profile}(0.1)(0.2)\r\n(0.3)\r\n") == values(f"{profile}\r\n(0.1)\r\n(0.2)\r\n(0.3)\r\n")


def test_columns_of_a_profile_may_stand_there_with_all_their_groups() -> None:
    found = values("P.01(2305010000)(00)(15)(1)(1-0:1.5.0*255)(kW)\r\n(0.0123)\r\n")
    assert [(one.code, one.plain, one.unit) for one in found] == [("1-0:1.5.0*255", Decimal("0.0123"), "kW")]


def test_digits_of_a_table_in_hex_are_no_number() -> None:
    (only,) = values(f"507001({'00' * 32})\r\n")
    assert only.plain == "00" * 32


def test_two_values_of_one_pair_of_parentheses_keep_their_units() -> None:
    (only,) = values("9.4(088.9*C&082.1*C)\r\n")
    assert (only.plain, only.unit) == ("088.9 C & 082.1 C", "")


def test_number_is_exact_and_keeps_its_unit() -> None:
    (only,) = values("1-0:1.8.0(000317.695*kWh)\r\n")
    assert (only.plain, only.unit, only.raw) == (Decimal("317.695"), "kWh", "000317.695")


def test_time_beside_a_value_is_its_time() -> None:
    maximum, gas = values("1.6.1(0.50262*kW)(2211120730)\r\n0-1:24.2.1(170102161005W)(00000.107*m3)\r\n")
    assert (maximum.plain, maximum.time) == (Decimal("0.50262"), "2022-11-12T07:30:00")
    assert (gas.plain, gas.unit, gas.time) == (Decimal("0.107"), "m3", "2017-01-02T16:10:05")


def test_clock_is_a_time_and_an_identification_a_text() -> None:
    clock, serial, device = values("0-0:1.0.0(170102192002W)\r\n0.0.0(0010067967)\r\n0-0:96.1.1(4B38454730303430)\r\n")
    assert (clock.plain, clock.season) == ("2017-01-02T19:20:02", "standard time")
    assert serial.plain == "0010067967"
    assert (device.plain, device.raw) == ("K8EG0040", "4B38454730303430")


def test_lines_without_a_code_have_that_of_the_line_before() -> None:
    assert [one.code for one in values("ET0PE(68.42)\r\n(45.54)\r\n(22.88)\r\n")] == ["ET0PE"] * 3


def test_log_of_power_failures_gives_durations_with_their_times() -> None:
    found = values("1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)\r\n")
    assert [(one.code, one.plain, one.time) for one in found] == [
        ("0-0:96.7.19", Decimal(240), "2010-12-08T15:24:15"),
        ("0-0:96.7.19", Decimal(301), "2010-12-08T15:10:04"),
    ]
    assert values("1-0:99.97.0(0)(0-0:96.7.19)\r\n") == []


def test_log_of_monthly_peaks_gives_each_at_the_time_that_stands_beside_it() -> None:
    months = "(240201000000W)(240117181500W)(02.125*kW)(240301000000W)(240211073000W)(03.500*kW)"
    found = values(f"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0){months}\r\n")
    assert [(one.code, one.plain, one.unit, one.time) for one in found] == [
        ("1-0:1.6.0", Decimal("2.125"), "kW", "2024-01-17T18:15:00"),
        ("1-0:1.6.0", Decimal("3.500"), "kW", "2024-02-11T07:30:00"),
    ]
    assert values("0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)\r\n") == []


PROFILE = "P.01(1220401010000)(08)(15)(2)(1-0:1.5.0)(kW)(1-0:2.5.0)(kW)\r\n"


def test_profile_has_columns_units_and_times() -> None:
    found = values(f"{PROFILE}(0.30499)(0.00001)\r\n(0.31774)(0.00002)\r\n0.2.0(9)\r\n")
    assert [(one.code, str(one.plain), one.unit, one.time, one.status) for one in found[:4]] == [
        ("1-0:1.5.0", "0.30499", "kW", "2022-04-01T01:00:00", "08"),
        ("1-0:2.5.0", "0.00001", "kW", "2022-04-01T01:00:00", "08"),
        ("1-0:1.5.0", "0.31774", "kW", "2022-04-01T01:15:00", ""),
        ("1-0:2.5.0", "0.00002", "kW", "2022-04-01T01:15:00", ""),
    ]
    assert found[4].code == "0.2.0"


def test_profile_goes_on_in_the_next_block_where_the_last_one_ended() -> None:
    heading, rows = heading_after(list(data_sets(f"{PROFILE}(1)(2)\r\n(3)(4)\r\n".encode())))
    assert heading is not None
    assert rows == 2
    assert profile_from(heading.form) == heading  # type: ignore[arg-type]
    (first, _) = text_values(list(data_sets(b"(5)(6)\r\n")), heading, rows)
    assert (first.plain, first.time) == (Decimal(5), "2022-04-01T01:30:00")


def test_data_set_with_many_values_is_no_profile() -> None:
    (only,) = data_sets(b"1.2.3(1)(2)(3)(4)(5)(6)\r\n")
    assert profile_of(only) is None


@given(st.text("0123456789.-:*()CFPSWkWh\r\n ", max_size=80))
def test_any_text_gives_values(text: str) -> None:
    for one in values(text):
        assert isinstance(one.plain, str | Decimal)


@pytest.mark.parametrize(("period", "columns"), [("9" * 5000, "1"), ("15", "9" * 5000), ("9" * 12, "1")])
def test_head_of_a_profile_with_numbers_beyond_all_is_none(period: str, columns: str) -> None:
    (only,) = data_sets(f"P.01(210101120000)(08)({period})({columns})(1.8.0)(kWh)\r\n".encode())
    assert profile_of(only) is None


def test_profile_that_goes_on_beyond_the_calendar_has_values_without_times() -> None:
    (head,) = data_sets(b"P.01(210101120000)(08)(999999)(1)(1.8.0)(kWh)\r\n")
    heading = profile_of(head)
    assert heading is not None
    found = [heading.time(row) for row in (1, 100_000)]
    assert found == ["2022-11-26T22:39:00", ""]
