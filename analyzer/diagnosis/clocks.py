"""A date-time that a meter states, against the time at which it was captured. Source: IEC 62056-6-2, date and time.

The deviation is what has to be added to local time to get UTC; some meters send it with the other sign.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.cosem.date_time import DEVIATIONS, NOT_SPECIFIED, DateTime, date_time
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative

_SECOND = 1_000_000_000
_NEAR_S = 120
"""So far a clock may be off the capture's without a word."""
_FAR_S = 366 * 86400
_REAL_NS = 946_684_800 * _SECOND
"""A capture from before 2000 has no real times."""
_INVALID, _DOUBTFUL, _OTHER_BASE, _BAD_STATUS = 1, 2, 4, 8
_FLAGS = _INVALID | _DOUBTFUL | _OTHER_BASE | _BAD_STATUS
_MINUTE = 60


class Fault(NamedTuple):
    """Something odd about a value: code, cause, how sure, a sentence, and what distinguishes it from its like."""

    code: str
    cause: str
    confidence: str
    text: str
    alternatives: tuple[Alternative, ...] = ()
    subject: str = ""


def is_right(octets: bytes, captured_ns: int | None) -> bool:
    """Tell in the shortest way that nothing is odd about a date-time of twelve octets; False where that is not sure."""
    year, month, day, weekday = octets[0] << 8 | octets[1], octets[2], octets[3], octets[4]
    hour, minute, second, hundredths = octets[5:9]
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    if octets[11] & _FLAGS or deviation not in DEVIATIONS or not (hundredths < 100 or hundredths == NOT_SPECIFIED):
        return False
    try:
        local = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return False
    if captured_ns is None or captured_ns < _REAL_NS or weekday != local.isoweekday():
        return False
    return abs(int(local.timestamp()) + deviation * _MINUTE - captured_ns // _SECOND) <= _NEAR_S


def clock_faults(octets: bytes, captured_ns: int | None, what: str) -> Iterator[Fault]:
    """Give what is odd about the date-time *octets* that *what* stated, captured at *captured_ns*."""
    found = date_time(octets)
    if found is None:
        return
    if found.problems:
        text = f"{what} is {found.text}: {', '.join(found.problems)}"
        yield Fault("value-out-of-type", "", LIKELY, text)
    status = found.clock_status or 0
    if status & _FLAGS:
        yield Fault("status-flag-set", "clock-not-trusted", LIKELY, f"{what}: {found.clock_status_text}")
    if captured_ns is not None and captured_ns >= _REAL_NS:
        yield from _drift(found, captured_ns, what)


def _drift(found: DateTime, captured_ns: int, what: str) -> Iterator[Fault]:
    local = local_seconds(found)
    if local is None or found.deviation is None or abs(found.deviation) > _MOST_DEVIATION:
        return
    captured = captured_ns // _SECOND
    off = local + found.deviation * _MINUTE - captured
    turned = local - found.deviation * _MINUTE - captured
    if abs(off) <= _NEAR_S or abs(local - captured) <= _NEAR_S:
        return  # right, or the capture itself has local times
    if found.deviation and abs(turned) <= _NEAR_S:
        text = (
            f"{what} is {found.text} with deviation {found.deviation}: it fits the capture's time with the sign turned"
        )
        yield Fault("deviation-sign-unusual", "sign-turned", LIKELY, text)
        return
    ahead = "ahead of" if off > 0 else "behind"
    text = f"{what} is {found.text}, {_span(abs(off))} {ahead} the capture's clock"
    others: tuple[Alternative, ...] = ()
    confidence = LIKELY
    if abs(off) > _FAR_S:
        confidence = POSSIBLE
        others = (Alternative("capture-time-unreal", POSSIBLE, "the capture's own times may not be real"),)
    yield Fault("clock-drift", "clock-not-set", confidence, text, others)


_MOST_DEVIATION = 840


def local_seconds(found: DateTime) -> int | None:
    """Give a date-time as seconds since 1970 as if it were UTC; None with fields not specified or wrong."""
    fields = (found.year, found.month, found.day, found.hour, found.minute)
    if any(field is None for field in fields):
        return None
    year, month, day, hour, minute = (field or 0 for field in fields)
    try:
        made = datetime.datetime(year, month, day, hour, minute, found.second or 0, tzinfo=datetime.UTC)
    except ValueError:
        return None
    return int(made.timestamp())


def _span(seconds: int) -> str:
    """Say a span in its two largest units."""
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
