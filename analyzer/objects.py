"""Records to the objects that they are about: what was done with each, how it was answered, and its last value.

What an object list shows, and who counts by object may print. One pass, bounded: per object a row, its response times a
sample.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil

from analyzer.cosem.names import class_name, obis_name, obis_text
from analyzer.diagnosis.refusals import service_refusals
from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Apdu, Object, Record
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import MeterKey, meter_key, place_text
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.values import Value

_MOST_ROWS = 65536
_MOST_TIMES = 4096
READ, WRITE, INVOKE, PUSH = "read", "write", "invoke", "push"
_SERVICES = {
    "get-request": READ, "readRequest": READ, "set-request": WRITE, "writeRequest": WRITE,
    "unconfirmedWriteRequest": WRITE, "action-request": INVOKE,
}  # fmt: skip
_ACCESSES = {1: READ, 2: WRITE, 3: INVOKE}
"""What is asked of each object of an access-request, by the choice that says it."""


class Times:
    """Response times of one object in nanoseconds: all, or an even sample of many."""

    def __init__(self) -> None:
        self._kept = array("q")
        self._every = 1
        self._seen = 0

    def add(self, time_ns: int) -> None:
        """Take one; of more than are kept every second goes."""
        if self._seen % self._every == 0:
            if len(self._kept) >= _MOST_TIMES:
                self._kept = self._kept[::2]
                self._every *= 2
            if self._seen % self._every == 0:
                self._kept.append(time_ns)
        self._seen += 1

    def percentile(self, percent: float) -> int | None:
        """Give the smallest time that *percent* of all do not exceed; None where there is none."""
        if not self._kept:
            return None
        ordered = sorted(self._kept)
        return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]


class ObjectRow:
    """One object of one meter."""

    def __init__(self, meter: str, class_id: int, logical_name: bytes, short_name: int = 0) -> None:
        self.meter = meter
        """The logical device name, or the server's end and address."""
        self.class_id = class_id
        """0 where nothing told it."""
        self.logical_name = logical_name
        """Six octets; empty for a short name that no list resolves."""
        self.short_name = short_name
        self.attribute = 0
        """Of the last value."""
        self.unit = ""
        self.value = ""
        """The last value of the object's main attribute as text, else of any."""
        self.record = 0
        """The record of the last value; 0 where there is none."""
        self.records = self.octets = self.errors = 0
        """Records about the object and their octets (those of several objects are shared), answers of no success."""
        self.done: Counter[str] = Counter()
        """How often it was asked for, by service, and pushed: read, write, invoke, push."""
        self.times = Times()

    @property
    def code(self) -> str:
        """The object as it is written: ``1-0:1.8.0*255``, or ``short name 2020``."""
        return obis_text(self.logical_name) if self.logical_name else f"short name {self.short_name & 0xFFFF:04X}"

    @property
    def name(self) -> str:
        """What the object is, by its logical name or else its class; empty where neither tells."""
        return (obis_name(self.logical_name) if self.logical_name else None) or class_name(self.class_id) or ""

    @property
    def key(self) -> str:
        """Code and name in one text."""
        return f"{self.code} {self.name}".rstrip()


class ObjectTable:
    """Takes records in order; *model* is what the capture taught."""

    def __init__(self, model: ObjectModel) -> None:
        self._model = model
        self._rows: dict[tuple[MeterKey, bytes, int], ObjectRow] = {}
        self.forgotten = 0
        """Rows that were let go to keep memory flat: those that came first."""

    def take(self, record: Record, values: Sequence[Value]) -> None:
        """Count *record* for its objects, and keep the last of its *values*."""
        if not record.objects and not values:
            return
        key = meter_key(record)
        meter = self._model.meter_of(record)
        rows = [self._row(key, meter, meter.object_of(one, record.number)) for one in record.objects]
        if record.objects:
            self._count(record, rows)
        pushed = [self._row(key, meter, value.object) for value in values]
        if not record.objects:
            self._pushed(record, pushed)
        for value, row in zip(values, pushed, strict=True):
            _keep(value, row, record.number)

    def rows(self) -> list[ObjectRow]:
        """Give the rows by meter and logical name."""
        return sorted(self._rows.values(), key=lambda one: (one.meter, one.logical_name, one.short_name))

    def _row(self, key: MeterKey, meter: Meter, one: Object) -> ObjectRow:
        short_name = 0 if one.logical_name else one.attribute
        row = self._rows.get((key, one.logical_name, short_name))
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                del self._rows[next(iter(self._rows))]
                self.forgotten += 1
            row = ObjectRow("", one.class_id, one.logical_name, short_name)
            self._rows[key, one.logical_name, short_name] = row
        if not row.class_id:
            listed = meter.listed.get(one.logical_name)
            row.class_id = one.class_id or (listed.class_id if listed is not None else 0)
        row.meter = meter.name or place_text(key)
        return row

    def _count(self, record: Record, rows: list[ObjectRow]) -> None:
        shares = _shares(len(record.octets), len(rows))
        for row, octets in zip(rows, shares, strict=True):
            row.octets += octets
        for row in _distinct(rows):
            row.records += 1
            if record.direction == RESPONSE and record.latency_ns is not None:
                row.times.add(record.latency_ns)
        if record.direction == REQUEST and record.apdu is not None and record.part_of in (None, record.number):
            for row, service in zip(rows, _services(record.assembled or record.apdu, len(rows)), strict=True):
                row.done[service] += 1
        if record.direction != REQUEST:
            _refuse(record, rows)

    @staticmethod
    def _pushed(record: Record, rows: list[ObjectRow]) -> None:
        distinct = _distinct(rows)
        for row, octets in zip(distinct, _shares(len(record.octets), len(distinct)), strict=True):
            row.records += 1
            row.octets += octets
            if record.direction == UNSOLICITED:
                row.done[PUSH] += 1


def _services(apdu: Apdu, count: int) -> list[str]:
    """Tell what a request does to each of its *count* objects."""
    if apdu.family == "access-request" and apdu.entry is not None and apdu.values is not None:
        return [_ACCESSES[choice] for choice, _ in apdu.values[apdu.entry.slots["access_request_specification"]]]
    return [_SERVICES.get(apdu.family, READ)] * count


def _refuse(record: Record, rows: list[ObjectRow]) -> None:
    """Count the answers that are no success; one without a place is about all objects."""
    for refusal in service_refusals(record):
        about = [rows[refusal.place]] if 0 <= refusal.place < len(rows) else _distinct(rows)
        for row in about:
            row.errors += 1


def _keep(value: Value, row: ObjectRow, number: int) -> None:
    """Remember a value: that of a main attribute (2, or of a push) rather than any other."""
    is_main = value.object.attribute in (0, 2) and not value.object.is_method
    if value.unit:
        row.unit = value.unit
    if is_main or not row.record or row.attribute not in (0, 2):
        row.attribute, row.value, row.record = value.object.attribute, value.text, number


def _distinct(rows: Iterable[ObjectRow]) -> list[ObjectRow]:
    return list(dict.fromkeys(rows))


def _shares(total: int, count: int) -> list[int]:
    """Part *total* into *count* numbers that differ by one at most."""
    each, left = divmod(total, count) if count else (0, 0)
    return [each + (number < left) for number in range(count)]
