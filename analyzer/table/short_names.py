"""Rows about short names to what those stand for, which their meter tells: asked where a question is about objects.

A row keeps the short names as they stood. The lists of a table have few of them, so that the others cost nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from analyzer.record import Lane
from analyzer.table.words import Path, Subject
from analyzer.tracking.meter_key import MeterKey, key_of
from analyzer.tracking.object_model import ObjectModel

if TYPE_CHECKING:
    import polars

Namer = Callable[[Path, Subject], list[tuple[int, Subject]]]
"""Gives what records of that path are about by the names of their objects, and from which record on, in order."""


class Named(NamedTuple):
    """Rows about short names: their places, and for each the place of its subject in *subjects*."""

    rows: polars.Series
    codes: polars.Series
    subjects: list[Subject]


def is_short(subject: Subject) -> bool:
    """Tell whether *subject* has short names."""
    return bool(subject.objects) and not subject.objects[0].logical_name


def namer_of(model: ObjectModel, learn: Callable[[MeterKey], None] | None = None) -> Namer:
    """Make what names the objects of rows as *model* knows them; *learn* lets that know all of one meter before."""

    def name(path: Path, subject: Subject) -> list[tuple[int, Subject]]:
        key = key_of(Lane(path.conversation, path.side, path.lane), path.direction, path.server, path.device)
        if learn is not None:
            learn(key)
        found = model.meter_at(key).objects_over_time(subject.objects)
        return [(start, subject._replace(objects=objects)) for start, objects in found]

    return name


def named_at(names: list[tuple[int, Subject]], number: int) -> Subject:
    """Give which of *names* holds in record *number*."""
    return names[bisect_right(names, number, lo=1, key=itemgetter(0)) - 1][1]


def named_rows(
    frame: polars.DataFrame, short: list[int], paths: list[Path], subjects: list[Subject], name: Namer
) -> Named | None:  # fmt: skip
    """Name what the rows of *frame* are about whose subject is one of *short*; None where there are none.

    The numbers of their records stand in its column ``number``.
    """
    import polars

    are_short = polars.repeat(False, len(subjects), dtype=polars.Boolean, eager=True).scatter(short, True)
    rows = are_short.gather(frame.get_column("subject")).arg_true()
    if not len(rows):
        return None
    many = len(subjects)
    found = frame[rows]
    keys = found.get_column("path").cast(polars.UInt64) * many + found.get_column("subject")
    each = keys.unique()
    made: list[Subject] = []
    begins: list[int] = []
    parted: list[tuple[int, int, list[int]]] = []
    for key in each.to_list():
        names = name(paths[key // many], subjects[key % many])
        begins.append(len(made))
        made += [one for _, one in names]
        if len(names) > 1:
            parted.append((key, begins[-1], [start for start, _ in names[1:]]))
    codes = keys.replace_strict(each, polars.Series(begins, dtype=polars.UInt32))
    for key, begin, starts in parted:
        places = (keys == key).arg_true()
        nth = polars.Series(starts).search_sorted(found.get_column("number").gather(places), side="right")
        codes = codes.scatter(places, (nth + begin).cast(polars.UInt32))
    return Named(rows, codes, made)
