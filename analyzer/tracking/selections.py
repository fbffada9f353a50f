"""Selective access to profiles: which columns an answer has, by what its request asked for.

Source: IEC 62056-6-2, Profile generic: range_descriptor (selector 1), entry_descriptor (selector 2).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from analyzer.cosem.datum import INTEGERS, Datum, read_datum
from analyzer.record import Record
from dissectors.data_types import OCTET_STRING
from dissectors.tree import Problem

_PROFILE, _BUFFER = 7, 2
_RANGE, _ENTRIES = 1, 2
_MEMBERS = 4
"""Members of either descriptor."""


class Selection(NamedTuple):
    """What a request asks of a profile's columns: some by name, or those from *first* to *last*, counted from 1.

    Without either, all; *last* 0 is the highest.
    """

    columns: tuple[tuple[int, bytes, int, int], ...] = ()
    """Class, logical name, attribute and element of each."""
    first: int = 1
    last: int = 0


ALL = Selection()


def selection_in(record: Record) -> tuple[bytes, Selection] | None:
    """Give the profile that a request reads, and what of it; None for other records. Total."""
    apdu, objects = record.apdu, record.objects
    if len(objects) != 1 or objects[0].class_id != _PROFILE or objects[0].attribute != _BUFFER:
        return None
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.entry.asn1 != "get-request-normal":
        return None
    chosen: Any = apdu.values[apdu.entry.slots["access_selection"]]
    return objects[0].logical_name, ALL if chosen is None else _selection(apdu.octets, *chosen)


def _selection(octets: bytes, selector: int, span: tuple[int, int]) -> Selection:
    try:
        members = read_datum(octets, *span).members
    except Problem:
        return ALL
    if len(members) != _MEMBERS:
        return ALL
    if selector == _ENTRIES and all(one.tag in INTEGERS for one in members):
        return Selection((), max(1, members[2].value), members[3].value)
    if selector == _RANGE:
        return Selection(tuple(found for one in members[3].members if (found := _column(one)) is not None))
    return ALL


def _column(datum: Datum) -> tuple[int, bytes, int, int] | None:
    members = datum.members
    if len(members) != _MEMBERS or members[1].tag != OCTET_STRING:
        return None
    class_id, _, attribute, index = members
    if not all(one.tag in INTEGERS for one in (class_id, attribute, index)):
        return None
    return class_id.value, bytes(members[1].value), attribute.value, index.value
