"""Answers that are no success: facts with their causes, as far as the meter's own lists and the request tell them.

Source: IEC 62056-5-3 (data-access-result, action-result, exception-response, confirmedServiceError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analyzer.cosem.names import attribute_name, method_name, standard_classes
from analyzer.diagnosis.conformance import missing_bits
from analyzer.diagnosis.frame_settles import CLOSED
from analyzer.diagnosis.meter_facts import READ, READ_WRITE, RIGHTS, WRITE, Facts
from analyzer.diagnosis.refused import CIPHERED
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative
from analyzer.diagnosis.words import about
from analyzer.record import Apdu, Object, Record
from analyzer.tracking.acse_terms import answer_of
from analyzer.tracking.history import Association
from analyzer.tracking.meter import Meter
from dissectors.enumerations import (
    ACTION_RESULT,
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
_PDU_TOO_LONG, _DECIPHERING, _COUNTER, _NOT_POSSIBLE, _NOT_SUPPORTED, _OTHER_REASON = 4, 5, 6, 1, 2, 3


class Refusal(NamedTuple):
    """What an APDU says went wrong: code, cause, how sure, a sentence, and what it is about."""

    code: str
    cause: str
    confidence: str
    text: str
    subject: str = ""
    alternatives: tuple[Alternative, ...] = ()
    place: int = -1
    """Which of the request's objects it is about; -1 for none, or all."""


class Background(NamedTuple):
    """What is known when an answer is judged."""

    record: Record
    association: Association | None
    facts: Facts
    names: Meter
    """What short names stand for."""


_NO_FACTS, _NO_NAMES = Facts(), Meter()
_BUFFER = (7, 2)
"""The attribute that is read by range and by entry."""
_HIGHEST_PLAIN, _PROTECTED_REQUEST = 6, 0x1C
"""Modes up to version 2 of class 15 go to 6; later ones have bits for authenticated, encrypted and signed requests."""
_NO_SUCH_OBJECT = frozenset({"object-undefined", "object-class-inconsistent", "object-unavailable"})
RESULT_CAUSES: dict[str, tuple[str, str]] = {
    "hardware-fault": ("meter-fault", POSSIBLE), "temporary-failure": ("temporary", LIKELY),
    "read-write-denied": ("no-association-rights", LIKELY), "object-undefined": ("object-missing", LIKELY),
    "object-class-inconsistent": ("wrong-class-id", LIKELY), "object-unavailable": ("temporary", LIKELY),
    "type-unmatched": ("write-type-differs", LIKELY), "scope-of-access-violated": ("no-association-rights", LIKELY),
    "data-block-unavailable": ("block-lost-or-late", LIKELY), "long-get-aborted": ("server-aborted", LIKELY),
    "no-long-get-in-progress": ("no-transfer-open", LIKELY), "long-set-aborted": ("server-aborted", LIKELY),
    "no-long-set-in-progress": ("no-transfer-open", LIKELY), "long-action-aborted": ("server-aborted", LIKELY),
    "no-long-action-in-progress": ("no-transfer-open", LIKELY),
    "data-block-number-invalid": ("block-number-differs", LIKELY), "other-reason": ("reason-unstated", POSSIBLE),
}  # fmt: skip
"""What each result usually comes from."""
_OTHERS = {
    "hardware-fault": (("hls-mac-wrong", "some meters say so when a MAC or signature is wrong"),),
    "read-write-denied": (("protection-missing", "the meter may ask for another protection of this object"),),
    "object-undefined": (("no-association-rights", "some meters hide objects that a client may not see"),),
    "scope-of-access-violated": (
        ("selection-not-accepted", "the range or the entries asked for may lie outside of what the meter has"),
        ("no-association-rights", "some meters answer so to what a client may not do"),
    ),
    "other-reason": (
        ("selection-not-accepted", "the selective access may be one that the meter does not have"),
        ("no-association-rights", "some meters answer so to what a client may not do"),
    ),
}


