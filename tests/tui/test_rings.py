"""Rings of files that are written on while they are looked at: what comes is shown, what went is said."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from captures.samples import samples
from tests.tui.driving import main_of, text_of, wait_for

_FILE_HEADER, _PACKET_HEADER = 24, 16
Act = Callable[[DlmsharkApp, "Pilot[None]"], Awaitable[None]]


def _packets(start: int, stop: int) -> bytes:
    """The packets *start* to *stop* of a sample, as a capture."""
    octets = next(one.path for one in samples() if one.name == "ln-wrapper").read_bytes()
    ends = [_FILE_HEADER]
    while ends[-1] < len(octets):
        ends.append(ends[-1] + _PACKET_HEADER + int.from_bytes(octets[ends[-1] + 8 : ends[-1] + 12], "little"))
    return octets[:_FILE_HEADER] + octets[ends[start] : ends[stop]]


def _file(folder: Path, number: int) -> Path:
    return folder / f"bus_{number:05}_2026030209140{number}.pcap"


def _write(folder: Path, number: int) -> Path:
    """Write file *number* of a ring: ten packets each."""
    path = _file(folder, number)
    path.write_bytes(_packets(10 * number - 10, 10 * number))
    return path


def _open(inputs: list[Path], act: Act) -> None:
    app = DlmsharkApp(Options(tuple(map(str, inputs)), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            await act(app, pilot)

    asyncio.run(run())


def test_ring_whose_oldest_file_goes_is_read_on_and_marks_stay_with_their_records(tmp_path: Path) -> None:
    """The oldest file was waited for, which never comes back: nothing that came was shown any more."""

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        of_first = sum(app.capture.record(one).packets[0] >> 40 == 0 for one in range(1, main.records.count + 1))
        await pilot.press("G", "m", "z", "*", "g", "g", "m", "a")
        last, summary = main.records.count, app.capture.lines([main.records.count])[0].summary
        assert 0 < of_first < last
        await pilot.press("G")
        _write(tmp_path, 3)
        _file(tmp_path, 1).unlink()
        name = _file(tmp_path, 1).name
        await wait_for(pilot, lambda: f"{name} went from its ring" in " ".join(text_of(app)[-3:]), 60)
        await wait_for(pilot, lambda: main.marks.get("z", last) != last, 60)
        moved = main.marks["z"]
        assert moved < last < moved + main.records.count
        assert app.capture.lines([moved])[0].summary == summary
        assert (main.bookmarks, main.records.number, "a" in main.marks) == ({moved}, moved, False)
        assert app.capture.inputs == (str(_file(tmp_path, 2)), str(_file(tmp_path, 3)))

    _open([_write(tmp_path, 1), _write(tmp_path, 2)], act)


def test_file_that_comes_to_a_ring_is_read_if_all_of_it_was_open(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        count = main_of(app).records.count
        _write(tmp_path, 3)
        await wait_for(pilot, lambda: main_of(app).records.count > count, 60)

    _open([_write(tmp_path, 1), _write(tmp_path, 2)], act)


def test_ring_of_which_a_file_was_chosen_stays_that_file(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        _write(tmp_path, 3)
        await pilot.pause(1.5)
        assert app.capture.inputs == (str(_file(tmp_path, 2)),)

    _write(tmp_path, 1)
    _open([_write(tmp_path, 2)], act)


def test_oldest_file_of_a_ring_at_rest_that_is_removed_keeps_its_records(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        count = main_of(app).records.count
        _file(tmp_path, 1).unlink()
        await wait_for(pilot, lambda: "was removed: the list shows" in " ".join(text_of(app)[-3:]), 60)
        assert main_of(app).records.count == count
        _write(tmp_path, 3)
        await wait_for(pilot, lambda: "went from its ring" in " ".join(text_of(app)[-3:]), 60)
        await wait_for(pilot, lambda: len(app.options.inputs) == 2, 60)

    _open([_write(tmp_path, 1), _write(tmp_path, 2)], act)
