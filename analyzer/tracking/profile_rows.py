"""The rows of a profile: entries that are missing or stand twice, and status words with flags set.

Source: IEC 62056-6-2 (Profile generic), IEC 62056-6-1 (status words, group C 96.10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from analyzer.cosem.date_time import date_time, is_time_of_changes
from analyzer.cosem.datum import INTEGERS, Datum
from analyzer.tracking.attributes import Held
from analyzer.tracking.meter import Column
from analyzer.tracking.profiles import EVENT_LOG, Profile, Row, clock_column, column_name, rows_of
from dissectors import axdr
from dissectors.rows import Rows
from dissectors.tree import Problem

_MOST_ROWS = 2000
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIME_SIZE = 12
_WITHOUT_OFFSET = len("2026-01-01T00:00:00")
_SLACK = 1.5
_SAVING = 0x80
"""The bit of the clock status that says daylight saving."""
_CHANGES = (1800, _HOUR, 2 * _HOUR)
"""What a clock is put on or back by, in seconds: an hour but on Lord Howe Island and at Troll."""
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
    yield from _times(profile, rows, period)
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


class _Clock(NamedTuple):
    """The time of a row: as ISO 8601 tells it, and the clock status of its date-time, where it has one."""

    moment: datetime
    status: int | None

    @property
    def wall(self) -> datetime:
        """What the meter's clock showed, whatever its deviation."""
        return self.moment.replace(tzinfo=None)


class _Step(NamedTuple):
    """From one row to the next in time: the place of the one that stands behind, and the seconds between both."""

    place: int
    seconds: float
    earlier: _Clock
    later: _Clock

    @property
    def wall(self) -> float:
        """The seconds that the clock went on."""
        return (self.later.wall - self.earlier.wall).total_seconds()


def _times(profile: Profile, rows: Sequence[Row], period: int | None) -> Iterator[Oddity]:
    """Compare each time with the one before it; rows may stand with the newest first."""
    steps = _steps_of(rows, clock_column(profile))
    if not steps:
        return
    is_log = not period and (period == 0 or profile.logical_name[2:4] == EVENT_LOG)  # its entries come at any time
    usual = 0 if is_log else period or _usual(steps)
    steps = [one for one in steps if not _is_clock_change(one, usual)]
    back = [one for one in steps if one.seconds < 0 or not (one.seconds or is_log)]
    if back:
        place = back[0].place
        text = f"{_count(len(back))} not after the one before, first entry {place + 1} at {rows[place].time}"
        yield Oddity("profile-overlap", text)
    if not period:
        return
    holes = [one for one in steps if one.seconds > period * _SLACK]
    if holes:
        place = holes[0].place
        missing = sum(round(one.seconds / period) - 1 for one in holes)
        text = f"{_count(missing)} missing at a period of {period} s, the first before entry {place + 1}: "
        text += f"{rows[place - 1].time} is followed by {rows[place].time}"
        yield Oddity("profile-gap", text)


def _steps_of(rows: Sequence[Row], clock: int | None) -> list[_Step]:
    """Give the steps between rows that follow each other; of those with the newest first each is turned round."""
    clocks = [_clock_of(row, clock) for row in rows]
    steps = [
        _Step(place, (other.moment - one.moment).total_seconds(), one, other)
        for place, (one, other) in enumerate(pairwise(clocks), 1)
        if one is not None and other is not None and (one.moment.tzinfo is None) == (other.moment.tzinfo is None)
    ]
    if sum((one.seconds > 0) - (one.seconds < 0) for one in steps) >= 0:
        return steps
    return [_Step(one.place, -one.seconds, one.later, one.earlier) for one in steps]


def _clock_of(row: Row, clock: int | None) -> _Clock | None:
    moment = _moment(row.time)
    if moment is None:
        return None
    octets = row.cells[clock].value if clock is not None and clock < len(row.cells) else None
    found = date_time(octets) if isinstance(octets, bytes) else None
    return _Clock(moment, found.clock_status if found is not None else None)


def _usual(steps: Sequence[_Step]) -> float:
    """Give the step that most rows make where no period is told; 0 where they make none."""
    forward = Counter(one.wall for one in steps if one.wall > 0)
    return forward.most_common(1)[0][0] if forward else 0


def _is_clock_change(step: _Step, period: float) -> bool:
    """Tell whether the clock was put on or back for daylight saving time between two rows that follow each other.

    *period* is 0 for rows that come at any time: an hour or less that the clock went back may be one.
    The clock status or the deviation tells it, whatever its sign. Where neither does, it may have been in a night
    about the end of the week, as such changes are.
    """
    if 0 < step.seconds <= period * _SLACK:
        return False
    if not (abs(step.wall - period) in _CHANGES if period else -_HOUR <= step.wall < 0):
        return False
    before, after = step.earlier, step.later
    if before.moment.utcoffset() != after.moment.utcoffset():
        return True
    bits = [None if one.status is None else one.status & _SAVING for one in (before, after)]
    if None not in bits and bits[0] != bits[1]:
        return bool(bits[1]) is (step.wall > period)
    if before.moment.tzinfo is not None or any(bits):
        return False
    return is_time_of_changes(after.wall)


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
