"""Compact frames, octets without types, to the values in them: recognised by template and size, never read.

Source: compact_frames.toml, which says where its layouts come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from analyzer.cosem.datum import Datum
from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.tables import Tables
from dissectors.axdr import scan_scalar
from dissectors.data_types import TAGS
from dissectors.tree import Problem

_FRAMES = Tables("compact_frames.toml")
_FIRST_TIME, _LAST_TIME = 1_420_070_400, 4_102_444_799
"""The seconds since 1970 of 2015 to 2099: what a clock of such a meter may show."""
UNIX_CLOCK = obis_from_text("0-0:1.1.0")
"""Seconds since 1970, by which a frame's values are dated."""
_ROWS = "rows"


class Field(NamedTuple):
    """One value of a frame; *name* is empty where its object's says it. Rows of a profile have *type* ``rows``."""

    class_id: int
    logical_name: bytes
    attribute: int
    type: str
    name: str = ""


class Found(NamedTuple):
    """One value that a frame holds, and its time, ISO 8601."""

    field: Field
    datum: Datum
    time: str


class Frame(NamedTuple):
    """A recognised frame and its values in order."""

    title: str
    values: tuple[Found, ...]


def compact_frame(octets: bytes) -> Frame | None:
    """Recognise a compact frame; None where *octets* are none that is known. Total."""
    layout = _layout(octets[0]) if octets else None
    if layout is None:
        return None
    title, fields, row, rest = layout
    try:
        found, after = _read(octets, 1, fields, row)
    except (Problem, IndexError, OverflowError):
        return None
    left = len(octets) - after
    if left < rest or (not rest and not _is_spare(octets, after)):
        return None
    time = found[0].time if found[0].field.logical_name == UNIX_CLOCK else ""
    return Frame(title, tuple(one if one.time else one._replace(time=time) for one in found))


def _is_spare(octets: bytes, at: int) -> bool:
    """Tell whether nothing is left, or one octet-string with its length in front."""
    return at == len(octets) or octets[at] == len(octets) - at - 1


def _read(octets: bytes, at: int, fields: tuple[Field, ...], row: tuple[Field, ...]) -> tuple[list[Found], int]:
    """Read fields one after another. Returns them, and the octet after the last; raises Problem where one is cut."""
    found: list[Found] = []
    for field in fields:
        if field.type == _ROWS:
            count, at = octets[at], at + 1
            for _ in range(count):
                cells, at = _read(octets, at, row, ())
                found += [one._replace(time=cells[0].time) for one in cells[1:]]
            continue
        tag = TAGS[field.type]
        datum, at = _value(octets, at, tag)
        found.append(Found(field, datum, _time(datum.value) if field.logical_name == UNIX_CLOCK else ""))
    return found, at


def _value(octets: bytes, at: int, tag: int) -> tuple[Datum, int]:
    """Read one value whose type is known, by putting its tag in front."""
    size = octets[at] + 1 if tag == TAGS["octet-string"] else _SIZES[tag]
    if at + size > len(octets):
        raise Problem(at, "cut")
    tagged = bytes((tag,)) + octets[at : at + size]
    return Datum(*scan_scalar(tagged, 0, len(tagged))), at + size


_SIZES = {
    TAGS["boolean"]: 1, TAGS["enum"]: 1, TAGS["unsigned"]: 1, TAGS["long-unsigned"]: 2, TAGS["double-long-unsigned"]: 4
}  # fmt: skip
"""Octets of values by their type."""


def _time(seconds: int) -> str:
    """Say a UNIX time; raises Problem on one that no meter shows, 0 excepted: a clock that was never set."""
    if seconds and not _FIRST_TIME <= seconds <= _LAST_TIME:
        raise Problem(0, "no time")
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""


@cache
def _layout(template: int) -> tuple[str, tuple[Field, ...], tuple[Field, ...], int] | None:
    table: Any = _FRAMES.table(f"frame.{template}")
    if not table:
        return None
    return table["title"], tuple(_fields(table["fields"])), tuple(_fields(table.get("row", ()))), table.get("rest", 0)


def _fields(texts: list[str]) -> Iterator[Field]:
    for text in texts:
        place, _, name = text.partition(" = ")
        words = place.split()
        if words[0] == _ROWS:
            yield Field(7, obis_from_text(words[1]), 2, _ROWS)
        else:
            yield Field(int(words[0]), obis_from_text(words[1]), int(words[2]), words[3], name)
