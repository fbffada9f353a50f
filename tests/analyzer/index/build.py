"""An index pass inside this process, into a temporary file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from analyzer.index.file import IndexReader, IndexWriter
from analyzer.index.indexing import Indexing, Told
from analyzer.index.records import Records
from analyzer.index.watched import Watched
from analyzer.record import Record
from analyzer.security.keyring import Keyring
from analyzer.session import Session
from captures.chunk import Source


def indexed(
    source: Source, keys: Keyring | None = None, decode_as: dict[str, str] | None = None
) -> tuple[Records, list[Record], list[Told]]:
    """The records as the index gives them, and as the pass saw them."""
    descriptor, path = tempfile.mkstemp()
    seen: list[Record] = []
    told: list[Told] = []
    watched = Watched(source)
    with open(descriptor, "wb") as file:
        Indexing(Session(watched, decode_as, keys), watched, IndexWriter(file), told.append, (seen.append,)).run()
    records = Records(IndexReader(os.open(path, os.O_RDONLY)))
    Path(path).unlink()
    records.take(told[-1].end)
    return records, seen, told
