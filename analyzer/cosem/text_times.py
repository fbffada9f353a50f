"""Times as the text of IEC 62056-21 and P1 has them: by data set, with season, and those that were never set.

Source: IEC 62056-21, data readout; DSMR P1 companion standard 5.0, YYMMDDhhmmssX; the readouts of meters after VDEW.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from analyzer.cosem.plain_text import printable
from dissectors.data_sets import DataSet
from dissectors.data_sets import Value as Bracketed

_MOMENT = re.compile(r"([012]?)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?([SW]?)")
_LONG_MOMENT = re.compile(r"(19|20)?(\d\d)-?(\d\d)-?(\d\d)[ T,&]?(\d\d):?(\d\d)(?::?(\d\d))?")
_SEASONS = {
    "S": "daylight saving time", "W": "standard time", "1": "daylight saving time", "0": "standard time", "2": "UTC",
}  # fmt: skip
_TIMESTAMP = re.compile(r"\d{12}[SW]?|[012]\d{12}|\d{10}")
_UNSET = re.compile(r"\d{12}[SW]|0{10}|0{12,13}|00-00-00[ ,&]?00:00(?::00)?")
"""Digits of a time that are no date: 632525252525W, and zeros."""
_CLOCKS = ("0-0:1.0.0", "0.9.4", "9.36")
"""Clocks of P1, of electricity meters and of heat meters."""
_OF_ELECTRICITY = re.compile(r"1-\d{1,3}:")
_CENTURY_FROM = 70
"""Two digits of a year from here on are of the last century: a clock that was never set says 1 January 1970."""


class Moment(NamedTuple):
    """A time as text has it: ISO 8601 without offset, for none is told; and which season it said."""

    iso: str
    season: str


@lru_cache(maxsize=4096)
def moment_of(text: str) -> Moment | None:
    """Read ``210222161900W``, ``1220401010000`` (season before), ``2211010000`` or ``20240111 09:35:00``."""
    found = _MOMENT.fullmatch(text)
    season, century = "", None
    if found is not None:
        first, *parts, last = found.groups()
        season = _SEASONS.get(last or first, "")
    else:
        found = _LONG_MOMENT.fullmatch(text)
        if found is None:
            return None
        century, *parts = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    year += 100 * int(century) if century else 1900 if year >= _CENTURY_FROM else 2000
    try:
        return Moment(datetime(year, month, day, hour, minute, second).isoformat(), season)
    except ValueError:
        return None


def is_time(one: Bracketed) -> bool:
    """Tell whether a value has the form of a time."""
    text = text_of(one.value)
    return one.unit is None and (_TIMESTAMP.fullmatch(text) or _LONG_MOMENT.fullmatch(text)) is not None


def is_unset(one: Bracketed) -> bool:
    """Tell whether a value is a time that was never set: that of a maximum that never was, of a gas meter unheard."""
    # field: Sagemcom T211 without a gas meter, 632525252525S; Landis+Gyr ZMD, 00-00-00 00:00; Iskra MT174, 0000000000
    text = text_of(one.value)
    return one.unit is None and _UNSET.fullmatch(text) is not None and moment_of(text) is None


def clock_of(sets: list[DataSet]) -> str:
    """Give the meter's time that stands among data sets, ISO 8601; empty where none does."""
    found = {
        _OF_ELECTRICITY.sub("", text_of(one.id).removesuffix("*255")): text_of(one.values[0].value)
        for one in sets
        if one.id and one.values
    }
    for code in _CLOCKS:
        if code in found and (moment := moment_of(found[code])) is not None:
            return moment.iso
    date, time = found.get("0.9.2", ""), found.get("0.9.1", "")
    if not time:
        return ""
    seasoned = time[1:] if date.isdecimal() and time.isdecimal() and len(date) == len(time) == _SEASONED else time
    moment = moment_of(f"{date} {time}".strip()) or moment_of(date + seasoned)
    return moment.iso if moment is not None else ""


_SEASONED = 7
"""Digits of a date or a time with its season before it."""


def text_of(octets: bytes | None) -> str:
    """Read octets as text; those that are no characters of IEC 62056-21 by their code."""
    if octets is None:
        return ""
    return printable(octets.decode("latin-1").strip())
