"""Values that stand by themselves: read as what they are, with a note; text and APDUs are never taken for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.record import Record
from analyzer.session import Session
from analyzer.tracking.bare_value import is_bare_value
from captures import source_from_hex

STRUCTURE = bytes.fromhex("0203 09060100010800FF 0600012345 0202 0F00 161E")
ARRAY = bytes.fromhex("0102 0202 09060100010800FF 0600012345 0202 09060100020800FF 0600000045")

LONG = b"\x01\x04" + 2 * ARRAY[2:]


def session(text: str) -> tuple[Session, list[Record]]:
    made = Session(source_from_hex(text))
    return made, list(made.records())


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (STRUCTURE, ["Active energy import (+A) 74.565 kWh"]),
        (ARRAY, ["Active energy import (+A) 74565", "Active energy export (-A) 69"]),
    ],
)
def test_value_by_itself_is_read_with_a_note(octets: bytes, told: list[str]) -> None:
    made, (record,) = session(octets.hex(" "))
    assert record.octets == octets
    assert record.apdu is not None and record.apdu.family == "data-notification"
    assert [(note.code, note.cause) for note in record.notes] == [("capture-cut", "start-of-dump-missing")]
    assert [f"{one.name} {one.text}" for one in made.values(record)] == told


def test_value_in_several_rows_and_several_values_are_read() -> None:
    rows = "\n".join(STRUCTURE.hex(" ")[at : at + 24] for at in range(0, 3 * len(STRUCTURE), 24))
    _, records = session(rows)
    assert [one.octets for one in records] == [STRUCTURE]
    _, records = session(f"{STRUCTURE.hex()}\n{ARRAY.hex()}")
    assert [one.octets for one in records] == [STRUCTURE, ARRAY]


def rows(octets: bytes, width: int = 16) -> str:
    """Print *octets* as programs do that decipher."""
    return "".join(f"{octets[at : at + width].hex(' ')}\n" for at in range(0, len(octets), width))


def test_values_in_rows_one_after_another_are_each_read() -> None:
    _, records = session(rows(STRUCTURE) + rows(ARRAY) + rows(STRUCTURE))
    assert [one.octets for one in records] == [STRUCTURE, ARRAY, STRUCTURE]
    assert {one.apdu.family for one in records if one.apdu} == {"data-notification"}


def test_end_of_a_value_that_is_printed_once_more_is_no_matter_of_the_line() -> None:
    last = STRUCTURE[16:]
    _, records = session(2 * (rows(STRUCTURE) + rows(last)))
    assert [one.octets for one in records] == [STRUCTURE, last, STRUCTURE, last]
    assert {(note.code, note.cause) for one in records[1::2] for note in one.notes} == {("carrier-text", "mixed-log")}


@pytest.mark.parametrize("size", [33, 50, len(LONG) - 1])
def test_value_that_breaks_off_is_read_as_far_as_it_came(size: int) -> None:
    for before in ("", rows(STRUCTURE)):
        _, records = session(before + rows(LONG[:size]))
        assert records[-1].octets == LONG[:size]
        assert records[-1].apdu is not None and records[-1].apdu.family == "data-notification"
        (note,) = [note for note in records[-1].notes if note.cause == "start-of-dump-missing"]
        assert "that breaks off" in note.text


@pytest.mark.parametrize("octets", [LONG[:20], LONG[:20] + b"\xf0" * 20, LONG + b"\0" * 8])
def test_short_or_wrong_beginnings_of_values_are_none(octets: bytes) -> None:
    _, records = session(octets.hex(" "))
    assert not any(one.apdu and one.apdu.family == "data-notification" for one in records)


@pytest.mark.parametrize(
    "octets",
    [
        STRUCTURE[:-1], STRUCTURE + b"\0", STRUCTURE[:5], b"\x02\x80" + STRUCTURE[2:], b"\x0f\0\0\0\0\0" + STRUCTURE,
        b"\x021.8.0(000123*kWh)\r\n!\r\n\x03A", bytes.fromhex("C401C100") + STRUCTURE, b"\x02\x00" * 8,
    ],
)  # fmt: skip
def test_what_is_no_whole_value_or_more_than_one_is_none(octets: bytes) -> None:
    assert not is_bare_value(octets)


@given(st.binary(max_size=60))
def test_any_octets_are_judged(octets: bytes) -> None:
    assert is_bare_value(octets) in (True, False)
    if is_bare_value(octets):
        assert len(octets) >= 8 and octets[0] in (1, 2)
