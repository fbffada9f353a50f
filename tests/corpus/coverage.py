"""Octets explained: how many octets of records stand in fields that were read, and what the others are.

Ciphered contents and manufacturer data are no fields that anybody could read here: they count apart. Octets of a block
or segment count as what the APDU is that they were joined to; those of a transfer that never completes count apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from analyzer.detail import detail
from analyzer.record import PART, Record
from dissectors.tree import Kind, Node

EXPLAINED, CIPHERED, FOREIGN, NEVER_COMPLETE, UNEXPLAINED = (
    "explained", "ciphered", "manufacturer or foreign data", "in transfers that never complete", "unexplained",
)  # fmt: skip
_CIPHERED = frozenset({"ciphered"})
_BLOCKS = frozenset({"raw-data", "block-data"})
_FOREIGN = frozenset({"other-information"})


class Coverage(NamedTuple):
    """Octets by what they are, and the places of those that nothing explains."""

    octets: Counter[str]
    places: list[tuple[int, int, int]]
    """Record, first octet, octet after the last."""

    @property
    def share(self) -> float:
        """The share of explained octets among those that could be; 1.0 over nothing."""
        whole = self.octets[EXPLAINED] + self.octets[UNEXPLAINED]
        return self.octets[EXPLAINED] / whole if whole else 1.0

    def line(self) -> str:
        """One line for people."""
        rest = ", ".join(f"{count} {name}" for name, count in sorted(self.octets.items()) if name != EXPLAINED)
        return f"{self.share:.2%} of octets explained: {self.octets[EXPLAINED]} explained" + (
            f", {rest}" if rest else ""
        )


def cover(records: Iterable[Record]) -> Coverage:
    """Measure the frames of *records*: each octet counts once, as what the innermost field over it is."""
    octets: Counter[str] = Counter()
    places = []
    kept = list(records)
    joined = {number: _joined_sort(one) for one in kept for number in one.parts}
    for record in kept:
        sort = [UNEXPLAINED] * len(record.octets)
        for root in detail(record):
            if not root.buffer:
                _paint(root, sort, record, joined)
        octets.update(sort)
        places += [(record.number, *span) for span in _runs(sort)]
    return Coverage(octets, places)


def _joined_sort(record: Record) -> str:
    """What the APDU is that *record* completes: as bad as the worst field in it."""
    roots = [root for root in detail(record) if root.buffer]
    found = {_sort_of(leaf, record, {}) for root in roots for leaf in root.leaves() if leaf.end > leaf.start}
    return next((one for one in (UNEXPLAINED, CIPHERED, FOREIGN) if one in found), EXPLAINED)


def _paint(root: Node, sort: list[str], record: Record, joined: dict[int, str]) -> None:
    for leaf in root.leaves():
        if leaf.end > leaf.start:
            begin, end = leaf.start // 8, (leaf.end + 7) // 8
            sort[begin:end] = [_sort_of(leaf, record, joined)] * (end - begin)


def _sort_of(leaf: Node, record: Record, joined: dict[int, str]) -> str:
    if leaf.name in _FOREIGN:
        return FOREIGN
    if leaf.name in _CIPHERED:
        return CIPHERED
    if leaf.name in _BLOCKS or (leaf.name == "information" and (record.kind == PART or record.parts)):
        return joined.get(record.number, NEVER_COMPLETE)
    if leaf.name == "octets" and leaf.end - leaf.start < 8 * len(record.octets):
        return FOREIGN  # GBCS signs DER and ZigBee octets, too
    if leaf.kind is Kind.UNDECODED or leaf.name in ("octets", "information"):
        return UNEXPLAINED
    return EXPLAINED


def _runs(sort: list[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for at, one in enumerate(sort):
        if one != UNEXPLAINED:
            continue
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found
