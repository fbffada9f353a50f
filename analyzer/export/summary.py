"""One line that says what a record is: service, object by name, value or result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

from analyzer.cosem.date_time import date_time_text, looks_like_date_time
from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name, obis_text, system_title_text
from analyzer.cosem.quantity import float_text
from analyzer.cosem.rendering import MASKED
from analyzer.cosem.selective import selection_text
from analyzer.export.message import message_summary
from analyzer.record import LINK, MESSAGE, NOISE, PART, REQUEST, Apdu, Object, Objects, Record
from analyzer.tracking.bare_secrets import request_secrets
from analyzer.tracking.standing_names import are_confidential
from analyzer.tracking.values import Value
from dissectors import axdr, gateway
from dissectors.enumerations import (
    ACSE_SERVICE_PROVIDER,
    ACSE_SERVICE_USER,
    ACTION_RESULT,
    APPLICATION_CONTEXT,
    ASSOCIATION_RESULT,
    CONFIRMED_SERVICE,
    DATA_ACCESS_RESULT,
    EXCEPTION_SERVICE_ERROR,
    EXCEPTION_STATE_ERROR,
    MECHANISM,
    SERVICE_ERROR_CLASS,
)
from dissectors.hdlc import control_type
from dissectors.mbus import frame_text
from dissectors.registry import text_of
from dissectors.tree import Problem
from dissectors.xdlms.error import named_error

SEPARATOR = " · "
_LONGEST_VALUE = 60
_MOST_VALUES = 2
_MOST_TEXTS = _SHORT = 64

_HOLDING = frozenset(("set-request", "action-request", "writeRequest", "unconfirmedWriteRequest"))
"""Requests that hold what a client writes, or gives to a method."""
LABELS: dict[str, str] = {
    "get-request": "GET request", "get-response": "GET response", "set-request": "SET request",
    "set-response": "SET response", "action-request": "ACTION request", "action-response": "ACTION response",
    "access-request": "ACCESS request", "access-response": "ACCESS response", "readRequest": "Read request",
    "readResponse": "Read response", "writeRequest": "Write request", "writeResponse": "Write response",
    "unconfirmedWriteRequest": "Unconfirmed write", "informationReportRequest": "Information report",
    "data-notification": "Data notification", "data-notification-confirm": "Data notification confirmed",
    "event-notification-request": "Event notification", "aarq": "AARQ", "aare": "AARE", "rlrq": "RLRQ", "rlre": "RLRE",
    "abrt": "ABRT", "initiateRequest": "Initiate request", "initiateResponse": "Initiate response",
    "confirmedServiceError": "Confirmed service error", "exception-response": "Exception response",
    "general-block-transfer": "General block transfer", "general-signing": "General signing",
}  # fmt: skip
"""What each APDU is called in one line; ciphered forms keep the standard's name."""


@lru_cache(maxsize=8192)
def object_text(one: Object) -> str:
    """Name an object and its attribute or method: ``1-0:1.8.0*255 Active energy import (+A)``."""
    if not one.logical_name:
        return f"short name {one.attribute:04X}"
    name = obis_name(one.logical_name) or class_name(one.class_id) or f"class {one.class_id}"
    text = f"{obis_text(one.logical_name)} {name}"
    if one.is_method:
        return f"{text}, method {one.attribute} {method_name(one.class_id, one.attribute) or ''}".rstrip()
    if one.attribute == 2 and attribute_name(one.class_id, 2) in ("value", "buffer", "time", "status"):
        return text
    return f"{text}, attribute {one.attribute} {attribute_name(one.class_id, one.attribute) or ''}".rstrip()


def summary(record: Record, values: Sequence[Value] = ()) -> str:
    """Say what *record* is, with the *values* in it; an empty text never comes out."""
    apdu, kind, assembled = record.apdu, record.kind, record.assembled
    if apdu is None or kind == MESSAGE:
        return _without_apdu(record)
    if assembled is not None:
        text = apdu_summary(assembled, record.objects, values)
        text += f"{SEPARATOR}from {_count(len(record.parts), 'record')}"
    else:
        is_bare = record.direction == REQUEST and not values
        text = _request_summary(apdu, record.objects) if is_bare else apdu_summary(apdu, record.objects, values)
        if kind == PART:
            text += SEPARATOR + ("part of a transfer that never completes" if record.incomplete else "part")
    if record.gateway:
        of = gateway.members(record.gateway)
        text += f"{SEPARATOR}network {of['network-id']} device {of['physical-device-address'] or '-'}"
    if record.more:
        text += f"{SEPARATOR}and {_count(len(record.more), 'more APDU')}"
    return text


