"""What is odd about the values of a record: types that do not belong to their attributes.

What profiles, clocks and statuses tell over a whole capture is the doctor's affair.
"""

from __future__ import annotations

from analyzer.record import Record
from analyzer.tracking.findings import finding
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.values import Value, values_of


def noted_values(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of *record*, which gets the notes about them; asked again, it gets none twice. Total."""
    values = values_of(record, model)
    misfits = [(value, text) for value in values for text in value.misfits]
    if misfits:
        value, text = misfits[0]
        more = f", and {len(misfits) - 1} more" if len(misfits) > 1 else ""
        note = finding("value-out-of-type", f"{value.name}: {text}{more}; shown as its type says", 0, 0)
        if note not in record.notes:
            record.add_note(note)
    return values
