"""Lines as a terminal draws them, the bar beside rows, and messages of the last line."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.pilot import Pilot
from textual.strip import Strip

from analyzer.export.lines import RecordLine
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.columns import COLUMNS, Look, Widths, layout, lend, without_value
from analyzer.tui.commands import Keymap, KeyReader
from analyzer.tui.fitting import fit, fit_ends, fit_summary
from analyzer.tui.theme import PALETTES
from analyzer.tui.widgets.side_bar import cells_of
from analyzer.tui.widgets.strips import TerseStrip, changed_cells, joined
from tests.tui.driving import LARGE, SMALL, drive, main_of, sample, text_of, wait_for

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


@pytest.mark.parametrize("size", [(80, 24), (50, 24)])
def test_title_too_long_for_the_line_leaves_the_name_of_the_screen(size: tuple[int, int]) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.options = app.options._replace(title="測" * 30 + "x" * 50)
        await pilot.press("s")
        await wait_for(pilot, lambda: re.search("… +Statistics 41 records $", text_of(app)[0]) is not None)
        assert text_of(app)[0].startswith(" dlmshark  測")

    drive(sample("ln-ciphered"), act, size)


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


@pytest.mark.parametrize("width", range(24, 160, 4))
def test_list_keeps_room_for_what_a_record_is(width: int) -> None:
    columns = layout(tuple(COLUMNS), width, 6, Widths(address=22, link=7, control=7))
    assert sum(room + 1 for _, room in columns) - 1 <= width
    assert {one.name: room for one, room in columns}["summary"] >= 10


@pytest.mark.parametrize("width", [140, 200])
def test_date_is_read_whole_where_its_summary_can_spare_room(width: int) -> None:
    """It was cut at its minutes."""
    shown = r"10 .* GET response · .*Clock +2026-03-02T10:14:07\.78\+01:00  59\.7 ms"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await wait_for(pilot, lambda: any(re.search(shown, line) for line in text_of(app)))

    drive(sample("hdlc-segments"), act, (width, 40))


@pytest.mark.parametrize(
    ("summary", "value", "rest"),
    [
        ('GET response · Device ID 1 · "52100071"', "52100071", "GET response · Device ID 1"),
        ("GET response · Load profile 1 · 96 rows · from 3 records", "96 rows",
         "GET response · Load profile 1 · from 3 records"),
        ("GET response · Image · " + 59 * "A" + "…", 80 * "A", "GET response · Image"),
        ("GET response · 0-0:1.0.0*255 Clock · 0", "0", "GET response · 0-0:1.0.0*255 Clock"),
        ("GET response · 5 of 12 · 51", "5", "GET response · 5 of 12 · 51"),
    ],
)  # fmt: skip
def test_value_that_has_its_column_is_not_said_twice(summary: str, value: str, rest: str) -> None:
    """It was where it stood in quotes, was cut, or had more behind it."""
    assert without_value(summary, value) == rest


@pytest.mark.parametrize("width", range(26, 54))
def test_short_value_is_read_whole_in_a_narrow_list(width: int) -> None:
    """Its last letters went while all of the service stood there."""
    text = fit_summary('GET response · 0-0:96.1.0*255 Device ID 1 · "52100071"', width)
    assert text.rstrip().endswith(' · "52100071"') and text.startswith("GET")


def test_summary_has_the_room_of_a_value_that_there_is_not() -> None:
    """It was cut to a few letters beside a blank column."""
    line = RecordLine(1, None, "", None, None, "", "", "GET response · 18 values", "", "", None, -1, 0, "")
    columns = layout(("number", "summary", "value"), 140, 3, Widths())
    rooms = {one.name: room for one, room in lend(columns, line)}
    assert rooms["value"] == 0
    assert sum(rooms.values()) == sum(room for _, room in columns)


def test_name_stays_where_how_many_records_were_joined_has_no_room() -> None:
    text = fit_summary("GET response · 1-0:99.1.0*255 Load profile 1 · 64 rows of 4 columns · from 5 records", 52)
    assert text.rstrip() == "GET response · Load profile 1 · 64 rows of 4 columns"


def test_part_of_a_short_value_takes_no_room_from_what_a_record_is() -> None:
    assert fit_summary('GET response · Device ID 1 · "计量表序列号"', 22).startswith("GET response · ")


def test_value_in_wide_characters_has_what_its_summary_leaves() -> None:
    """It was cut beside blanks, with one more before the ellipsis."""
    line = RecordLine(1, None, "", None, None, "", "", "GET response", 12 * "表", "", None, -1, 0, "")
    rooms = {one.name: room for one, room in lend(layout(("number", "summary", "value"), 140, 3, Widths()), line)}
    assert rooms["value"] == 24
    assert fit("表表表", 4) == "表… "


def test_value_without_end_leaves_the_summary_whole() -> None:
    line = RecordLine(1, None, "", None, None, "", "", "", "", "", None, -1, 0, "")
    line = line._replace(summary="GET response · Activity calendar", value="0" * 2000)
    columns = layout(("number", "summary", "value"), 140, 3, Widths())
    rooms = {one.name: room for one, room in lend(columns, line)}
    assert rooms["summary"] == len(line.summary)
    assert sum(rooms.values()) == sum(room for _, room in columns)


def test_number_of_the_millionth_record_is_not_cut() -> None:
    line = RecordLine(1_234_567, None, "", None, None, "", "", "", "", "", None, -1, 0, "")
    (column, width), *_ = layout(("number", "summary"), 40, 3, Widths().grown(line))
    assert column.write(line, width, Look())[0] == "1234567"


def test_meters_at_one_address_stay_apart_where_their_places_are_cut() -> None:
    first, second = (fit_ends(f"198.51.100.7:4059 {server}", 16, " ") for server in (1, 17))
    assert (first, second) == ("198.51.100.7:… 1", "198.51.100.7… 17")


async def _click(app: DlmsharkApp, pilot: Pilot[None], text: str, *, times: int = 1) -> None:
    """Click on *text*, wherever it stands."""
    await wait_for(pilot, lambda: any(text in line for line in text_of(app)))
    y, line = next((y, line) for y, line in enumerate(text_of(app)) if text in line)
    await pilot.click(offset=(line.index(text) + len(text) // 2, y), times=times)
    await pilot.pause()


def test_what_stands_in_the_lines_can_be_clicked_on() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await _click(app, pilot, "frame 103")
        assert main.octets.buffer == 0
        assert main.focused is main.records
        await _click(app, pilot, "deciphered APDU 76")
        assert main.octets.buffer == 1
        await _click(app, pilot, " doctor ")
        assert app.screen.title_text == "Doctor"  # type: ignore[attr-defined]
        await _click(app, pilot, " back ")
        assert app.screen is main
        await pilot.press("s")
        await _click(app, pilot, " association ")
        assert app.screen.by == "association"  # type: ignore[attr-defined]
        await _click(app, pilot, "Octets")
        await wait_for(pilot, lambda: any("Octets▾" in line for line in text_of(app)))
        octets = [row.key[2] for row in app.screen.table.rows]  # type: ignore[attr-defined]
        assert octets == sorted(octets, reverse=True)

    drive(sample("ln-ciphered"), act)


def test_choices_of_a_prompt_and_lines_of_the_help_can_be_clicked_on() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await _click(app, pilot, " filter ")
        await _click(app, pilot, "  time")
        await wait_for(pilot, lambda: " filter time" in text_of(app)[-2])
        await _click(app, pilot, "Esc gives up")
        await wait_for(pilot, lambda: " of 41" in text_of(app)[-1])
        await _click(app, pilot, " help ")
        await wait_for(pilot, lambda: any("one page up" in line for line in text_of(app)))
        lines = app.screen.text_pane.lines  # type: ignore[attr-defined]
        at = next(index for index, (_, _, line) in enumerate(lines) if "as a ladder" in line)
        app.screen.text_pane.move_to(at)  # type: ignore[attr-defined]
        await _click(app, pilot, "as a ladder", times=2)
        await wait_for(pilot, lambda: any(" Ladder " in line for line in text_of(app)))

    drive(sample("ln-ciphered"), act)


def test_what_is_chosen_is_told_without_colour() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        assert any("[deciphered APDU 76]" in line for line in text_of(app))
        await pilot.press("s", "right")
        await wait_for(pilot, lambda: any("[object]" in line for line in text_of(app)))

    drive(sample("ln-ciphered"), act)


def test_hints_of_all_screens_name_the_keys_that_a_user_gave() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.keymap = Keymap({"back": ["Q"], "export": ["X"]})
        app.key_reader = KeyReader(app.keymap)
        for key in "lfds?":
            await pilot.press(key)
            await wait_for(pilot, lambda: "Q back" in text_of(app)[-1])
            assert " q back" not in text_of(app)[-1]
            await pilot.press("Q")

    drive(sample("ln-ciphered"), act)


@pytest.mark.parametrize("count", [0x10000, 0x10001, 0x123456])
def test_octets_beyond_64_kb_stand_below_those_before_and_are_clicked_on(count: int) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        pane = main_of(app).octets
        pane.show([("assembled APDU", bytes(count))])
        rows = [pane.row_strip(index) for index in (0, (count - 1) // pane.per_row)]
        first, last = ("".join(segment.text for segment in row) for row in rows)
        assert first.split()[0] == f"{0:0{len(f'{count:x}')}x}"
        digits = len(f"{count:x}")
        assert last.split()[0] == f"{(count - 1) // pane.per_row * pane.per_row:0{digits}x}"
        assert first.index(" 00 ") == last.index(" 00 ") or count % pane.per_row == 1
        assert not first.rstrip().endswith("…")
        await pilot.click(pane, offset=(first.index(" 00 00") + 4, 0))
        assert pane.octet == 1

    drive(sample("ln-wrapper"), act)


def test_black_on_a_colour_of_sixteen_is_not_bold_which_many_terminals_show_as_grey() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.theme = "16-colours"
        styles = []
        for keys in ((), ("tab", "tab", "right")):  # octets that belong to a row, then one under the cursor
            await pilot.press(*keys)
            await pilot.pause()
            styles += [one.style for strip in app.screen._compositor.render_strips() for one in strip if one.style]
        black = [one for one in styles if one.color == Color.parse("black") and one.bgcolor is not None]
        assert {"cyan", "yellow"} <= {one.bgcolor.name for one in black if one.bgcolor is not None}
        assert not any(one.bold for one in black)

    drive(sample("ln-wrapper"), act)


def test_quantities_stay_apart_where_their_names_are_cut() -> None:
    """Import and export of a tariff, and tariffs of a billing period before, looked alike in 80 columns."""
    names = [f"Active energy {way}, tariff 1" for way in ("import (+A)", "export (-A)")]
    assert [fit_ends(one, 22).rstrip() for one in names] == ["Active… (+A), tariff 1", "Active… (-A), tariff 1"]
    before = [f"Active energy import (+A), tariff {tariff}, billing period 1" for tariff in (1, 2)]
    assert len({fit_ends(one, 34) for one in before}) == 2
    assert fit_ends("1-0:1.8.0*255 Active energy import (+A), attribute 2", 31).startswith("1-0:1.8.0*255 ")


def test_value_is_not_cut_where_there_is_room_nor_a_name_for_it() -> None:
    async def at_large(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await wait_for(pilot, lambda: any("  2026-03-02T10:14:07.78+01:00  " in line for line in text_of(app)[:6]))

    async def at_small(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await wait_for(pilot, lambda: any("Active power import (+P)" in line for line in text_of(app)[:12]))

    drive(sample("hdlc-segments"), at_large, LARGE)
    drive(sample("p1"), at_small)
