"""Times of text logs to nanoseconds: dates in the orders people write them, clocks without a date, epochs.

A time without a zone is taken as it stands, as if it were UTC; a clock without a date counts from 1970-01-01 and goes
on over midnight.
"""

import re
from calendar import timegm
from collections.abc import Iterable
from datetime import datetime, timedelta

from captures.chunk import FURTHEST_NS

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day", "month", "year"
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = "(?i:" + "|".join(_MONTHS) + ")[a-z]{0,6}"
_WEEKDAY = "(?i:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )"
_YEAR_BEHIND = r" \d\d:\d\d:\d\d (?:[A-Z]{3,5} )?(?:19|20)\d\d\b"
DATE = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\d{{1,2}}[- ]{_MONTH}[- ]\d{{4}}"
    rf"|{_WEEKDAY}?{_MONTH} +\d{{1,2}}(?:,? \d{{4}})?(?!{_YEAR_BEHIND}))"
)
ASCTIME = rf"{_WEEKDAY}?{_MONTH} +\d{{1,2}}{_YEAR_BEHIND}"
"""A date as C's asctime and the program date write it, its year at the end."""
_DAY_WITHOUT_SIGNS = r"(?<![0-9A-Fa-f])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
BASIC = (
    rf"{_DAY_WITHOUT_SIGNS}(?:[T_-]|[ ]?(?=\d{{6}}[.,]\d{{3}}))[0-2]\d[0-5]\d[0-5]\d(?![0-9A-Fa-f])"
    rf"|{_DAY_WITHOUT_SIGNS}(?:[ T,]{{1,2}}|[_-])[0-2]\d:[0-5]\d:[0-5]\d(?!\d)"
)
"""Date and time in the basic format of ISO 8601, without signs between; or the date alone so, before a time of day."""
_FIRST = r"(?<![^\s\[(|])(?<![\w:=#.] )"
"""At the beginning of a line, or behind another column."""
_NO_CLOCK = (
    rf"(?![\])]?[\s:;,|-]++[\[(]?(?:{BASIC}|{ASCTIME}|(?:{DATE}[ T,]{{1,2}})?\d{{1,2}}[:.]\d\d[:.]\d\d(?![\d:.]\d)))"
)
"""Not before a time of day: a number there is that of a process or a meter."""
_BEFORE_OCTETS = _NO_CLOCK + (
    r"(?=[\])]?[\s:;,|-]++[\[(]?(?:(?![0-9A-Fa-f]{2})\S|[0-9A-Fa-f]{2}(?![0-9A-Fa-f])"
    r"|7[Ee][Aa]|000100|68[0-9A-Fa-f]{4}68))"
)
"""Before a direction, octets that stand apart, or a unit: digits that stand together are none of these octets."""
_COMMA = r",\d{3}(?:\d{3}){0,2}(?=\]?\s)"
WHOLE = rf"{_FIRST}1[4-9]\d{{8}}(?:\d{{6}})?{_BEFORE_OCTETS}"
_SINCE_BOOT = r"(?<=[EWIDV] \()\d{1,9}(?=\) [\w.:/-]{1,40}: )"
"""Milliseconds behind a level, as ESP-IDF writes them before the name of a module."""
_EPOCHS = (
    rf"{_SINCE_BOOT}|\d{{9,10}}\.\d{{1,9}}|(?<![0-9A-Fa-f.])1[4-9]\d{{8}}(?:\d{{3}}|\d{{9}})(?![0-9A-Fa-f.])"
    rf"|{_FIRST}1[4-9]\d{{8}}{_COMMA}{_BEFORE_OCTETS}|{WHOLE}"
)
"""Seconds with a fraction, or as many milliseconds or nanoseconds, whose odd number of digits is no octets; seconds
and microseconds, whose number is even, where they can be no octets."""
_SECONDS = rf"{_FIRST}\d{{1,6}}(?:\.\d{{3,9}}|{_COMMA}){_BEFORE_OCTETS}"
ZONES = {"UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3}
"""Hours ahead of UTC, of zones whose name is that of no other."""
_ZONE = "|".join(ZONES)
_AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific"
_AREA = rf"(?:{_AREAS})/[A-Z][A-Za-z_/+0-9-]{{1,30}}"
"""The name of a zone of the tz database."""
_OFFSET = r"[+-](?:0\d|1[0-4]):?(?:00|15|30|45)\b"
_HOURS = r"[+](?:0\d|1[0-4])\b(?![:.]?\d)"
"""An offset of whole hours right behind the time; behind a minus octets may stand: see `has_hours_behind`."""
_TIMES = (
    rf"(?:(?P<time>{ASCTIME}|{BASIC}"
    rf"|(?:{DATE}(?:[ T,]{{1,2}}|[_-]))?\d{{1,2}}[:.]\d\d[:.]\d\d(?!\d))(?:[.,:_](?P<fraction>\d{{1,9}}))?"
    rf"(?P<after> ?[AaPp][Mm]\b|[Zz]\b| ?(?:UTC|GMT)?{_OFFSET}| ?(?:UTC|GMT)[+-]\d\d?\b(?![:.]?\d)"
    rf"| ?(?:{_ZONE})\b(?![+-]\d)|{_HOURS}| ?\[?{_AREA}\]?)?(?:\[{_AREA}\])?"
)
TIME = rf"{_TIMES}|(?P<epoch>{_EPOCHS}))"
"""The pattern of a time of day with or without a date, or of an epoch."""
TIME_OR_SECONDS = rf"{_TIMES}|(?P<epoch>{_EPOCHS}|{_SECONDS}))"
"""The same, or seconds since the first with at least three decimals."""

LIKE_A_CLOCK = re.compile(rb"\s*(?P<direction>)(?P<octets>\d\d:\d\d:\d\d(?::\d\d)?)\s*")
"""A time of day alone on its line, or three octets; or four, the last its fraction."""
_COLONS = rb"[ \t]*+(?!\d\d:[0-5]\d:[0-5]\d[ \t]*$)[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})++:?[ \t]*+"
_COLON_ROWS = re.compile(rb"^" + _COLONS + rb"\n" + _COLONS + rb"$", re.MULTILINE)
_TIME = re.compile(TIME.encode())
_NUMBERS = re.compile(r"\d+")
_ZONE_WITHIN = re.compile(rf" ({_ZONE}) ")
_YEAR_LAST = re.compile(r":\d\d (?:[A-Z]+ )?\d{4}$")
_SLASHED = re.compile(rb"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d\d)\b(.{0,24})")
_SHORT = re.compile(rb"(?<![\d./-])(\d\d)([-/.])(\d\d)\2(\d\d)[ T,]{1,2}\d{1,2}[:.]\d\d[:.]\d\d")
"""A date whose year has two digits."""
_OF_1970 = 70
"""A year of two digits from this on is one of the last century."""
_AGAIN = rb"(?<!\d)\d\d?:\d\d:\d\d(?:[.,]\d{1,9})?"
_CLOCK_TIME = re.compile(_AGAIN)
_HOURS_BEHIND = re.compile(rb"(" + _AGAIN + rb")-(0[1-9]|1[0-2])(?=[\])]?[\s;,|])")
_YEAR_BEHIND_FRACTION = re.compile(
    rf"(\b{_WEEKDAY}{_MONTH} +\d{{1,2}} \d\d:\d\d:\d\d)([.,]\d{{1,9}})( (?:19|20)\d\d\b)".encode()
)
_NO_OCTETS = re.compile(rb"[\])]?[\s:;,|-]++(?:(?![0-9A-Fa-f]{2})\S|7[Ee] ?[Aa]|00 ?01 ?00|68 ?(..) ?\1 ?68)")
_BASIC_PARTS = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_LAST_YEAR = 9999
_DAY = 86_400
_EPOCH_DIGITS = 9
_UNITS: list[int] = [10 ** (9 - length) for length in range(10)]
_SECOND = 1_000_000_000
_MOST_KNOWN = 4096
_STANDS_TWICE = 60
"""So many seconds back, a time of the hour that stands twice is that of the second."""
_UNREAD = 0, False


def date_order(head: bytes) -> tuple[str, bool]:
    """Tell the order of the numbers in dates such as 3/4/2024 and 26-07-01, and whether it is a guess.

    Which number of 3/4/2024 is the day is told by numbers above 12, else by AM or PM, else the first is. Where nothing
    in *head* tells whether the year of 26-07-01 stands first, it does so with minus signs, as ISO 8601 has it.
    """
    short = [(int(a), sign, int(b), int(c)) for a, sign, b, c in _SHORT.findall(head)]
    is_year_first = _is_year_first(short) if short else False
    is_guess = is_year_first is None
    if is_year_first or (is_guess and short[0][1] == b"-"):
        return YEAR_FIRST, is_guess
    has_half = False
    for first, second, rest in (slashed := _SLASHED.findall(head)):
        if int(first) > 12 or int(second) > 12:
            return DAY_FIRST if int(first) > 12 else MONTH_FIRST, is_guess
        has_half = has_half or re.search(rb"\d ?[AaPp][Mm]\b", rest) is not None
    if has_half:
        return MONTH_FIRST, is_guess
    return DAY_FIRST, is_guess or any(int(first) != int(second) for first, second, _ in slashed)


def _is_year_first(dates: list[tuple[int, bytes, int, int]]) -> bool | None:
    """Tell whether the year stands first in dates of three numbers of two digits; None where nothing tells it.

    Numbers that can be no day tell it, else the days that pass: a log spans fewer of them in the order that is right.
    """
    if not all(1 <= second <= 12 and 1 <= third <= 31 for _, _, second, third in dates):
        return False
    if not all(1 <= first <= 31 for first, _, _, _ in dates):
        return True
    iso, other = (
        max(days) - min(days)
        for days in (
            [_day_number(first, month, third) for first, _, month, third in dates],
            [_day_number(third, month, first) for first, _, month, third in dates],
        )
    )
    if iso == other:
        return True if all(first == third for first, _, _, third in dates) else None
    return iso < other


def _day_number(year: int, month: int, day: int) -> int:
    """Number days so that months are alike: a 29th of February tells no order."""
    return (_full(year) * 12 + month) * 31 + day


def _full(year: int) -> int:
    return year if year > 99 else year + (1900 if year >= _OF_1970 else 2000)


def has_hours_behind(lines: Iterable[bytes]) -> bool:
    """Tell whether -05 behind each time of *lines* is its zone, and no octet: it stands still in all.

    And of one line at least what follows it is no octet, or begins a unit.
    """
    hours, is_proven = set[int](), False
    for line in lines:
        if _CLOCK_TIME.search(line) is None:
            continue
        found = _HOURS_BEHIND.search(line)
        if found is None:
            return False
        hours.add(int(found[2]))
        is_proven = is_proven or _NO_OCTETS.match(line, found.end()) is not None
    return is_proven and max(hours) - min(hours) <= 1  # daylight saving may end


def with_minutes(line: bytes) -> bytes:
    """Give *line* with the minutes of a zone of whole hours behind its time."""
    return _HOURS_BEHIND.sub(rb"\1-\2:00", line, count=1)


def has_years_behind(text: bytes) -> bool:
    """Tell whether times in *text* have their fraction before the year at their end, as Tera Term writes them."""
    return _YEAR_BEHIND_FRACTION.search(text) is not None


def with_year(line: bytes) -> bytes:
    """Give *line* with the fraction of its time behind the year."""
    return _YEAR_BEHIND_FRACTION.sub(rb"\1\3\2", line, count=1)


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
        self.order, self.is_guess = DAY_FIRST, False
        """The order of dates, and whether nothing told it."""
        self.has_guessed = False
        """Whether there were dates for which the order was guessed."""
        self._known: dict[tuple[bytes, bytes | None], tuple[int, bool] | None] = {}
        self._day = 0
        self._last = 0
        self._newest = 0
        """The newest time with the name of an area, in seconds since 1970."""
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
            return self.epoch(epoch)
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

    def epoch(self, text: bytes) -> int:
        """Read seconds since 1970, with a fraction behind a sign or right behind ten digits; or milliseconds, up to
        nine digits, since something else.
        """
        whole, sign, fraction = text.replace(b",", b".").partition(b".")
        if not sign:
            at = _EPOCH_DIGITS + 1 if len(text) > _EPOCH_DIGITS else -3
            whole, fraction = text[:at] or b"0", text[at:].rjust(-at, b"0")
        if len(whole) < _EPOCH_DIGITS:
            self.has_clock = True
        else:
            self.has_zone = self.has_date = True
        self.digits = max(self.digits, len(fraction))
        return int(whole) * _SECOND + int(fraction or 0) * _UNITS[len(fraction)]

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
        if b"/" not in (after or b""):  # what stands there twice a year depends on what was before
            self._known[time, after] = found
        return found

    def _seconds(self, text: str, after: str) -> tuple[int, bool] | None:
        """Read a time as seconds since 1970 and tell whether it has a date."""
        numbers = [int(number) for number in _NUMBERS.findall(text)]
        if numbers[0] > _LAST_YEAR:  # without signs between
            digits = "".join(_NUMBERS.findall(text))
            numbers = [int(digits[at:end]) for at, end in _BASIC_PARTS]
        if _YEAR_LAST.search(text):
            numbers.insert(1, numbers.pop())
        *date, hour, minute, second = numbers
        if after[-1:] in "mM" and after:
            hour = hour % 12 + 12 * (after[0] in "pP")
        if hour > 23 or minute > 59 or second > 60:
            return None
        within = _ZONE_WITHIN.search(text)
        seconds = hour * 3600 + minute * 60 + second
        if "/" not in after:
            seconds -= self._offset(after or (within[1] if within else ""))
        if not date:
            return seconds, False
        year, month, day = self._date(text.lower(), date)
        if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
            return None
        seconds += timegm((year, month, day, 0, 0, 0))
        return seconds - (self._ahead(after.strip("[]"), seconds) if "/" in after else 0), True

    def _ahead(self, area: str, local: int) -> int:
        """Give the seconds that a zone of the tz database is ahead of UTC at *local* time; 0 if it is not known."""
        from zoneinfo import ZoneInfo  # few logs name one

        try:
            moment = datetime(1970, 1, 1, tzinfo=ZoneInfo(area)) + timedelta(seconds=local)
            once, again = (moment.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        except (KeyError, ValueError, OSError, OverflowError):
            return 0
        self.has_zone = True
        ahead = int(once.total_seconds())
        if again < once and self._newest - (local - ahead) > _STANDS_TWICE:
            ahead = int(again.total_seconds())
        self._newest = local - ahead
        return ahead

    def _offset(self, after: str) -> int:
        """Give the seconds that a time is ahead of UTC, by what stands behind it: ``Z``, ``+02:00``, ``CEST``."""
        name = after.rstrip("+-:0123456789")
        if not after or name[-1:] in ("m", "M"):
            return 0
        self.has_zone = True
        digits = after[len(name) :].replace(":", "")
        if not digits:
            return ZONES.get(name, 0) * 3600
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
        self.has_guessed = self.has_guessed or (self.is_guess and (third < 100 or "/" in text))
        if self.order == YEAR_FIRST and third < 100:
            return _full(first), second, third
        year_ = _full(third)
        is_month_first = "/" in text and self.order == MONTH_FIRST
        return (year_, first, second) if is_month_first else (year_, second, first)
