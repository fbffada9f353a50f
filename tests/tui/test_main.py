"""The main screen: three panes over a capture, with the selection in all directions."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual import events
from textual._compositor import LayoutUpdate
from textual.pilot import Pilot
from textual.widgets import Input

from analyzer.capture import Capture
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.commands import COMMANDS
from analyzer.tui.screens.filtering import FILTER_EXAMPLES
from analyzer.tui.widgets.prompt import AnswerInput
from captures.samples import samples
from tests.tui.driving import LARGE, drive, indexed, main_of, sample, text_of, wait_for


def test_list_shows_the_records_of_the_capture() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        lines = text_of(app)
        assert "ln-ciphered.pcap" in lines[0] and "41 records" in lines[0]
        assert "07:45:12.651 → 1 ↔ 1 ◆ AARQ · LN, ciphering · HLS with GMAC" in lines[2]

    drive(sample("ln-ciphered"), act)


def test_moving_in_the_list_shows_another_record_below() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        await pilot.pause()
        assert main_of(app).shown == 3
        assert any("Record 3" in line for line in text_of(app))

    drive(sample("hdlc-segments"), act)


def test_node_of_a_deciphered_apdu_is_shown_in_its_buffer() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("1", "0", "G", "tab")
        await pilot.pause()
        step = next(item.step for item in main.tree_pane.items if item.step.node.name == "double-long-unsigned")
        main.tree_pane.move_to([item.step for item in main.tree_pane.items].index(step))
        await pilot.pause()
        assert main.octets.buffers[main.octets.buffer][0] == "deciphered APDU"
        start, end = main.octets.selected.start, main.octets.selected.end
        assert main.octets.octets[start:end] == b"\x06" + (74565120).to_bytes(4, "big")

    drive(sample("ln-ciphered"), act)


def test_octet_selects_its_node() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("tab", "tab", "home", *["right"] * 5)
        await pilot.pause()
        assert main.octets.octet == 5
        assert main.tree_pane.item is not None
        assert main.tree_pane.item.step.node.name == "source-address"

    drive(sample("hdlc-segments"), act)


def test_maximised_pane_has_the_room_of_all() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("tab", "backslash")
        await pilot.pause()
        assert main.tree_pane.size.height == 24 - 3
        await pilot.press("tab")
        await pilot.pause()
        assert main.octets.size.height == 24 - 3
        await pilot.press("backslash")
        await pilot.pause()
        assert 0 < main.octets.size.height < 10

    drive(sample("hdlc-segments"), act)


def test_layouts_follow_one_another() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        panes = main.query_one("#panes")
        assert panes.has_class("side")
        await pilot.press("vertical_line")
        await pilot.pause()
        assert panes.has_class("wide") and main.octets.size.height > 5
        await pilot.press("vertical_line")
        await pilot.pause()
        assert panes.has_class("stacked")

    drive(sample("hdlc-segments"), act, LARGE)


def test_quit_ends_with_success() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+q")
        await pilot.pause()

    assert drive(sample("hdlc-segments"), act).return_code == 0


def test_filter_shows_only_what_matches() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"obis", "equals_sign", "equals_sign", *"0-0", "colon", *"1.0.0", "enter")
        main = main_of(app)
        await wait_for(pilot, lambda: main.filter_run is not None and main.filter_run.is_done)
        numbers = [main.records.number_at(index) for index in range(main.records.count)]
        assert numbers and all("Clock" in line.summary for line in app.capture.lines(numbers))
        assert len(numbers) < app.capture.table.height
        assert f" of {len(numbers)} " in text_of(app)[-1]
        await pilot.press("q")
        await pilot.pause()
        assert main.records.count == app.capture.table.height
        assert f" of {main.records.count} " in text_of(app)[-1]

    drive(sample("ln-wrapper"), act)


def test_filter_that_is_on_is_seen_where_there_is_little_room() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for text, seen in (
            ('service == "get-response"', ' service == "get-response"  15 of 43'),
            ('service == "get-response" && value != "a text"', 'service == "get-response" && value != …  8 of 43'),
        ):
            main_of(app).answer_filter(text)
            await wait_for(pilot, lambda seen=seen: any(seen in line for line in text_of(app)))

    drive(sample("ln-wrapper"), act)


def test_filter_that_nothing_passes_says_so() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).answer_filter("server == 77")
        await wait_for(pilot, lambda: "no record passes the filter; Esc takes it away" in text_of(app)[-1])
        await pilot.press("escape")
        await wait_for(pilot, lambda: " of 43 " in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


def test_narrow_list_goes_without_a_link_that_one_word_stands_for() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        link = "iec62056-21"
        assert not any("Link" in line or link[:4] in line for line in text_of(app)[1:10])
        await pilot.resize_terminal(140, 40)
        await wait_for(pilot, lambda: "Link" in text_of(app)[1] and link in text_of(app)[2])

    drive(sample("mode-c-programming"), act)


def test_record_is_shown_again_once_a_filter_that_nothing_passes_is_taken_away() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.answer_filter("server == 77")
        await wait_for(pilot, lambda: main.shown == 0)
        await pilot.press("q")
        await wait_for(pilot, lambda: main.shown == 1 and any("Record 1 " in line for line in text_of(app)))

    drive(sample("hdlc-segments"), act)


@pytest.mark.parametrize("opened", [[], ["d"], ["a"]], ids=["main", "doctor", "associations"])
def test_key_is_added_from_any_screen(opened: list[str]) -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    capture = Capture([str(one.path)])
    capture.start()
    capture.wait(60)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        records = app.capture.records
        await pilot.press("1", "0", "G", *opened)
        await pilot.pause()
        assert (app.screen is main_of(app)) == (not opened)
        assert "closed" in app.capture.lines([10])[0].summary
        await pilot.press("plus")
        await wait_for(pilot, lambda: any("add key" in line for line in text_of(app)))
        app.screen.query_one("#answer", Input).value = str(one.keys)
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.capture.records is not records, 60)
        await pilot.press("q")
        await wait_for(
            pilot, lambda: app.screen is main_of(app) and any("74565.120 kWh" in line for line in text_of(app))
        )
        assert main_of(app).shown == 10

    try:
        drive(capture, act, LARGE)
    finally:
        capture.close()


def test_wrong_filter_says_where_while_it_is_typed() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"service", "space", "equals_sign", "equals_sign", "space", "equals_sign")
        await pilot.pause()
        assert "at 12:" in text_of(app)[-1]
        answer = app.screen.query_one(AnswerInput)
        for text, wrong in (("service == =", "="), ('time > "soon" and get', '"soon"'), ("get", "")):
            answer.value = text
            await pilot.pause()
            underlined = [one.text for one in answer.render_line(0) if one.style is not None and one.style.underline]
            assert "".join(underlined) == wrong
        await pilot.press("escape")
        assert main_of(app).focused is main_of(app).records

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("text", FILTER_EXAMPLES)
def test_filter_that_the_prompt_offers_is_valid(text: str) -> None:
    run = sample("ln-wrapper").filter(text, utc=True)
    assert run.error is None


def test_number_of_a_meter_is_found_as_text_where_no_octets_are_so() -> None:
    """Its digits were taken for octets alone, and not found though the list shows them."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+f", *"52100348")
        await wait_for(pilot, lambda: "4 octets or text" in text_of(app)[-1])
        await pilot.press("enter")
        await wait_for(pilot, lambda: main_of(app).records.number == 16)
        assert "found in record 16" in text_of(app)[-1]
        await pilot.press("ctrl+f", *"52 10 03 48")
        await wait_for(pilot, lambda: " 4 octets " in text_of(app)[-1])

    drive(sample("hdlc-segments"), act)


