"""How associations open and end: by ACSE APDUs, by frames of the link, by the end of their connection.

Source: IEC 62056-5-3 (COSEM-OPEN, COSEM-RELEASE, COSEM-ABORT), IEC 62056-46, RFC 9293.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from analyzer.record import LINK, REQUEST, RESPONSE, Apdu, End, Record
from analyzer.tracking.acse_terms import answer_of, limits_of, proposal_of
from analyzer.tracking.history import (
    ABORTED,
    BY_CLIENT,
    BY_SERVER,
    CLOSED,
    DISCONNECTED,
    LOST,
    REFUSED,
    RELEASED,
    Association,
    Ending,
    Exchange,
    Mark,
)

SNRM = 0x83
READY, _NOT_READY = 0x01, 0x05
"""RR and RNR, without N(R) and the poll bit."""
_DISC, _UA, _DM, _FRMR = 0x43, 0x63, 0x0F, 0x87
_AUTHENTICATION_REQUIRED = 14
_MOST_REPEATED, _MOST_KEPT = 4096, 16
MOST_WHOLE = 256
"""So many of those that ended last keep all of their exchanges."""

BEGUN, OPENED, ENDED, UNANSWERED, UNASKED, ASKED_AGAIN, SLOW, OVERTAKEN, PIPELINED = (
    "begun", "opened", "ended", "unanswered", "unasked", "asked-again", "slow", "overtaken", "pipelined",
)  # fmt: skip
"""What a record can make happen, beside what is ordinary."""


class Event(NamedTuple):
    """Something that a record made happen in an association; *exchange* is what it is about, where it is about one."""

    kind: str
    association: Association
    record: int
    exchange: Exchange | None = None


class Endings:
    """The associations that are open, by conversation, and what ends them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        """What the record that was taken last made happen."""
        self.gaps: dict[int, int] = {}
        """By conversation: the record behind which a tap lost octets last."""
        self.repeated: dict[int, deque[End]] = {}
        """By conversation: octets that TCP sent again, the newest."""
        self._whole: deque[Association] = deque()
        """Those that ended last."""
        self._lines: dict[int, dict[int, Association]] = {}
        """By conversation: those that are open, by number."""

    def open_on(self, conversation: int) -> list[Association]:
        """Give those that are open on a conversation."""
        return list(self._lines.get(conversation, {}).values())

    def _close(self, conversation: int, number: int) -> None:
        line = self._lines.get(conversation)
        if line is not None:
            line.pop(number, None)
            if not line:
                del self._lines[conversation]

    def _end(self, one: Association, how: str, at: Mark, by: str = "", reason: str = "") -> None:
        """End an association, unless it has ended already."""
        if one.ending is not None:
            return
        first = next(iter(one.waiting.values()), None)
        idle = first.pause_ns if first is not None else one.pause_ns
        if how in (LOST, CLOSED) and first is None and at.time_ns is not None and one.last_ns is not None:
            idle = max(idle or 0, at.time_ns - one.last_ns)
        one.ending = Ending(how, at, by, reason, idle)
        one.usual = None
        if one.number is not None:
            self._close(one.conversation, one.number)
        self._whole.append(one)
        if len(self._whole) > MOST_WHOLE:
            self._whole.popleft().shorten()
        self.events.append(Event(ENDED, one, at.record, first))

    # -- opening and release --------------------------------------------------------------------------------------

    def _aarq(self, one: Association, record: Record, apdu: Apdu) -> None:
        one.proposal = proposal_of(record, apdu)

    def _aare(self, one: Association, record: Record, apdu: Apdu) -> None:
        one.answer = answer_of(record, apdu)
        one.usual = None
        if one.answer.result:
            self._end(one, REFUSED, Mark(record.number, record.time_ns), BY_SERVER, "aare")
            return
        if one.answer.diagnostic[1] == _AUTHENTICATION_REQUIRED:
            one.hls_request = -1
        self.events.append(Event(OPENED, one, record.number))

    def _rlrq(self, one: Association, record: Record, apdu: Apdu) -> None:
        one.release.append(Mark(record.number, record.time_ns))

    def _rlre(self, one: Association, record: Record, apdu: Apdu) -> None:
        at = Mark(record.number, record.time_ns)
        one.release.append(at)
        self._end(one, RELEASED, at, BY_CLIENT)
        one.asked = None

    def _abrt(self, one: Association, record: Record, apdu: Apdu) -> None:
        by = {REQUEST: BY_CLIENT, RESPONSE: BY_SERVER}.get(record.direction, "")
        self._end(one, ABORTED, Mark(record.number, record.time_ns), by)

    # -- the link -------------------------------------------------------------------------------------------------

    def beside(self, one: Association, record: Record) -> None:
        """Take what moves no service: link frames, segments, damaged and repeated frames."""
        if record.control is None or record.problem:
            return
        if record.kind is not LINK:
            if record.notes and is_repeated(record):
                one.repeats.append(record.number)
                if record.direction is RESPONSE:
                    one.held_up = record.number, True
        elif record.control & 0x0F == READY:
            return
        elif record.control & 0x0F == _NOT_READY:
            if record.direction is RESPONSE:
                one.held_up = record.number, False
        else:
            self._link(one, record, record.control & 0xEF, Mark(record.number, record.time_ns))

    def _link(self, one: Association, record: Record, command: int, at: Mark) -> None:
        """Take a frame that sets the link up, takes it down, or says that there is none."""
        if command == SNRM:
            one.client_side = record.lane.side
            one.link_at.append(at)
            one.limits = None
            one.asked_limits = limits_of(record.octets)
        elif command == _DISC:
            one.release.append(at)
        elif command == _UA:
            self._unnumbered_acknowledge(one, record, at)
        elif command == _DM:
            self._disconnected(one, at)
        elif command == _FRMR:
            self._end(one, LOST, at, BY_SERVER, "frame-rejected")

    def _unnumbered_acknowledge(self, one: Association, record: Record, at: Mark) -> None:
        if one.release:
            is_released = self._is_released(one)
            one.release.append(at)
            self._end(one, RELEASED if is_released else DISCONNECTED, at, BY_CLIENT)
        elif one.link_at:
            one.link_at.append(at)
            one.limits = one.asked_limits.agree(limits_of(record.octets))

    @staticmethod
    def _is_released(one: Association) -> bool:
        service = one.services.get("rlrq")
        return service is not None and service.count > 0

    def _disconnected(self, one: Association, at: Mark) -> None:
        """DM: to DISC it says that all is over, to SNRM no, and to anything else that the server has no such link."""
        if one.release:
            one.release.append(at)
            self._end(one, DISCONNECTED, at, BY_CLIENT)
        elif len(one.link_at) == 1 and not one.services and not one.waiting:
            one.link_at.append(at)
            self._end(one, REFUSED, at, BY_SERVER, "dm")
        else:
            self._end(one, LOST, at, BY_SERVER, "dm")

    # -- connections ----------------------------------------------------------------------------------------------

    def end(self, end: End) -> list[Event]:
        """Take the end of a connection. Returns what it made happen: associations on it are over."""
        self.events = []
        if end.kind == "copied":
            return self.events
        if end.kind == "repeated":
            self._repeat(end)
            return self.events
        if end.kind == "gap":
            if len(self.gaps) >= _MOST_REPEATED:
                del self.gaps[next(iter(self.gaps))]
            self.gaps[end.conversation] = end.after
            return self.events
        for one in self.open_on(end.conversation):
            by = "" if one.client_side is None else BY_CLIENT if end.side == one.client_side else BY_SERVER
            at = Mark(end.after, end.time_ns)
            is_asked = any(
                asked.is_confirmed and request not in one.misanswered for request, asked in one.waiting.items()
            )
            if one.release:
                self._end(one, RELEASED, at, BY_CLIENT)
            elif end.is_reset:
                self._end(one, LOST if is_asked or by != BY_CLIENT else CLOSED, at, by, "tcp-reset")
            elif is_asked:
                self._end(one, LOST, at, by, "connection-closed")
            else:
                self._end(one, CLOSED, at, by, "connection-closed")
            one.asked = None
        return self.events

    def _repeat(self, end: End) -> None:
        known = self.repeated.get(end.conversation)
        if known is None:
            if len(self.repeated) >= _MOST_REPEATED:
                del self.repeated[next(iter(self.repeated))]
            known = self.repeated[end.conversation] = deque(maxlen=_MOST_KEPT)
        known.append(end)


HANDLERS: dict[str, Callable[[Endings, Association, Record, Apdu], None]] = {
    "aarq": Endings._aarq,
    "aare": Endings._aare,
    "rlrq": Endings._rlrq,
    "rlre": Endings._rlre,
    "abrt": Endings._abrt,
}
"""What each ACSE APDU does to its association."""


def is_repeated(record: Record) -> bool:
    """Tell whether a record is a frame that came again."""
    return any(note.code == "hdlc-retransmission" for note in record.notes)
