"""What users of Wireshark, mutt and browsers try by habit: it works, or the last line says what does."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.commands import key_text
from tests.tui.driving import drive, main_of, sample, text_of, wait_for


def test_go_to_packet_asks_for_a_number_and_goes_there_from_any_pane() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "ctrl+g", "1", "2", "enter")
        await pilot.pause()
        assert main_of(app).records.number == 12
        await pilot.press("ctrl+g", *"999", "enter")
        await wait_for(pilot, lambda: "there are 43 records" in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_next_and_previous_packet_while_the_tree_has_the_keys() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("tab", "f8", "ctrl+down", "f8", "f7", "ctrl+up")
        await pilot.pause()
        assert (main.records.number, main.shown, main.focused) == (2, 2, main.tree_pane)

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("z", "z: no key of a command; ? lists the keys"),
        ("f5", "F5: no key of a command"),
        ("ctrl+right", "Ctrl+→: no key of a command"),
        ("w", "w: swap: not on this screen"),
    ],
)
def test_key_without_a_command_is_said_and_not_silent(key: str, said: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await wait_for(pilot, lambda: said in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_count_sequence_and_escape_are_not_told_as_unknown_keys() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("1", "g", "escape")
        await pilot.pause()
        assert "no key" not in text_of(app)[-1]
        await pilot.press("g", "z")
        await wait_for(pilot, lambda: "g z: no key of a command" in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_filter_that_is_typed_takes_the_place_of_the_one_that_is_on() -> None:
    """The new one was put behind the old one, without a blank."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"get", "enter")
        await pilot.press("/", *"aarq", "enter")
        await pilot.pause()
        assert main_of(app).filter_text == "aarq"
        await pilot.press("ctrl+underscore", "end", *" or get", "enter")
        await pilot.pause()
        assert main_of(app).filter_text == "aarq or get"

    drive(sample("ln-wrapper"), act)


def test_right_click_asks_what_to_do_with_the_row_and_a_click_does_it() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.click(main.records, offset=(20, 3), button=3)
        await wait_for(pilot, lambda: any(line.endswith("copy-field  ") for line in text_of(app)))
        assert main.records.number == 4
        at = next(y for y, line in enumerate(text_of(app)) if line.endswith("copy-field  "))
        await pilot.click(offset=(20, at))
        await wait_for(pilot, lambda: "copied" in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_menu_of_a_table_offers_what_the_table_does() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("o", "M")
        names = ("open", "sort", "filter-rows")
        await wait_for(pilot, lambda: [" sort by the next column " in line for line in text_of(app)].count(True) == 1)
        at = next(y for y, line in enumerate(text_of(app)) if line.startswith("▸"))
        assert tuple(line.split()[-1] for line in text_of(app)[at : at + 3]) == names
        await pilot.press(*"open", "enter")
        await pilot.pause()
        assert app.screen is main_of(app)

    drive(sample("ln-wrapper"), act)


def test_columns_may_stand_between_commas() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("c", "ctrl+u", *"number,time, summary", "enter")
        await pilot.pause()
        assert main_of(app).records.names == ("number", "time", "summary")

    drive(sample("ln-wrapper"), act)


def test_one_octet_is_copied_as_one() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "G", "y", "h")
        await wait_for(pilot, lambda: "copied 1 octet: 2 characters" in text_of(app)[-1])

    drive(sample("hdlc-segments"), act)


def test_note_that_is_selected_is_called_by_its_code() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("e", "tab")
        await pilot.pause()
        assert text_of(app)[-1].startswith(" block-") or text_of(app)[-1].startswith(" certificate-")

    drive(sample("blocks"), act)


def test_keys_of_several_parts_are_written_as_on_the_keyboard() -> None:
    keys = ("f8", "ctrl+up", "ctrl+underscore", "ctrl+shift+f5", "z", "G")
    assert [key_text(key) for key in keys] == ["F8", "Ctrl+↑", "Ctrl+/", "Ctrl+Shift+F5", "z", "G"]


@pytest.mark.parametrize(("key", "name"), [("l", "ladder.txt"), ("f", "follow.txt")])
def test_dialogue_is_exported_whole_however_narrow_the_screen(key: str, name: str, tmp_path: Path) -> None:
    """Records of the ladder were cut in the file as on the screen."""
    path = tmp_path / name

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("G", key, "x", *str(path), "enter")
        await wait_for(pilot, path.exists)

    drive(sample("ln-wrapper"), act, size=(48, 16))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) in (43, 44) and "09:14:07.343" in lines[0]
    assert any("GET request · 1-0:1.8.0*255 Active energy import (+A), attribute 3 scaler_unit" in one for one in lines)


@pytest.mark.parametrize("key", ["l", "f"])
def test_dialogue_on_a_narrow_screen_gives_up_its_times_and_not_what_was_said(key: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await wait_for(pilot, lambda: any("GET response" in line for line in text_of(app)))
        assert not any("09:14" in line for line in text_of(app))
        if key == "l":
            assert any(line.rstrip().endswith("│") or " ms" in line for line in text_of(app)[3:])
        await pilot.resize_terminal(80, 24)
        await wait_for(pilot, lambda: any("09:14" in line for line in text_of(app)))

    drive(sample("ln-wrapper"), act, size=(44, 16))


@pytest.mark.parametrize(("width", "said"), [(80, " 43 records · association 1 · 32 ↔ 1 "), (40, " 43 records ")])
def test_last_line_of_a_dialogue_drops_parts_whole_and_keeps_its_keys(width: int, said: str) -> None:
    """It ended in half an address, and what Enter does had no room."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("f")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(said))
        assert "…" not in text_of(app)[-1]
        if width == 80:
            assert "Enter record" in text_of(app)[-1]

    drive(sample("ln-wrapper"), act, size=(width, 24))


def test_highlight_says_how_many_it_found_and_what_goes_through_them() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("H", *"aarq", "enter")
        told = "highlighted: 1 record; n goes on, :no-highlight takes it away"
        await wait_for(pilot, lambda: told in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_heading_of_times_is_never_cut() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for said in ("Since first", "Since before", "From request"):
            await pilot.press("t")
            await pilot.pause()
            assert said in text_of(app)[1]

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("width", [40, 44, 80])
def test_readings_show_names_and_values_before_all_else(width: int) -> None:
    """On a narrow screen a value was ``512…``, beside half a time."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await wait_for(pilot, lambda: any("74565.120 kWh" in line for line in text_of(app)))
        if width == 80:
            assert any(" Active energy import (+A) " in line for line in text_of(app))
            assert not any("2026-03-02 " in line for line in text_of(app)[2:8])

    drive(sample("ln-wrapper"), act, size=(width, 24))


def test_note_is_applied_as_a_filter_by_its_code() -> None:
    """The layer that it stands at was the filter: all that the capture has."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("e", "tab", "equals_sign")
        await wait_for(pilot, lambda: main_of(app).filter_text.startswith("note == "))
        assert 0 < main_of(app).records.count < 10

    drive(sample("blocks"), act)


def test_find_in_a_table_asks_for_a_text_of_its_rows() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("o", "ctrl+f", *"clock", "enter")
        await wait_for(pilot, lambda: "1 of 1 objects with 'clock'" in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)
