"""The screens beside the main one: each shows what the capture has, and leads to its records."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.diagnosis.carrier import tell_carriers
from analyzer.diagnosis.story import Stories
from analyzer.filter import FilterError
from analyzer.filter.compile import compile_filter
from analyzer.index.filtering import FilterRun
from analyzer.table.statistics import Latency, Statistic, connections, layers, statistics
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.columns import duration_text
from analyzer.tui.screens.doctor import Told, story_paragraphs
from analyzer.tui.screens.statistics import BY, filter_of, statistics_row
from analyzer.tui.widgets.bars import StatusBar
from analyzer.tui.widgets.plot import bar
from analyzer.tui.widgets.table import TableColumn
from tests.analyzer.index import mixed
from tests.captures.build import pcap_header
from tests.tui.driving import LARGE, SMALL, drive, indexed, main_of, sample, text_of, wait_for

SHOWN = {
    "exclamation_mark": ("blocks", "block-repeated"),
    "a": ("hdlc-segments", "accepted; released by the client"),
    "l": ("hdlc-segments", "SNRM ─"),
    "f": ("ln-ciphered", "→ GET request · 0-0:1.0.0*255 Clock"),
    "o": ("ln-wrapper", "74565.120 kWh"),
    "r": ("blocks", "74565.120 kWh"),
    "s": ("ln-wrapper", "get-response"),
    "K": ("ln-ciphered", "guek@4D4D4D0000BC614E:"),
    "S": ("hdlc-segments", "stacks"),
    "R": ("ln-wrapper", "association-rejected"),
    "question_mark": ("ln-wrapper", "one row up"),
}


def test_palette_runs_the_command_of_that_name_before_those_that_speak_of_it() -> None:
    """It ran tail, which follows the end of the capture."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", *"follow", "enter")
        await wait_for(pilot, lambda: "  Follow " in text_of(app)[0])

    drive(sample("ln-ciphered"), act)


