"""Records to associations: an observer that keeps, of each, its phases, exchanges, response times and how it ended.

Incremental and bounded: of associations and of what happens in them the newest are kept. A P-ABORT is on no wire: that
an association was lost is inferred here from what was seen, and only where the octets leave no other reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.record import APDU, LINK, NOISE, PART, REQUEST, RESPONSE, UNSOLICITED, Apdu, Record
from analyzer.tracking.association_ends import (
    ASKED_AGAIN,
    BEGUN,
    ENDED,
    HANDLERS,
    OPENED,
    READY,
    SLOW,
    SNRM,
    UNANSWERED,
    UNASKED,
    Endings,
    Event,
    is_repeated,
)
from analyzer.tracking.history import (
    BY_CLIENT,
    BY_SERVER,
    LOST,
    OPENING,
    REFUSED,
    REPLACED,
    Association,
    Exchange,
    Mark,
    Service,
    Silence,
    Usual,
)
from analyzer.tracking.object_model import meter_key
from analyzer.tracking.roles import REFUSALS

MOST_ASSOCIATIONS = 16384
SLOW_NS = 2_000_000_000
"""A response time from which an answer may be told to be slow."""
SILENCE_NS = 10_000_000_000
"""A pause from which it is kept as a silence."""
_MOST_WAITING = 32
_MOST_DAMAGED = 4096
_GIVEN_UP_NS = 10_000_000_000
_GENERAL_BLOCK = "general-block-transfer"
_APART = OPENING | {_GENERAL_BLOCK, "data-notification-confirm"}
_SUCCESS = frozenset(bytes((tag, 1, invoke_id, 0)) for tag in (0xC4, 0xC5, 0xC7) for invoke_id in range(256))
"""How the usual answers begin: in choice 1, with success for a result."""
_BY_BLOCK = frozenset({b"\xc4", b"\xc7"})
"""Tags of answers that may come in blocks; a block has no result."""
_RESULT_AT = {0xC4: 3, 0xC5: 3, 0xC7: 3, 0x0C: 2, 0x0D: 2}
"""Where the first result of an answer stands, by its tag; with logical names in the normal form (choice 1)."""
_SHORT_NAMES = 2
_REFUSAL_TAGS = frozenset({0x0E, 0xD8})
_new = tuple.__new__


class Associations(Endings):
    """Takes records in order. Iterating gives the associations in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: dict[int, Record] = {}
        """By conversation: its last damaged record, or octets that were no unit."""
        self.forgotten = 0
        """Associations that were dropped to keep memory flat."""
        self._known: dict[int | None, Association] = {}
        self._pushes: dict[object, Association] = {}
        self._places: dict[object, Association] = {}
        """The newest association of two addresses on a conversation."""

    def __iter__(self) -> Iterator[Association]:
        """Give the associations that are kept, pushes too."""
        return iter(sorted([*self._known.values(), *self._pushes.values()], key=lambda one: one.first.record))

    def __len__(self) -> int:
        """Count them."""
        return len(self._known) + len(self._pushes)

    def of(self, number: int) -> Association | None:
        """Give the association with the number that its records bear."""
        return self._known.get(number)

    # -- records --------------------------------------------------------------------------------------------------

    def take(self, record: Record) -> None:
        """Take the next record."""
        if record.notes or not self.take_usual(record):
            self.take_any(record)

    def take_usual(self, record: Record) -> bool:
        """Take a record without a note if it is usual. Tells whether it is, and so is taken."""
        if self.events:
            self.events = []
        one = self._known.get(record.association)
        if one is None:
            return False
        if record.apdu is None:
            return _goes_by(one, record)
        usual = one.usual
        if usual is None:
            return False
        return _asks(one, usual, record) if record.direction is REQUEST else _answers(one, usual, record)

    def take_any(self, record: Record) -> None:
        """Take a record, whatever it is."""
        if self.events:
            self.events = []
        self._take_any(self._known.get(record.association), record)

    def _take_any(self, one: Association | None, record: Record) -> None:
        """Take the next record, whatever it is."""
        if record.problem:
            self._damage(record)
        number = record.association
        if one is None:
            if number is None:
                self._apart(record)
                return
            one = self._begin(record, number)
        else:
            one.settle()
        now, before = record.time_ns, one.last_ns
        gap = None
        if now is not None and before is not None:
            gap = now - before
            if gap >= SILENCE_NS:
                self._silent(one, record, gap)
        direction, kind = record.direction, record.kind
        if direction is REQUEST:
            one.pause_ns = gap
        one.records += 1
        apdu = record.apdu
        if apdu is None or kind is LINK or record.problem or (record.notes and is_repeated(record)):
            self.beside(one, record)
        else:
            octets, entry, _, _ = apdu
            if entry is not None:
                family = entry.family
                if record.protection:
                    _count_status(one, record)
                if family in _APART:
                    self._take_apart(one, record, apdu, family)
                elif direction is REQUEST:
                    self._ask(one, record, octets, family)
                elif direction is RESPONSE:
                    self._answer(one, record, octets, family)
                elif direction is UNSOLICITED:
                    one.pushes += 1
        one.last_record, one.last_ns = record.number, now

    def _take_apart(self, one: Association, record: Record, apdu: Apdu, family: str) -> None:
        """Take an APDU that is more than a request or an answer, or that is neither."""
        handler = HANDLERS.get(family)
        if handler is None:
            one.general_blocks += family == _GENERAL_BLOCK
            return
        if record.direction is REQUEST:
            self._ask(one, record, apdu.octets, family, is_service=False)
        elif record.direction is RESPONSE:
            self._answer(one, record, apdu.octets, family, is_service=False)
        handler(self, one, record, apdu)

    def _silent(self, one: Association, record: Record, gap: int) -> None:
        turn = BY_SERVER if one.waiting else BY_CLIENT
        one.silences.append(Silence(one.last_record, record.number, gap, turn))

    def _begin(self, record: Record, number: int) -> Association:
        """Make the association of the first record with its number; the one before it of the same two is over."""
        lane = record.lane
        one = Association(number, lane.conversation, lane.text, record.client, record.server)
        one.first = Mark(record.number, record.time_ns)
        one.meter = meter_key(record)
        one.place = (lane.conversation, record.client, record.server, record.gateway)
        before = self._places.get(one.place)
        if before is not None:
            if before.ending is None:
                self._replaced(before, record)
            before.asked = None
            if record.control is None or record.control & 0xEF != SNRM:
                one.limits = before.limits
        if len(self._known) >= MOST_ASSOCIATIONS:
            self._forget(self._known.pop(next(iter(self._known))))
        self._known[number] = self._places[one.place] = one
        self._lines.setdefault(lane.conversation, {})[number] = one
        self.events.append(Event(BEGUN, one, record.number))
        return one

    def _damage(self, record: Record) -> None:
        if len(self.damaged) >= _MOST_DAMAGED:
            self.damaged.pop(next(iter(self.damaged)))
        self.damaged[record.lane.conversation] = record

    def _forget(self, one: Association) -> None:
        self.forgotten += 1
        if self._places.get(one.place) is one:
            del self._places[one.place]
        if one.number is not None:
            self._close(one.conversation, one.number)

    def _replaced(self, one: Association, record: Record) -> None:
        """The client began anew: what it still waited for will not come."""
        at = Mark(record.number, record.time_ns)
        if any(asked.is_confirmed for asked in one.waiting.values()):
            self._end(one, LOST, at, BY_CLIENT, "unanswered")
        else:
            self._end(one, REPLACED, at, BY_CLIENT, "client-restart")

    def _apart(self, record: Record) -> None:
        """Take a record of no association: what a meter says unasked, or link frames behind a release."""
        if record.kind is not APDU and record.kind is not LINK and record.kind is not PART:
            if record.kind is NOISE:
                self._damage(record)
            return
        place = (record.lane.conversation, record.client, record.server, record.gateway)
        if record.direction is UNSOLICITED:
            one = self._pushes.get(place)
            if one is None:
                if len(self._pushes) >= MOST_ASSOCIATIONS:
                    self._pushes.pop(next(iter(self._pushes)))
                    self.forgotten += 1
                one = self._pushes[place] = Association(None, place[0], record.lane.text, place[1], place[2])
                one.first = Mark(record.number, record.time_ns)
            one.records += 1
            one.pushes += record.kind is APDU
            one.last_record, one.last_ns = record.number, record.time_ns
            return
        before = self._places.get(place)
        if before is not None and record.control is not None and record.kind is LINK and before.ending is not None:
            before.release.append(Mark(record.number, record.time_ns))
            before.last_record, before.last_ns = record.number, record.time_ns
            before.records += 1

    # -- services -------------------------------------------------------------------------------------------------

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
            one.authentication.append(at)
        elif one.services_first is None:
            one.services_first = at

    def _ask_again(self, one: Association, record: Record, octets: bytes, family: str) -> None:
        """Look at requests that still wait: the same one again, or others that were given up."""
        now = record.time_ns
        for number, asked in list(one.waiting.items()):
            if asked.octets == octets:
                one.repeats.append(record.number)
                self._give_up(one, asked, record.number, ASKED_AGAIN)
            elif not asked.is_confirmed:
                del one.waiting[number]
            elif (
                (asked.service == family and asked.octets[2:3] == octets[2:3])
                or len(one.waiting) >= _MOST_WAITING
                or (now is not None and asked.asked_ns is not None and now - asked.asked_ns > _GIVEN_UP_NS)
            ):
                self._give_up(one, asked, record.number, UNANSWERED)

    def _give_up(self, one: Association, asked: Exchange, record: int, kind: str) -> None:
        del one.waiting[asked.request]
        one.unanswered.append(asked)
        _service(one, asked.service).unanswered += 1
        self.events.append(Event(kind, one, record, asked))

    def _answer(self, one: Association, record: Record, octets: bytes, family: str, *, is_service: bool = True) -> None:
        """Take an answer: of which request, after how long, a success or not."""
        request = record.request
        asked = one.waiting.pop(request, None) if request is not None else None
        if one.client_side is None:
            one.client_side = 1 - record.lane.side
        if asked is None:
            self._unasked(one, record)
            return
        request, asked_ns, name, objects, _, _, _, pause = asked
        service = one.services.get(name) or _service(one, name)
        service.count += 1
        latency = record.latency_ns
        if latency is not None:
            service.latencies.append(latency)
            if not 0 <= latency < SLOW_NS:
                self.events.append(Event(SLOW, one, record.number, asked))
        if _is_error(octets):
            service.errors += 1
        one.exchanges.append(_new(Exchange, (request, asked_ns, name, objects, b"", record.number, latency, pause)))
        if one.waiting:
            self._overtake(one, asked, record)
        if request == one.hls_request:
            self._authenticated(one, record, octets)
        elif one.services_first is None and is_service:
            one.services_first = Mark(request, asked_ns)
        if name == "aarq" and family in REFUSALS:
            self._end(one, REFUSED, Mark(record.number, record.time_ns), BY_SERVER, family)

    def _unasked(self, one: Association, record: Record) -> None:
        """Take an answer that no request waits for; parts of one come on and on."""
        request = record.request
        if record.kind is APDU:
            late = next((each for each in one.unanswered if each.request == request), None)
            if request is None or late is not None:
                self.events.append(Event(UNASKED, one, record.number, late))

    def _overtake(self, one: Association, asked: Exchange, record: Record) -> None:
        """Give up the requests that were made before one that is answered now: answers come in order."""
        for older in [older for number, older in one.waiting.items() if number < asked.request]:
            if older.is_confirmed:
                self._give_up(one, older, record.number, UNANSWERED)
            else:
                del one.waiting[older.request]

    def _authenticated(self, one: Association, record: Record, octets: bytes) -> None:
        """Take pass 4: the server accepts the client's answer, or not; a closed APDU does not tell."""
        at = Mark(record.number, record.time_ns)
        one.authentication.append(at)
        if _is_error(octets):
            one.hls_is_accepted = False
            self._end(one, REFUSED, at, BY_SERVER, "hls")
        elif octets[0] in _RESULT_AT:
            one.hls_is_accepted = True

    # -- time and connections -------------------------------------------------------------------------------------

    def tick(self, now_ns: int) -> list[Event]:
        """Take the time of day, of a live capture: requests that have waited too long are given up.

        Returns what it made happen. An answer that comes all the same is told as one that nobody asked for.
        """
        self.events = []
        for line in self._lines.values():
            for one in line.values():
                for asked in list(one.waiting.values()) if one.waiting else ():
                    service = one.services.get(asked.service)
                    usual = (service.median_ns if service is not None else None) or 0
                    waits = asked.asked_ns is not None and now_ns - asked.asked_ns > max(_GIVEN_UP_NS, 10 * usual)
                    if waits and asked.is_confirmed:
                        self._give_up(one, asked, one.last_record, UNANSWERED)
        return self.events


