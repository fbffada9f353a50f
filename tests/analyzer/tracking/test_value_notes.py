"""What is noted about values: types that do not belong."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import polars
import pytest

from analyzer.cli.main import main
from analyzer.session import Session
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.value_notes import note_values, noted_values
from captures import open_source
from captures.samples import samples
from dissectors.tree import Note, Severity
from tests.analyzer.cosem.data import array, octet_string, structure, unsigned
from tests.analyzer.index.build import indexed
from tests.analyzer.tracking.lines import get, profile, row, session


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


def misfit_and_gap() -> list[str]:
    """Columns, a period and a buffer that lacks two entries; a status of the wrong type, thrice; one that is right."""
    odd = get(8, "0-0:1.0.0", 4, octet_string(b"\xff"))
    return [*profile(row(1), row(4)), *odd, *get(8, "0-0:1.0.0", 4, unsigned(0)), *odd, *odd]


CODES = [["profile-gap"], *[["value-out-of-type"]] * 3]


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "odd.txt"
    path.write_text("\n".join(misfit_and_gap()))
    return str(path)


@pytest.mark.parametrize("name", [sample.name for sample in samples()])
def test_notes_are_the_same_whether_values_are_made_of_all_records_or_of_those_that_may_be_odd(name: str) -> None:
    sample = next(one for one in samples() if one.name == name)
    told = []
    for note in (note_values, noted_values):
        with open_source(str(sample.path)) as source:
            made = Session(source)
            found = []
            for record in made.records():
                note(record, made.model)
                found.append(record.notes)
            told.append(found)
    assert told[0] == told[1]


def test_values_are_made_only_where_something_may_be_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    made, records = session(misfit_and_gap())
    looked: list[int] = []

    def look(record: Any, model: ObjectModel) -> None:
        looked.append(record.number)
        noted_values(record, model)

    monkeypatch.setattr("analyzer.tracking.value_notes.noted_values", look)
    for record in records:
        note_values(record, made.model)
    assert [[note.code for note in record.notes] for record in records if record.notes] == CODES
    assert looked == [record.number for record in records if record.notes]


def test_rows_of_an_index_have_the_notes_about_values(capture: str) -> None:
    with open_source(capture) as source:
        records, _, _ = indexed(source)
    marks = [list(records.table.row(number).marks.codes) for number in range(1, records.table.height + 1)]
    assert [codes for codes in marks if codes] == CODES
    assert [len(records.record(number).notes) for number in range(1, 15)] == list(map(len, marks))


@pytest.mark.parametrize("between", [0, 1000])
def test_rows_get_the_notes_that_can_be_told_only_later(between: int, tmp_path: Path) -> None:
    columns, period, buffer = (profile(row(1), row(4))[at : at + 2] for at in (0, 2, 4))
    right = get(8, "0-0:1.0.0", 4, unsigned(0))
    path = tmp_path / "late.txt"
    path.write_text("\n".join([*buffer, *right * between, *columns, *period, *buffer]))
    with open_source(str(path)) as source:
        records, _, _ = indexed(source)
    height = records.table.height
    marks = {number: records.table.row(number).marks.codes for number in range(1, height + 1)}
    assert {number: codes for number, codes in marks.items() if codes} == {
        2: ("profile-gap",), height: ("profile-gap",),
    }  # fmt: skip


@pytest.mark.parametrize("more", [[], ["--index"], ["--workers", "2"]])
@pytest.mark.parametrize(("text", "count"), [("note == value-out-of-type", 3), ("severity >= note", 4)])
def test_filters_of_statistics_see_the_notes_about_values(text: str, count: int, more: list[str], capture: str) -> None:
    for _ in range(2):  # with an index, the second time from it
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(["stats", capture, "-Y", text, "--json", *more]) == 0
        assert [json.loads(line)["records"] for line in out.getvalue().splitlines()] == [count]


def test_data_set_has_the_notes_about_values(capture: str, tmp_path: Path) -> None:
    assert main(["batch", capture, "--out", str(tmp_path / "set")]) == 0
    rows = polars.read_parquet(tmp_path / "set" / "records" / "*.parquet").sort("number")
    assert [codes for codes in rows["notes"].to_list() if codes] == CODES
    told = polars.read_parquet(tmp_path / "set" / "notes" / "*.parquet").sort("record")
    assert [[code] for code in told["code"].to_list()] == CODES
