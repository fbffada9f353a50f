"""``dlmshark readings``: text, JSON Lines, CSV and Parquet, and what goes wrong."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import polars
import pytest

from captures.samples import sample_path
from tests.cli.conftest import Run

COLUMNS = [
    "time", "capture_time", "meter", "logical_name", "class_id", "attribute", "name", "value", "text", "unit", "raw",
    "scaler", "status", "basis",
]  # fmt: skip
"""As the interface page lists them."""


@pytest.fixture
def sample() -> str:
    return str(sample_path("ln-wrapper"))


def test_readings_as_text_say_value_and_unit(run: Run, sample: str) -> None:
    ran = run("readings", sample)
    assert ran.status == 0
    assert "1-0:1.8.0*255      Active energy import (+A): 74565.120 kWh" in ran.out


COMMANDING = "0A 08 1B5B33316D410A42"
"""A visible-string that would colour a terminal and begin a line of its own."""
ASKED = "0001 0010 0001 000D C001C1 00 {} FF0200"
ANSWERED = "0001 0001 0010 000E C401C100" + COMMANDING


@pytest.mark.parametrize("command", ["readings", "decode"])
def test_text_of_a_meter_commands_no_terminal(run: Run, command: str) -> None:
    objects = ["0001 000060 0100", "0003 010001 0800"]  # the meter's name; a register
    ran = run(command, "--hex", "".join(ASKED.format(one[2:]) + ANSWERED for one in objects))
    assert all(line.isprintable() for line in ran.out.split("\n"))
    assert "\\x1b[31mA\\x0aB" in ran.out
    assert len(ran.out.splitlines()) == (4 if command == "decode" else 2)


def test_json_lines_hold_exact_values_and_what_they_rest_on(run: Run, sample: str) -> None:
    lines = [json.loads(line) for line in run("readings", "--json", sample).out.splitlines()]
    energy = next(one for one in lines if one.get("logical_name") == "1-0:1.8.0*255")
    assert (energy["value"], energy["unit"], energy["raw"], energy["basis"]) == (74565120, "Wh", 74565120, "record 8")
    assert all(set(one) <= set(COLUMNS) for one in lines)


def test_csv_without_readings_has_its_columns(run: Run, sample: str) -> None:
    with_some, with_none = (run("readings", "--csv", *words, sample).out for words in ((), ("-Y", "aarq")))
    assert with_none == with_some.partition("\n")[0] + "\n"


def test_csv_and_parquet_hold_the_same_rows(run: Run, sample: str, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("readings", "--csv", sample).out)))
    path = tmp_path / "readings.parquet"
    assert run("readings", "--parquet", str(path), sample).status == 0
    table = polars.read_parquet(path)
    assert list(rows[0]) == table.columns == COLUMNS
    assert len(rows) == len(table) > 200
    assert [float(row["value"]) if row["value"] else None for row in rows] == table["value"].to_list()
    assert [row["unit"] or None for row in rows] == table["unit"].to_list()
    assert rows[0]["capture_time"] == "1772442847.703549773"
    assert [row["raw"] or None for row in rows] == table["raw"].to_list()
    said = [json.loads(line) for line in run("readings", sample, "--json").out.splitlines()]
    assert [json.loads(row["raw"]) for row in rows] == [one["raw"] for one in said]


def test_count_ends_after_so_many(run: Run, sample: str) -> None:
    assert len(run("readings", "-c", "3", sample).out.splitlines()) == 3


def test_forms_exclude_one_another(run: Run, sample: str) -> None:
    assert run("readings", "--json", "--csv", sample).complaint == "--json, --csv and --parquet exclude one another"


def test_capture_without_values_says_so(run: Run) -> None:
    assert run("readings", "--hex", "7E A0 07 03 21 93 0F 01 7E").complaint == "no metered values were found"


def test_input_that_is_missing_does_not_stop_the_others(run: Run, sample: str) -> None:
    ran = run("readings", "missing.pcap", sample)
    assert ran.status == 3
    assert "74565.120 kWh" in ran.out
    assert ran.err.startswith("dlmshark: missing.pcap: no such file")


def test_parquet_is_not_written_over_a_capture_that_was_meant_as_the_input(
    run: Run, sample: str, tmp_path: Path
) -> None:
    """`--parquet bus.pcap` in the place of `--csv bus.pcap` read stdin, and the capture was lost."""
    capture = tmp_path / "bus.pcap"
    capture.write_bytes(Path(sample).read_bytes())
    for words in ((), (sample,)):
        ran = run("readings", "--parquet", capture, *words)
        assert (ran.status, ran.complaint) == (
            1,
            f"{capture}: cannot write: it is there already; --force writes over it",
        )
        assert capture.read_bytes() == Path(sample).read_bytes()
    assert run("readings", "--force", "--parquet", capture, sample).status == 0
    assert len(polars.read_parquet(capture)) == 217


@pytest.mark.parametrize("name", ["", "-"])
def test_parquet_without_a_name_is_refused(
    run: Run, sample: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("readings", "--parquet", name, sample)
    assert (ran.status, "a file was expected; --csv and --json go to stdout" in ran.complaint) == (2, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_parquet_takes_the_place_of_no_pipe_or_device(run: Run, sample: str, tmp_path: Path) -> None:
    """Whoever may, such as root, lost the device: a file stood in its place."""
    os.mkfifo(tmp_path / "pipe")
    ran = run("readings", "--parquet", tmp_path / "pipe", sample)
    assert (ran.status, ran.complaint.partition(": ")[2]) == (
        1,
        "cannot write: it is a device or a pipe, and a file was expected",
    )
    assert (tmp_path / "pipe").is_fifo() and len(list(tmp_path.iterdir())) == 1


def test_parquet_that_cannot_be_written_is_one_line(run: Run, sample: str, tmp_path: Path) -> None:
    ran = run("readings", "--parquet", str(tmp_path / "no" / "x.parquet"), sample)
    assert ran.status == 1
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(("name", "code"), [("p1", "1-0:1.8.1*255"), ("mode-c-readout", "1-0:1.8.0*255")])
def test_messages_have_readings_too(name: str, code: str, run: Run) -> None:
    ran = run("readings", "--json", sample_path(name))
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.status, {one["unit"] for one in found if one.get("logical_name") == code}) == (0, {"kWh"})
    assert all(set(one) <= set(COLUMNS) for one in found)


def test_input_that_cannot_be_read_is_not_said_to_be_without_values(run: Run) -> None:
    assert run("readings", "missing.pcap").complaint == "missing.pcap: no such file"


def test_apdus_that_stay_closed_are_counted(run: Run) -> None:
    path = sample_path("ln-ciphered")
    closed, empty = run("readings", path).err.splitlines()
    number = len(run("decode", path, "-Y", "summary contains closed").out.splitlines())
    assert closed == f"dlmshark: {path}: {number} ciphered APDUs stay closed; give keys with -k FILE or --key guek=HEX"
    assert empty == "dlmshark: no metered values were found"
    assert run("decode", path).err.splitlines() == [closed]
    assert "stay closed" not in run("decode", path, "-Y", "rlre").err
    keys = path.with_suffix(".keys.toml")
    for command in ("readings", "decode"):
        assert "stay closed" not in run(command, "-k", keys, path).err


@pytest.mark.parametrize("words", [[], ["--json"], ["--tree"], ["-T", "fields", "-e", "number"]], ids=" ".join)
def test_decode_says_at_its_end_that_apdus_stay_closed(words: list[str], run: Run) -> None:
    path = sample_path("ln-ciphered")
    ran, opened = run("decode", *words, path), run("decode", *words, "-k", path.with_suffix(".keys.toml"), path)
    assert ran.complaint == f"{path}: 33 ciphered APDUs stay closed; give keys with -k FILE or --key guek=HEX"
    assert "stay closed" not in ran.out
    assert opened.err == ""


def test_decode_with_keys_that_open_nothing_names_what_says_why(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "other.toml"
    keys.write_text(f'[[meter]]\nguek = "{"11" * 16}"\n')
    keys.chmod(0o600)
    assert run("decode", "-k", keys, sample_path("ln-ciphered")).complaint.endswith("closed; keys check says why")


def test_several_inputs_are_named_with_their_readings(run: Run, sample: str) -> None:
    other = str(sample_path("p1"))
    found = [json.loads(line) for line in run("readings", "--json", sample, other).out.splitlines()]
    assert {one["input"] for one in found} == {sample, other}
    assert "input" not in run("readings", "--json", sample).out
    heads = [line for line in run("readings", sample, other).out.splitlines() if line.startswith("== ")]
    assert heads == [f"== {sample}", f"== {other}"]