def _request_summary(apdu: Apdu, objects: Objects) -> str:
    """Say what a request is; what was once said is kept with its objects, within bounds."""
    texts = objects.texts
    if texts is None:
        texts = objects.texts = {}
    known = texts.get(apdu.octets)
    if known is None:
        known = apdu_summary(apdu, objects)
        if objects and len(texts) < _MOST_TEXTS and len(apdu.octets) < _SHORT:
            texts[apdu.octets] = known
    return known


def _without_apdu(record: Record) -> str:
    if record.kind == MESSAGE:
        return message_summary(record)
    if record.link == "mbus":
        text = frame_text(record.octets)
        return f"{text}{SEPARATOR}of a transfer that never completes" if record.incomplete else text
    if record.kind == NOISE or record.control is None:
        return _count(len(record.octets), "octet") + (" of noise" if record.kind == NOISE else "")
    name = _control_text(record.control)
    if record.kind == PART:
        what = f"{name}{SEPARATOR}segment"
        return f"{what} of a transfer that never completes" if record.incomplete else what
    return name if record.kind == LINK else f"{name}{SEPARATOR}no APDU"


@lru_cache(maxsize=256)
def _control_text(control: int) -> str:
    name = control_type(control)
    if name == "I":
        return f"I N(S)={control >> 1 & 7} N(R)={control >> 5}"
    return f"{name} N(R)={control >> 5}" if control & 3 == 1 else name


def apdu_summary(apdu: Apdu, objects: Objects, meant: Sequence[Value] = ()) -> str:
    """Say what *apdu* is; *objects* are those of its request, *meant* the values in it with their meaning."""
    entry, values = apdu.entry, apdu.values
    if entry is None or values is None:
        if entry is None and (text := text_of(apdu.octets)):
            return f'Text{SEPARATOR}"{text}"'
        label = LABELS.get(apdu.family, apdu.family)
        return f"{label}{SEPARATOR}malformed" if entry is not None else f"{label}{SEPARATOR}not an APDU"
    family = entry.family
    if not objects:
        label = LABELS.get(family, family)
    elif meant and not objects[0].logical_name and meant[0].object.logical_name:
        label = _about(family, [meant[0].object, *objects[1:]])
    else:
        texts = objects.texts
        if texts is None:
            texts = objects.texts = {}
        known = texts.get(family)
        if known is None:
            known = texts[family] = _about(family, objects)
        label = known
    if meant and (detail := _meaning(apdu, family, meant)):
        text = f"{label}{SEPARATOR}{detail}"
        return text + _refused(entry.slots, values, family) if len(objects) > 1 else text
    is_writing = family in _HOLDING and "block_number" not in entry.slots and not _is_written_in_blocks(apdu)
    if is_writing and (are_confidential(objects) if objects else request_secrets(apdu.octets)):
        return f"{label}{SEPARATOR}{MASKED}"
    detail = _DETAILS.get(family, _nothing)(apdu, entry.slots, values)
    text = f"{label}{SEPARATOR}{detail}" if detail else label
    return text + _refused(entry.slots, values, family) if len(objects) > 1 else text


def _is_written_in_blocks(apdu: Apdu) -> bool:
    """Tell whether a request by short names carries a block, of which no more is said than its number."""
    return apdu.octets[:1] == b"\x06" and apdu.octets[2:3] == b"\x07"


def _about(family: str, objects: Sequence[Object]) -> str:
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return f"{LABELS.get(family, family)}{SEPARATOR}{object_text(objects[0])}{more}"


