"""The program around the terminal UI, in a terminal of its own: it opens, quits, crashes and gives the terminal back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.tui.crash import report, written
from captures.samples import sample_path, samples
from tests.tui.pseudo_terminal import OPEN, Terminal

SAMPLE = str(next(one.path for one in samples() if one.name == "hdlc-segments"))
KEY = "000102030405060708090A0B0C0D0E0F"
CRASHING = (
    "from analyzer.tui.widgets.record_list import RecordList\n"
    "def pieces(self, index, width):\n"
    "    secret = self.app.options.key_sources.words\n"
    "    raise ValueError(secret)\n"
    "RecordList.pieces = pieces\n"
)

PASSED_ON = "from analyzer.index import early\nearly._INHERITS = False\n"
NOT_YET_SEEN = (
    "import time, analyzer.cli.live as live\n"
    "def look(*_):\n"
    "    print('looking', flush=True)\n"
    "    time.sleep(60)\n"
    "live._look = look\n"
)


def test_program_opens_a_capture_and_gives_the_terminal_back(tmp_path: Path) -> None:
    opened = Terminal(OPEN, SAMPLE, home=tmp_path)
    opened.wait_for(b"63 records")
    opened.press(b"\x11")
    assert opened.end() == 0
    assert opened.is_restored


@pytest.mark.parametrize("before", ["", PASSED_ON], ids=["inherited", "passed on, as on Windows"])
def test_capture_from_a_pipe_is_shown_and_keys_come_from_the_terminal(tmp_path: Path, before: str) -> None:
    opened = Terminal(before + OPEN, "-", home=tmp_path, stdin=Path(SAMPLE))
    opened.wait_for(b"63 records")
    opened.press(b"q")
    assert opened.end() == 0
    assert opened.is_restored


def test_terminated_program_gives_the_terminal_back(tmp_path: Path) -> None:
    opened = Terminal(OPEN, SAMPLE, home=tmp_path)
    opened.wait_for(b"63 records")
    opened.process.terminate()
    opened.end()
    assert opened.is_restored


def test_terminal_that_tells_no_size_has_the_usual_one(tmp_path: Path) -> None:
    opened = Terminal(OPEN, SAMPLE, home=tmp_path, size=(0, 0))
    opened.wait_for(b"63 records")
    opened.rest(0.5)
    opened.press(b"\x11")
    assert opened.end() == 0


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_recording_that_is_not_shown_yet_ends_with_its_terminal(tmp_path: Path, name: str) -> None:
    opened = Terminal(NOT_YET_SEEN + OPEN, "live", "-", home=tmp_path, stdin=sample_path("ln-wrapper"))
    opened.wait_for(b"looking")
    opened.process.send_signal(getattr(signal, name))
    assert opened.end(20) == 128 + getattr(signal, name)


def test_file_that_cannot_be_read_ends_with_one_line_and_status_3(tmp_path: Path) -> None:
    picture = tmp_path / "picture.pcap"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    opened = Terminal(OPEN, str(picture), home=tmp_path)
    assert opened.end() == 3
    assert b"dlmshark: " in opened.said and b"a picture (PNG)" in opened.said
    assert b"Traceback" not in opened.said


def test_crash_gives_the_terminal_back_and_tells_no_key(tmp_path: Path) -> None:
    opened = Terminal(CRASHING + OPEN, SAMPLE, "--key", f"guek={KEY}", home=tmp_path)
    assert opened.end() == 1
    assert opened.is_restored
    assert b"internal error: ValueError at " in opened.said
    reports = list(tmp_path.rglob("crash-*.txt"))
    assert len(reports) == 1
    text = reports[0].read_text(encoding="utf-8")
    assert "analyzer/tui/widgets/rows.py" in text
    assert KEY.encode() not in opened.said and KEY not in text


def test_report_names_places_and_no_values(tmp_path: Path) -> None:
    try:
        raise KeyError(KEY)
    except KeyError as error:
        text, told = report(error), written(error, tmp_path)
    assert KEY not in text + told
    assert "KeyError" in text and "test_program.py" in text
    assert (tmp_path / told.rpartition("/")[2]).is_file()


def test_what_costs_time_is_loaded_after_the_window_stands() -> None:
    late = ("captures", "polars", "scapy", "lark", "cryptography", "analyzer.capture", "analyzer.pipeline")
    asked = f"import sys, analyzer.tui.app; sys.exit([one for one in {late} if one in sys.modules] and 1 or 0)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_first_rows_are_there_before_what_makes_frames_is_loaded() -> None:
    path = next(one.path for one in samples() if one.name == "ln-wrapper")
    asked = (
        "import sys\nfrom analyzer.capture import Capture\n"
        f"capture = Capture([{str(path)!r}])\ncapture.start()\ncapture.wait(60)\n"
        "print(capture.table.height, capture.lines([1])[0].number, 'polars' in sys.modules)\n"
        "print(capture.table.frame.height, capture.table.row(1).number)"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True).stdout.split()
    assert told[0] == told[3] != "0"
    assert told[1:3] == ["1", "False"] and told[4] == "1"


def test_process_of_the_index_begins_before_the_window_and_ends_with_the_program(tmp_path: Path) -> None:
    begun = "from analyzer.index import early\nearly.begin()\nprint(early._waiting[0].process.pid)\n"
    told = subprocess.run([sys.executable, "-c", begun], capture_output=True, check=True, text=True)
    end = time.monotonic() + 60
    while _runs(int(told.stdout)):
        assert time.monotonic() < end
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
