"""Records whose notes about values wait for what the capture teaches later: a profile's columns and its period."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analyzer.record import Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import MeterKey, meter_key
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.profiles import profiles_in
from analyzer.tracking.value_notes import note_values
from captures.chunk import PACKET_BITS

_OF_ONE_METER = 64
MOST_WAITING = 16384
_LONGEST_WAIT = 16384
"""Packets of its input for which a record waits."""
_Known = tuple[tuple[bool, bool], ...]


class Waiting(NamedTuple):
    """A record, the profiles in it, and which of their columns and periods were known when it was looked at last."""

    key: MeterKey
    record: Record
    profiles: tuple[bytes, ...]
    known: _Known


class LateNotes:
    """Keeps some records, of each meter the newest of those that wait, and notes what is odd about them once that can
    be told.
    """

    def __init__(self, model: ObjectModel) -> None:
        self._model = model
        self._waiting: dict[MeterKey, deque[Waiting]] = {}
        self._turns: deque[tuple[int, int, MeterKey]] = deque()
        """Packet, number and meter of those that came to wait, in order."""
        self.most = 0
        """How many waited at once."""

    def wait(self, record: Record) -> None:
        """Keep *record* if something about its profiles is not known."""
        meter = self._model.meter_of(record)
        found = profiles_in(record, held_values(record), meter)
        profiles = tuple(profile.logical_name for _, profile in found)
        known = _known(meter, profiles)
        if all(map(all, known)):
            return
        key, now, turns = meter_key(record), record.packets[-1], self._turns
        while turns and (_apart(turns[0][0], now) > _LONGEST_WAIT or len(turns) >= MOST_WAITING):
            _, number, meter_at = turns.popleft()
            self._forget(number, meter_at)
        waiting = self._waiting.setdefault(key, deque())
        waiting.append(Waiting(key, record, profiles, known))
        turns.append((now, record.number, key))
        if len(waiting) > _OF_ONE_METER:
            waiting.popleft()
        self.most = max(self.most, len(turns))

    def _forget(self, number: int, key: MeterKey) -> None:
        """Let the records of a meter up to that of this *number* wait no longer."""
        waiting = self._waiting.get(key)
        while waiting and waiting[0].record.number <= number:
            waiting.popleft()
        if not waiting:
            self._waiting.pop(key, None)

    def taught(self, by: Record) -> Iterator[Record]:
        """The record *by* taught something about its meter: give those that have more notes now."""
        key = meter_key(by)
        waiting = self._waiting.pop(key, None)
        if not waiting:
            return
        meter = self._model.meter_at(key)
        left, now = deque[Waiting](), by.packets[-1]
        for one in waiting:
            if _apart(one.record.packets[-1], now) > _LONGEST_WAIT:
                continue
            known = _known(meter, one.profiles)
            if known != one.known:
                before = len(one.record.notes)
                note_values(one.record, self._model)
                if len(one.record.notes) > before:
                    yield one.record
            if not all(map(all, known)):
                left.append(one._replace(known=known))
        if left:
            self._waiting[key] = left


def _apart(one: int, other: int) -> int:
    """Count the packets from *one* to *other*; 0 where they are of two inputs, each of which numbers its own."""
    return other - one if one >> PACKET_BITS == other >> PACKET_BITS else 0


def _known(meter: Meter, profiles: Iterable[bytes]) -> _Known:
    return tuple((name in meter.columns, name in meter.periods) for name in profiles)
