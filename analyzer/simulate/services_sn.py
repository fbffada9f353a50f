"""Read, Write and UnconfirmedWrite with short names, as a simulated meter answers them. Source: IEC 62056-5-3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.simulate.association import Association, Incoming, Outgoing
from analyzer.simulate.forms import form_of, octets_of
from analyzer.simulate.objects import OBJECT_UNDEFINED, OTHER_REASON, SUCCESS, CosemObject
from analyzer.simulate.sent import Form
from dissectors import registry
from dissectors.pdu import Layer
from dissectors.tree import Problem
from dissectors.xdlms import short_name as sn

if TYPE_CHECKING:
    from analyzer.simulate.meter import Meter

DATA_BLOCK_NUMBER_INVALID, NO_LONG_GET = 19, 16
_READ_TAG, _WRITE_TAG = b"\x05", b"\x06"
_OVERHEAD = 9
"""Octets of a read response with one block beside its raw data, with a length of three octets."""


class Place(NamedTuple):
    """What a short name stands for: an attribute or a method of an object."""

    owner: CosemObject
    number: int
    is_method: bool


def find_name(meter: Meter, name: int) -> Place | None:
    """Find what a short name stands for."""
    for one in meter.objects.values():
        if one.base_name:
            for number in (1, *one.attributes):
                if one.short_name(number) == name:
                    return Place(one, number, False)
            for number in one.methods:
                if one.short_method(number) == name:
                    return Place(one, number, True)
    return None


def _read_one(meter: Meter, one: Any) -> Form | int:
    place = find_name(meter, one.variable_name)
    if place is None:
        return OBJECT_UNDEFINED
    if isinstance(one, sn.VariableName):
        return OTHER_REASON if place.is_method else place.owner.read(place.number, meter.now_ns)
    parameter = form_of(one.parameter)
    if not place.is_method:
        return place.owner.read(place.number, meter.now_ns, (int(one.selector), parameter))
    result, returned = place.owner.invoke(place.number, parameter, meter.now_ns)
    return result if returned is None else returned


def _read(meter: Meter, association: Association, packet: Any) -> Layer:
    wanted = packet.variable_access_specification
    first = wanted[0] if wanted else None
    if isinstance(first, sn.BlockNumberAccess):
        return _next_block(association, int(first.block_number))
    if isinstance(first, sn.ReadDataBlockAccess):
        return _take_read_block(meter, association, first)
    values = [_read_one(meter, one) for one in wanted]
    results = [{"data-access-error": one} if isinstance(one, int) else {"data": one} for one in values]
    whole = sn.ReadResponse(results=results)
    octets = octets_of(whole)
    if association.fits(octets):
        return whole
    association.outgoing = Outgoing(octets[1:], association.room(_OVERHEAD))
    return _next_block(association, 0)


def _next_block(association: Association, received: int) -> Layer:
    if association.outgoing is None:
        return sn.ReadResponse(results=[{"data-access-error": NO_LONG_GET}])
    if association.outgoing.number != received:
        association.outgoing = None
        return sn.ReadResponse(results=[{"data-access-error": DATA_BLOCK_NUMBER_INVALID}])
    last, number, block = association.outgoing.next()
    if last:
        association.outgoing = None
    members = {"last_block": last, "block_number": number, "raw_data": block}
    return sn.ReadResponse(results=[{"data-block-result": members}])


def _take_read_block(meter: Meter, association: Association, block: Any) -> Layer:
    whole = _collect(association, block, block.raw_data, _READ_TAG)
    if isinstance(whole, int):
        return sn.ReadResponse(results=[{"data-access-error": whole}])
    if whole is None:
        return sn.ReadResponse(results=[{"block-number": int(block.block_number)}])
    return _read(meter, association, whole)


def _collect(association: Association, block: Any, octets: bytes, tag: bytes) -> Any:
    """Add a block of a request: the whole request after the last one, None before, a number where it does not fit."""
    if association.incoming is None:
        association.incoming = Incoming(None)
    incoming = association.incoming
    if not incoming.take(int(block.block_number), octets):
        association.incoming = None
        return DATA_BLOCK_NUMBER_INVALID
    if not block.last_block:
        return None
    association.incoming = None
    whole = tag + bytes(incoming.raw)
    found = registry.pick(whole, 0, len(whole))
    try:
        return OTHER_REASON if found is None else found[1].read_packet(whole, 0, len(whole))[0]
    except Problem:
        return OTHER_REASON


def _write_one(meter: Meter, one: Any, value: Form) -> int:
    place = find_name(meter, one.variable_name)
    if place is None:
        return OBJECT_UNDEFINED
    if place.is_method:
        return place.owner.invoke(place.number, value, meter.now_ns)[0]
    return place.owner.write(place.number, value, meter.now_ns)


def _write_all(meter: Meter, wanted: Sequence[Any], values: Sequence[Any]) -> list[dict[str, object]]:
    results = [_write_one(meter, one, form_of(value)) for one, value in zip(wanted, values, strict=True)]
    return [{"success": None} if result == SUCCESS else {"data-access-error": result} for result in results]


def _write(meter: Meter, association: Association, packet: Any) -> Layer:
    wanted = packet.variable_access_specification
    if not wanted or not isinstance(wanted[0], sn.WriteDataBlockAccess):
        return sn.WriteResponse(results=_write_all(meter, wanted, packet.list_of_data))
    whole = _collect(association, wanted[0], packet.list_of_data[0][1], _WRITE_TAG)
    if isinstance(whole, int):
        return sn.WriteResponse(results=[{"data-access-error": whole}])
    if whole is None:
        return sn.WriteResponse(results=[{"block-number": int(wanted[0].block_number)}])
    return _write(meter, association, whole)


def _unconfirmed_write(meter: Meter, association: Association, packet: Any) -> None:
    _write_all(meter, packet.variable_access_specification, packet.list_of_data)


HANDLERS: dict[type[Any], Callable[[Meter, Association, Any], Layer | None]] = {
    sn.ReadRequest: _read,
    sn.WriteRequest: _write,
    sn.UnconfirmedWriteRequest: _unconfirmed_write,
}
"""What answers each request."""
