"""COSEM date-time (12 octets), date (5) and time (4): fields, ISO 8601 or, with wildcards, words.

Source: IEC 62056-6-2, date and time formats. The deviation is UTC minus local time in minutes, so that the offset of
ISO 8601 is its negative; meters that send the other sign are not corrected here.
"""

import datetime
from functools import lru_cache
from typing import NamedTuple

from analyzer.cosem.classes import enumeration_text

NOT_SPECIFIED = 0xFF
DAYLIGHT_SAVING_END, DAYLIGHT_SAVING_BEGIN = 0xFD, 0xFE
"""Values of month that stand for a change of the clock."""
SECOND_LAST_DAY, LAST_DAY = 0xFD, 0xFE
"""Values of day that count from the end of the month; with a day of the week they count those."""
DEVIATIONS = range(-840, 841)
"""Minutes that are taken for an offset: the standard's -720 to +840 and the same with the sign turned round."""

_DAYS_OF_CHANGES, _HOURS_OF_CHANGES = (4, 5, 6, 7), (*range(5), 21, 22, 23)
"""Days of the week (1 is Monday) and hours in which the zones change their clocks."""
_WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = {
    DAYLIGHT_SAVING_END: "daylight saving end",
    DAYLIGHT_SAVING_BEGIN: "daylight saving begin",
    None: "every month",
}
_DAYS = {SECOND_LAST_DAY: "second last", LAST_DAY: "last"}
_NO_DEVIATION = (-0x8000, -1)  # field: FFFF in British calendars (corpus gbcs_general_signing)
_ZEROS = bytes(9) + b"\x80\x00"
_SIZE = 12
_NO_PART = (0, NOT_SPECIFIED)
"""Hundredths that add nothing to a time."""
_YEARS = range(1990, 2091)
"""Years that make 12 octets look like a date-time."""


_TWO = [f"{number:02}" for number in range(256)]
"""Octets as two digits: a width in a format costs several times more."""


@lru_cache(maxsize=len(DEVIATIONS))
def _offset(deviation: int) -> str:
    hours, minutes = divmod(abs(deviation), 60)
    return f"{'+' if deviation <= 0 else '-'}{_TWO[hours]}:{_TWO[minutes]}"


class DateTime(NamedTuple):
    """A date-time, date or time of COSEM as it was sent; None where a field is not specified or not in this form.

    Fields keep the values of the wire, special and wrong ones included. Units: deviation in minutes, UTC minus local.
    """

    has_date: bool
    has_time: bool
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None
    deviation: int | None = None
    clock_status: int | None = None

    @property
    def iso(self) -> str | None:
        """ISO 8601, as precise as was sent (``2026-11-21T10:15:00.25+01:00``); None with wildcards or wrong fields.

        Fields not specified at the end (hundredths, seconds, the time as a whole) shorten it; they are no wildcards.
        """
        date, time = self._iso_date(), self._iso_time()
        if (self.has_date and date is None) or time is None:
            return None
        return f"{date}T{time}" if date and time else date or time or None

    @property
    def text(self) -> str:
        """``iso``, or the same in words (``every year-03-last Sunday 02:00``); then the clock status in words."""
        parts = self.iso or " ".join(part for part in (self._date_words(), self._time_words()) if part)
        status = self.clock_status_text
        return f"{parts or 'not specified'}, {status}" if status else parts or "not specified"

    @property
    def clock_status_text(self) -> str:
        """The bits of the clock status that are set, in words; empty without any, or where it is not specified."""
        return enumeration_text("clock_status", self.clock_status) or "" if self.clock_status else ""

    @property
    def offset(self) -> str:
        """The offset to UTC as ISO 8601 writes it (``+01:00``); empty where the deviation is not given or absurd."""
        if self.deviation is None or self.deviation not in DEVIATIONS:
            return ""
        return _offset(self.deviation)

    @property
    def problems(self) -> tuple[str, ...]:
        """What contradicts the format, as facts (``month 13``, ``weekday Monday of a Saturday``)."""
        problems = [f"{name} {value}" for name, value in self.wrong_fields()]
        date = self._calendar_date()
        if date is None and not problems and self._is_one_day():
            problems.append(f"day {self.day} of month {self.month}")
        if date and self.weekday in range(1, 8) and self.weekday != date.isoweekday():
            problems.append(f"weekday {_WEEKDAYS[self.weekday or 0]} of a {_WEEKDAYS[date.isoweekday()]}")
        return tuple(problems)

    def wrong_fields(self) -> list[tuple[str, int]]:
        """The fields whose value the format does not have, by name."""
        fields = (
            ("month", self.month, self.month in range(1, 13) or self.month in _MONTHS),
            ("day", self.day, self.day in range(1, 32) or self.day in _DAYS),
            ("weekday", self.weekday, self.weekday in range(1, 8)),
            ("hour", self.hour, self.hour in range(24)),
            ("minute", self.minute, self.minute in range(60)),
            ("second", self.second, self.second in range(60)),
            ("hundredths", self.hundredths, self.hundredths in range(100)),
            ("deviation", self.deviation, self.deviation in DEVIATIONS),
        )
        return [(name, value) for name, value, known in fields if value is not None and not known]

    def _is_one_day(self) -> bool:
        return self.year is not None and self.month in range(1, 13) and self.day in range(32)

    def _calendar_date(self) -> datetime.date | None:
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return datetime.date(self.year, self.month, self.day)
        except ValueError:
            return None

    def _iso_date(self) -> str | None:
        date = self._calendar_date()
        return date.isoformat() if date else None

    def _iso_time(self) -> str | None:
        """The time with its offset; empty where none was specified, None where it has wildcards or wrong fields."""
        fields = (self.hour, self.minute, self.second, self.hundredths)
        given = [value for value in fields if value is not None]
        if not given:
            return ""
        if len(given) < 2 or list(fields[: len(given)]) != given:
            return None
        if any(value >= limit for value, limit in zip(given, (24, 60, 60, 100), strict=False)):
            return None
        return f"{self._clock(3 if len(given) > 2 else 2)}{self.offset}"

    def _clock(self, shown: int) -> str:
        """The first *shown* of hour, minute and second, wildcards as words; hundredths of 0 are left out."""
        words = (("every hour", self.hour), ("every minute", self.minute), ("every second", self.second))
        clock = ":".join([word if value is None else _TWO[value] for word, value in words[:shown]])
        return f"{clock}.{_TWO[self.hundredths]}" if self.hundredths else clock

    def _date_words(self) -> str:
        if all(value is None for value in (self.year, self.month, self.day, self.weekday)):
            return ""
        if self.year is self.month is self.day is None:
            return self._day_words()
        year = "every year" if self.year is None else f"{self.year:04}"
        month = _MONTHS.get(self.month) or f"{self.month:02}"
        return f"{year}-{month}-{self._day_words()}"

    def _day_words(self) -> str:
        weekday = _WEEKDAYS[self.weekday] if self.weekday in range(1, 8) and self.weekday else ""
        if self.day is None:
            return f"every {weekday or 'day'}"
        if self.day in _DAYS:
            return f"{_DAYS[self.day]} {weekday or 'day'}"
        fixed = self.year is not None and self.month in range(1, 13)
        return f"{self.day:02}" if fixed or not weekday else f"first {weekday} from {self.day:02}"

    def _time_words(self) -> str:
        if all(value is None for value in (self.hour, self.minute, self.second, self.hundredths)):
            return ""
        shown = 3 if self.second or self.hundredths else 2
        return f"{self._clock(shown)} {self.offset}".rstrip()


