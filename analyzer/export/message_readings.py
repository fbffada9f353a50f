"""Messages of IEC 62056-21 and telegrams of P1 to readings: the values of their data sets, with time, unit and meter.

A value is what the meter states: the number in its unit, the text without one; ``raw`` is how it was written. Names of
data sets without groups A and B are of electricity (``1.8.0`` is 1-0:1.8.0*255) where they or their unit are.

Source: IEC 62056-21, data block; IEC 62056-6-1; DSMR P1 companion standard; EDIS load profiles (P.01).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from analyzer.cosem.obis import obis_from_text, obis_name
from analyzer.export.message import message_form, printable
from analyzer.record import MESSAGE, REQUEST, Object, Record
from analyzer.tracking.readings import Reading

_ELECTRICAL = re.compile(r"[kM]?(?:Wh|W|varh|var|VArh|VAr|VAh|VA|V|A|Hz)")
_SHORT = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[*&](\d{1,3}))?")
_REACTIVE = ("3", "4", "5", "6", "7", "8")
"""Groups C of reactive energy: 6.8 in MWh is what a heat meter counts."""
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?|[-+]?\.\d+")
_STAMP = re.compile(r"(?:\d(?=\d{12}$))?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?[SW]?")
"""A time as data sets write it: YYMMDDhhmm[ss], S or W behind it, or the digit of the season before it."""
_DATE, _CLOCK = re.compile(r"(\d\d)-?(\d\d)-?(\d\d)"), re.compile(r"(\d\d):?(\d\d):?(\d\d)")
_SERIALS = ("0-0:96.1.1", "0-0:96.1.0", "0-0:42.0.0", "0.0.0", "1-0:0.0.0", "C.1.0", "C.1")
_TIMES = ("0-0:1.0.0", "0.9.4", "1-0:0.9.4")
_HEXED = re.compile(r"0-\d+:(?:96\.1\.\d+|96\.13\.\d+|42\.0\.0)")
"""Data sets of P1 whose text stands in hex."""
_PROFILE = re.compile(r"P\.\d\d|\d+-\d+:(?:99\.\d+\.\d+|24\.3\.0)")
_MOST_LANES = 4096
_Kept = TypeVar("_Kept")


class _Column(NamedTuple):
    id: str
    unit: str


class _Table(NamedTuple):
    """A head of a profile: when its first row was, minutes between rows, and what stands in them."""

    begin: str
    period: int
    columns: tuple[_Column, ...]


class _Place(NamedTuple):
    """Where a data block is: the name that holds on, the profile that it is in, and which row of it comes next."""

    name: str = ""
    table: _Table | None = None
    row: int = 0


_Told = tuple[str, _Column, str]
"""A value: its time, what it is, and its text."""


class MessageReadings:
    """Gives the readings of records in their order; remembers per conversation who speaks and what was asked for."""

    def __init__(self) -> None:
        self._meters: dict[int, str] = {}
        self._places: dict[int, tuple[_Place, _Place]] = {}
        """Where the last block began, and where the next goes on."""

    def of(self, record: Record) -> Iterator[Reading]:
        """Give the readings of *record*; none if it is no message with values. Total."""
        if record.kind != MESSAGE:
            return
        form, key = message_form(record), record.lane.conversation
        kind = form["type"]
        if kind == "request":
            self._meters.pop(key, None)
        elif kind == "identification":
            _keep(self._meters, key, f"{form['manufacturer']} {form['identification']}".strip())
        elif kind == "command" and record.direction == REQUEST:
            place = _Place(next((one["id"] for one in form["data_set"]), ""))
            _keep(self._places, key, (place, place))
        elif kind == "nak" and key in self._places:
            before, _ = self._places[key]
            self._places[key] = (before, before)
        sets = form.get("data_sets", [])
        if sets and kind in ("telegram", "data", "block"):
            yield from self._of_sets(record, form, sets)

    def _of_sets(self, record: Record, form: dict[str, Any], sets: list[dict[str, Any]]) -> Iterator[Reading]:
        key, kind, serial = record.lane.conversation, form["type"], _serial(sets)
        meter = serial or self._meters.get(key, "") or form.get("identification", "") or record.lane.text
        if serial and kind != "telegram":
            _keep(self._meters, key, serial)
        _, begin = self._places.get(key, (_Place(), _Place()))
        told, end = _values(sets, begin if kind != "telegram" else _Place())
        if kind == "block":
            _keep(self._places, key, (begin, end))
        for time, column, text in told:
            yield _reading(record, printable(meter), time, column, text)


def _keep(known: dict[int, _Kept], key: int, what: _Kept) -> None:
    if len(known) < _MOST_LANES or key in known:
        known[key] = what


def _values(sets: list[dict[str, Any]], place: _Place) -> tuple[list[_Told], _Place]:
    """Give each value with its time and what it is, and where the next block goes on."""
    whole = _time_of(sets)
    name, table, row = place
    told: list[_Told] = []
    for one in sets:
        values = one["values"]
        if one["id"]:
            name, row = one["id"], 0
            table = _table([value["value"] for value in values]) if _PROFILE.fullmatch(name) else None
            if table is None:
                told += _of_set(name, values, whole)
        elif table is not None:
            time = _later(table.begin, table.period * row)
            told += ((time, column, value["value"]) for column, value in zip(table.columns, values, strict=False))
            row += 1
        else:
            told += _of_set(name, values, whole)
    return told, _Place(name, table, row)


def _of_set(name: str, values: list[dict[str, str]], whole: str) -> Iterator[_Told]:
    """Give the values of one data set; a time beside a value is its own."""
    stamps = [_iso(value["value"]) if not value.get("unit") else "" for value in values]
    for place, value in enumerate(values):
        text, unit = value["value"], value.get("unit", "")
        if not text or (len(values) > 1 and stamps[place]) or (len(values) > 2 and not unit):
            continue
        before = stamps[place - 1] if place else ""
        after = stamps[place + 1] if place + 1 < len(values) and not _has_unit(values, place + 2) else ""
        yield before or after or whole, _Column(name, unit), text


def _has_unit(values: list[dict[str, str]], place: int) -> bool:
    """Tell whether the value at *place* has a unit: then the time before is that one's."""
    return place < len(values) and bool(values[place].get("unit"))


