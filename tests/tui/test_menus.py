"""Commands to choose from: the palette and the menu list them one below another, with what each does."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.widgets.prompt import Prompt
from tests.tui.driving import SMALL, drive, main_of, sample, text_of, wait_for

EDGES = "│▸"


def _rows(app: DlmsharkApp) -> list[str]:
    """The choices in sight, without those lines that have none."""
    return [line for line in text_of(app) if line[0] in EDGES and line[1:].strip()]


def _chosen(app: DlmsharkApp) -> str:
    """The name, or what can be seen, of the chosen one."""
    (row,) = (line for line in _rows(app) if line.startswith("▸"))
    return row.rstrip(" ▁▂▃▄▅▆▇█").rpartition("  ")[2]


def test_palette_lists_key_deed_and_name_and_enter_takes_the_chosen_one() -> None:
    """It was one line of names, most of them cut off."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await wait_for(pilot, lambda: len(_rows(app)) == 12)
        find = next(line for line in _rows(app) if line.rstrip(" ▁▂▃▄▅▆▇█").endswith("  find"))
        assert find.split("  ")[0] == "│ Ctrl+F" and " find octets (hex) or text in records " in find
        assert _chosen(app) == "filter"
        for key, chosen in (("down", "find"), ("tab", "next-match"), ("shift+tab", "find"), ("up", "filter")):
            await pilot.press(key)
            await wait_for(pilot, lambda chosen=chosen: _chosen(app) == chosen)  # type: ignore[misc]
        await pilot.press("pagedown")
        await wait_for(pilot, lambda: _chosen(app) == "hour-on")
        await pilot.press("home", *"as a ladder")
        await wait_for(pilot, lambda: [_chosen(app), len(_rows(app))] == ["ladder", 1])
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen.title_text == "Ladder")  # type: ignore[attr-defined]

    drive(sample("ln-wrapper"), act)


def test_first_of_the_list_comes_before_the_last_and_up_keeps_what_is_typed() -> None:
    """Up brought what was typed before, as in other questions."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", *"match", "enter", "ctrl+p", *"match", "up")
        await wait_for(pilot, lambda: _chosen(app).startswith("highlight what matches"))
        assert " find a command match " in text_of(app)[-2]
        await pilot.press("down")
        await wait_for(pilot, lambda: _chosen(app) == "next-match")

    drive(sample("ln-wrapper"), act)


def test_narrowing_moves_no_row_and_what_nothing_is_about_is_said() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await wait_for(pilot, lambda: len(_rows(app)) == 12)
        first = next(y for y, line in enumerate(text_of(app)) if line.startswith("▸"))
        await pilot.press(*"bookmark")
        await wait_for(pilot, lambda: len(_rows(app)) == 2)
        assert text_of(app)[first].startswith("▸")
        await pilot.press(*"ed", "enter")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" nothing is about 'bookmarked'"))
        assert not _rows(app)
        await pilot.press("backspace", "backspace", "down", "enter")
        await wait_for(pilot, lambda: "no bookmarks" in text_of(app)[-1] or "bookmark" in text_of(app)[-1])
        assert not app.screen.query_one(Prompt).is_asking

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("size", [SMALL, (40, 12), (20, 5)])
def test_list_takes_half_of_the_screen_at_most_and_follows_the_chosen_one(size: tuple[int, int]) -> None:
    most = min(12, size[1] // 2)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("M")
        await wait_for(pilot, lambda: len(_rows(app)) == most)
        assert all("  " in line.strip(EDGES) for line in _rows(app))
        for _ in range(most + 1):
            await pilot.press("down")
        await pilot.pause()
        assert sum(line.startswith("▸") for line in text_of(app)) == 1
        assert len(_rows(app)) == most

    drive(sample("ln-wrapper"), act, size)


def test_list_fits_a_terminal_that_gets_smaller() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", "down")
        for size, rows in (((80, 12), 6), ((40, 6), 3), ((80, 30), 12)):
            await pilot.resize_terminal(*size)
            await wait_for(pilot, lambda rows=rows: len(_rows(app)) == rows)  # type: ignore[misc]
            assert sum(line.startswith("▸") for line in text_of(app)) == 1

    drive(sample("ln-wrapper"), act)


def test_menu_says_about_what_it_is_and_begins_with_what_one_wants_of_it() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("M")
        await wait_for(pilot, lambda: " do with record 1 " in text_of(app)[-2])
        assert _chosen(app) == "follow"
        await pilot.press("escape", "tab", "M")
        await wait_for(pilot, lambda: " do with aarq " in text_of(app)[-2])
        assert "=" in _rows(app)[0] and " filter by the selected node " in _rows(app)[0]
        await pilot.press("enter")
        await wait_for(pilot, lambda: main.filter_text == "aarq")
        assert main.focused is main.tree_pane

    drive(sample("ln-wrapper"), act)


def test_click_beside_a_menu_takes_it_away_and_goes_where_it_went() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("tab", "M")
        await wait_for(pilot, lambda: len(_rows(app)) == 12)
        await pilot.click(main.records, offset=(20, 3), button=3)  # asks about that one
        await wait_for(pilot, lambda: " do with record 4 " in text_of(app)[-2])
        await pilot.click(main.records, offset=(20, 4))
        await wait_for(pilot, lambda: not _rows(app))
        assert main.focused is main.records and main.records.number == 5
        await pilot.press("down")
        assert main.records.number == 6

    drive(sample("ln-wrapper"), act)


def test_wheel_goes_through_the_list_and_a_click_takes_what_it_brought() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await wait_for(pilot, lambda: len(_rows(app)) == 12)
        rows = app.screen.query_one("ChoiceList")
        found: list[int] = []
        for _ in range(200):
            await pilot._post_mouse_events([events.MouseScrollDown], rows, button=0)
            await pilot.pause()
            found = [y for y, line in enumerate(text_of(app)) if " choose the columns of the list" in line]
            if found:
                break
        await pilot.click(offset=(30, found[0]))
        await wait_for(pilot, lambda: text_of(app)[-2].startswith(" columns "))

    drive(sample("ln-wrapper"), act)


def test_menu_does_not_offer_the_screen_that_is_open() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key, names in (
            ("l", ["open", "follow", "doctor", "export"]),
            ("f", ["open", "ladder", "doctor", "export"]),
        ):
            await pilot.press(key, "M")
            await wait_for(pilot, lambda: bool(_rows(app)))
            assert [line.split()[-1] for line in _rows(app)] == names
            await pilot.press("escape", "q")

    drive(sample("ln-wrapper"), act)
