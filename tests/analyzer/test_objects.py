"""The objects of a capture: what was done with each, how it was answered, what it said last."""

from __future__ import annotations

from analyzer.cosem.logical_name import obis_from_text
from analyzer.objects import ObjectRow, ObjectTable, Times
from analyzer.session import Session
from captures import open_source
from captures.samples import sample_path
from tests.analyzer.cosem.data import double_long_unsigned, name, octet_string, scaler_unit, structure
from tests.analyzer.tracking.lines import get, line, push, session

ENERGY, VOLTAGE, NAME = "1-0:1.8.0", "1-0:32.7.0", "0-0:42.0.0"


def rows(lines: list[str]) -> dict[str, ObjectRow]:
    """The rows of a dialogue by the code of their objects."""
    made, records = session(lines)
    table = ObjectTable(made.model)
    for record in records:
        table.take(record, made.values(record))
    return {one.code: one for one in table.rows()}


def test_object_has_name_unit_and_last_value() -> None:
    lines = get(3, ENERGY, 2, double_long_unsigned(1000)) + get(3, ENERGY, 3, scaler_unit(0, 30))
    found = rows(lines + get(3, ENERGY, 2, double_long_unsigned(2000)))
    (row,) = found.values()
    assert (row.class_id, row.name, row.unit, row.value, row.record) == (
        3, "Active energy import (+A)", "Wh", "2.000 kWh", 6,
    )  # fmt: skip
    assert row.key == "1-0:1.8.0*255 Active energy import (+A)"
    assert (row.records, row.done["read"], row.errors) == (6, 3, 0)


def test_octets_of_all_rows_are_those_of_the_records_about_objects() -> None:
    asked = b"\xc0\x03\xc1\x02" + b"".join(
        b"\x00\x03" + obis_from_text(code) + b"\x02\x00" for code in (ENERGY, VOLTAGE)
    )
    lines = [line("TX", asked), line("RX", b"\xc4\x03\xc1\x02\x00" + double_long_unsigned(7) + b"\x01\x03")]
    _, records = session(lines)
    found = rows(lines)
    assert sum(one.octets for one in found.values()) == sum(len(one.octets) for one in records)
    assert {code: one.errors for code, one in found.items()} == {"1-0:1.8.0*255": 0, "1-0:32.7.0*255": 1}


def test_refusal_without_a_place_is_about_all_objects_of_the_request() -> None:
    asked, _ = get(3, ENERGY, 2, b"")
    (row,) = rows([asked, line("RX", bytes.fromhex("D80201"))]).values()
    assert (row.errors, row.records) == (1, 2)


def test_methods_and_writes_are_counted_as_such() -> None:
    control = bytes.fromhex("0046000060030AFF")
    lines = [line("TX", b"\xc3\x01\xc1" + control + b"\x02\x01\x0f\x00"), line("RX", bytes.fromhex("C701C10000"))]
    lines += [line("TX", b"\xc1\x01\xc1" + control + b"\x04\x00\x16\x04"), line("RX", bytes.fromhex("C501C103"))]
    (row,) = rows(lines).values()
    assert (row.done["invoke"], row.done["write"], row.done["read"], row.errors) == (1, 1, 0, 1)


def test_accesses_are_counted_by_what_they_ask() -> None:
    descriptor = b"\x00\x03" + obis_from_text(ENERGY)
    specification = b"\x02\x01" + descriptor + b"\x02\x02" + descriptor + b"\x03"
    asked = b"\xd9\x00\x00\x00\x01\x00" + specification + b"\x02\x00" + scaler_unit(0, 30)
    answer = b"\xda\x00\x00\x00\x01\x00\x00\x02" + double_long_unsigned(5) + b"\x00" + b"\x02\x01\x00\x02\x03"
    (row,) = rows([line("TX", asked), line("RX", answer)]).values()
    assert (row.done["read"], row.done["write"], row.errors, row.value) == (1, 1, 1, "5")


def test_pushed_objects_have_rows_and_the_name_of_their_meter() -> None:
    body = structure(name(ENERGY), double_long_unsigned(1500), scaler_unit(0, 30))
    named = get(1, NAME, 2, octet_string(b"MMM0000000000001"))
    found = rows(named + push(body))
    row = found["1-0:1.8.0*255"]
    assert (row.done["push"], row.value, row.meter) == (1, "1.500 kWh", "MMM0000000000001")


def test_two_meters_on_one_bus_have_rows_of_their_own() -> None:
    lines = get(3, ENERGY, 2, double_long_unsigned(1), server=1) + get(3, ENERGY, 2, double_long_unsigned(2), server=2)
    made, records = session(lines)
    table = ObjectTable(made.model)
    for record in records:
        table.take(record, made.values(record))
    assert [(one.meter.rpartition(" ")[2], one.value) for one in table.rows()] == [("1", "1"), ("2", "2")]


def test_times_are_exact_for_few_and_even_for_many() -> None:
    few, many = Times(), Times()
    for number in range(1, 101):
        few.add(number)
    for number in range(1, 100_001):
        many.add(number)
    assert [few.percentile(one) for one in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert abs((many.percentile(50) or 0) - 50_000) < 1000
    assert Times().percentile(50) is None


def test_rows_of_a_sample_hold_response_times_and_all_its_octets() -> None:
    with open_source(str(sample_path("ln-wrapper"))) as source:
        made = Session(source)
        table = ObjectTable(made.model)
        octets = 0
        for record in made.records():
            table.take(record, made.values(record))
            octets += len(record.octets) if record.objects else 0
    found = table.rows()
    assert sum(one.octets for one in found) == octets
    assert all(one.times.percentile(50) for one in found if one.done["read"] and one.records > 1)
