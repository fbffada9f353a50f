"""The growing pcapng file that everything captured goes to at once: whole blocks, on the disk within a second.

Readers may open it while it grows. A ring of files is named as dumpcap names them: NAME_00001_20260302091407.pcapng.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import NamedTuple

from captures import blocks
from captures.chunk import CaptureError, CapturePermissionError

SECOND = 1_000_000_000
_FREE = 64 << 20
_NEW = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Interface(NamedTuple):
    """What the spool says of where its octets come from."""

    link_type: int
    name: str
    description: str = ""
    snap_length: int = 0


class Limits(NamedTuple):
    """When a file is full. Octets, nanoseconds, files; 0 means never. *free* octets are left to others on the disk."""

    size: int = 0
    time_ns: int = 0
    keep: int = 0
    free: int = _FREE


UNLIMITED = Limits()


class SpoolError(CaptureError):
    """The spool cannot go on; what was written before is whole."""


class Disk:
    """What the spool asks of the system, in one place: a test counts the calls.

    Files reach the disk in a thread of its own: who reads a line waits for no disk.
    """

    def __init__(self) -> None:
        self._wishes: SimpleQueue[int] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_idle = Event()
        self._is_idle.set()
        self._problem: OSError | None = None

    def open(self, path: Path, *, replaces: bool) -> int:
        """Open a file that is empty or new."""
        return os.open(path, _NEW | (os.O_TRUNC if replaces else os.O_EXCL), 0o644)

    def write(self, descriptor: int, octets: bytes) -> int:
        """Write what the system takes at once."""
        return os.write(descriptor, octets)

    def truncate(self, descriptor: int, size: int) -> None:
        """Take back what was written of a block that has no room."""
        os.ftruncate(descriptor, size)
        os.lseek(descriptor, size, os.SEEK_SET)

    def sync(self, descriptor: int) -> None:
        """Have what was written reach the disk."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def begin_sync(self, descriptor: int) -> bool:
        """Have what was written reach the disk meanwhile; false where the disk is still at the time before.

        Raises: OSError that came of the time before.
        """
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem
        if not self._is_idle.is_set():
            return False
        self._is_idle.clear()
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()
        self._wishes.put(descriptor)
        return True

    def _work(self) -> None:
        while True:
            descriptor = self._wishes.get()
            try:
                self.sync(descriptor)
            except OSError as problem:
                self._problem = problem
            self._is_idle.set()

    def close(self, descriptor: int) -> None:
        """Have all reach the disk, and close the file."""
        self._is_idle.wait()
        try:
            self.sync(descriptor)
        except OSError as problem:
            if problem.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe, or a file system that has no such thing
                raise
        finally:
            os.close(descriptor)

    def free(self, path: Path) -> int:
        """Count the octets that are free where *path* is; a large number where that cannot be told."""
        if not hasattr(os, "statvfs"):
            import shutil

            return shutil.disk_usage(path.parent).free
        status = os.statvfs(path.parent)
        return status.f_bavail * status.f_frsize

    def is_deleted(self, descriptor: int, path: Path) -> bool:
        """Tell whether nobody can open what is written any more: it has no name left, this one or another."""
        grown = os.fstat(descriptor)  # some file systems count no names
        return not grown.st_nlink and not (path.exists() and os.path.samestat(grown, path.stat()))

    def remove(self, path: Path) -> None:
        """Delete a file of the ring; that it is gone already does not matter. Raises: OSError."""
        path.unlink(missing_ok=True)

    def now_ns(self) -> int:
        """Tell a time that never goes back, in nanoseconds."""
        return time.monotonic_ns()


