"""An index beside the capture is used while all is as it was, and never otherwise."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture import Capture
from analyzer.export.json_lines import JsonLines
from analyzer.index import saved
from analyzer.index.file import IndexWriter
from analyzer.security.keyring_file import load
from analyzer.table.table import frame_of
from captures import open_source
from captures.samples import samples

SAMPLES = {sample.name: sample for sample in samples()}
KEYS = load([str(SAMPLES["ln-ciphered"].keys)], [], published=[]).keyring
WRITE = JsonLines(lambda: 9, layers=True).line


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLES["ln-ciphered"].path, tmp_path))


def _make(capture: Path) -> Path:
    with open_source(str(capture)) as source:
        saved.make(source, str(capture), saved.Way(KEYS))
    return Path(saved.path_for([str(capture)]))


def test_kept_index_gives_the_records_again(capture: Path) -> None:
    first, again = (Capture([str(capture)], keys=KEYS, keeps_index=True) for _ in range(2))
    first.start()
    first.wait(60)
    again.start()
    assert again.progress.is_done, "rows are there before anything is read"
    numbers = range(1, first.table.height + 1)
    assert [WRITE(again.record(number)) for number in numbers] == [WRITE(first.record(number)) for number in numbers]
    assert again.lines(numbers) == first.lines(numbers)
    again.wait(60)
    assert [one.title for one in again.stories()] == [one.title for one in first.stories()]
    first.close()
    again.close()


def test_index_holds_no_key_and_is_for_its_owner_alone(capture: Path) -> None:
    index = _make(capture)
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    octets = index.read_bytes()
    for meter in KEYS.meters:
        for key in meter.keys.values():
            assert key.octets not in octets
            assert key.octets.hex().encode() not in octets.lower()


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody remove what is open")
@pytest.mark.parametrize(("has_locks", "is_swept"), [(True, True), (False, False)])
def test_what_may_still_be_written_is_not_swept(
    capture: Path, monkeypatch: pytest.MonkeyPatch, *, has_locks: bool, is_swept: bool
) -> None:
    def no_lock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    if not has_locks:
        monkeypatch.setattr("fcntl.flock", no_lock)
    path = saved.path_for([str(capture)])
    old = Path(saved.new_file(path))
    os.utime(old, (0, 0))
    saved.new_file(path)
    assert old.exists() is not is_swept


def test_index_does_not_serve_what_has_changed(capture: Path) -> None:
    _make(capture)
    name = [str(capture)]
    assert saved.load(name, KEYS, None) is not None
    assert saved.load(name, None, None) is None, "other keys"
    assert saved.load(name, KEYS, {"tcp.port==4059": "wrapper"}) is None, "other stacks"
    os.utime(capture, ns=(1, 1))
    assert saved.load(name, KEYS, None) is None, "another time"


@pytest.mark.parametrize("member", ['address = "10.9.9.9"', "client = 99", 'client_title = "4D4D4D0000000099"'])
def test_index_does_not_serve_another_selector_of_the_same_keys(member: str, capture: Path, tmp_path: Path) -> None:
    text = SAMPLES["ln-ciphered"].keys.read_text()
    plain, other = tmp_path / "plain.toml", tmp_path / "other.toml"
    plain.write_text(text)
    kept = [line for line in text.splitlines() if not line.startswith(member.partition(" ")[0])]
    other.write_text("\n".join((*kept, member)))
    with open_source(str(capture)) as source:
        saved.make(source, str(capture), saved.Way(load([str(plain)], []).keyring))
    assert saved.load([str(capture)], load([str(plain)], []).keyring, None) is not None
    assert saved.load([str(capture)], load([str(other)], []).keyring, None) is None


def test_unfinished_index_is_none(capture: Path) -> None:
    index = _make(capture)
    octets = index.read_bytes()
    for size in (0, 8, 100, len(octets) // 2, len(octets) - 1):
        index.write_bytes(octets[:size])
        assert saved.load([str(capture)], KEYS, None) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(at=st.integers(0, 1 << 16), octet=st.integers(1, 255))
def test_damaged_index_is_refused_or_says_so_in_one_line(capture: Path, at: int, octet: int) -> None:
    index = Path(saved.path_for([str(capture)]))
    octets = bytearray((index if index.exists() else _make(capture)).read_bytes())
    damaged = index.with_suffix(".damaged")
    at %= len(octets)
    octets[at] ^= octet
    shutil.copy(capture, damaged)
    os.utime(damaged, ns=(0, capture.stat().st_mtime_ns))
    Path(saved.path_for([str(damaged)])).write_bytes(octets)
    found = saved.load([str(damaged)], KEYS, None)
    if found is None:
        return
    records, reader = found
    for number in range(1, records.table.height + 1):
        try:
            records.record(number)
        except saved.IndexDamagedError as problem:
            assert "\n" not in str(problem)
    reader.close()


@pytest.mark.parametrize("lacks", ["paths", "subjects", "marks"])
@pytest.mark.parametrize("has_frame", [False, True])
def test_index_whose_rows_name_what_is_not_there_is_none(
    lacks: str, has_frame: bool, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = IndexWriter.say

    def forged(self: IndexWriter, **members: Any) -> None:
        rows = [tuple(row) for row in members.pop("rows", ())] if has_frame else []
        say(self, **{name: value for name, value in members.items() if name != lacks})
        if rows:
            octets = io.BytesIO()
            frame_of(rows).write_ipc(octets)
            self.columns(octets.getvalue())

    assert saved.load([str(_make(capture)).removesuffix(saved.SUFFIX)], KEYS, None) is not None
    monkeypatch.setattr(IndexWriter, "say", forged)
    _make(capture)
    assert saved.load([str(capture)], KEYS, None) is None


def test_pipe_and_several_inputs_keep_none(capture: Path, tmp_path: Path) -> None:
    assert saved.path_for(["-"]) == ""
    assert saved.path_for([str(capture), str(capture)]) == ""
    assert saved.path_for([str(tmp_path)]) == ""
