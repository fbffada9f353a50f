"""Which values a record holds: of attributes, and what methods take and return, each with the place of its Data.

Source: IEC 62056-5-3, the xDLMS services with logical and with short names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from analyzer.record import Apdu, Object, Objects, Record
from dissectors.data_types import NULL

_GET, _SET = 1, 2
"""Choices of access-request and access-response."""
_DATA = 0
"""The choice of a result that holds Data."""


class Held(NamedTuple):
    """One value: *octets* from *start* to *end* are its Data.

    *is_written* where a client sets it, or gives it to a method.
    """

    object: Object
    octets: bytes
    start: int
    end: int
    is_written: bool = False


def held_values(record: Record) -> list[Held]:
    """List the attribute values of *record*: of what it assembles, or else of its APDU, and of further APDUs."""
    apdu = record.assembled or record.apdu
    if apdu is None:
        return []
    found = [*_held(apdu, record.objects)]
    for one in record.more:
        found += _held(one, Objects())
    return found


def holds_values(asn1: str) -> bool:
    """Tell whether APDUs of this name hold attribute values."""
    return asn1 in _READERS


def _held(apdu: Apdu, objects: Objects) -> Iterable[Held]:
    if apdu.entry is None or apdu.values is None:
        return ()
    read = _READERS.get(apdu.entry.asn1)
    return read(apdu, apdu.entry.slots, objects) if read is not None else ()


Slots = dict[str, int]
Reader = Callable[[Apdu, Slots, Objects], Iterable[Held]]


def _get_normal(apdu: Apdu, slots: Slots, objects: Objects) -> Iterable[Held]:
    return _result(apdu, objects[0], apdu.values[slots["result"]]) if objects and apdu.values is not None else ()


def _result_list(name: str) -> Reader:
    def read(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
        if apdu.values is not None:
            for one, result in zip(objects, apdu.values[slots[name]], strict=False):
                yield from _result(apdu, one, result)

    return read


def _result(apdu: Apdu, one: Object, result: Any) -> Iterable[Held]:
    if result[0] != _DATA:
        return ()
    start, end = result[1][1]
    return (Held(one, apdu.octets, start, end),)


def _data(name: str, *, is_written: bool) -> Reader:
    def read(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
        if objects and apdu.values is not None:
            start, end = apdu.values[slots[name]]
            yield Held(objects[0], apdu.octets, start, end, is_written)

    return read


def _data_list(name: str, *, is_written: bool) -> Reader:
    def read(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
        if apdu.values is not None:
            for one, span in zip(objects, apdu.values[slots[name]], strict=False):
                yield Held(one, apdu.octets, span[0], span[1], is_written)

    return read


def _access(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
    if apdu.values is None:
        return
    spans = apdu.values[slots["access_response_list_of_data"]]
    results = apdu.values[slots["access_response_specification"]]
    for one, span, (choice, result) in zip(objects, spans, results, strict=False):
        if choice != _SET and result[1] == 0 and apdu.octets[span[0]] != NULL:
            yield Held(one, apdu.octets, span[0], span[1])


def _asked(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
    """Give what an access-request writes, and gives to methods."""
    if apdu.values is None:
        return
    spans = apdu.values[slots["access_request_list_of_data"]]
    asked = apdu.values[slots["access_request_specification"]]
    for one, span, (choice, _) in zip(objects, spans, asked, strict=False):
        if choice != _GET:
            yield Held(one, apdu.octets, span[0], span[1], is_written=True)


def _invoked(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
    span = apdu.values[slots["method_invocation_parameters"]] if apdu.values is not None else None
    if objects and span is not None:
        yield Held(objects[0], apdu.octets, span[0], span[1], is_written=True)


def _returned(apdu: Apdu, slots: Slots, objects: Objects) -> Iterator[Held]:
    if apdu.values is None:
        return
    if "list_of_responses" in slots:
        returned = [one[1] for one in apdu.values[slots["list_of_responses"]]]
    else:
        returned = [apdu.values[slots["return_parameters"]]]
    for one, result in zip(objects, returned, strict=False):
        if result is not None:
            yield from _result(apdu, one, result)


_READERS: dict[str, Reader] = {
    "get-response-normal": _get_normal,
    "get-response-with-list": _result_list("result"),
    "set-request-normal": _data("value", is_written=True),
    "set-request-with-list": _data_list("value_list", is_written=True),
    "access-request": _asked,
    "access-response": _access,
    "action-request-normal": _invoked,
    "action-request-with-list": _data_list("method_invocation_parameters", is_written=True),
    "action-response-normal": _returned,
    "action-response-with-list": _returned,
    "readResponse": _result_list("results"),
    "writeRequest": _data_list("list_of_data", is_written=True),
    "unconfirmedWriteRequest": _data_list("list_of_data", is_written=True),
    "informationReportRequest": _data_list("list_of_data", is_written=False),
    "event-notification-request": _data("attribute_value", is_written=False),
}
"""How the values stand in each kind of APDU."""
