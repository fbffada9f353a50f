"""Selective access to profiles: which columns an answer has, by what its request asked for.

Source: IEC 62056-6-2, Profile generic: range_descriptor (selector 1), entry_descriptor (selector 2);
IEC 62056-5-3: selective access of GET and ACCESS, parameterized access of Read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analyzer.cosem.datum import INTEGERS, Datum, read_datum
from analyzer.record import Apdu, Object
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


def is_buffer(one: Object) -> bool:
    """Tell whether an object is the buffer of a profile."""
    return one.class_id == _PROFILE and one.attribute == _BUFFER and not one.is_method


def selections_in(apdu: Apdu) -> Iterator[tuple[Object, Selection]]:
    """Give what a request reads, and what of each: nothing of other APDUs. Total."""
    if apdu.entry is None or apdu.values is None or (read := _REQUESTS.get(apdu.entry.asn1)) is None:
        return
    for one, chosen in read(apdu.values, apdu.entry.slots):
        yield one, ALL if chosen is None else _selection(apdu.octets, *chosen)


Chosen = tuple[int, tuple[int, int]] | None
"""Selector, and where its parameters stand."""
Read = Iterator[tuple[Object, Chosen]]


def _get(values: tuple[Any, ...], slots: dict[str, int]) -> Read:
    class_id, name, attribute, chosen = (
        values[slots[part]] for part in ("class_id", "instance_id", "attribute_id", "access_selection")
    )
    yield Object(class_id, name, attribute), chosen


def _get_list(values: tuple[Any, ...], slots: dict[str, int]) -> Read:
    for *one, chosen in values[slots["attribute_descriptor_list"]]:
        yield Object(*one), chosen


def _accessed(values: tuple[Any, ...], slots: dict[str, int]) -> Read:
    for _, (choice, class_id, name, attribute, *chosen) in values[slots["access_request_specification"]]:
        if choice in _ACCESS_GETS:
            yield Object(class_id, name, attribute), (chosen[0], chosen[1]) if chosen else None


def _read(values: tuple[Any, ...], slots: dict[str, int]) -> Read:
    for _, (choice, name, *chosen) in values[slots["variable_access_specification"]]:
        if choice in _VARIABLES:
            yield Object(0, b"", name), (chosen[0], chosen[1]) if chosen else None


_ACCESS_GETS = (1, 4)
"""Choices of an access-request that read: all, and with a selection."""
_VARIABLES = (2, 4)
"""Choices of a read request: a variable name, and parameterized access."""
_REQUESTS: dict[str, Callable[[tuple[Any, ...], dict[str, int]], Read]] = {
    "get-request-normal": _get, "get-request-with-list": _get_list, "access-request": _accessed, "readRequest": _read,
}  # fmt: skip
"""How the objects and their selections stand in each kind of request."""


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
