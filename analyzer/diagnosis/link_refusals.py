"""How a station refuses on an HDLC link: FRMR rejects a frame, DM says that there is no link.

Source: ISO/IEC 13239 (information field of FRMR), IEC 62056-46 (disconnected mode, inactivity time-out).
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.hdlc_state import DISC, REJECT_REASONS, SNRM, Link, control_text, information_place
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative
from analyzer.record import Record

_IDLE_NS = 15_000_000_000
"""From here on a meter may have dropped a link because nothing came; usual are 30 s and 120 s."""
_A_SILENCE_NS = 100_000_000
_NOT_POLL = 0xEF
Clients = Mapping[object, Link]
"""The links of one server, by client."""


def rejected(family: Family, record: Record, link: Link) -> None:
    """Report FRMR: which frame it rejects, and why."""
    start, end = information_place(record.octets)
    information = record.octets[start:end]
    if len(information) < 3:
        family.report(record, "hdlc-frame-rejected", "", POSSIBLE, "FRMR without the three octets that say why")
        return
    control, numbers, reasons = information[:3]
    told = [(cause, text) for bit, cause, text in REJECT_REASONS if reasons & bit]
    why = "; ".join(text for _, text in told) or "no reason is given"
    sent, received = numbers >> 1 & 7, numbers >> 5 & 7
    hit = next((one for one in reversed(link.kept) if one.control == control), None)
    which = f"record {hit.number}, " if hit is not None else ""
    text = (
        f"FRMR {information[:3].hex(' ').upper()} rejects {which}{control_text(control)} ({control:02X}): {why}; "
        f"the rejecting side has V(S)={sent} V(R)={received}"
    )
    if told and told[0][0] == "counters-not-reset" and not sent and not received:
        text += ", so its link has just begun and the other side went on counting"
    cause = told[0][0] if told else ""
    confidence = CERTAIN if cause else LIKELY
    if hit is not None and link.jump is not None and link.jump.evidence.record == hit.number:
        family.stories.take_back(link.jump)  # what is wrong with its numbers is said here, by the side that knows
    family.report(record, "hdlc-frame-rejected", cause, confidence, text, start=start, end=start + 3)


def disconnected(family: Family, record: Record, link: Link, clients: Clients, last: Record | None) -> None:
    """Report DM but where it answers DISC, as it should be where no link was; *last* is the sound frame before it."""
    asked = link.kept[-1] if link.kept else None
    if asked is not None and (asked.control or 0) & 0xEF == DISC:
        return
    damaged = family.associations.damaged.get(record.lane.conversation)
    if asked is None and damaged is not None and (last is None or damaged.number > last.number):
        return  # what it answers is not readable, and may be DISC
    idle_ns, idle = _idle(link, asked)
    cause, confidence = _cause_of_dm(link, asked, idle_ns)
    what = f" to {control_text(asked.control or 0)} (record {asked.number})" if asked is not None else ""
    text = f"DM{what}: the meter has no link with this client{idle}{_taken(clients, link)}"
    others = [] if cause else [Alternative("no-snrm", POSSIBLE, "no SNRM and UA were captured before it")]
    family.report(
        record,
        "hdlc-disconnected-mode",
        cause,
        confidence,
        text,
        alternatives=others,
        subject=f"client {record.client}",
    )


def _taken(clients: Clients, link: Link) -> str:
    """Tell who set up a link with the same meter since this one was last used: many meters serve one client only."""
    last = link.kept[-2].number if len(link.kept) > 1 else 0
    for client, other in clients.items() if last else ():
        if other is not link and other.is_up and other.since > last:
            return f"; client {client} set up a link with it in between (record {other.since})"
    return ""


def _idle(link: Link, asked: Record | None) -> tuple[int, str]:
    """Tell how long nothing came before what was answered with DM."""
    times = [one.time_ns for one in link.kept if one.time_ns is not None]
    if asked is None or len(times) < 2 or asked.time_ns is None:
        return 0, ""
    idle_ns = asked.time_ns - times[-2]
    return idle_ns, f"; before that it was silent for {idle_ns / 1e9:.1f} s" if idle_ns >= _A_SILENCE_NS else ""


def _cause_of_dm(link: Link, asked: Record | None, idle_ns: int) -> tuple[str, str]:
    """Say why a meter may answer DM."""
    if asked is not None and (asked.control or 0) & 0xEF == SNRM:
        return "meter-busy", LIKELY
    if link.is_up is False:
        return "no-snrm", LIKELY
    if idle_ns >= _IDLE_NS:
        return "inactivity-timeout", LIKELY
    if link.is_up:
        return "server-restart", POSSIBLE
    if asked is not None and len(link.kept) == 1 and (asked.control or 0) & _NOT_POLL == 0:
        return "no-snrm", LIKELY  # the very first I frame of a link, and nothing before it
    return "", POSSIBLE
