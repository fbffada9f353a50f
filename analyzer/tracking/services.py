"""Requests and answers of an association: what waits, which answer is whose, after how long, and what none came for."""

from __future__ import annotations

from itertools import pairwise
from operator import attrgetter

from analyzer.record import APDU, Record
from analyzer.tracking.association_ends import (
    ASKED_AGAIN,
    OVERTAKEN,
    PIPELINED,
    SLOW,
    UNANSWERED,
    UNASKED,
    Endings,
    Event,
)
from analyzer.tracking.history import BY_SERVER, REFUSED, Association, Exchange, Late, Mark
from analyzer.tracking.in_flight import GIVEN_UP_NS, gone_on, is_in_flight, patience_ns, reviewed
from analyzer.tracking.roles import REFUSALS
from analyzer.tracking.usual_exchanges import FIRST_RESULT, SLOW_NS, is_error, service_of

_MOST_WAITING = 32
_SIGNED = "general-signing"
"""What ACCESS of GBCS comes in: its invoke-id says unconfirmed, and meters answer it."""
_NO_PROOF = ("get-request", "set-request")
_PARAMETERIZED_ACCESS = 4
"""Of a read: how methods are invoked by short name."""
_INVOKE_IDS = 16
"""Without times: who asked for so much, one by one, behind an answer that overtook does not wait for the one before."""
_new = tuple.__new__


class Services(Endings):
    """The services of associations, and what ends those."""

    def _ask(self, one: Association, record: Record, octets: bytes, family: str, *, is_service: bool = True) -> None:
        """Let a request wait for its answer."""
        waiting = one.waiting
        if waiting:
            self._ask_again(one, record, octets, family)
        if one.services_first is None or one.hls_request < 0:
            self._ask_first(one, record, family, is_service=is_service)
        number = record.number
        one.asked = record
        if is_service and not waiting and one.hls_request != number:
            one.asking, one.asking_service, one.asking_pause_ns = record, family, one.pause_ns
        else:
            made = number, record.time_ns, family, record.objects, octets, 0, None, one.pause_ns
            waiting[number] = _new(Exchange, made)

    def _ask_first(self, one: Association, record: Record, family: str, *, is_service: bool) -> None:
        """Take a request before any of a service: who the client is, and whether it is pass 3."""
        if one.client_side is None:
            one.client_side = record.lane.side
        if not is_service:
            return
        at = Mark(record.number, record.time_ns)
        if one.hls_request < 0:
            one.hls_request = record.number
            one.hls_form = record.protection[0].entry.family if record.protection else family
            one.hls_is_left_out = _carries_no_proof(record, one.hls_form)
            one.authentication.append(at)
        elif one.services_first is None:
            one.services_first = at

    def _ask_again(self, one: Association, record: Record, octets: bytes, family: str) -> None:
        """Look at requests that still wait: the same one again, or others that were given up."""
        now = record.time_ns
        for number, asked in list(one.waiting.items()):
            if not asked.is_confirmed and not (asked.octets == octets and _is_answered_all_same(one, record, family)):
                del one.waiting[number]
            elif asked.octets == octets:
                one.repeats.append(record.number)
                self._give_up(one, asked, record.number, ASKED_AGAIN)
            elif (
                (asked.service == family and asked.octets[2:3] == octets[2:3])
                or len(one.waiting) >= _MOST_WAITING
                or (now is not None and asked.asked_ns is not None and now - asked.asked_ns > GIVEN_UP_NS)
            ):
                self._give_up(one, asked, record.number, UNANSWERED)

    def _give_up(self, one: Association, asked: Exchange, record: int, kind: str) -> None:
        del one.waiting[asked.request]
        one.unanswered.append(asked)
        service_of(one, asked.service).unanswered += 1
        self.events.append(Event(kind, one, record, asked))

    def _answer(self, one: Association, record: Record, octets: bytes, family: str, *, is_service: bool = True) -> None:
        """Take an answer: of which request, after how long, a success or not."""
        request = record.request
        asked = one.waiting.pop(request, None) if request is not None else None
        if one.client_side is None:
            one.client_side = 1 - record.lane.side
        if asked is None:
            self._unasked(one, record, octets, family)
            return
        request, asked_ns, name, objects, _, _, _, pause = asked
        service = one.services.get(name) or service_of(one, name)
        service.count += 1
        service.is_answered_all_same |= not asked.is_confirmed
        latency = record.latency_ns
        if latency is not None:
            service.latencies.append(latency)
            if not 0 <= latency < SLOW_NS:
                self.events.append(Event(SLOW, one, record.number, asked))
        if is_error(octets):
            service.errors += 1
        one.exchanges.append(_new(Exchange, (request, asked_ns, name, objects, b"", record.number, latency, pause)))
        if one.waiting:
            self._overtake(one, asked, record)
            if (
                latency is not None
                and SLOW_NS <= latency <= patience_ns(one, asked)
                and gone_on(one, one.exchanges[-1])
            ):
                one.overdue.append(asked)
        if one.overdue:
            self._review(one, record)
        if request == one.hls_request:
            self._authenticated(one, record, octets)
        elif one.services_first is None and is_service:
            one.services_first = Mark(request, asked_ns)
        if name == "aarq" and family in REFUSALS:
            self._end(one, REFUSED, Mark(record.number, record.time_ns), BY_SERVER, family)

    def _unasked(self, one: Association, record: Record, octets: bytes, family: str) -> None:
        """Take an answer that no request waits for; parts of one come on and on."""
        request = record.request
        late = None
        if request is not None:
            late = next((each for each in one.unanswered if each.request == request), None)
        is_waited_for = late is not None and not _is_given_up(one, late, record)
        if late is not None and is_waited_for and (late.asked_ns is None or is_in_flight(one, late)):
            one.unanswered.remove(late)
            service_of(one, late.service).unanswered -= 1
            one.waiting[late.request] = late
            self.events.append(Event(OVERTAKEN, one, record.number, late))
            self._answer(one, record, octets, family)
        elif record.kind is APDU or late is not None:
            if request is None and one.waiting:
                one.misanswer()
            if request is None or late is not None:
                self.events.append(Event(UNASKED, one, record.number, late))
            if late is not None and is_waited_for:
                if record.latency_ns is not None:
                    one.late[late.request] = Late(record.number, record.latency_ns, is_error(octets))
                one.overdue.append(late)
                self._review(one, record)

    def _overtake(self, one: Association, asked: Exchange, record: Record) -> None:
        """Give up the requests that were made before one that is answered now: answers come in order."""
        for older in [older for number, older in one.waiting.items() if number < asked.request]:
            if older.is_confirmed:
                self._give_up(one, older, record.number, UNANSWERED)
            else:
                del one.waiting[older.request]

    def _review(self, one: Association, record: Record) -> None:
        """Look again at what was answered late: several requests may have been in flight."""
        for late in reviewed(one, record.time_ns):
            _take_late(one, late)
            self.events.append(Event(PIPELINED, one, record.number, late))

    def _authenticated(self, one: Association, record: Record, octets: bytes) -> None:
        """Take pass 4: the server accepts the client's answer, or not; a closed APDU does not tell."""
        at = Mark(record.number, record.time_ns)
        one.authentication.append(at)
        if is_error(octets):
            one.hls_is_accepted = False
            self._end(one, REFUSED, at, BY_SERVER, "hls")
        elif octets[0] in FIRST_RESULT:
            one.hls_is_accepted = True

    def tick(self, now_ns: int) -> list[Event]:
        """Take the time of day, of a live capture: requests that have waited too long are given up.

        Returns what it made happen. An answer that comes all the same is told as one that nobody asked for.
        """
        self.events = []
        for line in self._lines.values():
            for one in line.values():
                for asked in list(one.waiting.values()) if one.waiting else ():
                    waits = asked.asked_ns is not None and now_ns - asked.asked_ns > patience_ns(one, asked)
                    if waits and asked.is_confirmed:
                        self._give_up(one, asked, one.last_record, UNANSWERED)
        return self.events


