"""An index that stays beside its capture: written when asked for, used again while all is as it was.

Capture, keyring, stacks, own tables and program are compared. It holds what the records hold, deciphered text too, and
is readable by its owner alone. Keys are in it by name and fingerprint only. Reading one runs nothing of it; what is
damaged or made for something else is not used.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.index.file import SIGNATURE, IndexDamagedError, IndexReader, IndexWriter
from analyzer.index.indexing import Indexing, Told
from analyzer.index.made_of import made_of
from analyzer.index.records import Records
from analyzer.index.watched import Watched
from analyzer.session import Session

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring
    from captures.chunk import Source

SUFFIX = ".dlmshark-index"
PART = ".part"
"""Added to the name of an index that is not whole yet."""
FORMAT = 5
"""Rises with every change of what an index holds."""
_END = struct.Struct(">8sQ")
_MARK = b"DLMSEND1"


def path_for(inputs: Sequence[str]) -> str:
    """Tell where the index of *inputs* is kept; empty where none can be: several inputs, a pipe, a closed folder."""
    if len(inputs) != 1 or not os.path.isfile(inputs[0]):
        return ""
    path = inputs[0] + SUFFIX
    return path if os.path.isfile(path) or os.access(os.path.dirname(path) or ".", os.W_OK) else ""


def fingerprint(inputs: Sequence[str], keys: Keyring | None, decode_as: dict[str, str] | None) -> dict[str, Any]:
    """Say what an index is made of: the file's size and times, and the digest of all that decides how it is read."""
    status = os.stat(inputs[0])
    return {
        "format": FORMAT, "size": status.st_size, "modified": status.st_mtime_ns, "read_with": made_of(keys, decode_as),
    }  # fmt: skip


def can_be_kept(source: Source) -> bool:
    """Tell whether *source* reads a file from its beginning, which an index beside it can be about."""
    return source.again is not None and not source.is_live


def new_file(path: str) -> None:
    """Make the file that takes an index until it is whole. Nobody else may read it: it holds what was deciphered."""
    with suppress(OSError):
        os.unlink(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make(
    source: Source, name: str, keys: Keyring | None, decode_as: dict[str, str] | None,
    tell: Callable[[Told], None] = lambda told: None,
) -> None:  # fmt: skip
    """Index *source*, the capture called *name*, in this process, and keep the index beside it. *tell* hears how far it
    is. However this ends, nothing is left of an index that is not whole. Raises: OSError.
    """
    path = f"{path_for([name])}{PART}"
    watched = Watched(source)
    with nothing_left_of(path):
        new_file(path)
        with open(path, "wb") as file:
            writer = IndexWriter(file)
            writer.say(made_of=fingerprint([name], keys, decode_as))
            Indexing(Session(watched, decode_as, keys), watched, writer, tell).run()
        finish(path, writer.end)


@contextmanager
def nothing_left_of(path: str) -> Iterator[None]:
    """Remove the file *path* where the block does not end as it should."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def not_kept(problem: OSError) -> str:
    """Say why no index is kept."""
    return f"no index can be kept beside it: {problem.strerror or problem}"


def finish(path: str, end: int) -> None:
    """Mark the index at *path*, whose entries reach up to *end*, as whole, and give it its name. Raises: OSError."""
    with open(path, "ab") as file:
        file.write(_END.pack(_MARK, end))
    os.replace(path, path.removesuffix(PART))


def load(
    inputs: Sequence[str], keys: Keyring | None, decode_as: dict[str, str] | None
) -> tuple[Records, IndexReader] | None:
    """Open the index that is kept beside the capture; None where there is none that fits."""
    path = path_for(inputs)
    if not path or not Path(path).is_file():
        return None
    try:
        reader = IndexReader(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
    except OSError:  # it is somebody else's
        return None
    with suppress(Exception):  # whatever somebody wrote there, it is no index of ours then
        size = os.path.getsize(path)
        mark, end = _END.unpack(reader.octets(size - _END.size, _END.size))
        begins = reader.octets(0, len(SIGNATURE)) == SIGNATURE
        if begins and mark == _MARK and end == size - _END.size:
            records = Records(reader)
            made_of = next(iter(reader.entries(end)))[1]
            if json.loads(made_of) == {"made_of": fingerprint(inputs, keys, decode_as)}:
                records.take(end)
                if records.facts.get("done") and records.table.height == reader.records:
                    return records, reader
    reader.close()
    return None


__all__ = ["IndexDamagedError", "fingerprint", "finish", "load", "make", "path_for"]
