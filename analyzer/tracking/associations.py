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
    OVERTAKEN,
    PIPELINED,
    SLOW,
    SNRM,
    UNANSWERED,
    UNASKED,
    Event,
    is_repeated,
)
from analyzer.tracking.history import (
    BY_CLIENT,
    BY_SERVER,
    LOST,
    OPENING,
    REPLACED,
    Association,
    Exchange,
    Mark,
    Silence,
)
from analyzer.tracking.meter_key import meter_key
from analyzer.tracking.services import Services
from analyzer.tracking.usual_exchanges import SILENCE_NS, answers, asks, count_status, goes_by

MOST_ASSOCIATIONS = 16384
_MOST_DAMAGED = 4096
_GENERAL_BLOCK = "general-block-transfer"
_ABORT = "abrt"
"""Asks for no answer."""
_APART = OPENING | {_GENERAL_BLOCK, "data-notification-confirm"}


class Associations(Services):
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

    def newest_first(self) -> Iterator[Association]:
        """Give those that are kept without pushes, the one that began last first."""
        return reversed(self._known.values())

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
        apdu = record.apdu
        if apdu is None:
            return goes_by(one, record)
        usual = one.usual
        if usual is None:
            return False
        return (asks if record.direction is REQUEST else answers)(one, usual, record, apdu[0])

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
                    count_status(one, record)
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
        if record.direction is RESPONSE:
            self._answer(one, record, apdu.octets, family, is_service=False)
        elif record.direction is REQUEST and family != _ABORT:
            self._ask(one, record, apdu.octets, family, is_service=False)
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
        if any(asked.is_confirmed for request, asked in one.waiting.items() if request not in one.misanswered):
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
        if before is not None and record.kind is APDU and record.direction is RESPONSE and before.waiting:
            before.misanswer()  # with what does not read
        if before is not None and record.control is not None and record.kind is LINK and before.ending is not None:
            before.release.append(Mark(record.number, record.time_ns))
            before.last_record, before.last_ns = record.number, record.time_ns
            before.records += 1


__all__ = [
    "ASKED_AGAIN", "BEGUN", "ENDED", "OPENED", "OVERTAKEN", "PIPELINED", "SLOW", "UNANSWERED", "UNASKED",
    "Association", "Associations", "Event", "Exchange",
]  # fmt: skip
