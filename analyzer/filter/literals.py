"""Literals to tests: how what is written is read for each kind of field, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from analyzer.cosem.data_sets import LETTERS
from analyzer.cosem.logical_name import obis_text
from analyzer.filter.asking import (
    DAY,
    EQUALITY,
    ORDER,
    SECOND,
    Addresses,
    Codes,
    Hosts,
    Interval,
    Octets,
    Ordered,
    Test,
    Texts,
    place_of,
)
from analyzer.filter.fields import Field, Kind
from analyzer.filter.grammar import FilterError, Literal
from analyzer.filter.meter_times import MeterTimes

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

_UNITS = {"": SECOND, "s": SECOND, "ms": 1_000_000, "us": 1000, "µs": 1000, "ns": 1, "min": 60 * SECOND}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|ms|us|µs|ns|min|)")
_DATE = r"(\d{4})-(\d\d?)-(\d\d?)"
_CLOCK = r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
_TIME = re.compile(rf"(?:{_DATE})?(?:[ T_]?{_CLOCK})?\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r"\d{9,}(?:\.\d+)?")
_ZONED = re.compile(r":\d\d(?:[.,]\d+)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)\s*(?:$|\.\.)")
_SEVERITIES = {"chat": 0, "note": 1, "warning": 2, "warn": 2, "error": 3}
_GROUP = r"(\*|\d+)"
_OBIS = re.compile(rf"(?:{_GROUP}-{_GROUP}:)?{_GROUP}\.{_GROUP}(?:\.{_GROUP})?(?:[*&]{_GROUP})?")
_ALL_DOTS = re.compile(rf"{_GROUP}-{_GROUP}:{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}")
_OBIS_HEX = re.compile(r"[0-9A-Fa-f]{12}|[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}")
"""Six octets."""
_LETTER = re.compile(rf"(?<![^.:])[{''.join(LETTERS)}](?=\.|[*&]|$)")
"""A group that readouts write as a letter: F.F, C.1.0, P.01."""
_WITH_UNIT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-zµΩ°%][A-Za-z0-9/·²³]*)")
_MULTIPLES = {"k": 3, "M": 6, "G": 9}
_IPV4 = re.compile(r"\d+(?:\.\d+){3}")
_SIX = re.compile(rf"{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}(?:\.{_GROUP})?")
"""A to E with dots alone, and F where it is told."""
_HOSTS = frozenset({"host", "source", "destination"})
_HEX = re.compile(r"(?:0x)?((?:[0-9A-Fa-f]{2}[\s:.-]?)+)")


class Anything(Test):
    """Compares what the tree holds: as a number or a time where both are, as octets where it is hex, as a code, else as
    text.
    """

    def __init__(self, literals: Sequence[Literal], comparison: str, pattern: re.Pattern[str] | None) -> None:
        self._comparison = comparison
        self._texts = Texts([one.text for one in literals], comparison, pattern)
        intervals = [_number_or_none(one) for one in literals]
        self._numbers = None
        if all(intervals) and comparison not in ("contains", "matches"):
            self._numbers = Ordered([one for one in intervals if one is not None], comparison, utc=True)
        self._times = None if self._numbers is not None else _meter_times(literals, comparison)
        self._hex = [re.sub(r"[\s:.-]", "", one.text).upper().removeprefix("0X") for one in literals]
        codes = [_obis_or_none(one.text) for one in literals]
        is_equality = comparison in EQUALITY
        self._codes = Codes([one for one in codes if one], comparison) if all(codes) and is_equality else None

    def one(self, value: Any) -> bool:
        """Compare one value."""
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return self._numbers is not None and self._numbers.one(value)
        if self._numbers is not None and self._comparison in ORDER:
            return False
        if self._times is not None:
            found = self._times.one(value) if isinstance(value, str) else None
            if found is not None or self._comparison in ORDER:
                return bool(found)
        if isinstance(value, str) and value and self._comparison in EQUALITY:
            is_hex = value in self._hex
            if self._codes is not None and len(value) == 12 and _HEX.fullmatch(value):
                return self._codes.one(bytes.fromhex(value))
            if is_hex:
                return self._comparison != "!="
        return self._texts.one("true" if value is True else "false" if value is False else value)


def test_of(field: Field, comparison: str, literals: Sequence[Literal], part: Literal | None, *, utc: bool) -> Test:
    """Make the test of a comparison. Raises: FilterError."""
    kind = field.kind
    if part is not None and kind is not Kind.OCTETS:
        raise FilterError(f"{field.name} is {_article(kind)}: only octets have slices", part.position, len(part.text))
    if kind is Kind.OCTETS:
        return Octets([_octets(one, comparison) for one in literals], comparison, _slice(part))
    pattern = _pattern(literals[0]) if comparison == "matches" else None
    if kind is Kind.ANY:
        _check_number(literals, comparison)
        return Anything(literals, comparison, pattern)
    if field.name in _HOSTS and comparison in EQUALITY:
        _check_hosts(literals)
    if field.name in _HOSTS and comparison in (*EQUALITY, *ORDER) and any("/" in one.text for one in literals):
        if comparison in ORDER:
            raise _cannot(field, comparison, literals[0])
        return Hosts([one.text for one in literals], comparison, [_network(one) for one in literals if "/" in one.text])
    if kind is Kind.TEXT or comparison in ("contains", "matches"):
        if kind not in (Kind.TEXT, Kind.ADDRESS):
            raise _cannot(field, comparison, literals[0])
        return Texts([one.text for one in literals], comparison, pattern)
    if kind is Kind.ADDRESS:
        spans = [one for one in literals if comparison in EQUALITY and not one.is_quoted and ".." in one.text]
        values = [_address(one) for one in literals if one not in spans]
        return Addresses(values, comparison, [_span(one) for one in spans])
    if kind is Kind.OBIS:
        if comparison in ORDER:
            raise _cannot(field, comparison, literals[0])
        return Codes([_obis(one) for one in literals], comparison)
    if field.name == "class":
        _check_classes(literals)
    return Ordered([_interval(one, kind, utc=utc) for one in literals], comparison, utc=utc)


def _check_classes(literals: Sequence[Literal]) -> None:
    """Look at the numbers of classes. Raises: FilterError at one that is written by its name."""
    from analyzer.cosem.classes import class_called

    for one in literals:
        number = class_called(one.text) if _number_or_none(one) is None else None
        if number is not None:
            text = f"a number was expected, not {one.text!r}: class == {number} is that"
            raise FilterError(text, one.position, one.length, f"class == {number}")


def _meter_times(literals: Sequence[Literal], comparison: str) -> MeterTimes | None:
    """Read times; None where one is something else, or they are not to be compared."""
    try:
        intervals = [_interval(one, Kind.TIME, utc=True) for one in literals]
    except FilterError:
        return None
    if comparison not in (*EQUALITY, *ORDER) or len({one.is_clock for one in intervals}) > 1:
        return None
    return MeterTimes(intervals, comparison, is_zoned=any(_ZONED.search(one.text) for one in literals))


def _check_number(literals: Sequence[Literal], comparison: str) -> None:
    """Look at what a value is compared with, in quotes a text. Raises: FilterError where it is a number with a unit."""
    if comparison not in (*EQUALITY, *ORDER):
        return
    for one in literals:
        matched = None if one.is_quoted or _number(one.text) is not None else _WITH_UNIT.fullmatch(one.text)
        if matched is None or _HEX.fullmatch(one.text):
            continue
        number, unit = _in_unit(matched[1], matched[2])
        if not unit and comparison in EQUALITY:
            continue  # a text
        sign = "==" if comparison == "in" else comparison
        advice = f"value {sign} {number} and unit == {unit or 'Wh'}"
        text = f"a number without a unit was expected, not {one.text!r}: {advice}; text stands in quotes"
        raise FilterError(text, one.position, one.length, advice)


def _in_unit(number: str, unit: str) -> tuple[str, str]:
    """Give *number* as meters state it, in Wh where text says kWh, and the unit; none where it is no known one."""
    from analyzer.cosem.names import unit_symbol

    units = {unit_symbol(code) for code in range(256)}
    if unit in units:
        return number, unit
    power = _MULTIPLES.get(unit[0], 0)
    if not power or unit[1:] not in units:
        return number, ""
    return f"{Decimal(number).scaleb(power).normalize():f}", unit[1:]


def _check_hosts(literals: Sequence[Literal]) -> None:
    """Look at addresses. Raises: FilterError at one that no host can have."""
    for one in literals:
        if _IPV4.fullmatch(one.text) and any(int(part) > 255 for part in one.text.split(".")):
            raise FilterError(f"an address such as 192.0.2.10 was expected, not {one.text!r}", one.position, one.length)


def _address(literal: Literal) -> str:
    """Write an address as records have it. Raises: FilterError at what is none."""
    address = _plain_number(literal.text)
    if place_of(address) is None:
        raise wrong(literal, Kind.ADDRESS)
    return address


def _span(literal: Literal) -> tuple[tuple[int, ...], tuple[int, ...]]:
    low, _, high = literal.text.partition("..")
    first, last = place_of(_plain_number(low)), place_of(_plain_number(high))
    if first is None or last is None or len(first) != len(last):
        raise wrong(literal, Kind.ADDRESS)
    if first > last:
        raise FilterError(f"the range {literal.text} runs backwards", literal.position, literal.length)
    return first, last


def _cannot(field: Field, comparison: str, literal: Literal) -> FilterError:
    text = f"{field.name} is {_article(field.kind)}: {comparison} says nothing about it"
    if field.kind is Kind.OBIS:
        text += ", 1-0:1.8.* stands for a group"
    return FilterError(text, literal.position, literal.length)


def _article(kind: Kind) -> str:
    return kind.value.partition(" such as ")[0]


def wrong(literal: Literal, kind: Kind) -> FilterError:
    """Say that *literal* is not of *kind*."""
    return FilterError(f"{kind.value} was expected, not {literal.text!r}", literal.position, literal.length)


def _network(literal: Literal) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network

    try:
        return ip_network(literal.text, strict=False)
    except ValueError:
        text = f"a network such as 192.0.2.0/24 was expected, not {literal.text!r}"
        raise FilterError(text, literal.position, literal.length) from None


def _pattern(literal: Literal) -> re.Pattern[str]:
    try:
        return re.compile(literal.text, re.IGNORECASE)
    except re.error as problem:
        at = literal.position + literal.is_quoted + (problem.pos or 0)
        raise FilterError(f"no regular expression: {problem.msg}", at) from None


def _interval(literal: Literal, kind: Kind, *, utc: bool) -> Interval:
    """Read a literal of an ordered kind, or a range of them."""
    read = _READERS[kind]
    low, dots, high = literal.text.partition("..")
    if dots and not literal.is_quoted:
        first = read(literal._replace(text=low), utc)
        last = read(literal._replace(text=high, position=literal.position + len(low) + 2), utc)
        if first.is_clock is not last.is_clock:
            raise wrong(literal, kind)
        if first.low > last.high:
            raise FilterError(f"the range {literal.text} runs backwards", literal.position, literal.length)
        return Interval(first.low, last.high, first.is_clock)
    return read(literal, utc)


def _integer(literal: Literal, utc: bool) -> Interval:
    found = _number_or_none(literal)
    if found is None:
        raise wrong(literal, Kind.INTEGER)
    return found


def _number_or_none(literal: Literal) -> Interval | None:
    low, dots, high = literal.text.partition("..")
    if dots:
        first, last = _number(low), _number(high)
        return None if first is None or last is None else Interval(first, last)
    number = _number(literal.text)
    return None if number is None else Interval(number, number)


def _number(text: str) -> int | Decimal | None:
    """Read a number: whole ones also in hex, others exactly."""
    try:
        return int(text, 0) if re.fullmatch(r"[+-]?(0[xX][0-9A-Fa-f]+|0|[1-9]\d*)", text) else _decimal(text)
    except (ValueError, InvalidOperation):
        return None


def _decimal(text: str) -> int | Decimal | None:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", text):
        return None
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _plain_number(text: str) -> str:
    number = _number(text)
    return str(number) if isinstance(number, int) and "." not in text else text


def _duration(literal: Literal, utc: bool) -> Interval:
    matched = _DURATION.fullmatch(literal.text.strip().lower())
    if matched is None:
        raise wrong(literal, Kind.DURATION)
    ns = int(Decimal(matched[1]) * _UNITS[matched[2]])
    return Interval(ns, ns)


def _severity(literal: Literal, utc: bool) -> Interval:
    number = _SEVERITIES.get(literal.text.lower())
    if number is None:
        raise wrong(literal, Kind.SEVERITY)
    return Interval(number, number)


def _time(literal: Literal, utc: bool) -> Interval:
    """Read a time: a day, a moment, a time of the day, or seconds since 1970; it is as exact as it is written."""
    text = literal.text.strip()
    if _EPOCH.fullmatch(text):
        ns = int(Decimal(text) * SECOND)
        return Interval(ns, ns + 10 ** (9 - len(text.partition(".")[2])) - 1)
    matched = _TIME.fullmatch(text)
    if matched is None or not text or (matched[1] is None and matched[4] is None):
        raise wrong(literal, Kind.TIME)
    year, month, day, hour, minute, second, fraction, zone = matched.groups()
    if hour is not None and (int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59):
        raise wrong(literal, Kind.TIME)
    lasts = DAY if hour is None else 60 * SECOND if second is None else 10 ** (9 - len(fraction or ""))
    nanosecond = int((fraction or "0").ljust(9, "0"))
    if year is None:
        if zone is not None:
            raise wrong(literal, Kind.TIME)
        low = ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * SECOND + nanosecond
        return Interval(low, low + lasts - 1, True)
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        if zone is not None or utc:
            moment = datetime.fromisoformat(f"{moment.isoformat()}{(zone or 'Z').replace('UTC', 'Z')}")
        low = int(moment.timestamp()) * SECOND + nanosecond
    except (ValueError, OverflowError, OSError):
        raise wrong(literal, Kind.TIME) from None
    return Interval(low, low + lasts - 1)


def _short_name(literal: Literal, utc: bool) -> Interval:
    """Read a short name as it is shown: hex, also with 0x."""
    matched = re.fullmatch(r"(?:0[xX])?([0-9A-Fa-f]{1,4})", literal.text.strip())
    if matched is None:
        raise wrong(literal, Kind.SHORT_NAME)
    return Interval(int(matched[1], 16), int(matched[1], 16))


_READERS: dict[Kind, Callable[[Literal, bool], Interval]] = {
    Kind.INTEGER: _integer, Kind.DURATION: _duration, Kind.SEVERITY: _severity, Kind.TIME: _time,
    Kind.SHORT_NAME: _short_name,
}  # fmt: skip


def _obis(literal: Literal) -> tuple[int | None, ...]:
    found = _obis_or_none(literal.text)
    if found is None:
        raise wrong(literal, Kind.OBIS)
    return found


def _obis_or_none(text: str) -> tuple[int | None, ...] | None:
    """Read value groups; a star, and what is left out, stands for any."""
    stripped = _LETTER.sub(lambda letter: str(LETTERS[letter[0]]), text.strip())
    matched = _SIX.fullmatch(stripped) or _OBIS.fullmatch(stripped) or _ALL_DOTS.fullmatch(stripped)
    if matched is not None:
        groups = tuple(None if group in (None, "*") else int(group) for group in matched.groups())
        return groups if all(group is None or group <= 255 for group in groups) else None
    if _OBIS_HEX.fullmatch(stripped):
        return tuple(bytes.fromhex(re.sub("[:-]", "", stripped)))
    return None


def obis_pattern(text: str) -> bool:
    """Tell whether *text* is the pattern of an OBIS code with A and B, as nothing else is written."""
    has_both = ("-" in text and ":" in text) or _SIX.fullmatch(text) is not None
    return has_both and _obis_or_none(text) is not None


def is_short_code(text: str) -> bool:
    """Tell whether *text* is an OBIS code without A and B, which stands behind a name alone."""
    return re.fullmatch(r"[\d*]+(\.[\d*]+){2}([*&]\d+)?", text) is not None and _obis_or_none(text) is not None


def _octets(literal: Literal, comparison: str) -> bytes:
    if literal.is_quoted or comparison == "matches":
        return literal.text.encode("utf-8", "surrogateescape")
    matched = _HEX.fullmatch(literal.text)
    if matched is None:
        raise wrong(literal, Kind.OCTETS)
    return bytes.fromhex(re.sub(r"[\s:.-]", "", matched[1]))


def _slice(part: Literal | None) -> slice:
    """Read what stands in brackets: ``i:length``, ``i-j`` (both in it), ``i``, ``:j``, ``i:``, as in Wireshark."""
    if part is None:
        return slice(None)
    matched = re.fullmatch(r"(-?\d+)?(?:([:-])(\d+)?)?", part.text)
    if matched is None or part.text in (":", "-"):
        text = f"a slice such as 0:4 or 2-3 was expected, not {part.text!r}"
        raise FilterError(text, part.position, len(part.text))
    first, sign, last = matched.groups()
    begin = int(first) if first is not None else 0
    if sign is None:
        return slice(begin, begin + 1 or None)
    if last is None:
        return slice(begin, None)
    end = begin + int(last) if sign == ":" else int(last) + 1
    return slice(begin, None if begin < 0 <= end else end)


def code_text(value: bytes) -> str:
    """Write a logical name as completions show it."""
    return obis_text(value)
