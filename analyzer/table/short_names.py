"""Rows about short names to what those stand for, which their meter tells: asked where a question is about objects.

A row keeps the short names as they stood. The lists of a table have few of them, so that the others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from analyzer.record import Lane, Objects
from analyzer.table.words import Path, Subject
from analyzer.tracking.meter_key import MeterKey, key_of
from analyzer.tracking.object_model import ObjectModel

if TYPE_CHECKING:
    import polars

Namer = Callable[[Path, Subject], Subject]
"""Gives what a record of that path is about, by the name of its object."""


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

    def name(path: Path, subject: Subject) -> Subject:
        key = key_of(Lane(path.conversation, path.side, path.lane), path.direction, path.server, path.device)
        if learn is not None:
            learn(key)
        return subject._replace(objects=Objects(map(model.meter_at(key).object_of, subject.objects)))

    return name


def named_rows(
    frame: polars.DataFrame, short: list[int], paths: list[Path], subjects: list[Subject], name: Namer
) -> Named | None:  # fmt: skip
    """Name what the rows of *frame* are about whose subject is one of *short*; None where there are none."""
    import polars

    are_short = polars.repeat(False, len(subjects), dtype=polars.Boolean, eager=True).scatter(short, True)
    rows = are_short.gather(frame.get_column("subject")).arg_true()
    if not len(rows):
        return None
    many = len(subjects)
    found = frame[rows]
    keys = found.get_column("path").cast(polars.UInt64) * many + found.get_column("subject")
    each = keys.unique()
    made = [name(paths[key // many], subjects[key % many]) for key in each.to_list()]
    codes = keys.replace_strict(each, polars.Series(range(len(made)), dtype=polars.UInt32))
    return Named(rows, codes, made)