def test_search_for_octets_selects_them() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("ctrl+f", *"0471c600", "enter")
        await wait_for(pilot, lambda: main.records.number > 1)
        place = main.octets.selected
        assert main.detail is not None
        assert main.detail.buffers[place.buffer][1][place.start : place.end] == bytes.fromhex("0471C600")

    drive(sample("ln-ciphered"), act)


def test_request_and_response_lead_to_one_another() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("9", "G", "right_square_bracket")
        await pilot.pause()
        assert main.records.number == 10
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert main.records.number == 9

    drive(sample("ln-ciphered"), act)


def test_marks_lead_back() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("5", "G", "m", "a", "G", "apostrophe", "a")
        await pilot.pause()
        assert main.records.number == 5
        await pilot.press("asterisk", "g", "g", "b")
        await pilot.pause()
        assert main.records.number == 5

    drive(sample("ln-ciphered"), act)


def test_octets_that_are_copied_from_a_record_hold_no_password() -> None:
    copied = []

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("3", "G")
        await pilot.pause()
        await pilot.press("y", "h")
        copied.append(bytes.fromhex(app.clipboard))

    capture = sample("sn-hdlc")
    drive(capture, act)
    octets = capture.record(3).octets
    assert b"\x80\x08" + b"0" * 8 in octets
    assert copied == [octets.replace(b"0" * 8, b"*" * 8)]


