"""Records whose notes about values wait for what the capture teaches later: a profile's columns and its period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analyzer.record import Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.object_model import Meter, MeterKey, ObjectModel, meter_key
from analyzer.tracking.profiles import profiles_in
from analyzer.tracking.value_notes import note_values

_MOST_WAITING = 64
_Known = tuple[tuple[bool, bool], ...]


class Waiting(NamedTuple):
    """A record, the profiles in it, and which of their columns and periods were known when it was looked at last."""

    key: MeterKey
    record: Record
    profiles: tuple[bytes, ...]
    known: _Known


class LateNotes:
    """Keeps some records, the newest of those that wait, and notes what is odd about them once that can be told."""

    def __init__(self, model: ObjectModel) -> None:
        self._model = model
        self._waiting: list[Waiting] = []

    def wait(self, record: Record) -> None:
        """Keep *record* if something about its profiles is not known."""
        meter = self._model.meter_of(record)
        found = profiles_in(record, held_values(record), meter)
        profiles = tuple(profile.logical_name for _, profile in found)
        known = _known(meter, profiles)
        if not all(map(all, known)):
            self._waiting.append(Waiting(meter_key(record), record, profiles, known))
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[0]

    def taught(self, key: MeterKey) -> Iterator[Record]:
        """The capture taught something about the meter *key*: give the records that have more notes now."""
        meter = self._model.meter_at(key)
        for place, one in [found for found in enumerate(self._waiting) if found[1].key == key]:
            known = _known(meter, one.profiles)
            if known != one.known:
                self._waiting[place] = one._replace(known=known)
                before = len(one.record.notes)
                note_values(one.record, self._model)
                if len(one.record.notes) > before:
                    yield one.record
        self._waiting = [one for one in self._waiting if not all(map(all, one.known))]


def _known(meter: Meter, profiles: Iterable[bytes]) -> _Known:
    return tuple((name in meter.columns, name in meter.periods) for name in profiles)
