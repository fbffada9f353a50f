"""A refused association to its cause: result, diagnostic and initiate error, against what was asked for.

Source: IEC 62056-5-3 (AARE, result-source-diagnostic; confirmedServiceError, initiateError).
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative
from analyzer.record import Record
from analyzer.tracking.history import Association
from analyzer.tracking.opening import Answer, Proposal
from dissectors.enumerations import APPLICATION_CONTEXT, MECHANISM, SERVICE_ERROR_CLASS
from dissectors.reader import read_apdu
from dissectors.tree import Node
from dissectors.xdlms.error import named_error

_INITIATE, _APPLICATION_REFERENCE = 6, 0
_BY_HANDLER = (_INITIATE, 4)
_TRANSIENT = 2
_USER, _PROVIDER = "acse-service-user", "acse-service-provider"
_DIAGNOSTIC_CAUSES = {
    2: ("wrong-context", CERTAIN), 3: ("client-title-unknown", CERTAIN), 4: ("client-title-unknown", LIKELY),
    5: ("client-certificate-unknown", LIKELY), 6: ("user-unknown", LIKELY), 7: ("server-title-unknown", LIKELY),
    8: ("server-title-unknown", LIKELY), 9: ("server-title-unknown", LIKELY), 10: ("server-title-unknown", LIKELY),
    11: ("mechanism-not-accepted", CERTAIN), 12: ("mechanism-not-accepted", CERTAIN), 13: ("wrong-password", LIKELY),
    14: ("mechanism-not-accepted", LIKELY),
}  # fmt: skip
_ERROR_CAUSES = {
    (_INITIATE, 1): "version-too-low", (_INITIATE, 2): "conformance-incompatible",
    (_INITIATE, 3): "pdu-size-too-short", _BY_HANDLER: "refused-by-handler",
    (_APPLICATION_REFERENCE, 4): "wrong-context", (_APPLICATION_REFERENCE, 6): "proposal-undecipherable",
}  # fmt: skip
_EXCEPTION_CAUSES = {
    1: ("meter-busy", POSSIBLE), 2: ("wrong-context", POSSIBLE), 4: ("pdu-size-too-short", POSSIBLE),
    5: ("proposal-undecipherable", CERTAIN), 6: ("invocation-counter-too-low", CERTAIN),
}  # fmt: skip
"""By service-error of an exception-response."""
_NOT_AUTHENTIC, _LOW_LEVEL = 13, "2.16.756.5.8.2.1"
_NOT_AUTHENTIC_OTHERS = (
    ("wrong-key", "its keys may be others, as of a meter that was exchanged"),
    ("invocation-counter-too-low", "some meters answer so to a counter that is too low"),
    ("client-sap-unknown", "the client address may be one with other keys"),
)
"""What else it may be that does not authenticate in an AARQ with ciphering and high level security."""
_LEAST_SIZE, _VERSION = 12, 6
_TITLE_SIZE = 8
CIPHERED = ("2.16.756.5.8.1.3", "2.16.756.5.8.1.4")
_TITLED = ("2.16.756.5.8.2.5", "2.16.756.5.8.2.6", "2.16.756.5.8.2.7")
"""Mechanisms that compute with system titles."""


class Refused(NamedTuple):
    """Why an association was refused, and the octets of the record that say so."""

    cause: str
    confidence: str
    text: str
    asked: str
    start: int = 0
    end: int = 0
    alternatives: tuple[Alternative, ...] = ()
    subject: str = ""


def why_refused(one: Association, record: Record) -> Refused:
    """Name the cause of a refusal that *record* carries."""
    answer, proposal = one.answer, one.proposal
    asked = _asked(proposal)
    if answer is None:
        return _without_aare(record, asked)
    cause, confidence = _cause(answer, proposal)
    start, end = _place(record)
    text = f"AARE: {_told(answer)}"
    if asked:
        text += f"; the AARQ in record {proposal.record if proposal else 0} {asked}"
    return Refused(cause, confidence, text, asked, start, end, _others(answer, proposal, cause), answer.words)


def refused_in_part(one: Association | None, record: Record) -> Refused | None:
    """Name the cause of a refusal in an AARE that is cut or does not read to its end; None if there is none."""
    apdu = record.apdu
    aare = next((node for node in read_apdu(apdu.octets).walk() if node.name == "aare"), None) if apdu else None
    result = _under(aare, "result")
    said = [(name, _under(aare, "result-source-diagnostic", name)) for name in (_USER, _PROVIDER)]
    source, told = next(((name, node) for name, node in said if node is not None), ("", None))
    if apdu is None or result is None or told is None or not apdu.octets[result.start // 8]:
        return None
    number = apdu.octets[told.start // 8]
    proposal = one.proposal if one is not None else None
    refusal = apdu.octets[result.start // 8]
    answer = Answer(record.number, record.time_ns, refusal, (source, number), "", "", b"", None, None, None, None)
    cause, confidence = _cause(answer, proposal)
    text = f"the AARE is not whole, and yet it says {answer.words}"
    start, end = (apdu.at + result.start // 8, apdu.at + told.end // 8) if apdu.at >= 0 else (0, 0)
    return Refused(cause, confidence, text, "", start, end, _others(answer, proposal, cause), answer.words)


def _under(node: Node | None, *names: str) -> Node | None:
    """Give the value under a node that is whole; None where the octets do not reach as far."""
    for name in (*names, "value"):
        node = node.child(name) if node is not None else None
    return node


def _without_aare(record: Record, asked: str) -> Refused:
    """Name the cause where exception-response or confirmedServiceError answers an AARQ."""
    apdu = record.apdu
    family = apdu.family if apdu is not None else "something else"
    cause, confidence = "request-refused", POSSIBLE
    if apdu is not None and apdu.entry is not None and apdu.values is not None:
        slots, values = apdu.entry.slots, apdu.values
        if family == "exception-response":
            cause, confidence = _EXCEPTION_CAUSES.get(values[slots["service_error"]], (cause, confidence))
        elif "error_class" in slots:
            found = _ERROR_CAUSES.get((values[slots["error_class"]], values[slots["error"]]))
            cause, confidence = (found, CERTAIN) if found is not None else (cause, confidence)
    text = f"the AARQ was answered with {family}"
    return Refused(cause, confidence, f"{text}; it {asked}" if asked else text, asked, subject=family)


def _told(answer: Answer) -> str:
    told = answer.words
    if answer.initiate_error is not None:
        kind, error = answer.initiate_error
        told += f", {SERVICE_ERROR_CLASS.get(kind, kind)} error {named_error(kind, error)} ({error})"
    return told if answer.has_user_information else f"{told}, without user-information"


def _asked(proposal: Proposal | None) -> str:
    """Say what the client asked for."""
    if proposal is None:
        return ""
    parts = [APPLICATION_CONTEXT.get(proposal.context, proposal.context or "no context")]
    mechanism = MECHANISM.get(proposal.mechanism, proposal.mechanism) if proposal.mechanism else "no authentication"
    parts.append(mechanism + ("" if proposal.has_secret or not proposal.mechanism else ", without a password"))
    if proposal.title:
        parts.append(f"system title {proposal.title.hex().upper()}")
    if proposal.max_pdu_size is not None:
        parts.append(f"PDUs of {proposal.max_pdu_size or 'any number of'} octets")
    if proposal.version not in (None, _VERSION):
        parts.append(f"DLMS version {proposal.version}")
    return f"asked for {', '.join(parts)}"


def _cause(answer: Answer, proposal: Proposal | None) -> tuple[str, str]:
    """Find the cause: the initiate error says most, then the diagnostic, then what is odd in the proposal.

    That the application refuses says nothing where a diagnostic names the reason.
    """
    is_reasoned = answer.diagnostic[0] == _USER and answer.diagnostic[1] in _DIAGNOSTIC_CAUSES
    if answer.initiate_error in _ERROR_CAUSES and not (is_reasoned and answer.initiate_error == _BY_HANDLER):
        return _ERROR_CAUSES[answer.initiate_error], CERTAIN
    source, number = answer.diagnostic
    if source != _USER:
        return ("version-too-low", LIKELY) if number == _TRANSIENT else _odd(answer, proposal)
    if number in _DIAGNOSTIC_CAUSES:
        if number == _NOT_AUTHENTIC and proposal is not None and proposal.mechanism != _LOW_LEVEL:
            if not proposal.mechanism:
                return "mechanism-not-accepted", LIKELY
            if proposal.context in CIPHERED:
                return "proposal-undecipherable", POSSIBLE  # the AARQ has a challenge in place of a secret
        return _DIAGNOSTIC_CAUSES[number]
    return _odd(answer, proposal)


def _odd(answer: Answer, proposal: Proposal | None) -> tuple[str, str]:
    """Find what is odd in a proposal that was refused without a reason."""
    if answer.result == _TRANSIENT:
        return "meter-busy", LIKELY
    if proposal is None:
        return "refused-without-reason", POSSIBLE
    oddities = (
        (not proposal.has_user_information, "user-information-missing", LIKELY),
        (bool(answer.context) and answer.context != proposal.context, "wrong-context", LIKELY),
        (proposal.version is not None and proposal.version < _VERSION, "version-too-low", LIKELY),
        (proposal.max_pdu_size is not None and 0 < proposal.max_pdu_size < _LEAST_SIZE, "pdu-size-too-short", LIKELY),
        (_lacks_title(proposal), "client-title-unknown", LIKELY),
        (proposal.conformance == 0, "conformance-incompatible", LIKELY),
        (bool(proposal.mechanism) and not proposal.has_secret, "wrong-password", LIKELY),
        (proposal.is_ciphered, "proposal-undecipherable", POSSIBLE),
    )
    return next(((cause, how) for is_so, cause, how in oddities if is_so), ("refused-without-reason", POSSIBLE))


def _lacks_title(proposal: Proposal) -> bool:
    needs = proposal.context in CIPHERED or proposal.mechanism in _TITLED
    return needs and len(proposal.title) != _TITLE_SIZE


def _others(answer: Answer, proposal: Proposal | None, cause: str) -> tuple[Alternative, ...]:
    found = []
    if cause == "wrong-password":
        found.append(Alternative("client-sap-unknown", POSSIBLE, "the client address may be one with another secret"))
        found.append(Alternative("meter-busy", POSSIBLE, "the meter may be locked after wrong tries"))
    if cause == "proposal-undecipherable" and answer.diagnostic[1] == _NOT_AUTHENTIC:
        found += [Alternative(other, POSSIBLE, text) for other, text in _NOT_AUTHENTIC_OTHERS]
    if answer.context and proposal is not None and answer.context != proposal.context and cause != "wrong-context":
        offered = APPLICATION_CONTEXT.get(answer.context, answer.context)
        found.append(Alternative("wrong-context", POSSIBLE, f"the meter answers with the context {offered}"))
    if cause == "refused-without-reason":
        if proposal is None or proposal.mechanism:
            found.append(Alternative("wrong-password", POSSIBLE, "many meters give no reason for a wrong password"))
        else:
            text = "the meter may want a password or high level security of this client"
            found.append(Alternative("mechanism-not-accepted", POSSIBLE, text))
        found.append(Alternative("client-sap-unknown", POSSIBLE, "the meter may not know this client address"))
    if cause == "client-title-unknown" and answer.diagnostic[1] != 3:
        found.append(Alternative("proposal-undecipherable", POSSIBLE, "without the title nothing can be deciphered"))
    return tuple(found)


def _place(record: Record) -> tuple[int, int]:
    """Find result and diagnostic among the octets of the record."""
    apdu = record.apdu
    if apdu is None or apdu.at < 0:
        return 0, 0
    start = apdu.octets.find(b"\xa2\x03\x02\x01")
    if start < 0:
        return 0, 0
    end = start + 5 + (7 if apdu.octets[start + 5 : start + 6] == b"\xa3" else 0)
    return apdu.at + start, apdu.at + end