@pytest.mark.parametrize("key", list(SHOWN))
def test_screen_shows_what_the_capture_has(key: str) -> None:
    name, expected = SHOWN[key]

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await wait_for(pilot, lambda: any(expected in line for line in text_of(app)))
        await pilot.press("q")
        await pilot.pause()
        assert app.screen is main_of(app)

    drive(sample(name), act)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("push-udp", "the pushes name none"), ("push-ciphered", "APDUs stay closed; + adds a key")],
)
def test_objects_of_pushes_alone_say_what_would_name_them(name: str, expected: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("o")
        await wait_for(pilot, lambda: expected in app.screen.query_one(StatusBar).text)

    drive(sample(name, is_keyed=False), act)


def test_association_counts_its_services() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("a")
        await wait_for(pilot, lambda: app.screen.table.count == 2)
        rows = app.screen.table.rows
        assert [row.cells[1] for row in rows] == ["16 ↔ 1.17", "16 ↔ 1.5017"]
        assert [int(row.cells[3]) for row in rows] == [7, 8]

    drive(sample("hdlc-segments"), act, LARGE)


def test_row_of_an_object_leads_to_the_record_of_its_last_value() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("o")
        await wait_for(pilot, lambda: app.screen.table.count > 0)
        table = app.screen.table
        place = next(index for index, row in enumerate(table.rows) if row.cells[1] == "1-0:1.8.0*255")
        table.move_to(place)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert app.screen is main_of(app)
        assert "74565.120 kWh" in app.capture.lines([main_of(app).records.number])[0].summary
        await pilot.press("q")
        await pilot.pause()
        assert app.screen.title_text == "Objects"
        assert app.screen.table.cursor == place

    drive(sample("ln-wrapper"), act)


def test_table_is_sorted_by_numbers_the_largest_first() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("a")
        await wait_for(pilot, lambda: app.screen.table.count == 2)
        table = app.screen.table
        while table.sorted_by != 3:
            await pilot.press("s")
        assert [int(row.cells[3]) for row in table.rows] == [8, 7]

    drive(sample("hdlc-segments"), act, LARGE)


def test_screens_of_a_capture_that_has_nothing_say_so_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key, text in (
            ("escape", "Nothing of ours was found in this capture."),
            ("escape", "S says what it holds, O opens another capture."),
            ("d", "Nothing of ours was found in this capture."),
            ("exclamation_mark", "No record has a note."),
            ("a", "No association was found."),
            ("r", "No metered value was read."),
            ("f", "Nothing of ours was found in this capture."),
            ("l", "Nothing of ours was found in this capture."),
            ("K", "No key was given; + adds one, or a keyring: guek=HEX"),
        ):
            await pilot.press(key)
            await wait_for(pilot, lambda text=text: any(text in line for line in text_of(app)))
            assert not any("nothing to plot" in line for line in text_of(app))

    drive(indexed(str(path)), act)


@pytest.mark.parametrize("key", ["f", "l"])
def test_dialogue_of_no_record_says_why_it_is_blank(key: str) -> None:
    """It said so in the last line alone."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"client == 99", "enter", key)
        await wait_for(pilot, lambda: any("No record is selected." in line for line in text_of(app)[:-1]))

    drive(sample("ln-wrapper"), act)


def test_last_line_offers_no_key_that_needs_a_row_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key, left in (
            ("escape", "Ctrl+Q quit  d doctor  ? help"), ("d", "q back"), ("exclamation_mark", "q back"),
            ("a", "q back"), ("r", "q back"), ("l", "q back"), ("f", "q back"), ("s", "→ by …  q back"),
            ("K", "+ add a key  q back"),
        ):  # fmt: skip
            await pilot.press(key)
            await wait_for(pilot, lambda left=left: text_of(app)[-1].rstrip().endswith(f"  {left}"))

    drive(indexed(str(path)), act)


def test_keys_that_the_last_line_offers_work_where_no_table_is() -> None:
    """Where two records are compared e did nothing, and s was refused on the ladder and in the dialogue."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("4", "G", "D")
        await wait_for(pilot, lambda: app.screen.title_text == "Compare" and app.screen.panes[0].cursor > 0)  # type: ignore[attr-defined]
        before = app.screen.panes[0].cursor  # type: ignore[attr-defined]
        await pilot.press("e")
        await wait_for(pilot, lambda: app.screen.panes[0].cursor > before)  # type: ignore[attr-defined]
        await pilot.press("E")
        await wait_for(pilot, lambda: app.screen.panes[0].cursor == before)  # type: ignore[attr-defined]
        for key in ("l", "f"):
            await pilot.press(key, "s")
            await wait_for(pilot, lambda: app.screen.title_text == "Statistics")  # type: ignore[attr-defined]

    drive(sample("ln-ciphered"), act)


def test_list_without_a_record_leads_to_the_doctor_where_that_has_a_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("escape")
        assert any("S says what it holds" in line for line in text_of(app))
        monkeypatch.setattr(type(app.capture), "stories", lambda self: [object()])
        main_of(app).diagnosed()
        await wait_for(pilot, lambda: any("d says what it holds" in line for line in text_of(app)))

    drive(indexed(str(path)), act)


def test_notes_of_a_capture_that_is_being_read_are_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(app.capture, "progress", app.capture.progress._replace(is_done=False))
        await pilot.press("exclamation_mark")
        await wait_for(pilot, lambda: any("no record so far has a note" in line for line in text_of(app)))

    drive(sample("p1"), act)


def test_readings_that_are_no_numbers_are_counted() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await wait_for(pilot, lambda: any("Error register 1  2 values" in line for line in text_of(app)))

    drive(sample("mode-c-readout"), act)


def test_doctor_says_of_a_capture_that_is_being_read_that_problems_are_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(type(app.capture), "is_diagnosed", False)
        monkeypatch.setattr(type(app.capture), "stories", lambda self: [])
        await pilot.press("d")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" not known yet"))

    drive(sample("ln-wrapper"), act)


def test_request_and_response_are_compared_field_by_field() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("4", "G", "D")
        await wait_for(pilot, lambda: any("fields differ" in line for line in text_of(app)))
        lines = text_of(app)
        assert any("get-request-normal" in line and "get-response-normal" in line for line in lines)
        differing, equal = (next(line for line in lines if said in line) for said in ("apdu-tag", "choice"))
        assert differing.count("≠") == 2 and "≠" not in equal  # told without colour

    drive(sample("ln-wrapper"), act)


def test_escape_closes_and_never_quits() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).answer_filter('service == "aarq"')
        await pilot.press("d", "escape")
        await pilot.pause()
        assert app.screen is main_of(app)
        assert main_of(app).filter_run is not None
        await pilot.press("escape", "escape", "escape")
        assert main_of(app).filter_run is None
        assert app.is_running and app.return_code is None

    drive(sample("ln-wrapper"), act)


