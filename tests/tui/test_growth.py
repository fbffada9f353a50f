"""Files that change while they are looked at: what is shown is what they hold, and a file written anew is said."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from captures.samples import samples
from tests.tui.driving import main_of, text_of, wait_for

_FILE_HEADER, _PACKET_HEADER = 24, 16


def _packets(count: int) -> bytes:
    """The first *count* packets of a sample, as a capture."""
    octets = next(one.path for one in samples() if one.name == "ln-wrapper").read_bytes()
    end = _FILE_HEADER
    for _ in range(count):
        end += _PACKET_HEADER + int.from_bytes(octets[end + 8 : end + 12], "little")
    assert end <= len(octets)
    return octets[:end]


@pytest.mark.parametrize("is_emptied_first", [False, True])
def test_file_that_is_written_anew_is_shown_from_its_beginning_and_that_is_said(
    tmp_path: Path, *, is_emptied_first: bool
) -> None:
    path = tmp_path / "line.pcap"
    path.write_bytes(_packets(20))
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
        before = app.capture.records
        most = main_of(app).records.count
        await pilot.press("G")
        if is_emptied_first:
            path.write_bytes(b"")
            await pilot.pause(1.2)
        path.write_bytes(_packets(8))
        await wait_for(pilot, lambda: app.capture.records is not before, 60)
        await wait_for(pilot, lambda: "written anew" in text_of(app)[-1], 60)
        records = main_of(app).records
        assert 0 < records.count < most
        assert records.cursor == records.count - 1
        assert f" {records.number} " in text_of(app)[records.cursor - records.top + 2]

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await act(pilot)

    asyncio.run(run())


@pytest.mark.parametrize(("is_removed", "said"), [(False, "is empty now"), (True, "was removed")])
def test_file_that_is_emptied_or_removed_is_said_once_and_its_records_stay(
    tmp_path: Path, *, is_removed: bool, said: str
) -> None:
    path = tmp_path / "line.pcap"
    path.write_bytes(_packets(20))
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            count = main_of(app).records.count
            if is_removed:
                path.unlink()
            else:
                path.write_bytes(b"")
            await wait_for(pilot, lambda: f"line.pcap {said}" in text_of(app)[-1], 60)
            await pilot.press("j")
            await wait_for(pilot, lambda: said not in text_of(app)[-1])
            await pilot.pause(1.5)
            assert said not in text_of(app)[-1]
            assert main_of(app).records.count == count

    asyncio.run(run())


@pytest.mark.parametrize("is_removed", [True, False])
def test_file_that_grows_waits_for_the_one_that_is_lost_and_both_are_read_when_it_is_back(
    tmp_path: Path, *, is_removed: bool
) -> None:
    """The records of an emptied file were lost; after one that was gone nothing was read any more."""
    lost, grows, aside = (tmp_path / name for name in ("lost.pcap", "grows.pcap", "aside.pcap"))
    lost.write_bytes(_packets(20))
    grows.write_bytes(_packets(20))
    app = DlmsharkApp(Options((str(lost), str(grows)), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            count, before = main_of(app).records.count, app.capture.records
            lost.rename(aside)
            if not is_removed:
                lost.write_bytes(b"")
            grows.write_bytes(_packets(30))
            await wait_for(pilot, lambda: "grows.pcap changed, and waits for lost.pcap" in text_of(app)[-1], 60)
            await pilot.pause(1.5)
            assert main_of(app).records.count == count
            assert app.capture.records is before
            aside.rename(lost)
            await wait_for(pilot, lambda: main_of(app).records.count > count, 60)
            assert not app.capture.error

    asyncio.run(run())


def test_key_that_came_while_the_file_was_gone_opens_it_when_it_is_back(tmp_path: Path) -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    path, aside = tmp_path / "meter.pcap", tmp_path / "aside.pcap"
    path.write_bytes(one.path.read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            path.rename(aside)
            await wait_for(pilot, lambda: "was removed" in text_of(app)[-1], 60)
            assert not app.add_key("guek=000102030405060708090A0B0C0D0E0F")
            await wait_for(pilot, lambda: "not read again" in "".join(text_of(app)[-4:]), 60)
            await pilot.pause(1.5)
            aside.rename(path)
            await wait_for(pilot, lambda: "closed" not in "".join(text_of(app)[2:10]), 60)

    asyncio.run(run())


def test_last_line_counts_on_while_the_capture_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    path.write_bytes(60 * next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: main_of(app).records.count > 0, 60)
            first = main_of(app).records.count
            await wait_for(pilot, lambda: app.capture.progress.is_done, 60)
            assert app.capture.table.height > first
            await wait_for(pilot, lambda: f" 1 of {app.capture.table.height:,} " in text_of(app)[-1])

    asyncio.run(run())


@pytest.mark.parametrize("key", ["s", "S"])
def test_table_that_is_opened_early_counts_all_in_the_end(key: str, tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    path.write_bytes(200 * next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    def counted() -> list[str]:
        return [line for line in text_of(app)[2:12] if line[-20:].strip()]

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: main_of(app).records.count > 0, 60)
            await pilot.press(key)
            await wait_for(pilot, lambda: len(counted()) > 0)
            early = counted()
            await wait_for(pilot, lambda: app.capture.progress.is_done and counted() != early, 60)
            late = counted()
            await pilot.press("q", key)
            await wait_for(pilot, lambda: counted() == late)

    asyncio.run(run())


def test_no_problem_is_told_of_the_records_so_far_while_more_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    path.write_bytes(200 * next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: main_of(app).records.count > 0, 60)
            await pilot.press("e")
            await wait_for(pilot, lambda: "records so far has a problem" in text_of(app)[-1])

    asyncio.run(run())


def test_doctor_that_is_opened_early_shows_what_is_wrong_when_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    octets = next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes()
    path.write_bytes(60 * octets + octets[:-60])
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_begun, 60)
            await pilot.press("d")
            await wait_for(pilot, lambda: any("The capture is being read" in line for line in text_of(app)))
            await wait_for(pilot, lambda: app.screen.table.count > 0, 60)  # type: ignore[attr-defined]
            assert app.capture.is_diagnosed and app.capture.stories()

    asyncio.run(run())


def test_doctor_of_a_capture_that_is_not_read_to_its_end_says_so(tmp_path: Path) -> None:
    path = tmp_path / "long.pcapng"
    path.write_bytes(300 * next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: main_of(app).records.count > 0, 60)
            await pilot.press("ctrl+c")
            await wait_for(pilot, lambda: app.capture.is_over, 60)
            await wait_for(pilot, lambda: " STOPPED " in text_of(app)[0])
            await pilot.press("d")
            await wait_for(pilot, lambda: any("Reading ended early" in line for line in text_of(app)))

    asyncio.run(run())


@pytest.mark.parametrize(("key", "row"), [("s", "aare"), ("o", "1-0:1.8.0*255"), ("a", "1")])
def test_screen_beside_the_list_shows_what_a_file_got_and_keeps_its_row(tmp_path: Path, key: str, row: str) -> None:
    """Tables stood still, and so did the title, while the file grew; the cursor would have gone to another row."""
    path = tmp_path / "line.pcap"
    path.write_bytes(_packets(14))
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
        await pilot.press(key)
        await wait_for(pilot, lambda: getattr(app.screen, "table", None) and app.screen.table.count)
        table = app.screen.table  # type: ignore[attr-defined]
        column = 1 if key == "o" else 0
        await wait_for(pilot, lambda: any(one.cells[column] == row for one in table.rows))
        table.move_to(next(at for at, one in enumerate(table.rows) if one.cells[column] == row))
        before, cells = text_of(app)[0], [one.cells for one in table.rows]
        path.write_bytes(_packets(40))
        await wait_for(pilot, lambda: text_of(app)[0] != before and [one.cells for one in table.rows] != cells, 60)
        assert table.row.cells[column] == row

    async def run() -> None:
        async with app.run_test(size=(100, 24)) as pilot:
            await act(pilot)

    asyncio.run(run())


@pytest.mark.parametrize("key", ["f", "l", "r"])
def test_dialogue_and_readings_show_what_a_file_got(tmp_path: Path, key: str) -> None:
    """They stood still until they were opened again."""
    path = tmp_path / "line.pcap"
    path.write_bytes(_packets(14))
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(100, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            await pilot.press(key)
            await wait_for(pilot, lambda: any("Device ID" in line or "SAP" in line or "Clock" in line
                                              for line in text_of(app)[1:-1]))  # fmt: skip
            await pilot.press("G")
            await pilot.pause()
            before, last = text_of(app)[-1], text_of(app)[1:-1]
            path.write_bytes(_packets(40))
            await wait_for(pilot, lambda: text_of(app)[-1] != before and text_of(app)[1:-1] != last, 15)

    asyncio.run(run())


def test_reading_again_says_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    """Nothing told of it but a message of a few seconds, and Ctrl+C said that nothing runs."""
    path = tmp_path / "long.pcapng"
    path.write_bytes(1500 * next(one.path for one in samples() if one.name == "hdlc-segments").read_bytes())
    app = DlmsharkApp(Options((str(path),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, lambda: app.has_capture and app.capture.progress.is_done, 60)
            before = app.capture.records
            assert not app.add_key("guek=000102030405060708090A0B0C0D0E0F")
            await wait_for(pilot, lambda: "read again: " in text_of(app)[0], 15)
            await pilot.press("ctrl+c")
            await wait_for(pilot, lambda: "reading again was stopped" in text_of(app)[-1])
            assert app.capture.again is None
            assert app.capture.records is before

    asyncio.run(run())