def _goes_by(one: Association, record: Record) -> bool:
    """Take a segment or RR, which moves no service, as `take_any` would; leave any other record alone."""
    now, before, direction = record.time_ns, one.last_ns, record.direction
    if now is None or before is None or now - before >= SILENCE_NS or record.start_ns is not None or record.problem:
        return False
    if record.kind is LINK:
        if (record.control or 0) & 0x0F != READY:
            return False
        if direction is REQUEST and (one.asking is not None or one.asked_before):
            one.polls += 1
    elif record.kind is not PART or (direction is not REQUEST and direction is not RESPONSE):
        return False
    if direction is REQUEST:
        one.pause_ns = now - before
    one.last_record, one.last_ns = record.number, now
    one.records += 1
    return True


def _asks(one: Association, usual: Usual, record: Record) -> bool:
    """Take a usual request where none waits, as `take_any` would; leave any other record alone."""
    apdu, now, before = record.apdu, record.time_ns, one.last_ns
    if one.asking is not None or one.asked_before or now is None or before is None or apdu is None:
        return False
    pause = now - before
    name = usual.requests.get(apdu[0])
    if name is None or pause >= SILENCE_NS or record.start_ns is not None or record.problem:
        return False
    one.asked = one.asking = record
    one.asking_service = name
    one.pause_ns = one.asking_pause_ns = pause
    one.last_record, one.last_ns = record.number, now
    one.records += 1
    if record.protection:
        _count_status(one, record)
    return True