def test_table_fits_again_when_the_terminal_grows() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert any("A block was sent once more: its sender did not learn" in line for line in text_of(app))

    drive(sample("blocks"), act)


def test_bars_of_response_times_are_as_long_as_the_times() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await pilot.pause()
        bars = {paragraph.label: paragraph.text for paragraph, _, _ in app.screen.text_pane.lines}
        times = {name: float(text.split()[1]) for name, text in bars.items()}
        assert max(bars, key=lambda name: bars[name].count("━")) == max(times, key=lambda name: times[name])
        assert len(times) == 6

    drive(sample("ln-wrapper"), act)


def test_doctor_tells_once_what_is_wrong_in_the_same_way_on_many_lanes(tmp_path: Path) -> None:
    ask, refuse = (
        bytes.fromhex(one) for one in ("000100100001000DC001C100030100010800FF0200", "0001000100100005C401C10104")
    )
    frames = [mixed.over_tcp([ask, refuse], host) for host in range(1, 13)]
    path = mixed.write(tmp_path / "lanes.pcap", [one for lane in frames for one in lane], random.Random(1))
    capture = indexed(str(path))

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await wait_for(pilot, lambda: " 1 of 1 problems" in text_of(app)[-1])
        text = "\n".join(text_of(app))
        assert len(capture.stories()) == 12
        assert re.search(r"12 lanes +12 +2", text)
        await pilot.press("tab")
        lines = app.screen.text_pane  # type: ignore[attr-defined]
        while lines.target is None or lines.target.record != 4:
            await pilot.press("down")
        await pilot.press("enter")
        assert main_of(app).shown == 4

    drive(capture, act, SMALL)


def test_large_numbers_are_written_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(app.capture, "progress", app.capture.progress._replace(records=1_234_567))
        assert any("1,234,567 records" in text for text, _ in app.title_line("")[1])
        await pilot.press("S")
        await wait_for(pilot, lambda: any("9,424 octets" in line for line in text_of(app)))

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("size", [(40, 24), (60, 24)])
def test_hint_of_the_help_is_the_last_to_give_way(size: tuple[int, int]) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        assert "? help" in text_of(app)[-1]

    drive(sample("ln-wrapper"), act, size)


def test_commands_that_move_are_listed_behind_all_others() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        names = [one.name for one in main_of(app).available()]
        assert names[0] == "filter"
        assert names.index("up") > names.index("quit")

    drive(sample("ln-wrapper"), act)


