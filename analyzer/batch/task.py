"""One capture to its part of a data set: files of rows, and at the end an entry that says they are all there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.batch.frames import NOTES, RECORDS, TABLES, note_cells, record_cells, write
from analyzer.export.part import drop_abandoned, new_part, part_of
from analyzer.export.readings import row as reading_row
from analyzer.export.utf8 import encoded, shown
from analyzer.index.made_of import made_of
from analyzer.index.rows import Rows
from analyzer.index.watched import Watched
from analyzer.record import Record
from analyzer.session import Session
from analyzer.table.table import Row
from analyzer.tracking.readings import readings_of
from captures.chunk import DlmsharkError, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.security.keyring import Keyring
    from analyzer.tracking.object_model import ObjectModel

MANIFEST = "manifest"
VERSION = 2
_MOST_ROWS = 1 << 18
"""Rows of a file; more go into another one."""
_MOST_WORDS = 1 << 16


@dataclass(frozen=True)
class Work:
    """What is the same for all captures: where the data set is, and how they are read."""

    out: Path
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None

    @cached_property
    def settings(self) -> str:
        """Tell apart what gives other rows: form of the data set, program, keyring, forced stacks, own tables."""
        return f"{VERSION}:{made_of(self.keys, self.decode_as)}"


def entry_path(work: Work, name: str) -> Path:
    """Tell where the entry of the capture *name* is."""
    return work.out / MANIFEST / f"{_stem(name)}.json"


def _stem(name: str) -> str:
    """Name the files of a capture: by where it lies, however that was written."""
    place = Path(name).resolve()
    return f"{place.name[:80].encode(errors='ignore').decode()}-{sha256(os.fsencode(place)).hexdigest()[:12]}"


def is_done(work: Work, name: str) -> bool:
    """Tell whether the rows of the capture *name* are there, of the file as it is and with these settings."""
    try:
        entry = json.loads(entry_path(work, name).read_text(encoding="utf-8"))
        return "error" not in entry and entry["stamp"] == _stamp(work, name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _stamp(work: Work, name: str) -> list[Any]:
    try:
        status = Path(name).stat()
    except OSError:
        return [0, 0, work.settings]
    return [status.st_size, status.st_mtime_ns, work.settings]


def run(work: Work, name: str, opened: Callable[[], Source]) -> dict[str, Any]:
    """Write the rows of the capture *name*. Returns its entry, with ``error`` where it cannot be read."""
    stamp = _stamp(work, name)
    writer = _Writer(work, name)
    try:
        with opened() as source:
            entry = _write(work, name, source, writer)
    except DlmsharkError as problem:
        writer.drop()
        entry = {"input": name, "error": str(problem)}
    _save(entry_path(work, name), entry | {"stamp": stamp})
    return entry


def _write(work: Work, name: str, source: Source, writer: _Writer) -> dict[str, Any]:
    watched = Watched(source)
    session = Session(watched, work.decode_as, work.keys)
    session.learn_all()
    first = last = None
    told = shown(name)
    links: dict[str, int] = {}
    for record, row in rows_of(session.noted()):
        for table in TABLES:
            for cells in cells_of(table, told, record, row, session.model, watched.inner.time_digits):
                writer.add(table, cells)
        links[record.link] = links.get(record.link, 0) + 1
        if record.time_ns is not None:
            first = record.time_ns if first is None else min(first, record.time_ns)
            last = record.time_ns if last is None else max(last, record.time_ns)
    writer.finish()
    entry: dict[str, Any] = {"input": name, **writer.counts, "packets": watched.packets}
    entry |= {"links": dict(sorted(links.items())), "left_aside": dict(sorted(session.pipeline.left_aside.items()))}
    if first is not None:
        entry |= {"from_ns": first, "to_ns": last}
    return entry | {"parts": writer.parts}


def cells_of(
    table: str, name: str, record: Record, row: Row, model: ObjectModel, digits: int
) -> Iterable[tuple[Any, ...]]:  # fmt: skip
    """Give the rows that *record* of the input *name* has in *table*; its times have so many *digits*."""
    if table == RECORDS:
        return (record_cells(name, row, model.objects_of(record)),)
    if table == NOTES:
        return note_cells(name, record)
    readings = readings_of(record, model)
    return ((name, reading.record, *reading_row(reading, digits).values()) for reading in readings)


def rows_of(records: Iterable[Record]) -> Iterator[tuple[Record, Row]]:
    """Give *records*, each with its row."""
    rows = Rows()
    for record in records:
        if len(rows.paths.all) > _MOST_WORDS or len(rows.subjects.all) > _MOST_WORDS:
            rows = Rows()
        cells = rows.row(record)
        path, subject, marks = rows.paths.all[cells[2]], rows.subjects.all[cells[3]], rows.marks.all[cells[4]]
        yield record, Row(record.number, cells[0], cells[1], path, subject, marks, *cells[5:])


class _Writer:
    """Gathers rows by table, and writes them in files of bounded size."""

    def __init__(self, work: Work, name: str) -> None:
        self._out, self._stem = work.out, _stem(name)
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        self.counts = dict.fromkeys(TABLES, 0)
        self.parts: list[str] = []

    def add(self, table: str, cells: tuple[Any, ...]) -> None:
        """Take one row."""
        rows = self._rows[table]
        rows.append(cells)
        if len(rows) >= _MOST_ROWS:
            self._write(table)

    def finish(self) -> None:
        """Write what is left, and take away files of an earlier run that this one has not written."""
        for table, rows in self._rows.items():
            if rows or not self.counts[table]:  # without a row, too: whoever asks a folder finds its columns
                self._write(table)
        self._remove_others()

    def drop(self) -> None:
        """Take away what was written: the capture cannot be read to its end."""
        self.parts.clear()
        self.counts = dict.fromkeys(TABLES, 0)
        self._remove_others()

    def _write(self, table: str) -> None:
        rows = self._rows[table]
        path = self._part(table, self._written(table))
        path.parent.mkdir(parents=True, exist_ok=True)
        write(table, rows, path)
        self.parts.append(f"{table}/{path.name}")
        self.counts[table] += len(rows)
        rows.clear()

    def _remove_others(self) -> None:
        for table in TABLES:  # by number: a folder may hold the files of 100,000 captures
            others = list(takewhile(_is_there, (self._part(table, n) for n in count(self._written(table)))))
            for path in reversed(others):  # a process that is killed amid this leaves no gap
                with suppress(OSError):
                    path.unlink()
                with suppress(OSError):
                    drop_abandoned(part_of(path))

    def _written(self, table: str) -> int:
        return sum(one.startswith(f"{table}/") for one in self.parts)

    def _part(self, table: str, number: int) -> Path:
        return self._out / table / f"{self._stem}-{number:04}.parquet"


def _is_there(path: Path) -> bool:
    return path.exists() or part_of(path).exists()


def _save(path: Path, members: dict[str, Any]) -> None:
    """Write a file of JSON as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_part(path) as part:
        part.write_bytes(encoded([json.dumps(members, ensure_ascii=False, indent=1), "\n"]))
        part.replace(path)


def gather(out: Path) -> None:
    """Write ``manifest.json``: the entries of all captures of a data set, by their names."""
    entries = []
    for path in sorted((out / MANIFEST).glob("*.json")):
        with suppress(OSError, ValueError):
            entry = json.loads(path.read_text(encoding="utf-8"))
            entry.pop("stamp", None)
            entries.append(entry)
    entries.sort(key=lambda entry: str(entry.get("input")))
    totals = {table: sum(entry.get(table, 0) for entry in entries) for table in TABLES}
    _save(out / "manifest.json", {"version": VERSION, **totals, "captures": entries})
