"""Records whose notes about values wait for what the capture teaches later: a profile's columns and its period."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analyzer.record import Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.object_model import Meter, MeterKey, ObjectModel, meter_key
from analyzer.tracking.profiles import profiles_in
from analyzer.tracking.value_notes import note_values
from captures.chunk import PACKET

_OF_ONE_METER = 64
MOST_WAITING = 16384
_LONGEST_WAIT = 16384
"""Packets for which a record waits."""
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
        self._turns: deque[tuple[int, MeterKey]] = deque()
        """Packet and meter of those that came to wait, in order."""
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
        key, now = meter_key(record), _packet(record)
        while self._turns and (now - self._turns[0][0] > _LONGEST_WAIT or len(self._turns) >= MOST_WAITING):
            self._forget_before(*self._turns.popleft())
        waiting = self._waiting.setdefault(key, deque())
        waiting.append(Waiting(key, record, profiles, known))
        self._turns.append((now, key))
        if len(waiting) > _OF_ONE_METER:
            waiting.popleft()
        self.most = max(self.most, len(self._turns))

    def _forget_before(self, packet: int, key: MeterKey) -> None:
        """Let the records of a meter up to *packet* wait no longer."""
        waiting = self._waiting.get(key)
        while waiting and _packet(waiting[0].record) <= packet:
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
        left, first = deque[Waiting](), _packet(by) - _LONGEST_WAIT
        for one in waiting:
            if _packet(one.record) < first:
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


def _packet(record: Record) -> int:
    return record.packets[-1] & PACKET


def _known(meter: Meter, profiles: Iterable[bytes]) -> _Known:
    return tuple((name in meter.columns, name in meter.periods) for name in profiles)
