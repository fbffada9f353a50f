"""The spool: whole blocks, on the disk within a second, readable at any time; rings, full disks, files that are there."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captures import blocks, open_source
from captures.spool import SECOND, Disk, Interface, Limits, Spool, SpoolError

USER0 = 147
INTERFACES = [Interface(USER0, "bus")]


class FakeDisk(Disk):
    """A disk that counts its calls and has a clock that the test turns."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.calls: list[tuple[str, int]] = []
        self.room = 1 << 40
        self.left = -1

    def now_ns(self) -> int:
        return self.now

    def write(self, descriptor: int, octets: bytes) -> int:
        self.calls.append(("write", self.now))
        if 0 <= self.left < len(octets):
            if not self.left:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            octets = octets[: self.left]
        if self.left >= 0:
            self.left -= len(octets)
        return super().write(descriptor, octets)

    def begin_sync(self, descriptor: int) -> bool:
        self.calls.append(("sync", self.now))
        self.sync(descriptor)
        return True

    def free(self, path: Path) -> int:
        return self.room


def frame(number: int) -> bytes:
    return blocks.packet(number * SECOND, bytes((number % 256,)) * 40)


def octets_in(path: Path) -> list[bytes]:
    with open_source(str(path)) as source:
        return [chunk.octets for chunk in source]


def test_spool_reads_back_with_what_was_written_while_it_grows(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, comment="a bus")
    for number in range(3):
        spool.write(frame(number))
        assert octets_in(spool.path) == [bytes((one,)) * 40 for one in range(number + 1)]
    spool.close()


