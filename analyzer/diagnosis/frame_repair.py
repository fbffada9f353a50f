"""Whether octets are a frame: what its length, check sequences, LLC and APDU say for a repair. Source: IEC 62056-46."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, address_end, announced_length, trust_of
from dissectors.checks import fcs_is_good
from dissectors.llc import REQUEST, RESPONSE
from dissectors.scanning import reads

_LLC_SIZE = 3
Reads = Callable[[bytes], bool]


class Verdict(NamedTuple):
    """What speaks for octets being a frame as it was sent. *apdu* is None where the frame carries none to read."""

    is_length_right: bool
    header: Trust
    has_llc: bool
    apdu: bool | None

    @property
    def points(self) -> int:
        """How much speaks for it; the length counts most, for it is eleven bits that agree."""
        points = 8 * self.is_length_right + 4 * (self.header is Trust.GOOD) + (self.header >= Trust.PLAUSIBLE)
        return points + self.has_llc + 2 * (self.apdu is True)


def information_of(frame: bytes) -> bytes:
    """Give the information field of a frame without flags; nothing where it has none or is too short."""
    middle = address_end(frame, 2) if len(frame) > 3 else None
    control = address_end(frame, middle) if middle else None
    if not control or control + 3 > len(frame) - 2:
        return b""
    return frame[control + 3 : -2]


def judge(frame: bytes, apdu_reads: Reads = reads) -> Verdict:
    """Judge octets between flags, FCS included, whose FCS is taken to be right. Total."""
    if len(frame) < MINIMUM_LENGTH:
        return Verdict(False, Trust.UNREADABLE, False, None)
    header = trust_of(frame, 0) or Trust.UNREADABLE
    information = information_of(frame)
    has_llc = information[:_LLC_SIZE] in (REQUEST, RESPONSE)
    is_numbered = header is not Trust.UNREADABLE and has_llc and not frame[0] & 8
    apdu = apdu_reads(information[_LLC_SIZE:]) if is_numbered else None
    return Verdict(announced_length(frame, 0) == len(frame), header, has_llc, apdu)


def is_good_frame(frame: bytes) -> bool:
    """Tell whether octets between flags are a whole frame with the right length and FCS."""
    return len(frame) >= MINIMUM_LENGTH and announced_length(frame, 0) == len(frame) and fcs_is_good(frame)