def test_copies_of_a_record_say_all_of_it() -> None:
    copied: dict[str, str] = {}

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("1", "0", "G")
        await pilot.pause()
        for key in "hajpy":
            await pilot.press("y", key)
            copied[key] = app.clipboard

    capture = sample("ln-ciphered")
    drive(capture, act)
    octets = capture.record(10).octets
    assert bytes.fromhex(copied["h"]) == octets
    found = bytes.fromhex(
        "".join(line[6:30] for line in copied["a"].splitlines() if line[:4].strip() and line[4:6] == "  ")
    )
    assert found.startswith(octets)
    assert '"summary": "GET response' in copied["j"]
    assert f'Wrapper(bytes.fromhex("{octets.hex()}"))' in copied["p"]
    assert copied["y"].startswith("10  GET response")


def test_times_are_shown_in_four_ways() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        seen = []
        for _ in range(4):
            seen.append(text_of(app)[3].split()[1])
            await pilot.press("t")
            await pilot.pause()
        assert seen == ["07:45:12.778", "0.126889", "0.126889", "127"]

    drive(sample("ln-ciphered"), act)


def test_times_are_counted_from_the_record_that_is_the_reference() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("down", "ctrl+t")
        await pilot.pause()
        heading, first, second = (text_of(app)[row] for row in (1, 2, 3))
        assert "Since 2" in heading
        assert (first.split()[1], second.split()[1]) == ("-0.126889", "0.000000")
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert "Since" not in text_of(app)[1]
        assert text_of(app)[3].split()[1] == "07:45:12.778"

    drive(sample("ln-ciphered"), act)