def _is_answered_all_same(one: Association, record: Record, family: str) -> bool:
    """Tell whether requests of a service are answered though they say unconfirmed: signed ones, or as others were."""
    if any(layer.entry.family == _SIGNED for layer in record.protection):
        return True
    service = one.services.get(family)
    return service is not None and service.is_answered_all_same


def _take_late(one: Association, asked: Exchange) -> None:
    """Count *asked* as answered where it was given up and answered late: with several in flight it was not given up."""
    late = one.late.pop(asked.request, None)
    if late is None or asked not in one.unanswered:
        return
    one.unanswered.remove(asked)
    service = service_of(one, asked.service)
    service.unanswered -= 1
    service.count += 1
    service.errors += late.is_error
    service.latencies.append(late.latency_ns)
    made = asked._replace(octets=b"", response=late.record, latency_ns=late.latency_ns)
    ordered = sorted((*one.exchanges, made), key=attrgetter("response"))
    one.exchanges.clear()
    one.exchanges.extend(ordered)


def _is_given_up(one: Association, asked: Exchange, record: Record) -> bool:
    """Tell whether *record* answers *asked* so late that no client waits for it, though several were in flight."""
    if record.latency_ns is not None:
        return record.latency_ns > patience_ns(one, asked)
    if asked.asked_ns is not None:
        return False
    overtook = min((each.response for each in one.exchanges if each.request > asked.request), default=record.number)
    later = sorted(each for each in one.exchanges if each.request > overtook)
    has_several = any(then.request < each.response for each, then in pairwise(later))
    return len(later) >= _INVOKE_IDS and not has_several


def _carries_no_proof(record: Record, form: str) -> bool:
    """Tell whether what stands in the place of pass 3 cannot answer a challenge, by its name or by what was opened."""
    if form.endswith(_NO_PROOF):
        return True
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.family != "readRequest":
        return False
    return all(
        tag != _PARAMETERIZED_ACCESS for tag, _ in apdu.values[apdu.entry.slots["variable_access_specification"]]
    )
