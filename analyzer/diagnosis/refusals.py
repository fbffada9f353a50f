"""Answers that are no success, and refused or aborted associations: facts with their usual causes.

Source: IEC 62056-5-3 (data-access-result, action-result, AARE, exception-response, confirmedServiceError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analyzer.cosem.names import attribute_name, method_name, obis_name, obis_text
from analyzer.record import Apdu, Object, Record
from dissectors.enumerations import (
    ACSE_SERVICE_PROVIDER,
    ACSE_SERVICE_USER,
    ACTION_RESULT,
    ASSOCIATION_RESULT,
    CONFIRMED_SERVICE,
    DATA_ACCESS_RESULT,
    EXCEPTION_SERVICE_ERROR,
    EXCEPTION_STATE_ERROR,
    SERVICE_ERROR_CLASS,
)
from dissectors.xdlms.error import named_error

_REPLY_TO_HLS = (15, 1)
_INVOKED = 3
"""The choice of an access-response for a method."""


_Readers = dict[str, "Callable[[Apdu, Record], Iterator[Refusal]]"]


class Refusal(NamedTuple):
    """What an APDU says went wrong: code, cause, how sure, a sentence, and what it is about."""

    code: str
    cause: str
    confidence: str
    text: str
    subject: str = ""
    place: int = -1
    """Which of the request's objects it is about; -1 for none, or all."""


RESULT_CAUSES = {
    "hardware-fault": "", "temporary-failure": "temporary", "read-write-denied": "no-association-rights",
    "object-undefined": "object-missing", "object-class-inconsistent": "wrong-class-id",
    "object-unavailable": "temporary", "type-unmatched": "write-type-differs",
    "scope-of-access-violated": "no-association-rights", "data-block-unavailable": "block-lost-or-late",
    "long-get-aborted": "block-lost-or-late", "no-long-get-in-progress": "block-lost-or-late",
    "long-set-aborted": "block-lost-or-late", "no-long-set-in-progress": "block-lost-or-late",
    "long-action-aborted": "block-lost-or-late", "no-long-action-in-progress": "block-lost-or-late",
    "data-block-number-invalid": "block-lost-or-late",
}  # fmt: skip
_DIAGNOSTIC_CAUSES = {
    2: "wrong-context", 3: "client-sap-unknown", 4: "client-sap-unknown", 5: "client-sap-unknown",
    11: "mechanism-not-accepted", 12: "mechanism-not-accepted", 13: "wrong-password", 14: "mechanism-not-accepted",
}  # fmt: skip
_EXCEPTION_CAUSES = {
    1: "operation-not-possible", 2: "service-not-supported", 4: "pdu-too-long", 5: "deciphering-failed",
    6: "invocation-counter-too-low",
}  # fmt: skip
_INITIATE_CAUSES = {"dlms-version-too-low": "version-too-low", "pdu-size-too-short": "pdu-size-too-short"}


def association_refusals(record: Record) -> Iterator[Refusal]:
    """Give what the APDUs of *record* say against its association."""
    return _refusals(record, _ASSOCIATION_READERS)


def service_refusals(record: Record) -> Iterator[Refusal]:
    """Give what the APDUs of *record* refuse; nothing for an answer of success."""
    return _refusals(record, _SERVICE_READERS)


def _refusals(record: Record, readers: _Readers) -> Iterator[Refusal]:
    apdu = record.assembled or record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        return
    reader = readers.get(apdu.entry.family)
    if reader is not None:
        yield from reader(apdu, record)


def _about(one: Object | None) -> str:
    if one is None:
        return ""
    if not one.logical_name:
        return f"short name {one.attribute & 0xFFFF:04X}"
    what = method_name(one.class_id, one.attribute) if one.is_method else attribute_name(one.class_id, one.attribute)
    kind = "method" if one.is_method else "attribute"
    name = obis_name(one.logical_name) or f"class {one.class_id}"
    return f"{obis_text(one.logical_name)} {name}, {kind} {one.attribute} {what or ''}".rstrip()


def _results(record: Record, results: list[tuple[int | None, dict[int, str]]]) -> Iterator[Refusal]:
    """Give those of *results* that are no success; *results* stand in the order of the request's objects."""
    for number, (result, names) in enumerate(results):
        if not result:
            continue
        one = record.objects[number] if number < len(record.objects) else None
        name = names.get(result, str(result))
        cause = RESULT_CAUSES.get(name, "")
        if name == "hardware-fault" and one is not None and (one.class_id, one.attribute) == _REPLY_TO_HLS:
            cause = "hls-mac-wrong"
        subject = _about(one)
        asked = f" (request {record.request})" if record.request is not None else ""
        text = f"{subject or 'the request'}{asked} was answered with {name} ({result})"
        yield Refusal(f"result-{name}", cause, "likely", text, subject, number if one is not None else -1)


