"""Damage at the edges of HDLC frames: a flag that is hurt, a header whose addresses are read wrongly, a lossy echo.

Source: ISO/IEC 13239 (flags, HCS), IEC 62056-46 (extended addressing).
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.frame_damage import FLAG, Candidate
from analyzer.diagnosis.frame_repair import information_at
from analyzer.diagnosis.story import LIKELY, POSSIBLE
from analyzer.record import Record
from dissectors.checks import fcs_is_good
from dissectors.tree import Note

_LEAST_ECHO, _LEAST_ECHO_WITH_FCS, _LONGEST_ECHO = 8, 5, 512
_LONGEST_HEADER = 12


def hurt_flag(there: int, which: str, whole: bytes) -> list[Candidate]:
    """Explain one octet that stands where a flag belongs: it is the flag, hurt, or it came in beside it.

    *which* says in words which flag it is, *whole* is the frame that it belongs to.
    """
    difference = there ^ FLAG
    inserted = Candidate("octets-inserted", POSSIBLE, f"{there:02X} came in beside a flag", 0, whole)
    if difference.bit_count() == 1:
        bit = difference.bit_length() - 1
        text = f"bit {bit} of octet {there:02X} is turned: it stands for 7E, {which}"
        return [Candidate("bit-error", LIKELY, text, 0, whole), inserted]
    text = f"octet {there:02X} stands where 7E belongs, {which}"
    noise = Candidate("line-noise", POSSIBLE, f"{there:02X} came between two frames", 0)
    return [Candidate("octet-damaged", POSSIBLE, text, 0, whole), inserted, noise]


class Header(NamedTuple):
    """What is wrong with a header whose HCS is wrong under a right FCS, and which octets show it."""

    code: str
    cause: str
    confidence: str
    text: str
    start: int
    end: int


def header_alone(record: Record, note: Note) -> Header:
    """Explain a wrong HCS under a right FCS: the addresses are read wrongly, or the sender computes it so."""
    octets = record.octets.removeprefix(b"\x7e")
    for size in range(3, min(_LONGEST_HEADER, len(octets) - 2)):
        if fcs_is_good(octets[: size + 3]):
            text = f"the HCS is right where both addresses have {size - 2} octets: their lengths are unusual"
            return Header("hdlc-address-unusual", "address-length-misread", LIKELY, text, 3, size + 1)
    text = f"{note.text}: damage on the way would hurt the FCS, too, so its sender computes it so"
    return Header(note.code, "fcs-wrong-range", LIKELY, text, note.start, note.end)


def lossy_echo(sent: Record, record: Record) -> str:
    """Say that *record* is what the other side just *sent*, with octets lost; empty where it is not."""
    both = (sent.octets.strip(b"\x7e"), record.octets.strip(b"\x7e"))
    size = min(map(len, both))
    # the FCS of an answer that is a header alone is another, as its addresses are swapped
    has_fcs = both[0][-2:] == both[1][-2:] and information_at(both[0]) == len(both[0])
    least = _LEAST_ECHO_WITH_FCS if has_fcs else _LEAST_ECHO
    if not least <= size <= max(map(len, both)) <= _LONGEST_ECHO or not (has_fcs or both[0][:3] == both[1][:3]):
        return ""
    from difflib import SequenceMatcher  # here, as few captures have an echo

    pairs = SequenceMatcher(None, *both, autojunk=False).get_matching_blocks()
    same = sum(one.size for one in pairs)
    if same < 0.6 * len(both[0]) or same < 0.8 * len(both[1]):
        return ""
    if not has_fcs and both[0][3] != both[1][3] and same < len(both[1]):
        return ""  # an answer that lost its first address begins so, too
    return (
        f"{same} of the {len(both[0])} octets of record {sent.number} come back, in their order and with their "
        f"addresses unswapped; octets lost: {len(both[0]) - same}, come in: {len(both[1]) - same}; it is no answer"
    )
