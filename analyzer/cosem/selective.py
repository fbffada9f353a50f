"""Selective access in words: which rows and columns of a profile, or objects of a list, a request asks for.

Source: IEC 62056-6-2, Profile generic: range_descriptor (selector 1), entry_descriptor (selector 2); Association LN:
class_list (selector 2), object_id_list (3), object_id (4).
"""

from __future__ import annotations

from analyzer.cosem.date_time import date_time_text
from analyzer.cosem.datum import INTEGERS, Datum, read_datum
from analyzer.cosem.names import class_name, obis_text
from dissectors.data_types import ARRAY, OCTET_STRING, STRUCTURE
from dissectors.tree import Problem

_MEMBERS = 4
"""Members of a descriptor of rows and columns."""
_MOST_DIGITS = 24
_FEW = 4


def selection_text(octets: bytes, selector: int, span: tuple[int, int]) -> str:
    """Say what the parameters of *selector*, from here to there in *octets*, choose of a profile or a list. Total.

    ``entries 3 to 7, columns 1 to 3``; nothing of parameters of another form.
    """
    try:
        datum = read_datum(octets, *span)
    except Problem:
        return ""
    say = _SAYING.get((selector, datum.tag))
    return say(datum) if say is not None else ""


def _range(datum: Datum) -> str:
    """Say a range_descriptor: by what, from which value to which, and how many columns of it."""
    if len(datum.members) != _MEMBERS:
        return ""
    restricting, first, last, columns = datum.members
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


def _entries(datum: Datum) -> str:
    """Say an entry_descriptor; 0 for a last one is the highest."""
    numbers = [one.value for one in datum.members if one.tag in INTEGERS]
    if not len(numbers) == len(datum.members) == _MEMBERS:
        return ""
    rows, columns = _span("entry", "entries", *numbers[:2]), _span("column", "columns", *numbers[2:])
    return rows if numbers[2] <= 1 and not numbers[3] else f"{rows}, {columns}"


def _span(one: str, several: str, first: int, last: int) -> str:
    if not last:
        return f"all {several}" if first <= 1 else f"{several} from {first} on"
    return f"{one} {first}" if first == last else f"{several} {first} to {last}"


def _classes(datum: Datum) -> str:
    """Say a class_list."""
    if not all(one.tag in INTEGERS for one in datum.members):
        return ""
    return _several("class", "classes", [class_name(one.value) or str(one.value) for one in datum.members])


def _objects(datum: Datum) -> str:
    """Say an object_id_list."""
    found = [_object(one) for one in datum.members]
    return _several("object", "objects", found) if all(found) else ""


def _object(datum: Datum) -> str:
    """Say an object_id: class and logical name."""
    members = datum.members
    if len(members) != 2 or members[0].tag not in INTEGERS or members[1].tag != OCTET_STRING:
        return ""
    name = bytes(members[1].value)
    if len(name) != 6:
        return ""
    return f"{class_name(members[0].value) or f'class {members[0].value}'} {obis_text(name)}"


def _several(one: str, several: str, names: list[str]) -> str:
    shown = ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")
    return f"{one if len(names) == 1 else several} {shown}" if names else ""


_SAYING = {
    (1, STRUCTURE): _range, (2, STRUCTURE): _entries,
    (2, ARRAY): _classes, (3, ARRAY): _objects, (4, STRUCTURE): _object,
}  # fmt: skip
"""By selector and the type of its parameters."""
