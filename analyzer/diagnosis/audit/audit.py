"""Records to verdicts: the checks of the table, held against what watchers and the doctor found. One pass, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

import analyzer.diagnosis.audit.actions
import analyzer.diagnosis.audit.dialogue
import analyzer.diagnosis.audit.general_blocks
import analyzer.diagnosis.audit.links
import analyzer.diagnosis.audit.security
import analyzer.diagnosis.audit.turns  # noqa: F401 -- importing registers the watchers
from analyzer.diagnosis.audit.checks import CHECKS, Check
from analyzer.diagnosis.audit.keys import is_published, key_count, weak_keys
from analyzer.diagnosis.audit.ledger import (
    CLOSINGS,
    FAIL,
    INCONCLUSIVE,
    MOST_RECORDS,
    NOT_SEEN,
    PASS,
    WATCHERS,
    Finding,
    Ledger,
)
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import CERTAIN, LIKELY, Story
from analyzer.record import End, Record
from analyzer.security.keyring import Keyring
from analyzer.tracking.associations import ASKED_AGAIN, Exchange
from captures.chunk import Source
from dissectors.tree import Severity

_MOST_OTHERS = 4


class Row(NamedTuple):
    """The verdict of one check: a sentence, how often, the records that show it, and what else speaks against it."""

    check: Check
    verdict: str
    text: str
    times: int
    records: tuple[int, ...]
    others: tuple[str, ...] = ()
    """Further sentences, the first few."""
    shown: tuple[int, ...] = ()
    """The records that the sentence is about, where something speaks against the check."""

    def __repr__(self) -> str:
        return f"<Row {self.check.name} {self.verdict}: {self.text}>"


class Audit:
    """Takes records in order; *rows* are the verdicts once it is finished.

    Where *only* some records count, whoever fills it says so before the next record: all are looked at, for a cause
    may stand before what it leads to.
    """

    def __init__(
        self, ends: deque[End] | None = None, keys: Keyring | None = None, only: Container[int] | None = None,
        source: Source | None = None,
    ) -> None:  # fmt: skip
        self.doctor = Doctor(ends, source)
        self._only = only
        self._ledger = Ledger(self.doctor, only)
        self._keys = keys
        self._used: set[str] = set()

    def take_all(self, records: Iterable[Record]) -> int:
        """Look at records, each as it comes. Returns how many there were."""
        count = 0
        for record in records:
            count += 1
            self.take(record)
        return count

    def take(self, record: Record) -> None:
        """Look at one record."""
        if self._only is not None:
            self._ledger.settle()
        self.doctor.take(record)
        one = self.doctor.associations.of(record.association) if record.association is not None else None
        if not record.notes or all(note.code != "line-echo" for note in record.notes):  # no station sent it
            for look in WATCHERS:
                look(self._ledger, record, one)
        for event in self.doctor.associations.events:
            if event.kind == ASKED_AGAIN and event.exchange is not None:
                self._asked_again(event.exchange, record)
        for layer in record.protection:
            if layer.key and layer.key not in self._used:
                self._key(layer.key, record.number)

    def _asked_again(self, asked: Exchange, record: Record) -> None:
        """A request came again, because no answer came, or one that was damaged."""
        damaged = self.doctor.associations.damaged.get(record.lane.conversation)
        is_damaged = damaged is not None and damaged.number >= asked.request
        text = f"{asked.service} was not answered, and asked again in record {record.number}"
        self._ledger.find("answers", INCONCLUSIVE if is_damaged else FAIL, text, asked.request, record.number)

    def _key(self, name: str, record: int) -> None:
        """Look at a key that opened something."""
        self._used.add(name)
        self._ledger.saw("key", record)
        if is_published(name):
            self._ledger.find("keys", FAIL, f"{name} is published in standards and examples", record)

    def finish(self) -> None:
        """The capture ended: look back."""
        self.doctor.finish()
        self._ledger.settle()
        for look in CLOSINGS:
            look(self._ledger)
        if self._keys is not None and key_count(self._keys):
            self._ledger.saw("key", 0)
            for text in weak_keys(self._keys):
                if all(one.text != text for one in self._ledger.found.get("keys", ())):
                    self._ledger.find("keys", FAIL, text)
                    self._ledger.settle()
        self._ledger.settle()

    def rows(self) -> list[Row]:
        """Give a row for every check."""
        stories: dict[str, list[_Told]] = {}
        for told in _all(self.doctor.stories(Severity.NOTE)):
            stories.setdefault(told.story.code, []).append(told)
        return [self._row(check, stories) for check in CHECKS]

    def _row(self, check: Check, stories: dict[str, list[_Told]]) -> Row:
        found = [*self._ledger.found.get(check.name, ())]
        if any(code in stories for code in check.shaken):
            found = [one._replace(verdict=INCONCLUSIVE) for one in found]
        count = self._ledger.counts.get(check.name, 0)
        for code in check.facts:
            for story, roots in stories.get(code, ()):
                is_meant = story.cause not in check.beside and (not check.causes or story.cause in check.causes)
                if is_meant and self._ledger.counts_among(*story.records):
                    finding = _finding(check, story, stories, self._only)
                    if not roots.isdisjoint(check.shaken):  # it follows from what is missing, not from its sender
                        finding = finding._replace(verdict=INCONCLUSIVE)
                    found.append(finding)
                    count += story.count if self._only is None else len(finding.records)
        for verdict in (FAIL, INCONCLUSIVE):
            worst = sorted((one for one in found if one.verdict == verdict), key=lambda one: one.is_general)
            if worst:
                records = sorted({number for one in worst for number in one.records})[:MOST_RECORDS]
                count = count if len(worst) == len(found) else len(worst)
                text, *others = dict.fromkeys(one.text for one in worst)
                return Row(check, verdict, text, count, tuple(records), tuple(others[:_MOST_OTHERS]), worst[0].records)
        tallies = [tally for sort in check.sees if (tally := self._ledger.seen.get(sort)) is not None]
        if not tallies:
            return Row(check, NOT_SEEN, f"nothing of it in the capture: {_words(check.sees)}", 0, ())
        records = sorted({number for tally in tallies for number in tally.records if number})[:MOST_RECORDS]
        measured = self._ledger.figures.get(check.name, "")
        asks = f"{check.asks}: {measured}" if measured else check.asks
        return Row(check, PASS, asks, sum(tally.count for tally in tallies), tuple(records))


def _finding(check: Check, story: Story, codes: Container[str], only: Container[int] | None) -> Finding:
    """Judge a story of the doctor: what is not certain, or lies between sender and reader, proves nothing."""
    is_likely = story.confidence == LIKELY and bool(check.shaken) and not any(one in codes for one in check.shaken)
    is_sure = not story.cause or story.confidence == CERTAIN or is_likely
    is_doubtful = not is_sure or story.cause in check.doubtful or story.code in check.doubtful
    proofs = [one.text for one in story.evidence if only is None or one.record in only]
    text = next(iter(proofs or [one.text for one in story.evidence]), story.title)
    records = tuple(one for one in story.records if only is None or one in only)
    return Finding(INCONCLUSIVE if is_doubtful else FAIL, text, records)


class _Told(NamedTuple):
    """A story, and the codes of those that it follows from."""

    story: Story
    roots: frozenset[str]


def _all(stories: Iterable[Story], roots: frozenset[str] = frozenset()) -> Iterator[_Told]:
    for story in stories:
        yield _Told(story, roots)
        yield from _all(story.leads_to, roots | {story.code})


def _words(sorts: tuple[str, ...]) -> str:
    return ", ".join(one.replace("-", " ") for one in sorts)
