"""Profiles whose capture objects nobody read."""

from __future__ import annotations

import pytest

from analyzer.cosem.datum import Datum
from analyzer.cosem.logical_name import obis_from_text, obis_text
from analyzer.cosem.profile_layouts import is_laid_out, laid_out
from analyzer.tracking.readings import readings_of
from tests.analyzer.cosem.data import (
    array,
    clock,
    datum,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    scaler_unit,
    structure,
    unsigned,
)
from tests.analyzer.tracking.lines import get, session

INSTANTANEOUS = "1-0:94.91.0"
NEVER = octet_string(bytes.fromhex("0CFFFFFFFFFFFFFFFF014A00"))
SINGLE_PHASE = [
    clock(8), long_unsigned(23001), long_unsigned(152), long_unsigned(151), b"\x0f\x62", long_unsigned(500),
    *map(double_long_unsigned, (350, 340, 95, 105)), long_unsigned(1200), NEVER, long_unsigned(1250), NEVER,
    *map(double_long_unsigned, (622224, 23, 29)), unsigned(155), double_long_unsigned(7), double_long_unsigned(8),
]  # fmt: skip
"""A row as a meter of one phase has it; the third is its clock, the twelfth a demand that never was."""


def columns(code: str, row: list[bytes], *, is_indian: bool = False) -> list[str] | None:
    found = laid_out(obis_from_text(code), [datum(one) for one in row], is_indian=is_indian)
    if found is None:
        return None
    return [f"{obis_text(name)[:-4]}:{attribute}" if name else "" for _, name, attribute in found[1]]


def test_single_phase_instantaneous_profile_is_known_by_the_places_of_its_times() -> None:
    found = columns(INSTANTANEOUS, SINGLE_PHASE)
    assert found is not None
    assert found[:4] == ["0-0:1.0.0:2", "1-0:12.7.0:2", "1-0:11.7.0:2", "1-0:91.7.0:2"]
    assert found[10:15] == ["1-0:1.6.0:2", "1-0:1.6.0:5", "1-0:9.6.0:2", "1-0:9.6.0:5", "0-0:94.91.14:2"]
    assert found[18:] == ["1-0:2.8.0:2", "1-0:10.8.0:2"]


def test_columns_behind_the_known_ones_stay_unnamed() -> None:
    found = columns(INSTANTANEOUS, [*SINGLE_PHASE, b"\x03\x01", long_unsigned(5000)])
    assert found is not None
    assert found[20:] == ["", ""]


def test_three_phases_are_told_from_one_by_the_billing_date() -> None:
    row = [clock(8), *[long_unsigned(number) for number in range(19)], clock(0), double_long_unsigned(1)]
    found = columns(INSTANTANEOUS, row)
    assert found is not None
    assert (found[1], found[4], found[20], found[21]) == ("1-0:31.7.0:2", "1-0:32.7.0:2", "0-0:0.1.2:2", "")


@pytest.mark.parametrize(
    "row", [SINGLE_PHASE[:17], [*SINGLE_PHASE[:11], long_unsigned(1), *SINGLE_PHASE[12:]], SINGLE_PHASE[::-1], []]
)
def test_other_shape_is_not_recognised(row: list[bytes]) -> None:
    assert columns(INSTANTANEOUS, row) is None


def test_load_profile_that_is_not_india_alone_needs_an_indian_object() -> None:
    row = [clock(8), *[long_unsigned(number) for number in range(6)]]
    assert columns("1-0:99.1.0", row) is None
    found = columns("1-0:99.1.0", row, is_indian=True)
    assert found is not None
    assert found[1:] == [
        "1-0:12.27.0:2", "1-0:1.29.0:2", "1-0:9.29.0:2", "1-0:2.29.0:2", "1-0:10.29.0:2", "1-0:11.27.0:2",
    ]  # fmt: skip


