"""What the list exports is what the command exports."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars
import pytest
from textual.pilot import Pilot

from analyzer.cli.main import main
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.files import export_verdict
from analyzer.tui.options import Options
from analyzer.tui.rereading import Chosen, write_xml
from tests.tui.driving import LARGE, drive, main_of, sample, text_of, wait_for


def _exported(path: Path, name: str, expression: str = "") -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        if expression:
            main.answer_filter(expression)
            await wait_for(pilot, lambda: main.filter_run is not None and main.filter_run.is_done)
        main.answer_export(str(path))
        await wait_for(pilot, lambda: any("written" in line for line in text_of(app)), 60)

    drive(sample(name), act, LARGE)


@pytest.mark.parametrize("suffix", [".xml", ".html"])
def test_list_is_exported_as_the_command_does(tmp_path: Path, suffix: str) -> None:
    mine, theirs = tmp_path / f"list{suffix}", tmp_path / f"command{suffix}"
    _exported(mine, "ln-wrapper")
    assert main(["export", sample("ln-wrapper").inputs[0], "-o", str(theirs), "--utc", "-q"]) == 0
    assert mine.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")


def test_list_says_its_forms_and_writes_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    forms = ".txt .csv .jsonl .hex .pcapng .xml .html .parquet"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await pilot.pause()
        assert any(forms.replace(" ", "  ") in line for line in text_of(app))
        await pilot.press("escape")
        main_of(app).answer_export("list.pdf")
        await pilot.pause()
        assert any(f"list.pdf: expected {forms}" in line for line in text_of(app))

    drive(sample("ln-wrapper"), act, LARGE)
    assert list(tmp_path.iterdir()) == []


def test_chosen_records_are_exported_as_parquet_with_the_columns_of_the_command(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "list.parquet", tmp_path / "command.parquet"
    expression = 'service == "get-response"'
    _exported(mine, "ln-wrapper", expression)
    assert main(["export", sample("ln-wrapper").inputs[0], "-Y", expression, "-o", str(theirs), "-q"]) == 0
    one, other = (polars.read_parquet(path).drop("input") for path in (mine, theirs))
    assert one.height == 15
    assert one.equals(other)


def test_octets_of_a_forced_stack_are_read_again_as_they_were_opened(tmp_path: Path) -> None:
    path, mine, theirs = (tmp_path / name for name in ("raw.bin", "list.xml", "command.xml"))
    path.write_bytes(b"\x01\x02" * 40_000 + bytes.fromhex("7EA0070321930F017E"))
    options = Options((str(path),), decode_as={"serial": "hdlc"})
    write_xml(Chosen(options.inputs, options, range(1, 42), utc=True), mine)
    assert main(["export", str(path), "-d", "serial,hdlc", "-o", str(theirs), "--utc", "-q"]) == 0
    assert mine.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")


def test_table_is_exported_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "objects.jsonl"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("o")
        await wait_for(pilot, lambda: app.screen.table.count > 0)  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: app.survey_so_far is not None and app.survey_so_far.is_done)
        app.screen.answer_export(str(path))  # type: ignore[attr-defined]

    drive(sample("ln-wrapper"), act)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert next(row["Last value"] for row in rows if row["Object"] == "1-0:1.8.0*255") == "74565.120 kWh"


async def _ask(app: DlmsharkApp, pilot: Pilot[None], screen: str) -> None:
    """Open *screen*, none for the main one, and ask there where to export to."""
    if screen:
        await pilot.press(screen)
        await wait_for(pilot, lambda: app.screen is not main_of(app))
    await pilot.press("x")
    await wait_for(pilot, lambda: any("write to" in line for line in text_of(app)))


@pytest.mark.parametrize("screen", ["", "o", "f"])
def test_file_name_that_is_typed_takes_the_place_of_the_one_that_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.txt"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await _ask(app, pilot, screen)
        await pilot.press(*path.name, "enter")
        await wait_for(pilot, path.is_file)

    drive(sample("ln-wrapper"), act)


def test_proposed_file_name_can_be_gone_on_with() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await wait_for(pilot, lambda: any("write to ln-wrapper.csv" in line for line in text_of(app)))
        await pilot.press("end", ".", "b", "a", "k")
        assert any("write to ln-wrapper.csv.bak" in line for line in text_of(app))

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    ("screen", "what"),
    [("", "the columns of the list"), ("o", "CSV"), ("l", "the columns of the list"), ("f", "the columns of the list")],
)
def test_export_says_what_a_suffix_gives_and_refuses_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await _ask(app, pilot, screen)
        await pilot.press(*"one.csv")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(f" {what}"))
        await pilot.press("backspace", "backspace", "backspace", "x", "l", "s")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" expected .") and ".csv" in text_of(app)[-1])
        await pilot.press("enter")
        assert list(tmp_path.iterdir()) == []

    drive(sample("ln-wrapper"), act)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_export_is_refused_where_something_is_that_is_no_file(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe.csv", tmp_path / "folder.csv"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, told in ((pipe, "a pipe or a device, no file"), (folder, "a folder")):
        assert export_verdict(str(path), {".csv": "CSV"}, ()) == (False, told, (0, 0))


@pytest.mark.parametrize("screen", ["l", "f"])
def test_dialogue_is_exported_as_the_rows_that_the_list_gives_of_it(tmp_path: Path, screen: str) -> None:
    mine, whole = tmp_path / "dialogue.csv", tmp_path / "list.csv"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(screen)
        await wait_for(pilot, lambda: app.screen is not main_of(app))
        app.screen.answer_export(str(mine))  # type: ignore[attr-defined]

    capture = sample("hdlc-segments")
    drive(capture, act)
    _exported(whole, "hdlc-segments")
    heading, *rows = whole.read_text(encoding="utf-8").splitlines()
    mine_of = capture.table.frame["association"].to_list()
    expected = [row for row, association in zip(rows, mine_of, strict=True) if association == 1]
    assert mine.read_text(encoding="utf-8").splitlines() == [heading, *expected]
