"""Files that are there as a whole or not at all: they are written beside their place, under another name."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL
from pathlib import Path


def part_of(path: Path) -> Path:
    """Name the file that becomes *path* once it is whole."""
    return Path(f"{path}.part")


@contextmanager
def new_part(path: Path) -> Iterator[Path]:
    """Give an empty file that is to replace *path* once it is written; of one that does not, nothing is left.

    It is a new file: what stood under its name, a link to another file above all, is not written to.
    Raises: OSError that names *path*; what is no file, such as a device or a pipe, is not replaced by one.
    """
    part = part_of(path)
    try:
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
                raise OSError(EINVAL, "it is a device or a pipe, and a file was expected")
        try:  # from here on: who is asked to end just now leaves nothing, either
            part.unlink(missing_ok=True)
            part.touch(exist_ok=False)
            yield part
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from None
