"""What is known of one logical device of a meter: scalers and units, columns of profiles, versions, short names.

Source: IEC 62056-6-2 (Register, Profile generic, Association LN and SN, Push setup).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from analyzer.cosem.classes import first_method, has_attribute, method_name, takes_secret
from analyzer.cosem.companions import USUAL
from analyzer.record import Object, Objects
from analyzer.tracking.selections import ALL, Selection
from analyzer.tracking.standing_names import RESERVED, SHORT_NAME_STEP, standing

_MOST_ENTRIES = 4096
_MOST_LISTS = 64
_LATEST = 1 << 63
_MOST_SELECTIONS = 4096
Key = TypeVar("Key")
Entry = TypeVar("Entry")


class Scale(NamedTuple):
    """Scaler and unit of a register: value = raw × 10^scaler in *unit*, as *basis* said."""

    scaler: int
    unit: int
    basis: str


class Column(NamedTuple):
    """What one column of a profile, or one element of a push, is a value of."""

    class_id: int
    logical_name: bytes
    attribute: int
    data_index: int = 0

    @property
    def object(self) -> Object:
        """The object and attribute."""
        return Object(self.class_id, self.logical_name, self.attribute)


class Columns(NamedTuple):
    """The columns of a profile or push, as *basis* said."""

    columns: tuple[Column, ...]
    basis: str


class Listed(NamedTuple):
    """An entry of an object list: class and version, and the base name of an object with a short name."""

    class_id: int
    version: int
    logical_name: bytes


class Names(NamedTuple):
    """What short names stood for up to a record: entries by base name, and the base names sorted."""

    until: int
    bases: dict[int, Listed]
    order: list[int]


class Meter:
    """One logical device of one meter."""

    __slots__ = (
        "bases", "columns", "companion", "former", "heard", "listed", "name", "named_from", "namings", "periods",
        "push_lists", "recalled", "scales", "selections", "short_names", "sought",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        """The logical device name, where it was read."""
        self.companion = USUAL
        """Whose event codes it has."""
        self.recalled: Meter | None = None
        """What was known of it beforehand."""
        self.heard: dict[Object, bytes] = {}
        """What was learnt last from each attribute: most answers come again as they were."""
        self.scales: dict[bytes, Scale] = {}
        self.columns: dict[bytes, Columns] = {}
        """The columns of profiles."""
        self.selections: dict[bytes, list[tuple[int, tuple[Selection, ...]]]] = {}
        """What requests asked of profiles, by the number of their records; only of those that ever asked for a part."""
        self.periods: dict[bytes, int] = {}
        """Capture periods of profiles in seconds."""
        self.push_lists: dict[bytes, Columns] = {}
        self.listed: dict[bytes, Listed] = {}
        self.bases: dict[int, Listed] = {}
        """Entries of the list of short names, by base name."""
        self.short_names: list[int] = []
        """The base names, sorted when one is looked up."""
        self.former: list[Names] = []
        """What its short names stood for before a list that has them otherwise, in order."""
        self.named_from = 0
        """The record of the list that the names stand in since; 0 where it gave none."""
        self.sought: dict[Object, int] = {}
        """What would explain its values: the packet from which on it is sought in vain."""
        self.namings = 0
        """How often its lists told something new of short names."""

    def select(self, logical_name: bytes, selections: tuple[Selection, ...], number: int) -> bool:
        """Remember what record *number* asks of a profile, mostly once. Returns whether that was news."""
        asked = self.selections.get(logical_name)
        if asked is None:
            if selections == (ALL,):
                return False
            asked = bounded(self.selections)[logical_name] = []
        if asked and (asked[-1][1] == selections or asked[-1][0] >= number):
            return False
        asked.append((number, selections))
        if len(asked) > _MOST_SELECTIONS:
            del asked[0]
        return True

    def selection_at(self, logical_name: bytes, number: int, nth: int = 0) -> tuple[Selection, int]:
        """Tell what was selected of the *nth* buffer of a profile in record *number*, and by which record."""
        asked = self.selections.get(logical_name, ())
        at = bisect_right(asked, number, key=lambda one: one[0])
        if not at:
            return ALL, 0
        by, selections = asked[at - 1]
        return selections[min(nth, len(selections) - 1)], by

    def columns_at(self, logical_name: bytes, number: int, nth: int = 0) -> Columns | None:
        """Give the columns that the *nth* buffer of a profile in record *number* has, as its request selected them."""
        known = self.columns.get(logical_name)
        if logical_name not in self.selections:
            return known
        selection, by = self.selection_at(logical_name, number, nth)
        if selection.columns:
            return Columns(tuple(Column(*one) for one in selection.columns), f"record {by}")
        if known is None:
            return None
        return known._replace(columns=known.columns[selection.first - 1 : selection.last or None])

    def taught(self) -> tuple[dict[Any, Any], ...]:
        """Give all tables of what the meter taught."""
        return self.scales, self.columns, self.periods, self.push_lists, self.listed, self.bases

    def name_by(self, entries: dict[int, Listed], number: int) -> None:
        """Take what the list of short names in record *number* has, but when the capture is read a second time.

        An entry that another one takes the place of is kept for the records before.
        """
        known = self.bases
        if number < self.named_from or all(known.get(base) == one for base, one in entries.items()):
            return
        differs = any(known.get(base, one) != one for base, one in entries.items())
        if differs and self.named_from and len(self.former) < _MOST_LISTS:
            self.former.append(Names(number, dict(known), sorted(known)))
        if differs or not self.named_from:
            self.named_from = number
        for base, one in entries.items():
            bounded(known)[base] = one
        self.short_names = []
        self.namings += 1

    def objects_over_time(self, objects: Iterable[Object]) -> list[tuple[int, Objects]]:
        """Give what short names stand for, and from which record on, in order; the first is from 0 on."""
        kept = tuple(objects)
        starts = (0, *(one.until for one in self.former))
        return [(start, Objects(self.object_of(one, start) for one in kept)) for start in starts]

    def object_of(self, one: Object, number: int = _LATEST) -> Object:
        """Give what a short name stands for in record *number*; objects with a logical name stay.

        Before the first list it is what that has.
        """
        if one.logical_name:
            return one
        one = standing(one)
        if one.logical_name:
            return one
        bases, order = self._names_at(number)
        base = _below(order, one.attribute & 0xFFFF)
        if base is not None:
            entry = bases[base]
            member = _member_at(entry.class_id, entry.version, (one.attribute & 0xFFFF) - base)
            if member is not None:
                return Object(entry.class_id, entry.logical_name, *member)
        return _reserved(one, base)

    def may_take_secret(self, one: Object) -> bool:
        """Tell whether a short name that stands for nothing known may be a method that takes a secret."""
        if one.logical_name:
            return False
        for start in (*(each.until - 1 for each in self.former), _LATEST):
            bases, order = self._names_at(start)
            base = _below(order, one.attribute & 0xFFFF)
            if base is not None and takes_secret(bases[base].class_id):
                return True
        return False

    def _names_at(self, number: int) -> tuple[dict[int, Listed], list[int]]:
        """Give the entries of the list of short names that holds in record *number*, and their base names sorted."""
        if self.former and number < self.former[-1].until:
            found = self.former[bisect_right(self.former, number, key=lambda one: one.until)]
            return found.bases, found.order
        if len(self.short_names) != len(self.bases):
            self.short_names = sorted(self.bases)
        return self.bases, self.short_names

    def version_of(self, logical_name: bytes) -> int | None:
        """Tell the version of an object's class where a list said it."""
        entry = self.listed.get(logical_name)
        return entry.version if entry is not None else None


