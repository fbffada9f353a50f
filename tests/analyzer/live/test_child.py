"""The recording in a process of its own: nothing that it says is lost, whenever it says it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from analyzer.live.child import RecordingChild
from analyzer.live.wishes import MARK
from captures.chunk import CaptureError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="check not run: the stand-in is a shell script")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """Let *lines* of shell run in the place of a recording."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))


def test_words_from_before_the_first_file_are_said_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["echo 'dlmshark: listening' >&2", "sleep 0.3", 'echo \'{"path": "x"}\'', "echo 'dlmshark: is back' >&2"]
    stand_in(tmp_path, monkeypatch, "\n".join(words))
    said: list[str] = []
    child = RecordingChild([], said.append)
    while not child.is_over():
        time.sleep(0.01)
    child.close()
    assert (child.path, said) == ("x", ["listening", "is back"])


def test_last_word_of_what_never_began_is_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "echo 'dlmshark: listening' >&2\necho 'dlmshark: no room' >&2\nexit 3")
    said: list[str] = []
    with pytest.raises(CaptureError, match="no room"):
        RecordingChild([], said.append)
    assert said == []


def test_recording_is_marked_turned_and_ended_also_where_there_are_no_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.live.child._HAS_SIGNALS", False)
    monkeypatch.setattr("subprocess.Popen.send_signal", lambda *_: pytest.fail("no such thing there"))
    line, port = os.openpty()
    child = RecordingChild([os.ttyname(port), "-o", str(tmp_path / "a.pcapng")], None)
    assert child.wish(MARK, "mind this")
    child.rotate()
    until = time.monotonic() + 10
    while len(child.paths) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    os.write(line, bytes.fromhex("7EA0070321930F017E"))
    child.close()
    assert child.is_over() and not child.has_failed and len(child.paths) == 2
    assert b"mind this" in b"".join(Path(path).read_bytes() for path in child.paths)
    os.close(line)
    os.close(port)
