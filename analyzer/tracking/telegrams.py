"""Records of text to the values in them: readouts, answers and blocks of IEC 62056-21, telegrams of P1."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from analyzer.cosem.classes import enumeration_text
from analyzer.cosem.data_sets import (
    HEAT,
    TextProfile,
    TextValue,
    code_of,
    named_code,
    profile_from,
    profile_of,
    text_values,
)
from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.obis import obis_name
from analyzer.cosem.plain_text import printable
from analyzer.cosem.tables import Tables
from analyzer.cosem.text_times import clock_of
from analyzer.record import REQUEST, Object, Record
from dissectors.checks import has_parity, seven_bits
from dissectors.data_sets import DataSet, data_sets, masked
from dissectors.iec62056_21 import ProgrammingCommand, message_layer, message_type

_STX, _ETX, _EOT = b"\x02", b"\x03", b"\x04"
_CLOCK_CLASS = 8
_SERIALS = (
    b"0-0:96.1.1", b"0-0:96.1.0", b"0-0:42.0.0", b"0.0.0", b"1-0:0.0.0", b"1-0:96.1.0", b"C.1.0", b"C.1",
    b"0-0:C.1.0", b"0.0",
)  # fmt: skip
_LINE_END = re.compile(rb"[\r\n]")
_FIRST_SET = re.compile(rb"\d{1,3}-\d{1,3}:[0-9A-F.]{3,12}(?:\*\d{1,3})?\(")
"""A whole data set, which begins a telegram whose identification did not come."""
_VALUED = frozenset(("data", "block"))
_HEAT_CODES = Tables("heat_codes.toml")
_MBUS, _DEVICE_TYPE, _VALUE = 24, 1, 2
"""The value group C of what an M-Bus device has, and D of its type and of its value."""
_SPANS = {
    "96": "last day", "97": "last 7 days", "98": "last 30 days", "99": "last 365 days", "100": "since the last reset",
}  # fmt: skip
"""What German meters of households have in place of billing periods, by F; that of 100 shows it."""


def sets_of(record: Record) -> list[DataSet]:
    """Give the data sets that a meter sent in *record*; none where it is something else. Total."""
    octets = record.closed.plaintext if record.closed is not None else record.octets
    octets = seven_bits(octets) if has_parity(octets) else octets
    if record.link == "p1":
        begin = 0 if _FIRST_SET.match(octets) else octets.find(b"\n") + 1
        end = octets.rfind(b"!")
        return list(data_sets(octets[begin : end if end >= 0 else len(octets)].lstrip(b"\r\n")))
    if record.direction == REQUEST or message_type(octets) not in _VALUED:
        return []
    begin = octets.find(_STX) + 1
    ends = [at for at in (octets.find(sign, begin) for sign in (_ETX, _EOT, b"!")) if at >= 0]
    return list(map(masked, data_sets(octets[begin : min(ends, default=len(octets))])))


def sets_asked(record: Record) -> list[DataSet]:
    """Give the data sets that a command of programming mode reads, writes or executes; none of other messages."""
    octets = seven_bits(record.octets) if has_parity(record.octets) else record.octets
    if record.link == "p1" or message_layer(octets) is not ProgrammingCommand:
        return []
    begin, end = octets.find(_STX) + 1, octets.rfind(_ETX)
    return list(data_sets(octets[begin : end if end >= 0 else len(octets)])) if begin else []


def heading_of(record: Record) -> TextProfile | None:
    """Give the profile that began before the blocks of *record*."""
    return profile_from(record.heading[0]) if record.heading is not None and record.heading[0] else None


def values_in(record: Record) -> tuple[list[TextValue], str]:
    """Give the values of *record*, each cell of a profile one, and the meter's time that stands among them."""
    _, rows, code = record.heading or (None, 0, "")
    sets = sets_of(record)
    values = list(text_values(sets, heading_of(record), rows, code))
    types = {name[1]: device_type(value) for value in values if (name := _mbus_name(value, _DEVICE_TYPE))}
    if any(types.values()):
        values = [_of_type(value, types) for value in values]
    # field: Logarex LK13BE; a billing period has two digits
    if any(value.code.endswith("*100") for value in values):
        values = [value._replace(medium=_SPANS.get(value.code.partition("*")[2], "")) for value in values]
    return values, clock_of(sets)


