"""A capture as who looks around in it sees it: rows come by themselves, any record whole, keys that come late."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from analyzer.capture import Capture
from analyzer.export.json_lines import JsonLines
from analyzer.export.lines import CLOSED, VERIFIED
from analyzer.security.keyring_file import load
from analyzer.session import Session
from analyzer.tracking.associations import Associations
from captures import blocks, open_source
from captures.samples import samples
from captures.spool import Interface, Limits, Spool

SAMPLES = {sample.name: sample for sample in samples()}
PLAIN, CIPHERED = str(SAMPLES["ln-wrapper"].path), SAMPLES["ln-ciphered"]


def _capture(*names: str) -> Capture:
    capture = Capture(names)
    capture.start()
    capture.wait(60)
    return capture


@pytest.mark.parametrize("name", ["ln-wrapper", "sn-hdlc"])
def test_capture_shows_what_decode_shows(name: str) -> None:
    path = str(SAMPLES[name].path)
    capture = _capture(path)
    session = Session(open_source(path))
    write = JsonLines(lambda: 9, layers=True, values=session.values).line
    expected = [write(record) for record in session.noted()]
    write = JsonLines(lambda: 9, layers=True, values=capture.records.values).line
    assert [write(capture.record(number)) for number in range(1, capture.table.height + 1)] == expected
    assert capture.progress.is_done
    assert capture.progress.records == len(expected)
    assert not capture.error
    capture.close()


class Recording:
    """A recording that a test makes: a spool that turns to another file when it is told to."""

    def __init__(self, path: Path) -> None:
        self._spool = Spool(str(path), [Interface(147, "a line")], Limits(keep=9))
        self.status: dict[str, Any] = {}
        self.messages: deque[str] = deque()
        self.paths = [str(self._spool.path)]
        self._is_over = False

    def say(self, *frames: bytes) -> None:
        self._spool.write(b"".join(blocks.packet(1_772_442_000_000_000_000, one) for one in frames))

    def turn(self) -> None:
        self._spool.rotate()
        self.paths.append(str(self._spool.path))

    def end(self) -> None:
        self._spool.close()
        self._is_over = True

    def is_over(self) -> bool:
        return self._is_over


def _grown(capture: Capture, count: int) -> list[str]:
    until = time.monotonic() + 60
    while capture.progress.records < count and time.monotonic() < until:
        capture.poll()
        time.sleep(0.01)
    assert not capture.error
    return [line.summary for line in capture.lines(range(1, capture.table.height + 1))]


def test_recording_is_shown_while_it_grows_from_file_to_file(tmp_path: Path) -> None:
    snrm, ua = bytes.fromhex("7EA0070321930F017E"), bytes.fromhex("7EA00721037301407E")
    recording = Recording(tmp_path / "r.pcapng")
    capture = Capture(recording.paths, live=recording)
    capture.start()
    recording.say(snrm, ua)
    assert _grown(capture, 2) == ["SNRM", "UA"], "rows come though no other record follows them"
    recording.turn()
    recording.say(snrm)
    assert _grown(capture, 3) == ["SNRM", "UA", "SNRM"]
    assert not capture.progress.is_done and capture.behind < 200
    recording.say(ua)
    _grown(capture, 4)
    damaged = snrm[:5] + b"\x02" + snrm[6:]
    until = time.monotonic() + 60
    while not capture.stories() and time.monotonic() < until:
        recording.say(damaged)
        time.sleep(0.5)
        capture.poll()
    assert capture.stories() and not capture.progress.is_done, "what goes wrong is told before the end"
    recording.end()
    capture.wait(60)
    assert capture.progress.is_done
    assert _grown(capture, 4)[:4] == ["SNRM", "UA"] * 2
    capture.close()


def test_lines_hold_summary_value_and_latency() -> None:
    capture = _capture(PLAIN)
    line = next(one for one in capture.lines(range(1, 44)) if one.summary.endswith("kWh"))
    assert line.direction == "response"
    assert line.value.endswith("kWh")
    assert line.unit == "Wh"
    assert line.latency_ns is not None and line.latency_ns > 0
    capture.close()


def test_detail_has_a_buffer_for_every_node() -> None:
    capture = Capture([str(CIPHERED.path)], keys=load([str(CIPHERED.keys)], [], published=[]).keyring)
    capture.start()
    capture.wait(60)
    opened = 0
    for number in range(1, capture.table.height + 1):
        found = capture.detail(number)
        for root in found.nodes:
            for node in root.walk():
                assert node.end <= 8 * len(found.buffers[node.buffer][1])
        opened += len(found.buffers) > 1
    assert opened
    capture.close()


def test_keys_that_come_late_open_the_same_records() -> None:
    capture = _capture(str(CIPHERED.path))
    height = capture.table.height
    before = {line.lock for line in capture.lines(range(1, height + 1))}
    assert CLOSED in before and VERIFIED not in before
    capture.add_keys(load([str(CIPHERED.keys)], [], published=[]).keyring)
    capture.wait(60)
    assert capture.table.height == height
    assert VERIFIED in {line.lock for line in capture.lines(range(1, height + 1))}
    capture.close()


@pytest.mark.parametrize("text", ["status == verified", "status == verified && summary contains get"])
def test_filter_that_runs_while_keys_are_added_is_decided_on_what_they_open(text: str) -> None:
    capture = _capture(str(CIPHERED.path))
    run = capture.filter(text)
    run.poll()
    assert run.is_done and not len(run.matches)
    capture.add_keys(load([str(CIPHERED.keys)], [], published=[]).keyring)
    capture.wait(60)
    assert not run.is_done
    while not run.is_done:
        run.poll()
    opened = capture.filter(text)
    while not opened.is_done:
        opened.poll()
    assert list(run.matches) == list(opened.matches) != []
    capture.close()


def test_associations_are_those_that_its_records_and_the_ends_of_connections_make() -> None:
    capture = _capture(PLAIN)
    session = Session(open_source(PLAIN))
    followed, ends = Associations(), session.pipeline.ends
    for record in session.records():
        while ends:
            followed.end(ends.popleft())
        followed.take(record)
    while ends:
        followed.end(ends.popleft())
    expected = [(one.number, one.how, one.first, one.records) for one in followed]
    for _ in range(2):
        assert [(one.number, one.how, one.first, one.records) for one in capture.associations()] == expected != []
    assert any(one.ending is not None for one in capture.associations())
    capture.close()


def test_capture_that_is_not_there_says_so_in_one_line(tmp_path: Path) -> None:
    capture = _capture(str(tmp_path / "none.pcap"))
    assert capture.error == f"{tmp_path / 'none.pcap'}: no such file"
    assert capture.progress.is_done
    capture.close()


def _many(folder: Path, *, keeps_index: bool = False) -> Capture:
    """A capture over which a pass takes seconds."""
    text = folder / "many.txt"
    text.write_text("7E A0 07 03 21 93 0F 01 7E\n" * 300_000)
    return Capture([str(text)], keeps_index=keeps_index)


def test_cancelled_pass_keeps_the_rows_that_came(tmp_path: Path) -> None:
    capture = _many(tmp_path)
    capture.start()
    while capture.progress.records == 0:
        capture.poll()
    capture.cancel()
    assert capture.progress.is_done
    height = capture.table.height
    assert 0 < height < 300_000
    assert capture.record(height).number == height
    capture.close()


@pytest.mark.skipif(sys.platform == "win32", reason="check not run: nobody removes there what is open")
def test_cancelled_pass_leaves_no_part_of_an_index(tmp_path: Path) -> None:
    capture = _many(tmp_path, keeps_index=True)
    capture.start()
    while capture.progress.records == 0:
        capture.poll()
    assert [one.suffix for one in sorted(tmp_path.iterdir())] == [".txt", ".part"]
    capture.cancel()
    assert capture.record(1).number == 1
    capture.close()
    assert [one.name for one in tmp_path.iterdir()] == ["many.txt"]


def test_cancelled_capture_ends_the_pass_that_reads_it_with_other_keys_too(tmp_path: Path) -> None:
    capture = _many(tmp_path)
    capture.start()
    capture.add_keys(None)
    begun = capture._next
    assert begun is not None
    while begun.progress.records == 0:
        capture.poll()
    capture.cancel()
    capture.wait(60)
    assert capture._next is None and capture.progress.records < 300_000
    assert begun._process is not None and begun._process._process.wait(60) != 0, "it did not read to the end"
    capture.close()


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="check not run: no such thing here")
def test_pass_stands_back_behind_who_presses_keys(tmp_path: Path) -> None:
    capture = _many(tmp_path)
    capture.start()
    while capture.progress.records == 0:
        capture.poll()
    assert capture._process is not None
    process = capture._process._process.pid
    assert os.getpriority(os.PRIO_PROCESS, process) == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
    capture.close()


def test_octets_are_what_a_forced_stack_says(tmp_path: Path) -> None:
    path = tmp_path / "raw.bin"
    path.write_bytes(b"\x01\x02" * 40_000 + bytes.fromhex("7EA0070321930F017E"))
    capture = _capture(str(path))
    assert "not recognised" in capture.error
    capture.force({"serial": "hdlc"})
    capture.wait(60)
    assert capture.error == ""
    assert capture.record(capture.table.height).octets == bytes.fromhex("7EA0070321930F017E")
    capture.close()


def test_several_inputs_are_joined_by_time() -> None:
    pushed = str(SAMPLES["push-udp"].path)
    alone = [_capture(name).table.height for name in (PLAIN, pushed)]
    both = _capture(PLAIN, pushed)
    assert both.table.height == sum(alone)
    assert both.record(both.table.height).packets[-1] > 0
    both.close()


def test_records_before_the_start_are_a_mistake() -> None:
    with pytest.raises(RuntimeError):
        Capture([PLAIN]).record(1)
