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
NEAR_S = 120
"""So far a clock may be off the capture's without a word."""
_FAR_S = 366 * 86400
_REAL_NS = 946_684_800 * _SECOND
"""A capture from before 2000 has no real times."""
_INVALID, _DOUBTFUL, _OTHER_BASE, _BAD_STATUS, _DAYLIGHT_SAVING = 1, 2, 4, 8, 0x80
_FLAGS = _INVALID | _DOUBTFUL | _OTHER_BASE | _BAD_STATUS
_MINUTE, _DAY = 60, 86400
_ZONES = (
    *range(-720, 841, 60), -570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
)  # fmt: skip
"""Minutes that local times are ahead of UTC, with and without daylight saving."""
_ZONES_APART_S, _QUARTER_S = 26 * 3600, 900
_SAVING_MIN, _MOST_DEVIATION = 60, 840
_NOT_SET, _DEVIATION_WRONG = "clock-not-set", "deviation-wrong"
_AT_FAULT = "its deviation may be right, and its time not"


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
    return abs(int(local.timestamp()) + deviation * _MINUTE - captured_ns // _SECOND) <= NEAR_S


def clock_faults(octets: bytes, captured_ns: int | None, what: str, *, is_local: bool = False) -> Iterator[Fault]:
    """Give what is odd about the date-time *octets* that *what* stated, captured at *captured_ns*.

    *is_local*: the times of the capture name no zone, so that they may be those of any.
    """
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
        yield from _drift(found, captured_ns // _SECOND, what, is_local=is_local)


def _drift(found: DateTime, captured: int, what: str, *, is_local: bool) -> Iterator[Fault]:
    local, deviation = local_seconds(found), found.deviation
    if local is None or (deviation is not None and abs(deviation) > _MOST_DEVIATION):
        return
    if abs(local - captured) <= NEAR_S:
        return  # right, or the capture itself has local times
    if deviation is None or is_local:
        off = local - captured + (deviation or 0) * _MINUTE
        if not _is_of_a_zone(off if deviation is None else -off, are_both_local=deviation is None and is_local):
            side = "the meter's time" if deviation is None else "the capture's times"
            further = f"; {side} may be of any zone, and none is off by that"
            yield _drifted(found, off, what, further, has_zone=False)
        return
    off = local + deviation * _MINUTE - captured
    turned = local - deviation * _MINUTE - captured
    if abs(off) <= NEAR_S:
        return
    if deviation and abs(turned) <= NEAR_S:
        text = f"{what} is {found.text} with deviation {deviation}: it fits the capture's time with the sign turned"
        yield Fault("deviation-sign-unusual", "sign-turned", LIKELY, text)
        return
    fitting = next((-zone for zone in _ZONES if abs(local - captured - zone * _MINUTE) <= NEAR_S), None)
    if fitting is None:
        yield _drifted(found, off, what)
        return
    fault = _drifted(found, off, what, f"; with deviation {fitting} in place of {deviation} it fits")
    if deviation - fitting == _SAVING_MIN:  # the local time is that of summer, the deviation that of winter
        sure = LIKELY if (found.clock_status or 0) & _DAYLIGHT_SAVING else POSSIBLE
        others = (Alternative(_NOT_SET, POSSIBLE, _AT_FAULT),)
        yield fault._replace(cause=_DEVIATION_WRONG, confidence=sure, alternatives=others)
    else:
        other = Alternative(_DEVIATION_WRONG, POSSIBLE, "its time may be right, and its deviation not")
        yield fault._replace(confidence=POSSIBLE, alternatives=(*fault.alternatives, other))


def _drifted(found: DateTime, off: int, what: str, further: str = "", *, has_zone: bool = True) -> Fault:
    """Say that a clock is *off* seconds ahead of the capture's; *further* goes on with that."""
    text = f"{what} is {found.text}, {said_off(off, has_zone=has_zone)} the capture's clock"
    if abs(off) <= _FAR_S:
        return Fault("clock-drift", _NOT_SET, LIKELY, text + further)
    unreal = Alternative("capture-time-unreal", POSSIBLE, "the capture's own times may not be real")
    return Fault("clock-drift", _NOT_SET, POSSIBLE, text, (unreal,))


def off_seconds(octets: bytes, captured_ns: int | None, *, is_local: bool) -> int | None:
    """Give how many seconds a date-time is ahead of the time at which it was captured; None where it cannot be told.

    *is_local*: the capture's times are local ones, so that the deviation does not count.
    """
    found = date_time(octets) if captured_ns is not None and captured_ns >= _REAL_NS else None
    local = local_seconds(found) if found is not None else None
    if found is None or captured_ns is None or local is None:
        return None
    return local + (0 if is_local else found.deviation or 0) * _MINUTE - captured_ns // _SECOND


def states_zone(octets: bytes) -> bool:
    """Tell whether a date-time of twelve octets states its deviation."""
    return octets[9:11] != b"\x80\0"


def has_problems(octets: bytes) -> bool:
    """Tell whether a date-time has fields that cannot be, or that contradict each other."""
    found = date_time(octets)
    return found is None or bool(found.problems)


def said_off(off: int, *, has_zone: bool = True) -> str:
    """Say by how much a clock is off, and which way; in days alone or about, where a zone is not known."""
    span = _span(abs(off)) or "0 s"
    if not has_zone:
        days = abs(off) // _DAY
        span = f"about {days} d" if days else f"about {span}"
    return f"{span} {'ahead of' if off >= 0 else 'behind'}"


def _is_of_a_zone(off: int, *, are_both_local: bool) -> bool:
    """Tell whether *off* seconds may be what local time is ahead of UTC, or of the local time of another place."""
    if are_both_local:
        return abs(off) <= _ZONES_APART_S and abs((off + _QUARTER_S // 2) % _QUARTER_S - _QUARTER_S // 2) <= NEAR_S
    return any(abs(off - zone * _MINUTE) <= NEAR_S for zone in _ZONES)


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
    for name, size in (("d", _DAY), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
