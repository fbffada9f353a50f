"""Data sets of IEC 62056-21 and P1: identification codes to logical names, values to numbers, times and profiles.

Source: IEC 62056-21, data readout; IEC 62056-6-1, reduced identification codes; DSMR P1 companion standard 5.0. Load
profiles in text (P.01, P.98) as meters after VDEW send them: first time, status, period, count, then code and unit of
each column; each following line is one entry. An event of a log book is such a head without a period.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import takewhile
from typing import NamedTuple

from analyzer.cosem.tables import Tables
from analyzer.cosem.text_times import Moment, is_time, is_unset, moment_of, text_of
from dissectors.data_sets import DataSet
from dissectors.data_sets import Value as Bracketed

_LAYOUTS = Tables("text_layouts.toml")
_CODE = re.compile(r"(?:(\d{1,3})-(\d{1,3}):)?([0-9CFLP]{1,3})\.([0-9F]{1,3})(?:\.(\d{1,3}))?(?:[*&.](\d{1,3}))?")
LETTERS = {"C": 96, "F": 97, "L": 98, "P": 99}
"""Letters that reduced codes have for the value groups C and D."""
_ABSTRACT = frozenset((96, 97))
"""Values of C that a code without medium has for things that are no electricity."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_LONGEST_NUMBER = 32
"""Characters of a value after IEC 62056-21; more digits are the octets of something, such as a manufacturer's table."""
_HEX_TEXT = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
_TEXTS = frozenset(((0, 96, 1), (0, 96, 13), (0, 42, 0)))
"""Value groups A, C and D of objects whose value P1 writes as the hex of a text."""
_MESSAGE = (0, 96, 13)
_FAILURES = (96, 7)
"""Value groups C and D of power failures, which are counted."""
_PROFILES = 99
"""The value group C of profiles and logs."""
_DATED = ((0, 1), (0, 9), (96, 2))
"""Value groups C and D of objects that count, and with E above 0 say when."""
_ELECTRICAL = re.compile(r"[kMG]?(?:Wh|W|varh|var|VArh|VAr|VAh|VA|V|A|Hz|Deg)", re.IGNORECASE)
_NO_UNIT = "-"
_POWER_FACTORS = ("13", "33", "53", "73")
"""Groups C of quantities that have no unit, where some meters write a dash."""
_GENERAL = ("0",)
"""The group C of general purpose objects: constants and periods, in units of any kind."""
_HEAT = re.compile(rb"[kMG]?(?:Wh|J|cal)")
_HEAT_ENERGY, _ERROR = b"6.8", "F"
HEAT = "heat"
"""The medium of values that stand in a heat meter's readout."""
_REACTIVE = ("3", "4", "5", "6", "7", "8")
"""Groups C of reactive energy: 6.8 in MWh is what a heat meter counts."""
_LOG_HEAD = 2
_HEAD = 4
"""Values before the columns of a profile: first time, status, period, count."""
_MOST_DIGITS = 6
"""Of the period and the number of columns in the head of a profile."""


class TextValue(NamedTuple):
    """One value: the code it stands under, its number or text, unit, as it stood, and the time that stood beside it."""

    code: str
    plain: Decimal | str
    unit: str
    raw: str
    time: str = ""
    status: str = ""
    season: str = ""
    medium: str = ""
    """What is measured, where other data sets of the message say so."""
    layout: str = ""
    """The title of the layout that names the value, where its data set does not."""


class TextProfile(NamedTuple):
    """The head of a profile in text."""

    code: str
    start: str
    status: str
    period: timedelta
    columns: tuple[tuple[str, str], ...]
    """Code and unit of each column."""

    @property
    def form(self) -> tuple[str, str, str, int, tuple[tuple[str, str], ...]]:
        """The same as plain values of JSON."""
        return self.code, self.start, self.status, int(self.period.total_seconds()), self.columns

    def time(self, row: int) -> str:
        """The time of an entry, counted from 0; empty where it is not known, or lies beyond the calendar."""
        if not self.start:
            return ""
        try:
            return (datetime.fromisoformat(self.start) + row * self.period).isoformat()
        except OverflowError:
            return ""


