"""Buffers of profiles to tables: columns from the capture objects, compression undone, times filled in.

Source: IEC 62056-6-2 (Profile generic: buffer, capture_objects, capture_period; null-data compression; delta types).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.date_time import looks_like_date_time
from analyzer.cosem.datum import INTEGERS, STRINGS, Datum, read_datum
from analyzer.cosem.obis import obis_name, obis_text
from analyzer.cosem.rendering import Renderer, Shown
from analyzer.record import Object
from analyzer.tracking.object_model import Column, Meter
from dissectors import axdr
from dissectors.data_types import ARRAY, DONT_CARE, NULL, STRUCTURE, TAGS

_CLOCK_CLASS, _PROFILE_CLASS = 8, 7
_DELTAS = frozenset(TAGS[name] for name in TAGS if name.startswith("delta-"))
_UNKNOWN = Column(0, b"", 0)


class Cell(NamedTuple):
    """One value of a row. *is_filled* where it was not on the wire but follows from the row before."""

    column: Column
    datum: Datum
    shown: Shown
    is_filled: bool = False
    is_time: bool = False
    """Whether it is the time of its row."""


class Row(NamedTuple):
    """One entry of a buffer: its time where a column is a clock, ISO 8601 or words, and its cells."""

    time: str
    cells: tuple[Cell, ...]


class Profile(NamedTuple):
    """A buffer as a table; *basis* is the record that told the columns, empty where none did."""

    logical_name: bytes
    columns: tuple[Column, ...]
    rows: list[Row]
    basis: str

    @property
    def object(self) -> Object:
        """The profile's buffer."""
        return Object(_PROFILE_CLASS, self.logical_name, 2)

    @property
    def column_names(self) -> list[str]:
        """The columns by object and attribute."""
        return [column_name(one) for one in self.columns]


def column_name(column: Column) -> str:
    """Name a column by its object; the attribute is named where it is not the value."""
    if not column.logical_name:
        return "unknown"
    name = obis_name(column.logical_name) or obis_text(column.logical_name)
    if column.attribute in (0, 2):
        return name
    return f"{name}, {attribute_name(column.class_id, column.attribute) or f'attribute {column.attribute}'}"


def buffer_size(octets: bytes, start: int, end: int) -> tuple[int, int]:
    """Tell how many rows a buffer has and how many columns the first of them. Raises Problem on octets of no buffer."""
    if octets[start] == ARRAY:
        rows, after = axdr.scan_length(octets, start + 1, end)
        if not rows:
            return 0, 0
        if octets[after] not in (ARRAY, STRUCTURE):
            return rows, 1
        return rows, axdr.scan_length(octets, after + 1, end)[0]
    members = read_datum(octets, start, end).members
    return len(members), len(members[0].members) if members else 0


def columns_of(logical_name: bytes, width: int, meter: Meter) -> tuple[tuple[Column, ...], str]:
    """Give the columns of a profile and what they rest on; unknown ones where none or others were read."""
    known = meter.columns.get(logical_name)
    if known is not None and len(known.columns) == width:
        return known.columns, f"record {known.record}"
    return (_UNKNOWN,) * width, ""


def read_profile(logical_name: bytes, buffer: Datum, meter: Meter, period_s: int | None = None) -> Profile:
    """Read a buffer; entries that do not have the columns' number keep unknown columns."""
    width = max((len(one.members) for one in buffer.members), default=0)
    columns, basis = columns_of(logical_name, width, meter)
    if period_s is None:
        period_s = meter.periods.get(logical_name)
    return Profile(logical_name, columns, list(_rows(buffer, columns, period_s)), basis)


def _rows(buffer: Datum, columns: tuple[Column, ...], period_s: int | None) -> Iterator[Row]:
    before: list[Datum | None] = [None] * len(columns)
    last_time: datetime | None = None
    renderer = Renderer()
    for entry in buffer.members:
        cells = []
        time = ""
        for place, datum in enumerate(entry.members if entry.tag in (STRUCTURE, ARRAY) else [entry]):
            column = columns[place] if place < len(columns) else _UNKNOWN
            is_clock = column.class_id == _CLOCK_CLASS and column.attribute == 2
            is_filled = datum.tag == NULL
            if is_filled and is_clock and last_time is not None and period_s:
                shown = Shown((last_time + timedelta(seconds=period_s)).isoformat())
            else:
                datum = _undone(datum, before[place] if place < len(before) else None)
                shown = renderer.attribute(column.class_id, column.attribute, datum)
            if place < len(before) and datum.tag not in (NULL, DONT_CARE):
                before[place] = datum
            if not is_clock and not place and column is _UNKNOWN and looks_like_time(datum):
                is_clock = True
            if is_clock:
                time = shown.value or ""
                last_time = _instant(time) or last_time
            cells.append(Cell(column, datum, shown, is_filled, is_clock))
        yield Row(time, tuple(cells))


def looks_like_time(datum: Datum) -> bool:
    """Tell whether a value whose column is not known is the time of its row."""
    return datum.tag in STRINGS and looks_like_date_time(bytes(datum.value))


def _undone(datum: Datum, before: Datum | None) -> Datum:
    """Give the value that null-data repeats, or that a difference leads to."""
    if before is None:
        return datum
    if datum.tag == NULL:
        return before
    if datum.tag in _DELTAS and before.tag in INTEGERS:
        return Datum(before.tag, before.value + datum.value)
    return datum


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
