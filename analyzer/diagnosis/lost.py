"""A lost association to its cause: a P-ABORT is on no wire, it is inferred from what ended the dialogue, and when.

The time-out it is held against is the one that was read from the meter, or shown by other pauses of the same meter, or
else the usual ones. Source: IEC 62056-5-3 (COSEM-ABORT), IEC 62056-46 (inactivity time-out), IEC 62056-47.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.diagnosis.carrier import NAT_NS
from analyzer.diagnosis.meter_facts import Facts
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence
from analyzer.diagnosis.words import asked, both, octets, seconds
from analyzer.record import End, Record
from analyzer.tracking.history import BY_CLIENT, BY_SERVER, Association, Ending, Exchange

_SECOND = 1_000_000_000
_SHORTEST_NS = 20 * _SECOND
"""No meter that was seen gives up a silent client sooner."""
_USUAL_NS = 110 * _SECOND
"""The default time-outs are 120 s (class 23) and 180 s (class 41)."""
_SLACK = 0.97
_TIMES = 2

_SHOWN = {
    "dm": "DM in record {at} answers it: the meter has no such link any more",
    "frame-rejected": "FRMR in record {at} rejects it",
    "tcp-reset": "the {by} reset the TCP connection",
    "connection-closed": "the {by} closed the TCP connection",
    "unanswered": "nothing came back{followed}",
}
_CAUSES = {
    "dm": ("dm-received", "server-restart"), "frame-rejected": ("frame-rejected", ""),
    "tcp-reset": ("tcp-reset", "server-restart"), "connection-closed": ("peer-closed", "server-restart"),
    "unanswered": ("link-lost", "server-restart"),
}  # fmt: skip
_TEXTS = {
    "server-restart": "the meter may have restarted, and have forgotten all associations",
    "nat-expiry": "a router or the mobile network may have dropped its entry for a silent connection",
    "inactivity-timeout": "the pause before may have been longer than a time-out",
    "link-lost": "the line or the connection may be cut",
    "response-damaged": "the answer may have been damaged on the way",
}


class Loss(NamedTuple):
    """Why an association was lost: *proof* begins with the whole sentence."""

    cause: str
    confidence: str
    proof: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]


def explain(
    one: Association, ending: Ending, facts: Facts, damaged: Record | None, carried: Sequence[End] = ()
) -> Loss:
    """Name the most likely cause; *damaged* is the last damaged record of the conversation, if there is one.

    *carried* are the times when TCP sent the request again that waits: no acknowledgement came for its octets.
    """
    waits = [each for each in one.waiting.values() if each.is_confirmed]
    first = _first_asked(one, waits)
    cause, confidence, against = _cause(one, ending, facts, first, damaged)
    if len(carried) > 1:
        confidence = LIKELY
        cause = "nat-expiry" if (_idle(ending, first) or 0) >= NAT_NS else "link-lost"
        against = (
            f"TCP sent it {len(carried)} times more, up to packet {carried[-1].packet}, and nothing acknowledged it"
        )
    proof = [Evidence(ending.at.record, 0, 0, _text(one, ending, first, against, facts))]
    if first is not None and first.request != ending.at.record and ending.reason != "frame-rejected":
        pause = f", {seconds(first.pause_ns)} after what was before" if first.pause_ns else ""
        proof.append(Evidence(first.request, 0, 0, f"the request that was never answered: {first.service}{pause}"))
    if facts.timeout is not None and cause == "inactivity-timeout":
        proof.append(Evidence(facts.timeout.record, 0, 0, f"{facts.timeout.name}: {facts.timeout.value} s"))
    return Loss(cause, confidence, tuple(proof), _alternatives(cause, ending, damaged, first))


def _first_asked(one: Association, waits: list[Exchange]) -> Exchange | None:
    """Find the first of the tries in vain: what still waits may be a repetition."""
    if not waits:
        return None
    tries = [each for each in one.unanswered if each.octets == waits[0].octets]
    answered = one.exchanges[-1].response if one.exchanges else 0
    return next((each for each in tries if each.request > answered), waits[0])


def _idle(ending: Ending, first: Exchange | None) -> int | None:
    return first.pause_ns if first is not None else ending.idle_ns


def _cause(
    one: Association, ending: Ending, facts: Facts, first: Exchange | None, damaged: Record | None
) -> tuple[str, str, str]:
    """Give cause, how sure, and what the pause is held against."""
    idle = _idle(ending, first)
    against, confidence = _held_against(one, idle, facts)
    if (
        confidence
        and ending.reason != "frame-rejected"
        and not (ending.by == BY_CLIENT and ending.reason != "unanswered")
    ):
        return "inactivity-timeout", confidence, against
    limit = one.answer.max_pdu_size if one.answer is not None else None
    if first is not None and limit and len(first.octets) > limit:
        said = f"the request has {octets(len(first.octets))}, the meter takes {limit}"
        return "pdu-too-long", LIKELY, said
    if ending.by == BY_CLIENT and is_impatient(one, ending, first):
        return "client-restart", LIKELY, against
    if damaged is not None and first is not None and damaged.number > first.request:
        return "link-lost", POSSIBLE, f"record {damaged.number} is damaged; it may be the answer"
    cause = _CAUSES.get(ending.reason, ("link-lost", ""))[0]
    if ending.by == BY_CLIENT and first is not None:
        cause = "link-lost"  # what the client did, it did because nothing came
    return cause, CERTAIN if cause in ("frame-rejected", "tcp-reset", "peer-closed") else LIKELY, against


def _held_against(one: Association, idle: int | None, facts: Facts) -> tuple[str, str]:
    """Hold the pause against the time-out read, then against other pauses, then against the usual ones.

    Returns what it is held against, and how sure it is that the pause was too long: empty if it was not.
    """
    if idle is None:
        return "", ""
    survived = max((each.pause_ns or 0 for each in one.exchanges), default=0)
    if facts.timeout is not None and facts.timeout.value:
        limit = facts.timeout.value * _SECOND
        name = f"the {facts.timeout.name}, read in record {facts.timeout.record}, is {facts.timeout.value} s"
        return name, CERTAIN if idle >= limit * _SLACK else ""
    if facts.times_lost and idle >= _SHORTEST_NS:
        times = len(facts.times_lost) + 1
        shortest = min(*facts.times_lost, idle)
        if survived < shortest:
            shown = f", pauses up to {seconds(survived)} did not" if survived else ""
            return f"{times} pauses of {seconds(shortest)} and more ended so{shown}", LIKELY
    if idle >= _USUAL_NS and survived < idle:
        return "the usual inactivity time-outs are 120 s (HDLC, class 23) and 180 s (TCP, class 41)", LIKELY
    if idle >= _SHORTEST_NS and survived < idle:
        return "no time-out was read; some meters have 30 s", POSSIBLE
    return "", ""


def is_impatient(one: Association, ending: Ending, first: Exchange | None) -> bool:
    """Tell whether the client began anew, or aborted, before the meter usually answers."""
    service = one.services.get(first.service) if first is not None else None
    usual = service.median_ns if service is not None else None
    if first is None or usual is None or first.asked_ns is None or ending.at.time_ns is None:
        return False
    return ending.at.time_ns - first.asked_ns < usual


def _text(one: Association, ending: Ending, first: Exchange | None, against: str, facts: Facts) -> str:
    idle = _idle(ending, first)
    by = {BY_SERVER: "meter", BY_CLIENT: "client"}.get(ending.by, "other side")
    is_opened = one.answer is not None or one.exchanges
    begun = f"{both(one)}, " + (
        f"open since record {one.first.record}, was lost: " if is_opened else "was never opened: "
    )
    pause = f"after a pause of {seconds(idle)}" if idle is not None and idle >= _SECOND else ""
    said = pause
    if first is not None:
        said = f"{asked(first)} {f'came {pause} and ' if pause else ''}was not answered"
    since = [each for each in (*one.unanswered, *one.waiting.values()) if first and each.request >= first.request]
    tries = sum(first is not None and each.octets == first.octets for each in since)
    if tries > 1:
        said += f"; it was asked {tries} times"
    is_last = first is not None and first.request == ending.at.record
    followed = "" if is_last else f"; record {ending.at.record} is what followed"
    shown = _SHOWN.get(ending.reason, "").format(at=ending.at.record, by=by, followed=followed)
    parts = [part for part in (said, shown, against) if part]
    if ending.by and ending.reason in ("tcp-reset", "connection-closed", "dm"):
        parts.append(f"the {by} acted first")
    return begun + "; ".join(parts)


def _alternatives(
    cause: str, ending: Ending, damaged: Record | None, first: Exchange | None
) -> tuple[Alternative, ...]:
    plain, other = _CAUSES.get(ending.reason, ("link-lost", ""))
    found = [plain] if cause != plain and plain in _TEXTS else []
    if ending.reason in ("tcp-reset", "unanswered", "connection-closed") and cause == "inactivity-timeout":
        found.append("nat-expiry")
    if damaged is not None and first is not None and damaged.number > first.request:
        found.append("response-damaged")
    if other and other != cause:
        found.append(other)
    return tuple(Alternative(each, POSSIBLE, _TEXTS[each]) for each in dict.fromkeys(found))
