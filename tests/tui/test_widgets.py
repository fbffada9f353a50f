"""Lines as a terminal draws them, the bar beside rows, and messages of the last line."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.pilot import Pilot
from textual.strip import Strip

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.fitting import fit
from analyzer.tui.theme import PALETTES
from analyzer.tui.widgets.side_bar import cells_of
from analyzer.tui.widgets.strips import TerseStrip, changed_cells, joined
from tests.tui.driving import SMALL, drive, main_of, sample, text_of, wait_for

WIDTH = 40
_COLOURS = st.sampled_from(["", "#ff0000", "#00ff00", "#102030"])
_STYLES = st.builds(
    lambda front, back, bold, turned: Style(
        color=front or None, bgcolor=back or None, bold=bold or None, reverse=turned or None
    ),
    _COLOURS, _COLOURS, st.booleans(), st.booleans(),
)  # fmt: skip
_TEXTS = st.sampled_from(["a", "bc", " ", "   ", "d e", "ö→"])
_SEGMENTS = st.lists(st.tuples(_TEXTS, _STYLES).map(lambda one: Segment(*one)), min_size=1, max_size=8)
_CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")


def _drawn(*strips: Strip) -> list[tuple[object, ...]]:
    """The cells of a terminal in which *strips* were written over one another; of a blank what is seen of it."""
    screen = pyte.Screen(WIDTH, 1)
    for strip in strips:
        pyte.Stream(screen).feed("\x1b[1;1H" + strip.render(_CONSOLE))
    cells = [screen.buffer[0][x] for x in range(WIDTH)]
    return [
        (one.data, one.bg, one.reverse, one.fg, one.bold) if one.data != " " or one.reverse else (" ", one.bg)
        for one in cells
    ]


@given(_SEGMENTS)
def test_line_of_joined_pieces_looks_like_each_piece_written_by_itself(segments: list[Segment]) -> None:
    assert _drawn(TerseStrip(joined(segments))) == _drawn(Strip(segments))


@given(_SEGMENTS, _SEGMENTS)
def test_cells_that_changed_written_over_the_old_line_give_the_new_one(
    old: Sequence[Segment], new: Sequence[Segment]
) -> None:
    ground = Style(bgcolor="#102030")
    before, after = (TerseStrip(Strip(one).adjust_cell_length(WIDTH, ground), WIDTH) for one in (old, new))
    cells = changed_cells(before, after)
    assert (cells == 0) == (before == after)
    assert _drawn(before, after.crop(0, cells)) == _drawn(after)


def _filled(cells: Sequence[Segment]) -> tuple[int, int]:
    """Where the bar begins and ends, in eighths of a cell from the top."""
    eighths: list[bool] = []
    for one in cells:
        assert one.style is not None and not one.style.meta
        blank = 8 - " ▁▂▃▄▅▆▇".index(one.text)
        is_turned = bool(one.style.reverse)
        eighths += [is_turned] * blank + [not is_turned] * (8 - blank)
    start, length = eighths.index(True), sum(eighths)
    assert all(eighths[start : start + length])
    return start, start + length


@pytest.mark.parametrize("count", [11, 35, 2000, 1_000_000])
@pytest.mark.parametrize("height", [2, 8, 10])
def test_bar_goes_from_one_end_to_the_other_and_is_as_long_as_what_is_in_sight(height: int, count: int) -> None:
    last = count - height
    places = [_filled(cells_of(height, count, top, PALETTES["dark"])) for top in (0, last // 3, 2 * last // 3, last)]
    assert places == sorted(places)
    assert (places[0][0], places[-1][1]) == (0, height * 8)
    assert {end - start for start, end in places} == {max(8, ceil(height / count * height * 8))}


def test_bar_is_blank_where_all_rows_are_in_sight() -> None:
    palette = PALETTES["dark"]
    for count in (0, 1, 9, 10):
        assert cells_of(10, count, 0, palette) == (Segment(" ", palette.base),) * 10


def test_message_stays_as_the_prompt_closes_and_goes_with_the_next_key() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+f", *"ffeeddcc", "enter")
        await wait_for(pilot, lambda: "no further record holds ffeeddcc" in text_of(app)[-1])
        await pilot.pause(0.2)
        assert "no further record holds ffeeddcc" in text_of(app)[-1]
        await pilot.press("down")
        await wait_for(pilot, lambda: " 2 of 41" in text_of(app)[-1])

    drive(sample("ln-ciphered"), act)


def test_answer_that_is_wrong_stays_in_the_prompt() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"obis ==", "enter")
        await pilot.pause()
        assert "obis ==" in text_of(app)[-2] and "at 8: " in text_of(app)[-1]
        await pilot.press("escape")
        await wait_for(pilot, lambda: " 1 of 41" in text_of(app)[-1])
        assert main_of(app).filter_run is None

    drive(sample("ln-ciphered"), act)


def test_text_that_was_cut_before_ends_in_one_ellipsis() -> None:
    assert fit("AARQ · LN… · mechanism", 13) == "AARQ · LN…   "
    assert fit("AARQ · LN, no ciphering", 13) == "AARQ · LN, n…"


def test_bar_is_drawn_along_with_the_mouse_and_the_cursor_stays() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        records = main_of(app).records
        right, last = records.size.width - 1, records.size.height - 1
        await pilot.mouse_down(records, offset=(right, last))
        assert records.top == records.count - records.size.height
        await pilot.hover(records, offset=(right, 0))
        assert (records.top, records.cursor) == (0, 0)
        await pilot.mouse_up(records, offset=(right, 0))
        await pilot.hover(records, offset=(right, last))
        assert (records.top, records.cursor) == (0, 0)

    drive(sample("ln-ciphered"), act, size=SMALL)


def test_text_typed_behind_a_completion_is_looked_at() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"servi", "tab", "tab", *' == "')
        await pilot.pause()
        assert text_of(app)[-2].strip() == 'filter service-class == "'
        assert text_of(app)[-1].startswith(" at ")
        assert "service-error" not in text_of(app)[-3]

    drive(sample("ln-ciphered"), act)


def test_history_gives_back_what_was_typed_and_shows_no_text_twice() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for text in ("aarq", "aare"):
            await pilot.press("/", *["backspace"] * 4, *text, "enter")
        await pilot.press("/", "up")
        assert text_of(app)[-2].strip() == "filter aarq"
        await pilot.press("down")
        assert text_of(app)[-2].strip() == "filter aare"
        await pilot.press(*" or", "up", "down")
        assert text_of(app)[-2].strip() == "filter aare or"

    drive(sample("ln-ciphered"), act)


def test_lines_pasted_into_a_prompt_are_all_taken() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+f")
        app.screen.post_message(events.Paste("09 10\r\n4d 4d\n"))
        await wait_for(pilot, lambda: text_of(app)[-2].strip() == "find 09 10 4d 4d")

    drive(sample("ln-ciphered"), act)


def test_title_too_long_for_the_line_gives_way_to_the_counts() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.options = app.options._replace(title="live: serial:/dev/serial/by-id/usb-FTDI")
        await pilot.press("F")
        await wait_for(pilot, lambda: text_of(app)[0].endswith(" TAIL   41 records "))
        assert text_of(app)[0].startswith(" dlmshark  live: serial:")

    drive(sample("ln-ciphered"), act, (50, 24))


def test_message_longer_than_the_line_is_seen_whole_until_the_next_key() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        height = main.records.size.height + main.octets.size.height + main.tree_pane.size.height
        await pilot.press("colon", *"decode-as nonsense", "enter")
        await wait_for(pilot, lambda: text_of(app)[-2].startswith(" nonsense: expected SELECTOR,STACK"))
        assert "…" not in text_of(app)[-2] + text_of(app)[-1]
        await pilot.press("down")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" 2 of 41"))
        assert main.records.size.height + main.octets.size.height + main.tree_pane.size.height == height

    drive(sample("ln-ciphered"), act)


def test_name_of_a_file_gives_the_terminal_no_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ab\x1b]0;owned").touch()

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.options = app.options._replace(title="a\x1b]0;owned\x07\u202e")
        await pilot.press("F")
        await wait_for(pilot, lambda: "a\\x1b]0;owned\\x07\\u202e" in text_of(app)[0])
        main_of(app).flash("a\x1b]0;owned")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" a\\x1b]0;owned"))
        main_of(app).flash("a\x1b]0;owned " + "in several lines " * 9)
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" several lines"))
        assert text_of(app)[-3].startswith(" a\\x1b]0;owned in several lines")
        assert all(line.isprintable() for line in text_of(app))
        await pilot.press("O", "a", "tab")
        await pilot.pause()
        assert all(line.isprintable() for line in text_of(app))
        await pilot.press("escape")
        main_of(app).ask_export("a\x1b]0;owned.csv")
        await wait_for(pilot, lambda: "write to a]0;owned.csv" in text_of(app)[-2])

    drive(sample("ln-ciphered"), act)