def _meaning(apdu: Apdu, family: str, meant: Sequence[Value]) -> str:
    """Say the values of *apdu*: one in full, of several the first."""
    if len(meant) == 1 and family != "data-notification":
        said = _said(meant[0])
        return f"{_result_before(apdu)}{said}" if family == "action-response" else said
    told = [one for one in meant if not one.name.endswith("scaler_unit")] or meant
    shown = ", ".join(f"{one.name} {_said(one)}" for one in told[:_MOST_VALUES])
    more = ", …" if len(meant) > min(len(told), _MOST_VALUES) else ""
    text = f"{_count(len(meant), 'value')}: {shown}{more}"
    if family == "data-notification" and apdu.entry is not None and apdu.values is not None:
        time = apdu.values[apdu.entry.slots["date_time"]]
        return f"{date_time_text(time)}{SEPARATOR}{text}" if len(time) == 12 else text
    return text


def _result_before(apdu: Apdu) -> str:
    """Say the result that stands before what a method returned."""
    if apdu.entry is None or apdu.values is None:
        return ""
    slot = apdu.entry.slots.get("result")
    return "" if slot is None else f"{ACTION_RESULT.get(apdu.values[slot], apdu.values[slot])}{SEPARATOR}"


def _refused(slots: Slots, values: Values, family: str) -> str:
    """Say what of an answer with several results was refused, and why."""
    codes = [(table, code) for table, code in _RESULTS.get(family, _no_results)(slots, values) if code]
    if not codes:
        return ""
    names = dict.fromkeys(table.get(code, str(code)) for table, code in codes)
    return f"{SEPARATOR}{len(codes)} refused: {', '.join(names)}"


def _said(value: Value) -> str:
    """Say a value; what stood on the wire as text in quotes."""
    text = value.text
    is_text = isinstance(value.raw, str) and value.raw.startswith(text.encode().hex().upper())
    return f'"{_short(text)}"' if is_text and text else _short(text)


def data_text(octets: bytes, span: tuple[int, int]) -> str:
    """Say one Data in few words: a scalar's value, an array's size."""
    tag = octets[span[0]]
    try:
        if tag in (axdr.ARRAY, axdr.STRUCTURE):
            count, _ = axdr.scan_length(octets, span[0] + 1, span[1])
            return f"{axdr.NAMES[tag]} of {count}"
        if tag == axdr.COMPACT_ARRAY:
            return "compact-array"
        return scalar_text(*axdr.scan_scalar(octets, *span))
    except Problem:
        return "?"


def scalar_text(tag: int, value: Any) -> str:
    """Say a scalar: text where it is printable, a date where it is one, hex otherwise."""
    if isinstance(value, int):
        return str(value) if tag != axdr.BOOLEAN else "true" if value else "false"
    if isinstance(value, bytes):
        if tag in (25, 26, 27) or (tag == axdr.OCTET_STRING and looks_like_date_time(value)):
            return date_time_text(value)
        if value and (value.isascii() or tag == axdr.UTF8_STRING):
            text = value.decode(errors="replace")
            if text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text:
                return f'"{_short(text)}"'
        return _short(value.hex().upper()) or "empty"
    if value is None:
        return axdr.NAMES[tag]
    if isinstance(value, float) and not isfinite(value):
        return float_text(value)
    return _short(str(value))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


Slots = dict[str, int]
Values = tuple[Any, ...]


def _nothing(apdu: Apdu, slots: Slots, values: Values) -> str:
    if "security_control" in slots:
        slot = slots.get("system_title", slots.get("originator_system_title"))
        title = values[slot] if slot is not None else b""
        shown = f"{system_title_text(title)}{SEPARATOR}" if title else ""
        return f"{shown}security control {values[slots['security_control']]:02X}{SEPARATOR}closed"
    return ""


def _get_data_result(octets: bytes, result: tuple[int, Any]) -> str:
    tag, inner = result
    return data_text(octets, inner[1]) if tag == 0 else DATA_ACCESS_RESULT.get(inner[1], str(inner[1]))


