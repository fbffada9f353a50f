"""What is odd about the values of a record: types that do not belong to their attributes, rows missing from profiles.

What clocks and statuses tell over a whole capture, and what may have caused any of it, is the doctor's affair.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.cosem.classes import versions
from analyzer.cosem.companions import INDIA, USUAL
from analyzer.record import MESSAGE, PART, Object, Record
from analyzer.tracking.attributes import Held, held_values
from analyzer.tracking.findings import finding
from analyzer.tracking.meter import Meter
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.plans import PUSH
from analyzer.tracking.profile_rows import oddities_of
from analyzer.tracking.profiles import profiles_in
from analyzer.tracking.selections import is_buffer
from analyzer.tracking.value_plans import plan_of
from analyzer.tracking.values import COMPACT, Value, may_have_values, unscaled_value, values_of
from dissectors.data_types import ARRAY, COMPACT_ARRAY, OCTET_STRING, STRUCTURE
from dissectors.tree import Note

_Key = tuple[Object, bool, bytes]
_OCTET_STRING = bytes((OCTET_STRING,))
_CONTAINERS = (bytes((ARRAY,)), bytes((STRUCTURE,)), bytes((COMPACT_ARRAY,)))
_MOST_FITTING = 1 << 14
_fitting: set[_Key] = set()
"""Objects, whether a client writes them, and beginnings of values whose type belongs there."""


def noted_values(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of *record*, which gets the notes about them; asked again, it gets none twice. Total."""
    plan = plan_of(record)
    if plan is not None and (planned := plan.values(record, model.meter_of(record))) is not None:
        return planned
    values = values_of(record, model)
    notes: list[Note] = []
    for one in values:
        if one.misfits:
            notes += _misfits(values)
            break
    for one in values:
        if is_buffer(one.object):
            notes += _rows(record, model)
            break
    for note in notes:
        if note not in record.notes:
            record.add_note(note)
    return values


def note_values(record: Record, model: ObjectModel) -> bool:
    """Give *record* the notes about its values, which are made only where something may be odd: then true. Total."""
    if not may_be_odd(record, model):
        return False
    noted_values(record, model)
    return True


def may_be_odd(record: Record, model: ObjectModel) -> bool:
    """Tell whether there may be notes about the values of *record*: false of nearly all, without making a value."""
    apdu = record.assembled or record.apdu
    if record.kind == PART:
        return record.incomplete is not None
    if apdu is None or record.kind == MESSAGE or not may_have_values(apdu):
        return False
    if apdu.family == PUSH:
        return True
    for held in held_values(record):
        octets, start = held.octets, held.start
        size = 2 if octets[start : start + 1] == _OCTET_STRING else 1  # its length may be what does not belong
        key = held.object, held.is_written, octets[start : start + size]
        if key not in _fitting and not _fits(held, key, model.meter_of(record), record.number):
            return True
    return False


def _fits(held: Held, key: _Key, meter: Meter, number: int) -> bool:
    """Tell whether the type of a value belongs there; where it does in every meter, that is kept."""
    one = meter.object_of(held.object, number)
    if is_buffer(one) or one.class_id == COMPACT:
        return False
    version = meter.version_of(one.logical_name)
    octets = held.octets[held.start : held.end]
    value = unscaled_value(one, octets, version, meter.companion, is_written=held.is_written)
    if value is not None and value.misfits:
        return False
    if value is not None and one == held.object and octets[:1] not in _CONTAINERS and _fits_all(held, octets):
        if len(_fitting) >= _MOST_FITTING:
            _fitting.clear()
        _fitting.add(key)
    return True


def _fits_all(held: Held, octets: bytes) -> bool:
    """Tell whether the type of a value belongs there whatever the version of the class and the companion standard."""
    found = (
        unscaled_value(held.object, octets, version, companion, is_written=held.is_written)
        for version in (None, *versions(held.object.class_id))
        for companion in (USUAL, INDIA)
    )
    return not any(value is None or value.misfits for value in found)


def _misfits(values: list[Value]) -> Iterator[Note]:
    misfits = [(value, text) for value in values for text in value.misfits]
    if misfits:
        value, text = misfits[0]
        more = f", and {len(misfits) - 1} more" if len(misfits) > 1 else ""
        yield finding("value-out-of-type", f"{value.name}: {text}{more}; shown as its type says", 0, 0)


def _rows(record: Record, model: ObjectModel) -> Iterator[Note]:
    """Note what is odd about the rows of the profiles in *record*, where their columns are known."""
    meter = model.meter_of(record)
    for held, profile in profiles_in(record, held_values(record), meter):
        for one in oddities_of(profile, held, meter.periods.get(profile.logical_name)):
            yield finding(one.code, one.text, 0, 0)
