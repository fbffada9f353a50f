"""The clock of the capture itself: packets whose times go back, so that times between records are not to be trusted."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from analyzer.cosem.date_time import is_time_of_changes
from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories, severity_of
from analyzer.diagnosis.words import seconds
from analyzer.record import Record
from captures.chunk import FURTHEST_NS, PACKET_BITS, Source

CODE, CAPTURE = "capture-time-regressed", "the capture"
"""The fact, and what stands in the place of a lane."""
PAUSE_NS = 120 * 10**9
"""A pause from which the clock may have been set forward."""
_MOST_STEPS = 64
_LEAST_NS = 1_000_000
"""By less the packets of one card may stand out of order: each of its queues is read by itself."""
_SET_BACK, _FILES, _PACKETS = "capture-clock-set-back", "files-out-of-order", "packets-out-of-order"
_SUMMER_ENDED, _SUMMER_BEGAN, _SET_FORWARD = (
    "daylight-saving-ended",
    "daylight-saving-began",
    "capture-clock-set-forward",
)
_LEAST_BACK_NS, _MOST_BACK_NS = 1800 * 10**9, 3600 * 10**9
"""An hour that stands twice, less the pause within it."""
_MONTHS_OF_CHANGES = (3, 4, 9, 10, 11)
"""Months in which daylight saving time begins or ends, in the north or in the south."""
_HOUR_NS = 3600 * 10**9
_SAYS = {
    _SUMMER_ENDED: "daylight saving time may have ended",
    _SET_BACK: "the clock of the computer that captured may have been set back",
    _FILES: "a later part of the traffic may have been put before an earlier one",
    _PACKETS: "what several interfaces or threads captured may have been written out of order",
}


class Step(NamedTuple):
    """The capture's time goes back or far on from one record to the next, in an association perhaps."""

    before: int
    record: int
    by_ns: int
    association: int | None


class _Back(NamedTuple):
    """A record that is earlier than the one before it, as long as the one behind it is still to come."""

    fact: Fact
    record: Record
    time_ns: int
    before: Record
    before_ns: int