def is_assumed(code: str) -> bool:
    """Tell whether nothing but custom says that a code is electricity's."""
    return "-" not in code and code_of(code) is not None and code[:1].isdecimal()


def named_code(code: str, unit: str) -> bytes | None:
    """Give the logical name of a code whose value is in *unit*; None for one that is no electricity's."""
    group = code.partition(".")[0]
    if unit and group not in _GENERAL and is_assumed(code):
        if unit == _NO_UNIT and group in _POWER_FACTORS:
            return code_of(code)
        is_heat = unit.endswith("Wh") and group in _REACTIVE
        if is_heat or not _ELECTRICAL.fullmatch(unit):
            return None
    return code_of(code)


@lru_cache(maxsize=4096)
def code_of(text: str) -> bytes | None:
    """Give the logical name that an identification code is short for; None for what is no code.

    A code without medium and channel is electricity's, or abstract where C is a letter for that; P.01 is 1-0:99.1.0.
    """
    found = _CODE.fullmatch(text)
    if found is None:
        return None
    a, b, c, d, e, f = found.groups()
    groups = [LETTERS.get(part) or (int(part) if part.isdecimal() else 256) for part in (c, d)]
    medium = int(a) if a else 0 if groups[0] in _ABSTRACT else 1
    numbers = [medium, int(b or 0), *groups, int(e or 0), int(f or 255)]
    return bytes(numbers) if max(numbers) < 256 else None


def text_values(
    sets: list[DataSet], heading: TextProfile | None = None, rows: int = 0, before: str = ""
) -> Iterator[TextValue]:
    """Give the values of data sets; *heading* is the profile that began before them, *rows* its entries so far.

    *before* is the code that data sets without one stand under at first: the one that was asked for.
    """
    found = _values(sets, heading, rows, before)
    return (_of_heat(value) for value in found) if counts_heat(sets) else found


def counts_heat(sets: list[DataSet]) -> bool:
    """Tell a heat meter's readout: its 6.8 is in Wh, J or cal, and nothing counts electricity beside it."""
    units = {one.id: one.values[0].unit or b"" for one in sets if one.values}
    return _HEAT.fullmatch(units.get(_HEAT_ENERGY, b"")) is not None and not any(map(_is_active, units))


def _is_active(code: bytes) -> bool:
    return code.startswith((b"1.8", b"2.8"))


def _of_heat(value: TextValue) -> TextValue:
    is_short = "-" not in value.code and not value.code.startswith(tuple(LETTERS))
    return value._replace(medium=HEAT) if is_short or value.code == _ERROR else value


def _values(sets: list[DataSet], heading: TextProfile | None, rows: int, before: str) -> Iterator[TextValue]:
    event: TextProfile | None = None
    for one in _parted(sets):
        code = text_of(one.id)
        profile = profile_of(one)
        begun = event_of(one) if profile is None else None
        if profile is not None:
            heading, rows, before, event = profile, 0, code, None
        elif begun is not None:
            heading, before, event = None, code, begun
            yield TextValue(code, begun.status, "", begun.status, begun.start)
        elif event is not None and not code and len(one.values) == len(event.columns):
            yield from _entry(event, one, 0)
        elif heading is not None and not code and len(one.values) == len(heading.columns):
            yield from _entry(heading, one, rows)
            rows += 1
        elif one.values:
            heading = event = None
            before = code or before
            yield from _log(one.values) if _is_log(one.values) else _plain(before, one.values)


def _parted(sets: list[DataSet]) -> Iterator[DataSet]:
    """Part the entries that stand on the line of their head from it."""
    for one in sets:
        if len(one.values) <= _HEAD or not (columns := _columns_behind(one)):
            yield one
            continue
        size = _HEAD + 2 * columns
        yield one._replace(values=one.values[:size])
        yield from (DataSet(b"", one.values[at : at + columns]) for at in range(size, len(one.values), columns))


