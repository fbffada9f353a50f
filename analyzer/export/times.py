"""Times as text, from whole nanoseconds and never through a float."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_SECOND = 1_000_000_000
_UNITS = [10 ** (9 - digits) for digits in range(10)]


def seconds_text(time_ns: int, digits: int) -> str:
    """Write *time_ns* as seconds with *digits* decimals: ``1732147200.123456``."""
    if time_ns < 0:
        return "-" + seconds_text(-time_ns, digits)
    if not digits:
        return str(time_ns // _SECOND)
    return f"{time_ns // _SECOND}.{str(time_ns % _SECOND // _UNITS[digits]).zfill(digits)}"


def clock_text(time_ns: int, digits: int, *, utc: bool) -> str:
    """Write *time_ns* as ``2026-11-21 10:15:32.123456``, local time unless *utc*."""
    text = _clock(time_ns // _SECOND, utc)
    return f"{text}.{str(time_ns % _SECOND // _UNITS[digits]).zfill(digits)}" if digits else text


@lru_cache(maxsize=64)
def _clock(second: int, utc: bool) -> str:
    try:
        moment = datetime.fromtimestamp(second, UTC if utc else None)
    except (OverflowError, OSError, ValueError):
        return f"{second} s"
    return moment.isoformat(" ")[:19]
