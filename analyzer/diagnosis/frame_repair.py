"""Whether octets are a frame: what its length, check sequences, LLC and APDU say for a repair. Source: IEC 62056-46."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, address_end, announced_length, trust_of
from dissectors.checks import fcs_is_good
from dissectors.llc import REQUEST, RESPONSE
from dissectors.reader import read_apdu
from dissectors.scanning import reads

_LLC_SIZE = 3
_BOTH_ADDRESSES = 2
Reads = Callable[[bytes], bool]


class Verdict(NamedTuple):
    """What speaks for octets being a frame as it was sent. *apdu* is None where the frame carries none to read."""

    is_length_right: bool
    header: Trust
    has_llc: bool
    apdu: bool | None
    is_known: bool = False
    """Whether its addresses are those of sound frames of the lane."""
    has_information: bool = False

    @property
    def points(self) -> int:
        """How much speaks for it; the length counts most, for it is eleven bits that agree."""
        points = 8 * self.is_length_right + 4 * (self.header is Trust.GOOD) + (self.header >= Trust.PLAUSIBLE)
        return points + self.has_llc + 2 * (self.apdu is True) + 2 * self.is_known


def information_at(frame: bytes) -> int:
    """Tell where the information field of a frame without flags begins; 0 where the header does not read."""
    middle = address_end(frame, 2) if len(frame) > 3 else None
    control = address_end(frame, middle) if middle else None
    return control + 3 if control else 0


def information_of(frame: bytes) -> bytes:
    """Give the information field of a frame without flags; nothing where it has none or is too short."""
    at = information_at(frame)
    return frame[at:-2] if at and at <= len(frame) - 2 else b""


def judge(frame: bytes, apdu_reads: Reads = reads, addresses: tuple[bytes, ...] = ()) -> Verdict:
    """Judge octets between flags, FCS included, whose FCS is taken to be right. Total."""
    if len(frame) < MINIMUM_LENGTH:
        return Verdict(False, Trust.UNREADABLE, False, None)
    header = trust_of(frame, 0) or Trust.UNREADABLE
    information = information_of(frame)
    has_llc = information[:_LLC_SIZE] in (REQUEST, RESPONSE)
    is_numbered = header is not Trust.UNREADABLE and has_llc and not frame[0] & 8
    apdu = apdu_reads(information[_LLC_SIZE:]) if is_numbered else None
    is_known = any(frame.startswith(one, _BOTH_ADDRESSES) for one in addresses)
    return Verdict(announced_length(frame, 0) == len(frame), header, has_llc, apdu, is_known, bool(information))


def is_good_frame(frame: bytes) -> bool:
    """Tell whether octets between flags are a whole frame with the right length and FCS."""
    return len(frame) >= MINIMUM_LENGTH and announced_length(frame, 0) == len(frame) and fcs_is_good(frame)


def only_breaks_off(apdu: bytes) -> bool:
    """Tell whether an APDU is right as far as it goes, and ends too early."""
    codes = {note.code for note in read_apdu(apdu).all_notes()} if apdu else set()
    return "capture-cut" in codes and "apdu-malformed" not in codes
