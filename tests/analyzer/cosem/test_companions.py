"""Event codes and registers bit by bit, after whom they are told, and the user's own tables before them."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.cosem import classes, own
from analyzer.cosem.companions import GBCS, INDIA, coded_text, event_text, is_indian
from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.obis import obis_name
from analyzer.cosem.own import OwnTablesError, load
from analyzer.export.contents import short_text
from analyzer.tracking.readings import readings_of
from tests.analyzer.cosem.data import array, clock, long_unsigned, name, octet_string, structure, unsigned
from tests.analyzer.tracking.lines import get, session
from tests.analyzer.tracking.lines import push as pushed

EVENTS, ALARMS, ERRORS = (obis_from_text(code) for code in ("0-0:96.11.0", "0-0:97.98.0", "0-0:97.97.0"))
OWN = """
[names]
"1-0:1.8.0" = "Bezug gesamt"
[classes]
9123 = "Fault recorder"
[events]
1 = "mains failed"
200 = "door opened"
[bits]
5 = "relay stuck"
[[push]]
title = "Works meter"
types = ["visible-string", "long-unsigned"]
objects = ["0-0:96.1.0", "1-0:32.7.0"]
scale = { "32.7" = [-1, 35] }
"""


@pytest.mark.parametrize(
    ("logical_name", "value", "text"),
    [
        (EVENTS, 1, "power down (1) after DSMR and IDIS"), (EVENTS, 255, "event log cleared (255) after DSMR and IDIS"),
        (EVENTS, 99, ""), (ALARMS, 0, "none (0)"), (ALARMS, 0xFFFFFFFF, "all (FFFFFFFF)"),
        (ALARMS, 0x800000C1, "clock invalid, 3 other bits (800000C1) after DSMR and IDIS"),
        (ALARMS, 0x2002, "replace battery, fraud attempt (00002002) after DSMR and IDIS"),
        (ERRORS, 0x41, "clock invalid, bit 6 (00000041) after DSMR and IDIS"), (ALARMS, 0x80000000, ""),
        (obis_from_text("1-0:1.8.0"), 1, ""), (b"", 1, ""),
        (EVENTS, 82, "missing voltage L1 (82) after IDIS"), (EVENTS, 142, "SIM card failure (142) after IDIS"),
        (EVENTS, 76, "76 (IDIS: undervoltage L1, DSMR 5: gas interval data read)"),
        (obis_from_text("0-0:97.98.20"), 2, "replace battery (00000002) after DSMR and IDIS"),
        (obis_from_text("0-0:97.98.1"), 2, ""), (obis_from_text("0-0:97.98.21"), 2, ""),
    ],
)  # fmt: skip
def test_codes_and_bits_say_what_they_mean_and_after_whom(logical_name: bytes, value: int, text: str) -> None:
    assert coded_text(logical_name, value) == text


@pytest.mark.parametrize("code", [71, 76])
def test_code_of_two_companions_says_whose_each_meaning_is_before_it_is_cut(code: int) -> None:
    shown = short_text(coded_text(EVENTS, code))
    assert shown.startswith(f"{code} (IDIS: ") and ", DSMR 5: " in shown


def test_indian_meter_has_indian_codes() -> None:
    assert is_indian(obis_from_text("0-0:94.91.0"))
    listed = array(structure(long_unsigned(1), unsigned(0), name("0-0:94.91.9"), structure(array(), array())))
    made, records = session(get(15, "0-0:40.0.0", 2, listed) + get(1, "0-0:96.11.4", 2, long_unsigned(201)))
    assert made.values(records[-1])[0].text == "magnetic influence, begin (201) after IS 15959"
    assert coded_text(EVENTS, 101, INDIA) == "power failure, begin (101) after IS 15959"


@pytest.mark.parametrize(
    ("code", "companion", "text"),
    [
        (57, INDIA, "L1 current transformer open, begin (57) after IS 15959"), (205, INDIA, ""),
        (251, INDIA, "meter cover opened (251) after IS 15959"),
        (0x8F1F, GBCS, "low battery capacity (36639) after GBCS"), (0x81C2, GBCS, "tilt tamper ended (33218) after GBCS"),
    ],
)  # fmt: skip
def test_codes_of_a_companion_are_its_own(code: int, companion: str, text: str) -> None:
    assert event_text(code, companion) == text


def test_indian_event_status_word_says_its_bits() -> None:
    bits = "1" + "0" * 50 + "1" + "0" * 31 + "1" + "0" * 44
    word = b"\x04\x81\x80" + int(bits, 2).to_bytes(16, "big")
    made, records = session(get(1, "0-0:94.91.18", 2, word) + get(1, "0-0:94.91.26", 2, b"\x04\x81\x80" + bytes(16)))
    value, none = made.values(records[1])[0], made.values(records[-1])[0]
    assert value.plain == bits
    assert value.text == "voltage missing L1, meter cover opened, bit 51 after IS 15959"
    assert none.text == "none"
    assert [one.text for one in readings_of(records[1], made.model)] == [value.text]


def test_event_status_filter_of_all_bits_counts_those_without_a_name() -> None:
    text = coded_text(obis_from_text("0-0:94.91.26"), "1" * 128, INDIA)
    assert text.endswith("billing counter increased by hand, 108 other bits after IS 15959")


def test_italian_objects_have_names() -> None:
    assert obis_name(obis_from_text("0-0:94.39.7")) == "Cause of the valve's closing (Italy)"


def test_event_log_says_its_codes() -> None:
    columns = array(
        structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0)),
        structure(long_unsigned(1), name("0-0:96.11.0"), b"\x0f\x02", long_unsigned(0)),
    )
    made, records = session(
        get(7, "0-0:99.98.0", 3, columns) + get(7, "0-0:99.98.0", 2, array(structure(clock(1), unsigned(63))))
    )
    (only,) = readings_of(records[-1], made.model)
    assert (only.value, only.text, only.time) == (
        63, "remote connection (63) after DSMR and IDIS", "2026-03-02T01:00:00+01:00",
    )  # fmt: skip


def test_british_alert_names_what_it_is_about() -> None:
    about = bytes.fromhex("00A2 00000000000003ED 0071 0000131400FF 07")
    body = structure(long_unsigned(0x8F66), clock(9), octet_string(about))
    made, records = session(pushed(body))
    alert, time = made.values(records[0])
    assert (alert.object.class_id, alert.object.logical_name, alert.object.attribute) == (113, about[12:18], 7)
    assert alert.name.endswith("unit_charge_activation_time")
    assert alert.text == "alert 8F66: future dated command done (36710) after GBCS"
    assert (time.plain, alert.basis) == ("2026-03-02T09:00:00+01:00", "layout GBCS alert")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    monkeypatch.setenv(own.VARIABLE, str(path))
    forget()
    yield path
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Let all that remembers names ask anew, as a new process does."""
    gc.unfreeze()  # what is frozen is not listed
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and one.__module__.startswith("analyzer."):
            one.cache_clear()