def _columns_behind(one: DataSet) -> int:
    """Count the columns of the head that a data set begins with, where whole entries follow on its line; 0 if none."""
    count = text_of(one.values[_HEAD - 1].value) if one.id else ""
    columns = int(count) if count.isdecimal() and len(count) <= _MOST_DIGITS else 0
    size = _HEAD + 2 * columns
    further = len(one.values) - size
    if not columns or further <= 0 or further % columns:
        return 0
    head = one._replace(values=one.values[:size])
    return columns if profile_of(head) or event_of(head) else 0


def profile_of(one: DataSet) -> TextProfile | None:
    """Read the head of a profile; None for any other data set."""
    if len(one.values) < _HEAD + 2:
        return None
    values = list(map(_whole, one.values))
    if not all(one.isdecimal() and len(one) <= _MOST_DIGITS for one in values[2:4]):
        return None
    if len(values) != _HEAD + 2 * int(values[3]):
        return None
    start = moment_of(values[0])
    columns = tuple(zip(values[_HEAD::2], values[_HEAD + 1 :: 2], strict=True))
    if start is None or not all(code_of(code) for code, _ in columns):
        return None
    return TextProfile(text_of(one.id), start.iso, values[1], timedelta(minutes=int(values[2])), columns)


def event_of(one: DataSet) -> TextProfile | None:
    """Read the head of an event in a log book: time, status, no period, then what is told of it; None for others."""
    code = text_of(one.id)
    name = code_of(code)
    if name is None or name[2] != _PROFILES or len(one.values) < _HEAD:
        return None
    start, status, period, count, *told = map(_whole, one.values)
    moment = moment_of(start)
    columns = tuple(zip(told[::2], told[1::2], strict=False))
    if moment is None or period or len(told) != 2 * int(count if count.isdecimal() else 0):
        return None
    return TextProfile(code, moment.iso, status, timedelta(), columns)


def _whole(one: Bracketed) -> str:
    """Read a value of a head with its unit: the sign before one also stands in a code (1-0:1.5.0*255)."""
    return text_of(one.value) if one.unit is None else f"{text_of(one.value)}*{text_of(one.unit)}"


def profile_from(form: tuple[str, str, str, int, list[list[str]]]) -> TextProfile:
    """Make a profile's head of its plain form."""
    code, start, status, seconds, columns = form
    return TextProfile(code, start, status, timedelta(seconds=seconds), tuple((one, unit) for one, unit in columns))


def heading_after(
    sets: list[DataSet], heading: TextProfile | None = None, rows: int = 0
) -> tuple[TextProfile | None, int]:
    """Tell which profile still runs after *sets*, and how many of its entries came."""
    for one in _parted(sets):
        profile = profile_of(one)
        if profile is not None:
            heading, rows = profile, 0
        elif heading is not None and not one.id and len(one.values) == len(heading.columns):
            rows += 1
        elif one.values:
            heading, rows = None, 0
    return heading, rows


def _entry(heading: TextProfile, one: DataSet, row: int) -> Iterator[TextValue]:
    time = heading.time(row)
    status = heading.status if not row else ""
    for (code, unit), value in zip(heading.columns, one.values, strict=True):
        text = text_of(value.value)
        plain = text if _has_signs(code_of(code)) and not unit else _number(text)
        yield TextValue(code, plain, text_of(value.unit) or unit, text, time, status)


def _is_log(values: tuple[Bracketed, ...]) -> bool:
    """Tell a log of P1: a count, the object, then time and value of each entry."""
    return (
        len(values) >= _LOG_HEAD
        and values[0].value.isdigit()
        and b":" in values[1].value
        and (code_of(text_of(values[1].value)) is not None)
    )