def _mbus_name(value: TextValue, group: int) -> bytes:
    """Give the logical name of a value that is an M-Bus device's; empty for others."""
    name = code_of(value.code) or b""
    return name if name[:1] == b"\0" and name[2:4] == bytes((_MBUS, group)) else b""


def device_type(value: TextValue) -> str:
    """Say what kind of M-Bus device stands at a channel ("gas"), in words; empty for a number that has none."""
    if isinstance(value.plain, Decimal) and _mbus_name(value, _DEVICE_TYPE):
        return enumeration_text("mbus_device_type", int(value.plain)) or ""
    return ""


def _of_type(value: TextValue, types: dict[int, str]) -> TextValue:
    name = _mbus_name(value, _VALUE)
    return value._replace(medium=types.get(name[1], "")) if name else value


def serial_of(sets: list[DataSet]) -> str:
    """Find what names the meter among data sets; empty where nothing does."""
    found = {one.id.removesuffix(b"*255"): one for one in sets if one.values}
    for code in _SERIALS:
        if code in found:
            value = next(text_values([found[code]]), None)
            if value is not None and isinstance(value.plain, str) and value.plain:
                return value.plain
    return ""


def identification_of(record: Record) -> str:
    """Give the identification line of a telegram without its sign; empty for other messages."""
    octets = record.closed.plaintext if record.closed is not None else record.octets
    octets = seven_bits(octets) if has_parity(octets) else octets
    if record.link != "p1" or octets[:1] != b"/":
        return ""
    return printable(_LINE_END.split(octets[1:], maxsplit=1)[0].decode("latin-1"))


def profile_in(record: Record) -> tuple[TextProfile, int] | None:
    """Give the profile that *record* begins or goes on with, and how many entries of it are in there."""
    heading, rows = heading_of(record), 0
    for one in sets_of(record):
        begun = profile_of(one)
        if begun is not None and heading is None:
            heading = begun
        rows += begun is None and heading is not None and not one.id and len(one.values) == len(heading.columns)
    return (heading, rows) if heading is not None else None


@lru_cache(maxsize=4096)
def object_of(code: str, unit: str = "", medium: str = "") -> Object:
    """Give the object that a code stands for; text tells no class but that of a clock."""
    name = (None if medium == HEAT else named_code(code, unit)) or b""
    return Object(_CLOCK_CLASS if name[:1] == b"\0" and name[2:4] == b"\x01\0" else 0, name, 0)


@lru_cache(maxsize=4096)
def name_of(code: str, unit: str = "", medium: str = "") -> str:
    """Name a code by its logical name, what is measured there and who reset; one that is none stands for itself."""
    if medium == HEAT:
        return _heat_name(code)
    name = named_code(code, unit)
    if name is None:
        return code
    # after IEC 62056-21 a period behind & was closed by hand, behind * by the meter
    by_hand = ", reset by hand" if "&" in code else ""
    if medium in _SPANS.values():
        name = name[:5] + b"\xff"
    said = f"{obis_name(name) or obis_text(name)}{by_hand}"
    return f"{said}, {medium}" if medium else said


def _heat_name(code: str) -> str:
    """Name a code of a heat meter: those of Landis+Gyr and their like, a period before behind ``*``."""
    short, sign, period = code.partition("*")
    table = _HEAT_CODES.table("code")
    if (whole := table.get(code)) is not None:
        return str(whole)
    name = table.get(short)
    if name is None:
        return code
    return f"{name}, billing period {int(period)}" if sign and period.isdecimal() else str(name)


def said(value: TextValue) -> str:
    """Say a value with its unit, leading zeros of a number left out; the type of a device also in words."""
    text = format(value.plain, "f") if isinstance(value.plain, Decimal) else value.plain
    text = f"{text} {value.unit}" if value.unit else text
    if words := device_type(value):
        return f"{words} ({text})"
    return f"{text}, {value.season}" if value.season else text
