"""What an audit collects in one pass: what was there to be checked, and what was found against a check. Bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container
from itertools import islice
from typing import NamedTuple

from analyzer.diagnosis.doctor import Doctor
from analyzer.record import Record
from analyzer.tracking.history import Association
from analyzer.tracking.object_model import ObjectModel

PASS, FAIL, INCONCLUSIVE, NOT_SEEN = "PASS", "FAIL", "INCONCLUSIVE", "NOT-SEEN"
VERDICTS = {
    PASS: "There was something to check, and nothing speaks against it.",
    FAIL: "The octets prove that it is not kept.",
    INCONCLUSIVE: "Something speaks against it, and the octets do not decide: no key, frames missing, a damaged line.",
    NOT_SEEN: "The capture holds nothing to check.",
}
"""What each verdict says."""
MOST_RECORDS = 100
MOST_ASSOCIATIONS = 4096
MOST_REMEMBERED = 16 * MOST_ASSOCIATIONS
"""How much a watcher remembers under one name."""


class Tally:
    """How often something was there, and its first records."""

    __slots__ = ("count", "records")

    def __init__(self) -> None:
        self.count = 0
        self.records: list[int] = []

    def add(self, record: int) -> None:
        """Count one more."""
        self.count += 1
        if len(self.records) < MOST_RECORDS:
            self.records.append(record)


class Finding(NamedTuple):
    """Something against a check: how much it says, a sentence, and the records that show it."""

    verdict: str
    text: str
    records: tuple[int, ...]
    is_general: bool = False
    """It says little, and stands behind others."""


class Ledger:
    """What was seen and found so far.

    Where *only* some records count, what is told waits until it is known whether its records are among them.
    """

    def __init__(self, doctor: Doctor, only: Container[int] | None = None) -> None:
        self.doctor = doctor
        self.only = only
        self._waiting: list[tuple[str, int] | tuple[str, Finding]] = []
        self.seen: dict[str, Tally] = {}
        """By sort (``hdlc``, ``aare``): what there was to check."""
        self.newest: dict[str, int] = {}
        """By sort: its newest record, whether that counts or not."""
        self.found: dict[str, list[Finding]] = {}
        """By check: what speaks against it, the first ones."""
        self.counts: dict[str, int] = {}
        """By check: how often."""
        self.figures: dict[str, str] = {}
        """By check: what was measured."""
        self.state: defaultdict[str, dict[object, object]] = defaultdict(dict)
        """What watchers remember: a table for each name, by what it is about, so that none crowds out another."""
        self.grave: dict[int, str] = {}
        """By request in clear that waits for its answer: what grave thing it does."""
        self.names = ObjectModel()
        """What short names stand for."""

    def saw(self, sort: str, record: int) -> None:
        """Take down that there was something to check; 0 is no record of the capture."""
        if record > self.newest.get(sort, 0):
            self.newest[sort] = record
        if self.only is None:
            self._saw(sort, record)
        else:
            self._waiting.append((sort, record))

    def _saw(self, sort: str, record: int) -> None:
        tally = self.seen.get(sort)
        if tally is None:
            tally = self.seen[sort] = Tally()
        tally.add(record)

    def find(self, check: str, verdict: str, text: str, *records: int, is_general: bool = False) -> None:
        """Take down what speaks against a check."""
        finding = Finding(verdict, text, records, is_general)
        if self.only is None:
            self._find(check, finding)
        else:
            self._waiting.append((check, finding))

    def settle(self) -> None:
        """Take down what waits and is about records that count, or about none."""
        for name, told in self._waiting:
            if isinstance(told, int):
                if not told or self.counts_among(told):
                    self._saw(name, told)
            elif not told.records or self.counts_among(*told.records):
                self._find(name, told)
        self._waiting.clear()

    def counts_among(self, *records: int) -> bool:
        """Tell whether one of *records* counts."""
        return self.only is None or any(one in self.only for one in records)

    def _find(self, check: str, finding: Finding) -> None:
        self.counts[check] = self.counts.get(check, 0) + 1
        kept = self.found.setdefault(check, [])
        if len(kept) < MOST_RECORDS:
            kept.append(finding)
        elif not finding.is_general:
            general = next((at for at, one in enumerate(kept) if one.is_general), None)
            if general is not None:
                kept[general] = finding

    def remember(self, name: str, about: object, value: object) -> object:
        """Keep *value* for a watcher. Returns what was kept before; bounded: what is oldest of its name goes."""
        table = self.state[name]
        before = table.get(about)
        if before is None and len(table) >= MOST_REMEMBERED:
            for oldest in list(islice(table, MOST_REMEMBERED // 16)):  # many at once: each search passes what is gone
                del table[oldest]
        table[about] = value
        return before


Watcher = Callable[[Ledger, Record, Association | None], None]
Closing = Callable[[Ledger], None]
WATCHERS: list[Watcher] = []
"""What looks at every record."""
CLOSINGS: list[Closing] = []
"""What looks back once the capture ended."""


def watcher(function: Watcher) -> Watcher:
    """Register what looks at every record."""
    WATCHERS.append(function)
    return function


def closing(function: Closing) -> Closing:
    """Register what looks back at the end."""
    CLOSINGS.append(function)
    return function
