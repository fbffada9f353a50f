"""What the values of attributes teach about their meter: a lesson for each attribute that teaches.

Source: IEC 62056-6-2 (Register, Profile generic, Association LN and SN, Push setup).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.companions import INDIA, is_indian, is_scaler_profile
from analyzer.cosem.datum import INTEGERS, SCALERS, Datum, read_datum
from analyzer.cosem.plain_text import text_in
from analyzer.cosem.push import SCALER_UNITS
from analyzer.record import Object
from analyzer.tracking.meter import Column, Columns, Entry, Listed, Meter, Scale, bounded
from dissectors.data_types import OCTET_STRING
from dissectors.tree import Problem

_PROFILE, _BUFFER = 7, 2
_DATA = 1
_SHORT = 512
"""Octets of values that are worth to be kept as they read."""
_DEVICE_NAME = b"\x00\x00\x2a\x00\x00"
"""Class Data holds anything; of its objects only the logical device name (0-0:42.0.0) teaches."""
Lesson = Callable[[Meter, bytes, Datum, int], None]
"""Takes what a value teaches: meter, logical name, value, number of the record."""


def teach(meter: Meter, one: Object, octets: bytes, number: int) -> bool:
    """Take what the value *octets* of an attribute teaches in record *number*. Returns whether it was new; total."""
    lesson = _lesson(one)
    if lesson is None or meter.heard.get(one) == octets:
        return False
    bounded(meter.heard)[one] = _shared(octets)
    try:
        datum = _datum(octets) if len(octets) <= _SHORT else read_datum(octets, 0, len(octets))
    except Problem:
        return False
    lesson(meter, one.logical_name, datum, number)
    return True


def may_teach(one: Object) -> bool:
    """Tell whether the value of an object's attribute may teach something; a short name always may."""
    return not one.logical_name or _lesson(one) is not None or is_indian(one.logical_name)


def _lesson(one: Object) -> Lesson | None:
    """Find what the value of an object's attribute teaches."""
    if one.is_method or (one.class_id == _DATA and one.logical_name[:5] != _DEVICE_NAME):
        return None
    if one.class_id == _PROFILE and one.attribute == _BUFFER and not is_scaler_profile(one.logical_name):
        return None
    return _LESSONS.get((one.class_id, attribute_name(one.class_id, one.attribute) or ""))


@lru_cache(maxsize=1024)
def _datum(octets: bytes) -> Datum:
    """Read a value: meters of a kind give the same answers."""
    return read_datum(octets, 0, len(octets))


def _name(datum: Datum) -> bytes | None:
    return bytes(datum.value) if datum.tag == OCTET_STRING and len(datum.value) == 6 else None


def _scale(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    if len(datum.members) == 2:
        scaler, unit = (one.number for one in datum.members)
        if scaler is not None and unit is not None and scaler in SCALERS:
            bounded(meter.scales)[logical_name] = Scale(scaler, unit, f"record {number}")


def _columns(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    columns = _shared(tuple(read_columns(datum)))
    if columns:
        bounded(meter.columns)[logical_name] = Columns(columns, f"record {number}")
    buffer = meter.heard.get(Object(_PROFILE, logical_name, _BUFFER))
    if buffer is not None:  # scalers that were read before what they belong to
        _scales(meter, logical_name, read_datum(buffer, 0, len(buffer)), number)


def _scales(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    """Learn from the one row of a scaler profile, whose columns are the scaler_units of registers."""
    known = meter.columns.get(logical_name)
    if known is None or not datum.members:
        return
    for column, cell in zip(known.columns, datum.members[0].members, strict=False):
        if (column.class_id, column.attribute) in SCALER_UNITS:
            _scale(meter, column.logical_name, cell, number)


def _period(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    if datum.tag in INTEGERS:
        bounded(meter.periods)[logical_name] = datum.value


def _push_list(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    columns = _shared(tuple(read_columns(datum)))
    if columns:
        bounded(meter.push_lists)[logical_name] = Columns(columns, f"record {number}")


def read_columns(datum: Datum) -> Iterator[Column]:
    """Give the columns of capture_objects, or the elements of a push_object_list, as far as they read."""
    for one in datum.members:
        if len(one.members) < 3:
            return
        class_id, attribute = one.members[0].number, one.members[2].number
        name = _name(one.members[1])
        if class_id is None or attribute is None or name is None:  # version 0 of the class has the name first
            class_id, name = one.members[1].number, _name(one.members[0])
        if class_id is None or attribute is None or name is None:
            return
        index = one.members[3].number if len(one.members) > 3 else 0
        yield Column(class_id, name, attribute, index or 0)


def _object_list(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    for one in datum.members:
        if len(one.members) < 4:
            continue
        numbers, name = [member.number for member in one.members], _name(one.members[2])
        if name is not None and numbers[0] is not None and numbers[1] is not None:
            bounded(meter.listed)[name] = Listed(numbers[0], numbers[1], name)
            if is_indian(name):
                meter.companion = INDIA


def _short_names(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    entries: dict[int, Listed] = {}
    for one in datum.members:
        if len(one.members) != 4:
            continue
        base, class_id, version = (member.number for member in one.members[:3])
        name = _name(one.members[3])
        if base is not None and class_id is not None and version is not None and name is not None:
            entry = Listed(class_id, version, name)
            entries[base & 0xFFFF] = entry
            bounded(meter.listed)[name] = entry
    meter.name_by(entries, number)


def _device_name(meter: Meter, logical_name: bytes, datum: Datum, number: int) -> None:
    if isinstance(datum.value, bytes):
        meter.name = text_in(datum.value) or datum.value.hex().upper()


_SHARED: dict[object, object] = {}
_MOST_SHARED = 8192


def _shared(one: Entry) -> Entry:
    """Give the one that equals *one* if there is one: meters of a kind have the same columns and answers."""
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    return _SHARED.setdefault(one, one)  # type: ignore[return-value]


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