def test_doctor_without_a_row_offers_no_record(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("escape", "d")
        await wait_for(pilot, lambda: "q back" in text_of(app)[-1])
        assert "record" not in text_of(app)[-1]

    drive(indexed(str(path)), act)


def test_statistics_name_what_they_count_by_and_write_numbers_as_elsewhere(tmp_path: Path) -> None:
    many = Statistic("meter", "m", 12_345, 1_234_567, 1_000, None, Latency(11.0, 10.94, 1234.5, 0.25), {})
    assert statistics_row(many).cells == ("m", "12,345", "1,234,567", "1,000", "11.0", "10.9", "1,234.5", "0.2")

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", "right")
        await wait_for(pilot, lambda: any("Object " in line for line in text_of(app)[:5]))
        app.screen.table.set_rows([statistics_row(many)])
        app.screen.answer_export(str(tmp_path / "statistics.csv"))

    drive(sample("ln-wrapper"), act)
    lines = (tmp_path / "statistics.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Object,Records,")
    assert lines[1].startswith("m,12345,1234567,1000,11.0,")


def test_statistics_count_connections_and_layers_as_the_command_does(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for by in ("connection", "layer"):
            await pilot.press("s")
            while app.screen.by != by:  # type: ignore[attr-defined]
                await pilot.press("right")
            await wait_for(pilot, lambda by=by: any(f"[{by}]" in line for line in text_of(app)))  # type: ignore[misc]
            app.screen.answer_export(str(tmp_path / f"{by}.csv"))  # type: ignore[attr-defined]
            await pilot.press("q")

    capture = sample("ln-wrapper")
    drive(capture, act)
    told = {by: list(csv.reader((tmp_path / f"{by}.csv").open(encoding="utf-8"))) for by in ("connection", "layer")}
    (counted,) = connections(capture.records.facts["connections"])
    assert told["connection"][0] == ["Connection", "Tried", "Answered", "Refused", "Unanswered"]
    assert told["connection"][1:] == [[counted.key, "1", "1", "", ""]]
    parts = layers(capture.table, *capture.records.facts["told"][4:6])
    assert told["layer"][1:] == [[one.key, str(one.octets), f"{one.more['share']:.1%}"] for one in parts]


def test_statistics_say_why_no_connection_is_counted() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", *["right"] * BY.index("connection"))
        await wait_for(pilot, lambda: any("no TCP connection begins in this capture" in line for line in text_of(app)))
        facts = app.capture.records.facts
        app.capture.records.facts = {}
        app.screen.take()  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: any("once the whole capture is read" in line for line in text_of(app)))
        app.capture.records.facts = facts

    drive(sample("sn-hdlc"), act)


def test_statistics_say_that_nothing_was_refused() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", *["right"] * BY.index("error"))
        await wait_for(pilot, lambda: any("no refusals, warnings or errors" in line for line in text_of(app)))

    drive(sample("hdlc-segments"), act)


def test_bars_of_layers_are_as_wide_behind_the_plot_as_without_it() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        seen = []
        for begin in ("layer", "time"):
            main_of(app).run_typed(f"statistics {begin}")
            await wait_for(pilot, lambda by=begin: any(f"[{by}]" in line for line in text_of(app)))
            if begin == "time":
                await pilot.press("right")
            await wait_for(pilot, lambda: any("packets  " in line and "━" in line for line in text_of(app)))
            await pilot.pause()
            seen.append(text_of(app))
            await pilot.press("q")
        assert seen[0] == seen[1]

    drive(sample("hdlc-segments"), act)


def test_all_that_statistics_count_by_is_named_on_a_small_screen() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await wait_for(pilot, lambda: any("[service]" in line for line in text_of(app)))
        (line,) = (line for line in text_of(app) if "[service]" in line)
        assert line.replace("[", " ").replace("]", " ").split()[1:] == list(BY)

    drive(sample("ln-wrapper"), act, SMALL)


@pytest.mark.parametrize("by", BY)
def test_what_statistics_count_by_is_seen_on_a_narrow_screen_as_is_how_to_choose_another(by: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).run_typed(f"statistics {by}")
        await wait_for(pilot, lambda: any(f"[{by}]" in line for line in text_of(app)))
        assert "→ by …" in text_of(app)[-1]
        await pilot.resize_terminal(50, 20)
        await wait_for(pilot, lambda: len(text_of(app)[0]) == 50 and any(f"[{by}]" in line for line in text_of(app)))

    drive(sample("ln-wrapper"), act, (60, 20))


@pytest.mark.parametrize(("by", "is_offered"), [("service", True), ("object", True), ("layer", False)])
def test_filter_is_offered_where_one_chooses_what_the_row_counts(by: str, is_offered: bool) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).run_typed(f"statistics {by}")
        await wait_for(pilot, lambda: any(f"[{by}]" in line for line in text_of(app)))
        assert ("Enter filter" in text_of(app)[-1]) == is_offered

    drive(sample("ln-wrapper"), act)


def test_statistics_by_object_keep_code_and_attribute_whole_on_a_small_screen() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).run_typed("statistics object")
        await wait_for(pilot, lambda: any("[object]" in line for line in text_of(app)))
        keys = [row.cells[0] for row in app.screen.table.rows]
        shown = [line for line in text_of(app) if re.match(r" \d+-\d+:", line) and "━" not in line]
        assert len(shown) > 5
        for line in shown:
            code = line.split()[0]
            assert any(key.startswith(f"{code} ") for key in keys), line
            assert re.search(r", (attribute|method) \d ", line)

    drive(sample("ln-wrapper"), act, SMALL)


def test_nothing_has_no_bar_and_something_a_mark() -> None:
    assert (bar(0, 10), bar(0.001, 10), bar(1, 10)) == ("", "╸", "━" * 10)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).run_typed("statistics layer")
        await wait_for(pilot, lambda: any("[layer]" in line for line in text_of(app)))
        said = {paragraph.label: paragraph.text for paragraph, _, _ in app.screen.text_pane.lines}
        assert said["apdu"] == "0.0%" and said["link"].endswith("━ 100.0%")

    drive(sample("p1"), act)


