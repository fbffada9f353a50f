"""Records, notes and readings to the columns of a data set."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.cosem.logical_name import obis_text
from analyzer.export.parquet import write_parquet
from analyzer.export.readings import SCHEMA as READING_SCHEMA
from analyzer.record import Objects, Record
from analyzer.table.table import Row
from captures.chunk import PACKET

if TYPE_CHECKING:
    import polars

RECORDS, READINGS, NOTES = "records", "readings", "notes"
TABLES = (RECORDS, READINGS, NOTES)
"""The tables of a data set, each a folder."""
_BATCH = 1 << 16
"""Rows that are held as Python objects before a frame takes them."""
_RECORD_SCHEMA = {
    "input": "String", "number": "UInt32", "time": "time", "packet": "UInt64", "lane": "String", "link": "String",
    "kind": "String", "direction": "String", "client": "String", "server": "String", "association": "UInt32",
    "request": "UInt32", "latency_ns": "Int64", "service": "String", "apdu": "String", "class_id": "Int32",
    "logical_name": "String", "attribute": "Int32", "method": "Int32", "result": "String", "status": "String",
    "raw": "Int64", "length": "UInt32", "severity": "String", "notes": "texts",
}  # fmt: skip
_NOTE_SCHEMA = {
    "input": "String", "record": "UInt32", "time": "time", "code": "String", "severity": "String", "group": "String",
    "cause": "String", "confidence": "String", "text": "String", "start": "UInt32", "end": "UInt32",
}  # fmt: skip
SCHEMAS = {
    RECORDS: _RECORD_SCHEMA,
    READINGS: {"input": "String", "record": "UInt32", **READING_SCHEMA},
    NOTES: _NOTE_SCHEMA,
}
"""Columns by table; times are UTC, in nanoseconds."""


def record_cells(name: str, row: Row, objects: Objects) -> tuple[Any, ...]:
    """Give the cells of one record of the input *name*, which is about *objects*; of several the first."""
    path, subject, marks = row.path, row.subject, row.marks
    class_id = logical_name = attribute = method = None
    if objects:
        one = objects[0]
        class_id, logical_name = one.class_id or None, obis_text(one.logical_name) if one.logical_name else None
        attribute, method = (None, one.attribute) if one.is_method else (one.attribute, None)
    severity = ("chat", "note", "warning", "error")[marks.severity] if marks.severity >= 0 else None
    return (
        name, row.number, row.time_ns, row.packet & PACKET, path.lane, path.link, path.kind, path.direction,
        None if path.client is None else str(path.client), None if path.server is None else str(path.server),
        row.association, row.request, row.latency_ns, subject.service or None, subject.apdu or None, class_id,
        logical_name, attribute, method, subject.result or None, subject.status or None, row.raw, row.length,
        severity, list(marks.codes),
    )  # fmt: skip


def note_cells(name: str, record: Record) -> Iterable[tuple[Any, ...]]:
    """Give the cells of the notes of one record."""
    for note in record.notes:
        yield (
            name, record.number, record.time_ns, note.code, note.severity.name.lower(), note.group,
            note.cause or None, note.confidence if note.cause else None, note.text, note.start, note.end,
        )  # fmt: skip


def write(table: str, rows: Iterable[tuple[Any, ...]], path: Path) -> None:
    """Write *rows* to the Parquet file *path*, which is there as a whole or not at all. Raises: OSError."""
    write_parquet(frame_of(table, rows), path)


def frame_of(table: str, rows: Iterable[tuple[Any, ...]]) -> polars.DataFrame:
    """Make the frame of *rows* with the columns of *table*."""
    import polars

    frames = [_frame(table, [])]
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        frames.append(_frame(table, batch))
    return polars.concat(frames, rechunk=True)


def _frame(table: str, rows: list[tuple[Any, ...]]) -> polars.DataFrame:
    import polars

    kinds: dict[str, Any] = {"time": polars.Datetime("ns", "UTC"), "texts": polars.List(polars.String)}
    schema = {name: kinds.get(kind) or getattr(polars, kind) for name, kind in SCHEMAS[table].items()}
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    made = []
    for (name, kind), cells in zip(schema.items(), columns, strict=True):
        if kind == kinds["time"]:
            made.append(
                polars.Series(name, cells, polars.Int64).cast(polars.Datetime("ns")).dt.replace_time_zone("UTC")
            )
        else:
            made.append(polars.Series(name, cells, kind))
    return polars.DataFrame(made)
