"""Times as text, from whole nanoseconds and never through a float."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_SECOND = 1_000_000_000


def seconds_text(time_ns: int, digits: int) -> str:
    """Write *time_ns* as seconds with *digits* decimals: ``1732147200.123456``."""
    sign = "-" if time_ns < 0 else ""
    whole, rest = divmod(abs(time_ns), _SECOND)
    return f"{sign}{whole}.{rest:09d}"[: len(sign) + len(str(whole)) + 1 + digits] if digits else f"{sign}{whole}"


def clock_text(time_ns: int, digits: int, *, utc: bool) -> str:
    """Write *time_ns* as ``2026-11-21 10:15:32.123456``, local time unless *utc*."""
    whole, rest = divmod(time_ns, _SECOND)
    text = _clock(whole, utc)
    return f"{text}.{rest:09d}"[: len(text) + 1 + digits] if digits else text


@lru_cache(maxsize=64)
def _clock(second: int, utc: bool) -> str:
    try:
        moment = datetime.fromtimestamp(second, UTC if utc else None)
    except (OverflowError, OSError, ValueError):
        return f"{second} s"
    return moment.strftime("%Y-%m-%d %H:%M:%S")
