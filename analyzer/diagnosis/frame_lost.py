"""A jump in N(S) to who missed the frame: what the other side acknowledged tells, and so does the frame that jumps.

Source: ISO/IEC 13239, send and receive sequence numbers: N(R) is the N(S) that its sender expects next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.diagnosis.hdlc_state import Link
from analyzer.diagnosis.story import CERTAIN, POSSIBLE
from analyzer.record import REQUEST, RESPONSE, Record

_SIDES = {REQUEST: "client", RESPONSE: "meter"}
_OTHER = {REQUEST: RESPONSE, RESPONSE: REQUEST}


class Missed(NamedTuple):
    """Why a frame is missing. A jump of *other_side* to *other_number* comes of the same loss, where there is one."""

    cause: str
    confidence: str
    text: str
    other_side: str = ""
    other_number: int = 0


def missed(record: Record, link: Link | None, damaged: int) -> Missed:
    """Tell who missed the frame before *record*; *damaged* is the newest damaged record of the conversation, or 0."""
    kept = link.kept if link is not None else ()
    control = record.control or 0
    other = _OTHER.get(record.direction, "")
    own = f"a frame of the {_SIDES.get(record.direction, 'sender')} is missing"
    theirs = [one for one in kept if one.direction == other and (one.control or 0) & 3 != 3]
    if not theirs:
        return Missed("", POSSIBLE, own)
    if _lacks_other(record, kept, damaged):
        number = control >> 5
        told = f"{own}, and so is N(S) {number - 1 & 7} of the {_SIDES[other]}, which this one acknowledges"
        return Missed("capture-loss", CERTAIN, f"{told}: only the capture lacks them", other, number)
    awaited = (theirs[-1].control or 0) >> 5
    if awaited == control >> 1 & 7:
        told = f"record {theirs[-1].number} acknowledges it, so only the capture lacks it"
        return Missed("capture-loss", CERTAIN, f"{own}; {told}")
    told = f"record {theirs[-1].number} still waits for N(S) {awaited}, so the other side lacks it, too"
    return Missed("", POSSIBLE, f"{own}; {told}")


def _lacks_other(record: Record, kept: Iterable[Record], damaged: int) -> bool:
    """Tell whether *record* acknowledges a frame of the other side that the capture lacks, and has not damaged."""
    newest = {one.direction: one for one in kept if not (one.control or 0) & 1}
    mine, theirs = newest.get(record.direction), newest.get(_OTHER.get(record.direction, ""))
    if mine is None or theirs is None or damaged > theirs.number:
        return False
    control = record.control or 0
    gap = control - (mine.control or 0) - 2 >> 1 & 7
    beyond = (control >> 5) - ((theirs.control or 0) >> 1) - 1 & 7
    return 0 < beyond <= gap + 1
