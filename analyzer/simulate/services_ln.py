"""GET, SET, ACTION and ACCESS as a simulated meter answers them, blocks included. Source: IEC 62056-5-3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analyzer.simulate.association import Association, Incoming, Outgoing
from analyzer.simulate.forms import NULL, encode_form, form_of, octets_of
from analyzer.simulate.objects import OTHER_REASON, SUCCESS, TYPE_UNMATCHED
from analyzer.simulate.sent import Form
from dissectors import axdr, data
from dissectors.pdu import Layer
from dissectors.tree import Problem
from dissectors.xdlms import access, action, get
from dissectors.xdlms import set as set_service

if TYPE_CHECKING:
    from analyzer.simulate.meter import Meter

DATA_BLOCK_NUMBER_INVALID, NO_LONG_GET, NO_LONG_SET = 19, 16, 18
NO_LONG_ACTION = 16
_GET_OVERHEAD, _ACTION_OVERHEAD = 12, 11
"""Octets of a block's APDU beside its raw data, with a length of three octets."""


def echo(packet: Any) -> dict[str, int]:
    """Give invoke-id and priority of a request, for its response."""
    return {"priority": packet.priority, "service_class": packet.service_class, "invoke_id": packet.invoke_id}


def selection_of(packet: Any) -> tuple[int, Form] | None:
    """Give selector and parameters of an access selection."""
    chosen = packet.access_selection
    return None if chosen is None else (int(chosen.access_selector), form_of(chosen.access_parameters))


def read_forms(raw: bytes, count: int | None = None) -> list[Form] | None:
    """Read one Data (or *count* of them) out of all of *raw*; None where they are something else."""
    found, at = [], 0
    try:
        while at < len(raw):
            elements, at = axdr.scan_data(raw, at, len(raw))
            found.append(form_of(data.nest(elements)))
    except Problem:
        return None
    return found if len(found) == (1 if count is None else count) else None


def _read(meter: Meter, packet: Any) -> Form | int:
    """Read what a descriptor with optional selection names."""
    target = packet.cosem_attribute_descriptor
    return meter.read(target.class_id, target.instance_id, target.attribute_id, selection_of(packet))


def _result(value: Form | int) -> dict[str, Any]:
    return {"data-access-result": value} if isinstance(value, int) else {"data": value}


def _get_normal(meter: Meter, association: Association, packet: Any) -> Layer:
    value = _read(meter, packet)
    whole = get.GetResponseNormal(**echo(packet), result=_result(value))
    if isinstance(value, int) or association.fits(octets_of(whole)):
        return whole
    return _begin_blocks(association, packet, whole, encode_form(value))


def _get_list(meter: Meter, association: Association, packet: Any) -> Layer:
    results = [_result(_read(meter, one)) for one in packet.attribute_descriptor_list]
    whole = get.GetResponseWithList(**echo(packet), result=results)
    octets = octets_of(whole)
    return whole if association.fits(octets) else _begin_blocks(association, packet, whole, octets[3:])


def _begin_blocks(association: Association, packet: Any, whole: Layer, raw: bytes) -> Layer:
    if "block-transfer-with-get-or-read" not in association.conformance:
        if "general-block-transfer" in association.conformance:
            return whole
        return get.GetResponseNormal(**echo(packet), result={"data-access-result": OTHER_REASON})
    association.outgoing = Outgoing(raw, association.room(_GET_OVERHEAD))
    return _get_block(association, packet)


def _get_block(association: Association, packet: Any) -> Layer:
    if association.outgoing is None:
        return _get_refusal(packet, 0, NO_LONG_GET)
    last, number, block = association.outgoing.next()
    if last:
        association.outgoing = None
    members = {"last_block": last, "block_number": number, "result": {"raw-data": block}}
    return get.GetResponseWithDatablock(**echo(packet), result=members)


def _get_next(meter: Meter, association: Association, packet: Any) -> Layer:
    if association.outgoing is not None and packet.block_number != association.outgoing.number:
        association.outgoing = None
        return _get_refusal(packet, packet.block_number, DATA_BLOCK_NUMBER_INVALID)
    return _get_block(association, packet)


