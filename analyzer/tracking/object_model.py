"""What a capture teaches about its meters: scalers and units, columns of profiles, versions, short names, push lists.

Learnt by meter and logical device, from any association; whatever is derived names the record that it rests on.
Source: IEC 62056-6-2 (Register, Profile generic, Association LN and SN, Push setup).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeVar

from analyzer.cosem.classes import attribute_name, holds_secret
from analyzer.cosem.companions import INDIA, USUAL, is_indian, is_scaler_profile
from analyzer.cosem.datum import INTEGERS, Datum, read_datum
from analyzer.cosem.plain_text import text_in
from analyzer.cosem.push import SCALER_UNITS
from analyzer.record import PART, REQUEST, Apdu, Object, Objects, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.selections import ALL, Selection, is_buffer, selections_in
from dissectors.data_types import OCTET_STRING
from dissectors.tree import Problem

MOST_METERS = 65536
_MOST_ENTRIES = 4096
_MOST_SELECTIONS = 4096
_PROFILE, _BUFFER = 7, 2
_DATA = 1
_SHORT = 512
"""Octets of values that are worth to be kept as they read."""
_DEVICE_NAME = b"\x00\x00\x2a\x00\x00"
"""Class Data holds anything; of its objects only the logical device name (0-0:42.0.0) teaches."""
_SHORT_NAME_STEP = 8
_ASSOCIATION_SN = 0xFA00
"""The base name of the current association object, the same in every meter."""
_CURRENT = b"\0\0\x28\0\0\xff"
_SECRET_CHANGES = {_ASSOCIATION_SN + 0x40: 5, _ASSOCIATION_SN + 0x48: 6}
"""Short names of its methods that change a secret, and their numbers."""
MeterKey = tuple[str, int | str | None]
"""The server's end of a lane, and its address."""
Key = TypeVar("Key")
Entry = TypeVar("Entry")


class Scale(NamedTuple):
    """Scaler and unit of a register: value = raw × 10^scaler in *unit*, as *basis* said."""

    scaler: int
    unit: int
    basis: str


class Column(NamedTuple):
    """What one column of a profile, or one element of a push, is a value of."""

    class_id: int
    logical_name: bytes
    attribute: int
    data_index: int = 0

    @property
    def object(self) -> Object:
        """The object and attribute."""
        return Object(self.class_id, self.logical_name, self.attribute)


class Columns(NamedTuple):
    """The columns of a profile or push, as *basis* said."""

    columns: tuple[Column, ...]
    basis: str


class Listed(NamedTuple):
    """An entry of an object list: class and version, and the base name of an object with a short name."""

    class_id: int
    version: int
    logical_name: bytes