class Spool:
    """Writes blocks to *path*, or to a ring of files beside it where *limits* says so; *say* is told of a file that
    somebody deleted while it grew: what comes goes to another.

    Raises: SpoolError if a file cannot be made, or where the disk is full.
    """

    def __init__(
        self, path: str, interfaces: Sequence[Interface], limits: Limits = UNLIMITED, *, comment: str = "",
        replaces: bool = False, disk: Disk | None = None, say: Callable[[str], object] = bool,
    ) -> None:  # fmt: skip
        self._base = Path(path)
        self._say = say
        self._limits = limits
        self._replaces = replaces
        self._disk = disk or Disk()
        head = [blocks.section(application="dlmshark", comment=comment)]
        head += [blocks.interface(one.link_type, one.name, one.description) for one in interfaces]
        self._head = b"".join(head)
        self._kept: deque[Path] = deque()
        self._number = 0
        self.path = self._base
        """The file that grows now."""
        self.begun: list[str] = []
        """The files that were begun; the last one grows."""
        self.octets = 0
        """Octets written to all files."""
        self._descriptor = -1
        self._begun = self._synced = self._size = 0
        self._is_dirty = False
        self._next()

    @property
    def is_ring(self) -> bool:
        """Tell whether a full file is followed by another."""
        return bool(self._limits.size or self._limits.time_ns or self._limits.keep)

    def write_all(self, packets: Sequence[bytes]) -> None:
        """Write what came at once: in one call, or one by one where it fills the file. Raises: SpoolError."""
        if not self._limits.size or self._size + sum(map(len, packets)) <= self._limits.size:
            self.write(b"".join(packets))
            return
        for packet in packets:
            self.write(packet)

    def write(self, packets: bytes) -> None:
        """Write whole blocks, in one call; nothing once no file could be made. Raises: SpoolError."""
        if self._descriptor < 0:
            return
        limits, now = self._limits, self._disk.now_ns()
        is_full = limits.size and self._size > len(self._head) and self._size + len(packets) > limits.size
        if is_full or (limits.time_ns and now - self._begun >= limits.time_ns):
            self.rotate()
        self._put(packets)
        self.tick(now)

    def tick(self, now_ns: int | None = None) -> None:
        """Have what was written reach the disk, once a second; call it while nothing comes too. Raises: SpoolError."""
        now = self._disk.now_ns() if now_ns is None else now_ns
        if now - self._synced < SECOND:
            return
        self._synced = now
        try:
            if self._disk.is_deleted(self._descriptor, self.path):
                self._leave_deleted()
            if self._is_dirty:
                self._is_dirty = not self._disk.begin_sync(self._descriptor)
            free = self._disk.free(self.path)
        except OSError as error:
            raise SpoolError(f"{self.path}: {error.strerror}; what was captured before may be in it") from None
        if free < self._limits.free:
            raise SpoolError(
                f"{self.path}: {free >> 20} MB are free on the disk, {self._limits.free >> 20} MB are left alone"
            )

    def rotate(self) -> None:
        """Begin another file; the oldest ones of the ring go. Raises: SpoolError."""
        self.close()
        self._next()

    def _leave_deleted(self) -> None:
        self._say(f"{self.path}: was deleted while it grew, and what was in it is lost; another file follows")
        self.rotate()

    def save(self, path: str) -> None:
        """Keep a file of the ring for good; one that is gone already stays so."""
        with contextlib.suppress(ValueError):
            self._kept.remove(Path(path))

    def close(self) -> None:
        """Have all reach the disk, and close the file; a second call does nothing. Raises: SpoolError."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                self._disk.close(descriptor)
            except OSError as error:
                raise SpoolError(f"{self.path}: {error.strerror}; what was captured may not be in it") from None

    def _next(self) -> None:
        self._number += 1
        if self.is_ring or self._number > 1:
            stamp = time.strftime("%Y%m%d%H%M%S")
            suffix = self._base.suffix or ".pcapng"
            self.path = self._base.with_name(f"{self._base.stem}_{self._number:05}_{stamp}{suffix}")
        try:
            self._descriptor = self._disk.open(self.path, replaces=self._replaces)
        except FileExistsError:
            raise SpoolError(f"{self.path}: is there already; --force writes over it") from None
        except PermissionError:
            raise CapturePermissionError(f"{self.path}: no permission to write it") from None
        except FileNotFoundError:
            raise SpoolError(f"{self.path}: cannot write: there is no folder {self.path.parent}") from None
        except OSError as error:
            raise SpoolError(f"{self.path}: {error.strerror}") from None
        self._begun = self._synced = self._disk.now_ns()
        self._size = 0
        self._is_dirty = False
        self._put(self._head)
        self._kept.append(self.path)
        self.begun.append(str(self.path))
        for path in list(self._kept)[: -self._limits.keep] if self._limits.keep else ():
            with contextlib.suppress(
                OSError
            ):  # somebody holds it on Windows, say: the next file comes, and another try
                self._disk.remove(path)
                self._kept.remove(path)

    def _put(self, octets: bytes) -> None:
        """Write all of *octets* or nothing."""
        written = 0
        try:
            while written < len(octets):
                written += self._disk.write(self._descriptor, octets[written:] if written else octets)
        except OSError as error:
            if written:
                self._disk.truncate(self._descriptor, self._size)
            raise SpoolError(f"{self.path}: {error.strerror}; what was captured before is in it") from None
        self._size += written
        self.octets += written
        self._is_dirty = True
