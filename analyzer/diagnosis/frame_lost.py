"""A jump in N(S) to who missed the frame: what the other side acknowledged tells, and so does the frame that jumps.

Source: ISO/IEC 13239, send and receive sequence numbers: N(R) is the N(S) that its sender expects next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.diagnosis.hdlc_state import Link
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Record

_SIDES = {REQUEST: "client", RESPONSE: "meter"}
_OTHER = {REQUEST: RESPONSE, RESPONSE: REQUEST}


def _way(record: Record) -> str:
    """Give whose frame it is: what a meter pushes counts with its answers."""
    return RESPONSE if record.direction is UNSOLICITED else record.direction


class Missed(NamedTuple):
    """Why a frame is missing. A jump of *other_side* to *other_number* comes of the same loss, where there is one."""

    cause: str
    confidence: str
    text: str
    other_side: str = ""
    other_number: int = 0
    damaged: int = 0
    """The record that is the frame, damaged: then it is not missing."""


def missed(record: Record, link: Link | None, damaged: Record | None) -> Missed:
    """Tell who missed the frame before *record*; *damaged* is the newest damaged record of the conversation."""
    kept = [one for one in link.kept if one.number > link.since] if link is not None else []
    control = record.control or 0
    other = _OTHER.get(_way(record), "")
    own = f"a frame of the {_SIDES.get(_way(record), 'sender')} is missing"
    theirs = [one for one in kept if _way(one) == other and (one.control or 0) & 3 != 3]
    found = _lacks_other(record, kept, damaged, is_fresh=link is not None and bool(link.since)) if other else ""
    if found:
        number = control >> 5
        told = f"{own}, and so is N(S) {number - 1 & 7} of the {_SIDES[other]}, which this one acknowledges"
        return Missed("capture-loss", found, f"{told}: only the capture lacks them", other, number)
    if not theirs:
        return Missed("", POSSIBLE, own)
    awaited = (theirs[-1].control or 0) >> 5
    if awaited != control >> 1 & 7:
        told = f"record {theirs[-1].number} still waits for N(S) {awaited}, so the other side lacks it, too"
        return Missed("", POSSIBLE, f"{own}; {told}")
    told = f"record {theirs[-1].number} acknowledges it, so only the capture"
    if damaged is not None and _is_it(damaged, record, kept, theirs[-1]):
        return Missed("capture-loss", CERTAIN, f"{told} has record {damaged.number} damaged", damaged=damaged.number)
    return Missed("capture-loss", CERTAIN, f"{own}; {told} lacks it")


def _is_it(damaged: Record, record: Record, kept: Sequence[Record], taken: Record) -> bool:
    """Tell whether *damaged* stands where one missing frame belongs: behind its sender's last, before *taken*."""
    own = (one for one in reversed(kept) if _way(one) == _way(record) and not (one.control or 0) & 1)
    mine = next(own, None)
    is_between = damaged.lane.text == record.lane.text and damaged.number < taken.number
    if mine is None or not is_between or damaged.number < mine.number:
        return False
    return ((record.control or 0) - (mine.control or 0) >> 1 & 7) == 2


def _lacks_other(record: Record, kept: Sequence[Record], damaged: Record | None, *, is_fresh: bool) -> str:
    """Tell how sure it is that *record* acknowledges a frame that the capture lacks, and has not damaged; "" if not.

    Behind UA (*is_fresh*) both sides count from 0; who asks for an association there only forgot to.
    """
    newest = {_way(one): one for one in kept if not (one.control or 0) & 1}
    mine, theirs = newest.get(_way(record)), newest.get(_OTHER.get(_way(record), ""))
    last = theirs.number if theirs is not None else 0
    if (damaged is not None and damaged.number > last) or (not is_fresh and (mine is None or theirs is None)):
        return ""
    if mine is None and record.apdu is not None and record.apdu.family == "aarq":
        return ""
    control = record.control or 0
    gap = control - (mine.control or 0 if mine is not None else -2) - 2 >> 1 & 7
    beyond = (control >> 5) - ((theirs.control or 0) >> 1 if theirs is not None else -1) - 1 & 7
    if not 0 < beyond <= gap + 1:
        return ""
    return CERTAIN if mine is not None and theirs is not None else LIKELY
