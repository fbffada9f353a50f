"""Rings of files that are written on while they are looked at: files come at the end and go at the beginning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from os.path import basename, dirname, join
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from analyzer.table.table import Table


def ring_of(name: str) -> tuple[str, str] | None:
    """Give what all files of a ring have alike, folder and name without number and time; None for another file."""
    from captures.merged import RING  # whoever has inputs has loaded it

    ring, is_ring = RING.subn("", basename(name))
    return (dirname(name), ring) if is_ring else None


def _age(name: str) -> tuple[str, int]:
    """Give what files of one ring are ordered by: a recorder that begins again counts from one."""
    from captures.merged import RING

    found = RING.search(basename(name))
    return (found[2], int(found[1])) if found is not None else ("", 0)


class Rings:
    """The rings among *inputs*. One of which all files are open is read on where it goes on; who left some out is not
    given more.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        of_rings = {ring for one in inputs if (ring := ring_of(one))}
        self._followed = {ring for ring in of_rings if set(_members(ring)) <= set(inputs)}

    def now(self, inputs: Sequence[str], lost: Collection[str], changed: Collection[str]) -> list[str]:
        """Give the *inputs* that are to be read: those that came, too, without those that their ring has given up.

        A *lost* file was given up where a file of its ring came or has *changed* since: else somebody else removed it.
        """
        found: dict[str, None] = {}
        come = {ring: [one for one in _members(ring) if one not in inputs] for ring in self._followed}
        going_on = {ring_of(one) for one in changed} | {ring for ring, names in come.items() if names}
        going_on.discard(None)
        for one in inputs:
            if one not in lost or ring_of(one) not in going_on:
                found[one] = None
        for names in come.values():
            found.update(dict.fromkeys(names))
        return list(found)


def _members(ring: tuple[str, str]) -> list[str]:
    """Give the files of a ring that hold something, the oldest first, as their folder was called."""
    return sorted(_found(*ring), key=_age)


def _found(folder: str, name: str) -> Iterator[str]:
    try:
        for one in Path(folder or ".").iterdir():
            path = join(folder, one.name)
            if ring_of(path) == (folder, name) and one.stat().st_size:
                yield path
    except OSError:  # a file went meanwhile: the next look finds the others
        return


class Renumbering(NamedTuple):
    """Where the records of *before* stand in *after*, which was read from other files of the same ring."""

    before: Table
    after: Table

    def new(self, number: int) -> int:
        """Give the number that a record has now; 0 where it is no more."""
        if not 0 < number <= self.before.height:
            return 0
        old = self.before.frame.row(number - 1, named=True)
        same = [
            ((frame.get_column("packet") == old["packet"]) & (frame.get_column("time") == old["time"])).arg_true()
            for frame in (self.before.frame, self.after.frame)
        ]
        at = (same[0] < number - 1).sum()  # a packet may hold several records
        return int(same[1][at]) + 1 if at < len(same[1]) else 0
