"""Inputs by the names that the user gave them, in all that is written: names that are no text, and merged ones."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars
import pytest

from captures.samples import samples
from tests.cli.conftest import Run, spawn

ONE, OTHER = (next(one.path for one in samples() if one.path.stem == name) for name in ("ln-wrapper", "blocks"))
SHOWN = r"a\udcff.pcap"
"""A name with octet FF in it, as it stands in JSON and in text."""


@pytest.fixture
def nameless(tmp_path: Path) -> Path:
    """A capture whose file name is no UTF-8."""
    made = tmp_path / os.fsdecode(b"a\xff.pcap")
    try:
        shutil.copy(ONE, made)
    except (OSError, ValueError):
        pytest.skip("file names are text here")
    return made


@pytest.mark.parametrize("form", ["jsonl", "csv", "html", "xml", "pcapng"])
def test_name_that_is_no_text_is_written_by_its_numbers(run: Run, nameless: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    assert run("export", nameless, "-o", path).status == 0
    if form in ("jsonl", "csv", "html"):
        assert SHOWN in path.read_text()


def test_tables_have_a_name_that_is_no_text(run: Run, nameless: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert run("export", nameless, "-o", path).status == 0
    assert run("batch", nameless, "--out", tmp_path / "set").status == 0
    shown = {str(tmp_path / SHOWN)}
    for one in (path, *(tmp_path / "set").rglob("*.parquet")):
        assert set(polars.read_parquet(one)["input"]) == shown
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert [one["input"] for one in manifest["captures"]] == [str(nameless)]
    assert "1 were there already" in run("batch", nameless, "--out", tmp_path / "set").complaint


def test_merged_records_are_written_with_their_own_input_and_packets(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    run("export", "--merge", ONE, OTHER, "-o", path)
    assert path.read_text() == run("decode", "--json", "--merge", ONE, OTHER).out
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    assert {one["input"] for one in lines} == {str(ONE), str(OTHER)} and max(lines[-1]["packets"]) < len(lines)
    run("export", "--merge", ONE, OTHER, "-o", path.with_suffix(".csv"))
    with path.with_suffix(".csv").open(newline="") as file:
        assert [one["input"] for one in csv.DictReader(file)] == [one["input"] for one in lines]


def test_stdin_bears_the_name_that_decode_gives_it() -> None:
    found = [
        {json.loads(line)["input"] for line in spawn(*words, given=ONE.read_bytes()).out.splitlines()}
        for words in (("decode", "--json", "-", "--hex", "C0"), ("export", "--to", "jsonl", "-o", "-"))
    ]
    assert found == [{"-", "--hex"}, {"-"}]


def test_shared_capture_is_of_one_input_however_it_is_given(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    for words in (("-r", ONE, "-r", OTHER), (ONE, "-r", OTHER), (ONE, "--hex", "C0")):
        ran = run("export", "--share-safe", *words, "-o", path)
        assert (ran.status, ran.complaint) == (2, "--share-safe takes one INPUT, or several with --merge")
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_pipe_with_a_name_takes_what_is_exported(run: Run, tmp_path: Path) -> None:
    from threading import Thread

    path, found = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = Thread(target=lambda: found.append(path.read_bytes()), daemon=True)
    reader.start()
    assert run("export", ONE, "--to", "jsonl", "-o", path).status == 0
    reader.join()
    assert found[0].count(b"\n") == run("decode", "--json", ONE).out.count("\n") and path.is_fifo()
    for words, text in (
        (["--to", "parquet"], "Parquet goes to a file"),
        (["--to", "pcapng", "--share-safe"], "writes"),
    ):
        assert text in run("export", ONE, "-o", path, *words).complaint


@pytest.mark.parametrize("command", ["readings", "doctor", "audit", "stats"])
def test_lines_about_merged_inputs_name_their_files(run: Run, command: str) -> None:
    ran = run(command, "--json", "--merge", ONE, OTHER)
    found = [json.loads(line) for line in ran.out.splitlines()]
    owner = {
        one["number"]: one["input"]
        for one in map(json.loads, run("decode", "--json", "--merge", ONE, OTHER).out.splitlines())
    }
    both = f"{ONE} + {OTHER}"
    for one in found:
        its = {owner[number] for number in one["records"]} if command in ("doctor", "audit") else {one["input"]}
        assert one["input"] == (its.pop() if len(its) == 1 else both)
    assert {one["input"] for one in found} <= {str(ONE), str(OTHER), both} and len(found) > 2
    assert run(command, "--merge", ONE, OTHER).out.count("merged") == 0


@pytest.mark.parametrize("form", ["html", "xml"])
def test_pages_name_the_input_of_each_record(run: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    run("export", "--merge", ONE, OTHER, "-o", path)
    records = [json.loads(line) for line in run("decode", "--json", "--merge", ONE, OTHER).out.splitlines()]
    for name in (ONE, OTHER):
        written = f"<td>{name}</tr>" if form == "html" else f'<field name="input" showname="input: {name}"'
        assert path.read_text().count(written) == sum(one["input"] == str(name) for one in records)
    assert "merged" not in path.read_text()


@pytest.mark.parametrize("command", ["decode", "readings", "doctor", "audit", "stats"])
def test_what_is_said_of_merged_inputs_names_them(run: Run, command: str) -> None:
    ran = run(command, "--merge", ONE, "--hex", "C001C1000800", "-Y", 'service == "aarq" and service == "rlrq"')
    assert "merged" not in ran.err
    assert "--hex: has no times, and stands before the inputs that have them" in ran.err
    assert command == "readings" or f"{ONE} + --hex: " in ran.err


@pytest.mark.skipif(os.name != "posix", reason="check not run: no limit of open files here")
@pytest.mark.parametrize(("hard", "status"), [(4096, 0), (160, 3)])
def test_merged_inputs_beyond_the_limit_of_open_files_are_read_or_named(hard: int, status: int, tmp_path: Path) -> None:
    import resource

    names = [tmp_path / f"{number}.pcap" for number in range(200)]
    for one in names:
        one.symlink_to(ONE)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (160, hard))

    ran = spawn("decode", "--json", "-c", "5", "--merge", *names, preexec_fn=limit)
    assert ran.status == status and len(ran.out.splitlines()) == 5
    said = ran.err.splitlines()
    assert all(line.startswith(f"dlmshark: {tmp_path}") and line.endswith(": Too many open files") for line in said)
    assert bool(said) is bool(status)


@pytest.mark.parametrize("words", [["decode"], [], ["doctor"]])
def test_name_that_is_taken_for_options_says_how_it_is_given(
    run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ONE, "-lead.pcap")
    ran = run(*words, "-lead.pcap")
    assert ran.status and ran.complaint.endswith("; ./-lead.pcap is the file of that name")
    assert run(*words, "./-lead.pcap").err == ""


@pytest.mark.parametrize("command", [["decode"], [], ["serve"]])
@pytest.mark.parametrize("name", ["'a b.pcap'", '"a.pcap"', "\N{LEFT DOUBLE QUOTATION MARK}a.pcap"])
def test_name_in_quotes_that_the_shell_left_says_so(run: Run, command: list[str], name: str) -> None:
    assert run(*command, name).complaint.endswith(
        "; its quotes were taken for letters of the name: double quotes were expected, or none"
    )


def test_file_that_is_to_be_explained_is_for_the_doctor(run: Run) -> None:
    assert f"; a file, of which dlmshark doctor {ONE} says what is wrong" in run("explain", ONE).complaint
