"""Files that grow while they are read: from one to the next, past those that are gone, and how much waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures import blocks
from captures.chunk import SILENCE
from captures.growing import GrowingInput
from captures.pcapng import PcapngSource
from captures.stream import Window

START_NS = 1_772_442_000_000_000_000


def test_files_are_read_one_after_another_and_what_is_gone_is_counted(tmp_path: Path) -> None:
    first, gone, last = (tmp_path / name for name in ("1", "2", "3"))
    first.write_bytes(b"one")
    paths, is_over, pauses = [str(first)], [False], [0]

    def pause(seconds: float) -> None:
        pauses[0] += 1
        if pauses[0] == 1:
            with first.open("ab") as file:
                file.write(b" more")
            last.write_bytes(b"three")
            paths.extend((str(gone), str(last)))
        else:
            is_over[0] = True

    growing = GrowingInput(paths, lambda: is_over[0], pause=pause)
    assert (growing.behind, growing.before) == (3, "")
    assert growing.fetch() == b"one"
    assert growing.fetch() == b" more"
    assert growing.behind == len(b"three")
    assert growing.fetch() == b"three"
    assert (growing.path, growing.missed, growing.behind) == (str(last), 1, 0)
    assert growing.fetch() == b""
    growing.close()
    assert growing.behind == 0


def test_ring_whose_first_files_are_gone_is_read_from_the_first_that_is_there(tmp_path: Path) -> None:
    """A ring that turned before its reader was there ended it: no such file or directory."""
    gone, also, last = (str(tmp_path / name) for name in ("1", "2", "3"))
    Path(last).write_bytes(b"three")
    paths = [gone]
    growing = GrowingInput(paths, lambda: len(paths) > 1, pause=lambda seconds: paths.extend((also, last)))
    assert (growing.fetch(), growing.path, growing.missed) == (b"three", last, 2)
    growing.close()
    with pytest.raises(FileNotFoundError):
        GrowingInput([gone], lambda: False, pause=lambda seconds: None)


def test_idle_is_called_while_nothing_comes(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(b"one")
    idle: list[int] = []
    growing = GrowingInput([str(path)], lambda: len(idle) > 2, pause=lambda seconds: None)
    growing.idle = lambda: idle.append(1)
    assert growing.fetch() == b"one" and not idle
    assert growing.fetch() == b"" and len(idle) == 3
    growing.close()


def test_silence_is_said_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "1.pcapng"
    whole = blocks.section(application="test") + blocks.interface(147, "line") + blocks.packet(START_NS, b"one")
    path.write_bytes(whole)
    pauses = [0]

    def pause(seconds: float) -> None:
        pauses[0] += 1
        if pauses[0] == 200:
            with path.open("ab") as file:
                file.write(blocks.packet(START_NS, b"two")[:20])
        if pauses[0] == 400:
            with path.open("ab") as file:
                file.write(blocks.packet(START_NS, b"two")[20:])

    growing = GrowingInput([str(path)], lambda: pauses[0] > 600, pause=pause)
    growing.says_silence = True
    chunks = list(PcapngSource("1", Window(growing)))
    assert [(one.number, one.octets, one.link_type) for one in chunks] == [
        (1, b"one", 147), (1, b"", SILENCE), (1, b"", SILENCE), (2, b"two", 147), (2, b"", SILENCE),
    ]  # fmt: skip