def _log(values: tuple[Bracketed, ...]) -> Iterator[TextValue]:
    """Give the entries of a log: a time and a value for each column; a column of times says when the next value was.

    Belgian meters name the demand twice, for the time of a month's peak and for the peak.
    """
    codes = [text_of(one.value) for one in takewhile(lambda one: code_of(text_of(one.value)) is not None, values[1:])]
    entries = values[1 + len(codes) :]
    width = 1 + len(codes)
    for row in (entries[at : at + width] for at in range(0, len(entries), width)):
        moment = moment_of(text_of(row[0].value))
        for code, value in zip(codes, row[1:], strict=False):
            told = moment_of(text_of(value.value)) if len(codes) > 1 and is_time(value) else None
            if told is None and is_unset(value):
                continue
            if told is None:
                yield _value(code, value, moment.iso if moment is not None else "")
            else:
                moment = told


def _plain(code: str, values: tuple[Bracketed, ...]) -> Iterator[TextValue]:
    """Give the values of a data set; of several, one that is a time is when the others were, if it was ever set."""
    if len(values) > 1:
        if (layout := _layouts().get(code)) is not None and _fits(layout, values):
            moment = moment_of(text_of(values[0].value))
            for name, one in zip(str(layout["codes"]).split(), values[1:], strict=True):
                found = _value(name, one, moment.iso if moment is not None else "")
                yield found._replace(layout=str(layout["title"]))
            return
        values = tuple(one for one in values if not is_unset(one)) or values
    times = [moment_of(text_of(one.value)) if is_time(one) else None for one in values]
    told = [time for time in times if time is not None]
    if len(told) == 1 < len(values):
        yield from (_value(code, one, told[0].iso) for one, time in zip(values, times, strict=True) if time is None)
        return
    for one, time in zip(values, times, strict=True):
        yield _moment(code, one, time) if time is not None and len(values) == 1 else _value(code, one, "")


@cache
def _layouts() -> Mapping[str, Mapping[str, object]]:
    """Give the layouts by the code of their data set."""
    tables = map(_LAYOUTS.table, _LAYOUTS.names("layout."))
    return {str(table["code"]): table for table in tables}


def _fits(layout: Mapping[str, object], values: tuple[Bracketed, ...]) -> bool:
    """Tell whether values are a time and then have the units of a layout."""
    return is_time(values[0]) and [text_of(one.unit) for one in values[1:]] == str(layout["units"]).split()


def _moment(code: str, one: Bracketed, moment: Moment) -> TextValue:
    """Give a value that stands alone and reads as a time: where its object has none and it no season, a number."""
    text = text_of(one.value)
    name = code_of(code)
    has_times = name is not None and ((name[0], name[2]) == (0, 1) or (name[4] > 0 and (name[2], name[3]) in _DATED))
    if has_times or not text.isdecimal():
        return TextValue(code, moment.iso, "", text, season=moment.season)
    return _value(code, one, "")


def _value(code: str, one: Bracketed, time: str) -> TextValue:
    text = text_of(one.value)
    name = code_of(code)
    if name is not None and (name[0], name[2], name[3]) == _MESSAGE:
        text = text_of(one.value.rstrip(b"\xff"))
    if one.unit is not None and b"&" in one.unit:  # two values in one pair of parentheses, each with its unit
        several = f"{text}*{text_of(one.unit)}"
        return TextValue(code, several.replace("*", " ").replace("&", " & "), "", several, time)
    if name is not None and (name[0], name[2], name[3]) in _TEXTS and _HEX_TEXT.fullmatch(text):
        octets = bytes.fromhex(text)
        if all(0x20 <= octet < 0x7F for octet in octets):
            return TextValue(code, octets.decode(), "", text, time)
        return TextValue(code, text, "", text, time)
    is_name = one.unit is None and _has_signs(name)
    return TextValue(code, text if is_name else _number(text), text_of(one.unit), text, time)


def _has_signs(name: bytes | None) -> bool:
    """Tell whether digits under a logical name are a name, a state or a time: their leading zeros belong to them."""
    return name is not None and name[2] in (0, 42, 96, 97) and (name[2], name[3]) != _FAILURES


def _number(text: str) -> Decimal | str:
    is_number = len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text)
    return Decimal(text.replace(",", ".")) if is_number else text
