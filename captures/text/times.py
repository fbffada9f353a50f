"""Times of text logs to nanoseconds: dates in the orders people write them, clocks without a date, epochs.

A time without a zone is taken as it stands, as if it were UTC; a clock without a date counts from 1970-01-01 and goes
on over midnight.
"""

import re
from calendar import timegm

from captures.chunk import FURTHEST_NS

DAY_FIRST, MONTH_FIRST = "day", "month"
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = "(?i:" + "|".join(_MONTHS) + ")[a-z]{0,6}"
_WEEKDAY = "(?i:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )"
DATE = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\d{{1,2}}[- ]{_MONTH}[- ]\d{{4}}"
    rf"|{_WEEKDAY}?{_MONTH} +\d{{1,2}}(?:,? \d{{4}})?)"
)
_ASCTIME = rf"{_WEEKDAY}?{_MONTH} +\d{{1,2}} \d\d:\d\d:\d\d (?:[A-Z]{{3,5}} )?(?:19|20)\d\d\b"
"""A date as C's asctime and the program date write it, its year at the end."""
_BASIC = r"(?<![0-9A-Fa-f])(?:19|20)\d{6}[T_-][0-2]\d[0-5]\d[0-5]\d(?![0-9A-Fa-f])"
"""Date and time in the basic format of ISO 8601, without signs between."""
_EPOCHS = r"\d{9,10}\.\d{1,9}|(?<![0-9A-Fa-f.])1[4-9]\d{8}(?:\d{3}|\d{9})(?![0-9A-Fa-f.])"
"""Seconds with a fraction, or as many milliseconds or nanoseconds, whose odd number of digits is no octets."""
_ZONES = {"UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3}
"""Hours ahead of UTC, of zones whose name is that of no other."""
_ZONE = "|".join(_ZONES)
_HOURS = r"[+]\d\d\b(?![:.]?\d)"
"""An offset of whole hours right behind the time; behind a minus octets may stand."""
TIME = (
    rf"(?:(?P<time>{_ASCTIME}|{_BASIC}"
    rf"|(?:{DATE}[ T,]{{1,2}})?\d{{1,2}}[:.]\d\d[:.]\d\d(?!\d))(?:[.,:_](?P<fraction>\d{{1,9}}))?"
    rf"(?P<after> ?[AaPp][Mm]\b|[Zz]\b| ?(?:UTC|GMT)?[+-]\d\d:?\d\d\b| ?(?:{_ZONE})\b(?![+-]\d)|{_HOURS})?"
    rf"|(?P<epoch>{_EPOCHS}))"
)
"""The pattern of a time of day with or without a date, or of an epoch."""

LIKE_A_CLOCK = re.compile(rb"\s*(?P<direction>)(?P<octets>\d\d:\d\d:\d\d(?::\d\d)?)\s*")
"""A time of day alone on its line, or three octets; or four, the last its fraction."""
_COLONS = rb"[ \t]*+(?!\d\d:[0-5]\d:[0-5]\d[ \t]*$)[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})++:?[ \t]*+"
_COLON_ROWS = re.compile(rb"^" + _COLONS + rb"\n" + _COLONS + rb"$", re.MULTILINE)
_TIME = re.compile(TIME.encode())
_NUMBERS = re.compile(r"\d+")
_ZONE_WITHIN = re.compile(rf" ({_ZONE}) ")
_YEAR_LAST = re.compile(r":\d\d (?:[A-Z]+ )?\d{4}$")
_SLASHED = re.compile(rb"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d\d)\b(.{0,24})")
_BASIC_PARTS = ((0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15))
_DAY = 86_400
_UNITS: list[int] = [10 ** (9 - length) for length in range(10)]
_SECOND = 1_000_000_000
_MOST_KNOWN = 4096
_UNREAD = 0, False


def date_order(head: bytes) -> str:
    """Tell from the dates in *head* which number of 3/4/2024 is the day: by numbers above 12, else by AM or PM."""
    has_half = False
    for first, second, rest in _SLASHED.findall(head):
        if int(first) > 12 or int(second) > 12:
            return DAY_FIRST if int(first) > 12 else MONTH_FIRST
        has_half = has_half or re.search(rb"\d ?[AaPp][Mm]\b", rest) is not None
    return MONTH_FIRST if has_half else DAY_FIRST


def has_colon_rows(head: bytes) -> bool:
    """Tell whether two rows of octets with colons between, which no time of day is, follow each other in *head*."""
    return _COLON_ROWS.search(head) is not None


class Clock:
    """Reads the times of one text."""

    def __init__(self) -> None:
        self.digits = 0
        """The most decimals of a second that were seen."""
        self.has_zone = False
        """Whether a time named its zone (an epoch is UTC)."""
        self.has_date = self.has_clock = False
        """Whether there were times with a date, and times of day without one."""
        self.order = DAY_FIRST
        self._known: dict[tuple[bytes, bytes | None], tuple[int, bool] | None] = {}
        self._day = 0
        self._last = 0
        self._elapsed_ms = 0

    def find(self, text: bytes) -> int | None:
        """Read the first time in *text*; None if there is none."""
        match = _TIME.search(text)
        return self.read(match) if match else None

    def read(self, match: "re.Match[bytes]") -> int | None:
        """Read the time that the groups of TIME hold; None if there is none or it is no time."""
        time, fraction, after, epoch = match.group("time", "fraction", "after", "epoch")
        if time is None:
            if epoch is None:
                return None
            whole, _, fraction = epoch.partition(b".") if b"." in epoch else (epoch[:10], b"", epoch[10:])
            self.has_zone = self.has_date = True
            self.digits = max(self.digits, len(fraction))
            return int(whole) * _SECOND + int(fraction) * _UNITS[len(fraction)]
        found = self._known.get((time, after), _UNREAD)
        if found is _UNREAD:
            found = self._learn(time, after)
        if found is None:
            return None
        seconds, is_dated = found
        if is_dated:
            self.has_date = True
        else:
            self.has_clock = True
            if seconds < self._last - _DAY // 2:
                self._day += _DAY
            self._last = seconds
            seconds += self._day
        time_ns = seconds * _SECOND
        if fraction:
            length = len(fraction)
            if length > self.digits:
                self.digits = length
            time_ns += int(fraction) * _UNITS[length]
        return time_ns if -FURTHEST_NS <= time_ns <= FURTHEST_NS else None

    def relative(self, text: bytes) -> int:
        """Read seconds since the first."""
        whole, _, fraction = text.partition(b".")
        self.digits = max(self.digits, len(fraction))
        return min(int(whole + fraction.ljust(9, b"0")), FURTHEST_NS)

    def elapse(self, text: bytes) -> int:
        """Read milliseconds since the line before; gives the time since the first."""
        self._elapsed_ms += int(text)
        self.digits = max(self.digits, 3)
        return min(self._elapsed_ms * 1_000_000, FURTHEST_NS)

    def _learn(self, time: bytes, after: bytes | None) -> tuple[int, bool] | None:
        """Read a time for the first time: logs have many lines in a second."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        found = self._seconds(time.decode("latin-1"), (after or b"").decode("latin-1").strip())
        self._known[time, after] = found
        return found

    def _seconds(self, text: str, after: str) -> tuple[int, bool] | None:
        """Read a time as seconds since 1970 and tell whether it has a date."""
        numbers = [int(number) for number in _NUMBERS.findall(text)]
        if len(numbers) == 2:  # without signs between
            numbers = [int(text[at:end]) for at, end in _BASIC_PARTS]
        if _YEAR_LAST.search(text):
            numbers.insert(1, numbers.pop())
        *date, hour, minute, second = numbers
        if after[-1:] in "mM" and after:
            hour = hour % 12 + 12 * (after[0] in "pP")
        if hour > 23 or minute > 59 or second > 60:
            return None
        within = _ZONE_WITHIN.search(text)
        seconds = hour * 3600 + minute * 60 + second - self._offset(after or (within[1] if within else ""))
        if not date:
            return seconds, False
        year, month, day = self._date(text.lower(), date)
        if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
            return None
        return timegm((year, month, day, 0, 0, 0)) + seconds, True

    def _offset(self, after: str) -> int:
        """Give the seconds that a time is ahead of UTC, by what stands behind it: ``Z``, ``+02:00``, ``CEST``."""
        name = after.rstrip("+-:0123456789")
        if not after or name[-1:] in ("m", "M"):
            return 0
        self.has_zone = True
        digits = after[len(name) :].replace(":", "")
        if not digits:
            return _ZONES.get(name, 0) * 3600
        return (int(digits[1:3]) * 3600 + int(digits[3:] or 0) * 60) * (-1 if digits[0] == "-" else 1)

    def _date(self, text: str, numbers: list[int]) -> tuple[int, int, int]:
        """Put the numbers of a date in order: year, month, day."""
        named = next((index for name, index in _MONTHS.items() if re.search(rf"(?<![a-z]){name}", text)), 0)
        if named:
            day, *year = numbers
            return year[0] if year else 1970, named, day
        first, second, third = numbers
        if len(_NUMBERS.findall(text)[0]) >= 4:
            return first, second, third
        year_ = third + 2000 if third < 100 else third
        is_month_first = "/" in text and self.order == MONTH_FIRST
        return (year_, first, second) if is_month_first else (year_, second, first)
