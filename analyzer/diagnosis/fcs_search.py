"""Why the check sequence of a frame is wrong: every explanation that the octets allow, the best supported first.

A frame is searched once a hypothesis, by the registers from both ends; a repair is shown, never made. What octets
cannot decide stays several candidates. Source: ISO/IEC 13239; measured limits: how often one octet that is other,
lost or too many has a single explanation falls with the length of the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.diagnosis.crc_states import backward, forward, octet_between
from analyzer.diagnosis.frame_repair import Reads, Verdict, is_good_frame, judge
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, announced_length
from dissectors.checks import fcs, fcs_is_good
from dissectors.scanning import reads

FLAG = 0x7E

_MOST_CANDIDATES = 16
_PAIRS_UP_TO = 160
"""Frames up to so many octets are searched for two missing flow-control octets."""
_SHORT = 128
_FORMAT_SIZE = 2
"""Octets of the frame format: where they are hurt, the length says nothing."""
_ESCAPED = {0x5E: 0x7E, 0x5D: 0x7D}
_FLOW_CONTROL = (0x11, 0x13)
_RECEIVER_SIZES = frozenset(1 << power for power in range(6, 12))


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


class Damaged(NamedTuple):
    """A frame whose check sequence or length is wrong: *body* stands between its flags, *shift* octets into it."""

    body: bytes
    shift: int
    declared: int
    has_end: bool
    reads: Reads


def search(octets: bytes, *, apdu_reads: Reads = reads) -> list[Candidate]:
    """Explain the damage of an HDLC frame, given with the flags that it has. Total; best supported first."""
    shift = int(octets[:1] == b"\x7e")
    has_end = len(octets) > shift and octets[-1] == FLAG
    body = octets[shift : len(octets) - has_end]
    if len(body) <= _FORMAT_SIZE + 1:
        return []
    damaged = Damaged(body, shift, announced_length(body, 0), has_end, apdu_reads)
    for settles in (_cut_at_flag, _swapped, _wrong_range, _stuffed, _newlines):
        found = list(settles(damaged))
        if found:
            return found
    found = list(_seven_bits(damaged))
    for hypothesis in (_one_octet, _one_missing, _one_too_many, _flow_control, _length_field):
        found += hypothesis(damaged)
    found = _ranked(found)
    if not found or found[0].confidence is POSSIBLE:
        found = _ranked([*_cut(damaged), *found])
    return found[:_MOST_CANDIDATES]


# -- what one look settles --------------------------------------------------------------------------------------------


def _cut_at_flag(damaged: Damaged) -> Iterator[Candidate]:
    """The 7E that was taken for the closing flag belongs to the frame: type 3 has no escaping."""
    whole = damaged.body + b"\x7e"
    if len(whole) == damaged.declared and fcs_is_good(whole):
        text = f"with one more octet 7E length field ({damaged.declared}) and FCS are right: it was taken for a flag"
        yield Candidate("cut-at-flag-octet", CERTAIN, text, damaged.shift + len(damaged.body), whole)


def _swapped(damaged: Damaged) -> Iterator[Candidate]:
    body = damaged.body
    turned = body[:-2] + body[:-3:-1]
    if is_good_frame(turned):
        text = "the two octets of the FCS stand in the wrong order, high octet first"
        yield Candidate("fcs-octets-swapped", CERTAIN, text, damaged.shift + len(body) - 2, turned)


def _ranges(body: bytes) -> Iterator[tuple[bytes, str]]:
    inner = body[:-2]
    yield b"\x7e" + inner, "it was computed over the opening flag too"
    yield b"\x7e" + inner + b"\x7e", "it was computed over both flags too"
    yield inner[2:], "it was computed without the frame format"
    header = judge(body)
    if header.header is Trust.GOOD:
        for at in range(4, min(13, len(inner))):
            if fcs_is_good(inner[:at]):
                yield inner[at:], "it was computed over the information field alone"
                return


def _wrong_range(damaged: Damaged) -> Iterator[Candidate]:
    body = damaged.body
    if len(body) != damaged.declared or len(body) < MINIMUM_LENGTH:
        return
    stands = body[-2] | body[-1] << 8
    for octets, text in _ranges(body):
        if octets and fcs(octets) == stands:
            right = body[:-2] + fcs(body[:-2]).to_bytes(2, "little")
            yield Candidate("fcs-wrong-range", LIKELY, f"the FCS is right for other octets: {text}", -1, right)
            return
    if fcs(body[:-2]) ^ 0xFFFF == stands:
        right = body[:-2] + fcs(body[:-2]).to_bytes(2, "little")
        yield Candidate("fcs-wrong-range", LIKELY, "the FCS was sent without its last inversion", -1, right)


def _stuffed(damaged: Damaged) -> Iterator[Candidate]:
    body = damaged.body
    if 0x7D not in body:
        return
    plain, at = bytearray(), 0
    count = 0
    while at < len(body):
        if body[at] == 0x7D and at + 1 < len(body) and body[at + 1] in _ESCAPED:
            plain.append(_ESCAPED[body[at + 1]])
            count += 1
            at += 2
        else:
            plain.append(body[at])
            at += 1
    if count and is_good_frame(bytes(plain)):
        text = f"{count} octets were escaped with 7D as in PPP; without the escapes length and FCS are right"
        yield Candidate("octet-stuffing", CERTAIN, text, damaged.shift + body.index(0x7D), bytes(plain))


def _newlines(damaged: Damaged) -> Iterator[Candidate]:
    """A terminal driver between line and capture wrote 0D 0A for 0A, or 0A for 0D."""
    body = damaged.body
    for shown, before, after in (("0A became 0D 0A", b"\r\n", b"\n"), ("0D 0A became 0A", b"\n", b"\r\n")):
        other = body.replace(before, after)
        if other != body and is_good_frame(other):
            text = f"{body.count(before)} line ends were translated ({shown}): undone, length and FCS are right"
            yield Candidate("newline-translation", CERTAIN, text, damaged.shift + body.index(before), other)
            return


# -- what is searched -------------------------------------------------------------------------------------------------


def _one_octet(damaged: Damaged) -> Iterator[Candidate]:
    """One octet is other than it was sent."""
    body = damaged.body
    if len(body) != damaged.declared and damaged.declared >= MINIMUM_LENGTH and len(body) > 4:
        places = range(_FORMAT_SIZE)  # only the length itself can be the one octet
    else:
        places = range(len(body))
    ahead, back = forward(body), backward(body)
    for at in places:
        value = octet_between(ahead[at], back[at + 1])
        if value is None or value == body[at]:
            continue
        repaired = body[:at] + bytes((value,)) + body[at + 1 :]
        difference = value ^ body[at]
        if difference.bit_count() == 1:
            bit = difference.bit_length() - 1
            text = f"bit {bit} of octet {damaged.shift + at} is turned: {body[at]:02X} where {value:02X} was sent"
            yield _made(damaged, "bit-error", text, at, repaired)
        else:
            text = f"octet {damaged.shift + at} is {body[at]:02X} where {value:02X} was sent"
            yield _made(damaged, "octet-damaged", text, at, repaired)


def _one_missing(damaged: Damaged) -> Iterator[Candidate]:
    """One octet got lost: the length says one more than there are."""
    body = damaged.body
    ahead, back = forward(body), backward(body)
    seen: set[bytes] = set()
    for at in range(len(body) + 1 if damaged.declared == len(body) + 1 else _FORMAT_SIZE + 1):
        value = octet_between(ahead[at], back[at])
        if value is None:
            continue
        repaired = body[:at] + bytes((value,)) + body[at:]
        if repaired in seen or announced_length(repaired, 0) != len(repaired):
            continue
        seen.add(repaired)
        cause = "flow-control-octets-removed" if value in _FLOW_CONTROL and _lacks_flow_control(body) else "octets-lost"
        text = f"one octet {value:02X} is missing before octet {damaged.shift + at}"
        yield _made(damaged, cause, text, at, repaired)._replace(lost=1)


def _one_too_many(damaged: Damaged) -> Iterator[Candidate]:
    """One octet came in between: the length says one less than there are."""
    body = damaged.body
    ahead, back = forward(body), backward(body)
    seen: set[bytes] = set()
    for at in range(len(body) if damaged.declared == len(body) - 1 else _FORMAT_SIZE + 1):
        if ahead[at] != back[at + 1]:
            continue
        repaired = body[:at] + body[at + 1 :]
        if repaired in seen or announced_length(repaired, 0) != len(repaired):
            continue
        seen.add(repaired)
        yield _made(
            damaged, "octets-inserted", f"octet {damaged.shift + at} ({body[at]:02X}) was not sent", at, repaired
        )


def _lacks_flow_control(body: bytes) -> bool:
    """Tell whether neither XON nor XOFF is left in octets that usually hold some."""
    return len(body) >= 8 and not any(octet in body for octet in _FLOW_CONTROL)


def _flow_control(damaged: Damaged) -> Iterator[Candidate]:
    """Two of 11 and 13 are missing: software flow control took them."""
    body = damaged.body
    if damaged.declared != len(body) + 2 or len(body) > _PAIRS_UP_TO or not _lacks_flow_control(body):
        return
    ahead, back = forward(body), backward(body)
    for first in range(len(body) + 1):
        for value in _FLOW_CONTROL:
            states = forward(bytes((value,)) + body[first:], ahead[first])
            for second in range(first, len(body) + 1):
                other = octet_between(states[second - first + 1], back[second])
                if other in _FLOW_CONTROL:
                    repaired = body[:first] + bytes((value,)) + body[first:second] + bytes((other,)) + body[second:]
                    text = f"{value:02X} and {other:02X} are missing, the octets XON and XOFF of software flow control"
                    yield _made(damaged, "flow-control-octets-removed", text, first, repaired)._replace(lost=2)


def _length_field(damaged: Damaged) -> Iterator[Candidate]:
    """The frame is whole and its FCS right, but its length field says something else."""
    body = damaged.body
    if len(body) >= MINIMUM_LENGTH and len(body) != damaged.declared and fcs_is_good(body):
        text = f"the FCS is right over all {len(body)} octets; the length field says {damaged.declared}"
        yield Candidate("length-field-wrong", CERTAIN, text, damaged.shift, body)


def _seven_bits(damaged: Damaged) -> Iterator[Candidate]:
    """Every octet lost bit 7: the receiver was set to seven data bits."""
    body = damaged.body
    if max(body) < 0x80 and body[0] & 0xF0 == 0x20 and len(body) >= MINIMUM_LENGTH:
        is_llc = b"\x66\x66\x00" in body or b"\x66\x67\x00" in body
        text = "no octet has bit 7 set, and the frame format reads 2x where Ax belongs"
        text += ", the LLC 66 66/67 00 where E6 E6/E7 00 belongs" if is_llc else ""
        yield Candidate("seven-bit", CERTAIN if is_llc else LIKELY, text)


def _cut(damaged: Damaged) -> Iterator[Candidate]:
    """More octets are missing than can be found again."""
    there, declared = len(damaged.body), damaged.declared
    if declared < MINIMUM_LENGTH or there >= declared:
        return
    missing = declared - there
    total = there + damaged.shift + damaged.has_end
    plural = "s are" if missing > 1 else " is"
    text = f"{missing} octet{plural} missing: {there} of {declared} are there"
    if total in _RECEIVER_SIZES:
        yield Candidate(
            "receiver-buffer-overflow", LIKELY, f"{text}, and {total} octets is the size of a receiver's buffer",
            lost=missing,
        )  # fmt: skip
    elif not damaged.has_end:
        yield Candidate(
            "truncated", CERTAIN if judge(damaged.body).header is Trust.GOOD else LIKELY, text, lost=missing
        )
    elif missing > 1:
        yield Candidate("octets-lost", LIKELY, text, lost=missing)


# -- ranking ----------------------------------------------------------------------------------------------------------


def _made(damaged: Damaged, cause: str, text: str, at: int, repaired: bytes) -> Candidate:
    return Candidate(cause, POSSIBLE, text, damaged.shift + at, repaired, judge(repaired, damaged.reads))


def _ranked(found: list[Candidate]) -> list[Candidate]:
    """Put the best supported first, and say how sure the first is."""

    def points(one: Candidate) -> tuple[int, int]:
        support = one.verdict.points if one.verdict is not None else _UNSEARCHED[one.confidence]
        return support, _PRIOR.get(one.cause, 0)

    ranked = sorted(found, key=points, reverse=True)
    if not ranked or (verdict := ranked[0].verdict) is None:
        return ranked
    best, others = ranked[0], ranked[1:]
    if any(points(one) >= points(best) for one in others):
        return ranked  # what octets cannot decide stays several candidates
    is_alone = not any(one.verdict is not None and one.verdict.points == verdict.points for one in others)
    confidence = POSSIBLE
    if verdict.is_length_right and is_alone:
        is_proved = verdict.header is Trust.GOOD and verdict.apdu is not False and len(best.repaired) <= _SHORT
        confidence = CERTAIN if is_proved else LIKELY
    elif verdict.is_length_right and best.cause == "bit-error":
        confidence = LIKELY
    if best.cause in _COMMON and len(best.repaired) > _SHORT:
        confidence = POSSIBLE
    return [best._replace(confidence=confidence), *others]


_COMMON = frozenset({"octet-damaged", "octets-lost"})
"""Explanations that any damage may have by chance: one for each 256 octets of the frame."""
_UNSEARCHED = {CERTAIN: 16, LIKELY: 9, POSSIBLE: 0}
_PRIOR = {"bit-error": 3, "flow-control-octets-removed": 2, "octets-lost": 1, "octets-inserted": 1, "octet-damaged": 0}
"""Of explanations with the same support the one that happens more often comes first."""

__all__ = ["CERTAIN", "LIKELY", "POSSIBLE", "Candidate", "search"]
