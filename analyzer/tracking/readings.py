"""Records to readings: the metered values in them, one stream with meter, time, exact value, unit and status.

Profile buffers give a reading a cell. What a meter is set to (scalers, object lists, schedules) is no reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.companions import is_scaler_profile
from analyzer.cosem.date_time import date_time
from analyzer.cosem.datum import FLOATS, INTEGERS, Datum
from analyzer.cosem.plain_text import printable
from analyzer.cosem.push import SCALER_UNITS
from analyzer.cosem.quantity import raw_text, scaled, text_writer, unit_text
from analyzer.record import MESSAGE, Object, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.incomplete import Begun, begun_push
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import meter_key, place_text
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.profiles import UNKNOWN, Profile, Row, profiles_in, rows_of, status_columns, time_column
from analyzer.tracking.telegrams import identification_of, serial_of, sets_of, values_in
from analyzer.tracking.value_plans import planned_values
from analyzer.tracking.values import SCALED, Value, based_on, make_value, text_value, value_name
from dissectors.tree import Problem

_PROFILE = 7
_WRONG_SUMS = {
    "bcc-wrong": "check character wrong", "p1-crc-wrong": "CRC wrong", "hdlc-fcs-wrong": "FCS wrong",
    "mbus-checksum-wrong": "checksum wrong",
}  # fmt: skip
"""The status of the values in a unit whose sum is wrong, by the note that says so."""
_new = tuple.__new__
_METERED = {1: (2,), 3: (2,), 4: (2, 4, 5), 5: (2, 3, 5, 6), 8: (2,), 61: (2,), 70: (2, 3), 71: (2, 3)}
"""Classes and those of their attributes that are read again and again, not set up."""
_NAMES = (
    b"\x00\x00\x2a\x00\x00\xff",
    b"\x00\x00\x60\x01\x00\xff",
    b"\x00\x00\x60\x01\x01\xff",
    b"\x00\x00\x60\x01\x02\xff",
    b"\x01\x01\x00\x00\x05\xff",
)
"""Objects whose value names who pushes: logical device name, device identifications, GS1 number."""


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
    found = _readings_of(record, model)
    damage = next((_WRONG_SUMS[note.code] for note in record.notes if note.code in _WRONG_SUMS), "")
    if not damage:
        return found
    return (one._replace(status=f"{one.status}, {damage}" if one.status else damage) for one in found)


def _readings_of(record: Record, model: ObjectModel) -> Iterator[Reading]:
    values = planned_values(record, model)
    if not values:
        return
    if record.kind == MESSAGE:
        yield from _texts(record)
        return
    meter = model.meter_of(record)
    begun = begun_push(record)
    if begun is not None or (record.apdu is not None and record.apdu.family == "data-notification"):
        named = _named(values) or meter.name or _title_of(record) or place_text(meter_key(record))
        time, captured = _pushed_at(record, values, begun), _capture_times(values)
        for value in values:
            if (value.object.class_id, value.object.attribute) not in SCALER_UNITS:
                yield _reading(record, named, value, captured.get(value.object[:2], time))
        return
    named, captured = meter.name or place_text(meter_key(record)), _capture_times(values)
    for value in values:
        one = value.object
        if value.is_written or one.is_method or one.attribute not in _METERED.get(one.class_id, ()):
            continue
        yield _reading(record, named, value, captured.get(one[:2], ""))
    yield from _profiles(record, meter, named)


def _texts(record: Record) -> Iterator[Reading]:
    """Give the readings of text, the cells of its profiles among them; a block that came again gives none."""
    if any(note.code == "message-repeated" for note in record.notes):
        return
    texts, clock = values_in(record)
    named = serial_of(sets_of(record)) or record.station or identification_of(record) or place_text(meter_key(record))
    for one in texts:
        yield _reading(record, named, text_value(one), clock)


def _reading(record: Record, meter: str, value: Value, time: str) -> Reading:
    return Reading(
        value.time or time, record.time_ns, meter, value.object, value.name, value.value, value.text, value.unit,
        value.raw, value.scaler, value.status, value.basis, record.number,
    )  # fmt: skip


def _named(values: list[Value]) -> str:
    """Find the name of a meter among what it pushes."""
    for name in _NAMES:
        for value in values:
            if value.object.logical_name == name and isinstance(value.plain, str) and value.plain:
                return printable(value.plain)
    return ""


def _title_of(record: Record) -> str:
    """Give the system title of who pushes: on a line all meters have one place."""
    return next((layer.title.hex().upper() for layer in record.protection if layer.title), "")


def _pushed_at(record: Record, values: list[Value], begun: Begun | None) -> str:
    """Tell the meter's time of a push: that of the notification, else of the clock in its body."""
    apdu = record.assembled or record.apdu
    if begun is not None:
        found = date_time(begun.time)
        if found is not None and found.iso:
            return found.iso
    elif apdu is not None and apdu.entry is not None and apdu.values is not None:
        found = date_time(bytes(apdu.values[apdu.entry.slots["date_time"]]))
        if found is not None and found.iso:
            return found.iso
    for value in values:
        if value.object.logical_name[2:3] == b"\x01" and value.name.startswith("Clock"):
            return str(value.plain)
    return ""


