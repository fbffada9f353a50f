"""Numbers beside rows of octets that count them, as persons and programs write them there."""

import re
from collections.abc import Iterable

from captures.text.units import begins_unit, size_of

_ROW = rb"\s*+((?:[0-9A-Fa-f]{2}(?:, |[ :,-])?)++)"
_COUNTED = re.compile(_ROW + rb"(?: {2,}+|\t++)\s*+([0-9A-Fa-f]++)\s*+")
_BARE = re.compile(_ROW + rb"\s*+")
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")
_NUMBER = re.compile(rb"[1-9]\d{0,3}")
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


def _is_count(found: "re.Match[bytes]") -> bool:
    """Tell whether the number behind the gap is the count of the octets; one with a leading zero is an octet."""
    return _NUMBER.fullmatch(found[2]) is not None and int(found[2]) == len(_octets(found[1]))


def _octets(text: bytes) -> bytes:
    return bytes.fromhex(b"".join(_PAIR.findall(text)).decode())
