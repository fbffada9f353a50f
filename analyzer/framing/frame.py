"""What every framer gives: frames with the packets their octets came in, and the contract of a framer.

Framers are sans-IO: octets in, frames out. They are total (no octets raise), they resynchronise, and how the
octets were cut into reads makes no difference to the frames. Each octet fed stands in exactly one frame (noise is
a frame too), in order; only flags and idle fill between frames of serial lines are counted instead.
"""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import NamedTuple

HDLC = "hdlc"
WRAPPER = "wrapper"
LLC = "llc"
MBUS = "mbus"
APDU = "apdu"
IEC62056_21 = "iec62056-21"
P1 = "p1"
NOISE = "noise"

FCS_WRONG = "fcs-wrong"
"""The frame ends where its length says, but its check sequence does not hold."""
LENGTH_WRONG = "length-wrong"
"""The unit does not end where its length says; its octets are those up to where it was seen to end."""
TRUNCATED = "truncated"
"""The lane ended, or lost octets, before the unit was whole."""

HEAD_MISSING = "head-missing"
"""The unit began before the octets that came, or its first ones are none that begin one."""


SLOWEST_CHARACTER_NS = 10 * 1_000_000_000 // 300
"""A character of ten bits at 300 Bd."""
_READS, _TIMES_USUAL = 8, 5


class Mark(NamedTuple):
    """Which packet an octet came in, and when."""

    number: int
    time_ns: int | None


class Frame(NamedTuple):
    """One link unit as it stood on the line, or a run of octets that is none (*link* ``noise``).

    *octets* include HDLC flags as they stand: a frame whose opening flag was the closing flag of the frame before
    begins with its frame format, and the length field tells whether a last 7E is the closing flag.
    *marks* are the packets that it spans, first to last. *problem* is empty, or one of the codes of this module.
    """

    link: str
    octets: bytes
    marks: tuple[Mark, ...]
    problem: str = ""


def longest_pause(marks: tuple[Mark, ...], size: int) -> int:
    """Return for how many nanoseconds at least nothing came within a unit of *size* octets, as far as its reads tell.

    A read is known by its end. Where reads are many, the usual time between them is what their octets take; else
    they may have been sent as slowly as 300 Bd.
    """
    times = [mark.time_ns for mark in marks if mark.time_ns is not None]
    waits = sorted(after - before for before, after in pairwise(times))
    if not waits or len(times) < len(marks):
        return 0
    usual = waits[len(waits) // 2]
    if len(waits) >= _READS and waits[-1] > _TIMES_USUAL * usual:
        return waits[-1] - usual
    return max(0, waits[-1] - (size - len(marks) + 1) * SLOWEST_CHARACTER_NS)


class Framer(ABC):
    """Octets of one lane in, frames out."""

    @abstractmethod
    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; return the frames that they complete. Total: never raises on octets."""

    def is_whole(self, octets: bytes) -> bool:
        """Take *octets* if they are just one unit like the one before, and nothing waits; else leave them to `feed`."""
        return False

    @abstractmethod
    def flush(self) -> list[Frame]:
        """Return what is left, because the lane ended or octets were lost; the framer may be fed again."""

    def rests(self) -> bool:
        """Tell whether what waits may be whole as it stands, so that a turn of the line settles it."""
        return False

    def waits(self) -> bool:
        """Tell whether what waits matters to the other side's units: it may be whole, or never become so."""
        return self.rests()

    def lacks_flag(self) -> bool:
        """Tell whether what waits is whole but for a closing flag."""
        return False

    def turn(self) -> list[Frame]:
        """The other side of a half-duplex line speaks: return what waits here and is whole as it stands."""
        return self.flush() if self.rests() else []

    def rest(self) -> list[Frame]:
        """Nothing came for a while, and more may: return what waits here if nothing of it is missing."""
        return self.flush() if self.rests() else []

    def heard(self, frame: Frame) -> None:  # noqa: B027 -- most are told the end of a unit by its own octets
        """The other side said *frame*, which may cut short what waits here."""

    def close(self) -> None:  # noqa: B027 -- most framers hold nothing
        """Free what the framer holds; it is not fed again."""
