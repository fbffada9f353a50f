"""The start page, captures that are opened, and files that are written: never over what is open."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from analyzer.tui.widgets.bars import StatusBar
from captures.samples import samples
from tests.tui.driving import LARGE, SMALL, drive, main_of, sample, text_of, wait_for


def test_table_is_exported_as_csv_and_as_text(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await pilot.pause()
        for name in ("values.csv", "values.txt"):
            app.screen.answer_export(str(tmp_path / name))
        app.screen.answer_export(str(tmp_path / "no-such-folder" / "values.csv"))
        await wait_for(pilot, lambda: "No such file" in app.screen.query_one(StatusBar).text)

    drive(sample("blocks"), act)
    lines = (tmp_path / "values.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Time,Meter,Object,Name,Value,Status,Record"
    assert lines[1].startswith("2026-03-04 02:15:30,198.51.100.7:4059 1,1-0:1.8.0*255,Active energy import (+A),")
    assert (tmp_path / "values.txt").read_text(encoding="utf-8").splitlines()[0].startswith("Time   ")


def test_start_page_opens_a_sample() -> None:
    app = DlmsharkApp(Options(theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await wait_for(pilot, lambda: any("ln-wrapper.pcap" in line for line in text_of(app)))
            await pilot.press("enter")
            await wait_for(pilot, lambda: any("43 records" in line for line in text_of(app)), 60)
            assert app.settings.recent[0].endswith("ln-wrapper.pcap")
            await pilot.press("colon", *"start", "enter")
            await wait_for(pilot, lambda: any("ln-ciphered.pcap" in line for line in text_of(app)))
            app.open_inputs(sample("ln-ciphered").inputs)
            await wait_for(pilot, lambda: any("41 records" in line for line in text_of(app)), 60)
            assert app.screen_stack == [app.main]

    asyncio.run(run())


def test_live_source_on_the_start_page_is_given_to_the_command_that_records() -> None:
    app = DlmsharkApp(Options(theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await wait_for(pilot, lambda: getattr(app.screen, "table", None) is not None and app.screen.table.count > 0)
            screen = app.screen
            place = next(index for index, row in enumerate(screen.table.rows) if row.about.kind == "interface")
            screen.table.move_to(place)
            app.main.has_unsaved = True
            await pilot.press("enter")
            await wait_for(pilot, lambda: "comments are not saved" in text_of(app)[-1])
            assert not app.listens_to
            await pilot.press("enter")
            await pilot.pause()

    asyncio.run(run())
    assert app.listens_to.startswith("iface:")


_COMMENT = ("semicolon", *"odd", "enter")


@pytest.mark.parametrize(
    "keys", [("q",), ("ctrl+q",), ("slash", "a", "ctrl+q"), ("colon", *"quit", "enter"), ("colon", *"qa", "enter")]
)
def test_program_is_quit_once_comments_that_are_not_saved_were_told(keys: tuple[str, ...]) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(*_COMMENT, *keys)
        await wait_for(pilot, lambda: "comments are not saved" in text_of(app)[-1])
        await pilot.press(*keys)
        await wait_for(pilot, lambda: app._exit)

    drive(sample("hdlc-segments"), act)


def test_program_is_quit_without_a_word_where_an_exclamation_mark_says_so() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(*_COMMENT, "colon", "q", "exclamation_mark", "enter")
        await wait_for(pilot, lambda: app._exit)

    drive(sample("hdlc-segments"), act)


def test_write_and_quit_of_vi_asks_for_a_file_and_quits_nothing() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(*_COMMENT, "colon", *"wq", "enter")
        await wait_for(pilot, lambda: any("write to" in line for line in text_of(app)))
        assert main_of(app).has_unsaved

    drive(sample("hdlc-segments"), act)


def test_remark_about_the_input_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(Path(sample("blocks").inputs[0]).read_bytes()[:3000])
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await wait_for(pilot, lambda: any("packet 20 announces" in line for line in text_of(app)[-1:]), 60)

    asyncio.run(run())


@pytest.mark.parametrize("text", ["~nobody-is-called-so/a.csv", "a" * 5000 + ".csv"], ids=["home", "long"])
@pytest.mark.parametrize("keys", ["C", "x", "l x", "a x", "K plus_sign"])
def test_name_of_a_file_that_cannot_be_is_told_in_the_prompt(keys: str, text: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(*keys.split())
        app.screen.query_one("#answer").value = text
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert app.is_running and not app.farewell

    assert not drive(sample("ln-wrapper"), act).farewell


def test_folder_is_no_capture_to_open() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("C", *".")
        await pilot.pause()
        assert text_of(app)[-1].startswith(" a folder; Tab shows what is in it")

    drive(sample("ln-wrapper"), act)


def drive_copy(path: Path, act: Callable[[DlmsharkApp, Pilot[None]], Awaitable[None]]) -> None:
    """Act on the capture in *path*, which may be written to."""
    capture = Capture([str(path)])
    capture.start()
    capture.wait(60)
    try:
        drive(capture, act, LARGE)
    finally:
        capture.close()


@pytest.mark.parametrize("keys", ["x", "colon"])
def test_export_never_writes_over_the_capture_that_is_open(keys: str, tmp_path: Path) -> None:
    path = tmp_path / "one.pcapng"
    octets = next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes()
    path.write_bytes(octets)
    (tmp_path / "linked.pcapng").hardlink_to(path)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for name in (path, tmp_path / "linked.pcapng"):
            await pilot.press(keys)
            app.screen.query_one("#answer").value = f"export {name}" if keys == "colon" else str(name)
            await pilot.press("enter")
            await wait_for(pilot, lambda: "this is the capture itself" in text_of(app)[-1])
            await pilot.press("escape")
        await pilot.pause(0.1)
        assert path.read_bytes() == octets

    drive_copy(path, act)


def test_text_of_a_dialogue_is_not_written_over_the_log_that_is_open(tmp_path: Path) -> None:
    path = tmp_path / "follow.txt"
    octets = next(one.path for one in samples() if one.name == "hdlc-log").read_bytes()
    path.write_bytes(octets)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("f", "x")
        app.screen.query_one("#answer").value = str(path)
        await pilot.press("enter")
        await wait_for(pilot, lambda: "this is the capture itself" in text_of(app)[-1])
        assert path.read_bytes() == octets

    drive_copy(path, act)


def test_another_capture_opens_from_the_list_once_comments_that_are_not_saved_were_told() -> None:
    other = str(next(one.path for one in samples() if one.name == "p1"))

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.live_text = "34 packets"  # as where a recording was open
        await pilot.press("slash", *"get", "enter", "semicolon", *"odd", "enter")
        for is_told in (False, True):
            await pilot.press("O")
            app.screen.query_one("#answer").value = other
            await pilot.press("enter")
            if not is_told:
                await wait_for(pilot, lambda: "comments are not saved" in text_of(app)[-1])
        await wait_for(pilot, lambda: app.options.title == "p1.pcapng" and main_of(app).records.count == 4)
        assert not app.live_text

    drive(sample("ln-wrapper"), act)