@lru_cache(maxsize=4096)
def date_time(octets: bytes) -> DateTime | None:
    """Read a date-time, date or time by its length; None for other lengths. Total: never raises on octets.

    Octets: 12 (year 2, month, day, weekday, hour, minute, second, hundredths, deviation 2, clock status), 5 (the first
    five of these) or 4 (hour to hundredths).
    """
    match len(octets):
        case 12:
            return DateTime(True, True, *_date(octets), *_time(octets[5:9]), *_zone(octets[9:]))
        case 5:
            return DateTime(True, False, *_date(octets))
        case 4:
            return DateTime(False, True, None, None, None, None, *_time(octets))
    return None


def plain_iso(octets: bytes) -> str:
    """Give what `DateTime.iso` gives for whole seconds of days that every month has, in the shortest way; else empty.

    Octets: the 12 of a date-time; others give nothing.
    """
    if len(octets) != _SIZE:
        return ""
    year_high, year_low, month, day, _, hour, minute, second, hundredths = octets[:9]
    if not (0 < month < 13 and 0 < day < 29 and hour < 24 and minute < 60 and second < 60 and hundredths in _NO_PART):
        return ""
    year = year_high << 8 | year_low
    if not 0 < year < 10000:
        return ""
    date = f"{year:04}-{_TWO[month]}-{_TWO[day]}"
    return f"{date}T{_TWO[hour]}:{_TWO[minute]}:{_TWO[second]}{_offset_text(octets[9:11])}"


@lru_cache(maxsize=1024)
def _offset_text(octets: bytes) -> str:
    found = date_time(bytes(9) + octets + b"\0")
    return found.offset if found is not None else ""


def date_time_text(octets: bytes) -> str:
    """Write a date-time, date or time as `DateTime.text` does; octets of another length as hex. Total."""
    value = date_time(bytes(octets))
    return octets.hex().upper() if value is None else value.text


def looks_like_date_time(octets: bytes) -> bool:
    """Tell whether an octet-string may well be a date-time: 12 octets, each field in its range, the year about today.

    A date-time without any field specified passes too, and one of zeros that specifies no deviation: meters send both
    for "never".
    """
    if len(octets) != 12:
        return False
    value = date_time(octets)
    if value is None or not (value.year is None or value.year in _YEARS):
        return octets[:11] == _ZEROS
    return not value.wrong_fields()


def _date(octets: bytes) -> tuple[int | None, ...]:
    """Year, month, day and day of the week."""
    year = int.from_bytes(octets[:2], "big")
    weekday = octets[4] or NOT_SPECIFIED  # field: Aidon lists send 0 (corpus ams_Aidon_problem_same_list3)
    return None if year == 0xFFFF else year, _specified(octets[2]), _specified(octets[3]), _specified(weekday)


def _time(octets: bytes) -> tuple[int | None, ...]:
    """Hour, minute, second and hundredths."""
    return tuple(_specified(octet) for octet in octets)


def _zone(octets: bytes) -> tuple[int | None, ...]:
    """Deviation and clock status."""
    deviation = int.from_bytes(octets[:2], "big", signed=True)
    return None if deviation in _NO_DEVIATION else deviation, _specified(octets[2])


def _specified(octet: int) -> int | None:
    return None if octet == NOT_SPECIFIED else octet


def is_time_of_changes(local: datetime.datetime) -> bool:
    """Tell whether zones begin or end daylight saving time on such days of the week at such hours."""
    return local.isoweekday() in _DAYS_OF_CHANGES and local.hour in _HOURS_OF_CHANGES
