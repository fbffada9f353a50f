"""What a capture teaches about a meter, and the values that it gives meaning to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from analyzer.cosem.classes import versions
from analyzer.export.summary import summary
from analyzer.export.value_json import value_text
from analyzer.record import Object
from analyzer.tracking.meter import Listed, Meter
from analyzer.tracking.readings import Reading, readings_of
from analyzer.tracking.values import Value
from tests.analyzer.cosem.data import (
    array,
    clock,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    scaler_unit,
    structure,
    unsigned,
)  # fmt: skip
from tests.analyzer.tracking.lines import get, line, push, session

ENERGY, VOLTAGE, PROFILE = "1-0:1.8.0", "1-0:32.7.0", "1-0:99.1.0"


def values(lines: list[str]) -> list[Value]:
    """The values of all records, one after another."""
    made, records = session(lines)
    return [value for record in records for value in made.values(record)]


def readings(lines: list[str]) -> list[Reading]:
    made, records = session(lines)
    return [one for record in records for one in readings_of(record, made.model)]


def test_register_is_scaled_by_the_scaler_that_was_read_and_says_so() -> None:
    found = values(get(3, VOLTAGE, 3, scaler_unit(-1, 35)) + get(3, VOLTAGE, 2, long_unsigned(2306)))
    last = found[-1]
    assert (last.value, last.unit, last.raw, last.scaler, last.basis) == (Decimal("230.6"), "V", 2306, -1, "record 2")
    assert last.text == "230.6 V"


def test_register_without_scaler_stays_raw() -> None:
    (only,) = values(get(3, VOLTAGE, 2, long_unsigned(2306)))
    assert (only.value, only.unit, only.scaler, only.basis) == (2306, "", None, "")


def test_scaler_read_at_the_end_serves_the_start() -> None:
    first, *_ = values(get(3, ENERGY, 2, double_long_unsigned(74565)) + get(3, ENERGY, 3, scaler_unit(0, 30)))
    assert (first.text, first.basis) == ("74.565 kWh", "record 4")


def test_two_meters_with_different_scalers_never_mix() -> None:
    lines = get(3, VOLTAGE, 3, scaler_unit(-1, 35), 1) + get(3, VOLTAGE, 3, scaler_unit(-2, 35), 2)
    lines += get(3, VOLTAGE, 2, long_unsigned(2306), 1) + get(3, VOLTAGE, 2, long_unsigned(2306), 2)
    assert [one.text for one in values(lines)[-2:]] == ["230.6 V", "23.06 V"]


def test_written_value_is_marked() -> None:
    asked = bytes.fromhex("C101C1 0008 0000010000FF 02 00") + clock(10)
    (only,) = values([line("TX", asked), line("RX", bytes.fromhex("C501C100"))])
    assert only.is_written
    assert only.value == "2026-03-02T10:00:00+01:00"


def test_what_a_method_takes_and_returns_is_a_value_of_it() -> None:
    asked = bytes.fromhex("C301C1 0046 000060030AFF 02 01 0F00")
    found = values([line("TX", asked), line("RX", bytes.fromhex("C701C10001000906414243444546"))])
    assert [(one.name, one.plain, one.is_written) for one in found] == [
        ("Disconnect control, remote_reconnect", 0, True),
        ("Disconnect control, remote_reconnect", "ABCDEF", False),
    ]
    assert all(one.object.is_method for one in found)


def test_password_that_is_written_is_nowhere_in_its_value() -> None:
    asked = bytes.fromhex("C101C1 0013 0000140000FF 07 00 0904 73657372")
    (only,) = values([line("TX", asked), line("RX", bytes.fromhex("C501C100"))])
    assert (only.value, only.raw) == ("(masked)", None)


def test_error_result_is_no_value() -> None:
    asked, _ = get(3, ENERGY, 2, b"")
    assert values([asked, line("RX", bytes.fromhex("C401C10103"))]) == []


COLUMNS = array(
    structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0)),
    structure(long_unsigned(1), name("0-0:96.10.1"), b"\x0f\x02", long_unsigned(0)),
    structure(long_unsigned(3), name(ENERGY), b"\x0f\x02", long_unsigned(0)),
)
NULL = b"\x00"


def test_profile_is_one_value_with_its_columns() -> None:
    buffer = array(structure(clock(1), unsigned(0), double_long_unsigned(5)))
    *_, profile = values(get(7, PROFILE, 3, COLUMNS) + get(7, PROFILE, 2, buffer))
    assert profile.value == {
        "profile": "Load profile 1",
        "columns": ["Clock", "Status register 1", "Active energy import (+A)"],
        "rows": 1,
    }
    assert profile.basis == "record 2"


def test_profile_rows_are_scaled_with_times_filled_in() -> None:
    buffer = array(
        structure(clock(1), unsigned(8), double_long_unsigned(5000)),
        structure(NULL, NULL, double_long_unsigned(6000)),
        structure(NULL, unsigned(0), NULL),
    )
    lines = get(7, PROFILE, 3, COLUMNS) + get(7, PROFILE, 4, double_long_unsigned(900))
    found = readings(lines + get(3, ENERGY, 3, scaler_unit(0, 30)) + get(7, PROFILE, 2, buffer))
    assert [(one.time, one.text, one.status) for one in found] == [
        ("2026-03-02T01:00:00+01:00", "5.000 kWh", "8"),
        ("2026-03-02T01:15:00+01:00", "6.000 kWh", "8"),
        ("2026-03-02T01:30:00+01:00", "6.000 kWh", "0"),
    ]


def test_differences_are_added_up() -> None:
    buffer = array(
        structure(clock(1), unsigned(0), double_long_unsigned(5000)), structure(clock(2), unsigned(0), b"\x1f\x07")
    )
    found = readings(get(7, PROFILE, 3, COLUMNS) + get(7, PROFILE, 2, buffer))
    assert [one.raw for one in found] == [5000, 5007]


def _selected(selector: bytes, descriptor: bytes, buffer: bytes) -> list[str]:
    asked = b"\xc0\x01\xc1\x00\x07" + name(PROFILE)[2:] + b"\x02\x01" + selector + descriptor
    return [line("TX", asked), line("RX", b"\xc4\x01\xc1\x00" + buffer)]


def test_entries_of_some_columns_have_those_columns() -> None:
    one = double_long_unsigned(1)
    descriptor = structure(one, one, long_unsigned(2), long_unsigned(3))
    found = readings(
        get(7, PROFILE, 3, COLUMNS) + get(3, ENERGY, 3, scaler_unit(0, 30))
        + _selected(b"\x02", descriptor, array(structure(unsigned(8), double_long_unsigned(5000))))
        + get(7, PROFILE, 2, array(structure(clock(1), unsigned(0), double_long_unsigned(6000))))
    )  # fmt: skip
    assert [(one.name, one.text, one.status) for one in found] == [
        ("Active energy import (+A)", "5.000 kWh", "8"), ("Active energy import (+A)", "6.000 kWh", "0"),
    ]  # fmt: skip


def test_range_that_selects_values_has_the_columns_it_names() -> None:
    clock_column = structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0))
    voltage = structure(long_unsigned(3), name(VOLTAGE), b"\x0f\x02", long_unsigned(0))
    descriptor = structure(clock_column, clock(0), clock(9), array(clock_column, voltage))
    (only,) = readings(
        get(3, VOLTAGE, 3, scaler_unit(-1, 35))
        + _selected(b"\x01", descriptor, array(structure(clock(1), long_unsigned(2301))))
    )
    assert (only.text, only.time) == ("230.1 V", "2026-03-02T01:00:00+01:00")


_ONE = double_long_unsigned(1)
ENTRIES = structure(_ONE, _ONE, long_unsigned(2), long_unsigned(3))
"""Of all entries the columns 2 and 3."""
PART = array(structure(unsigned(8), double_long_unsigned(5000)))
BUFFER = b"\x00\x07" + name(PROFILE)[2:] + b"\x02"


def test_list_of_a_get_selects_for_each_object() -> None:
    asked = b"\xc0\x03\xc1\x02" + BUFFER + b"\x01\x02" + ENTRIES + b"\x00\x08" + name("0-0:1.0.0")[2:] + b"\x02\x00"
    answer = b"\xc4\x03\xc1\x02\x00" + PART + b"\x00" + clock(7)
    found = readings([*get(7, PROFILE, 3, COLUMNS), line("TX", asked), line("RX", answer)])
    assert [(one.name, one.raw, one.status) for one in found][-1] == ("Active energy import (+A)", 5000, "8")


def test_profile_twice_in_one_list_has_the_columns_of_each_selection() -> None:
    clock_column = structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0))
    voltage = structure(long_unsigned(3), name(VOLTAGE), b"\x0f\x02", long_unsigned(0))
    span = structure(clock_column, clock(0), clock(9), array(clock_column, voltage))
    asked = b"\xc0\x03\xc1\x02" + BUFFER + b"\x01\x02" + ENTRIES + BUFFER + b"\x01\x01" + span
    answer = b"\xc4\x03\xc1\x02\x00" + PART + b"\x00" + array(structure(clock(1), long_unsigned(2301)))
    lines = [*get(7, PROFILE, 3, COLUMNS), line("TX", asked), line("RX", answer)]
    assert [(one.name, one.raw, one.time) for one in readings(lines)] == [
        ("Active energy import (+A)", 5000, ""), ("Voltage L1", 2301, "2026-03-02T01:00:00+01:00"),
    ]  # fmt: skip


def test_access_selects_too() -> None:
    asked = b"\xd9\x00\x00\x00\x01\x00\x01\x04" + BUFFER + b"\x02" + ENTRIES + b"\x01\x00"
    answer = b"\xda\x00\x00\x00\x01\x00\x00\x01" + PART + b"\x01\x01\x00"
    found = readings([*get(7, PROFILE, 3, COLUMNS), line("TX", asked), line("RX", answer)])
    assert [(one.name, one.raw, one.status) for one in found] == [("Active energy import (+A)", 5000, "8")]


def test_access_response_with_its_own_specification_needs_no_request() -> None:
    energy = b"\x00\x03" + name(ENERGY)[2:] + b"\x02"
    answer = b"\xda\x00\x00\x00\x01\x00\x01\x01\x01" + energy + b"\x01" + double_long_unsigned(5) + b"\x01\x01\x00"
    (only,) = values([line("RX", answer)])
    assert (only.name, only.raw) == ("Active energy import (+A)", 5)


@pytest.mark.parametrize("selector", ["entries", "range"])
def test_parameterized_access_by_short_name_selects(selector: str) -> None:
    listed = array(structure(b"\x10\x10\x10", long_unsigned(7), unsigned(1), name(PROFILE)))
    status_column = structure(long_unsigned(1), name("0-0:96.10.1"), b"\x0f\x02", long_unsigned(0))
    energy_column = structure(long_unsigned(3), name(ENERGY), b"\x0f\x02", long_unsigned(0))
    span = structure(status_column, clock(0), clock(9), array(status_column, energy_column))
    asked = b"\x05\x01\x04\x10\x18" + (b"\x02" + ENTRIES if selector == "entries" else b"\x01" + span)
    lines = []
    for name_of, answer in (("FA08", listed), ("1020", COLUMNS)):
        lines += [line("TX", bytes.fromhex(f"050102{name_of}")), line("RX", b"\x0c\x01\x00" + answer)]
    found = readings([*lines, line("TX", asked), line("RX", b"\x0c\x01\x00" + PART)])
    assert [(one.name, one.raw, one.status) for one in found] == [("Active energy import (+A)", 5000, "8")]


def test_profile_read_by_short_names_is_the_same_table() -> None:
    listed = array(
        structure(b"\x10\x10\x00", long_unsigned(7), unsigned(1), name(PROFILE)),
        structure(b"\x10\x20\x00", long_unsigned(3), unsigned(0), name(ENERGY)),
    )
    buffer = array(structure(clock(1), unsigned(0), double_long_unsigned(5000)))
    lines = []
    for asked, answer in (
        ("FA08", listed), ("1010", COLUMNS), ("2010", scaler_unit(0, 30)), ("1008", buffer),
    ):  # fmt: skip
        lines += [line("TX", bytes.fromhex(f"050102{asked}")), line("RX", b"\x0c\x01\x00" + answer)]
    (only,) = readings(lines)
    assert (only.text, only.time, only.status) == ("5.000 kWh", "2026-03-02T01:00:00+01:00", "0")


def test_compact_array_is_a_table_too() -> None:
    # each entry: octet-string, unsigned, double-long-unsigned
    contents = clock(1)[1:] + b"\x00" + b"\x00\x00\x13\x88"
    buffer = b"\x13\x02\x03\x09\x11\x06" + bytes((len(contents),)) + contents
    found = readings(get(7, PROFILE, 3, COLUMNS) + get(3, ENERGY, 3, scaler_unit(0, 30)) + get(7, PROFILE, 2, buffer))
    assert [(one.text, one.time) for one in found] == [("5.000 kWh", "2026-03-02T01:00:00+01:00")]


def test_profile_without_columns_numbers_them_and_takes_its_first_for_the_time() -> None:
    found = readings(get(7, PROFILE, 2, array(structure(clock(1), double_long_unsigned(5)))))
    assert [(one.time, one.name, one.value) for one in found] == [
        ("2026-03-02T01:00:00+01:00", "Load profile 1, column 2", 5)
    ]


def test_short_names_are_resolved_by_the_list_of_the_association() -> None:
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(3), unsigned(0), name(ENERGY)))
    lines = [line("TX", bytes.fromhex("050102FA08")), line("RX", b"\x0c\x01\x00" + listed)]
    lines += [line("TX", bytes.fromhex("0502020A10020A08"))]
    lines += [line("RX", b"\x0c\x02\x00" + scaler_unit(3, 30) + b"\x00" + double_long_unsigned(5))]
    last = values(lines)[-1]
    assert (last.name, last.text) == ("Active energy import (+A)", "5 kWh")


@pytest.mark.parametrize(
    ("class_id", "offset", "called"),
    [
        (3, 0x28, "reset"), (5, 0x50, "next_period"), (7, 0x60, "capture"), (8, 0x88, "shift_time"),
        (9, 0x20, "execute"), (18, 0x58, "image_activate"), (70, 0x28, "remote_reconnect"),
    ],
)  # fmt: skip
def test_short_name_of_a_method_is_resolved_too(class_id: int, offset: int, called: str) -> None:
    version = unsigned(max(versions(class_id)))
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(class_id), version, name("0-0:10.0.0")))
    lines = [line("TX", bytes.fromhex("050102FA08")), line("RX", b"\x0c\x01\x00" + listed)]
    last = values([*lines, line("TX", bytes.fromhex(f"0601020A{offset:02X}01120001"))])[-1]
    assert (last.object.is_method, last.name.rpartition(", ")[2]) == (True, called)


@pytest.mark.parametrize(
    ("class_id", "version", "offset", "called"),
    [
        (12, 4, 0x10, "attribute 3"), (12, 4, 0x20, "method 1"), (12, 4, 0x58, "method 8"),
        (12, 0, 0x20, "method 1"), (12, 2, 0x58, "method 8"), (40, 0, 0x38, "method 1"), (40, 1, 0x38, "attribute 8"),
        (40, 1, 0x50, ""), (40, 2, 0x38, "attribute 8"), (64, 0, 0x20, "attribute 5"), (64, 0, 0x28, ""), (64, 1, 0x28, "attribute 6"),
        (72, 0, 0x58, "attribute 12"), (72, 0, 0x60, "method 1"), (72, 1, 0x60, "attribute 13"), (72, 1, 0x70, ""), (3, 9, 0x28, ""),
    ],
)  # fmt: skip
def test_short_name_is_that_of_the_version_that_was_listed(
    class_id: int, version: int, offset: int, called: str
) -> None:
    meter = Meter()
    meter.bases[0x0A00] = Listed(class_id, version, bytes(6))
    one = meter.object_of(Object(0, b"", 0x0A00 + offset))
    kind = "method" if one.is_method else "attribute"
    assert (f"{kind} {one.attribute}" if one.logical_name else "") == called


@pytest.mark.parametrize(("class_id", "text"), [(72, "(masked)"), (9, "1122334455667788")])
def test_what_is_written_where_a_method_may_take_a_key_is_masked(class_id: int, text: str) -> None:
    """Where the methods of later versions lie is not known."""
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(class_id), unsigned(1), name("0-1:24.1.0")))
    lines = [line("TX", bytes.fromhex("050102FA08")), line("RX", b"\x0c\x01\x00" + listed)]
    last = values([*lines, line("TX", bytes.fromhex("0601020AA001 0908 1122334455667788"))])[-1]
    assert (last.name, last.text, last.is_written) == ("short name 0AA0", text, True)


@pytest.mark.parametrize("short_name", ["0A18", "0A30", "0AF8"])
def test_short_name_of_nothing_that_is_known_stays_a_number(short_name: str) -> None:
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(9), unsigned(0), name("0-0:10.0.0")))
    lines = [line("TX", bytes.fromhex("050102FA08")), line("RX", b"\x0c\x01\x00" + listed)]
    last = values([*lines, line("TX", bytes.fromhex(f"060102{short_name}01120001"))])[-1]
    assert last.name == f"short name {short_name}"


@pytest.mark.parametrize("version", [0, 1])
def test_value_is_named_as_its_summary_names_it_whatever_version_is_listed(version: int) -> None:
    listed = array(structure(long_unsigned(24), unsigned(version), name("0-0:23.0.0"), structure(array(), array())))
    lines = get(15, "0-0:40.0.0", 2, listed) + get(24, "0-0:23.0.0", 3, b"\x16\x05")
    (found,) = (last := values(lines)[-1:])
    called = found.name.rpartition(", ")[2]
    assert called == "speed"
    assert f"attribute 3 {called}" in summary(session(lines)[1][-1], last)


def test_push_list_that_was_read_names_what_is_pushed() -> None:
    listed = array(
        structure(long_unsigned(1), name("0-0:42.0.0"), b"\x0f\x02", long_unsigned(0)),
        structure(long_unsigned(3), name(ENERGY), b"\x0f\x02", long_unsigned(0)),
    )
    lines = get(40, "0-0:25.9.0", 2, listed) + get(3, ENERGY, 3, scaler_unit(0, 30))
    found = readings(lines + push(structure(octet_string(b"MMM0000000000001"), double_long_unsigned(1500))))
    assert [(one.meter, one.name, one.text) for one in found] == [
        ("MMM0000000000001", "COSEM logical device name", "MMM0000000000001"),
        ("MMM0000000000001", "Active energy import (+A)", "1.500 kWh"),
    ]


def test_scaler_that_is_pushed_beside_its_value_scales_it() -> None:
    objects = [(40, "0-0:25.9.0", 2), (3, ENERGY, 2), (3, ENERGY, 3)]
    listed = array(
        *(
            structure(long_unsigned(kind), name(code), bytes((15, number)), long_unsigned(0))
            for kind, code, number in objects
        )
    )
    found = readings(push(structure(listed, double_long_unsigned(81), scaler_unit(1, 30))))
    assert [(one.raw, one.text, one.basis) for one in found] == [(81, "810 Wh", "record 1")]


def test_pushed_reading_has_the_time_of_the_notification() -> None:
    body = structure(name(ENERGY), double_long_unsigned(1), scaler_unit(0, 30))
    (only,) = readings(push(body, clock(10)[2:]))
    assert (only.time, only.unit, only.basis) == ("2026-03-02T10:00:00+01:00", "Wh", "record 1")


def test_capture_time_beside_a_value_is_its_time() -> None:
    code = name("1-0:1.6.0")[2:]
    asked = b"\xc0\x03\xc1\x02" + b"".join(b"\x00\x04" + code + bytes((attribute, 0)) for attribute in (2, 5))
    answer = b"\xc4\x03\xc1\x02\x00" + double_long_unsigned(7) + b"\x00" + clock(3)
    first, *_ = readings([line("TX", asked), line("RX", answer)])
    assert (first.raw, first.time) == (7, "2026-03-02T03:00:00+01:00")


def test_settings_are_no_readings() -> None:
    assert readings(get(3, ENERGY, 3, scaler_unit(0, 30)) + get(7, PROFILE, 3, COLUMNS)) == []


@pytest.mark.parametrize("octets", ["", "06", "0600", "02", "0203", "0101"])
def test_value_that_breaks_off_is_none(octets: str) -> None:
    assert values(get(3, ENERGY, 2, bytes.fromhex(octets))) == []


def test_logical_device_name_names_the_meter_of_its_readings() -> None:
    lines = get(1, "0-0:42.0.0", 2, octet_string(b"MMM0000000000001")) + get(3, ENERGY, 2, double_long_unsigned(1))
    assert {one.meter for one in readings(lines)} == {"MMM0000000000001"}


@pytest.mark.parametrize(
    ("octets", "named"),
    [
        (b"MMM0000000000001", "MMM0000000000001"),
        (b"MMM25744\0\0\0\0\0\0\0\0", "MMM25744"),
        (b"MMM25744\0\x8b\xe1\x04\xdf\x7f\0\0", "4D4D4D3235373434008BE104DF7F0000"),
    ],
)
def test_meter_has_one_name_whatever_octets_it_has(octets: bytes, named: str) -> None:
    lines = get(1, "0-0:42.0.0", 2, octet_string(octets)) + get(3, ENERGY, 2, double_long_unsigned(1))
    assert {one.meter for one in readings(lines)} == {named}


def test_buffer_whose_first_row_is_empty_gives_the_cells_of_the_others() -> None:
    assert [one.text for one in readings(get(7, PROFILE, 2, array(structure(), structure(unsigned(1)))))] == ["1"]


FLOAT = bytes.fromhex("17 45100000")
"""Float32: 2304."""


def _column(class_id: int, code: str, attribute: int) -> bytes:
    """A capture object definition."""
    return structure(long_unsigned(class_id), name(code), bytes((15, attribute)), long_unsigned(0))


def test_register_of_a_float_has_its_unit_and_scaler() -> None:
    lines = get(3, VOLTAGE, 3, scaler_unit(-1, 35)) + get(3, VOLTAGE, 2, FLOAT)
    assert (values(lines)[-1].value, values(lines)[-1].text) == (230.4, "230.4 V")
    (found,) = [one for one in readings(lines) if one.object.attribute == 2]
    assert (found.value, found.unit, found.raw, found.scaler, found.basis) == (230.4, "V", 2304.0, -1, "record 2")


def test_float_that_is_no_number_keeps_its_unit() -> None:
    found = values(get(3, VOLTAGE, 3, scaler_unit(-1, 35)) + get(3, VOLTAGE, 2, bytes.fromhex("17 7FC00000")))[-1]
    assert (str(found.value), found.text) == ("nan", "NaN V")


def test_float_that_is_no_number_is_said_once_in_json() -> None:
    (found,) = values(get(3, VOLTAGE, 2, bytes.fromhex("17 7FC00000")))
    assert value_text(found).endswith('"value": "NaN"}')


def test_columns_of_a_profile_are_scaled_where_the_scaler_applies() -> None:
    """The status of an extended register is no quantity, and a float is one."""
    gas = "0-1:24.2.1"
    lines = get(4, gas, 3, scaler_unit(-3, 13)) + get(3, VOLTAGE, 3, scaler_unit(-1, 35))
    columns = [(4, gas, 2), (4, gas, 4), (3, VOLTAGE, 2)]
    lines += get(7, PROFILE, 3, array(*[_column(*one) for one in columns]))
    lines += get(7, PROFILE, 2, array(structure(double_long_unsigned(1234567), unsigned(5), FLOAT)))
    assert [one.text for one in readings(lines)[-3:]] == ["1234.567 m³", "5", "230.4 V"]


def test_scaler_of_a_demand_register_is_no_reading() -> None:
    lines = get(5, "1-0:1.4.0", 4, scaler_unit(0, 27)) + get(5, "1-0:1.4.0", 2, long_unsigned(5))
    assert [one.text for one in readings(lines)] == ["5 W"]


def test_answers_of_a_meter_name_it_alike_whatever_id_is_read() -> None:
    lines = get(1, "0-0:96.1.0", 2, octet_string(b"MTR001")) + get(3, ENERGY, 2, long_unsigned(5))
    assert len({one.meter for one in readings(lines)}) == 1
    lines += get(1, "0-0:42.0.0", 2, octet_string(b"MMM01"))
    assert {one.meter for one in readings(lines)} == {"MMM01"}


def test_indian_push_is_named_by_the_device_id_in_it() -> None:
    word = b"\x04\x81\x80" + bytes(16)
    body = structure(octet_string(b"XX1234567"), name("0-4:25.9.0"), clock(9), word)
    made, records = session(push(body))
    assert {one.meter for one in readings_of(records[0], made.model)} == {"XX1234567"}


def test_pushes_named_by_their_id_are_joined_to_answers_by_its_row() -> None:
    device = "0-0:96.1.0"
    body = array(structure(name(device), octet_string(b"MTR001")), structure(name(ENERGY), double_long_unsigned(5)))
    found = readings(get(1, device, 2, octet_string(b"MTR001")) + get(3, ENERGY, 2, long_unsigned(5)) + push(body))
    answered, pushed = found[:2], found[2:]
    assert ({one.meter for one in pushed}, len({one.meter for one in answered})) == ({"MTR001"}, 1)
    assert answered[0].text == pushed[0].meter != answered[0].meter


def test_null_among_others_is_said_as_null() -> None:
    (found,) = values(get(1, "0-0:96.5.0", 2, structure(unsigned(1), NULL)))
    assert (found.value, found.text) == ([1, None], "2: 1; null")
