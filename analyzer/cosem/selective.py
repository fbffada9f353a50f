"""Selective access in words: which rows and columns of a profile a request asks for.

Source: IEC 62056-6-2, Profile generic: range_descriptor (selector 1), entry_descriptor (selector 2).
"""

from __future__ import annotations

from analyzer.cosem.date_time import date_time_text
from analyzer.cosem.datum import INTEGERS, Datum, read_datum
from dissectors.tree import Problem

_RANGE, _ENTRIES = 1, 2
_MEMBERS = 4
"""Members of either descriptor."""
_MOST_DIGITS = 24


def selection_text(octets: bytes, selector: int, span: tuple[int, int]) -> str:
    """Say what the parameters of *selector*, from here to there in *octets*, choose of a profile. Total.

    ``entries 3 to 7, columns 1 to 3``; nothing of parameters of another form.
    """
    try:
        members = read_datum(octets, *span).members
    except Problem:
        return ""
    return _SAYING[selector](*members) if len(members) == _MEMBERS and selector in _SAYING else ""


def _range(restricting: Datum, first: Datum, last: Datum, columns: Datum) -> str:
    """Say a range_descriptor: by what, from which value to which, and how many columns of it."""
    ends = [_end(one) for one in (first, last)]
    if not all(ends) or not restricting.members:
        return ""
    count = len(columns.members)
    return f"{ends[0]} to {ends[1]}" + (f", {count} column{'s' * (count != 1)}" if count else "")


def _end(datum: Datum) -> str:
    value = datum.value
    if isinstance(value, bytes):
        text = date_time_text(value)
        return text if len(text) <= _MOST_DIGITS or not text.isalnum() else ""
    return str(value) if isinstance(value, int) else ""


def _entries(first: Datum, last: Datum, first_column: Datum, last_column: Datum) -> str:
    """Say an entry_descriptor; 0 for a last one is the highest."""
    numbers = [one.value for one in (first, last, first_column, last_column) if one.tag in INTEGERS]
    if len(numbers) != _MEMBERS:
        return ""
    rows, columns = _span("entry", "entries", *numbers[:2]), _span("column", "columns", *numbers[2:])
    return rows if numbers[2] <= 1 and not numbers[3] else f"{rows}, {columns}"


def _span(one: str, several: str, first: int, last: int) -> str:
    if not last:
        return f"all {several}" if first <= 1 else f"{several} from {first} on"
    return f"{one} {first}" if first == last else f"{several} {first} to {last}"


_SAYING = {_RANGE: _range, _ENTRIES: _entries}
