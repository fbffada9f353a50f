"""An index that stays beside its capture: written when asked for, used again while all is as it was.

Capture, keyring, stacks, own tables and program are compared. It holds what the records hold, deciphered text too, and
is readable by its owner alone. Keys are in it by name and fingerprint only. Reading one runs nothing of it; what is
damaged or made for something else is not used.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from analyzer.export.part import lock
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
"""Added, behind something that only one writer has, to the name of an index that is not whole yet."""
_ABANDONED_S = 60.0
"""How old a part is at least of which nobody is the writer."""
FORMAT = 9
"""Rises with every change of what an index holds."""
_END = struct.Struct(">8sQ")
_MARK = b"DLMSEND1"


def path_for(inputs: Sequence[str]) -> str:
    """Tell where the index of *inputs* is kept; empty where none can be: several inputs, a pipe, a closed folder."""
    if len(inputs) != 1 or not os.path.isfile(inputs[0]):
        return ""
    path = inputs[0] + SUFFIX
    return path if os.path.isfile(path) or os.access(os.path.dirname(path) or ".", os.W_OK) else ""


def is_index(name: str) -> bool:
    """Tell whether a file called *name* is an index, or what is left of one."""
    return name.endswith(SUFFIX) or (name.endswith(PART) and f"{SUFFIX}." in name)


def fingerprint(inputs: Sequence[str], keys: Keyring | None, decode_as: dict[str, str] | None) -> dict[str, Any]:
    """Say what an index is made of: the file's size and times, and the digest of all that decides how it is read."""
    status = os.stat(inputs[0])
    return {
        "format": FORMAT, "size": status.st_size, "modified": status.st_mtime_ns, "read_with": made_of(keys, decode_as),
    }  # fmt: skip


def can_be_kept(source: Source) -> bool:
    """Tell whether *source* reads a file from its beginning, which an index beside it can be about."""
    return source.again is not None and not source.is_live


def new_file(path: str) -> str:
    """Make the file that takes the index *path* until it is whole, and give its name, which no other writer has.

    Nobody else may read it: it holds what was deciphered. Raises: OSError.
    """
    _sweep(path)
    folder, name = os.path.split(path)
    made, part = tempfile.mkstemp(prefix=f"{name}.", suffix=PART, dir=folder or ".")
    os.close(made)
    return part


def open_part(path: str) -> BinaryIO:
    """Open the file that :func:`new_file` made, to write it: until it is closed nobody takes it for abandoned."""
    file = open(path, "r+b")  # noqa: SIM115
    lock(file.fileno())
    return file


def _sweep(path: str) -> None:
    """Remove what writers of the index *path* left that were killed."""
    for part in glob(f"{escape(path)}.*{PART}"):
        with suppress(OSError):  # Windows lets nobody remove what is written
            if time.time() - os.path.getmtime(part) > _ABANDONED_S:
                with open(part, "r+b") as file:
                    is_abandoned = lock(file.fileno(), unless_told=False)
                if is_abandoned:
                    os.unlink(part)


class Way(NamedTuple):
    """How a capture is read: keys, forced stacks, and by how many processes."""

    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    workers: int = 1


def make(source: Source, name: str, way: Way, tell: Callable[[Told], None] = lambda told: None) -> None:
    """Index *source*, the capture called *name*, and keep the index beside it. *tell* hears how far it is.

    However this ends, nothing is left of an index that is not whole. Raises: OSError.
    """
    path = new_file(path_for([name]))
    with nothing_left_of(path):
        with open_part(path) as file:
            end = _by_several(source, file, name, way, tell) or _by_one(source, file, name, way, tell)
        finish(path, end)


def _by_one(source: Source, file: BinaryIO, name: str, way: Way, tell: Callable[[Told], None]) -> int:
    """Write the index of *source* in this process. Returns its end."""
    watched, writer = Watched(source), _begun(file, name, way)
    Indexing(Session(watched, way.decode_as, way.keys), watched, writer, tell).run()
    return writer.end


def _by_several(source: Source, file: BinaryIO, name: str, way: Way, tell: Callable[[Told], None]) -> int:
    """Let several processes write the index. Returns its end; 0 where one has to.

    Raises: RuntimeError where one of them ends early.
    """
    if way.workers < 2:
        return 0
    from analyzer.index import shares

    task = shares.planned(shares.Task(name, keys=way.keys, decode_as=way.decode_as), way.workers)
    if task is None:
        return 0
    writer = _begun(file, name, way)
    try:
        last = shares.index(task, writer, tell)
    except shares.UnsharedError:
        return 0
    shares.take_remarks(source, last)
    return writer.end


def _begun(file: BinaryIO, name: str, way: Way) -> IndexWriter:
    """Begin an index in *file* with what it is made of."""
    file.seek(0)
    file.truncate()
    writer = IndexWriter(file)
    writer.say(made_of=fingerprint([name], way.keys, way.decode_as))
    return writer


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
    os.replace(path, path.removesuffix(PART).rpartition(".")[0])


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
                is_whole = reader.is_whole and records.table.height == reader.records
                if records.facts.get("done") and is_whole and records.table.is_sound:
                    return records, reader
    reader.close()
    return None


__all__ = ["IndexDamagedError", "fingerprint", "finish", "load", "make", "path_for"]
