"""What the doctor keeps of an HDLC link between a client and a server: set-up, limits, and the frames that came last.

Source: IEC 62056-46 (parameters of SNRM and UA, defaults 128 octets and a window of 1; FRMR).
"""

from __future__ import annotations

import sys
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from analyzer.diagnosis.story import Fact
from analyzer.framing.hdlc_header import address_end, announced_length
from analyzer.record import REQUEST, RESPONSE, Record
from dissectors.tree import Note

if TYPE_CHECKING:
    from analyzer.diagnosis.frame_lost import Missed

SNRM, DISC, UA, DM, FRMR = 0x83, 0x43, 0x63, 0x0F, 0x87
DEFAULT_SIZE, DEFAULT_WINDOW = 128, 1
_TRANSMIT_SIZE, _RECEIVE_SIZE, _TRANSMIT_WINDOW, _RECEIVE_WINDOW = 5, 6, 7, 8
LEAST_AROUND = 8
"""So many octets of a frame at least are no information."""
NO_LIMIT = sys.maxsize
_HEADER = 3
_MOST_KEPT = 8
REJECT_REASONS = (
    (0x10, "counters-not-reset", "V, the send number is invalid"),
    (0x02, "information-not-allowed", "X, an information field where none is allowed"),
    (0x01, "control-not-implemented", "W, the control field is undefined or not implemented"),
    (0x04, "information-too-long", "Y, the information field is too long"),
    (0x08, "invalid-receive-number", "Z, the receive number is invalid"),
)
"""Bits of the third octet of FRMR (W is bit 0, V bit 4), the most telling first: ISO/IEC 13239 has W beside X."""


class Limits(NamedTuple):
    """What holds for one direction: octets of an information field, frames without an acknowledgement."""

    size: int = DEFAULT_SIZE
    window: int = DEFAULT_WINDOW
    is_negotiated: bool = False


class Link:
    """One link. *is_up* is None while nothing was seen that says so."""

    __slots__ = (
        "again", "answered_by", "asked", "fits", "is_fresh", "is_up", "jump", "kept", "limits", "lost_too",
        "replayed", "run", "since", "speaker", "told",
    )  # fmt: skip

    def __init__(self) -> None:
        self.is_up: bool | None = None
        self.is_fresh: dict[str, bool] = {}
        """By direction: whether no I frame came since the link was set up."""
        self.limits: dict[str, Limits] = {}
        """By direction, while they are known."""
        self.fits: dict[str, int] = {}
        """By direction: how many octets a frame with both flags may have, as far as that is known."""
        self.kept: deque[Record] = deque(maxlen=_MOST_KEPT)
        """The frames that came last; all have a control field."""
        self.since = 0
        """The record of the UA that set it up."""
        self.speaker = ""
        """Who sent the last frame."""
        self.run = 0
        """How many I frames the speaker sent without one of the other side."""
        self.asked: dict[int, int] = {}
        """The parameters of the SNRM that waits for its UA."""
        self.lost_too: tuple[str, int, Fact] | None = None
        """Who lacks frames up to which N(S) by a loss that was told with a frame of the other side, and that fact."""
        self.again: Fact | None = None
        """That the client sent its request again before an answer came."""
        self.answered_by: Record | None = None
        """The UA of another server that came for its SNRM."""
        self.jump: Fact | None = None
        """The last jump of N(S)."""
        self.replayed: tuple[Record, Note, Fact, Missed] | None = None
        """The last frame that came again when others had followed it, and what is missing if it did not."""
        self.told: set[str] = set()
        """What was said of it once and is said no more."""

    def set_up(self, record: Record) -> None:
        """UA came: what both proposed holds from now on. The answer is from the meter's view."""
        answer = parameters(record)
        self.since = record.number
        self.is_up = True
        self.is_fresh = {REQUEST: True, RESPONSE: True}
        proposed = self.asked

        def least(one: int, other: int, default: int) -> int:
            return min(proposed.get(one, default), answer.get(other, default))

        has_said = bool(proposed or answer)
        self.limits = {
            REQUEST: Limits(
                least(_TRANSMIT_SIZE, _RECEIVE_SIZE, DEFAULT_SIZE),
                least(_TRANSMIT_WINDOW, _RECEIVE_WINDOW, DEFAULT_WINDOW) or DEFAULT_WINDOW,
                has_said,
            ),
            RESPONSE: Limits(
                least(_RECEIVE_SIZE, _TRANSMIT_SIZE, DEFAULT_SIZE),
                least(_RECEIVE_WINDOW, _TRANSMIT_WINDOW, DEFAULT_WINDOW) or DEFAULT_WINDOW,
                has_said,
            ),
        }
        self.fits = {way: one.size + LEAST_AROUND if one.window else 0 for way, one in self.limits.items()}

    def take_down(self, *, is_known: bool = True) -> None:
        """The link is gone."""
        self.is_up = False if is_known else None
        self.limits, self.is_fresh, self.fits = {}, {}, {}


def parameters(record: Record) -> dict[int, int]:
    """Read the parameters in the information field of SNRM or UA; those that are there and read."""
    octets = record.octets
    at = octets.find(b"\x81\x80", 5)
    found: dict[int, int] = {}
    if at < 0 or at + _HEADER > len(octets):
        return found
    at, end = at + _HEADER, min(at + _HEADER + octets[at + 2], len(octets))
    while at + 2 <= end:
        name, size = octets[at], octets[at + 1]
        value = octets[at + 2 : at + 2 + size]
        if len(value) == size <= 4:
            found[name] = int.from_bytes(value, "big")
        at += 2 + size
    return found


def information_place(octets: bytes) -> tuple[int, int]:
    """Tell where the information field of a frame begins and ends, with or without its opening flag."""
    begin = int(octets[0] == 0x7E)
    middle = address_end(octets, begin + 2)
    end = address_end(octets, middle) if middle else None
    if not end:  # three octets, which are none of the profile
        end = begin + 2 + sum(address_lengths(octets))
    return end + 3, begin + announced_length(octets, begin) - 2


@lru_cache(maxsize=1024)
def address_lengths(octets: bytes) -> tuple[int, int]:
    """Count the octets of destination and source, legal or not; up to 4 each."""
    at = 2 + (octets[0] == 0x7E)
    lengths = []
    for _ in range(2):
        size = next(
            (size for size in (1, 2, 3, 4) if octets[at + size - 1 : at + size] and octets[at + size - 1] & 1), 4
        )
        lengths.append(size)
        at += size
    return lengths[0], lengths[1]


def control_text(control: int) -> str:
    """Say in words what a control field is."""
    if not control & 1:
        return f"I N(S)={control >> 1 & 7} N(R)={control >> 5}"
    if control & 3 == 1:
        return f"{'RNR' if control & 0x0F == 5 else 'RR'} N(R)={control >> 5}"
    names = {SNRM: "SNRM", DISC: "DISC", UA: "UA", DM: "DM", FRMR: "FRMR", 0x03: "UI"}
    return names.get(control & 0xEF, f"control {control:02X}")
