"""How far meters' clocks are off the capture's, reading by reading: since when, until when, and which of both moved.

Where the capture's time makes a step within an association, and a meter's clock does not go along, it was the capture's
clock that was set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.diagnosis.capture_clock import Step
from analyzer.diagnosis.clocks import NEAR_S, said_off
from analyzer.diagnosis.story import Evidence, Fact, Stories
from analyzer.tracking.associations import Associations

_SECOND = 1_000_000_000
_EARLY_S, _LATE_S, _LATE_SHARE = 2, 10, 20
"""Seconds that the capture's step may be shorter or longer than what the meter's clock lacks: a pause is in it, too."""
_ALIKE_S, _LEAST_PUSHES, _LEAST_ROW_NS = 2, 3, 50 * _SECOND
"""Seconds by which times of pushes may differ and still be off by the same; so many pushes prove it, over so long."""


class Reading(NamedTuple):
    """A clock that was read: in which record, and how many seconds it was ahead of the capture's clock.

    Without *has_zone* the zone of one of both is not known.
    """

    record: int
    off: int
    has_zone: bool = True

    def said(self) -> str:
        """Say how far it was off: ``12 min ahead of the capture's clock``."""
        return f"{said_off(self.off, has_zone=self.has_zone)} the capture's clock"


class Wrong(NamedTuple):
    """A clock that is wrong since it was right: the codes that were said, its drift's fact, first and last reading."""

    codes: frozenset[str]
    fact: Fact | None = None
    first: Reading | None = None
    last: Reading | None = None
    looked: frozenset[tuple[int, bytes]] = frozenset()
    """How far it was off, and its deviation and status, where that was looked at: so far off it is as wrong again."""

    def heard(self, codes: frozenset[str], fact: Fact | None, reading: Reading | None, stories: Stories) -> Wrong:
        """Take a further reading that is wrong, too; where the clock moved, the story says so."""
        if self.last is not None and reading is not None and abs(reading.off - self.last.off) > NEAR_S:
            _tell(stories, self.fact, reading, f"here it is {reading.said()}")
        return Wrong(
            self.codes | codes, self.fact or fact, self.first or (reading if fact is not None else None),
            reading if reading is not None and (fact or self.fact) else self.last, self.looked,
        )  # fmt: skip

    def right_again(self, record: int, stories: Stories) -> None:
        """Say from which to which record the clock was wrong."""
        if self.first is None or self.last is None:
            return
        _tell(
            stories,
            self.fact,
            Reading(record, 0),
            f"right again here; wrong in record {self.first.record}{self._until()}",
        )

    def ended(self, stories: Stories) -> None:
        """Say that the clock is wrong until the end."""
        if self.first is not None and self.last is not None and self.last.record != self.first.record:
            _tell(
                stories,
                self.fact,
                self.last,
                f"wrong in record {self.first.record}{self._until()}, where it is read last",
            )

    def _until(self) -> str:
        """Say where the clock was read last, and how far it had moved."""
        assert self.first is not None
        assert self.last is not None
        if self.first.record == self.last.record:
            return ""
        text = f" to record {self.last.record}"
        if abs(self.last.off - self.first.off) > 1:
            text += f", {self.last.said()} by then"
        return text


class PushedWrong(NamedTuple):
    """Pushes in a row that state times off by the same: the last time, how far off in seconds, and since when.

    A clock that is wrong goes on as the capture's does. Pushes that waited for a connection come closer together than
    the times that they state.
    """

    octets: bytes
    off: int
    since_ns: int
    pushes: int = 1
    is_said: bool = False

    def further(self, push: PushedWrong) -> PushedWrong:
        """Take a further push: the row goes on, or begins with it."""
        if push.octets == self.octets:
            return self
        if abs(push.off - self.off) > _ALIKE_S:
            return push._replace(is_said=self.is_said)
        return self._replace(octets=push.octets, pushes=self.pushes + 1)

    def is_of_a_clock(self, now_ns: int) -> bool:
        """Tell whether enough pushes are off by the same, for long enough."""
        return self.pushes >= _LEAST_PUSHES and now_ns - self.since_ns >= _LEAST_ROW_NS


def _tell(stories: Stories, fact: Fact | None, reading: Reading, text: str) -> None:
    story = stories.of_fact(fact) if fact is not None else None
    if story is not None:
        story.adds(Evidence(reading.record, 0, 0, text))


def step_between(before: Reading, now: Reading, steps: Iterable[Step], associations: Associations) -> Step | None:
    """Give the step of the capture's clock that explains how far a meter's clock moved between two readings, if any."""
    moved = now.off - before.off
    if abs(moved) <= NEAR_S:
        return None
    most = max(_LATE_S, abs(moved) // _LATE_SHARE)
    for step in steps:
        if not before.record <= step.before < step.record <= now.record:
            continue
        one = associations.of(step.association) if step.association is not None else None
        goes_on = one is not None and one.first.record <= step.before
        if goes_on and -_EARLY_S <= step.by_ns // _SECOND + moved <= most:
            return step
    return None
