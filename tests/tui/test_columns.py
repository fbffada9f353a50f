"""Any field as a column of the list: chosen by its name, from the tree, kept, exported, asked of rows in sight alone."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.cli.main import main
from analyzer.security.keyring_file import load
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.columns import COLUMNS, Look, Widths, layout
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from analyzer.tui.widgets import record_list
from captures.samples import samples
from tests.tui.driving import LARGE, SMALL, drive, main_of, sample, text_of, wait_for

ALL = tuple(COLUMNS)


def _before_summary(*names: str) -> tuple[str, ...]:
    at = ALL.index("summary")
    return (*ALL[:at], *names, *ALL[at:])


async def _select(app: DlmsharkApp, pilot: Pilot[None], name: str) -> None:
    pane = main_of(app).tree_pane
    await wait_for(pilot, lambda: any(item.step.node.name == name for item in pane.items))  # it may come a moment later
    pane.focus()
    pane.move_to(next(at for at, item in enumerate(pane.items) if item.step.node.name == name))
    await pilot.pause()


@pytest.mark.parametrize("name", [one.name for one in samples()])
def test_fields_of_an_index_say_what_the_command_prints(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also what it masks: passwords, keys and the octets that hold them."""
    names = (
        "number", "time", "since.previous", "request", "obis", "attribute", "status", "length", "apdu-tag", "octets",
        "apdu.octets", "plaintext", "calling-authentication-value", "double-long-unsigned", "value",
    )  # fmt: skip
    one = next(one for one in samples() if one.name == name)
    capture = sample(name)
    words = [word for field in names for word in ("-e", field)]
    keys = ["-k", str(one.keys)] if one.keys else []
    assert main(["decode", str(one.path), *keys, "-T", "fields", *words]) == 0
    printed = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert list(capture.fields(range(1, capture.table.height + 1), names)) == printed


def test_field_is_chosen_as_a_column_by_its_name_and_kept() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("c", "ctrl+u", *"number wrapper.length summary", "enter")
        await pilot.pause()
        assert main_of(app).records.names == app.settings.columns == ("number", "wrapper.length", "summary")
        lines = text_of(app)
        assert lines[1].split() == ["No.", "length", "Summary"]
        assert lines[4].startswith("     3     13 GET request") and lines[5].startswith("     4     18 GET response")

    drive(sample("ln-wrapper"), act)


def test_kept_field_is_a_column_the_next_time_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    Settings(tmp_path).keep_columns(["number", "wrapper.length", "no-field-of-ours", "summary"])
    capture = sample("ln-wrapper")
    app = DlmsharkApp(Options(capture.inputs, "x"), capture, Settings(tmp_path))

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await wait_for(pilot, lambda: text_of(app)[1].split() == ["No.", "length", "Summary"])

    asyncio.run(run())


def test_field_in_the_file_of_settings_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('columns = ["number", "hdlc.fcs", "size"]')
    settings = Settings(tmp_path)
    DlmsharkApp(Options(()), settings=settings)
    assert "'size'" in settings.problem and "hdlc" not in settings.problem


def test_prompt_completes_fields_and_says_what_is_none() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("c", "ctrl+u", *"number,wrapper.le")
        await wait_for(pilot, lambda: text_of(app)[-3].split()[0] == "wrapper.length")
        await pilot.press("tab")
        await wait_for(pilot, lambda: "number,wrapper.length" in text_of(app)[-2])
        await pilot.press(*" obsi")
        await wait_for(pilot, lambda: "'obsi' is no name that is known; did you mean obis?" in text_of(app)[-1])
        await pilot.press("enter")
        await pilot.pause()
        assert main_of(app).records.names == ALL

    drive(sample("ln-wrapper"), act, LARGE)


def test_selected_node_becomes_a_column_before_the_summary() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await _select(app, pilot, "invocation-counter")
        await pilot.press("I")
        await pilot.pause()
        assert main_of(app).records.names == _before_summary("invocation-counter")
        assert "invocation-… Summary" in text_of(app)[1]
        await pilot.press("I")
        await wait_for(pilot, lambda: "is a column already" in "".join(text_of(app)[-3:]))

    drive(sample("ln-ciphered"), act)


def test_node_below_one_that_filters_do_not_know_is_called_by_its_own_name() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("1", "0", "G")
        await _select(app, pilot, "get-response")
        await pilot.press("I")
        await pilot.pause()
        assert "get-response" in main_of(app).records.names

    drive(sample("ln-ciphered"), act)


def test_menu_offers_the_column() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await _select(app, pilot, "length")
        await pilot.press("M", *"apply-c", "enter")
        await wait_for(pilot, lambda: "wrapper.length" in main_of(app).records.names)

    drive(sample("ln-wrapper"), act)


