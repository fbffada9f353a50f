"""The meters of a capture: what is learnt of one never serves another.

Learnt by meter and logical device, from any association; whatever is derived names the record that it rests on.
"""

from __future__ import annotations

from typing import Protocol

from analyzer.cosem.companions import INDIA, USUAL, is_indian
from analyzer.record import PART, REQUEST, Apdu, Lane, Objects, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.lessons import may_teach, teach
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import MeterKey, meter_key
from analyzer.tracking.selections import Selection, is_buffer, selections_in
from analyzer.tracking.standing_names import association_sn

MOST_METERS = 65536
_MOST_NEAR = 4096


class KnownMeters(Protocol):
    """What is known of meters beforehand; *basis* is what values say that rest on it."""

    basis: str

    def find(self, key: MeterKey, name: str) -> Meter | None:
        """Find a meter by its name, or where that is empty by its place."""


class ObjectModel:
    """The meters that a capture speaks of, by their place."""

    def __init__(self) -> None:
        self.meters: dict[MeterKey, Meter] = {}
        self._near: dict[tuple[Lane, str, int | str], Meter] = {}
        """Meters by what stands in their records: those that speak now."""
        self.known: KnownMeters | None = None
        """What is known of meters beforehand."""
        self.lessons = 0
        """How often something new was learnt."""
        self.namings = 0
        """How often something new was learnt of short names."""

    def meter_of(self, record: Record) -> Meter:
        """Give the meter that *record* comes from or goes to, made when it is new."""
        server = record.server
        if server is None or record.gateway:
            return self.meter_at(meter_key(record))
        place = record.lane, record.direction, server
        meter = self._near.get(place)
        if meter is None:
            meter = self.meter_at(meter_key(record))
            if len(self._near) >= _MOST_NEAR:
                self._near.clear()
            self._near[place] = meter
        return meter

    def meter_at(self, key: MeterKey) -> Meter:
        """Give the meter under *key*, made when it is new."""
        meter = self.meters.get(key)
        if meter is None:
            if len(self.meters) >= MOST_METERS:
                del self.meters[next(iter(self.meters))]
                self._near.clear()
            meter = self.meters[key] = Meter()
            self._recall(key, meter)
        return meter

    def objects_of(self, record: Record) -> Objects:
        """Give what *record* is about: for short names what they stand for, as far as its meter told."""
        objects = record.objects
        if not objects or objects[0].logical_name:
            return objects
        object_of, number = self.meter_of(record).object_of, record.number
        return Objects(object_of(one, number) for one in objects)

    def _recall(self, key: MeterKey, meter: Meter) -> None:
        """Let *meter* know what is known of it beforehand; what it said itself stays, what another's was goes."""
        if self.known is None:
            return
        before, known = meter.recalled, self.known.find(key, meter.name)
        if known is before:
            return
        if before is not None:
            meter.heard.clear()
        meter.recalled = known
        for number, own in enumerate(meter.taught()):
            assumed = before.taught()[number] if before is not None else {}
            said = {name: one for name, one in own.items() if assumed.get(name) != one}
            own.clear()
            own.update(known.taught()[number] if known is not None else {})
            own.update(said)
        meter.companion = known.companion if known is not None else USUAL
        meter.short_names = []

    def learn(self, record: Record) -> None:
        """Take what *record* teaches; total."""
        objects = record.objects
        if objects.is_mute:
            return
        if objects.teaches is None:
            objects.selects = any(is_buffer(one) or not one.logical_name for one in objects)
            objects.teaches = any(may_teach(one) for one in objects)
            objects.is_mute = not (objects.selects or objects.teaches)
        if record.direction == REQUEST:
            if objects.selects and record.apdu is not None:
                self._select(record.apdu, self.meter_of(record), record.number)
        elif objects.teaches and record.kind != PART:
            self._learn(record)

    def _select(self, apdu: Apdu, meter: Meter, number: int) -> None:
        """Remember what a request asks of profiles."""
        asked: dict[bytes, tuple[Selection, ...]] = {}
        for one, selection in selections_in(apdu):
            one = meter.object_of(one, number)
            if is_buffer(one):
                asked[one.logical_name] = (*asked.get(one.logical_name, ()), selection)
        for logical_name, selections in asked.items():
            self.lessons += meter.select(logical_name, selections, number)

    def _learn(self, record: Record) -> None:
        key = meter_key(record)
        meter = self.meter_at(key)
        name, namings = meter.name, meter.namings
        for held in held_values(record):
            one = held.object
            if not one.logical_name:
                one = association_sn(one) or meter.object_of(one, record.number)
            if is_indian(one.logical_name) and meter.companion != INDIA:
                meter.companion = INDIA
                self.lessons += 1
            self.lessons += teach(meter, one, held.octets[held.start : held.end], record.number)
        self.namings += meter.namings - namings
        if meter.name != name:
            self._recall(key, meter)
