"""The rows of a profile: entries that are missing or stand twice, and status words with flags set.

Source: IEC 62056-6-2 (Profile generic), IEC 62056-6-1 (status words, group C 96.10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from analyzer.cosem.date_time import date_time
from analyzer.cosem.datum import INTEGERS, Datum
from analyzer.tracking.attributes import Held
from analyzer.tracking.meter import Column
from analyzer.tracking.profiles import Profile, Row, clock_column, column_name, rows_of
from dissectors import axdr
from dissectors.rows import Rows
from dissectors.tree import Problem

_MOST_ROWS = 2000
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIME_SIZE = 12
_WITHOUT_OFFSET = len("2026-01-01T00:00:00")
_SLACK = 1.5
_DAYLIGHT_SAVING = 0x08
_FLAGS = {
    0x01: "critical error", 0x02: "clock invalid", 0x04: "data not valid", 0x20: "clock adjusted", 0x80: "power down",
}  # fmt: skip
"""The bits of a profile's status that are usual; 08 says daylight saving, which is no fault."""


class Oddity(NamedTuple):
    """Something odd about the rows of a buffer: the code of the fact, a sentence, and which column it is about."""

    code: str
    text: str
    subject: str = ""


def oddities_of(profile: Profile, held: Held, period: int | None) -> Iterator[Oddity]:
    """Give what is odd about the rows of a buffer, whose columns are told and whose *period* may be. Total."""
    try:
        if not profile.basis or _is_regular(profile, held, period):
            return
        rows = list(islice(rows_of(profile, held.octets, held.start, held.end, period), _MOST_ROWS))
    except Problem:
        return
    yield from _times(rows, period)
    yield from _statuses(profile, rows)


def _is_regular(profile: Profile, held: Held, period: int | None) -> bool:
    """Tell whether all rows of one layout follow each other by one period, and no status is set: most do, and fast."""
    clock = clock_column(profile)
    statuses = [place for place, column in enumerate(profile.columns) if _is_status(column)]
    if clock is None:
        return not statuses
    elements, _ = axdr.scan_data(held.octets, held.start, held.end, is_folded=True)
    if len(elements) != 1 or elements[0].tag != axdr.ROWS:
        return False
    rows: Rows = elements[0].value
    columns = rows.layout.columns[1:]
    if len(columns) != len(profile.columns) or not all(column.has_value for column in columns):
        return False
    cells = list(zip(*rows.values(held.octets), strict=True))
    if not cells:
        return True
    times = cells[clock]
    if set(map(type, times)) != {bytes} or set(map(len, times)) != {_TIME_SIZE}:
        return False
    said = set().union(*(cells[place] for place in statuses))
    if not all(isinstance(status, int) and not status & ~_DAYLIGHT_SAVING for status in said):
        return False
    return _follow(times, period)


@lru_cache(maxsize=64)  # meters have their rows at the same times
def _follow(times: tuple[bytes, ...], period: int | None) -> bool:
    """Tell whether each date-time is a period after the one before; False where that has to be looked at closer."""
    return all(_follows(before, time, period) for before, time in pairwise(times))


def _follows(before: bytes, time: bytes, period: int | None) -> bool:
    """Tell whether a date-time is a period after another; False where that has to be looked at closer."""
    step = (time[5] - before[5]) * _HOUR + (time[6] - before[6]) * _MINUTE + time[7] - before[7]
    if time[:4] != before[:4]:
        step += _DAY
        if time[:3] != before[:3] or time[3] != before[3] + 1:
            return _steps(before, time, period)
    return 0 < step <= period * _SLACK if period else step > 0


def _steps(before: bytes, time: bytes, period: int | None) -> bool:
    one, other = (_moment(_iso(octets)) for octets in (before, time))
    if one is None or other is None:
        return False
    step = (other - one).total_seconds()
    return 0 < step <= period * _SLACK if period else step > 0


def _iso(octets: bytes) -> str:
    found = date_time(octets)
    return (found.iso or "")[:_WITHOUT_OFFSET] if found is not None else ""


def _is_status(column: Column) -> bool:
    return column.class_id == 1 and column.logical_name[2:4] == b"\x60\x0a"


def _times(rows: Sequence[Row], period: int | None) -> Iterator[Oddity]:
    """Compare each time with the one before it; rows may stand with the newest first."""
    moments = [_moment(row.time) for row in rows]
    steps = [
        (place, (other - one).total_seconds())
        for place, (one, other) in enumerate(pairwise(moments), 1)
        if one is not None and other is not None and (one.tzinfo is None) == (other.tzinfo is None)
    ]
    if not steps:
        return
    if sum(1 if step > 0 else -1 for _, step in steps) < 0:
        steps = [(place, -step) for place, step in steps]
    is_local = any(moment is not None and moment.tzinfo is None for moment in moments)
    if is_local:  # a change of the clock is no hole
        steps = [(place, step) for place, step in steps if not _is_clock_change(step, period)]
    back = [(place, step) for place, step in steps if step <= 0]
    if back:
        place, _ = back[0]
        text = f"{_count(len(back))} not after the one before, first entry {place + 1} at {rows[place].time}"
        yield Oddity("profile-overlap", text)
    if not period:
        return
    holes = [(place, step) for place, step in steps if step > period * _SLACK]
    if holes:
        place = holes[0][0]
        missing = sum(round(step / period) - 1 for _, step in holes)
        text = f"{missing} entries are missing at a period of {period} s, the first before entry {place + 1}: "
        text += f"{rows[place - 1].time} is followed by {rows[place].time}"
        yield Oddity("profile-gap", text)


def _is_clock_change(step: float, period: int | None) -> bool:
    return abs(step - (period or 0)) == _HOUR


def _count(number: int) -> str:
    return f"{number} entries are" if number > 1 else "1 entry is"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _statuses(profile: Profile, rows: Sequence[Row]) -> Iterator[Oddity]:
    for place, column in enumerate(profile.columns):
        if not _is_status(column):
            continue
        flagged = [(number, row) for number, row in enumerate(rows, 1) if _status(row, place) & ~_DAYLIGHT_SAVING]
        if not flagged:
            continue
        number, row = flagged[0]
        status = _status(row, place)
        names = ", ".join(text for bit, text in _FLAGS.items() if status & bit) or "bits of the manufacturer's"
        text = f"{column_name(column)} is {status:02X} ({names}) in entry {number}"
        text += f" at {row.time}" if row.time else ""
        text += f", and set in {len(flagged)} of {len(rows)} entries"
        yield Oddity("status-flag-set", text, column_name(column))


def _status(row: Row, place: int) -> int:
    cell: Datum | None = row.cells[place] if place < len(row.cells) else None
    return cell.value if cell is not None and cell.tag in INTEGERS else 0
