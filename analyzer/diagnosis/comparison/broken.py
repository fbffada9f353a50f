"""What one capture breaks and the other keeps: checks of the audit, and what the doctor tells beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.diagnosis.audit.audit import Audit
from analyzer.diagnosis.audit.ledger import FAIL
from analyzer.diagnosis.story import Story
from dissectors.tree import Severity


class Broken(NamedTuple):
    """Something that is broken: a name to find it again in another capture, what is told, a sentence, its record."""

    name: str
    told: str
    text: str
    record: int
    """Where it shows: the last one that the sentence is about."""


def broken(audit: Audit) -> dict[str, Broken]:
    """Give the checks that a finished audit says fail in some record, and problems that no failed check covers."""
    found: dict[str, Broken] = {}
    told: set[str] = set()
    for row in audit.rows():
        if row.verdict == FAIL and row.shown:
            found[row.check.name] = Broken(row.check.name, f"{row.check.name} {FAIL}", row.text, max(row.shown))
            told.update(row.check.facts)
    for story in audit.doctor.stories(Severity.WARNING):
        if story.code not in told and story.records:
            found.setdefault(story.code, _told(story))
    return found


def _told(story: Story) -> Broken:
    """Tell a story by its first proof."""
    text, record = next(((one.text, one.record) for one in story.evidence), (story.title, story.records[0]))
    return Broken(story.code, f"{story.code} {story.cause}".rstrip(), text, record)


def newly_broken(good: Audit, bad: Audit) -> Iterator[Broken]:
    """Give what *bad* breaks and *good* does not, in the order in which it shows."""
    kept = broken(good)
    new = [one for name, one in broken(bad).items() if name not in kept]
    yield from sorted(new, key=lambda one: one.record)
