"""What is noted about values: types that do not belong."""

from __future__ import annotations

from dissectors.tree import Note, Severity
from tests.analyzer.cosem.data import array, octet_string, structure, unsigned
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