def service_refusals(
    record: Record, association: Association | None = None, facts: Facts = _NO_FACTS, names: Meter = _NO_NAMES
) -> Iterator[Refusal]:
    """Give what the APDU of *record* refuses; nothing for an answer of success. What is known makes causes surer."""
    apdu = record.assembled or record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        return
    reader = _READERS.get(apdu.entry.family)
    if reader is not None:
        yield from reader(apdu, Background(record, association, facts, names))


def association_refusals(record: Record) -> Iterator[Refusal]:
    """Give what the APDU of *record* says against its association: an AARE that rejects, or ABRT."""
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        return
    if apdu.entry.family == "abrt":
        yield Refusal("abort", "", CERTAIN, "ABRT: the association is over at once")
    elif apdu.entry.family == "aare" and (answer := answer_of(record, apdu)).result:
        yield Refusal("association-rejected", "", CERTAIN, answer.words)


# -- results --------------------------------------------------------------------------------------------------------


def _results(known: Background, results: list[tuple[int | None, dict[int, str]]]) -> Iterator[Refusal]:
    """Give those of *results* that are no success; *results* stand in the order of the request's objects."""
    record = known.record
    for number, (result, names) in enumerate(results):
        if not result:
            continue
        asked_for = record.objects[number] if number < len(record.objects) else None
        one = None if asked_for is None else known.names.object_of(asked_for)
        name = names.get(result, str(result))
        cause, confidence, why = _result_cause(name, one, known)
        asked = f" (request {record.request})" if record.request is not None else ""
        by = f" for client {record.client}" if record.client is not None else ""
        text = f"{about(one) or 'the request'}{asked} was answered with {name} ({result}){by}{why}"
        others = tuple(Alternative(*each) for each in _alternatives(name, cause))
        subject = about(asked_for)  # of a short name itself: the list of names may come in between
        yield Refusal(f"result-{name}", cause, confidence, text, subject, others, number if one is not None else -1)


def _alternatives(name: str, cause: str) -> Iterator[tuple[str, str, str]]:
    for other, text in _OTHERS.get(name, ()):
        if other != cause:
            yield other, POSSIBLE, text


def _result_cause(name: str, one: Object | None, known: Background) -> tuple[str, str, str]:
    """Find the cause of a result, how sure it is, and what shows it."""
    cause, confidence = RESULT_CAUSES.get(name, ("", POSSIBLE))
    if one is None or not one.logical_name:
        return cause, confidence, ""
    if name == "hardware-fault" and one.is_method and (one.class_id, one.attribute) == _REPLY_TO_HLS:
        return "hls-mac-wrong", LIKELY, "; this method checks the client's answer to the challenge"
    if name == "scope-of-access-violated" and (one.class_id, one.attribute) == _BUFFER:
        cause, confidence = "selection-not-accepted", POSSIBLE
    listed = known.facts.objects.get(one.logical_name)
    if known.facts.objects and listed is None:
        return "object-missing", CERTAIN, "; the object list of this meter has no such object"
    if listed is not None and listed.class_id != one.class_id:
        text = f"; the object list (record {listed.record}) has it with class {listed.class_id}, not {one.class_id}"
        return "wrong-class-id", CERTAIN, text
    standard = standard_classes(one.logical_name) if listed is None and name in _NO_SUCH_OBJECT else ()
    if standard and one.class_id not in standard:
        wanted = " or ".join(map(str, standard))
        return "wrong-class-id", LIKELY, f"; the standard has that object with class {wanted}, not {one.class_id}"
    name_of = method_name if one.is_method else attribute_name
    if name_of(one.class_id, one.attribute) is None and name not in _ANY_ATTRIBUTE and one.attribute > 0:
        what = "method" if one.is_method else "attribute"
        return "wrong-attribute", LIKELY, f"; class {one.class_id} has no {what} {one.attribute}"
    if listed is not None and cause == "no-association-rights":
        modes = listed.methods if one.is_method else listed.attributes
        mode = modes.get(one.attribute)
        if mode is not None and not _is_granted(mode, known, is_method=one.is_method):
            shown = RIGHTS.get(mode, f"mode {mode}")
            text = f"; the object list (record {listed.record}) grants {shown if not one.is_method else 'no access'}"
            return cause, CERTAIN, text
        if mode is not None and _asks_protection(mode) and not known.record.protection:
            shown = RIGHTS.get(mode, f"mode {mode}")
            text = f"; the object list (record {listed.record}) grants {shown}: it asks for protection"
            return "protection-missing", LIKELY, text
    return cause, confidence, ""


