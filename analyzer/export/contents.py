"""What an APDU holds, in few words: values, results, blocks and reasons, by its service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from analyzer.cosem.date_time import date_time_text, looks_like_date_time
from analyzer.cosem.names import system_title_text
from analyzer.cosem.quantity import float_text
from analyzer.cosem.selective import selection_text
from analyzer.export.parts import SEPARATOR, short_text
from analyzer.record import Apdu
from dissectors import axdr
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
from dissectors.tree import Problem
from dissectors.xdlms.error import named_error

_MESSAGE_CODE = 2
"""Octets of what GBCS calls so, in other-information."""

Slots = dict[str, int]
Values = tuple[Any, ...]


def contents_text(family: str, apdu: Apdu, slots: Slots, values: Values) -> str:
    """Say what an APDU holds that was read; nothing where its name says all."""
    return _CONTENTS.get(family, _closed)(apdu, slots, values)


def refused_text(family: str, slots: Slots, values: Values) -> str:
    """Say what of an answer with several results was refused, and why."""
    results = _RESULTS.get(family)
    codes = [(table, code) for table, code in results(slots, values) if code] if results is not None else []
    if not codes:
        return ""
    names = dict.fromkeys(table.get(code, str(code)) for table, code in codes)
    return f"{SEPARATOR}{len(codes)} refused: {', '.join(names)}"


def count_text(number: int, what: str) -> str:
    """Say a count: ``1 octet``, ``2 octets``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


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
                return f'"{short_text(text)}"'
        return short_text(value.hex().upper()) or "empty"
    if value is None:
        return axdr.NAMES[tag]
    if isinstance(value, float) and not isfinite(value):
        return float_text(value)
    return short_text(str(value))


def _closed(apdu: Apdu, slots: Slots, values: Values) -> str:
    if "security_control" in slots:
        slot = slots.get("system_title", slots.get("originator_system_title"))
        title = values[slot] if slot is not None else b""
        shown = f"{system_title_text(title)}{SEPARATOR}" if title else ""
        return f"{shown}security control {values[slots['security_control']]:02X}{SEPARATOR}closed"
    return ""


def _signed(apdu: Apdu, slots: Slots, values: Values) -> str:
    """Say who signed what is no APDU: the messages of GBCS that are none have their code before them."""
    code = values[slots["other_information"]]
    parts = (
        system_title_text(values[slots["originator_system_title"]]),
        f"other-information {code.hex().upper()}" if len(code) == _MESSAGE_CODE else "",
        f"{count_text(len(values[slots['content']]), 'octet')} that are no APDU",
    )
    return SEPARATOR.join(filter(None, parts))


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
        return f"block {number}{last}{SEPARATOR}{count_text(len(result[1][1]), 'octet')}"
    if isinstance(result, list):
        return count_text(len(result), "result")
    return _get_data_result(apdu.octets, result)


def _selection(octets: bytes, selector: int, span: tuple[int, int]) -> str:
    """Say what a request selects, and in words where it is rows and columns of a profile."""
    said = selection_text(octets, selector, span)
    return f"selector {selector}: {said}" if said else f"selector {selector}"


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
        return count_text(len(results), "result")
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
    return f"block {values[slots['block_number']]}{last}{SEPARATOR}{count_text(size, 'octet')}"


Results = list[tuple[Mapping[int, str], int]]
"""Results with the tables that name them; 0 is success."""


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

_CONTENTS: dict[str, Callable[[Apdu, Slots, Values], str]] = {
    "get-request": _request, "set-request": _request, "action-request": _request,
    "readRequest": _read_request, "writeRequest": _read_request, "unconfirmedWriteRequest": _read_request,
    "event-notification-request": _request, "get-response": _get_response, "set-response": _set_response,
    "action-response": _action_response, "readResponse": _read_response, "writeResponse": _read_response,
    "data-notification": _notification, "aarq": _aarq, "aare": _aare, "confirmedServiceError": _service_error,
    "exception-response": _exception, "general-block-transfer": _general_block,
    "general-signing": _signed,
}  # fmt: skip
