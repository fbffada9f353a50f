"""What a gap in the capture explains: requests whose answers may stand in it, and answers whose requests may.

A gap excuses no more than fits into it: a meter that was silent besides was silent.
"""

from __future__ import annotations

from collections.abc import Collection

from analyzer.diagnosis.family import Family
from analyzer.record import REQUEST, RESPONSE, Record
from analyzer.tracking.history import Association, Exchange

_MOST = 100
_PATIENCE_NS = 5_000_000_000
_LEAST = {"wrapper": 13, "hdlc": 19}
"""By link: the octets of the shortest answer, with what is around it."""


def answers_in(size: int, record: Record) -> int:
    """Tell how many answers *size* octets that the link of *record* lacks may have been; a part of one counts."""
    return max(size // _LEAST.get(record.link, _LEAST["wrapper"]), 1)


def explained(family: Family, record: Record, since: int, most: int) -> Collection[int]:
    """Give the records that lack an answer, or a request, because what the sender of *record* said before it is lost.

    *since* is the record before it of a client; *most* how many answers of a meter the capture may lack.
    """
    if record.direction is REQUEST:
        return range(since + 1, record.number)[-_MOST:]
    one = family.associations.of(record.association) if record.association is not None else None
    if one is None or record.direction is not RESPONSE:
        return ()
    answered = next((each.response for each in reversed(one.exchanges) if each.response < record.number), 0)
    until = record.request or record.number
    silent = [each for each in (*one.unanswered, *one.waiting.values()) if answered < each.request < until]
    silent = sorted((each for each in silent if each.is_confirmed), key=lambda each: each.request)
    return _soonest(record, one, silent, most)


def _soonest(record: Record, one: Association, silent: list[Exchange], most: int) -> Collection[int]:
    """Choose the requests behind which the client went on soonest: it had the answer, and need not wait for it."""
    last = one.exchanges[-1] if one.exchanges else None
    ended = last.asked_ns if last is not None and last.response == record.number else record.time_ns
    ends = [*(each.asked_ns for each in silent[1:]), ended]
    pauses = sorted(each.pause_ns or 0 for each in one.exchanges)
    patience = max(_PATIENCE_NS, 2 * pauses[len(pauses) // 2]) if pauses else _PATIENCE_NS
    found = []
    for place, (each, end) in enumerate(zip(silent, ends, strict=False)):
        waited = end - each.asked_ns if end is not None and each.asked_ns is not None else 0
        is_repeated = place + 1 < len(silent) and silent[place + 1].octets == each.octets
        found.append((is_repeated and waited >= patience, waited, -each.request))
    believed = [one for one in sorted(found) if not one[0]] or found
    return [-request for _, _, request in believed[:most]]
