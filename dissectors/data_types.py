"""The types of COSEM Data: tags, names, and what follows a tag.

Source: IEC 62056-6-2 (Data).
"""

from __future__ import annotations

from struct import Struct

NULL, ARRAY, STRUCTURE, BIT_STRING, COMPACT_ARRAY, DONT_CARE = 0, 1, 2, 4, 19, 255
OCTET_STRING, VISIBLE_STRING, UTF8_STRING, BOOLEAN = 9, 10, 12, 3
OLD_FLOAT = 7
"""The tag of floats in early editions: read as float32, with a note."""
DESCRIPTOR = -1
"""Pseudo type: a cosem-attribute-descriptor that stands without a type tag (quirk ``untagged-descriptors``)."""
STRINGS = (OCTET_STRING, VISIBLE_STRING, UTF8_STRING)

NAMES: dict[int, str] = {
    0: "null-data", 1: "array", 2: "structure", 3: "boolean", 4: "bit-string", 5: "double-long",
    6: "double-long-unsigned", 7: "float32", 9: "octet-string", 10: "visible-string", 12: "utf8-string", 13: "bcd",
    15: "integer", 16: "long", 17: "unsigned", 18: "long-unsigned", 19: "compact-array", 20: "long64",
    21: "long64-unsigned", 22: "enum", 23: "float32", 24: "float64", 25: "date-time", 26: "date", 27: "time",
    28: "delta-integer", 29: "delta-long", 30: "delta-double-long", 31: "delta-unsigned", 32: "delta-long-unsigned",
    33: "delta-double-long-unsigned", 255: "dont-care", DESCRIPTOR: "cosem-attribute-descriptor",
}  # fmt: skip
TAGS: dict[str, int] = {name: tag for tag, name in reversed(NAMES.items())}
TAGS["float32"] = 23

CODES = {
    3: "?", 5: "i", 6: "I", 7: "f", 13: "b", 15: "b", 16: "h", 17: "B", 18: "H", 20: "q", 21: "Q", 22: "B", 23: "f",
    24: "d", 25: "12s", 26: "5s", 27: "4s", 28: "b", 29: "h", 30: "i", 31: "B", 32: "H", 33: "I",
}  # fmt: skip
STRUCTS: dict[int, Struct] = {tag: Struct(">" + code) for tag, code in CODES.items()}