def _get_response(apdu: Apdu, slots: Slots, values: Values) -> str:
    result = values[slots["result"]]
    if "block_number" in slots:
        last = ", the last" if values[slots["last_block"]] else ""
        number = values[slots["block_number"]]
        if result[0] == 1:
            return f"block {number}{last}{SEPARATOR}{DATA_ACCESS_RESULT.get(result[1][1], result[1][1])}"
        return f"block {number}{last}{SEPARATOR}{_count(len(result[1][1]), 'octet')}"
    if isinstance(result, list):
        return _count(len(result), "result")
    return _get_data_result(apdu.octets, result)


def _selection(octets: bytes, selector: int, span: tuple[int, int]) -> str:
    """Say what a request selects, and in words where it is rows and columns of a profile."""
    said = selection_text(octets, selector, span)
    return f"selector {selector}: {said}" if said else f"selector {selector}"


def _get_request(apdu: Apdu, slots: Slots, values: Values) -> str:
    slot = slots.get("access_selection")
    if slot is not None:
        return _selection(apdu.octets, *values[slot]) if values[slot] is not None else ""
    return f"block {values[slots['block_number']]}" if "block_number" in slots else ""


def _request(apdu: Apdu, slots: Slots, values: Values) -> str:
    parts = []
    if slots.get("access_selection") is not None and (selection := values[slots["access_selection"]]) is not None:
        parts.append(_selection(apdu.octets, *selection))
    if "block_number" in slots:
        last = ", the last" if "last_block" in slots and values[slots["last_block"]] else ""
        parts.append(f"block {values[slots['block_number']]}{last}")
    for name in ("value", "method_invocation_parameters", "attribute_value"):
        span = values[slots[name]] if name in slots else None
        if isinstance(span, tuple):
            parts.append(data_text(apdu.octets, span))
    return SEPARATOR.join(parts)


def _set_response(apdu: Apdu, slots: Slots, values: Values) -> str:
    parts = []
    if "result" in slots:
        result = values[slots["result"]]
        names = [DATA_ACCESS_RESULT.get(one, str(one)) for one in (result if isinstance(result, list) else [result])]
        parts.append(", ".join(names))
    if "block_number" in slots:
        parts.append(f"block {values[slots['block_number']]}")
    return SEPARATOR.join(parts)


def _action_response(apdu: Apdu, slots: Slots, values: Values) -> str:
    if "block_number" in slots:
        return f"block {values[slots['block_number']]}"
    if "list_of_responses" in slots:
        return f"{len(values[slots['list_of_responses']])} responses"
    text = ACTION_RESULT.get(values[slots["result"]], str(values[slots["result"]]))
    returned = values[slots["return_parameters"]]
    return f"{text}{SEPARATOR}{_get_data_result(apdu.octets, returned)}" if returned is not None else text


def _read_request(apdu: Apdu, slots: Slots, values: Values) -> str:
    """Say a request by short names: its blocks, and what is written. Names stand in the objects."""
    parts = []
    for tag, one in values[slots["variable_access_specification"]]:
        if tag == 4 and apdu.family == "readRequest" and selection_text(apdu.octets, *one[2:]):  # parameterized-access
            parts.append(_selection(apdu.octets, *one[2:]))
        elif tag in (5, 6, 7):  # block-number-access, read- and write-data-block-access
            last = ", the last" if tag != 5 and one[1] else ""
            parts.append(f"block {one[2] if tag != 5 else one[1]}{last}")
    if "list_of_data" in slots and not parts:
        parts += [data_text(apdu.octets, span) for span in values[slots["list_of_data"]][:1]]
    return SEPARATOR.join(parts)


def _read_response(apdu: Apdu, slots: Slots, values: Values) -> str:
    results = values[slots["results"]]
    if len(results) != 1:
        return _count(len(results), "result")
    tag, inner = results[0]
    if tag == 0 and apdu.family == "readResponse":
        return data_text(apdu.octets, inner[1])
    if tag == 1:
        return DATA_ACCESS_RESULT.get(inner[1], str(inner[1]))
    return "success" if tag == 0 else f"block {inner[2] if len(inner) > 2 else inner[1]}"


def _notification(apdu: Apdu, slots: Slots, values: Values) -> str:
    time = values[slots["date_time"]]
    shown = date_time_text(time) if len(time) == 12 else ""
    span = values[slots["data_value"]] if "data_value" in slots else None
    return SEPARATOR.join(part for part in (shown, data_text(apdu.octets, span) if span else "") if part)


