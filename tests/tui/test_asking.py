"""Questions that are open while the capture goes on: the answer is about the record that they were opened for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from tests.tui.driving import main_of, text_of, wait_for
from tests.tui.test_growth import _packets
from tests.tui.test_rings import _file, _open, _write

Act = Callable[[DlmsharkApp, "Pilot[None]"], Awaitable[None]]


@pytest.mark.parametrize(("keys", "text"), [("M", "bookmark"), ("semicolon", "here")])
def test_answer_is_about_the_record_that_was_asked_for_while_the_end_is_followed(
    tmp_path: Path, keys: str, text: str
) -> None:
    path = tmp_path / "line.pcap"
    path.write_bytes(_packets(20))

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("F", keys)
        number, count = main.records.number, main.records.count
        assert number == count
        path.write_bytes(_packets(30))
        await wait_for(pilot, lambda: main.records.count > count, 60)
        assert main.records.number == number
        await pilot.press(*text, "enter")
        await wait_for(pilot, lambda: bool(main.bookmarks or main.comments))
        assert main.bookmarks | set(main.comments) == {number}
        await wait_for(pilot, lambda: main.records.number == main.records.count)
        assert main.is_tailing

    _open([path], act)


def test_menu_names_its_record_by_the_number_it_has_after_a_ring_went_on(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("F", "M")
        number, before = main.records.number, app.capture.records
        _write(tmp_path, 3)
        _file(tmp_path, 1).unlink()
        await wait_for(pilot, lambda: app.capture.records is not before, 60)
        await wait_for(pilot, lambda: main.records.number < number)
        await wait_for(pilot, lambda: f"do with record {main.records.number} " in " ".join(text_of(app)))
        moved = main.records.number
        assert moved < main.records.count
        await pilot.press(*"bookmark", "enter")
        await wait_for(pilot, lambda: bool(main.bookmarks))
        assert main.bookmarks == {moved}

    _open([_write(tmp_path, 1), _write(tmp_path, 2)], act)


def test_question_about_a_record_goes_with_it_and_its_comments_are_said_to_be_gone(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("g", "g", "semicolon", *"here", "enter")
        await wait_for(pilot, lambda: bool(main.comments))
        assert main.has_unsaved
        await pilot.press("semicolon")
        _write(tmp_path, 3)
        _file(tmp_path, 1).unlink()
        await wait_for(pilot, lambda: "took 1 comment with it" in " ".join(text_of(app)[-3:]), 60)
        await pilot.press("enter")
        await pilot.pause()
        assert not main.comments
        assert not main.has_unsaved

    _open([_write(tmp_path, 1), _write(tmp_path, 2)], act)
