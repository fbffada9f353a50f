"""A value by itself: a structure or array that a reader deciphered or printed without the APDU that carried it."""

from __future__ import annotations

from analyzer.record import Record
from analyzer.tracking.findings import finding
from dissectors.data_types import ARRAY, STRUCTURE
from dissectors.reader import read_apdu
from dissectors.scanning import reads

HEADER = bytes.fromhex("0F 00 00 00 00 00")
"""A data-notification with long-invoke-id 0 and no time: what stands before a value makes it one."""
_LEAST_OCTETS, _MOST_ELEMENTS = 8, 0x7F
_LEAST_CUT, _MOST_CUT = 32, 4096
"""Octets of a value that breaks off: fewer may read so by chance."""
_NAMES = {ARRAY: "an array", STRUCTURE: "a structure"}
_TAGS = tuple(bytes([tag]) for tag in _NAMES)


def begins_value(octets: bytes) -> bool:
    """Tell whether a structure or an array of elements begins *octets*. Total."""
    return octets[:1] in _TAGS and 0 < int.from_bytes(octets[1:2]) <= _MOST_ELEMENTS


def is_bare_value(octets: bytes) -> bool:
    """Tell whether *octets* are one whole structure or array, and no APDU. Total."""
    if len(octets) < _LEAST_OCTETS or not begins_value(octets):
        return False
    return reads(HEADER + octets) and not reads(octets)


def is_cut_value(octets: bytes) -> bool:
    """Tell whether *octets* are a structure or array that is right as far as it goes, and breaks off. Total."""
    if not _LEAST_CUT <= len(octets) <= _MOST_CUT or not begins_value(octets) or reads(octets):
        return False
    codes = {note.code for note in read_apdu(HEADER + octets).all_notes()}
    return "capture-cut" in codes and "apdu-malformed" not in codes


def carried(record: Record, octets: bytes) -> bytes:
    """Return the data-notification whose body is *octets*, and note on *record* that its header is not there."""
    what = f"{_NAMES[octets[0]]} of {octets[1]} elements{', that breaks off' * is_cut_value(octets)}"
    text = f"one value, {what}, without the APDU that carried it: read as the body of a data-notification"
    record.add_note(finding("capture-cut", text, 0, len(octets), "start-of-dump-missing"))
    return HEADER + octets