def _aarq(apdu: Apdu, slots: Slots, values: Values) -> str:
    context = values[slots["application_context_name"]]
    mechanism = values[slots["mechanism_name"]]
    parts = [APPLICATION_CONTEXT.get(context, str(context))]
    if mechanism is not None:
        parts.append(MECHANISM.get(mechanism) or f"mechanism {str(mechanism).rpartition('.')[2]}")
    return SEPARATOR.join(parts)


def _aare(apdu: Apdu, slots: Slots, values: Values) -> str:
    result, diagnostic = values[slots["result"]], values[slots["result_source_diagnostic"]]
    parts = [ASSOCIATION_RESULT.get(result, str(result))]
    if diagnostic is not None and diagnostic[1]:
        table = ACSE_SERVICE_USER if diagnostic[0] == "acse-service-user" else ACSE_SERVICE_PROVIDER
        parts.append(table.get(diagnostic[1], str(diagnostic[1])))
    return SEPARATOR.join(parts)


def _service_error(apdu: Apdu, slots: Slots, values: Values) -> str:
    service, kind, error = (values[slots[name]] for name in ("service", "error_class", "error"))
    named = (CONFIRMED_SERVICE.get(service, service), SERVICE_ERROR_CLASS.get(kind, kind), named_error(kind, error))
    return ", ".join(map(str, named))


def _exception(apdu: Apdu, slots: Slots, values: Values) -> str:
    state, error = values[slots["state_error"]], values[slots["service_error"]]
    return f"{EXCEPTION_STATE_ERROR.get(state, state)}, {EXCEPTION_SERVICE_ERROR.get(error, error)}"


def _general_block(apdu: Apdu, slots: Slots, values: Values) -> str:
    last = ", the last" if values[slots["block_control"]] & 0x80 else ""
    size = len(values[slots["block_data"]])
    if not size:
        return f"acknowledges block {values[slots['block_number_ack']]}"
    return f"block {values[slots['block_number']]}{last}{SEPARATOR}{_count(size, 'octet')}"


Results = list[tuple[Mapping[int, str], int]]
"""Results with the tables that name them; 0 is success."""


def _no_results(slots: Slots, values: Values) -> Results:
    return []


def _get_results(slots: Slots, values: Values) -> Results:
    found = values[slots["result"]]
    return [(DATA_ACCESS_RESULT, one[1]) for tag, one in found if tag == 1] if isinstance(found, list) else []


def _action_results(slots: Slots, values: Values) -> Results:
    slot = slots.get("list_of_responses")
    return [(ACTION_RESULT, one[0]) for one in values[slot]] if slot is not None else []


def _access_results(slots: Slots, values: Values) -> Results:
    found = values[slots["access_response_specification"]]
    return [(ACTION_RESULT if choice == 3 else DATA_ACCESS_RESULT, one[1]) for choice, one in found]


def _short_name_results(slots: Slots, values: Values) -> Results:
    return [(DATA_ACCESS_RESULT, one[1]) for tag, one in values[slots["results"]] if tag == 1]


_RESULTS: dict[str, Callable[[Slots, Values], Results]] = {
    "get-response": _get_results, "action-response": _action_results, "access-response": _access_results,
    "readResponse": _short_name_results, "writeResponse": _short_name_results,
}  # fmt: skip
"""How the results stand in answers that may have several; a SET response names all of them."""

_DETAILS: dict[str, Callable[[Apdu, Slots, Values], str]] = {
    "get-request": _get_request, "set-request": _request, "action-request": _request,
    "readRequest": _read_request, "writeRequest": _read_request, "unconfirmedWriteRequest": _read_request,
    "event-notification-request": _request, "get-response": _get_response, "set-response": _set_response,
    "action-response": _action_response, "readResponse": _read_response, "writeResponse": _read_response,
    "data-notification": _notification, "aarq": _aarq, "aare": _aare, "confirmedServiceError": _service_error,
    "exception-response": _exception, "general-block-transfer": _general_block,
}  # fmt: skip