def test_blocks_are_written_in_one_call_and_reach_the_disk_within_a_second(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    disk.calls.clear()
    for number in range(400):  # a packet each 50 ms, then silence in which only ticks come
        disk.now += SECOND // 20
        spool.write(frame(number)) if number < 200 else spool.tick()
    writes = [at for what, at in disk.calls if what == "write"]
    syncs = [at for what, at in disk.calls if what == "sync"]
    assert len(writes) == 200
    assert all(any(at <= sync <= at + SECOND for sync in syncs) for at in writes)
    assert len(syncs) <= 12  # what is on the disk is not sent there again
    spool.close()


class SlowDisk(Disk):
    """A disk that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.synced: list[float] = []

    def sync(self, descriptor: int) -> None:
        time.sleep(0.3)
        super().sync(descriptor)
        self.synced.append(time.monotonic())


def test_slow_disk_holds_nobody_up_and_gets_all_in_the_end(tmp_path: Path) -> None:
    disk = SlowDisk()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    longest, begun = 0.0, time.monotonic()
    while time.monotonic() - begun < 2.5:
        before = time.process_time(), time.monotonic()
        spool.write(frame(1))
        longest = max(longest, time.monotonic() - before[1])
        time.sleep(0.01)
    assert longest < 0.25
    assert len(disk.synced) >= 1
    spool.close()
    assert disk.synced[-1] > begun + 2.5, "what came last is on the disk before the file is closed"


def test_disk_that_fails_ends_the_spool(tmp_path: Path) -> None:
    class Failing(Disk):
        def sync(self, descriptor: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=Failing())
    with pytest.raises(SpoolError, match="Input/output error"):
        for number in range(40):
            spool.write(frame(number))
            time.sleep(0.1)


def test_ring_keeps_the_newest_files_and_loses_no_packet_of_them(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "ring.pcapng"), INTERFACES, Limits(size=1000, keep=3), disk=disk)
    for number in range(60):
        spool.write(frame(number))
    spool.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(one.stat().st_size <= 1000 and one.name.startswith("ring_0") for one in files)
    kept = [octets[0] for one in files for octets in octets_in(one)]
    assert kept == list(range(60 - len(kept), 60))


def test_packets_that_come_at_once_go_to_as_many_files_as_their_size_asks_for(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "ring.pcapng"), INTERFACES, Limits(size=1000))
    for first in (0, 5, 40):
        spool.write_all([frame(number) for number in range(first, first + 5 + 30 * (first == 5))])
    spool.close()
    files = sorted(tmp_path.iterdir())
    assert spool.begun == [str(one) for one in files]
    assert all(one.stat().st_size <= 1000 for one in files) and len(files) == 4
    assert [octets[0] for one in files for octets in octets_in(one)] == list(range(45))


@pytest.mark.parametrize(("name", "suffix"), [("ring", ".pcapng"), ("ring.ntar", ".ntar")])
def test_files_of_a_ring_have_the_ending_of_its_name_or_that_of_what_they_are(
    name: str, suffix: str, tmp_path: Path
) -> None:
    Spool(str(tmp_path / name), INTERFACES, Limits(size=1000, keep=3)).close()
    (path,) = tmp_path.iterdir()
    assert (path.stem.partition("_")[0], path.suffix) == ("ring", suffix)


def test_ring_turns_by_time(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "ring.pcapng"), INTERFACES, Limits(time_ns=10 * SECOND), disk=disk)
    for number in range(25):
        disk.now += SECOND
        spool.write(frame(number))
    spool.close()
    assert [len(octets_in(one)) for one in sorted(tmp_path.iterdir())] == [9, 10, 6]


def test_full_disk_ends_the_spool_with_whole_blocks(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    disk.left = 2 * len(frame(0)) + 17
    with pytest.raises(SpoolError, match=r"s\.pcapng: No space left on device; what was captured before is in it"):
        for number in range(5):
            spool.write(frame(number))
    spool.close()
    assert octets_in(spool.path) == [bytes((one,)) * 40 for one in range(2)]


def test_little_free_space_ends_the_spool_before_the_disk_is_full(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    disk.room, disk.now = 10 << 20, 2 * SECOND
    with pytest.raises(SpoolError, match="10 MB are free"):
        spool.write(frame(1))
    assert octets_in(spool.path) == [b"\1" * 40]


POSIX = pytest.mark.skipif(os.name != "posix", reason="check not run: a file that is open cannot be deleted here")


@POSIX
@pytest.mark.parametrize("is_made_anew", [False, True])
def test_file_that_is_deleted_while_it_grows_is_told_and_followed_by_another(
    tmp_path: Path, *, is_made_anew: bool
) -> None:
    disk, said = FakeDisk(), list[str]()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk, say=said.append)
    for number in range(4):
        if number == 2:
            spool.path.unlink()
            if is_made_anew:
                spool.path.touch()
        disk.now += SECOND
        spool.write(frame(number))
    spool.close()
    (path,) = (one for one in tmp_path.iterdir() if one.name != "s.pcapng")
    assert octets_in(path) == [b"\3" * 40] and spool.begun[-1] == str(path)
    assert said == [f"{tmp_path}/s.pcapng: was deleted while it grew, and what was in it is lost; another file follows"]


@POSIX
def test_file_that_gets_another_name_while_it_grows_is_written_on(tmp_path: Path) -> None:
    disk = FakeDisk()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    spool.path.rename(tmp_path / "s.pcapng.1")
    for number in range(3):
        disk.now += SECOND
        spool.write(frame(number))
    spool.close()
    assert [len(octets_in(one)) for one in tmp_path.iterdir()] == [3]


@POSIX
@pytest.mark.parametrize("is_ring", [False, True])
def test_folder_that_is_deleted_ends_the_spool(tmp_path: Path, *, is_ring: bool) -> None:
    disk, folder = FakeDisk(), tmp_path / "gone"
    folder.mkdir()
    spool = Spool(str(folder / "s.pcapng"), INTERFACES, Limits(keep=2 * is_ring), disk=disk)
    spool.path.unlink()
    folder.rmdir()
    disk.now += SECOND
    with pytest.raises(SpoolError, match=r"gone/s_00002_\d+\.pcapng: .* there is no folder .*gone$"):
        spool.write(frame(1))
    spool.write(frame(2))  # the last counts, say: why it ended is not covered by it
    spool.close()


def test_disk_that_does_not_tell_what_is_free_ends_the_spool_in_words(tmp_path: Path) -> None:
    class Stale(FakeDisk):
        def free(self, path: Path) -> int:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    disk = Stale()
    spool = Spool(str(tmp_path / "s.pcapng"), INTERFACES, disk=disk)
    disk.now += SECOND
    with pytest.raises(SpoolError, match=r"s\.pcapng: .*what was captured before may be in it"):
        spool.tick()
    spool.close()


def test_file_of_a_ring_that_somebody_holds_ends_nothing_and_goes_later(tmp_path: Path) -> None:
    class Held(FakeDisk):
        held = "_00001_"

        def remove(self, path: Path) -> None:
            if self.held in path.name:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            super().remove(path)

    disk = Held()
    spool = Spool(str(tmp_path / "ring.pcapng"), INTERFACES, Limits(keep=2), disk=disk)
    kept = []
    for held in ("_00001_", "_00001_", "_00001_", "none"):
        disk.held = held
        spool.rotate()
        kept.append([int(one.name.split("_")[1]) for one in sorted(tmp_path.iterdir())])
    spool.close()
    assert kept == [[1, 2], [1, 2, 3], [1, 3, 4], [4, 5]]


def test_file_that_is_there_is_not_written_over_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    path.write_bytes(b"evidence")
    with pytest.raises(SpoolError, match="is there already; --force"):
        Spool(str(path), INTERFACES)
    assert path.read_bytes() == b"evidence"
    Spool(str(path), INTERFACES, replaces=True).close()
    assert octets_in(path) == []


WRITER = """
import sys, time
from captures import blocks
from captures.spool import Interface, Spool
spool = Spool(sys.argv[1], [Interface(147, "bus")])
number = 0
while True:
    number += 1
    spool.write(blocks.packet(number, number.to_bytes(4, "big") * 20))
    print(number, time.monotonic_ns(), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="check not run: no SIGKILL here")
def test_killed_capture_opens_and_holds_all_that_was_written(tmp_path: Path) -> None:
    chance = random.Random(9)
    for trial in range(20):
        path = tmp_path / f"{trial}.pcapng"
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            child.kill()
            said = child.stdout.read().split(b"\n")
        written = max((int(line.split()[0]) for line in said[:-1] if line), default=1)
        with open_source(str(path)) as source:
            numbers = [int.from_bytes(chunk.octets[:4], "big") for chunk in source]
            remarks = source.remarks
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= written
        assert not remarks or [one.code for one in remarks] == ["capture-cut"]