def test_column_is_applied_by_name_and_a_wrong_one_is_said() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press(":", *"apply-as-column obis", "enter")
        await wait_for(pilot, lambda: "obis" in main_of(app).records.names)
        await pilot.press(":", *"apply-column obsi", "enter")
        await wait_for(pilot, lambda: "did you mean obis?" in "".join(text_of(app)[-3:]))

    drive(sample("ln-wrapper"), act, LARGE)


def test_column_that_has_no_room_is_said() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main_of(app).answer_columns("number obis wrapper.length object summary")
        await wait_for(pilot, lambda: "no room for" in "".join(text_of(app)[-3:]))
        assert all(len(line) == 40 for line in text_of(app))
        assert text_of(app)[1].split()[:2] == ["No.", "obis"] and "Summary" in text_of(app)[1]

    drive(sample("ln-wrapper"), act, (40, 20))


def test_fields_of_one_name_are_told_apart_and_texts_stand_at_the_left() -> None:
    names = ("number", "hdlc.length", "wrapper.length", "summary")
    seen = Widths().grown_by_fields(names[1:3], ("12", "a"))
    shown = [(one.heading, one.is_right, room) for one, room in layout(names, 140, 3, seen)]
    assert shown[1:3] == [("hdlc.length", True, 11), ("wrapper.length", False, 14)]


@pytest.mark.parametrize(("width", "room"), [(140, 24), (80, 16), (40, 12)])
def test_long_field_has_a_bound(width: int, room: int) -> None:
    seen = Widths().grown_by_fields(("octets",), ("7E" * 200,))
    column, shown = layout(("number", "octets", "summary"), width, 3, seen)[1]
    assert shown == room
    assert column.write(sample("p1").lines([1])[0], room, Look(fields={"octets": "7E" * 200}))[0][-1] == "…"


def test_only_rows_in_sight_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fields(self: Capture, numbers: list[int], names: tuple[str, ...], own=Capture.fields) -> object:  # type: ignore[no-untyped-def]
        for number, cells in zip(numbers, own(self, numbers, names), strict=True):
            asked.append(number)
            yield cells

    monkeypatch.setattr(Capture, "fields", fields)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.answer_columns("number obis summary")
        await pilot.press("down", "up", "down")
        await pilot.pause()
        assert asked == list(range(1, main.records.size.height + 1))

    drive(sample("ln-wrapper"), act)


def test_fields_that_take_long_come_after_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_list, "_UNFELT_SECONDS", 0.0)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        timers = []
        monkeypatch.setattr(main.records, "set_timer", lambda seconds, run: timers.append(run))
        main.answer_columns("number wrapper.length summary")
        await pilot.pause()
        lines = text_of(app)
        assert lines[2].split()[1].isdecimal() and lines[3].split()[1] == "…" and "AARE" in lines[3]
        while timers:
            timers.pop()()
        await pilot.pause()
        assert not any("…" in line[:16] for line in text_of(app)[2:10])

    drive(sample("ln-wrapper"), act)


def test_fields_are_asked_again_when_a_key_opens_the_record() -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    capture = Capture([str(one.path)])
    capture.start()
    capture.wait(60)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.answer_columns("number obis attribute summary")
        await pilot.press("8", "G")
        await pilot.pause()
        assert "1-0:1.8.0" not in "".join(text_of(app)[2:10])
        capture.add_keys(load([str(one.keys)], [], published=[]).keyring)
        await wait_for(pilot, lambda: "   7 1-0:1.8.0*255" in "".join(text_of(app)[2:10]))

    try:
        drive(capture, act, LARGE)
    finally:
        capture.close()


def test_filtered_rows_have_their_own_fields() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.answer_columns("number request summary")
        main.answer_filter("response")
        await wait_for(pilot, lambda: main.filter_run is not None and main.filter_run.is_done)
        await pilot.pause()
        assert [line.split()[:2] for line in text_of(app)[2:5]] == [["2", "1"], ["4", "3"], ["6", "5"]]

    drive(sample("ln-wrapper"), act)


def test_csv_of_the_list_has_the_fields_among_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        main.answer_columns("number wrapper.length obis summary")
        main.answer_export(str(path))
        await wait_for(pilot, lambda: any("written" in line for line in text_of(app)))

    drive(sample("ln-wrapper"), act, LARGE)
    rows = list(csv.reader(path.open(encoding="utf-8")))
    assert rows[0][-3:] == ["octets", "wrapper.length", "obis"]
    assert len({len(row) for row in rows}) == 1 and rows[3][-2:] == ["13", "0-0:1.0.0*255"]
