"""Values by plans are those that are worked out, whatever a meter teaches, unteaches and answers in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.cosem.classes import versions
from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.tables import Tables
from analyzer.export.text import TextLines
from analyzer.record import APDU, Apdu, Object, Objects, Record
from analyzer.session import Session
from analyzer.tracking.meter import Listed, Meter
from analyzer.tracking.readings import readings_of
from analyzer.tracking.value_plans import Plan, plan_of
from analyzer.tracking.values import Value, unscaled_value, values_of
from captures import source_from_hex
from dissectors.data_types import STRUCTS
from dissectors.scanning import scan_apdu
from tests.analyzer.cosem.data import array, clock, long_unsigned, name, octet_string, scaler_unit, structure, unsigned
from tests.analyzer.tracking.lines import get, line, session

DIALOGUES = 60
ENERGY, VOLTAGE, EVENT = "1-0:1.8.0", "1-0:32.7.0", "0-0:96.11.0"
REGISTERS = ((3, ENERGY, 2, 3), (3, VOLTAGE, 2, 3), (4, "1-0:1.6.0", 2, 3), (5, "1-0:1.4.0", 3, 4))
OTHERS = (
    (1, EVENT, 2), (1, "0-0:96.1.0", 2), (1, "0-0:97.97.0", 2), (1, "0-0:94.91.0", 2), (8, "0-0:1.0.0", 2), (8, "0-0:1.0.0", 4),
    (4, "1-0:1.6.0", 5), (7, "1-0:99.1.0", 2), (15, "0-0:40.0.0", 7), (15, "0-0:40.0.0", 8), (70, "0-0:96.3.10", 3),
    (22, "0-0:15.0.0", 4), (62, "0-0:66.0.0", 2), (9000, "1-0:1.8.0", 2), (3, ENERGY, 1), (42, "0-0:25.1.0", 3),
)  # fmt: skip
STRINGS = (
    b"",
    b"KFM1",
    b"MTR84470316\0",
    b"(masked)",
    bytes(6),
    clock(7)[2:],
    bytes(12),
    b"\xff" * 12,
    bytes(range(200)),
)
STEP = 8
BASE = 0x2000


def scalar(chance: random.Random) -> bytes:
    """One Data that is no array, structure or compact-array."""
    tag = chance.choice((*STRUCTS, 0, 4, 9, 9, 10, 12))
    if tag in STRUCTS:
        return bytes((tag,)) + chance.choice((bytes, chance.randbytes))(STRUCTS[tag].size)
    if tag == 0:
        return b"\0"
    if tag == 4:
        bits = chance.choice((1, 8, 16, 24))
        return bytes((tag, bits)) + chance.randbytes((bits + 7) // 8)
    octets = chance.choice(STRINGS)
    return bytes((tag, *((0x81,) if len(octets) > 127 else ()), len(octets))) + octets


def any_data(chance: random.Random) -> bytes:
    if chance.random() < 0.9:
        return scalar(chance)
    return chance.choice((structure, array))(*(scalar(chance) for _ in range(chance.randrange(4))))


def _reads(chance: random.Random, server: int) -> list[str]:
    class_id, code, attribute, _ = chance.choice(REGISTERS)
    raw = chance.choice((long_unsigned(chance.randrange(1 << 16)), b"\x10" + chance.randbytes(2), any_data(chance)))
    return get(class_id, code, attribute, raw, server)


def _is_taught(chance: random.Random, server: int) -> list[str]:
    class_id, code, _, scaler = chance.choice(REGISTERS)
    taught = scaler_unit(chance.randrange(-3, 3), chance.choice((27, 30, 35, 255)))
    return get(class_id, code, scaler, chance.choice((taught, taught, taught, any_data(chance))), server)


def _reads_another(chance: random.Random, server: int) -> list[str]:
    return get(*chance.choice(OTHERS), any_data(chance), server)


def _is_refused(chance: random.Random, server: int) -> list[str]:
    class_id, code, *attributes = chance.choice(REGISTERS)
    ask, _ = get(class_id, code, chance.choice(attributes), b"\0", server)
    return [ask, line("RX", b"\xc4\x01\xc1\x01\x03", server)]


def _answers_too_long(chance: random.Random, server: int) -> list[str]:
    return get(3, ENERGY, 2, scalar(chance) + b"\0", server)


def _lists_objects(chance: random.Random, server: int) -> list[str]:
    """The association says of what version its objects are."""
    rows = [
        structure(long_unsigned(one[0]), unsigned(chance.randrange(4)), name(one[1]), structure(array(), array()))
        for one in chance.sample((*REGISTERS, *OTHERS), 6)
    ]
    return get(15, "0-0:40.0.0", 2, array(*rows), server)


def _writes(chance: random.Random, server: int) -> list[str]:
    asked = b"\xc1\x01\xc1\x00\x03" + obis_from_text(ENERGY) + b"\x02\x00" + scalar(chance)
    return [line("TX", asked, server), line("RX", b"\xc5\x01\xc1\x00", server)]


def _reads_by_short_name(chance: random.Random, server: int) -> list[str]:
    """One that the list of short names resolves, once that was read."""
    if chance.random() < 0.3:
        short, answer = 0xFA08, array(structure(b"\x10\x20\x00", long_unsigned(3), unsigned(0), name(ENERGY)))
    else:
        attribute = chance.choice((2, 2, 3))
        short = BASE + STEP * (attribute - 1)
        answer = scaler_unit(chance.randrange(-3, 3), 30) if attribute == 3 else scalar(chance)
    asked = b"\x05\x01\x02" + short.to_bytes(2, "big")
    return [line("TX", asked, server), line("RX", b"\x0c\x01\x00" + answer, server)]


DEEDS: tuple[Callable[[random.Random, int], list[str]], ...] = (
    _reads, _reads, _reads, _reads, _is_taught, _is_taught, _reads_another, _reads_another, _is_refused, _answers_too_long,
    _lists_objects, _writes, _reads_by_short_name,
)  # fmt: skip


def dialogue(chance: random.Random) -> list[str]:
    """What two meters are asked, in any order."""
    return [one for _ in range(chance.randrange(4, 40)) for one in chance.choice(DEEDS)(chance, chance.choice((1, 2)))]


def told(lines: list[str]) -> list[tuple[Any, ...]]:
    """What is said of each record of a source that is read once and ahead: values, notes, readings, its line."""
    made = Session(source_from_hex("\n".join(lines)))
    written = TextLines(lambda: 6, values=made.values)
    return [
        (written.line(record), made.values(record), record.notes, list(readings_of(record, made.model)))
        for record in made.records()
    ]


@pytest.mark.parametrize("seed", range(DIALOGUES))
def test_plans_give_what_is_worked_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = dialogue(random.Random(seed))
    planned = told(lines)
    for module in ("analyzer.session", "analyzer.tracking.value_notes"):
        monkeypatch.setattr(f"{module}.plan_of", lambda record: None)
    monkeypatch.setattr("analyzer.tracking.readings.planned_values", values_of)
    for one, other in zip(planned, told(lines), strict=True):
        assert repr(one) == repr(other)  # which holds a number that is none for equal


def test_many_answers_of_the_dialogues_have_a_plan() -> None:
    seen, found = 0, 0
    for seed in range(DIALOGUES):
        made, records = session(dialogue(random.Random(seed)))
        for record in records:
            plan = plan_of(record)
            seen += bool(values_of(record, made.model))
            found += plan is not None and bool(plan.values(record, made.model.meter_of(record)))
    assert found > seen / 3


def answer(octets: bytes, objects: Objects) -> Record:
    """A record of an answer about *objects*."""
    record = Record()
    apdu = b"\xc4\x01\xc1\x00" + octets
    entry, values = scan_apdu(apdu, 0, len(apdu))
    record.apdu, record.objects, record.kind = Apdu(apdu, entry, values), objects, APDU
    return record


ATTRIBUTES = [
    (int(table.split(".")[1]), int(number))
    for table in Tables("classes.toml").names("class.")
    for number in (1, *Tables("classes.toml").table(table).get("attribute", {}))
]


@pytest.mark.parametrize("class_id", sorted({class_id for class_id, _ in ATTRIBUTES}))
def test_every_attribute_of_a_class_is_planned_as_it_is_worked_out(class_id: int) -> None:
    chance = random.Random(class_id)
    logical_name = obis_from_text("1-0:99.98.7")
    for attribute in sorted({number for other, number in ATTRIBUTES if other == class_id}):
        one = Object(class_id, logical_name, attribute)
        plan = Plan(one)
        for version in (None, *versions(class_id), 77):
            meter = Meter()
            if version is not None:
                meter.listed[logical_name] = Listed(class_id, version, logical_name)
            for _ in range(120):
                octets = scalar(chance)
                found = plan.values(answer(octets, Objects((one,))), meter)
                assert found is None or repr(found) == repr(_worked_out(one, octets, version)), (version, octets.hex())


def _worked_out(one: Object, octets: bytes, version: int | None) -> list[Value]:
    made = unscaled_value(one, octets, version)
    return [] if made is None else [made]


def test_scaler_that_changes_is_not_remembered() -> None:
    lines = [
        one
        for scaler in (-1, -2, -1)
        for one in get(3, VOLTAGE, 3, scaler_unit(scaler, 35)) + get(3, VOLTAGE, 2, long_unsigned(2306))
    ]
    shown = [values[0].text for line, values, _, _ in told(lines) if "32.7.0" in line and values and values[0].scaler]
    assert shown == ["230.6 V", "23.06 V", "230.6 V"]


def test_string_is_not_taken_for_a_secret_by_what_it_says() -> None:
    """The plain way gives no octets of what reads as its mask; so do plans."""
    made, records = session(get(1, "0-0:96.1.0", 2, octet_string(b"(masked)")))
    (only,) = made.values(records[1])
    assert (only.plain, only.raw) == ("(masked)", None)
