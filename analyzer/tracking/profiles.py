"""Buffers of profiles to tables: columns from the capture objects, compression undone, times filled in.

Source: IEC 62056-6-2 (Profile generic: buffer, capture_objects, capture_period; null-data compression; delta types).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.companions import INDIA
from analyzer.cosem.date_time import date_time, looks_like_date_time, plain_iso
from analyzer.cosem.datum import INTEGERS, STRINGS, Datum, read_datum
from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.obis import obis_name
from analyzer.cosem.profile_layouts import is_laid_out, laid_out
from analyzer.record import Record
from analyzer.tracking.attributes import Held
from analyzer.tracking.meter import Column, Meter
from analyzer.tracking.selections import ALL, is_buffer
from dissectors import axdr
from dissectors.data_types import ARRAY, DONT_CARE, NULL, STRUCTURE, TAGS
from dissectors.rows import Rows
from dissectors.tree import Problem

_CLOCK_CLASS = 8
_BILLED_AT = b"\x00\x01\x02"
"""Value groups C, D and E of the time stamp of the last billing period."""
_PROFILE_STATUS = b"\x60\x0a"
EVENT_LOG = b"\x63\x62"
"""Value groups C and D of event logs: several things may happen in one second."""
_DELTAS = frozenset(TAGS[name] for name in TAGS if name.startswith("delta-"))
UNKNOWN = Column(0, b"", 0)
"""Stands for a column that no record told."""
_new = tuple.__new__


class Profile(NamedTuple):
    """What a buffer is a table of; *basis* is the record that told the columns, empty where none did."""

    logical_name: bytes
    columns: tuple[Column, ...]
    rows: int
    basis: str

    @property
    def column_names(self) -> list[str]:
        """The columns by object and attribute."""
        return [column_name(one) for one in self.columns]


class Row(NamedTuple):
    """One entry of a buffer: its time, ISO 8601 or words, empty where it has none; and its values in order."""

    time: str
    cells: list[Datum]


@lru_cache(maxsize=4096)
def column_name(column: Column) -> str:
    """Name a column by its object; the attribute is named where it is not the value."""
    if not column.logical_name:
        return "unknown"
    name = obis_name(column.logical_name) or obis_text(column.logical_name)
    if column.attribute in (0, 2):
        return name
    return f"{name}, {attribute_name(column.class_id, column.attribute) or f'attribute {column.attribute}'}"


def profiles_in(record: Record, values: Iterable[Held], meter: Meter) -> Iterator[tuple[Held, Profile]]:
    """Give the buffers of profiles among the *values* of a record, each with what it is a table of. Total."""
    seen: dict[bytes, int] = {}
    for held in values:
        one = meter.object_of(held.object, record.number)
        if not is_buffer(one):
            continue
        nth = seen.get(one.logical_name, 0)
        seen[one.logical_name] = nth + 1
        try:
            profile = read_profile(one.logical_name, held.octets, held.start, held.end, meter, record.number, nth)
        except Problem:
            continue
        yield held, profile


def read_profile(
    logical_name: bytes, octets: bytes, start: int, end: int, meter: Meter, number: int = 0, nth: int = 0
) -> Profile:
    """Tell what the *nth* buffer of a profile in record *number* holds, without reading its rows.

    Raises: Problem on octets of no buffer.
    """
    count, width = _size(octets, start, end)
    known = meter.columns_at(logical_name, number, nth)
    if known is not None and len(known.columns) == width:
        return Profile(logical_name, known.columns, count, known.basis)
    if (
        known is None
        and width
        and is_laid_out(logical_name)
        and meter.selection_at(logical_name, number, nth)[0] == ALL
    ):
        found = laid_out(logical_name, _first_row(octets, start, end), is_indian=meter.companion == INDIA)
        if found is not None:
            return Profile(logical_name, tuple(Column(*one) for one in found[1]), count, f"layout {found[0]}")
    return Profile(logical_name, (UNKNOWN,) * width, count, "")


def _size(octets: bytes, start: int, end: int) -> tuple[int, int]:
    """Tell how many rows a buffer has and how many columns the first of them."""
    if octets[start : start + 1] == bytes((ARRAY,)):
        count, after = axdr.scan_length(octets, start + 1, end)
        if not count or after >= end:
            return count, 0
        if octets[after] not in (ARRAY, STRUCTURE):
            return count, 1
        return count, axdr.scan_length(octets, after + 1, end)[0]
    members = read_datum(octets, start, end).members
    return len(members), len(members[0].members) if members else 0


def _first_row(octets: bytes, start: int, end: int) -> list[Datum]:
    """Read the first row of a buffer alone."""
    if octets[start : start + 1] != bytes((ARRAY,)):
        return read_datum(octets, start, end).members[0].members
    return read_datum(octets, axdr.scan_length(octets, start + 1, end)[1], end).members


def rows_of(profile: Profile, octets: bytes, start: int, end: int, period_s: int | None) -> Iterator[Row]:
    """Give the rows of a buffer, null-data and differences undone. Raises Problem on octets of no buffer.

    A time that is null-data is the one before and *period_s* seconds; with a period of 0, or in an event log, it is
    the one before, and none where no period is told.
    """
    clock = clock_column(profile)
    period_end = time_column(profile) if clock is None else None
    last: datetime | None = None
    before: list[Datum] = []
    for cells, is_plain in _entries(octets, start, end):
        is_compressed = not is_plain and any(_is_compressed(one.tag) for one in cells)
        is_late = is_compressed and clock is not None and len(cells) > clock and cells[clock].tag == NULL
        if is_compressed:
            cells = [_undone(one, before[place] if place < len(before) else None) for place, one in enumerate(cells)]
        time = ""
        if clock is not None and len(cells) > clock:
            if is_late and last is not None and period_s:
                after = _after(last, period_s)
                time, last = (after.isoformat(), after) if after is not None else ("", last)
            elif is_late and period_s is None and profile.logical_name[2:4] != EVENT_LOG:
                time, last = "", None
            else:
                time = _moment(cells[clock])
                last = instant(time) if not is_plain and (is_compressed or period_s) else None
        elif period_end is not None and len(cells) > period_end:
            time = _moment(cells[period_end])
        elif cells and profile.columns and not profile.columns[0].logical_name and _looks_like_time(cells[0]):
            time = _moment(cells[0])
        before = cells
        yield _new(Row, (time, cells))


def _after(time: datetime, period_s: int) -> datetime | None:
    """Add a period; None where the calendar ends before."""
    try:
        return time + timedelta(seconds=period_s)
    except OverflowError:
        return None


def clock_column(profile: Profile) -> int | None:
    """Tell which column is the time of the rows."""
    for place, column in enumerate(profile.columns):
        if column.class_id == _CLOCK_CLASS and column.attribute == 2:
            return place
    return None


def time_column(profile: Profile) -> int | None:
    """Tell which column is when the values of a row were so: the clock, else the time stamp of a billing period."""
    clock = clock_column(profile)
    if clock is not None:
        return clock
    places = enumerate(profile.columns)
    return next((at for at, one in places if one.logical_name[2:5] == _BILLED_AT and one.attribute == 2), None)


def _is_compressed(tag: int) -> bool:
    return tag == NULL or tag in _DELTAS


def _entries(octets: bytes, start: int, end: int) -> Iterator[tuple[list[Datum], bool]]:
    """Give the entries of a buffer, and whether none of all is compressed; those of one layout are read at once."""
    elements, _ = axdr.scan_data(octets, start, end, is_folded=True)
    if len(elements) == 1 and elements[0].tag == axdr.ROWS:
        rows: Rows = elements[0].value
        columns = rows.layout.columns
        if columns[0].tag == STRUCTURE and all(one.tag != STRUCTURE for one in columns[1:]):
            is_plain = not any(_is_compressed(one.tag) for one in columns)
            yield from zip(_uniform(rows, octets), repeat(is_plain))
            return
    for one in read_datum(octets, start, end).members:
        yield one.members if one.tag in (ARRAY, STRUCTURE) else [one], False


def _uniform(rows: Rows, octets: bytes) -> Iterator[list[Datum]]:
    columns = rows.layout.columns[1:]
    tags = [one.tag for one in columns]
    if all(one.has_value for one in columns):
        for values in rows.values(octets):
            yield [_new(Datum, pair) for pair in zip(tags, values, strict=True)]
        return
    for values in rows.values(octets):
        left = iter(values)
        yield [Datum(one.tag, next(left) if one.has_value else None) for one in columns]


def _undone(datum: Datum, before: Datum | None) -> Datum:
    """Give the value that null-data repeats, or that a difference leads to."""
    if before is None:
        return datum
    if datum.tag == NULL:
        return before
    if datum.tag in _DELTAS and before.tag in INTEGERS:
        return Datum(before.tag, before.value + datum.value)
    return datum


def _looks_like_time(datum: Datum) -> bool:
    return datum.tag in STRINGS and looks_like_date_time(bytes(datum.value))


def _moment(datum: Datum) -> str:
    """Say the time of a row."""
    if datum.tag in (NULL, DONT_CARE) or not isinstance(datum.value, bytes):
        return ""
    return plain_iso(datum.value) or _worded(datum.value)


def _worded(octets: bytes) -> str:
    found = date_time(octets)
    return "" if found is None else found.iso or found.text


def status_columns(profile: Profile) -> list[int]:
    """Tell which columns are the status of the rows: 0-b:96.10.e, the profile status."""
    return [place for place, one in enumerate(profile.columns) if one.logical_name[2:4] == _PROFILE_STATUS]


def instant(text: Any) -> datetime | None:
    """Read the time of a row; None where it is no instant."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
