"""A value by itself: a structure or array that a reader deciphered or printed without the APDU that carried it."""

from __future__ import annotations

from analyzer.record import Record
from analyzer.tracking.findings import finding
from dissectors.data_types import ARRAY, STRUCTURE
from dissectors.scanning import reads

HEADER = bytes.fromhex("0F 00 00 00 00 00")
"""A data-notification with long-invoke-id 0 and no time: what stands before a value makes it one."""
_LEAST_OCTETS, _MOST_ELEMENTS = 8, 0x7F
_NAMES = {ARRAY: "an array", STRUCTURE: "a structure"}


def is_bare_value(octets: bytes) -> bool:
    """Tell whether *octets* are one whole structure or array, and no APDU. Total."""
    if len(octets) < _LEAST_OCTETS or octets[0] not in _NAMES or not 0 < octets[1] <= _MOST_ELEMENTS:
        return False
    return reads(HEADER + octets) and not reads(octets)


def carried(record: Record, octets: bytes) -> bytes:
    """Return the data-notification whose body is *octets*, and note on *record* that its header is not there."""
    what = f"{_NAMES[octets[0]]} of {octets[1]} elements"
    text = f"one value, {what}, without the APDU that carried it: read as the body of a data-notification"
    record.add_note(finding("capture-cut", text, 0, len(octets), "start-of-dump-missing"))
    return HEADER + octets
