"""The same traffic seen at two points, a head-end's uplink and a meter's bus: what passed from one to the other.

An APDU passes unchanged from HDLC into the wrapper and back, so equal octets at about the same time are the same APDU.
The clocks of the two captures need not agree: the offset that most equal APDUs share is theirs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median
from typing import NamedTuple

from analyzer.diagnosis.alignment import opcodes, same_first
from analyzer.diagnosis.pairing import LOOKED_AT, WITHIN_NS, clock_offset, late_ns, pairs, usual_offset
from analyzer.diagnosis.passed import Passed, Point, Talk
from analyzer.diagnosis.words import seconds
from analyzer.record import REQUEST, RESPONSE

ALTERED, REPEATED, ONLY_FIRST, ONLY_SECOND = "altered", "repeated", "only-first", "only-second"
"""Kinds of findings."""
_LEAST_LIKENESS = 0.5
_MOST_COMPARED, _MOST_TRIED = 2048, 256
_LEAST_HALF = 4
"""Octets of an APDU that tell that a damaged record was it."""
_MOST_CHANGES, _MOST_SHOWN = 4, 8
"""Of an altered APDU: places that are named, and octets of one that are shown."""


class Finding(NamedTuple):
    """An APDU that did not pass as it was: its kind, what was seen at either point, and what that means."""

    kind: str
    first: Passed | None
    second: Passed | None
    text: str


class Passage(NamedTuple):
    """What two points have in common: pairs of indices, what differs, and the times between."""

    passed: list[tuple[int, int]]
    findings: list[Finding]
    outside: tuple[int, int]
    """APDUs of each that the other capture, begun later or ended sooner, cannot have seen."""
    offset_ns: int | None
    """What the second clock shows more than the first; between them the way itself is in it."""
    added: list[tuple[int, int, int]]
    """By how many nanoseconds an answer took longer at the first point than at the second, and the records of both."""


def compare(first: Point, second: Point) -> Passage:
    """Tell what passed between two points."""
    offset = clock_offset(first.apdus, second.apdus)
    passed = pairs(first.apdus, second.apdus, offset)
    if offset is None:
        offset = usual_offset(first.apdus, second.apdus, passed)
    both = _Both(first, second, offset, passed)
    findings = [*both.altered()] if passed else []
    outside = both.set_aside()
    findings += [*both.repeated(), *both.lacking()]
    findings.sort(key=lambda one: both.place(one))
    return Passage(passed, findings, outside, offset, both.added())


class _Both:
    """Both points with what passed between them."""

    def __init__(
        self, first: Point, second: Point, offset: int | None, passed: Sequence[tuple[int, int]]
    ) -> None:  # fmt: skip
        self.first, self.second, self._offset, self._passed = first, second, offset, passed
        self._there, self._here = dict(passed), {other: one for one, other in passed}
        self._sides = (first, second, self._there), (second, first, self._here)
        self._sorted = sorted(self._there), sorted(self._here)
        self._left = [[index for index in range(len(one.apdus)) if index not in known] for one, _, known in self._sides]
        """By side: what did not pass."""

    def set_aside(self) -> tuple[int, int]:
        """Leave out what the other capture cannot have seen. Returns how many of either."""
        before = [len(left) for left in self._left]
        self._left = [[index for index in left if self._is_inside(side, index)] for side, left in enumerate(self._left)]
        return before[0] - len(self._left[0]), before[1] - len(self._left[1])

    def _is_inside(self, side: int, index: int) -> bool:
        """Tell whether the other capture ran, by its times or else between the first and the last that passed."""
        (point, other, _), sign = self._sides[side], -1 if side else 1
        time_ns = point.apdus[index].time_ns
        if time_ns is not None and self._offset is not None and other.begin_ns is not None and other.end_ns is not None:
            return other.begin_ns <= time_ns + sign * self._offset <= other.end_ns
        places = self._sorted[side]
        return bool(places) and places[0] < index < places[-1]

    def place(self, finding: Finding) -> tuple[int, int]:
        """Give where a finding stands: by what passed before it."""
        if finding.first is not None:
            return finding.first.record, 0
        record = finding.second.record if finding.second is not None else 0
        places = self._sorted[1]
        before = bisect_left(places, record, key=lambda index: self.second.apdus[index].record)
        return self.first.apdus[self._here[places[before - 1]]].record if before else 0, record

    def altered(self) -> Iterator[Finding]:
        """Pair what is left and alike: its octets were changed on the way.

        Of those that are alike the first counts that is said where the same talk passed.
        """
        ours, theirs = self._left
        here, there = self.first.apdus, self.second.apdus
        talks = {(here[index].talk, there[other].talk) for index, other in self._passed}
        kinds: dict[tuple[str, bytes], list[int]] = defaultdict(list)
        for index in theirs:
            kinds[self._kind(1, index)].append(index)
        for index in list(ours):
            near = self._near(index, kinds[self._kind(0, index)])
            of_talk = (each for each in near if (here[index].talk, there[each].talk) in talks)
            found = next((each for each in chain(of_talk, near) if self._may_be(index, each)), None)
            if found is not None:
                kinds[self._kind(1, found)].remove(found)
                ours.remove(index)
                theirs.remove(found)
                one, other = self.first.apdus[index], self.second.apdus[found]
                yield Finding(ALTERED, one, other, _changes(one, other))

    def _kind(self, side: int, index: int) -> tuple[str, bytes]:
        one = (self.second if side else self.first).apdus[index]
        return one.direction, one.octets[:1]

    def _near(self, index: int, others: list[int]) -> list[int]:
        """Give those of *others*, in their order, that stand at the same place there as an APDU here, some at most."""
        place, passed = bisect_left(self._sorted[0], index), self._sorted[1]
        begin = bisect_left(others, passed[place - LOOKED_AT - 1]) if place > LOOKED_AT else 0
        end = bisect_left(others, passed[place + LOOKED_AT]) if place + LOOKED_AT < len(passed) else len(others)
        return others[begin : min(end, begin + _MOST_TRIED)]

    def _may_be(self, index: int, other: int) -> bool:
        """Tell whether an APDU here may be another one there: at the same time, and half of it the same at least."""
        one, theirs = self.first.apdus[index], self.second.apdus[other]
        return (
            late_ns(one, theirs, self._offset) <= WITHIN_NS and _likeness(one.octets, theirs.octets) >= _LEAST_LIKENESS
        )

    def repeated(self) -> Iterator[Finding]:
        """Take what is left at one point right before or behind an equal APDU that passed: it was sent once more."""
        for side, (point, other, known) in enumerate(self._sides):
            left = set(self._left[side])
            for alike in _runs(point.apdus) if left else ():
                passed = [other.apdus[known[index]].record for index in alike if index in known]
                for index in left.intersection(alike if passed else ()):
                    left.remove(index)
                    text = f"sent more than once here; at the other point once, record {passed[0]}"
                    yield _on_one(REPEATED, side, point.apdus[index], text)
            self._left[side] = sorted(left)

    def lacking(self) -> Iterator[Finding]:
        """Take what is left: it was seen at one point only."""
        added = self.added()
        is_turned = bool(added) and median(one[0] for one in added) < 0
        for side, kind in enumerate((ONLY_FIRST, ONLY_SECOND)):
            point, _, known = self._sides[side]
            says = _of_near if (side == 0) != is_turned else _of_far
            answers = {one.request: index for index, one in enumerate(point.apdus) if one.request is not None}
            asked = {one.record: index for index, one in enumerate(point.apdus)}
            for index in self._left[side]:
                one = point.apdus[index]
                other = answers.get(one.record) if one.direction == REQUEST else asked.get(one.request or 0)
                text = says(one, point.apdus[other] if other is not None else None, other in known)
                hurt = _hurt(one, self._sides[1 - side][0].damaged)
                yield _on_one(kind, side, one, f"it came damaged at the other point: record {hurt}" if hurt else text)

    def added(self) -> list[tuple[int, int, int]]:
        """Hold the times of answers against each other."""
        found = []
        for one, other in ((self.first.apdus[index], self.second.apdus[there]) for index, there in self._passed):
            if one.latency_ns is not None and other.latency_ns is not None:
                found.append((one.latency_ns - other.latency_ns, one.record, other.record))
        return found


def _on_one(kind: str, side: int, one: Passed, text: str) -> Finding:
    return Finding(kind, None, one, text) if side else Finding(kind, one, None, text)


def _runs(apdus: Sequence[Passed]) -> Iterator[list[int]]:
    """Give the indices of equal APDUs that follow each other in one talk, where there are several."""
    last: dict[Talk, list[int]] = {}
    for index, one in enumerate(apdus):
        run = last.get(one.talk)
        if run is not None and apdus[run[-1]].octets == one.octets:
            run.append(index)
            continue
        if run is not None and len(run) > 1:
            yield run
        last[one.talk] = [index]
    yield from (run for run in last.values() if len(run) > 1)


def _hurt(one: Passed, damaged: Sequence[tuple[int, bytes]]) -> int:
    """Find the damaged record that was this APDU, one half of which stands in it whole; 0 if there is none."""
    half = len(one.octets) // 2
    if half < _LEAST_HALF:
        return 0
    return next((number for number, octets in damaged if one.octets[:half] in octets or one.octets[half:] in octets), 0)


def _of_near(one: Passed, other: Passed | None, has_passed: bool) -> str:
    """Say what it means that an APDU was seen at the client's side only; *other* is its answer or its request."""
    if one.direction == REQUEST:
        if other is None:
            return "not seen at the other point and not answered here: lost on the way, or not let through"
        if has_passed:
            return f"not seen at the other point, though its answer was: record {other.record}"
        return f"not seen at the other point, and yet record {other.record} answers it: something in between does"
    if one.direction == RESPONSE:
        if has_passed:
            return "its request passed, and this is no answer of the meter: something in between gives it"
        return "nor was its request seen at the other point"
    return "not seen at the other point"


