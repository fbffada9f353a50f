"""The main screen: three panes over a capture, with the selection in all directions."""

from __future__ import annotations

from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from tests.tui.driving import LARGE, drive, main_of, sample, text_of


def test_list_shows_the_records_of_the_capture() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        lines = text_of(app)
        assert "ln-ciphered.pcap" in lines[0] and "41 records" in lines[0]
        assert "07:45:12.651 → 1 ↔ 1 ◆ AARQ · LN, ciphering · mechanism 5" in lines[2]

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