def _answers(one: Association, usual: Usual, record: Record) -> bool:
    """Take the success that answers a usual request soon, as `take_any` would; leave any other alone.

    So a block of a long answer, and its last part, which are to be looked at.
    """
    asked, apdu, latency = one.asking, record.apdu, record.latency_ns
    if asked is None or latency is None or apdu is None or asked.number != record.request:
        return False
    octets = apdu[0]
    if octets[:4] in _SUCCESS:
        if len(octets) > usual.longest and not record.parts:
            return False
    elif octets[:1] not in _BY_BLOCK or octets[1:2] == b"\1" or not (record.parts or record.kind is PART):
        return False
    if not 0 <= latency < SLOW_NS or record.start_ns is not None or record.problem:
        return False
    name = one.asking_service
    number = record.number
    one.asking = None
    service = one.services.get(name) or _service(one, name)
    service.count += 1
    service.latencies.append(latency)
    made = asked.number, asked.time_ns, name, asked.objects, b"", number, latency, one.asking_pause_ns
    one.exchanges.append(_new(Exchange, made))
    one.last_record, one.last_ns = number, record.time_ns
    one.records += 1
    if record.protection:
        _count_status(one, record)
    return True


def _count_status(one: Association, record: Record) -> None:
    """Count how a protected APDU opened."""
    status = record.protection[-1].status
    one.statuses[status] = one.statuses.get(status, 0) + 1


def _service(one: Association, name: str) -> Service:
    found = one.services.get(name)
    if found is None:
        found = one.services[name] = Service()
    return found


def _is_error(octets: bytes) -> bool:
    """Tell whether an answer is none of success: its first result, or all of it."""
    at = _RESULT_AT.get(octets[0], 0)
    if not at:
        return octets[0] in _REFUSAL_TAGS
    result = octets[at] if len(octets) > at else 0
    return result == 1 if at == _SHORT_NAMES else result != 0 and octets[1] == 1


__all__ = [
    "ASKED_AGAIN", "BEGUN", "ENDED", "OPENED", "SLOW", "UNANSWERED", "UNASKED", "Association", "Associations", "Event",
    "Exchange",
]  # fmt: skip
