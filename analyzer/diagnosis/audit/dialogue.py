"""What there is to check of services, and what the octets say against the negotiation."""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, Ledger, closing, watcher
from analyzer.diagnosis.words import seconds
from analyzer.record import APDU, MESSAGE, PART, REQUEST, RESPONSE, Record
from analyzer.tracking.history import Association
from analyzer.tracking.opening import Answer, Proposal, conformance_names
from analyzer.tracking.roles import is_closed
from analyzer.tracking.usual_exchanges import FIRST_RESULT, is_error
from dissectors.enumerations import APPLICATION_CONTEXT

_RESULTS = {
    b"\xc4\x03": "result", b"\xc5\x04": "result", b"\xc5\x05": "result", b"\xc7\x03": "list_of_responses",
    b"\x0c": "results", b"\x0d": "results",
}  # fmt: skip
"""Where the results of an answer stand, by how it begins."""
_ONE_RESULT = (b"\xc4\x01", b"\xc5\x01", b"\xc7\x01")
"""How answers begin with one result: a refusal may be one for all."""
_RESULT_AT = 3
_GENERAL_BLOCK, _BY_BLOCKS = 0xE0, "general-block-transfer"
_ENDS = {"aare": "refused", "rlre": "released", "abrt": "aborted"}
_DISCONNECTS = (0x43, 0x53)
_VAA_NAMES = {"2.16.756.5.8.1.1": 7, "2.16.756.5.8.1.2": 0xFA00, "2.16.756.5.8.1.3": 7, "2.16.756.5.8.1.4": 0xFA00}
"""VAA names, by application context."""
_VERSION, _LEAST_SIZE = 6, 12
_ACCEPTED = (0, 14)
"""Diagnostics of an AARE that accepts: null, authentication-required."""
_SERVICES = frozenset({0xC0, 0xC1, 0xC3, 0xD9, 0x05, 0x06, 0x16, 0xC2, 0x0F})
_INVOKED = frozenset({0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7})
"""Tags of APDUs whose octet 2 is invoke-id-and-priority."""


class _Way(NamedTuple):
    """A way of referencing, and the tags of services of the other way."""

    name: str
    others: frozenset[int] = frozenset()


_UNKNOWN = _Way("")
_BY_NAME = (_Way("SN", frozenset({0xC0, 0xC1, 0xC3, 0xD9})), _Way("LN", frozenset({0x05, 0x06, 0x16})))
_FITTING = {0xC0: b"\1\2", 0xC1: b"\1", 0xC3: b"\1\2"}
"""By the tag of a request of one thing in one piece: how its answer may go on behind its own tag."""
_REFERENCING = {f"2.16.756.5.8.1.{arc}": _BY_NAME[arc % 2] for arc in range(1, 5)}
"""By application context: its way of referencing."""
_OF_RESPONSE, _SAME = 4, 0xC0
"""What a tag of a response has more than that of its request, and the bits that a response gives back."""
_CLASSED = {b"\xc0": "get-request", b"\xc1": "set-request", b"\xc3": "action-request"}
_SERVED = frozenset({b"\xc4", b"\xc5", b"\xc7", b"\xda", b"\x0c", b"\x0d"})
"""Tags of answers to services."""
_GET, _CONFIRMED = b"\xc0", 0x40
_TEXT_STARTS, _TEXT_ENDS = (0x01, 0x02), (0x03, 0x04, 0x84)
"""How messages with a check character begin, and what stands before it, with even parity, too."""
_TELEGRAM_END, _TELEGRAM_TAIL = re.compile(rb"![0-9A-Fa-f]{4}\s*$"), 12
_BLOCKS = {
    0xC0: (b"\2",), 0xC1: (b"\2", b"\3", b"\5"), 0xC3: (b"\2", b"\4", b"\5", b"\6"),
    0xC4: (b"\2",), 0xC5: (b"\2", b"\3", b"\4"), 0xC7: (b"\2", b"\4"), 0xE0: (),
}  # fmt: skip
"""The choices of block transfers, by tag; none for any."""


