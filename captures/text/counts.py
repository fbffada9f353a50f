"""Numbers beside rows of octets that count them, as persons and programs write them there."""

import re
from collections.abc import Iterable

from captures.text.times import TIME
from captures.text.units import begins_unit, size_of

_ROW = rb"\s*+((?:[0-9A-Fa-f]{2}(?:, |[ :,-])?)++)"
_COUNTED = re.compile(_ROW + rb"(?: {2,}+|\t++)\s*+([0-9A-Fa-f]++)\s*+")
_BARE = re.compile(_ROW + rb"\s*+")
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")
_NUMBER = re.compile(rb"[1-9]\d{0,3}")
_LED = re.compile(rb"(\d{1,5}(?:[ ,:.-]{1,3}\d\d){0,6})[ \t,:.-]{1,3}((?:[0-9A-Fa-f]{2}){3,}+)[ ,:.-]*+")
_LED_APART = re.compile(rb"(\d{1,5})[ \t,:.-]{1,3}([0-9A-Fa-f]{2}(?:[ :.-][0-9A-Fa-f]{2}){2,}+)[ ,:.-]*+")
"""Numbers before octets that stand closer together, and before those that do not."""
_BEHIND_DIGIT = re.compile(rb"\d[ \t,:.-]{1,3}(?:[0-9A-Fa-f]{2})++(?:[ ,:.-]{1,3}(?:[0-9A-Fa-f]{2})++)*+[ ,:.-]*+")
"""Whole octets behind a number that is half of none."""
_FOLLOWED = re.compile(rb"((?:[0-9A-Fa-f]{2}){3,}+|[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){2,}+)[\t,;] ?(\d{1,5})[ ,]*+")
"""A number in the column behind octets."""
_NUMBERED = re.compile(rb"\s*(\d{1,7})(?:\.(?=\s)|[):\]]|(?=[\s,;|]))[\s,;|]*(?=\S)")
"""The number of a line: no group of the code of a data set, and no whole part of seconds."""
_TIMED = re.compile(rb"\s*" + TIME.encode() + rb"(?![.:]?\d)")
_FOUR_PAIRS = re.compile(rb"(?:[0-9A-Fa-f]{2}[ ,:.-]?){4}")
_LEAST_NUMBERED = 4
_PAIR_DIGITS = 2
_LEAST_ROWS, _LEAST_PAIRS = 2, 3
"""Rows that show a column of counts; more are needed where each number has two digits, as an octet has."""


def has_counts(lines: Iterable[bytes]) -> bool:
    """Tell whether the rows of octets among *lines* have their counts behind a wide gap: all that have a gap do.

    Numbers that just complete a unit, by the length it states, are its octets.
    """
    counted = pairs = numbers = 0
    unit = b""
    for line in lines:
        found = _COUNTED.fullmatch(line)
        row = found or _BARE.fullmatch(line)
        octets = _octets(row[1]) if row else b""
        if not row or begins_unit(octets):
            if numbers and size_of(unit) == len(unit) + numbers:
                return False
            unit, numbers = b"", 0
        unit += octets
        if found:
            if not _is_count(found):
                return False
            counted, pairs, numbers = counted + 1, pairs + (len(found[2]) == 2), numbers + 1
    if numbers and size_of(unit) == len(unit) + numbers:
        return False
    return counted >= (_LEAST_PAIRS if pairs == counted else _LEAST_ROWS)


def without_count(text: bytes) -> bytes:
    """Take out the number behind a wide gap that says how many octets stand before it."""
    found = _COUNTED.fullmatch(text)
    return found[1] if found and _is_count(found) else text


def without_numbers(text: bytes, octets: bytes) -> bytes | None:
    """Give the octets behind numbers that stand before a unit, a time or how many it has; None if there are none.

    *octets* is what *text* would be with them. Of a pair of digits before pairs only their count is told from an octet.
    """
    if begins_unit(octets):
        if _BEHIND_DIGIT.fullmatch(text):
            return octets
        found = _FOLLOWED.fullmatch(text)
        return unit if found and size_of(unit := _octets(found[1])) == len(unit) == int(found[2]) else None
    if (found := _LED.fullmatch(text)) and begins_unit(unit := _octets(found[2])):
        return unit
    if (found := _LED_APART.fullmatch(text)) and begins_unit(unit := _octets(found[2])):
        return unit if int(found[1]) == len(unit) or len(found[1]) != _PAIR_DIGITS else None
    return None


def has_line_numbers(lines: Iterable[bytes]) -> bool:
    """Tell whether *lines* begin with their numbers: each is one more than that before, and no octets have none.

    The hours or days of times may rise so, too.
    """
    before, numbered, has_octets = -1, 0, False
    for line in lines:
        found = _NUMBERED.match(line)
        if found and _TIMED.match(line):
            return False
        if _FOUR_PAIRS.search(line, found.end() if found else 0):
            has_octets = True
            if not found:
                return False
        if found:
            if numbered and int(found[1]) != before + 1:
                return False
            before, numbered = int(found[1]), numbered + 1
    return has_octets and numbered >= _LEAST_NUMBERED


def without_line_number(line: bytes) -> bytes:
    """Give *line* with blanks for the number at its beginning."""
    found = _NUMBERED.match(line)
    return b" " * found.end() + line[found.end() :] if found else line


def is_ruler(octets: bytes) -> bool:
    """Tell whether *octets* are the numbers of columns that stand above a dump."""
    return octets in _RULERS


_RULERS = frozenset(bytes(range(columns)) for columns in (8, 16, 32))


def _is_count(found: "re.Match[bytes]") -> bool:
    """Tell whether the number behind the gap is the count of the octets; one with a leading zero is an octet."""
    return _NUMBER.fullmatch(found[2]) is not None and int(found[2]) == len(_octets(found[1]))


def _octets(text: bytes) -> bytes:
    return bytes.fromhex(b"".join(_PAIR.findall(text)).decode())
