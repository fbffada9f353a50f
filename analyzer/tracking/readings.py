"""Records to readings: the metered values in them, one stream with meter, time, exact value, unit and status.

Profile buffers give a reading a cell. What a meter is set to (scalers, object lists, schedules) is no reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.date_time import date_time
from analyzer.cosem.datum import INTEGERS, read_datum
from analyzer.cosem.quantity import raw_text, scaled, unit_text
from analyzer.record import Object, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.object_model import Meter, ObjectModel, meter_key
from analyzer.tracking.profiles import Cell, Profile, read_profile
from analyzer.tracking.values import Value, raw_of, value_name, values_of
from dissectors.tree import Problem

_PROFILE = 7
_METERED = {1: (2,), 3: (2,), 4: (2, 4, 5), 5: (2, 3, 4, 5, 6), 8: (2,), 61: (2,), 70: (2, 3), 71: (2, 3)}
"""Classes and those of their attributes that are read again and again, not set up."""
_NAMES = (
    b"\x00\x00\x2a\x00\x00\xff",
    b"\x00\x00\x60\x01\x00\xff",
    b"\x00\x00\x60\x01\x01\xff",
    b"\x01\x01\x00\x00\x05\xff",
)
"""Objects whose value names the meter: logical device name, device identifications, GS1 number."""


class Reading(NamedTuple):
    """One metered value. *time* is the meter's, ISO 8601 or empty; *capture_time_ns* when its record ended."""

    time: str
    capture_time_ns: int | None
    meter: str
    object: Object
    name: str
    value: Any
    text: str
    unit: str
    raw: Any
    scaler: int | None
    status: str
    basis: str
    record: int


def readings_of(record: Record, model: ObjectModel) -> Iterator[Reading]:
    """Give the readings of *record*. Total."""
    values = values_of(record, model)
    if not values:
        return
    meter = model.meter_of(record)
    named = _named(values) or meter.name or _place(record)
    if record.apdu is not None and record.apdu.family == "data-notification":
        time = _pushed_at(record, values)
        for value in values:
            yield _reading(record, named, value, time)
        return
    for value in values:
        one = value.object
        if value.is_written or one.attribute not in _METERED.get(one.class_id, ()):
            continue
        yield _reading(record, named, value, _time_beside(value, values))
    yield from _profiles(record, meter, named)


def _reading(record: Record, meter: str, value: Value, time: str) -> Reading:
    return Reading(
        time, record.time_ns, meter, value.object, value.name, value.value, value.text, value.unit, value.raw,
        value.scaler, "", value.basis, record.number,
    )  # fmt: skip


def _place(record: Record) -> str:
    """Say where a meter is that has not told its name: the server's end of its lane and its address."""
    end, server = meter_key(record)
    return f"{end} {server}" if server is not None else end


def _named(values: list[Value]) -> str:
    """Find the name of a meter among what it pushes."""
    for name in _NAMES:
        for value in values:
            if value.object.logical_name == name and isinstance(value.plain, str) and value.plain:
                return value.plain
    return ""


def _pushed_at(record: Record, values: list[Value]) -> str:
    """Tell the meter's time of a push: that of the notification, else of the clock in its body."""
    apdu = record.assembled or record.apdu
    if apdu is not None and apdu.entry is not None and apdu.values is not None:
        found = date_time(bytes(apdu.values[apdu.entry.slots["date_time"]]))
        if found is not None and found.iso:
            return found.iso
    for value in values:
        if value.object.logical_name[2:3] == b"\x01" and value.name.startswith("Clock"):
            return str(value.plain)
    return ""


def _time_beside(value: Value, values: list[Value]) -> str:
    """Give the capture time of the same object, where it was read beside the value."""
    one = value.object
    for other in values:
        if other.object[:2] == one[:2] and attribute_name(one.class_id, other.object.attribute) == "capture_time":
            return str(other.plain)
    return ""


def _profiles(record: Record, meter: Meter, named: str) -> Iterator[Reading]:
    for held in held_values(record):
        one = meter.object_of(held.object)
        if (one.class_id, one.attribute) != (_PROFILE, 2):
            continue
        try:
            buffer = read_datum(held.octets, held.start, held.end)
        except Problem:
            continue
        profile = read_profile(one.logical_name, buffer, meter)
        for row in profile.rows:
            status = _status(profile, row.cells)
            for number, cell in enumerate(row.cells, 1):
                if not cell.is_time and not _is_status(cell):
                    yield _cell(record, meter, named, profile, row.time, status, cell, number)


def _cell(
    record: Record, meter: Meter, named: str, profile: Profile, time: str, status: str, cell: Cell, number: int
) -> Reading:  # fmt: skip
    column = cell.column
    scale = meter.scales.get(column.logical_name)
    name = value_name(column.object) if column.logical_name else f"{value_name(profile.object)}, column {number}"
    datum = cell.datum
    if scale is not None and datum.tag in INTEGERS and column.attribute in _METERED.get(column.class_id, ()):
        unit = unit_text(scale.unit)
        text = raw_text(datum.value, scale.scaler, unit)
        value = scaled(datum.value, scale.scaler)
        return Reading(
            time, record.time_ns, named, column.object, name, value, text, unit, datum.value, scale.scaler, status,
            f"record {scale.record}", record.number,
        )  # fmt: skip
    shown = cell.shown
    text = shown.text or ("" if shown.value is None else str(shown.value))
    return Reading(
        time, record.time_ns, named, column.object, name, shown.value, text, "", raw_of(datum), None, status,
        profile.basis, record.number,
    )  # fmt: skip


def _is_status(cell: Cell) -> bool:
    """Tell whether a column is the status of its rows: 0-b:96.10.e, the profile status."""
    return cell.column.logical_name[2:4] == b"\x60\x0a"


def _status(profile: Profile, cells: tuple[Cell, ...]) -> str:
    return ", ".join(str(cell.shown.text or cell.shown.value) for cell in cells if _is_status(cell))