def _get_refusal(packet: Any, number: int, reason: int) -> Layer:
    members = {"last_block": True, "block_number": number, "result": {"data-access-result": reason}}
    return get.GetResponseWithDatablock(**echo(packet), result=members)


def _write(meter: Meter, packet: Any, value: Form) -> int:
    target = packet.cosem_attribute_descriptor
    found = meter.find(target.class_id, target.instance_id)
    return found if isinstance(found, int) else found.write(target.attribute_id, value, meter.now_ns)


def _set_normal(meter: Meter, association: Association, packet: Any) -> Layer:
    return set_service.SetResponseNormal(**echo(packet), result=_write(meter, packet, form_of(packet.value)))


def _set_list(meter: Meter, association: Association, packet: Any) -> Layer:
    pairs = zip(packet.attribute_descriptor_list, packet.value_list, strict=True)
    results = [_write(meter, target, form_of(value)) for target, value in pairs]
    return set_service.SetResponseWithList(**echo(packet), result=results)


def _set_first(meter: Meter, association: Association, packet: Any) -> Layer:
    association.incoming = Incoming(packet)
    return _set_block(meter, association, packet)


def _set_block(meter: Meter, association: Association, packet: Any) -> Layer:
    incoming, block = association.incoming, packet.datablock
    number = int(block.block_number)
    if incoming is None or not incoming.take(number, block.raw_data):
        reason = NO_LONG_SET if incoming is None else DATA_BLOCK_NUMBER_INVALID
        association.incoming = None
        return set_service.SetResponseLastDatablock(**echo(packet), result=reason, block_number=number)
    if not block.last_block:
        return set_service.SetResponseDatablock(**echo(packet), block_number=number)
    association.incoming = None
    first: Any = incoming.target
    targets = getattr(first, "attribute_descriptor_list", None)
    raw = bytes(incoming.raw)
    if targets is None:
        values = read_forms(raw)
        result = TYPE_UNMATCHED if values is None else _write(meter, first, values[0])
        return set_service.SetResponseLastDatablock(**echo(packet), result=result, block_number=number)
    _, at = axdr.scan_length(raw, 0, len(raw))
    values = read_forms(raw[at:], len(targets))
    results = [TYPE_UNMATCHED] * len(targets)
    if values is not None:
        results = [_write(meter, target, value) for target, value in zip(targets, values, strict=True)]
    return set_service.SetResponseLastDatablockWithList(**echo(packet), result=results, block_number=number)


def _invoke(meter: Meter, target: Any, parameter: Form) -> tuple[int, Form | None]:
    found = meter.find(target.class_id, target.instance_id)
    return (found, None) if isinstance(found, int) else found.invoke(target.method_id, parameter, meter.now_ns)


def _outcome(result: int, returned: Form | None) -> dict[str, Any]:
    return {"result": result} if returned is None else {"result": result, "return_parameters": {"data": returned}}


def _action_response(association: Association, packet: Any, result: int, returned: Form | None) -> Layer:
    whole = action.ActionResponseNormal(**echo(packet), single_response=_outcome(result, returned))
    if returned is None or association.fits(octets_of(whole)):
        return whole
    association.outgoing = Outgoing(encode_form(returned), association.room(_ACTION_OVERHEAD))
    return _action_block(association, packet)


def _action_block(association: Association, packet: Any) -> Layer:
    if association.outgoing is None:
        return action.ActionResponseNormal(**echo(packet), single_response={"result": NO_LONG_ACTION})
    last, number, block = association.outgoing.next()
    if last:
        association.outgoing = None
    members = {"last_block": last, "block_number": number, "raw_data": block}
    return action.ActionResponseWithPblock(**echo(packet), pblock=members)


def _action_normal(meter: Meter, association: Association, packet: Any) -> Layer:
    given = packet.method_invocation_parameters
    outcome = _invoke(meter, packet.cosem_method_descriptor, NULL if given is None else form_of(given))
    return _action_response(association, packet, *outcome)