@watcher
def sorts(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Take down what there is to check in a record."""
    number, control = record.number, record.control
    if record.link in ("hdlc", "wrapper", "mbus"):
        ledger.saw(record.link, number)
    if control is not None and not control & 1 and record.kind in (APDU, PART):
        ledger.saw("hdlc-information", number)
    apdu = record.apdu
    if apdu is None or not apdu.octets:
        return
    ledger.saw("apdu", number)
    if record.link == "hdlc":
        ledger.saw("hdlc-apdu", number)
    tag = apdu.octets[0]
    if tag in _BLOCKS and (not _BLOCKS[tag] or apdu.octets[1:2] in _BLOCKS[tag]):
        ledger.saw("block", number)
    if tag == _GENERAL_BLOCK and one is not None and one.conformance is not None and _BY_BLOCKS not in one.conformance:
        ledger.find("conformance", FAIL, f"blocks go by {_BY_BLOCKS}, which was not agreed", number)
    if tag in _SERVICES and one is not None and one.conformance is not None:
        ledger.saw("service", number)
    elif tag in _SERVICES and one is not None and one.proposal is not None and one.answer is not None:
        text = _said(one.answer) or "what was agreed is enciphered, and no key opens it"
        ledger.find("conformance", INCONCLUSIVE, text, one.answer.record)
    if tag in _SERVICES and one is not None and record.direction == REQUEST:
        _referenced(ledger, record, one, tag)
    if tag in _INVOKED and record.direction == RESPONSE and record.request is not None:
        ledger.saw("answer", number)


def _referenced(ledger: Ledger, record: Record, one: Association, tag: int) -> None:
    """Hold the service of a request against the way of referencing that both sides opened for."""
    last = one.answer or one.proposal
    way = _REFERENCING.get(last.context, _UNKNOWN) if last is not None else _UNKNOWN
    if last is None or tag not in way.others or record.apdu is None:
        return
    if one.proposal is None or _REFERENCING.get(one.proposal.context, _UNKNOWN) is way:
        text = f"{record.apdu.family} in an association that was opened for referencing by {way.name}"
        ledger.find("conformance", FAIL, text, last.record, record.number)


@watcher
def given_back(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Hold the form of an answer, its service class and its priority against those of its request."""
    apdu = record.apdu
    if apdu is None or len(apdu.octets) < 3 or apdu.octets[0] not in _INVOKED or record.problem:
        return
    tag, choice, own = apdu.octets[:3]
    if record.direction == REQUEST:
        ledger.remember("asked", record.number, (tag, choice, own))
        return
    asked = ledger.state["asked"].pop(record.request, None) if record.direction == RESPONSE else None
    if not isinstance(asked, tuple) or record.request is None:
        return
    if (asked[2] ^ own) & _SAME:
        text = f"invoke-id-and-priority is {own:02X} in an answer, and {asked[2]:02X} in its request"
        ledger.find("invoke-id", FAIL, text, record.request, record.number)
    if asked[1] == 1 and tag == asked[0] + _OF_RESPONSE and choice not in _FITTING[asked[0]]:
        text = f"{apdu.entry.asn1 if apdu.entry is not None else apdu.family} answers a request of one thing"
        ledger.find("answers", FAIL, text, record.request, record.number)


@watcher
def counted(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Hold the number of results against the number of what was asked for."""
    apdu = record.assembled or record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or record.kind == PART:
        return
    if record.direction != RESPONSE or record.request is None or not record.objects:
        return
    name = _RESULTS.get(apdu.octets[:2]) or _RESULTS.get(apdu.octets[:1])
    results = len(apdu.values[apdu.entry.slots[name]]) if name in apdu.entry.slots else 1
    is_one = apdu.octets[:2] in _ONE_RESULT and len(apdu.octets) > _RESULT_AT and not apdu.octets[_RESULT_AT]
    if (name or is_one) and results != len(record.objects):
        text = f"results in an answer: {results}; its request asks for {len(record.objects)}"
        ledger.find("answers", FAIL, text, record.request, record.number)


@watcher
def served(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look for services that a meter serves when their association is over: an AARQ opens the next one."""
    about = record.lane.conversation, record.client, record.server, record.gateway
    state = ledger.state["association"].get(about)
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        if record.link == "hdlc" and record.control in _DISCONNECTS and state is not None:
            ledger.remember("association", about, ("disconnected", record.number))
        return
    family = apdu.family
    if family == "aarq" or (family == "aare" and not apdu.values[apdu.entry.slots["result"]]):
        ledger.remember("association", about, ("open", record.number))
    elif family in _ENDS:
        ledger.remember("association", about, (_ENDS[family], record.number))
    elif isinstance(state, tuple) and state[0] != "open" and record.direction == RESPONSE:
        is_served = apdu.octets[0] in FIRST_RESULT and apdu.octets[1:2] == b"\1" and not is_error(apdu.octets)
        if is_served and (record.request or 0) > state[1]:
            text = f"a service is served after the association was {state[0]} in record {state[1]}"
            ledger.find("association", FAIL, text, state[1], record.number)


@watcher
def classed(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look for answers to requests that ask for none by their service class.

    GET makes no sense without an answer, and examples of the standard leave its bit 0: that decides nothing.
    """
    apdu = record.apdu
    if apdu is None or record.kind == PART:
        return
    octets = apdu.octets
    if record.direction == REQUEST:
        if octets[:1] in _CLASSED and len(octets) > 2 and not octets[2] & _CONFIRMED:
            ledger.remember("classed", record.number, octets[:1])
            ledger.saw("unconfirmed", record.number)
    elif record.direction == RESPONSE and record.request is not None:
        asked = ledger.state["classed"].get(record.request)
        if isinstance(asked, bytes):
            verdict = INCONCLUSIVE if asked == _GET else FAIL
            text = f"the service class of {_CLASSED[asked]} is unconfirmed, and it is answered"
            ledger.find("service-class", verdict, text, record.request, record.number)


@watcher
def summed(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Take down messages of text and telegrams that carry a check of their octets."""
    if record.problem or record.kind != MESSAGE:
        return
    octets = record.closed.plaintext if record.closed is not None and record.closed.plaintext else record.octets
    if record.link == "p1":
        if _TELEGRAM_END.search(octets[-_TELEGRAM_TAIL:]):
            ledger.saw("telegram-crc", record.number)
    elif octets[-2:-1] and octets[-2] in _TEXT_ENDS and octets[0] & 0x7F in _TEXT_STARTS:
        ledger.saw("check-character", record.number)


@watcher
def reacted(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Measure how soon a message of text is answered, on lines whose characters have times."""
    took = record.latency_ns
    if took is None or record.start_ns is None or record.link != "iec62056-21":
        return
    if not record.lane.text.startswith("serial"):
        return
    ledger.saw("timed-message", record.number)
    before = ledger.state["reacted"].get("")
    least, most, pause = before if isinstance(before, tuple) else (took, took, 0)
    least, most, pause = min(least, took), max(most, took), max(pause, record.pause_ns)
    ledger.remember("reacted", "", (least, most, pause))
    paused = f", the longest pause {seconds(pause)}" if pause else ""
    ledger.figures["reaction-times"] = f"after {seconds(least)} to {seconds(most)} here{paused}"


_ANY = 0xFFFF
"""All invoke-ids, a bit each."""


@watcher
def invoked(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Hold the invoke-id of an answer against those that requests of its association had."""
    apdu = record.apdu
    if one is None or one.proposal is None or apdu is None or len(apdu.octets) < 3:
        return
    if apdu.octets[0] not in _INVOKED:
        if record.direction == REQUEST and is_closed(apdu.family):
            ledger.remember("invoked", one.number, _ANY)  # nobody knows which it has
        return
    invoke_id = apdu.octets[2] & 0x0F
    before = ledger.state["invoked"].get(one.number)
    used = before if isinstance(before, int) else 0
    if record.direction == REQUEST:
        ledger.remember("invoked", one.number, used | 1 << invoke_id)
    elif record.direction == RESPONSE and not used >> invoke_id & 1:
        ledger.find("invoke-id", FAIL, f"an answer has invoke-id {invoke_id}, and no request had it", record.number)


@closing
def unanswered(ledger: Ledger) -> None:
    """Look for requests that wait for their answer where the capture ends."""
    for one in ledger.doctor.associations:
        for each in one.waiting.values():
            if each.is_confirmed:
                text = f"{each.service} has no answer where the capture ends"
                ledger.find("answers", INCONCLUSIVE, text, each.request, is_general=True)


@closing
def openings(ledger: Ledger) -> None:
    """Hold each AARE against its AARQ."""
    for one in ledger.doctor.associations:
        proposal, answer = one.proposal, one.answer
        if proposal is None or answer is None:
            continue
        if answer.result:
            _refused(ledger, proposal, answer)
            continue
        ledger.saw("opening", answer.record)
        if why := _not_granted(answer):
            ledger.find("negotiation", FAIL, why, proposal.record, answer.record)
        elif proposal.conformance is None or answer.conformance is None:
            text = "an initiate APDU is enciphered, and no key opens it"
            ledger.find("negotiation", INCONCLUSIVE, text, proposal.record, answer.record)
        _negotiated(ledger, proposal, answer)
        _parameters(ledger, proposal, answer)


def _refused(ledger: Ledger, proposal: Proposal, answer: Answer) -> None:
    """Look for an AARE that refuses and does not say why: one that grants all the same contradicts itself."""
    if answer.diagnostic[1] not in _ACCEPTED:
        return
    ledger.saw("opening", answer.record)
    verdict, text = INCONCLUSIVE, f"the AARE refuses, and gives no reason: {answer.words}"
    if answer.has_user_information and answer.initiate_error is None:
        verdict, text = FAIL, f"{text}; it carries an initiateResponse, which accepts"
    ledger.find("negotiation", verdict, text, proposal.record, answer.record)


def _said(answer: Answer) -> str:
    return f"the AARE says {answer.words}" if answer.result else _not_granted(answer)


def _not_granted(answer: Answer) -> str:
    """Say why an AARE that accepts grants nothing, or denies in the same breath; empty where it does not."""
    if not answer.has_user_information:
        return "the AARE accepts, and carries no initiateResponse"
    if answer.initiate_error is not None:
        return "the AARE accepts, and carries an error in place of an initiateResponse"
    if answer.diagnostic[1] not in _ACCEPTED:
        return f"the AARE accepts, and gives a reason to refuse: {answer.words}"
    return ""


def _negotiated(ledger: Ledger, proposal: Proposal, answer: Answer) -> None:
    records = proposal.record, answer.record
    more = (answer.conformance or 0) & ~(proposal.conformance if proposal.conformance is not None else -1)
    if more:
        names = ", ".join(conformance_names(more) or ())
        ledger.find("negotiation", FAIL, f"the AARE grants {names}, which the AARQ does not propose", *records)
    if answer.context and proposal.context and answer.context != proposal.context:
        asked, told = (APPLICATION_CONTEXT.get(each, each) for each in (proposal.context, answer.context))
        ledger.find("negotiation", FAIL, f"the AARE accepts {told}, the AARQ proposes {asked}", *records)


def _parameters(ledger: Ledger, proposal: Proposal, answer: Answer) -> None:
    has_answer = answer.has_user_information and answer.initiate_error is None
    for who, told, version, size, is_there in (
        ("AARQ", proposal.record, proposal.version, proposal.max_pdu_size, proposal.has_user_information),
        ("AARE", answer.record, answer.version, answer.max_pdu_size, has_answer),
    ):
        if is_there and version is None and size is None:
            ledger.find("initiate-parameters", INCONCLUSIVE, f"the initiate APDU of the {who} does not open", told)
        if version is not None and version != _VERSION:
            ledger.find("initiate-parameters", FAIL, f"the {who} has DLMS version {version}", told)
        if size is not None and 0 < size < _LEAST_SIZE:
            ledger.find("initiate-parameters", FAIL, f"the {who} takes {size} octets in an APDU", told)
    wanted = _VAA_NAMES.get(answer.context)
    if wanted is not None and answer.vaa_name is not None and answer.vaa_name != wanted:
        text = f"the VAA name of the AARE is {answer.vaa_name:04X}, and not {wanted:04X}"
        ledger.find("initiate-parameters", FAIL, text, answer.record)


@watcher
def replays(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look whether a meter answers a request that came before, octet by octet, with more than a refusal."""
    if record.direction == REQUEST:
        if any(note.cause == "replay" for note in record.notes):
            ledger.remember("replay", record.number, True)
        return
    asked, apdu = record.request, record.apdu
    if asked is None or apdu is None or not ledger.state["replay"].get(asked):
        return
    if apdu.octets[:1] not in _SERVED or is_error(apdu.octets):
        return
    text = f"the meter answers record {asked}, a replay, as if it were new"
    ledger.find("counters", FAIL, text, asked, record.number, is_general=True)