class CaptureClock:
    """Told of records whose time lies before an earlier one's; tells those whose packet stands behind it all the same.

    Records come late where a lane was settled late: that is no matter of the clock.
    """

    def __init__(self, stories: Stories, source: Source | None = None) -> None:
        self._stories, self._source = stories, source
        self.newest_ns = FURTHEST_NS
        """The highest time so far: below it lies what :meth:`steps_to` is to be told of. The first record is, too, and
        the one behind a record that was earlier."""
        self.pause_from_ns = FURTHEST_NS
        """Below it no time lies :data:`PAUSE_NS` behind the highest; from it on :meth:`steps_to` is to be told."""
        self.newest: Record | None = None
        self.steps: deque[Step] = deque(maxlen=_MOST_STEPS)
        """The newest steps of the time, long pauses among them."""
        self._first_ns = 0
        self._back: _Back | None = None

    def steps_to(self, record: Record, time_ns: int) -> None:
        """Take a record that comes long after the one before, or is earlier, or is waited for."""
        if time_ns < self.newest_ns:
            self._earlier(record, time_ns)
            return
        by_ns = time_ns - self.newest_ns
        if self.newest is not None and by_ns >= PAUSE_NS:
            self.steps.append(Step(self.newest.number, record.number, by_ns, record.association))
        self._is_newest(record, time_ns)

    def _earlier(self, record: Record, time_ns: int) -> None:
        """Take a record that is earlier than one before it, or that is waited for."""
        if self.newest is None:
            self._first_ns = time_ns
            self._is_newest(record, time_ns)
            return
        back = self._back
        if back is not None:
            if record.packets[-1:] <= back.record.packets[-1:] and _is_of_one_input(record, back.record):
                return
            self._back = None
            self._is_newest(back.record, back.time_ns)
            if time_ns >= back.before_ns and _stands_behind(record, back.record):
                self._judge_anew(back, record, time_ns)
            if time_ns >= back.time_ns:
                self._is_newest(record, time_ns)
                return
        before, by = self.newest, self.newest_ns - time_ns
        if by >= _LEAST_NS and _stands_behind(record, before):
            self._back = _Back(self._tell(record, before, time_ns), record, time_ns, before, self.newest_ns)
            self.newest_ns = FURTHEST_NS

    def _is_newest(self, record: Record, time_ns: int) -> None:
        """Go on from a record, be it earlier than others."""
        self.newest, self.newest_ns = record, time_ns
        self.pause_from_ns = time_ns + PAUSE_NS

    def _tell(self, record: Record, before: Record, time_ns: int) -> Fact:
        cause, confidence, others = self._cause(record, before, time_ns)
        by = seconds(self.newest_ns - time_ns)
        self.steps.append(Step(before.number, record.number, time_ns - self.newest_ns, record.association))
        text = f"its packet stands behind that of record {before.number} and is {by} earlier"
        found = rule("fact", CODE)
        assert found is not None
        fact = Fact(
            CODE, severity_of(found.severity), cause, confidence, Evidence(record.number, 0, 0, text), time_ns,
            CAPTURE, "", tuple(Alternative(one, POSSIBLE, _SAYS[one]) for one in others),
        )  # fmt: skip
        self._stories.add(fact)
        return fact

    def _judge_anew(self, back: _Back, record: Record, time_ns: int) -> None:
        """The record behind an earlier one has no earlier time: that one packet stands in the wrong place.

        A clock that was set back gets there only by a pause as long as it was set, and mostly further.
        """
        fact = back.fact
        is_near = time_ns - back.before_ns < back.before_ns - back.time_ns
        proof = f"{fact.evidence.text}; record {record.number} behind it is earlier than neither"
        self._stories.take_back(fact)
        self._stories.add(
            fact._replace(
                cause=_PACKETS, confidence=LIKELY if is_near else POSSIBLE,
                evidence=fact.evidence._replace(text=proof),
                alternatives=(Alternative(fact.cause, POSSIBLE, _SAYS[fact.cause]),),
            )
        )  # fmt: skip

    def _cause(self, record: Record, before: Record, time_ns: int) -> tuple[str, str, tuple[str, ...]]:
        """Tell what most likely set the time back, how sure that is, and what else may have."""
        back_ns = self.newest_ns - time_ns
        if (
            self._source is not None
            and self._source.has_local_times
            and _LEAST_BACK_NS <= back_ns <= _MOST_BACK_NS
            and _may_change(time_ns)
        ):
            return _SUMMER_ENDED, LIKELY, (_SET_BACK, _PACKETS)
        if record.association is not None and record.association == before.association:  # it goes on across it
            return _SET_BACK, LIKELY, (_PACKETS,)
        if time_ns < self._first_ns:
            return _FILES, LIKELY, (_SET_BACK,)
        return _SET_BACK, POSSIBLE, (_FILES, _PACKETS)


def set_forward(source: Source | None, by_ns: int, time_ns: int | None) -> tuple[str, tuple[Alternative, ...]]:
    """Tell what set the capture's time forward by so much up to *time_ns*, and what else may have."""
    is_local = source is not None and source.has_local_times
    if not is_local or time_ns is None or abs(by_ns - _HOUR_NS) >= PAUSE_NS or not _may_change(time_ns):
        return _SET_FORWARD, ()
    said = "the clock of the computer that captured may have been set forward"
    return _SUMMER_BEGAN, (Alternative(_SET_FORWARD, POSSIBLE, said),)


def _may_change(local_ns: int) -> bool:
    """Tell whether daylight saving time may begin or end at a local time, in nanoseconds since 1970."""
    local = datetime.fromtimestamp(local_ns // 10**9, UTC)
    return local.month in _MONTHS_OF_CHANGES and is_time_of_changes(local)


def _stands_behind(record: Record, before: Record) -> bool:
    """Tell whether a record's last packet stands behind another's in the same input."""
    return record.packets[-1:] > before.packets[-1:] and _is_of_one_input(record, before)


def _is_of_one_input(one: Record, other: Record) -> bool:
    here, there = (each.packets[-1] if each.packets else 0 for each in (one, other))
    return here >> PACKET_BITS == there >> PACKET_BITS
