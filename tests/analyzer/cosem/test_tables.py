from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import analyzer.cosem
from analyzer.cosem.tables import Tables, integer_ranges

FOLDER = Path(analyzer.cosem.__file__).parent
FILES = ("classes", "enumerations", "manufacturers", "obis", "units")


def _flat(tables: object, prefix: str = "") -> dict[str, object]:
    """The tables of a parsed file by their dotted headers: those that hold something besides tables."""
    flat: dict[str, object] = {}
    assert isinstance(tables, dict)
    for name, value in tables.items():
        if isinstance(value, dict):
            flat |= {f"{prefix}{name}": value} | _flat(value, f"{prefix}{name}.")
    return flat


@pytest.mark.parametrize("name", FILES)
def test_tables_cut_from_the_text_are_those_of_the_whole_file(name: str) -> None:
    tables = Tables(f"{name}.toml")
    whole = _flat(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
    headers = tables.names("")
    assert headers
    for header in headers:
        assert tables.table(header) == whole[header]


@pytest.mark.parametrize("name", FILES)
def test_data_file_has_brackets_at_the_start_of_a_line_only_in_headers(name: str) -> None:
    lines = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("[") and not re.fullmatch(r"\[[\w.]+\]", line)] == []


@pytest.mark.parametrize(("name", "table"), [("manufacturers", "manufacturer"), ("units", "unit")])
def test_entry_by_the_line_is_that_of_the_whole_table(name: str, table: str) -> None:
    tables = Tables(f"{name}.toml")
    whole = tables.table(table)
    assert len(whole) > 100
    assert {key: tables.entry(table, key) for key in whole} == whole


def test_table_and_entry_that_a_file_has_not_are_empty() -> None:
    units = Tables("units.toml")
    assert units.table("units") == {}
    assert units.entry("unit", "4711") is None
    assert units.entry("units", "30") is None


def test_integer_ranges_spell_out_numbers_and_ranges() -> None:
    assert integer_ranges({"1": "a", "5..7": "b"}) == {1: "a", 5: "b", 6: "b", 7: "b"}


def test_import_of_the_names_parses_no_table() -> None:
    code = "import sys, analyzer.cosem.names, analyzer.cosem.date_time; print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
