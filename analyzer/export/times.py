"""Times as text, from whole nanoseconds and never through a float."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000_000_000
_MOST_SECONDS = 64
_MILLISECONDS = 3
_DAY = len("2026-11-21 ")
UNITS = [10 ** (9 - digits) for digits in range(10)]


def seconds_text(time_ns: int, digits: int) -> str:
    """Write *time_ns* as seconds with *digits* decimals: ``1732147200.123456``."""
    if time_ns < 0:
        return "-" + seconds_text(-time_ns, digits)
    if not digits:
        return str(time_ns // SECOND)
    return f"{time_ns // SECOND}.{str(time_ns % SECOND // UNITS[digits]).zfill(digits)}"


def clock_text(time_ns: int, digits: int, *, utc: bool) -> str:
    """Write *time_ns* as ``2026-11-21 10:15:32.123456``, local time unless *utc*."""
    return _CLOCKS[utc].text(time_ns, digits)


def span_text(first_ns: int, last_ns: int, digits: int, *, utc: bool) -> str:
    """Write when something began and ended, in milliseconds: ``2026-11-21 10:15:32.123 to 10:17:04.950``.

    The day of the end stands there where it is another one; a span within one millisecond is one time.
    """
    digits = min(digits, _MILLISECONDS)
    first, last = clock_text(first_ns, digits, utc=utc), clock_text(last_ns, digits, utc=utc)
    if first == last:
        return first
    return f"{first} to {last.removeprefix(first[:_DAY])}"


class Clock(dict[int, str]):
    """Writes times in one zone; each second is worked out once while it lasts."""

    def __init__(self, *, utc: bool) -> None:
        super().__init__()
        self._zone = UTC if utc else None

    def text(self, time_ns: int, digits: int) -> str:
        """Write *time_ns* with *digits* decimals."""
        text = self[time_ns // SECOND]  # zfill: a width in the format costs several times more
        return f"{text}.{str(time_ns % SECOND // UNITS[digits]).zfill(digits)}" if digits else text

    def __missing__(self, second: int) -> str:
        if len(self) >= _MOST_SECONDS:
            self.clear()
        try:
            made = datetime.fromtimestamp(second, self._zone).isoformat(" ")[:19]
        except (OverflowError, OSError, ValueError):
            made = f"{second} s"
        self[second] = made
        return made


_CLOCKS = {utc: Clock(utc=utc) for utc in (False, True)}
