"""Services: answers that are no success or do not come, blocks that are lost, and what nobody agreed on.

Source: IEC 62056-5-3 (xDLMS services, Long services, Conformance).
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from analyzer.diagnosis.conformance import Lacking, lacking, missing_bits
from analyzer.diagnosis.cut_transfers import CutTransfers
from analyzer.diagnosis.family import Family, Look, severity_with
from analyzer.diagnosis.frame_settles import CLOSED, plain_under_cipher
from analyzer.diagnosis.general_blocks import GeneralBlocks
from analyzer.diagnosis.lost import is_impatient
from analyzer.diagnosis.policy import demanded_of, hold_to_protection
from analyzer.diagnosis.refusals import REFUSING, service_refusals
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories
from analyzer.diagnosis.transfers import Transfers
from analyzer.diagnosis.two_points import TwoPoints
from analyzer.diagnosis.unanswered import answered_behind, in_flight, left_open, unanswered, unasked
from analyzer.record import APDU, MESSAGE, NOISE, PART, REQUEST, RESPONSE, Apdu, Record
from analyzer.tracking.associations import ASKED_AGAIN, ENDED, OVERTAKEN, PIPELINED, UNANSWERED, UNASKED, Event
from analyzer.tracking.history import ABORTED, BY_SERVER, Association, Usual
from dissectors.tree import Note

_SUCCESS_AT = {0xC4: (0, 3, 8), 0xC5: (0, 3, -1), 0xC7: (0, 3, -1)}
"""Where a first result stands, 0 for success, by tag and then by choice; -1 where there is none."""
_SHORTEST, _MOST_CHOICES = 4, 3
_GENERAL_BLOCK = 0xE0
_SECURITY_POLICY = (64, 2)
_LOOKED_AT = 8
"""So many closed APDUs of a lane are looked at for plain text: a reader that deciphers in place does so always."""
_MOST_TERMS, _MOST_USUAL = 4096, 4096
_ACSE = (b"\x60", b"\x61", b"\x62", b"\x63")
"""Tags of what opens and closes an association: nothing was agreed yet, or does not matter any more."""
_NORMAL = b"\1"
"""The choice of a request in its normal form."""
_TELLING = frozenset({"dm", "frame-rejected", "tcp-reset", "connection-closed"})
"""How an association is lost where that itself answers the request that waits."""


_NOTHING = (0, 0)


class Terms(NamedTuple):
    """What an association agreed on, made ready for comparing."""

    lacking: Lacking | None
    to_meter: int
    to_client: int
    """The largest APDUs in octets."""
    agreed: tuple[str, ...] = ()
    demanded: tuple[int, int] = _NOTHING
    """What requests and answers must be: the bits 10 (authenticated) and 20 (encrypted) of a security control."""
    usual: Usual | None = None
    """Requests that keep to it, and the size that answers keep to; None where more is demanded."""


_NO_LIMIT = sys.maxsize
_NO_TERMS = Terms(None, _NO_LIMIT, _NO_LIMIT)


class ServiceFamily(Family):
    """Results, errors in place of an answer, missing answers, block transfers, conformance and sizes."""

    links = None
    kinds = frozenset({APDU, PART, MESSAGE, NOISE})
    skips_usual = frozenset({APDU})
    codes = frozenset({"block-lost", "block-repeated", "invocation-counter-repeated", "undecipherable"})
    events = frozenset({ASKED_AGAIN, UNANSWERED, UNASKED, OVERTAKEN, PIPELINED, ENDED})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._terms: dict[int | None, Terms] = {None: _NO_TERMS}
        self._requests: dict[tuple[tuple[str, ...] | None, int], dict[bytes, str]] = {}
        """By what was agreed, and the largest APDU that the meter takes: requests that keep to it."""
        self._closed: dict[str, int] = {}
        """By lane: closed APDUs in a row in which no plain text was found."""
        self._first_closed: dict[str, Fact] = {}
        """By lane: that one APDU stays closed of a key that opened others."""
        self._changed: dict[str, Fact] = {}
        """By lane: that the newest APDU stays closed of a key that was changed, as it seems."""
        self._stray: dict[int, Record] = {}
        """By conversation: the newest answer between two that asked each other for nothing."""
        self._unasked: dict[int, Record] = {}
        """By conversation: the newest answer that no request waited for."""
        self._transfers = Transfers(self)
        self._general = GeneralBlocks(self)
        self._cut, self._two_points = CutTransfers(self), TwoPoints(self)
        self._running, self._sent, self._over = self._transfers.running, self._transfers.sent, self._general.over
        self._left = self._transfers.left

    def look(self, record: Record) -> None:
        """Look at the APDU of *record*."""
        if self._changed and record.closed is not None and record.closed.is_opened:
            self._opens_again(record, record.closed.key)
        apdu = record.assembled or record.apdu
        if apdu is None or not apdu[0]:
            if record.part_of is not None:
                self._cut.look(record)
            return
        octets, direction = apdu[0], record.direction
        terms = self._terms.get(record.association) or self._make_terms(record.association or 0, octets)
        unmet, to_meter, to_client, _, demanded, usual = terms
        if direction is RESPONSE:
            is_usual = len(octets) <= to_client and _is_success(octets)
        else:
            limit = to_meter if direction is REQUEST else to_client
            is_usual = octets[0] not in CLOSED and len(octets) <= limit and not _asks_for(unmet, octets)
        if not is_usual or demanded is not _NOTHING:
            self._hold_to(terms, record, apdu)
        if record.parts or (record.kind is PART and record.part_of is not None):
            if octets[0] == _GENERAL_BLOCK or record.parts:
                self._general.look(record)
            self._transfers.look(record)
            self._cut.look(record)
        elif octets[0] == _GENERAL_BLOCK:
            self._general.look(record)
        elif self._running or self._sent or self._left:
            self._transfers.look(record)
        if direction is REQUEST:
            if self._over:
                self._general.asked(record)
            if usual is not None and is_usual and octets[1:2] == _NORMAL:
                if len(usual.requests) >= _MOST_USUAL:
                    usual.requests.clear()
                usual.requests[octets] = apdu.family
        if usual is not None:
            self._let_pass(record, unmet, usual)

    def _let_pass(self, record: Record, unmet: Lacking | None, usual: Usual) -> None:
        """Let usual exchanges of the association pass from here on; in a transfer, what asks for the next block."""
        one = self._association(record)
        if one is None or one.services_first is None or one.ending is not None:
            return
        if self._over or (self._left and self._transfers.holds(record.association)):
            one.usual = None
        elif record.association in self._running:
            requests = self._transfers.next_request(one)
            one.usual = None if any(_asks_for(unmet, each) for each in requests) else Usual(requests, usual.longest)
        else:
            one.usual = usual

    def _hold_to(self, terms: Terms, record: Record, apdu: Apdu) -> None:
        """Look closely at an APDU that is none of the usual ones, or of which more is demanded."""
        unmet, to_meter, to_client, agreed, demanded, _ = terms
        octets, direction = apdu.octets, record.direction
        if direction is RESPONSE and octets[0] in REFUSING and not _is_success(octets):
            self._refused(record)
        limit = to_meter if direction is REQUEST else to_client
        if len(octets) > limit:
            self._hold_to_size(record, limit)
        if octets[0] in CLOSED and self._closed.get(record.lane.text, 0) < _LOOKED_AT:
            self._look_into(record, apdu)
        if demanded is not _NOTHING:
            hold_to_protection(self, record, demanded[direction is not REQUEST])
        if direction is not RESPONSE and _asks_for(unmet, octets):
            self._hold_to_conformance(record, agreed)

    def _look_into(self, record: Record, apdu: Apdu) -> None:
        """Look for plain text in a closed APDU: a lane in which there was none for a while has none."""
        lane = record.lane.text
        self._closed[lane] = 0 if self._is_open_already(record, apdu) else self._closed.get(lane, 0) + 1

    def answered(self, record: Record) -> Look | None:
        """Hold what follows to a security policy that the meter just told."""
        if any((one.class_id, one.attribute) == _SECURITY_POLICY and not one.is_method for one in record.objects):
            self._told_policy(record)
            return self._told_policy
        return None

    def _told_policy(self, record: Record) -> None:
        self._terms.pop(record.association or 0, None)
        one = self._association(record)
        if one is not None:
            one.usual = None

    def _is_open_already(self, record: Record, apdu: Apdu) -> bool:
        """Tell whether plain text stands under the header of a ciphered APDU, and report that."""
        found = plain_under_cipher(apdu.octets)
        if found is None:
            return False
        start = max(apdu.at, 0) + found[0]
        text = (
            f"the header of {apdu.family} says ciphered, and behind its invocation counter a plain APDU stands that "
            "reads whole: it was deciphered in place, and no key opens it"
        )
        self.report(
            record, "already-deciphered", "decrypted-in-place", CERTAIN, text, start=start, end=start + found[1]
        )
        return True

    def event(self, record: Record, event: Event) -> None:
        """Look at what became of requests."""
        ending = event.association.ending
        is_aborted = ending is not None and (ending.how, ending.by) == (ABORTED, BY_SERVER)
        is_told = is_aborted or (ending is not None and ending.reason in _TELLING)
        if event.kind in (ASKED_AGAIN, UNANSWERED) and event.exchange is not None:
            if ending is not None and is_told and event.exchange.request <= ending.at.record:
                return  # how the association was lost answers it
            unanswered(
                self, record, event.association, event.exchange, is_repeated=event.kind == ASKED_AGAIN,
                stray=self._stray.get(event.association.conversation),
                early=self._unasked.get(event.association.conversation),
            )  # fmt: skip
        elif event.kind == UNASKED and not is_aborted:
            if event.association.first.record == record.number:
                if len(self._stray) >= _MOST_TERMS:
                    self._stray.clear()
                self._stray[record.lane.conversation] = record
            if len(self._unasked) >= _MOST_TERMS:
                self._unasked.clear()
            self._unasked[record.lane.conversation] = record
            unasked(self, record, event.association, event.exchange)
        elif event.kind == OVERTAKEN and event.exchange is not None:
            answered_behind(self, event.association, event.exchange.request)
        elif event.kind == PIPELINED and event.exchange is not None:
            in_flight(self, record, event.association, event.exchange)
        elif event.kind == ENDED:
            self._terms.pop(event.association.number or 0, None)
            for asked in event.association.waiting.values():
                is_let_go = (
                    ending is not None and ending.how == ABORTED and is_impatient(event.association, ending, asked)
                )
                if asked.is_confirmed and not is_told and not is_let_go:
                    unanswered(self, record, event.association, asked, is_repeated=False)
            self._transfers.end(event.association)

    def note(self, record: Record, note: Note) -> bool:
        """Tell why a block is missing, or came again, and what does not open from what is open already."""
        if note.code == "undecipherable":
            if record.apdu is not None and self._is_open_already(record, record.apdu):
                return True
            self._stays_closed(record, note)
            return False
        if note.code == "invocation-counter-repeated":
            self._repeated(record, note)
            return False
        (self._transfers.lost if note.code == "block-lost" else self._transfers.repeated)(record, note)
        return False

    def _repeated(self, record: Record, note: Note) -> None:
        """Report a counter that came again: of a request that was answered, its client did not take the answer."""
        one = self._association(record)
        last = one.exchanges[-1] if one is not None and one.exchanges else None
        is_asked = note.cause == "retransmission" and record.direction is REQUEST
        if last is None or not is_asked or note.before != last.request:
            self._two_points.repeated(record, note)
            return
        text = f"{note.text}, which was answered in record {last.response}"
        others = [Alternative("replay", POSSIBLE, "somebody else may have sent it once more")]
        self.report(record, note.code, "answer-not-taken", LIKELY, text, alternatives=others)

    def _stays_closed(self, record: Record, note: Note) -> None:
        """Report what does not open; the first of several is told as the others once they show that the key changed."""
        lane = record.lane.text
        first = self._first_closed.pop(lane, None)
        if first is not None and note.cause == "new-key-after-change":
            self.stories.take_back(first)
            self.stories.add(first.told_as(note.cause, note.confidence))
        told = self.report_note(record, note)
        if told.cause == "new-key-after-change":
            _keep(self._changed, lane, told)
        elif (told.cause, told.confidence) == ("octets-damaged", POSSIBLE):
            _keep(self._first_closed, lane, told)

    def _opens_again(self, record: Record, key: str) -> None:
        """Take back that a key was changed where it opens again: the sender has a second key, which is not given."""
        fact = self._changed.get(record.lane.text)
        story = self.stories.of_fact(fact) if fact is not None else None
        if fact is None or story is None or key not in fact.evidence.text:
            return
        del self._changed[record.lane.text]
        self.stories.take_back(fact)
        text = (
            f"nothing reads under {key}, which opens record {record.number} all the same: this sender uses a second key"
        )
        cause = "second-key-needed"
        told = fact._replace(
            cause=cause, severity=severity_with(fact.code, cause), evidence=fact.evidence._replace(text=text)
        )
        again = self.stories.add(told)
        if again is not None and story.count:
            self.stories.fold(again, [story])

    def finish(self) -> None:
        """Report requests that were never answered though the capture went on, and blocks that never came."""
        self._general.finish()
        self._cut.finish()
        last = max((one.last_ns for one in self.associations if one.last_ns is not None), default=None)
        self._transfers.finish(last)
        for one in self.associations:
            for asked in list(one.waiting.values()) if one.ending is None else ():
                if asked.is_confirmed and last is not None and asked.asked_ns is not None:
                    waited = last - asked.asked_ns
                    unanswered(self, None, one, asked, is_repeated=False, waited_ns=waited)

    def left_open(self) -> None:
        """Note a request at the end of a log."""
        for one in self.associations:
            if one.ending is None:
                left_open(self, one)

    # -- refusals -------------------------------------------------------------------------------------------------

    def _refused(self, record: Record) -> None:
        number = record.association
        one = self.associations.of(number) if number is not None else None
        for each in service_refusals(record, one, self.meters.of_record(record), self.meters.names_of(record)):
            self.report(
                record, each.code, each.cause, each.confidence, each.text, subject=each.subject,
                alternatives=each.alternatives,
            )  # fmt: skip

    # -- what was agreed ------------------------------------------------------------------------------------------

    def _make_terms(self, number: int, octets: bytes) -> Terms:
        """Make ready what an association agreed on, once its AARE has passed."""
        one = self.associations.of(number)
        if one is None or octets[:1] in _ACSE:
            return _NO_TERMS
        if len(self._terms) >= _MOST_TERMS:
            self._terms = {None: _NO_TERMS}
        agreed = one.conformance
        demanded = demanded_of(one, self.meters.of(one.meter))
        to_meter = (one.answer.max_pdu_size or _NO_LIMIT) if one.answer is not None else _NO_LIMIT
        to_client = (one.proposal.max_pdu_size or _NO_LIMIT) if one.proposal is not None else _NO_LIMIT
        terms = self._terms[number] = Terms(
            lacking(agreed) if agreed is not None else None,
            to_meter,
            to_client,
            agreed or (),
            demanded if any(demanded) else _NOTHING,
            None if any(demanded) else Usual(self._requests.setdefault((agreed, to_meter), {}), to_client),
        )
        return terms

    def _hold_to_conformance(self, record: Record, agreed: tuple[str, ...]) -> None:
        one = self._association(record)
        apdu = record.assembled or record.apdu
        if one is None or apdu is None:
            return
        for bit in missing_bits(apdu, agreed):
            answer = one.answer.record if one.answer is not None else 0
            text = f"{apdu.family} needs the service {bit}, which is not in the conformance agreed in record {answer}"
            self.report(
                record, "conformance-violated", "service-not-agreed", CERTAIN, text, subject=bit,
                further=[Evidence(answer, 0, 0, f"agreed: {', '.join(agreed)}")],
            )  # fmt: skip

    def _hold_to_size(self, record: Record, limit: int) -> None:
        """Compare an APDU as it stood with the size that its receiver takes; blocks of GBT are each within it."""
        one = self._association(record)
        if one is None or one.general_blocks or record.apdu is None or record.assembled is not None:
            return
        size = len(record.protection[0].stood if record.protection else record.apdu.octets)
        is_asked = record.direction is REQUEST
        side, other = ("client", "meter") if is_asked else ("meter", "client")
        told = one.answer if is_asked else one.proposal
        place = told.record if told is not None else 0
        text = f"the {side} sends {size} octets in one APDU, the {other} takes {limit} (record {place})"
        cause = "size-ignored"
        further = [Evidence(place, 0, 0, f"the {other} takes {limit} octets")]
        self.report(record, "pdu-too-long", cause, CERTAIN, text, subject=side, further=further)

    def _association(self, record: Record) -> Association | None:
        return self.associations.of(record.association) if record.association is not None else None


def _asks_for(unmet: Lacking | None, octets: bytes) -> bool:
    """Tell whether an APDU asks for something that was not agreed, and so is among what is *unmet*."""
    return unmet is not None and any(octets.startswith(value, at) for _, _, at, value in unmet[octets[:2]])


def _keep(facts: dict[str, Fact], lane: str, fact: Fact) -> None:
    """Keep the newest fact of a lane, bounded."""
    while len(facts) >= _MOST_TERMS and lane not in facts:
        del facts[next(iter(facts))]
    facts[lane] = fact


def _is_success(octets: bytes) -> bool:
    """Tell whether an answer is one of the usual forms that say success; of all others that is looked up."""
    places = _SUCCESS_AT.get(octets[0])
    if places is None or len(octets) < _SHORTEST or octets[1] >= _MOST_CHOICES:
        return False
    place = places[octets[1]]
    return 0 < place < len(octets) and octets[place] == 0