def _get_response(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    result = apdu.values[apdu.entry.slots["result"]]
    found = result if isinstance(result, list) else [result]
    is_block = "block_number" in apdu.entry.slots
    yield from _results(record, [(_error(one, is_block), DATA_ACCESS_RESULT) for one in found])


def _error(result: Any, is_block: bool = False) -> int | None:
    """Give the data-access-result of a Get-Data-Result; None where it is data."""
    choice, inside = result
    if choice != 1:
        return None
    return int(inside[1]) if isinstance(inside, tuple) else int(inside)


def _set_response(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slot = apdu.entry.slots.get("result")
    if slot is None:
        return
    result = apdu.values[slot]
    found = result if isinstance(result, list) else [result]
    yield from _results(record, [(one, DATA_ACCESS_RESULT) for one in found])


def _action_response(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    if "result" in slots:
        yield from _results(record, [(values[slots["result"]], ACTION_RESULT)])
    elif "list_of_responses" in slots:
        yield from _results(record, [(one[0], ACTION_RESULT) for one in values[slots["list_of_responses"]]])


def _access_response(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    results = apdu.values[apdu.entry.slots["access_response_specification"]]
    tables = {_INVOKED: ACTION_RESULT}
    yield from _results(record, [(one[1], tables.get(choice, DATA_ACCESS_RESULT)) for choice, one in results])


def _short_name_response(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    results = apdu.values[apdu.entry.slots["results"]]
    yield from _results(record, [(one[1][1] if one[0] == 1 else None, DATA_ACCESS_RESULT) for one in results])


def _aare(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    result, diagnostic = values[slots["result"]], values[slots["result_source_diagnostic"]]
    if not result:
        return
    told = ""
    cause = ""
    if diagnostic is not None:
        is_user = diagnostic[0] == "acse-service-user"
        table = ACSE_SERVICE_USER if is_user else ACSE_SERVICE_PROVIDER
        told = f", {table.get(diagnostic[1], diagnostic[1])} ({diagnostic[1]})"
        cause = _DIAGNOSTIC_CAUSES.get(diagnostic[1], "") if is_user else ""
    inside = values[slots["user_information"]]
    initiate = ""
    if inside and inside[0] == 0x0E and len(inside) >= 4 and inside[2] == 6:
        initiate = str(named_error(6, inside[3]))
        cause = _INITIATE_CAUSES.get(initiate, cause)
        told += f", initiate error {initiate}"
    without = "" if inside else "; the answer carries no user-information"
    text = f"the association was answered with {ASSOCIATION_RESULT.get(result, result)} ({result}){told}{without}"
    yield Refusal("association-rejected", cause, "likely", text)


def _exception(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    state, error = values[slots["state_error"]], values[slots["service_error"]]
    cause = _EXCEPTION_CAUSES.get(error, "")
    told = f"{EXCEPTION_STATE_ERROR.get(state, state)}, {EXCEPTION_SERVICE_ERROR.get(error, error)}"
    counter = values[slots["invocation_counter_error"]] if "invocation_counter_error" in slots else None
    expected = f"; the meter expects a counter of at least {counter}" if counter is not None else ""
    asked = f" (request {record.request})" if record.request is not None else ""
    yield Refusal("exception-response", cause, "likely", f"exception-response: {told}{expected}{asked}", told)


def _service_error(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    service, kind, error = (values[slots[name]] for name in ("service", "error_class", "error"))
    named = (CONFIRMED_SERVICE.get(service, service), SERVICE_ERROR_CLASS.get(kind, kind), named_error(kind, error))
    told = ", ".join(map(str, named))
    cause = "deciphering-failed" if "decipher" in told else ""
    asked = f" (request {record.request})" if record.request is not None else ""
    yield Refusal("confirmed-service-error", cause, "likely", f"confirmedServiceError: {told}{asked}", told)


def _abort(apdu: Apdu, record: Record) -> Iterator[Refusal]:
    yield Refusal("abort", "", "certain", "ABRT: the association is over at once")


_SERVICE_READERS: _Readers = {
    "get-response": _get_response,
    "set-response": _set_response,
    "action-response": _action_response,
    "access-response": _access_response,
    "readResponse": _short_name_response,
    "writeResponse": _short_name_response,
    "exception-response": _exception,
    "confirmedServiceError": _service_error,
}
_ASSOCIATION_READERS: _Readers = {"aare": _aare, "abrt": _abort}
