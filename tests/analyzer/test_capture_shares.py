"""A large capture is opened by several processes; what is shown is what one gives, whatever becomes of them."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer.capture import Capture
from analyzer.index import saved
from captures.samples import samples
from tests.analyzer.index import mixed

SAMPLES = {one.name: one for one in samples()}


def _meters(folder: Path, times: int, *, is_one_meter: bool = False) -> Path:
    """Write so many dialogues, each with a meter of its own or all with one, which then has as many clients."""
    found, dice = mixed.packets(str(SAMPLES["ln-wrapper"].path), 300), random.Random(1)
    client = found[0][26:30]
    if is_one_meter:
        others = [bytes((10, 7, 7, at)) for at in range(times)]
        streams = [[one[:14] + one[14:].replace(client, other) for one in found] for other in others]
    else:
        streams = [[mixed.moved(one, at % 99) for one in found] for at in range(times)]
    return Path(mixed.write(folder / "capture.pcap", mixed.interleave(streams, dice), dice))


def _seen(capture: Capture) -> dict[str, Any]:
    numbers = range(1, capture.table.height + 1)
    return {
        "lines": capture.lines(numbers),
        "stories": [(one.title, one.count, one.records) for one in capture.stories()],
        "remarks": capture.remarks,
        "error": capture.error,
        "progress": capture.progress._replace(seconds=0),
    }


def _opened(path: Path, workers: int, *, keeps_index: bool = False) -> dict[str, Any]:
    capture = Capture([str(path)], workers=workers, keeps_index=keeps_index)
    capture.start()
    capture.wait(120)
    found = _seen(capture)
    capture.close()
    return found


def test_capture_by_several_processes_is_that_of_one(tmp_path: Path) -> None:
    path = _meters(tmp_path, 40)
    alone = _opened(path, 1)
    assert alone["lines"] and alone["progress"].is_done
    assert _opened(path, 3) == alone
    assert _opened(path, 2, keeps_index=True) == alone
    assert saved.load([str(path)], None, None) is not None
    assert _opened(path, 2, keeps_index=True) == alone, "from the index"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["capture.pcap", "capture.pcap.dlmshark-index"]


def test_small_capture_is_opened_by_one_process(tmp_path: Path) -> None:
    assert Capture([str(_meters(tmp_path, 2))])._count_workers() == 1


@pytest.mark.parametrize("name", ["ln-wrapper", "hdlc-log"])
def test_capture_that_cannot_be_shared_is_opened_all_the_same(name: str) -> None:
    assert _opened(SAMPLES[name].path, 2) == _opened(SAMPLES[name].path, 1)


def test_capture_in_which_clients_have_a_meter_in_common_is_opened_by_one_process_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _meters(tmp_path, 40, is_one_meter=True)
    alone = _opened(path, 1)
    problems: list[str] = []
    begin = Capture._begin_alone

    def spy(capture: Capture, problem: str) -> None:
        problems.append(problem)
        begin(capture, problem)

    monkeypatch.setattr(Capture, "_begin_alone", spy)
    assert _opened(path, 2) == alone
    assert problems == [""], "nothing became of a process: the capture cannot be shared"
    assert [one.name for one in tmp_path.iterdir()] == ["capture.pcap"]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="check not run: no /proc to find processes in")
def test_killed_reader_is_said_and_one_process_reads_all(tmp_path: Path) -> None:
    path = _meters(tmp_path, 300)
    capture = Capture([str(path)], workers=2, keeps_index=True)
    capture.start()
    end = time.monotonic() + 60
    readers: list[int] = []
    while not readers and time.monotonic() < end:
        readers = _readers()
        time.sleep(0.01)
    os.kill(readers[0], signal.SIGKILL)
    capture.wait(120)
    found = _seen(capture)
    capture.close()
    said = "a process that read a share of it ended early (signal 9); one process reads it all"
    assert found == _opened(path, 1) | {"remarks": [(str(path), said)]}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["capture.pcap", "capture.pcap.dlmshark-index"]


@pytest.mark.skipif(sys.platform == "win32", reason="check not run: nobody removes there what is open")
def test_cancelled_pass_leaves_nothing_behind(tmp_path: Path) -> None:
    capture = Capture([str(_meters(tmp_path, 300))], workers=2, keeps_index=True)
    capture.start()
    end = time.monotonic() + 60
    while not capture.table.height and time.monotonic() < end:
        capture.poll()
        time.sleep(0.01)
    capture.cancel()
    assert capture.table.height and capture.record(1).number == 1, "the rows that came stay"
    capture.close()
    assert [one.name for one in tmp_path.iterdir()] == ["capture.pcap"]


def _readers() -> list[int]:
    """Give the processes of this one's children that read shares."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdecimal():
            try:
                if b"analyzer.index.share\0" in (one / "cmdline").read_bytes() and _is_ours(int(one.name)):
                    found.append(int(one.name))
            except OSError:
                continue
    return found


def _is_ours(process: int) -> bool:
    while process > 1 and process != os.getpid():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process == os.getpid()
