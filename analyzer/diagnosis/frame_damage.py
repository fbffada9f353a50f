"""What the search for the cause of a damaged frame speaks of: the frame, what its lane is known for, an explanation."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.frame_repair import Reads, Verdict, judge
from analyzer.diagnosis.story import POSSIBLE
from analyzer.framing.hdlc_header import announced_length

FLAG = 0x7E
FLOW_CONTROL = (0x11, 0x13)
"""XON and XOFF."""
_ENOUGH = 8


class Lane(NamedTuple):
    """What is known of the lane that a damaged frame stands in."""

    addresses: tuple[bytes, ...] = ()
    """Destination and source of sound frames, as they stand in one."""
    lacks_flow_control: bool | None = None
    """Whether neither 11 nor 13 ever came; None: too few octets came to tell."""
    octets: int = 0
    """How many came."""
    has_inner_flags: bool = False
    """Whether sound frames came with a 7E inside: who reads them does not cut there."""
    is_said_again: bool = False
    """Whether the same octets stood between frames before."""
    has_single_ff: bool = False
    """Whether an FF that is not doubled stood in a sound frame: nothing doubles them here."""


NOTHING_KNOWN = Lane()


class Candidate(NamedTuple):
    """One explanation. *at* is the octet in the frame as it was given, flags counted; -1 where it is no one octet.

    *repaired* is the frame between its flags as it may have been sent; empty where that cannot be known.
    """

    cause: str
    confidence: str
    text: str
    at: int = -1
    repaired: bytes = b""
    verdict: Verdict | None = None
    lost: int = 0
    """Octets that are missing, where that is known."""
    end: int = 0
    """Behind the last octet of a range that begins at *at*; 0 where it is one octet."""

    @property
    def range(self) -> tuple[int, int]:
        """Give the range of octets that it is about; empty where there is none."""
        return (0, 0) if self.at < 0 else (self.at, self.end or self.at + 1)


class Damaged(NamedTuple):
    """A frame whose check sequence or length is wrong: *body* stands between its flags, *shift* octets into it."""

    body: bytes
    shift: int
    declared: int
    has_end: bool
    reads: Reads
    lane: Lane
    was: Verdict
    """What speaks for the frame as it stands."""

    @property
    def missing(self) -> int:
        """Count the octets that the length field asks for and that are not there; negative: too many."""
        return self.declared - len(self.body)

    @property
    def lacks_flow_control(self) -> bool:
        """Tell whether 11 and 13, which are common, are missing in the lane, or in this frame where that is all."""
        known = self.lane.lacks_flow_control
        is_gone = not any(octet in self.body for octet in FLOW_CONTROL)
        return is_gone and (len(self.body) >= _ENOUGH if known is None else known)

    def candidate(self, cause: str, text: str, at: int, repaired: bytes, end: int = 0) -> Candidate:
        """Make an explanation that a search found, with what speaks for its repair."""
        verdict = judge(repaired, self.reads, self.lane.addresses)
        shifted = end + self.shift if end else 0
        return Candidate(cause, POSSIBLE, text, self.shift + at, repaired, verdict, end=shifted)


def damaged_frame(octets: bytes, apdu_reads: Reads, lane: Lane) -> Damaged | None:
    """Take the flags off a frame; None where too little is left to be searched."""
    shift = int(octets[:1] == b"\x7e")
    has_end = len(octets) > shift and octets[-1] == FLAG
    body = octets[shift : len(octets) - has_end]
    if len(body) < 4:
        return None
    was = judge(body, apdu_reads, lane.addresses)
    return Damaged(body, shift, announced_length(body, 0), has_end, apdu_reads, lane, was)
