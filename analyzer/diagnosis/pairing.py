"""APDUs seen at two points to pairs that are the same APDU, and by how much the clocks of the points differ."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from analyzer.diagnosis.passed import Passed, Talk

_SECOND = 1_000_000_000
_STEP_NS = _SECOND // 2
WITHIN_NS = 60 * _SECOND
"""How much later or sooner than usual an APDU may pass."""
_MOST_ALIKE = 16
"""Of APDUs that are said more often than so, none tells how the clocks stand."""
LOOKED_AT = 4
"""Equal APDUs before and behind the expected place, and APDUs that passed in between, that are looked at."""


def _places(apdus: Sequence[Passed]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = defaultdict(list)
    for index, one in enumerate(apdus):
        found[one.octets].append(index)
    return found


def clock_offset(first: Sequence[Passed], second: Sequence[Passed]) -> int | None:
    """Find by how much the clocks differ: what most pairs of equal APDUs say, for the right ones all say the same."""
    theirs, spans = _places(second), []
    for octets, ours in _places(first).items():
        others = theirs.get(octets, ())
        if len(ours) <= _MOST_ALIKE and len(others) <= _MOST_ALIKE:
            times = ((first[one].time_ns, second[other].time_ns) for one in ours for other in others)
            spans += [there - here for here, there in times if here is not None and there is not None]
    if not spans:
        return None
    most = Counter(span // _STEP_NS for span in spans).most_common(1)[0][0]
    return int(median(span for span in spans if abs(span // _STEP_NS - most) <= 1))


def usual_offset(
    first: Sequence[Passed], second: Sequence[Passed], passed: Sequence[tuple[int, int]]
) -> int | None:  # fmt: skip
    """Give by how much the clocks differ in the middle of what passed; None where there are no times."""
    times = ((first[one].time_ns, second[other].time_ns) for one, other in passed)
    spans = [there - here for here, there in times if here is not None and there is not None]
    return int(median(spans)) if spans else None


def late_ns(one: Passed, other: Passed, offset: int | None) -> int:
    """Tell how far the times are from what the clocks let expect; 0 where there are none."""
    if offset is None or one.time_ns is None or other.time_ns is None:
        return 0
    return abs(other.time_ns - one.time_ns - offset)


def pairs(first: Sequence[Passed], second: Sequence[Passed], offset: int | None) -> list[tuple[int, int]]:
    """Pair equal APDUs: those that are said once first, for they tell which talk here is which there."""
    ours, theirs = _places(first), _places(second)
    talks: dict[Talk, set[Talk]] = defaultdict(set)
    for octets, places in ours.items():
        others = theirs.get(octets, ())
        if len(places) == len(others) == 1 and late_ns(first[places[0]], second[others[0]], offset) <= WITHIN_NS:
            talks[first[places[0]].talk].add(second[others[0]].talk)
    offers: list[tuple[int, int, int]] = []
    for octets, places in ours.items():
        if octets in theirs:
            offers += _offers(first, second, places, theirs[octets], talks, offset)
    taken: set[int] = set()
    passed: dict[int, int] = {}
    for _, index, other in sorted(offers):  # what fits best first: an APDU that was lost takes no other's place
        if index not in passed and other not in taken:
            passed[index] = other
            taken.add(other)
    return sorted(passed.items())


def _offers(
    first: Sequence[Passed], second: Sequence[Passed], ours: Sequence[int], theirs: Sequence[int],
    talks: dict[Talk, set[Talk]], offset: int | None,
) -> Iterator[tuple[int, int, int]]:  # fmt: skip
    """Give who may be whom of equal APDUs, with the nanoseconds that it is off; without times by their order."""
    times = [each for index in theirs if (each := second[index].time_ns) is not None]
    for place, index in enumerate(ours):
        one = first[index]
        known = talks.get(one.talk)
        at = place
        if offset is not None and one.time_ns is not None and len(times) == len(theirs):
            at = bisect_left(times, one.time_ns + offset)
        for other in theirs[max(at - LOOKED_AT, 0) : at + LOOKED_AT]:
            late = late_ns(one, second[other], offset)
            if late <= WITHIN_NS and (known is None or second[other].talk in known):
                yield late, index, other