def _capture_times(values: list[Value]) -> dict[tuple[int, bytes], str]:
    """Give the capture time of each object, by class and logical name, where it was read beside its value."""
    if len(values) < 2:
        return {}
    return {
        value.object[:2]: value.plain
        for value in values
        if attribute_name(value.object.class_id, value.object.attribute) == "capture_time"
        and isinstance(value.plain, str)
        and value.plain[:1].isdigit()  # no time is not specified, or null-data
    }


def _profiles(record: Record, meter: Meter, named: str) -> Iterator[Reading]:
    for held, profile in profiles_in(record, held_values(record), meter):
        if is_scaler_profile(profile.logical_name):
            continue
        period_s = meter.periods.get(profile.logical_name)
        try:
            yield from _cells(
                record, meter, named, profile, rows_of(profile, held.octets, held.start, held.end, period_s)
            )
        except Problem:
            continue


class _Place(NamedTuple):
    """The meter by name, and whose event codes it has."""

    named: str
    companion: str


class _Plan(NamedTuple):
    """How the values of a column become readings; *scaler* is None where they are shown as their types say.

    *write* writes scaled values.
    """

    object: Object
    name: str
    unit: str
    scaler: int | None
    basis: str
    write: Callable[[int], str] = str


def _cells(record: Record, meter: Meter, named: str, profile: Profile, rows: Iterator[Row]) -> Iterator[Reading]:
    clock = time_column(profile)
    statuses = status_columns(profile)
    plans = [_plan(profile, number, meter) for number in range(len(profile.columns))]
    skipped = {clock, *statuses}
    width, usual = len(plans), [(place, plan) for place, plan in enumerate(plans) if place not in skipped]
    captured, number = record.time_ns, record.number
    for time, cells in rows:
        status = ", ".join(str(cells[place].value) for place in statuses if place < len(cells))
        shown = usual
        if clock is None or len(cells) != width:
            shown = [
                (place, plans[place] if place < width else _plan(profile, place, meter))
                for place in range(len(cells))
                if place not in skipped and (clock is not None or place or not time)
            ]
        for place, plan in shown:
            tag, raw = cells[place]
            one, name, unit, scaler, basis, write = plan
            if scaler is not None and tag in INTEGERS:
                value = scaled(raw, scaler) if scaler else raw
                made = (time, captured, named, one, name, value, write(raw), unit, raw, scaler, status, basis, number)
                yield _new(Reading, made)
            else:
                yield _unscaled(Datum(tag, raw), plan, time, status, record, _Place(named, meter.companion))


def _plan(profile: Profile, place: int, meter: Meter) -> _Plan:
    column = profile.columns[place] if place < len(profile.columns) else UNKNOWN
    one = column.object
    if not column.logical_name:
        buffer = value_name(Object(_PROFILE, profile.logical_name, 2))
        return _Plan(one, f"{buffer}, column {place + 1}", "", None, profile.basis)
    scale = meter.scales.get(column.logical_name)
    if scale is None or column.attribute not in SCALED.get(column.class_id, ()):
        return _Plan(one, value_name(one), "", None, profile.basis)
    unit = unit_text(scale.unit)
    basis = based_on(profile.basis, scale.basis)
    return _Plan(one, value_name(one), unit, scale.scaler, basis, text_writer(scale.scaler, unit))


def _unscaled(datum: Datum, plan: _Plan, time: str, status: str, record: Record, place: _Place) -> Reading:
    one, name, unit, scaler, basis, _ = plan
    if scaler is not None and datum.tag in FLOATS:
        number, text = scaled(datum.value, scaler), raw_text(datum.value, scaler, unit)
        made = (time, record.time_ns, place.named, one, name, number, text, unit, datum.value, scaler, status, basis)
        return Reading(*made, record.number)
    value = make_value(one, datum, companion=place.companion)
    return Reading(
        time, record.time_ns, place.named, one, name, value.value, value.text, "", value.raw, None, status, basis,
        record.number,
    )  # fmt: skip
