"""The diff of two captures, and of two associations of one: what the command says, reached by a key."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from analyzer.diagnosis.comparison.compare import compare
from analyzer.diagnosis.comparison.side import read
from analyzer.session import Session
from analyzer.tracking.history import CLOSED, LOST
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options, Part
from analyzer.tui.screens.compare import CompareScreen
from analyzer.tui.screens.diff import DiffScreen
from analyzer.tui.settings import Settings
from captures import open_source
from tests.analyzer.tracking.build import ANSWERED, ASKED, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, CLOCK_ANSWER, FIN, GET_CLOCK, RST, at, tcp_chunks
from tests.captures.build import pcap_header, pcap_record
from tests.tui.driving import SMALL, drive, indexed, main_of, sample, text_of, wait_for
from tests.tui.test_tasks import REJECTED

SECOND = 1_000_000_000


def _pair(tmp_path: Path) -> tuple[str, str]:
    """A capture whose association is accepted, and one whose is rejected."""
    good = Path(sample("ln-wrapper").inputs[0])
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(good.read_bytes().replace(*REJECTED))
    return str(good), str(bad)


def _opened(inputs: tuple[str, ...], act: Callable[[DlmsharkApp, Pilot[None]], Awaitable[None]]) -> None:
    app = DlmsharkApp(Options(inputs, theme="dark", is_utc=True), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            await wait_for(pilot, lambda: app.main.records.count > 0)
            await act(app, pilot)

    asyncio.run(run())


async def _compared(app: DlmsharkApp, pilot: Pilot[None]) -> DiffScreen:
    await wait_for(pilot, lambda: app.comparison is not None and app.comparison.is_done, 60)
    await wait_for(pilot, lambda: isinstance(app.screen, DiffScreen) and app.screen.table.count > 0)
    assert isinstance(app.screen, DiffScreen)
    return app.screen


def test_two_captures_that_are_open_differ_as_the_command_says(tmp_path: Path) -> None:
    inputs = _pair(tmp_path)
    sides = []
    for name in inputs:
        session = Session(open_source(name), learns=False)
        sides.append(read(session.records(), session.pipeline.ends))
    expected = [one.text for one in compare(*sides)]
    assert expected[0] == "aare: result is rejected-permanent, was accepted"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("C")
        screen = await _compared(app, pilot)
        assert [row.cells[4] for row in screen.table.rows] == expected
        assert any(f"1 of {len(expected)} differences" in line for line in text_of(app))
        screen.answer_export(str(tmp_path / "diff.csv"))

    _opened(inputs, act)
    lines = (tmp_path / "diff.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Rank,Association,Good,Bad,Field,Good value,Bad value,")
    assert lines[1].startswith("1,1,2,2,result,accepted,rejected-permanent,")


def test_difference_opens_both_records_and_leads_to_the_one_of_the_list(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("C")
        await _compared(app, pilot)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, CompareScreen))
        await wait_for(pilot, lambda: any("rejected-permanent (1)" in line for line in text_of(app)))
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is app.main)
        await pilot.pause()
        assert app.main.records.number == 2
        await pilot.press("q")
        await wait_for(pilot, lambda: isinstance(app.screen, DiffScreen))

    _opened(_pair(tmp_path), act)


def test_another_comparison_and_other_screens_take_the_place_of_those_that_are_open(tmp_path: Path) -> None:
    """Beside both records of a difference, C and a left screens behind that q came back to one after another."""
    inputs = _pair(tmp_path)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        for key, kind in (("C", "DiffScreen"), ("a", "AssociationsScreen"), ("question_mark", "HelpScreen")):
            app.compare(*(Part(one) for one in inputs))
            await _compared(app, pilot)
            await pilot.press("enter")
            await wait_for(pilot, lambda: isinstance(app.screen, CompareScreen))
            await pilot.press(key)
            await wait_for(pilot, lambda kind=kind: type(app.screen).__name__ == kind)
            if kind == "HelpScreen":
                await pilot.press("question_mark", "q")
                await wait_for(pilot, lambda: isinstance(app.screen, CompareScreen))
                await pilot.press("q")
            await pilot.press("q")
            await wait_for(pilot, lambda: app.screen is main_of(app))

    _opened(inputs, act)


def test_capture_that_is_open_is_compared_with_one_that_is_named(tmp_path: Path) -> None:
    good, bad = _pair(tmp_path)

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("C")
        app.screen.query_one("#answer").value = good  # type: ignore[attr-defined]
        await pilot.press("enter")
        screen = await _compared(app, pilot)
        assert screen.table.rows[0].cells[4] == "aare: result is rejected-permanent, was accepted"
        await pilot.press("w")
        await wait_for(pilot, lambda: "is accepted, was rejected" in "".join(text_of(app)), 60)

    _opened((bad,), act)


def test_capture_that_cannot_be_read_is_said_and_nothing_is_compared(tmp_path: Path) -> None:
    picture = tmp_path / "picture.pcap"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("C")
        app.screen.query_one("#answer").value = str(picture)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await wait_for(pilot, lambda: "a picture (PNG)" in " ".join("".join(text_of(app)).split()), 60)  # it may wrap
        assert text_of(app)[-1].startswith(" nothing is compared ")
        await pilot.press("q", "q")

    _opened(_pair(tmp_path)[:1], act)


def test_association_is_compared_with_the_one_that_is_marked() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("a")
        await wait_for(pilot, lambda: app.screen.table.count == 2)  # type: ignore[attr-defined]
        await pilot.press("D")
        assert app.comparison is None
        await pilot.press("m", "a", "down", "D")
        screen = await _compared(app, pilot)
        assert screen.table.rows[0].cells[2:] == ("1", "3", "SNRM proposes transmit 128, then 256")
        await pilot.press("q")
        await pilot.pause()
        assert app.screen.title_text == "Associations"  # type: ignore[attr-defined]

    drive(sample("hdlc-segments"), act)


def test_association_whose_connection_ends_is_lost_on_its_screen_too(tmp_path: Path) -> None:
    units = [
        *at(0, asked(AARQ), answered(AARE)),
        *at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER)),
        *at(60, asked(GET_CLOCK)),
    ]
    ends = {"lost.pcap": (LOST, [(1, ANSWERED, RST)]), "closed.pcap": (CLOSED, [(1, ASKED, FIN), (0.1, ANSWERED, FIN)])}
    for name, (how, last) in ends.items():
        chunks = tcp_chunks(units if how == LOST else units[:-1], last)
        octets = [
            pcap_record(one.octets, seconds=one.time_ns // SECOND, fraction=one.time_ns % SECOND // 1000)
            for one in chunks
        ]  # type: ignore[operator]
        (tmp_path / name).write_bytes(pcap_header() + b"".join(octets))

        async def act(app: DlmsharkApp, pilot: Pilot[None], expected: str = how) -> None:
            await pilot.press("a")
            await wait_for(pilot, lambda: app.survey_so_far is not None and app.survey_so_far.is_done)
            (one,) = app.survey_so_far.associations  # type: ignore[union-attr]
            assert one.how == expected
            assert main_of(app).records.count == app.capture.table.height

        drive(indexed(str(tmp_path / name)), act)