_ANY_ATTRIBUTE = frozenset({"temporary-failure", "hardware-fault", "type-unmatched"})
"""Results that say that the attribute is there."""


def _is_granted(mode: int, known: Background, *, is_method: bool) -> bool:
    """Tell whether an access mode grants what was asked; of authenticated modes that is not known."""
    if is_method:
        return mode != 0
    apdu = known.record.assembled or known.record.apdu
    writes = apdu is not None and apdu.octets[:1] in (b"\xc5", b"\x0d")
    return mode in ((WRITE, READ_WRITE) if writes else (READ, READ_WRITE)) or mode > READ_WRITE


def _asks_protection(mode: int) -> bool:
    """Tell whether an access mode wants requests authenticated, encrypted or signed, in either form of modes."""
    return READ_WRITE < mode <= _HIGHEST_PLAIN or (mode > _HIGHEST_PLAIN and bool(mode & _PROTECTED_REQUEST))


def _get_response(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    result = apdu.values[apdu.entry.slots["result"]]
    found = result if isinstance(result, list) else [result]
    yield from _results(known, [(_error(one), DATA_ACCESS_RESULT) for one in found])


def _error(result: Any) -> int | None:
    """Give the data-access-result of a Get-Data-Result; None where it is data."""
    choice, inside = result
    if choice != 1:
        return None
    return int(inside[1]) if isinstance(inside, tuple) else int(inside)


def _set_response(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slot = apdu.entry.slots.get("result")
    if slot is None:
        return
    result = apdu.values[slot]
    found = result if isinstance(result, list) else [result]
    yield from _results(known, [(one, DATA_ACCESS_RESULT) for one in found])


def _action_response(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    if "result" in slots:
        yield from _results(known, [(values[slots["result"]], ACTION_RESULT)])
    elif "list_of_responses" in slots:
        yield from _results(known, [(one[0], ACTION_RESULT) for one in values[slots["list_of_responses"]]])


def _access_response(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    results = apdu.values[apdu.entry.slots["access_response_specification"]]
    tables = {_INVOKED: ACTION_RESULT}
    yield from _results(known, [(one[1], tables.get(choice, DATA_ACCESS_RESULT)) for choice, one in results])


def _short_name_response(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    results = apdu.values[apdu.entry.slots["results"]]
    yield from _results(known, [(one[1][1] if one[0] == 1 else None, DATA_ACCESS_RESULT) for one in results])


# -- exception-response and confirmedServiceError --------------------------------------------------------------------


def _request(known: Background) -> str:
    """Name the request that is refused."""
    record = known.record
    if record.request is None:
        return ""
    last = known.association.asked if known.association is not None else None
    if last is None or last.number != record.request or last.apdu is None:
        return f" to the request in record {record.request}"
    form = last.protection[0].entry.family if last.protection else last.apdu.family
    objects = f", {about(record.objects[0])}" if record.objects else ""
    return f" to the {form} in record {record.request}{objects}"


def _counter(known: Background) -> int | None:
    """Give the invocation counter of the request that is refused."""
    last = known.association.asked if known.association is not None else None
    if last is None or last.number != known.record.request or last.apdu is None:
        return None
    layer = last.protection[0] if last.protection else last.closed
    entry, values = (layer.entry, layer.values) if layer is not None else (last.apdu.entry, last.apdu.values)
    if entry is None or values is None or "invocation_counter" not in entry.slots:
        return None
    counter = values[entry.slots["invocation_counter"]]
    return counter if isinstance(counter, int) else None


def _opens(known: Background) -> bool:
    """Tell whether the request that is refused asks for an association itself."""
    last = known.association.asked if known.association is not None else None
    return (
        last is not None
        and last.number == known.record.request
        and last.apdu is not None
        and (last.apdu.family == "aarq")
    )


def _is_associated(known: Background) -> bool:
    one = known.association
    if one is None or one.ending is not None:
        return False
    return one.answer is not None or any(service.count > service.errors for service in one.services.values())


def _exception(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    state, error = values[slots["state_error"]], values[slots["service_error"]]
    told = f"{EXCEPTION_STATE_ERROR.get(state, state)}, {EXCEPTION_SERVICE_ERROR.get(error, error)}"
    expected = values[slots["invocation_counter"]] if "invocation_counter" in slots else None
    text = f"exception-response ({told}){_request(known)}"
    cause, confidence = {
        _NOT_SUPPORTED: ("service-not-supported", LIKELY), _PDU_TOO_LONG: ("pdu-too-long", CERTAIN),
        _DECIPHERING: ("deciphering-failed", CERTAIN), _COUNTER: ("invocation-counter-too-low", CERTAIN),
        _NOT_POSSIBLE: ("operation-not-possible", LIKELY), _OTHER_REASON: ("reason-unstated", POSSIBLE),
    }.get(error, ("reason-unstated", POSSIBLE))  # fmt: skip
    others: tuple[Alternative, ...] = ()
    if error == _COUNTER and expected is not None:
        used = _counter(known)
        said = f"the request used {used}, " if used is not None else ""
        text += f": {said}the meter expects an invocation counter of at least {expected}"
    elif error in (_NOT_POSSIBLE, _OTHER_REASON) and not _is_associated(known) and not _opens(known):
        cause, confidence = "no-association", LIKELY
        text += ": no association is open here as far as the capture shows"
    elif error == _NOT_SUPPORTED and (missing := _missing(known)):
        confidence = CERTAIN
        text += f": {missing} is not in the conformance that was agreed"
    elif error in (_NOT_SUPPORTED, _NOT_POSSIBLE) and _is_in_clear(known):
        cause, confidence = "plaintext-in-ciphered-context", LIKELY
        text += ": it went in clear in an association with ciphering"
    elif error == _PDU_TOO_LONG:
        text += _size(known)
    elif error == _NOT_POSSIBLE and _counter(known) is not None:
        others = (
            Alternative("deciphering-failed", POSSIBLE, "some meters answer so to what they cannot decipher"),
            Alternative("invocation-counter-too-low", POSSIBLE, "or to a counter that is too low"),
        )
    yield Refusal("exception-response", cause, confidence, text, told, others)


def _is_in_clear(known: Background) -> bool:
    """Tell whether the request that is refused has no protection where the association has ciphering."""
    one = known.association
    last = one.asked if one is not None else None
    if one is None or one.proposal is None or last is None or last.apdu is None or last.number != known.record.request:
        return False
    return one.proposal.context in CIPHERED and not last.protection and last.apdu.octets[0] not in CLOSED


def _size(known: Background) -> str:
    one = known.association
    last = one.asked if one is not None else None
    if one is None or last is None or last.apdu is None:
        return ""
    size = len(last.protection[0].stood if last.protection else last.apdu.octets)
    limit = one.answer.max_pdu_size if one.answer is not None else None
    return f": it has {size} octets" + (f", {limit} were agreed" if limit else "")


def _missing(known: Background) -> str:
    """Name the conformance bit that the refused request lacks; empty where there is none."""
    one = known.association
    last = one.asked if one is not None else None
    if one is None or last is None or last.apdu is None or one.conformance is None:
        return ""
    return next(iter(missing_bits(last.apdu, one.conformance)), "")


_ERROR_CAUSES: dict[tuple[str, str], tuple[str, str]] = {
    ("application-reference", "time-elapsed"): ("inactivity-timeout", LIKELY),
    ("application-reference", "application-reference-invalid"): ("no-association", LIKELY),
    ("application-reference", "application-context-unsupported"): ("wrong-context", CERTAIN),
    ("application-reference", "deciphering-error"): ("deciphering-failed", CERTAIN),
    ("vde-state-error", "no-dlms-context"): ("no-association", LIKELY),
    ("service", "pdu-size"): ("pdu-too-long", CERTAIN),
    ("service", "service-unsupported"): ("service-not-supported", CERTAIN),
    ("definition", "object-undefined"): ("object-missing", LIKELY),
    ("definition", "object-class-inconsistent"): ("wrong-class-id", LIKELY),
    ("definition", "object-attribute-inconsistent"): ("wrong-attribute", LIKELY),
    ("access", "scope-of-access-violated"): ("no-association-rights", LIKELY),
    ("access", "object-access-violated"): ("no-association-rights", LIKELY),
    ("access", "hardware-fault"): ("meter-fault", POSSIBLE),
    ("access", "object-unavailable"): ("temporary", LIKELY),
    ("initiate", "dlms-version-too-low"): ("version-too-low", CERTAIN),
    ("initiate", "incompatible-conformance"): ("conformance-incompatible", CERTAIN),
    ("initiate", "pdu-size-too-short"): ("pdu-size-too-short", CERTAIN),
    ("initiate", "refused-by-the-VDE-Handler"): ("refused-by-handler", POSSIBLE),
}
_CLASS_CAUSES = {
    "hardware-resource": ("meter-fault", POSSIBLE), "load-data-set": ("block-lost-or-late", POSSIBLE),
    "application-reference": ("no-association", POSSIBLE), "vde-state-error": ("temporary", POSSIBLE),
}  # fmt: skip


def _service_error(apdu: Apdu, known: Background) -> Iterator[Refusal]:
    assert apdu.entry is not None and apdu.values is not None
    slots, values = apdu.entry.slots, apdu.values
    service, kind, error = (values[slots[name]] for name in ("service", "error_class", "error"))
    error_class, named = str(SERVICE_ERROR_CLASS.get(kind, kind)), str(named_error(kind, error))
    told = f"{CONFIRMED_SERVICE.get(service, service)}, {error_class}, {named}"
    cause, confidence = _ERROR_CAUSES.get((error_class, named)) or _CLASS_CAUSES.get(
        error_class, ("reason-unstated", POSSIBLE)
    )
    text = f"confirmedServiceError ({told}){_request(known)}"
    last = known.association.asked if known.association is not None else None
    if cause == "deciphering-failed" and last is not None and last.number == known.record.request:
        form = last.protection[0].entry.family if last.protection else last.apdu.family if last.apdu else ""
        if form.startswith(("ded-", "general-ded")):
            cause, confidence = "dedicated-key-too-early", LIKELY
            text += ": it went under the dedicated key, which the meter does not take here"
    yield Refusal("confirmed-service-error", cause, confidence, text, told)


_READERS: dict[str, Callable[[Apdu, Background], Iterator[Refusal]]] = {
    "get-response": _get_response,
    "set-response": _set_response,
    "action-response": _action_response,
    "access-response": _access_response,
    "readResponse": _short_name_response,
    "writeResponse": _short_name_response,
    "exception-response": _exception,
    "confirmedServiceError": _service_error,
}
REFUSING = frozenset({0xC4, 0xC5, 0xC7, 0xDA, 0x0C, 0x0D, 0xD8, 0x0E})
"""The tags of these APDUs."""
