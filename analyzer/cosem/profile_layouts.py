"""Profiles whose capture objects nobody read to their columns: recognised by name, width and types, never read.

Source: profile_layouts.toml, which says where its layouts come from, and the user's own tables before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from analyzer.cosem.datum import Datum
from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables
from dissectors.data_types import TAGS

_LAYOUTS = Tables("profile_layouts.toml")
_ANY = "*"
_GROUP_E = 4
_TIME_SIZE = 12
_TIME_TAGS = (TAGS["octet-string"], TAGS["date-time"])
_MOST_COLUMNS = 1 << 16
Place = tuple[int, bytes, int]
"""Class, logical name and attribute of a column; without a name one that is not known."""


class _Layout(NamedTuple):
    title: str
    least: int
    most: int
    columns: tuple[tuple[int, str, int], ...]
    times: frozenset[int] | None
    """Places of date-times; None where the layout does not say."""
    types: Mapping[int, frozenset[str]]
    is_indian: bool


def is_laid_out(logical_name: bytes) -> bool:
    """Tell whether any layout is about the profile of this name."""
    return logical_name in _by_profile() or _any_instance(logical_name) in _by_profile()


def laid_out(logical_name: bytes, row: Sequence[Datum], *, is_indian: bool) -> tuple[str, tuple[Place, ...]] | None:
    """Give the title of the layout that *row*, the first of a profile, fits, and its columns; None where none fits."""
    layouts = _by_profile()
    for layout in (*layouts.get(logical_name, ()), *layouts.get(_any_instance(logical_name), ())):
        if (is_indian or not layout.is_indian) and _fits(layout, row):
            places = [_place(column, logical_name) for column in layout.columns[: len(row)]]
            return layout.title, (*places, *((0, b"", 0),) * (len(row) - len(places)))
    return None


def _fits(layout: _Layout, row: Sequence[Datum]) -> bool:
    if not layout.least <= len(row) <= layout.most:
        return False
    named = row[: len(layout.columns)]
    if layout.times is not None and any(_is_time(one) is not (at in layout.times) for at, one in enumerate(named)):
        return False
    return all(row[at].type_name in types for at, types in layout.types.items())


def _is_time(datum: Datum) -> bool:
    return datum.tag in _TIME_TAGS and len(datum.value) == _TIME_SIZE


def _place(column: tuple[int, str, int], logical_name: bytes) -> Place:
    class_id, code, attribute = column
    if not code:
        return 0, b"", 0
    if code.endswith(_ANY):  # the same instance as the profile's
        return class_id, obis_from_text(code[:-1] + str(logical_name[_GROUP_E])), attribute
    return class_id, obis_from_text(code), attribute


def _any_instance(logical_name: bytes) -> bytes:
    return logical_name[:_GROUP_E]


@cache
def _by_profile() -> Mapping[bytes, list[_Layout]]:
    """Give the layouts by the logical name of their profile, or its first groups where any instance will do."""
    found: dict[bytes, list[_Layout]] = {}
    for table in (*own().profiles, *(_LAYOUTS.table(name) for name in _LAYOUTS.names("layout."))):
        code = str(table["profile"])
        any_instance = code.endswith(_ANY)
        name = obis_from_text(code[:-1] + "0" if any_instance else code)
        found.setdefault(_any_instance(name) if any_instance else name, []).append(_layout(table))
    return found


def _layout(table: Mapping[str, object]) -> _Layout:
    columns = tuple(map(_column, _list(table["columns"])))
    least, _, most = str(table.get("widths", len(columns))).replace("+", f"..{_MOST_COLUMNS}").partition("..")
    times, types = table.get("times"), table.get("types", {})
    return _Layout(
        str(table["title"]), int(least), int(most or least), columns,
        frozenset(map(int, _list(times))) if times is not None else None,
        {int(at): frozenset(str(names).split()) for at, names in types.items()} if isinstance(types, dict) else {},
        bool(table.get("indian")),
    )  # fmt: skip


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _column(text: str) -> tuple[int, str, int]:
    words = text.split()
    if not words:
        return 0, "", 0
    return int(words[0]), words[1], int(words[2]) if words[2:] else 2
