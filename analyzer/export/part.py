"""Files that are there as a whole or not at all: they are written beside their place, under another name.

Who writes one has its lock, so that another process which writes the same file at the same time takes another name, and
what a process left that was killed is told from what is being written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL
from itertools import count
from pathlib import Path


def part_of(path: Path, number: int = 0) -> Path:
    """Name the file that becomes *path* once it is whole; by *number* where several processes write it."""
    return Path(f"{path}.{number}.part" if number else f"{path}.part")


@contextmanager
def new_part(path: Path) -> Iterator[Path]:
    """Give an empty file that is to replace *path* once it is written; of one that does not, nothing is left.

    It is a new file: what stood under its name, a link to another file above all, is not written to.
    Raises: OSError that names *path*; what is no file, such as a device or a pipe, is not replaced by one.
    """
    try:
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
                raise OSError(EINVAL, "it is a device or a pipe, and a file was expected")
        number, part, descriptor = 0, part_of(path), -1
        try:  # from here on: who is asked to end just now leaves nothing, either
            for number in count():
                part = part_of(path, number)
                while descriptor < 0 and drop_abandoned(part):
                    descriptor = _begun(part)
                if descriptor >= 0:
                    break
            if os.name == "nt":  # what is open gets no other name there
                os.close(descriptor)
                descriptor = -1
            yield part
        finally:
            if descriptor >= 0:
                os.close(descriptor)
            drop_abandoned(part)
            while os.path.lexists(part := part_of(path, number := number + 1)):
                drop_abandoned(part)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from None


def lock(descriptor: int, *, unless_told: bool = True) -> bool:
    """Take the lock of an open file, which ends with it. Tells whether nobody else has it.

    Gives *unless_told* where the file system has no locks.
    """
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unless_told
    except ImportError:  # Windows lets nobody remove what is open
        return True
    return True


def drop_abandoned(part: Path) -> bool:
    """Remove the file *part*, unless somebody writes it. Tells whether there is none now. Raises: OSError."""
    descriptor = -1
    try:
        if stat.S_ISREG(part.lstat().st_mode) and os.name != "nt":  # a pipe would be waited for
            with suppress(PermissionError):
                descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
            if descriptor >= 0 and not (lock(descriptor) and _is(part, descriptor)):
                return False
        part.unlink()
    except FileNotFoundError:
        pass
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return True


def _begun(part: Path) -> int:
    """Make the file *part* and take its lock. Returns its descriptor; -1 where somebody else was faster."""
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return -1
    if lock(descriptor) and _is(part, descriptor):
        return descriptor
    os.close(descriptor)
    return -1


def _is(part: Path, descriptor: int) -> bool:
    """Tell whether *part* still names the open file."""
    try:
        return os.path.samestat(part.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