def _table(texts: list[str]) -> _Table | None:
    """Read the head of a profile: time, status, minutes, count of columns, and code and unit of each."""
    if len(texts) < 6 or not _iso(texts[0]) or not (texts[2].isdigit() and texts[3].isdigit()):
        return None
    names, units = texts[4::2], texts[5::2]
    if len(names) != int(texts[3]) or len(units) != len(names):
        return None
    return _Table(_iso(texts[0]), int(texts[2]), tuple(map(_Column, names, units)))


def _serial(sets: list[dict[str, Any]]) -> str:
    """Find what names the meter."""
    found = {one["id"]: one["values"][0]["value"] for one in sets if one["values"]}
    return next((_plain(name, found[name]) for name in _SERIALS if found.get(name)), "")


def _time_of(sets: list[dict[str, Any]]) -> str:
    """Find the meter's clock among the data sets."""
    found = {one["id"].removeprefix("1-0:"): one["values"][0]["value"] for one in sets if one["values"]}
    for name in _TIMES:
        if name in found and (time := _iso(found[name])):
            return time
    date, clock = _DATE.fullmatch(found.get("0.9.2", "")), _CLOCK.fullmatch(found.get("0.9.1", ""))
    return _iso("".join(date.groups()) + "".join(clock.groups())) if date and clock else ""


def _iso(text: str) -> str:
    """Read a time; empty if it is none. Its zone is not told."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return ""
    year, month, day, hour, minute, second = (int(number or 0) for number in match.groups())
    try:
        time = datetime(2000 + year, month, day, hour, minute, second)
    except ValueError:
        return ""
    return time.isoformat()


def _later(time: str, minutes: int) -> str:
    try:
        return (datetime.fromisoformat(time) + timedelta(minutes=minutes)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _logical_name(column: _Column) -> tuple[bytes, str]:
    """Give the OBIS code of a data set, and what was assumed for it; empty where its name has none."""
    match = _SHORT.fullmatch(column.id)
    if match is None:
        try:
            return obis_from_text(column.id.replace("&", "*")), ""
        except ValueError:
            return b"", ""
    is_heat = column.unit.endswith("Wh") and match[1] in _REACTIVE
    if is_heat or not (_ELECTRICAL.fullmatch(column.unit) or match[1] == "0"):
        return b"", ""
    groups = [1, 0, int(match[1]), int(match[2]), int(match[3] or 0), int(match[4] or 255)]
    return (bytes(groups), f"{column.id} as electricity") if max(groups) < 256 else (b"", "")


def _plain(name: str, text: str) -> str:
    """Give the text of data sets of P1 that write it in hex."""
    if _HEXED.fullmatch(name) and len(text) % 2 == 0 and len(text) >= 4:
        try:
            plain = bytes.fromhex(text).decode("ascii")
        except ValueError:
            return text
        return plain if plain.isprintable() else text
    return text


def _reading(record: Record, meter: str, time: str, column: _Column, text: str) -> Reading:
    logical_name, basis = _logical_name(column)
    is_number = bool(column.unit) and _NUMBER.fullmatch(text) is not None
    value: Decimal | str = Decimal(text) if is_number else printable(_plain(column.id, text))
    shown = f"{value:f} {printable(column.unit)}" if isinstance(value, Decimal) else value
    name = (obis_name(logical_name) or column.id) if logical_name else column.id
    return Reading(
        time, record.time_ns, meter, Object(0, logical_name, 0), printable(name), value, shown,
        printable(column.unit), printable(text), None, "", printable(basis), record.number,
    )  # fmt: skip