def test_line_of_the_help_runs_where_the_help_was_asked_for() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await wait_for(pilot, lambda: app.screen.table.count > 1)
        below = app.screen
        await pilot.press("question_mark")
        await wait_for(pilot, lambda: any("one row up" in line for line in text_of(app)))
        pane = app.screen.text_pane
        pane.move_to(next(at for at, line in enumerate(pane.lines) if "sort by the next" in line[0].text))
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is below and below.table.sorted_by == 0)

    drive(sample("ln-wrapper"), act)


def test_screen_below_the_help_is_kept_until_another_is_opened_and_hears_of_what_comes() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        heard: list[str] = []
        await pilot.press("s", "question_mark", "question_mark")
        await wait_for(pilot, lambda: any("one row up" in line for line in text_of(app)))
        below = app.screen_stack[-2]
        below.came_anew = lambda: heard.append("anew")  # type: ignore[attr-defined]
        app.take_anew(app.capture)
        assert heard == ["anew"]
        await pilot.press("q")
        await wait_for(pilot, lambda: app.screen is below)
        await pilot.press("question_mark", "d", "q")
        await wait_for(pilot, lambda: app.screen is main_of(app))

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("typed", ["goto", "go", "go-to-packet", "goto where"])
def test_command_that_goes_to_a_record_asks_for_its_number_where_none_is_typed(typed: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.run_typed(typed)
        await pilot.pause()
        assert main.records.number == 1
        assert any(line.startswith(" go to ") for line in text_of(app))
        await pilot.press("ctrl+u", "1", "2", "enter")
        await wait_for(pilot, lambda: main.records.number == 12)

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    "text", ["tcp.analysis.flags", "time_delta > 1", "malformed", "len(octets) > 100", "error any_ne 1"]
)
def test_advice_about_a_filter_is_read_whole_on_a_small_screen(text: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        with pytest.raises(FilterError) as raised:
            compile_filter(text)
        await pilot.press("slash")
        app.screen.query_one("#answer").value = text  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: text_of(app)[-1].split("  ")[0].strip().endswith(_last_part(raised.value)))

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    "text",
    [
        "tcp.analysis.flags", "malformed", "len(octets) > 100", "frame.marked", "object == a b", "class == Register",
        "value > 70kWh",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_filter_is_read_whole_on_a_narrow_screen(text: str) -> None:
    """It was cut at 60 columns."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        with pytest.raises(FilterError) as raised:
            compile_filter(text)
        problem = raised.value
        wanted = problem.advice or f"at {problem.position + 1}: {problem.message}"
        await pilot.press("slash")
        app.screen.query_one("#answer").value = text  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: wanted in " ".join((text_of(app)[-3].strip(), text_of(app)[-1].strip())))

    drive(sample("ln-wrapper"), act, size=(60, 20))


def test_codes_of_objects_are_read_whole_on_a_narrow_screen() -> None:
    """Of statistics by object a code was cut at 60 columns, and rows of one object looked like those of another."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).run_typed("statistics object")
        await wait_for(pilot, lambda: any("[object]" in line for line in text_of(app)))
        await wait_for(pilot, lambda: any("1-0:1.8.0*255" in line for line in text_of(app)[:10]))

    drive(sample("ln-wrapper"), act, size=(60, 20))


@pytest.mark.parametrize("width", [40, 46, 47, 54, 55, 80])
def test_headings_of_statistics_are_read_whole_on_a_narrow_screen(width: int) -> None:
    """At 40 columns they were `Rec…  Oct…`."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await wait_for(pilot, lambda: "Records" in text_of(app)[2])
        assert "…" not in text_of(app)[2]

    drive(sample("mbus-push"), act, size=(width, 12))


def _last_part(problem: FilterError) -> str:
    return problem.message.split("no functions; ")[-1].split("is known; ")[-1]


def test_command_by_its_name_elsewhere_runs_and_is_found() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.run_typed("goto 12")
        assert main.records.cursor == 11
        assert main._command_verdict("conversations").text == "here: statistics conversation"
        assert [one.text for one in main._found_choices("i/o graph")] == []
        assert [one.text for one in main._found_choices("io graph")] == ["statistics"]
        main.run_typed("conversations")
        await wait_for(pilot, lambda: any("[conversation]" in line for line in text_of(app)))
        for typed, by in (("statistics", "service"), ("stat conn", "connection"), ("io-graph", "time")):
            app.screen.run_typed(typed)  # type: ignore[attr-defined]
            await wait_for(pilot, lambda by=by: any(f"[{by}]" in line for line in text_of(app)))  # type: ignore[misc]

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("statistic-s", "no command 'statistic-s'; did you mean statistics?"),
        ("xyzzy", "no command 'xyzzy'"),
        ("copy", "'copy' may be copy-field, copy-hex, copy-annotated, copy-json, …"),
        ("next-m", ""),
        ("hour", "'hour' may be hour-on or hour-back"),
    ],
)
def test_command_that_is_none_or_several_names_what_may_be_meant(typed: str, said: str) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        flashed: list[str] = []
        main_of(app).flash = lambda text, colour="": flashed.append(text)  # type: ignore[method-assign,assignment,misc]
        verdict = main_of(app)._command_verdict(typed)
        assert verdict.is_valid if "no command" not in said else verdict == (False, said, (0, 0))
        main_of(app).run_typed(typed)
        assert flashed[:1] == [said] if said else "may be" not in "".join(flashed)

    drive(sample("ln-wrapper"), act)


def test_row_of_statistics_opens_the_records_that_it_counts() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await wait_for(pilot, lambda: app.screen.table.count > 0)  # type: ignore[attr-defined]
        counted = app.screen.table.row.about  # type: ignore[attr-defined]
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is main_of(app) and main_of(app).records.count == counted.records)

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("by", [one for one in BY if one not in ("connection", "layer")])
@pytest.mark.parametrize(
    "name", ["ln-wrapper", "hdlc-segments", "push-ciphered", "mode-e", "blocks", "mbus-push", "p1"]
)
def test_filter_of_a_row_of_statistics_passes_what_it_counts(name: str, by: str) -> None:
    capture = sample(name)
    for one in statistics(capture.table, by):
        run = FilterRun(capture.records, filter_of(one), utc=True)
        while not run.is_done:
            run.poll()
        assert len(run.matches) == one.records, filter_of(one)


@pytest.mark.parametrize(
    ("by", "key", "expression"),
    [
        ("connection", "192.0.2.10 > 198.51.100.7:4059", 'host == "192.0.2.10" && host == "198.51.100.7" && port == 4059'),
        ("connection", "2001:db8::1 > [2001:db8::2]:4059", 'host == "2001:db8::1" && host == "2001:db8::2" && port == 4059'),
        ("meter", "198.51.100.7 1 MTR 12", 'meter == "198.51.100.7" && server == 1 && device == "12"'),
        ("meter", "line 2 1.17", "conversation == 2 && server == 1.17 && !device"),
        ("object", "short name 0408", ""),
        ("layer", "apdu", ""),
    ],
)  # fmt: skip
def test_key_of_statistics_is_a_filter_where_one_chooses_it(by: str, key: str, expression: str) -> None:
    assert filter_of(Statistic(by, key, 1, 1, 0, None, None, {})) == expression
    compile_filter(expression)


@pytest.mark.parametrize(
    ("time_ns", "text"), [(11_000_000, "11.0 ms"), (10_940_000, "10.9 ms"), (184_000_000, "184 ms"), (4_000, "4 µs")]
)
def test_duration_has_three_figures(time_ns: int, text: str) -> None:
    assert duration_text(time_ns) == text


def test_plot_of_a_profile_column_holds_that_column_alone_and_goes_with_its_row() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r", "G", "4", "k")
        await wait_for(pilot, lambda: any("column 4  48 values" in line for line in text_of(app)))
        assert app.screen.plot.display  # type: ignore[attr-defined]
        await pilot.press("slash", *"nowhere", "enter")
        await wait_for(pilot, lambda: any("nothing to plot" in line for line in text_of(app)))
        assert not app.screen.plot.display  # type: ignore[attr-defined]

    drive(sample("ln-ciphered"), act)


def test_story_about_no_record_names_none() -> None:
    stories = Stories()
    tell_carriers(stories, {"tls": 40})
    (story,) = stories
    lines = list(story_paragraphs(Told(story, []), 3, is_utc=True))
    assert "40" in " ".join(line.text for line in lines)
    assert not any("record" in line.text and line.label in ("where", "seen") for line in lines)
    assert all(line.target is None for line in lines)


def test_narrow_ladder_shows_response_times_and_no_bars() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("l")
        await wait_for(pilot, lambda: any(line.rstrip().endswith(" ms") for line in text_of(app)))
        rows = [line for line in text_of(app) if "◀" in line]
        assert rows and not any("━" in line or line.rstrip().endswith("…") for line in rows)

    drive(sample("ln-wrapper"), act, size=(60, 20))


def test_number_with_more_digits_than_any_goes_to_the_last_record() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for typed in ("9" * 5000, "last " + "9" * 5000):
            await pilot.press("g", "g", "colon")
            app.screen.query_one("#answer").value = typed
            await pilot.press("enter")
            await wait_for(pilot, lambda: main_of(app).records.number == 43)

    drive(sample("ln-wrapper"), act)


def test_rows_of_a_table_are_filtered_by_a_text_of_any_cell() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        table = app.screen.table  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: table.count == 217)
        await pilot.press("slash", *"1-0:32.7", "enter")
        await wait_for(pilot, lambda: 0 < table.count < 217)
        assert all("1-0:32.7.0*255" in row.cells for row in table.rows)
        assert "readings with '1-0:32.7'" in text_of(app)[-1]
        assert any("on the wire" in line for line in text_of(app))
        await pilot.press("slash", "ctrl+u", *"nowhere", "enter")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" no readings with 'nowhere'; Esc shows all"))
        assert not any("on the wire" in line for line in text_of(app))
        await pilot.press("escape")
        await wait_for(pilot, lambda: table.count == 217)
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is main_of(app))

    drive(sample("ln-wrapper"), act)


def test_command_that_lacks_its_letter_and_row_without_a_record_say_so() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for typed, told in (("mark", "mark: a letter is missing"), ("to-mark", "to-mark: a letter is missing")):
            await pilot.press("colon", *typed, "enter")
            await wait_for(pilot, lambda said=told: said in text_of(app)[-1])  # type: ignore[misc]
        await pilot.press("R", "enter")
        await wait_for(pilot, lambda: "no record belongs to this row" in text_of(app)[-1])

    drive(sample("ln-wrapper"), act)


@pytest.mark.parametrize("size", [(60, 20), SMALL, LARGE])
@pytest.mark.parametrize(("key", "name"), [("o", "hdlc-segments"), ("r", "hdlc-segments")])
def test_rows_of_several_meters_say_which_is_which(key: str, name: str, size: tuple[int, int]) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await wait_for(pilot, lambda: app.screen.table.count > 1)
        await wait_for(pilot, lambda: app.screen.table.heading().strip() and "Meter" in app.screen.table.heading())
        meters = {row.cells[app.screen.table.columns.index(_meter_of(app))] for row in app.screen.table.rows}
        assert len(meters) > 1
        shown = text_of(app)
        assert any(" 1.17 " in line for line in shown)
        assert not any("… 1.17 " in line for line in shown), "the place that all meters have goes first"
        assert any(" 1.5017 " in line for line in shown) or (size == SMALL and key == "o")  # those are further down
        found = [line for line in shown if "51200.044 kWh" in line]
        assert found
        assert all(", tariff 1 " in line for line in found)
        time = f"{' ' if size[0] < 100 else '2026-'}03-02 09:14:09 "  # all are of one year
        assert key == "o" or all(time in line for line in found)

    drive(sample(name), act, size)


def _meter_of(app: DlmsharkApp) -> TableColumn:
    return next(one for one in app.screen.table.columns if one.heading == "Meter")


def test_sources_group_the_digits_of_what_they_count() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("S")
        await wait_for(pilot, lambda: app.screen.table.count > 0)
        assert app.screen.table.rows[0].cells[2:4] == ("63", "4,735")

    drive(sample("hdlc-segments"), act)


def test_start_page_writes_the_size_of_a_capture_as_the_sources_do() -> None:
    capture = sample("hdlc-segments")

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("S")
        await wait_for(pilot, lambda: any("7,924" in line for line in text_of(app)))  # the line of a long path breaks
        app.screen.run_typed("start")  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: app.screen.table.count > 0)
        rows = app.screen.table.rows
        app.screen.table.move_to(next(at for at, row in enumerate(rows) if "hdlc-segments" in " ".join(row.cells)))
        await wait_for(pilot, lambda: any("7,924 octets" in line for line in text_of(app)))

    drive(capture, act, LARGE)