def _action_next(meter: Meter, association: Association, packet: Any) -> Layer:
    return _action_block(association, packet)


def _action_list(meter: Meter, association: Association, packet: Any) -> Layer:
    pairs = zip(packet.cosem_method_descriptor_list, packet.method_invocation_parameters, strict=True)
    outcomes = [_outcome(*_invoke(meter, target, form_of(parameter))) for target, parameter in pairs]
    return action.ActionResponseWithList(**echo(packet), list_of_responses=outcomes)


def _action_first(meter: Meter, association: Association, packet: Any) -> Layer:
    association.incoming = Incoming(packet)
    return _action_pblock(meter, association, packet)


def _action_pblock(meter: Meter, association: Association, packet: Any) -> Layer:
    incoming, block = association.incoming, packet.pblock
    number = int(block.block_number)
    if incoming is None or not incoming.take(number, block.raw_data):
        association.incoming = None
        return action.ActionResponseNormal(**echo(packet), single_response={"result": NO_LONG_ACTION})
    if not block.last_block:
        return action.ActionResponseNextPblock(**echo(packet), block_number=number)
    association.incoming = None
    first: Any = incoming.target
    values = read_forms(bytes(incoming.raw))
    if values is None:
        return action.ActionResponseNormal(**echo(packet), single_response={"result": TYPE_UNMATCHED})
    return _action_response(association, packet, *_invoke(meter, first.cosem_method_descriptor, values[0]))


def _access_one(meter: Meter, one: Any, value: Form) -> tuple[str, int, Form]:
    """Do one of an access request: name of the response's specification, result, Data."""
    if isinstance(one, access.AccessRequestAction):
        result, returned = _invoke(meter, one.cosem_method_descriptor, value)
        return "access-response-action", result, returned or NULL
    if isinstance(one, (access.AccessRequestSet, access.AccessRequestSetWithSelection)):
        return "access-response-set", _write(meter, one, value), NULL
    target = one.cosem_attribute_descriptor
    selection = selection_of(one) if isinstance(one, access.AccessRequestGetWithSelection) else None
    read = meter.read(target.class_id, target.instance_id, target.attribute_id, selection)
    return ("access-response-get", read, NULL) if isinstance(read, int) else ("access-response-get", SUCCESS, read)


def _access(meter: Meter, association: Association, packet: Any) -> Layer:
    body = packet.access_request_body
    pairs = zip(body.access_request_specification, body.access_request_list_of_data, strict=True)
    done = [_access_one(meter, one, form_of(value)) for one, value in pairs]
    members: dict[str, Any] = {
        "access_response_list_of_data": [value for _, _, value in done],
        "access_response_specification": [{name: {"result": result}} for name, result, _ in done],
    }
    if packet.self_descriptive:
        members["access_request_specification"] = body.access_request_specification
    return access.AccessResponse(
        priority=packet.priority,
        service_class=packet.service_class,
        self_descriptive=packet.self_descriptive,
        long_invoke_id=packet.long_invoke_id,
        access_response_body=members,
    )


HANDLERS: dict[type[Any], Callable[[Meter, Association, Any], Layer | None]] = {
    get.GetRequestNormal: _get_normal,
    get.GetRequestWithList: _get_list,
    get.GetRequestNext: _get_next,
    set_service.SetRequestNormal: _set_normal,
    set_service.SetRequestWithList: _set_list,
    set_service.SetRequestWithFirstDatablock: _set_first,
    set_service.SetRequestWithListAndFirstDatablock: _set_first,
    set_service.SetRequestWithDatablock: _set_block,
    action.ActionRequestNormal: _action_normal,
    action.ActionRequestWithList: _action_list,
    action.ActionRequestNextPblock: _action_next,
    action.ActionRequestWithFirstPblock: _action_first,
    action.ActionRequestWithPblock: _action_pblock,
    access.AccessRequest: _access,
}
"""What answers each request."""
