"""What is odd about the values of a record: types that do not belong to their attributes, rows missing from profiles.

What clocks and statuses tell over a whole capture, and what may have caused any of it, is the doctor's affair.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.record import Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.findings import finding
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.profile_rows import oddities_of
from analyzer.tracking.profiles import profiles_in
from analyzer.tracking.selections import is_buffer
from analyzer.tracking.values import Value, values_of
from dissectors.tree import Note


def noted_values(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of *record*, which gets the notes about them; asked again, it gets none twice. Total."""
    values = values_of(record, model)
    for note in (*_misfits(values), *(_rows(record, model) if any(is_buffer(one.object) for one in values) else ())):
        if note not in record.notes:
            record.add_note(note)
    return values


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