def bounded(table: dict[Key, Entry]) -> dict[Key, Entry]:
    """Give *table* with room for one more entry: its oldest goes where it is full."""
    if len(table) >= _MOST_ENTRIES:
        del table[next(iter(table))]
    return table


@lru_cache(maxsize=4096)
def _member_at(class_id: int, version: int, offset: int) -> tuple[int, bool] | None:
    """Give the number of what has its short name *offset* after the base name, and whether it is a method."""
    first = first_method(class_id, version)
    is_method = first is not None and offset >= first
    number = (offset - (first or 0) * is_method) // SHORT_NAME_STEP + 1
    is_known = (
        method_name(class_id, number, version) is not None if is_method else has_attribute(class_id, number, version)
    )
    return (number, is_method) if is_known else None


def _reserved(one: Object, listed: int | None) -> Object:
    """Give what a short name stands for that is the same in every meter; others stay, and what its list has otherwise.

    *listed* is the base name in the meter's list that is nearest below.
    """
    base = one.attribute & 0xFF00
    if base not in RESERVED or (listed is not None and listed >= base):
        return one
    class_id, version, name = RESERVED[base]
    member = _member_at(class_id, version, one.attribute & 0xFF)
    return one if member is None else Object(class_id, name, *member)


def _below(numbers: list[int], number: int) -> int | None:
    at = bisect_right(numbers, number)
    return numbers[at - 1] if at else None