def _of_far(one: Passed, other: Passed | None, has_passed: bool) -> str:
    """Say what it means that an APDU was seen at the meter's side only."""
    if one.direction == REQUEST:
        return "not seen at the other point: something in between asks by itself"
    if one.direction == RESPONSE:
        if has_passed:
            time = f", which came after {seconds(one.latency_ns)}," if one.latency_ns is not None else ""
            return f"its request passed, and this answer{time} did not get back"
        return "nor was its request seen at the other point"
    return "it did not get through to the other point"


def _likeness(one: bytes, other: bytes) -> float:
    """Tell which share is the same: at its place where both are as long, else at both ends."""
    size = max(len(one), len(other))
    if len(one) == len(other):
        return sum(here == there for here, there in zip(one, other, strict=True)) / size
    begin = same_first(one, other)
    return (begin + same_first(one[begin:][::-1], other[begin:][::-1])) / size


def _changes(one: Passed, other: Passed) -> str:
    """Say in which octets two APDUs differ."""
    here, there = one.octets[:_MOST_COMPARED], other.octets[:_MOST_COMPARED]
    said = []
    for what, start, end, begin, stop in opcodes(here, there):
        if what != "equal" and (one.is_secret or other.is_secret):
            said.append(f"octet {start} and on, which are not shown: a password or a key may stand there")
        elif what != "equal":
            said.append(f"octet {start}: {_hex(here[start:end])} became {_hex(there[begin:stop])}")
    left = len(said) - _MOST_CHANGES
    more = f", and {left} more change{'s' * (left > 1)}" if left > 0 else ""
    sizes = f"; {len(one.octets)} octets became {len(other.octets)}" if len(one.octets) != len(other.octets) else ""
    return ", ".join(said[:_MOST_CHANGES]) + more + sizes


def _hex(octets: bytes) -> str:
    if not octets:
        return "(none)"
    return octets[:_MOST_SHOWN].hex(" ").upper() + (" …" if len(octets) > _MOST_SHOWN else "")