def test_file_that_grows_shows_what_came(tmp_path: Path) -> None:
    path = tmp_path / "growing.pcap"
    octets = Path(sample("ln-wrapper").inputs[0]).read_bytes()
    path.write_bytes(octets[: len(octets) // 2])
    capture = indexed(str(path))
    before = capture.table.height

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("5", "G", "p")
        await wait_for(pilot, lambda: "paused: a file that grows is shown as it was" in text_of(app)[-1])
        path.write_bytes(octets)
        await wait_for(pilot, lambda: capture.table.height > before, 60)
        assert (main.records.count, main.records.number) == (before, 5)
        await pilot.press("p")
        await wait_for(pilot, lambda: main.records.count == 43)
        assert main.records.number == 5
        await pilot.press("F")
        await pilot.pause()
        assert main.records.number == 43
        await pilot.press("up")
        await pilot.pause()
        assert not main.is_tailing
        path.unlink()
        await pilot.press("g", "g")
        await pilot.pause()
        assert main.shown == 1

    drive(capture, act)


def test_capture_without_records_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.pcap"
    path.write_bytes(Path(sample("ln-wrapper").inputs[0]).read_bytes()[:24])

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key in ("down", "e", "tab", "tab", "d", "q", "a", "q", "f", "q", "l", "q", "y", "h", "D", "u", "t"):
            await pilot.press(key)
            await pilot.pause()
        assert "0 records" in text_of(app)[0]

    drive(indexed(str(path)), act)


def test_resize_in_any_state_keeps_the_cursor_in_sight() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("3", "0", "G")
        for size in ((40, 10), (200, 50), (20, 5), (80, 24), (132, 43)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            top = main.records.top
            assert main.records.number == 30
            assert top <= main.records.cursor < top + max(main.records.size.height, 1), size

    drive(sample("hdlc-segments"), act)


def test_comment_is_shown_and_saved_into_a_pcapng(tmp_path: Path) -> None:
    path = tmp_path / "kept.pcapng"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("4", "G", "semicolon", *"slow", "enter")
        await pilot.pause()
        assert any("comment  slow" in line for line in text_of(app))
        await pilot.press("q")
        await pilot.pause()
        assert any("not saved" in line for line in text_of(app))
        main.answer_export(str(path))
        await wait_for(pilot, lambda: not main.has_unsaved, 30)

    drive(sample("ln-wrapper"), act)
    noted = [note.text for number in range(1, 44) for note in indexed(str(path)).record(number).notes]
    assert noted.count("slow") == 1


def test_stack_is_forced_while_looking() -> None:
    capture = Capture([sample("ln-wrapper").inputs[0]])
    capture.start()
    capture.wait(60)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("colon", *"decode-as", "enter")
        assert main.query_one("#answer", Input).value == "tcp.port==4059,"
        await pilot.press("escape")
        records = capture.records
        main.answer_decode_as("tcp.port==4059,hdlc")
        await wait_for(pilot, lambda: capture.records is not records, 60)
        await wait_for(pilot, lambda: capture.progress.is_done, 60)
        main.answer_decode_as("tcp.port==4059,wrong")
        await wait_for(pilot, lambda: any(" tcp.port==4059,wrong: expected" in line for line in text_of(app)))

    drive(capture, act)
    assert capture.table.paths and not any(path.link == "wrapper" for path in capture.table.paths)
    capture.close()


def test_every_command_of_the_table_can_be_run_somewhere() -> None:
    names: set[str] = set()

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        names.update(one.name for one in app.screen.available())  # type: ignore[attr-defined]
        await pilot.press("tab")
        names.update(one.name for one in app.screen.available())  # type: ignore[attr-defined]
        for key in ("r", "K", "a"):
            await pilot.press(key)
            await pilot.pause()
            names.update(one.name for one in app.screen.available())  # type: ignore[attr-defined]
        app.open_screen("diff")
        await pilot.pause()
        names.update(one.name for one in app.screen.available())  # type: ignore[attr-defined]
        app.open_screen("start")
        await pilot.pause()
        names.update(one.name for one in app.screen.available())  # type: ignore[attr-defined]

    drive(sample("ln-ciphered"), act)
    assert set(COMMANDS) - names == set()


def test_keys_typed_faster_than_a_prompt_opens_are_its_text() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key, character in [("slash", "/"), *((one, one) for one in "aarq"), ("enter", "\r")]:
            app.post_message(events.Key(key, character))
        await wait_for(pilot, lambda: main_of(app).filter_run is not None)
        await pilot.pause()
        assert main_of(app).filter_text == "aarq"
        assert app.screen is main_of(app)

    drive(sample("ln-wrapper"), act)


def test_screen_that_is_closed_at_once_leaves_nothing_behind() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key in ("l", "a", "s", "r", "K", "o", "S", "d"):
            app.simulate_key(key)
            app.simulate_key("escape")
        await pilot.pause()
        await wait_for(pilot, lambda: app.screen is main_of(app))

    drive(sample("ln-wrapper"), act)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no job control")
@pytest.mark.parametrize("has_shell", [True, False])
def test_program_goes_to_the_shell_only_where_one_waits(has_shell: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        stopped: list[bool] = []
        monkeypatch.setattr(app, "suspend", nullcontext)
        monkeypatch.setattr("analyzer.tui.app.os.killpg", lambda group, number: stopped.append(True))
        monkeypatch.setattr("analyzer.tui.app.os.getpgrp", lambda: 2 if has_shell else 1)
        monkeypatch.setattr("analyzer.tui.app.os.getsid", lambda process: 1)
        await pilot.press("ctrl+z")
        assert bool(stopped) == has_shell
        assert ("Ctrl+Z needs a shell that started dlmshark" in text_of(app)[-1]) != has_shell

    drive(sample("ln-wrapper"), act)


def test_whole_screen_is_shown_again_where_another_program_let_this_one_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        shown: list[object] = []
        monkeypatch.setattr(app, "_display", lambda screen, update: shown.append(update))
        app.app_resume_signal.publish(app)
        await wait_for(pilot, lambda: any(isinstance(one, LayoutUpdate) for one in shown))

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    ("before", "begins"),
    [("", ""), ("get", "get && "), ("get or set", "(get or set) && "), ("get || set", "(get || set) && ")],
)
def test_selected_node_is_added_to_the_filter_that_is_edited(before: str, begins: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        if before:
            main.answer_filter(before)
            await wait_for(pilot, lambda: main.filter_text == before)
        await pilot.press("tab", *["down"] * 4, "ampersand")
        await wait_for(pilot, lambda: isinstance(app.focused, Input))
        assert isinstance(app.focused, Input)
        typed = app.focused.value
        assert typed.startswith(begins) and len(typed) > len(begins)
        await pilot.press("enter")
        await wait_for(pilot, lambda: main.filter_text == typed)
        await wait_for(pilot, lambda: main.filter_run is not None and main.filter_run.is_done)
        assert main.records.count > 0

    drive(sample("ln-wrapper"), act)


def test_filter_of_a_node_is_in_the_history_of_filters() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("tab", *["down"] * 4, "equals_sign")
        await wait_for(pilot, lambda: bool(main.filter_text))
        applied = main.filter_text
        await pilot.press("escape", "slash")
        await wait_for(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("up")
        assert isinstance(app.focused, Input)
        await wait_for(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == applied)

    drive(sample("ln-wrapper"), act)