def test_own_tables_come_first(tables: Path) -> None:
    assert obis_name(obis_from_text("1-0:1.8.0")) == "Bezug gesamt"
    assert classes.class_name(9123) == "Fault recorder"
    assert coded_text(EVENTS, 1) == "mains failed (1)"
    assert coded_text(EVENTS, 2) == "power up (2) after DSMR and IDIS"
    assert coded_text(ALARMS, 0x20) == "relay stuck (00000020)"


def test_own_layout_names_and_scales_a_push(tables: Path) -> None:
    body = structure(b"\x0a\x04WORK", long_unsigned(2301))
    made, records = session(pushed(body))
    meter, voltage = made.values(records[0])
    assert (meter.plain, voltage.text, voltage.basis) == ("WORK", "230.1 V", "layout Works meter")


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tables that the documentation shows, as it shows them."""
    page = (Path(own.__file__).parents[2] / "docs" / "readings.md").read_text(encoding="utf-8")
    path = tmp_path / "documented.toml"
    path.write_text(page.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    monkeypatch.setenv(own.VARIABLE, str(path))
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.usefixtures("documented")
def test_tables_of_the_documentation_do_what_it_says() -> None:
    assert obis_name(obis_from_text("0-0:128.1.5")) == "Door contact"
    body = structure(b"\x0a\x04WORK", long_unsigned(2301))
    row = structure(clock(0), *[b"\x06" + bytes((0, 0, 0, number)) for number in (1, 2, 3, 4)])
    made, records = session(pushed(body) + get(7, "1-0:99.2.0", 2, array(row)))
    assert made.values(records[0])[1].text == "230.1 V"
    names = [(one.name, one.raw, one.basis) for one in readings_of(records[-1], made.model)]
    assert names[0] == ("Import, billing", 1, "layout Daily profile of our Indian meters")
    assert names[3][0].startswith("Apparent energy export")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[name]\n", "[name] is unknown: expected names, classes, events, bits, push or profile"),
        ('[names]\n"1.8" = "x"\n', "[names] 1.8: expected a logical name such as 1-0:1.8.0*255"),
        ('[events]\nx = "y"\n', "[events] x: expected a number"),
        ("[events]\n1 = 2\n", "[events] 1: expected a text"),
        ("[[push]]\ncount = 1\n", "[[push]]: expected a title"),
        ('[[push]]\ntitle = "T"\n', "[[push]] T: expected count, types, text or device to recognise it by"),
        ('[[push]]\ntitle = "T"\ncolour = 1\n', "[[push]] T: colour is unknown: expected "),
        ('[[push]]\ntitle = "T"\ncount = 1\nscale = { "1.7" = 3 }\n', '[[push]] T: scale: expected "C.D" = [scaler from -128 to 127, unit code]'),
        ('[[push]]\ntitle = "T"\ncount = 1\nscale = { "1.7" = [400, 27] }\n', '[[push]] T: scale: expected "C.D" = [scaler from '),
        ("names = 3\n", "names: expected a table"),
        ("[push]\n", "[push]: expected [[push]]"),
        ('[[profile]]\ntitle = "T"\n', "[[profile]] T: columns: expected a list of class and logical name"),
        ('[[profile]]\ntitle = "T"\ncolumns = ["x"]\n', "[[profile]] T: profile: "),
        (
            '[[profile]]\ntitle = "T"\nprofile = "1-0:99.1.0"\ncolumns = ["1-0:1.8.0"]\n',
            '[[profile]] T: columns: 1-0:1.8.0: expected class and logical name: "3 1-0:1.8.0"',
        ),
        ("x", "no TOML: "),
    ],
)  # fmt: skip
def test_own_tables_that_are_wrong_say_where(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OwnTablesError) as raised:
        load([str(path)])
    assert str(raised.value).startswith(f"{path}: {complaint}")
    assert "\n" not in str(raised.value)
