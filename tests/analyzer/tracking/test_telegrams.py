"""Values of IEC 62056-21 and P1 through the program's session."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.export.message import message_form
from analyzer.pipeline import Pipeline
from analyzer.security.keys import KeyRole
from analyzer.session import Session
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.p1_port import ciphered, telegram
from analyzer.tracking.protection import Protection
from analyzer.tracking.readings import Reading, readings_of
from captures import open_source, source_from_hex
from captures.samples import sample_path
from tests.analyzer.tracking.secured import keyring


def readings(name: str) -> list[Reading]:
    with open_source(str(sample_path(name))) as source:
        session = Session(source)
        return [one for record in session.records() for one in readings_of(record, session.model)]


def test_telegram_gives_readings_of_the_time_in_it() -> None:
    found = [one for one in readings("p1") if one.object.logical_name == bytes((1, 0, 1, 8, 1, 255))]
    assert found[0][:3] == ("2026-03-09T18:30:00", found[0].capture_time_ns, "MMM0060300999")
    assert (found[0].value, found[0].unit, found[0].raw) == (Decimal("51200.044"), "kWh", "051200.044")


def test_gas_has_the_time_that_stands_beside_it() -> None:
    gas = next(one for one in readings("p1") if one.unit == "m3")
    assert (gas.time, gas.text) == ("2026-03-09T18:00:00", "1234.567 m3")


def test_readout_names_its_meter_by_the_address_in_it() -> None:
    assert {one.meter for one in readings("mode-c-readout")} == {"41700811"}


def test_block_that_comes_again_after_a_nak_counts_once() -> None:
    cells = [one for one in readings("mode-c-programming") if one.time and one.object.logical_name[2:4] == b"\x01\x08"]
    by_time: dict[str, set[object]] = {}
    for one in cells:
        by_time.setdefault(one.time, set()).add(one.value)
    assert all(len(values) == 1 for values in by_time.values())
    assert len(by_time) == len(cells)


def test_requests_and_passwords_are_no_values() -> None:
    with open_source(str(sample_path("mode-c-programming"))) as source:
        session = Session(source)
        for record in session.records():
            if record.direction == "request":
                assert session.values(record) == []


REST = telegram("MMM5SIM", [data_set("0-0:1.0.0", "260309183000W"), data_set("1-0:1.8.0", "000123.456", "kWh")])[10:]


@pytest.mark.parametrize(("begin", "values"), [(3, {"123.456", "7.000"}), (30, {"7.000"})])
def test_telegram_that_began_before_the_capture_gives_what_came_of_it(
    begin: int, values: set[str], tmp_path: Path
) -> None:
    path = tmp_path / "port"
    path.write_bytes(REST[begin:].replace(b"!", b"1-0:2.8.0(000007.000*kWh)\r\n!"))
    with open_source(str(path)) as source:
        session = Session(source)
        (record,) = session.records()
        found = {str(one.value) for one in readings_of(record, session.model)}
    assert record.link == "p1"
    assert [note.code for note in record.notes] == ["capture-cut"]
    assert found - {"2026-03-09T18:30:00", "None"} == values
    form = message_form(record)
    assert (form["identification"], form["crc"]) == ("", "unchecked")


@pytest.mark.parametrize("is_of_unix", [False, True])
@pytest.mark.parametrize("has_parity", [False, True])
def test_telegram_without_a_number_in_it_names_its_meter_by_its_first_line(
    is_of_unix: bool, has_parity: bool, tmp_path: Path
) -> None:
    sent = telegram("MMM5\\2M-42", [data_set("1-0:1.8.0", "000123.456", "kWh"), data_set("1-0:32.7.0", "231.2", "V")])
    sent = sent.replace(b"\r", b"") if is_of_unix else sent
    sent = bytes(one | (one.bit_count() & 1) << 7 for one in sent) if has_parity else sent
    path = tmp_path / "port.bin"
    path.write_bytes(sent * 2)
    with open_source(str(path)) as source:
        session = Session(source)
        found = {one.meter for record in session.records() for one in readings_of(record, session.model)}
    assert found == {"MMM5\\2M-42"}


def test_port_that_was_dumped_from_within_a_ciphered_telegram_is_read(tmp_path: Path) -> None:
    seal = Seal(0x30, bytes(16), bytes(range(16)), bytes.fromhex("5341470000BC614E"))
    sets = [data_set("1-0:1.8.0", "000123.456", "kWh")] * 9
    path = tmp_path / "port"
    path.write_bytes(b"".join(ciphered(telegram("MMM5SIM", sets), seal, number) for number in (1, 2, 3))[40:])
    with open_source(str(path)) as source:
        assert [record.link for record in Session(source).records()] == ["noise", "p1", "p1"]


def test_damaged_line_of_a_telegram_without_its_beginning_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_bytes(
        REST[3:].replace(b"!", b"1-0:99.97.0(2)(231016075W)(4.32.0(00000)\r\n1-0:2.8.0(000007.000*kWh)\r\n!")
    )
    with open_source(str(path)) as source:
        (record,) = Session(source).records()
    assert [note.code for note in record.notes] == ["capture-cut", "data-set-malformed"]


def test_telegram_without_its_beginning_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    whole = telegram("MMM5SIM", [data_set("0-0:1.0.0", "260309183010W"), data_set("1-0:1.8.0", "000123.457", "kWh")])
    path = tmp_path / "log.txt"
    path.write_bytes(b"Meter data:\n\n" + REST[1:].replace(b"\r", b"") + whole.replace(b"\r", b""))
    with open_source(str(path)) as source:
        records = list(Session(source).records())
    assert [(one.link, message_form(one)["crc"]) for one in records] == [("p1", "unchecked"), ("p1", "ok")]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_telegram_whose_tag_another_key_made_is_read_and_its_key_is_right(is_swapped: bool) -> None:
    plain = telegram("MMM5SIM", [data_set("0-0:1.0.0", "260309183000W"), data_set("1-0:1.8.0", "000123.456", "kWh")])
    octets = ciphered(plain, Seal(0x30, bytes(range(16)), bytes(range(16, 32)), b"MMM\0\0\xbca\x4e"), 7)
    given = {KeyRole.GUEK: bytes(range(16)), KeyRole.GAK: bytes(range(32, 48))}
    if is_swapped:
        given = {KeyRole.GUEK: given[KeyRole.GAK], KeyRole.GAK: given[KeyRole.GUEK]}
    with source_from_hex(octets.hex()) as source:
        (record,) = Pipeline(protection=Protection(keyring(given))).run(source)
    cause = "keys-swapped" if is_swapped else "wrong-authentication-key"
    assert [(note.code, note.cause) for note in record.notes] == [("undecipherable", cause)]
    assert record.link == ("apdu" if is_swapped else "p1")


def test_log_that_is_printed_newest_first_gives_each_value(tmp_path: Path) -> None:
    sent = ["1-0:0.0.0*255(MMM0060300)", "1-0:1.8.0*255(000422.25*kWh)", "1-0:16.7.0*255(000370.5*W)", "!"]
    lines = [f"meter.0 | 2026-03-21 10:15:32.016 | warn | {line}" for line in reversed(sent)]
    path = tmp_path / "log.txt"
    path.write_text("An excerpt:\n\n" + "\n".join([lines[0], "-- | -- | -- | --", *lines[1:]]) + "\n")
    with open_source(str(path)) as source:
        session = Session(source)
        found = [one for record in session.records() for one in readings_of(record, session.model)]
    assert [str(one.value) for one in found] == ["370.5", "422.25", "MMM0060300"]
    assert {one.meter for one in found} == {"MMM0060300"}


def test_damaged_line_of_a_telegram_without_its_end_is_noted_and_its_last_line_is_not(tmp_path: Path) -> None:
    begin = b"/MMM5SIM\r\n\r\n0-0:1.0.0(260309183000W)\r\n"
    for lines, codes in (
        (
            b"1-0:!.8.1(000095.052*kWh!\r\n1-0:2.8.0(000007.000*kWh)\r\n1-0:32.32.0(0000",
            ["capture-cut", "data-set-malformed"],
        ),
        (b"1-0:2.8.0(000007.000*kWh)\r\n1-0:32.32.0(0000", ["capture-cut"]),
    ):
        path = tmp_path / "port"
        path.write_bytes(begin + lines)
        with open_source(str(path)) as source:
            (record,) = Session(source).records()
        assert [note.code for note in record.notes] == codes