@pytest.mark.parametrize(("zones", "times"), [(4, (0, 13, 15)), (8, (0, 21, 23))])
def test_billing_profile_names_its_zones(zones: int, times: tuple[int, ...]) -> None:
    width = 2 + 2 * (zones + 1) + 7
    row = [clock(0) if place in times else double_long_unsigned(place) for place in range(width)]
    found = columns("1-0:98.1.0", row, is_indian=True)
    assert found is not None
    assert found[2 : zones + 4] == [*[f"1-0:1.8.{zone}:2" for zone in range(zones + 1)], "1-0:9.8.0:2"]
    assert found[-3:] == ["0-0:94.91.13:2", "1-0:2.8.0:2", "1-0:10.8.0:2"]


def test_event_log_names_the_code_of_its_own_instance() -> None:
    assert columns("0-0:99.98.4", [clock(1), unsigned(1)]) == ["0-0:1.0.0:2", "0-0:96.11.4:2"]
    assert columns("0-0:99.98.4", [unsigned(1), clock(1)]) is None


def test_most_profiles_have_no_layout() -> None:
    assert not is_laid_out(obis_from_text("1-0:99.2.0"))
    assert laid_out(obis_from_text("1-0:99.2.0"), [Datum(6, 1)], is_indian=True) is None


def scaler_profile(code: str, registers: list[tuple[int, str]], scalers: list[bytes], *, is_late: bool) -> list[str]:
    objects = array(
        *[structure(long_unsigned(number), name(one), b"\x0f\x03", long_unsigned(0)) for number, one in registers]
    )
    asked = [get(7, code, 3, objects), get(7, code, 2, array(structure(*scalers)))]
    return [line for lines in (asked[::-1] if is_late else asked) for line in lines]


@pytest.mark.parametrize("is_late", [False, True])
def test_scaler_profile_scales_what_a_layout_named(is_late: bool) -> None:
    lines = get(7, INSTANTANEOUS, 2, array(structure(*SINGLE_PHASE)))
    lines += scaler_profile("1-0:94.91.3", [(3, "1-0:12.7.0")], [scaler_unit(-2, 35)], is_late=is_late)
    made, records = session(lines)
    voltage, current, *_ = readings_of(records[1], made.model)
    assert (voltage.name, voltage.text, voltage.time) == ("Voltage", "230.01 V", "2026-03-02T08:00:00+01:00")
    basis = "layout IS 15959 instantaneous profile, single phase (India); scaler of record 6"
    assert (voltage.basis, current.value, current.unit) == (basis, 152, "")
    assert current.basis == "layout IS 15959 instantaneous profile, single phase (India)"


def test_scaler_profile_whose_columns_are_told_is_no_reading() -> None:
    lines = scaler_profile("1-0:94.91.3", [(3, "1-0:12.7.0")], [scaler_unit(-2, 35)], is_late=False)
    made, records = session(lines)
    assert [one for record in records for one in readings_of(record, made.model)] == []


def test_billing_rows_without_a_clock_have_the_time_of_their_period() -> None:
    objects = array(
        *[
            structure(long_unsigned(number), name(one), b"\x0f\x02", long_unsigned(0))
            for number, one in ((1, "0-0:0.1.2"), (3, "1-0:1.8.0"))
        ]
    )
    rows = array(structure(clock(8), double_long_unsigned(7)), structure(NEVER, double_long_unsigned(9)))
    made, records = session(get(7, "1-0:98.1.0", 3, objects) + get(7, "1-0:98.1.0", 2, rows))
    first, second = readings_of(records[-1], made.model)
    assert (first.name, first.value, first.time) == ("Active energy import (+A)", 7, "2026-03-02T08:00:00+01:00")
    assert (second.value, list(records[-1].notes)) == (9, [])


def test_capture_objects_that_were_read_come_before_any_layout() -> None:
    objects = array(structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0)))
    lines = get(7, INSTANTANEOUS, 3, objects) + get(7, INSTANTANEOUS, 2, array(structure(*SINGLE_PHASE)))
    made, records = session(lines)
    assert made.values(records[-1])[0].basis == ""
