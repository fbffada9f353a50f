"""The terminal UI over a recording that runs: rows come by themselves, the end is followed, the status line counts."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.live.status import Status
from analyzer.tui import program
from analyzer.tui.app import DlmsharkApp, Options
from analyzer.tui.pace import Pace
from captures import blocks
from captures.spool import Interface, Spool
from tests.tui.driving import SMALL, main_of, sample, text_of

SNRM, UA = bytes.fromhex("7EA0070321930F017E"), bytes.fromhex("7EA00721037301407E")


class Recording:
    """A recording that the test makes."""

    def __init__(self, path: Path) -> None:
        self._spool = Spool(str(path), [Interface(147, "a line")])
        self.paths = [str(path)]
        self.messages: deque[str] = deque()
        self.packets = 0
        self.has_ended = self.is_closed = False
        self.remark = ""

    @property
    def status(self) -> dict[str, Any]:
        return {
            "packets": self.packets, "octets": 9 * self.packets, "line_errors": 0, "dropped": 7, "line": "9600 8N1",
            "modem": "RTS low, DTR low", "remark": self.remark,
        }  # fmt: skip

    def say(self, frame: bytes) -> None:
        self.packets += 1
        self._spool.write(blocks.packet(1_772_442_000_000_000_000 + self.packets, frame))

    def is_over(self) -> bool:
        return self.has_ended

    def stop(self) -> None:
        self.has_ended = True

    def close(self) -> None:
        self.has_ended = self.is_closed = True


def _followed(
    folder: Path, act: Callable[[DlmsharkApp, Recording, Pilot[None]], Awaitable[None]], size: tuple[int, int] = SMALL
) -> None:
    """Run *act* over a recording that runs."""
    recording = Recording(folder / "r.pcapng")
    capture = Capture(recording.paths, live=recording)
    capture.start()
    app = DlmsharkApp(Options(capture.inputs, "live: a line", live=recording), capture)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await act(app, recording, pilot)

    asyncio.run(run())
    capture.close()


def test_recording_is_followed_and_counted(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        for count in range(1, 41):
            recording.say(UA if count % 2 else SNRM)
        recording.messages.append("listening at 2400 8N1")
        await until(pilot, lambda: main_of(app).records.cursor == 39)
        await until(pilot, lambda: any("listening at 2400 8N1 · 40 packets" in line for line in text_of(app)))
        recording.say(SNRM)
        await until(pilot, lambda: main_of(app).records.cursor == 40)
        assert " TAIL   41 records" in text_of(app)[0]
        await pilot.press("k")
        recording.say(SNRM)
        await until(pilot, lambda: main_of(app).records.count == 42)
        assert main_of(app).records.cursor == 39, "who moves up stays there"
        recording.has_ended = True
        await until(pilot, lambda: "ended" in app.live_text)
        expected = "42 packets · 378 octets · 7 packets lost by the system · 9600 8N1 · RTS low, DTR low · ended"
        assert app.live_text.endswith(expected)
        await until(pilot, lambda: " ENDED   42 records" in text_of(app)[0])

    _followed(tmp_path, act, (140, 30))


@pytest.mark.parametrize(("key", "shown"), [("f", "Device ID 1"), ("l", "Device ID 1"), ("r", "52100071")])
def test_screen_over_a_recording_shows_what_it_gets(tmp_path: Path, key: str, shown: str) -> None:
    frames = [
        record.octets
        for record in map(sample("hdlc-segments").record, range(1, 15))
        if "1.17" in (str(record.server), str(record.client))
    ]

    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        for frame in frames[:-2]:
            recording.say(frame)
        await until(pilot, lambda: main_of(app).records.count == len(frames) - 2)
        await pilot.press(key)
        await until(pilot, lambda: any("Clock" in line for line in text_of(app)[1:]))
        assert not any(shown in line for line in text_of(app))
        for frame in frames[-2:]:
            recording.say(frame)
        await until(pilot, lambda: any(shown in line for line in text_of(app)))

    _followed(tmp_path, act)


def test_pause_says_what_it_holds_back_and_is_none_where_nothing_more_comes(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        recording.say(SNRM)
        await until(pilot, lambda: main_of(app).records.count == 1)
        await pilot.press("p")
        await until(pilot, lambda: "paused: records still arrive" in text_of(app)[-1])
        await pilot.press("p")
        recording.has_ended = True
        await until(pilot, lambda: " ENDED " in text_of(app)[0] and app.capture.progress.is_done)
        await pilot.press("p")
        await until(pilot, lambda: "nothing more comes" in text_of(app)[-1])
        assert not main_of(app).is_paused

    _followed(tmp_path, act, (140, 24))


def test_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    assert not pace.take(5.0, 0)
    assert (pace.take(6.0, 40), pace.text) == (True, "40/s")
    for second in range(7, 60):
        assert not pace.take(second + 0.5, 90) or second <= 16
    assert pace.text == "0/s"
    assert (pace.take(61.0, 93), pace.text) == (True, "0.3/s")
    assert not pace.take(61.2, 1000)


def test_recording_ends_with_a_word_where_another_capture_is_opened(tmp_path: Path) -> None:
    other = tmp_path / "other.pcapng"

    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        other.write_bytes(Path(recording.paths[0]).read_bytes())
        await until(pilot, lambda: app.has_begun)
        app.open_inputs([str(other)])
        await until(pilot, lambda: any("the recording has ended: it is in" in line for line in text_of(app)))
        await until(pilot, lambda: recording.is_closed)

    _followed(tmp_path, act, (140, 24))


def test_recording_goes_on_where_what_is_opened_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no octets are here\n" * 9)

    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        capture = app.capture
        await until(pilot, lambda: app.has_begun)
        main_of(app).answer_open(str(other))
        await until(pilot, lambda: any("text without octets in hex" in line for line in text_of(app)))
        recording.say(SNRM)
        await until(pilot, lambda: main_of(app).records.count == 1)
        assert app.capture is capture and not recording.has_ended

    _followed(tmp_path, act, (140, 24))


@pytest.mark.parametrize("listens_to", ["serial:/dev/ttyS0", ""])
def test_recording_ends_before_another_source_is_listened_to(
    listens_to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(tmp_path / "r.pcapng")
    ended: list[bool] = []
    monkeypatch.setattr(DlmsharkApp, "run", lambda app: setattr(app, "listens_to", listens_to))
    monkeypatch.setattr(program, "_find_terminal", lambda: None)
    monkeypatch.setattr(program, "_listen", lambda *_: ended.append(recording.has_ended) or 0)
    assert program.run(recording.paths, live=recording) == 0
    assert ended == [True] * bool(listens_to)
    assert recording.has_ended == bool(listens_to)


def test_stories_of_the_last_octets_before_a_silence_are_told(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        recording.say(SNRM)
        await until(pilot, lambda: app.capture.diagnoses)
        await pilot.press("d")
        assert any("No problem was found" in line for line in text_of(app))
        recording.say(UA[:-3] + bytes.fromhex("FFFF7E"))
        await until(pilot, lambda: any("hdlc-fcs-wrong" in line for line in text_of(app)))
        recording.say(SNRM)
        await until(pilot, lambda: "3 records" in text_of(app)[0])

    _followed(tmp_path, act)


def test_list_without_records_says_why_and_the_sources_what_was_told(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        def is_said(*texts: str) -> bool:
            shown = text_of(app)
            return all(any(text in line for line in shown) for text in texts)

        await until(pilot, lambda: is_said("Nothing was heard yet", "have the meter read"))
        recording.say(bytes.fromhex("00F2C0DE"))
        await until(pilot, lambda: is_said("9 octets came, and none of them reads yet", "without --baud"))
        recording.remark = "the line reads as an inverted one"
        await until(pilot, lambda: is_said("the line reads as an inverted one"))
        recording.messages += ["/dev/ttyUSB0: unplugged", "/dev/ttyUSB0: is back"]
        await pilot.press("d")
        await until(pilot, lambda: is_said("none of them reads yet", "the line reads as an inverted one"))
        await pilot.press("q", "S")
        await until(pilot, lambda: is_said("live     1 packets", "said     /dev/ttyUSB0: is back", "unplugged"))
        recording.say(bytes.fromhex("00F2C0DE"))
        await until(pilot, lambda: is_said("live     2 packets"))
        await pilot.press("q")
        recording.say(UA)
        await until(pilot, lambda: main_of(app).records.count)
        assert not is_said("none of them reads")

    _followed(tmp_path, act)


def test_what_comes_while_the_program_ends_finds_no_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: DlmsharkApp, recording: Recording, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.has_begun)
        with monkeypatch.context() as patched:
            patched.setattr(type(app), "screen_stack", property(lambda app: []))
            patched.setattr(type(app), "screen", property(lambda app: app.screen_stack[-1]))
            patched.setattr(app.main, "show_status", lambda: None)
            recording.remark = "another"
            recording.messages.append("is back")
            app._look_at_recording(app.capture)
        assert "is back" in app.live_text

    _followed(tmp_path, act)


async def until(pilot: Any, condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        await pilot.pause(0.05)


def test_counts_of_a_long_recording_are_grouped() -> None:
    status = Status()
    status.count(1_234, 5_678_901)
    assert status.text().startswith("1,234 packets · 5,678,901 octets")