class Meter:
    """One logical device of one meter."""

    __slots__ = (
        "bases", "columns", "companion", "heard", "listed", "name", "periods", "push_lists", "recalled", "scales",
        "selections", "short_names",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        self.companion = USUAL
        """Whose event codes it has."""
        self.recalled: Meter | None = None
        """What was known of it beforehand."""
        """The logical device name, where it was read."""
        self.heard: dict[Object, bytes] = {}
        """What was learnt last from each attribute: most answers come again as they were."""
        self.scales: dict[bytes, Scale] = {}
        self.columns: dict[bytes, Columns] = {}
        """The columns of profiles."""
        self.selections: dict[bytes, list[tuple[int, tuple[Selection, ...]]]] = {}
        """What requests asked of profiles, by the number of their records; only of those that ever asked for a part."""
        self.periods: dict[bytes, int] = {}
        """Capture periods of profiles in seconds."""
        self.push_lists: dict[bytes, Columns] = {}
        self.listed: dict[bytes, Listed] = {}
        self.bases: dict[int, Listed] = {}
        """Entries of the list of short names, by base name."""
        self.short_names: list[int] = []
        """The base names, sorted when one is looked up."""

    def select(self, logical_name: bytes, selections: tuple[Selection, ...], number: int) -> bool:
        """Remember what record *number* asks of a profile, mostly once. Returns whether that was news."""
        asked = self.selections.get(logical_name)
        if asked is None:
            if selections == (ALL,):
                return False
            asked = _bounded(self.selections)[logical_name] = []
        if asked and (asked[-1][1] == selections or asked[-1][0] >= number):
            return False
        asked.append((number, selections))
        if len(asked) > _MOST_SELECTIONS:
            del asked[0]
        return True

    def selection_at(self, logical_name: bytes, number: int, nth: int = 0) -> tuple[Selection, int]:
        """Tell what was selected of the *nth* buffer of a profile in record *number*, and by which record."""
        asked = self.selections.get(logical_name, ())
        at = bisect_right(asked, number, key=lambda one: one[0])
        if not at:
            return ALL, 0
        by, selections = asked[at - 1]
        return selections[min(nth, len(selections) - 1)], by

    def columns_at(self, logical_name: bytes, number: int, nth: int = 0) -> Columns | None:
        """Give the columns that the *nth* buffer of a profile in record *number* has, as its request selected them."""
        known = self.columns.get(logical_name)
        if logical_name not in self.selections:
            return known
        selection, by = self.selection_at(logical_name, number, nth)
        if selection.columns:
            return Columns(tuple(Column(*one) for one in selection.columns), f"record {by}")
        if known is None:
            return None
        return known._replace(columns=known.columns[selection.first - 1 : selection.last or None])

    def taught(self) -> tuple[dict[Any, Any], ...]:
        """Give all tables of what the meter taught."""
        return self.scales, self.columns, self.periods, self.push_lists, self.listed, self.bases

    def object_of(self, one: Object) -> Object:
        """Give what a short name stands for; objects with a logical name stay."""
        if one.logical_name:
            return one
        one = standing(one)
        if one.logical_name or not self.bases:
            return one
        if len(self.short_names) != len(self.bases):
            self.short_names = sorted(self.bases)
        base = _below(self.short_names, one.attribute & 0xFFFF)
        if base is None:
            return one
        entry = self.bases[base]
        attribute = ((one.attribute & 0xFFFF) - base) // _SHORT_NAME_STEP + 1
        if attribute_name(entry.class_id, attribute) is None:
            return one  # a method, whose offsets each class has for itself
        return Object(entry.class_id, entry.logical_name, attribute)

    def version_of(self, logical_name: bytes) -> int | None:
        """Tell the version of an object's class where a list said it."""
        entry = self.listed.get(logical_name)
        return entry.version if entry is not None else None


def standing(one: Object) -> Object:
    """Give what a short name stands for in every meter: a change of the association's secret; others stay."""
    if one.logical_name or one.is_method or one.attribute & 0xFFFF not in _SECRET_CHANGES:
        return one
    return Object(12, _CURRENT, _SECRET_CHANGES[one.attribute & 0xFFFF], is_method=True)


def is_confidential(one: Object) -> bool:
    """Tell whether an object is an attribute or a method that holds a secret, as far as its names alone tell."""
    one = standing(one)
    return holds_secret(one.class_id, one.attribute, is_method=one.is_method)


def are_confidential(objects: Objects) -> bool:
    """Tell whether one of the objects of a request is confidential, as far as their names alone tell."""
    if objects.confidential is None:
        objects.confidential = any(map(is_confidential, objects))
    return objects.confidential


Lesson = Callable[[Meter, bytes, Datum, str], None]
"""Takes what a value teaches: meter, logical name, value, basis."""


class KnownMeters(Protocol):
    """What is known of meters beforehand; *basis* is what values say that rest on it."""

    basis: str

    def find(self, key: MeterKey, name: str) -> Meter | None:
        """Find a meter by its name, or where that is empty by its place."""


class ObjectModel:
    """The meters of a capture; what is learnt of one never serves another."""

    def __init__(self) -> None:
        self.meters: dict[MeterKey, Meter] = {}
        self.known: KnownMeters | None = None
        """What is known of meters beforehand."""
        self.lessons = 0
        """How often something new was learnt."""

    def meter_of(self, record: Record) -> Meter:
        """Give the meter that *record* comes from or goes to, made when it is new."""
        return self.meter_at(meter_key(record))

    def meter_at(self, key: MeterKey) -> Meter:
        """Give the meter under *key*, made when it is new."""
        meter = self.meters.get(key)
        if meter is None:
            if len(self.meters) >= MOST_METERS:
                del self.meters[next(iter(self.meters))]
            meter = self.meters[key] = Meter()
            self._recall(key, meter)
        return meter

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

    def learn(self, record: Record) -> None:
        """Take what *record* teaches; total."""
        objects = record.objects
        if not objects:
            return
        if record.direction == REQUEST:
            if objects.selects is None:
                objects.selects = any(is_buffer(one) or not one.logical_name for one in objects)
            if objects.selects and record.apdu is not None:
                self._select(record.apdu, self.meter_of(record), record.number)
            return
        if objects.teaches is None:
            objects.teaches = any(_may_teach(one) for one in objects)
        if objects.teaches and record.kind != PART:
            self._learn(record)

    def _select(self, apdu: Apdu, meter: Meter, number: int) -> None:
        """Remember what a request asks of profiles."""
        asked: dict[bytes, tuple[Selection, ...]] = {}
        for one, selection in selections_in(apdu):
            one = meter.object_of(one)
            if is_buffer(one):
                asked[one.logical_name] = (*asked.get(one.logical_name, ()), selection)
        for logical_name, selections in asked.items():
            self.lessons += meter.select(logical_name, selections, number)

    def _learn(self, record: Record) -> None:
        key = meter_key(record)
        meter = self.meter_at(key)
        name = meter.name
        for held in held_values(record):
            one = held.object
            if not one.logical_name:
                one = _association_sn(one) or meter.object_of(one)
            if is_indian(one.logical_name) and meter.companion != INDIA:
                meter.companion = INDIA
                self.lessons += 1
            lesson = _lesson(one)
            octets = held.octets[held.start : held.end]
            if lesson is None or meter.heard.get(one) == octets:
                continue
            _bounded(meter.heard)[one] = _shared(octets)
            try:
                datum = _datum(octets) if len(octets) <= _SHORT else read_datum(octets, 0, len(octets))
            except Problem:
                continue
            self.lessons += 1
            lesson(meter, one.logical_name, datum, f"record {record.number}")
        if meter.name != name:
            self._recall(key, meter)


@lru_cache(maxsize=1024)
def _datum(octets: bytes) -> Datum:
    """Read a value: meters of a kind give the same answers."""
    return read_datum(octets, 0, len(octets))


def _may_teach(one: Object) -> bool:
    return not one.logical_name or _lesson(one) is not None or is_indian(one.logical_name)


def _lesson(one: Object) -> Lesson | None:
    """Find what the value of an object's attribute teaches."""
    if one.is_method or (one.class_id == _DATA and one.logical_name[:5] != _DEVICE_NAME):
        return None
    if one.class_id == _PROFILE and one.attribute == _BUFFER and not is_scaler_profile(one.logical_name):
        return None
    return _LESSONS.get((one.class_id, attribute_name(one.class_id, one.attribute) or ""))


def meter_key(record: Record) -> MeterKey:
    """Tell which logical device of which meter a record is about: the server's end of its lane, and its address."""
    lane = record.lane
    end = lane.ends[1] if record.direction == REQUEST else lane.ends[0]
    return end, record.server if record.server is not None else record.station or None


def place_text(key: MeterKey) -> str:
    """Say where a meter is that has not told its name: the server's end of its lane and its address."""
    end, server = key
    return f"{end} {server}" if server is not None else end


def _association_sn(one: Object) -> Object | None:
    """Tell the attributes of the current association object, which has the same short name everywhere."""
    if one.attribute & 0xFF00 == _ASSOCIATION_SN:
        return Object(12, b"\x00\x00\x28\x00\x00\xff", ((one.attribute & 0xFF) // _SHORT_NAME_STEP) + 1)
    return None


def _below(numbers: list[int], number: int) -> int | None:
    at = bisect_right(numbers, number)
    return numbers[at - 1] if at else None


def _number(datum: Datum) -> int | None:
    return datum.value if datum.tag in INTEGERS else None


def _name(datum: Datum) -> bytes | None:
    return bytes(datum.value) if datum.tag == OCTET_STRING and len(datum.value) == 6 else None


def _scale(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    if len(datum.members) == 2:
        scaler, unit = map(_number, datum.members)
        if scaler is not None and unit is not None and -128 <= scaler <= 127:
            _bounded(meter.scales)[logical_name] = Scale(scaler, unit, basis)


def _columns(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    columns = _shared(tuple(read_columns(datum)))
    if columns:
        _bounded(meter.columns)[logical_name] = Columns(columns, basis)
    buffer = meter.heard.get(Object(_PROFILE, logical_name, _BUFFER))
    if buffer is not None:  # scalers that were read before what they belong to
        _scales(meter, logical_name, read_datum(buffer, 0, len(buffer)), basis)


def _scales(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    """Learn from the one row of a scaler profile, whose columns are the scaler_units of registers."""
    known = meter.columns.get(logical_name)
    if known is None or not datum.members:
        return
    for column, cell in zip(known.columns, datum.members[0].members, strict=False):
        if (column.class_id, column.attribute) in SCALER_UNITS:
            _scale(meter, column.logical_name, cell, basis)


def _period(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    if datum.tag in INTEGERS:
        _bounded(meter.periods)[logical_name] = datum.value


def _push_list(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    columns = _shared(tuple(read_columns(datum)))
    if columns:
        _bounded(meter.push_lists)[logical_name] = Columns(columns, basis)


def read_columns(datum: Datum) -> Iterator[Column]:
    """Give the columns of capture_objects, or the elements of a push_object_list, as far as they read."""
    for one in datum.members:
        if len(one.members) < 3:
            return
        class_id, attribute = _number(one.members[0]), _number(one.members[2])
        name = _name(one.members[1])
        if class_id is None or attribute is None or name is None:  # version 0 of the class has the name first
            class_id, name = _number(one.members[1]), _name(one.members[0])
        if class_id is None or attribute is None or name is None:
            return
        index = _number(one.members[3]) if len(one.members) > 3 else 0
        yield Column(class_id, name, attribute, index or 0)


def _object_list(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    for one in datum.members:
        if len(one.members) < 4:
            continue
        numbers, name = [_number(member) for member in one.members], _name(one.members[2])
        if name is not None and numbers[0] is not None and numbers[1] is not None:
            _bounded(meter.listed)[name] = Listed(numbers[0], numbers[1], name)
            if is_indian(name):
                meter.companion = INDIA


def _short_names(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    for one in datum.members:
        if len(one.members) != 4:
            continue
        base, class_id, version = map(_number, one.members[:3])
        name = _name(one.members[3])
        if base is not None and class_id is not None and version is not None and name is not None:
            entry = Listed(class_id, version, name)
            _bounded(meter.bases)[base & 0xFFFF] = entry
            _bounded(meter.listed)[name] = entry


def _device_name(meter: Meter, logical_name: bytes, datum: Datum, basis: str) -> None:
    if isinstance(datum.value, bytes):
        meter.name = text_in(datum.value) or datum.value.hex().upper()


_SHARED: dict[object, object] = {}
_MOST_SHARED = 8192


def _shared(one: Entry) -> Entry:
    """Give the one that equals *one* if there is one: meters of a kind have the same columns and answers."""
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    return _SHARED.setdefault(one, one)  # type: ignore[return-value]


def _bounded(table: dict[Key, Entry]) -> dict[Key, Entry]:
    if len(table) >= _MOST_ENTRIES:
        del table[next(iter(table))]
    return table


_LESSONS: dict[tuple[int, str], Lesson] = {
    (1, "value"): _device_name,
    (3, "scaler_unit"): _scale,
    (4, "scaler_unit"): _scale,
    (5, "scaler_unit"): _scale,
    (7, "buffer"): _scales,
    (7, "capture_objects"): _columns,
    (7, "capture_period"): _period,
    (12, "object_list"): _short_names,
    (15, "object_list"): _object_list,
    (40, "push_object_list"): _push_list,
    (62, "capture_objects"): _columns,
}
"""What is learnt from which attribute: class and the attribute's name."""
