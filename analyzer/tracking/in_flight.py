"""Whether a client has several requests in flight, or gave up those that it went on behind: the times near tell."""

from __future__ import annotations

from collections import deque
from itertools import islice, pairwise

from analyzer.tracking.history import Association, Exchange
from analyzer.tracking.usual_exchanges import SLOW_NS

GIVEN_UP_NS = 10_000_000_000
_TIMES_USUAL = 10
_AT_ONCE_NS = 1_000_000_000
"""Who asks for more so soon behind a request did not wait in vain for its answer."""
_NEAR_NS = 60_000_000_000
_MOST_NEAR = 32
_LEAST_SOON = 2
_LEAST_TIMES = 3
_MANY_TIMES = 4


def patience_ns(one: Association, asked: Exchange) -> int:
    """Give how long a client waits for an answer of this service, in nanoseconds."""
    service = one.services.get(asked.service)
    return max(GIVEN_UP_NS, _TIMES_USUAL * ((service.median_ns if service is not None else None) or 0))


def gone_on(one: Association, asked: Exchange) -> Exchange | None:
    """Find the request that the client made because *asked*, which is answered now, was not; None for none such."""
    begun = asked.asked_ns or 0
    later = [each for number, each in one.waiting.items() if number > asked.request and each.is_confirmed]
    found = next((each for each in later if (each.asked_ns or 0) - begun >= SLOW_NS), None)
    return None if found is None or is_in_flight(one, asked) else found


def is_in_flight(one: Association, asked: Exchange) -> bool:
    """Tell whether the client has several requests in flight about when *asked*, which is answered, was made.

    It goes on at once, or after times that are no time-out, behind requests that are answered all the same. Who goes
    on because no answer came waits as long each time, or longer and longer, or as it is set for each object.
    """
    near = _near(one, asked)
    gaps = _gaps(near, {each.request for each in (*one.exchanges, *one.overdue, asked)})
    if gaps and min(gaps) < _AT_ONCE_NS and sum(gap < SLOW_NS for gap in gaps) >= _LEAST_SOON:
        return True
    if any(asked in pair and 0 <= _apart(*pair) < _AT_ONCE_NS for pair in pairwise(near)):
        return True
    if gaps and _longest_wait(near, asked) > max(gaps) * 5 // 4:
        return True
    return _is_no_time_out(gaps)


def _near(one: Association, asked: Exchange) -> list[Exchange]:
    """Give what was asked shortly before and behind *asked*, in order."""
    known = {each.request: each for each in (*one.unanswered, *one.waiting.values())}
    known |= {each.request: each for each in islice(reversed(one.exchanges), _MOST_NEAR)}
    known[asked.request] = asked
    begun = asked.asked_ns or 0
    found = [each for each in known.values() if each.asked_ns is not None and abs(each.asked_ns - begun) <= _NEAR_NS]
    return sorted(found)[-_MOST_NEAR:]


def _gaps(near: list[Exchange], answered: set[int]) -> list[int]:
    """Give after how long the client went on behind each request that waited then and was answered in the end."""
    found = []
    for each, then in pairwise(near):
        gap = _apart(each, then)
        waits = each.latency_ns is None or gap < each.latency_ns
        if each.request in answered and waits and 0 <= gap < GIVEN_UP_NS:
            found.append(gap)
    return found


def _apart(one: Exchange, then: Exchange) -> int:
    return (then.asked_ns or 0) - (one.asked_ns or 0)


def _is_no_time_out(gaps: list[int]) -> bool:
    """Tell whether the times differ as none do that are set: of many lengths, far apart, and not only rising."""
    order = sorted(gaps)
    kinds = shortest = 0
    for gap in order:
        if not kinds or gap > shortest * 11 // 10:
            kinds, shortest = kinds + 1, gap
    if kinds < _LEAST_TIMES or gaps == order or order[-1] < order[0] * 3 // 2:
        return False
    return kinds >= _MANY_TIMES or 2 * kinds > len(gaps)


def _longest_wait(near: list[Exchange], asked: Exchange) -> int:
    """Find the longest wait for an answer like that to *asked* behind which, not before, the client asked for more."""
    found = 0
    for each, then in pairwise(near):
        if each.latency_ns is None or not _is_alike(each, asked):
            continue
        pause = _apart(each, then) - each.latency_ns
        found = max(found, each.latency_ns if 0 <= pause < _AT_ONCE_NS else 0)
    return found


def _is_alike(one: Exchange, other: Exchange) -> bool:
    """Tell whether two requests are of one service, for objects of the same classes: one time-out may do for both."""
    if one.service != other.service:
        return False
    return {each.class_id for each in one.objects} == {each.class_id for each in other.objects}


def reviewed(one: Association, now_ns: int | None) -> list[Exchange]:
    """Give what was told to be answered late though several requests were in flight; forget what is old."""
    overdue = one.overdue
    while overdue and (now_ns is None or now_ns - (overdue[0].asked_ns or 0) > _NEAR_NS or len(overdue) > _MOST_NEAR):
        one.late.pop(overdue.popleft().request, None)
    told = [each for each in overdue if not each.response]
    if not told or not is_in_flight(one, told[-1]):
        return []
    one.overdue = deque(each._replace(response=each.response or each.request) for each in overdue)
    return told
