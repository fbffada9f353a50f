"""What is noted about values: types that do not belong."""

from __future__ import annotations

from dissectors.tree import Note, Severity
from tests.analyzer.cosem.data import array, clock, long_unsigned, name, octet_string, structure, unsigned
from tests.analyzer.tracking.lines import get, session


def notes(lines: list[str]) -> list[Note]:
    made, records = session(lines)
    for record in records:
        made.values(record)
        made.values(record)
    return [note for record in records for note in record.notes]


def test_type_that_does_not_belong_is_noted_once_and_shown_raw() -> None:
    (only,) = notes(get(8, "0-0:1.0.0", 4, octet_string(b"\xff")))
    assert (only.code, only.severity) == ("value-out-of-type", Severity.NOTE)
    assert only.text == "Clock, status: status: octet-string where unsigned belongs; shown as its type says"


def test_value_of_another_version_is_not_noted() -> None:
    listed = array(
        structure(b"\x12\x00\x17", unsigned(0), octet_string(bytes((0, 0, 22, 0, 0, 255))), structure(array(), array()))
    )
    assert notes(get(15, "0-0:40.0.0", 2, listed) + get(23, "0-0:22.0.0", 5, b"\x12\x07\xee")) == []


def profile(*rows: bytes) -> list[str]:
    """A profile of a clock and a status, with a capture period of an hour."""
    columns = array(
        structure(long_unsigned(8), name("0-0:1.0.0"), b"\x0f\x02", long_unsigned(0)),
        structure(long_unsigned(1), name("0-0:96.10.1"), b"\x0f\x02", long_unsigned(0)),
    )
    return [
        *get(7, "1-0:99.1.0", 3, columns), *get(7, "1-0:99.1.0", 4, b"\x06\x00\x00\x0e\x10"),
        *get(7, "1-0:99.1.0", 2, array(*rows)),
    ]  # fmt: skip


def row(hour: int, status: int = 0) -> bytes:
    return structure(clock(hour), unsigned(status))


def test_rows_without_a_fault_are_not_noted() -> None:
    assert notes(profile(row(1), row(2), row(3, 0x08))) == []


def test_rows_that_are_missing_or_flagged_are_noted_on_their_record() -> None:
    made, records = session(profile(row(1), row(4), row(5, 0x02)))
    made.values(records[-1])
    assert [(note.code, note.severity) for note in records[-1].notes] == [
        ("profile-gap", Severity.NOTE), ("status-flag-set", Severity.NOTE),
    ]  # fmt: skip
    assert records[-1].notes[0].text.startswith("2 entries are missing at a period of 3600 s, the first before entry 2")
    assert "clock invalid" in records[-1].notes[1].text


def test_row_that_goes_back_is_noted_once() -> None:
    (only,) = notes(profile(row(1), row(2), row(2), row(3)))
    assert (only.code, "first entry 3" in only.text) == ("profile-overlap", True)
