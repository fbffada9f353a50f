"""Explanations by one octet that is other, and by octets that are missing or too many, out of the CRC from both ends.

Each costs one walk over the octets, by the registers before and behind every octet. Source: ISO/IEC 13239.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.diagnosis.frame_damage import FLOW_CONTROL, Candidate, Damaged
from analyzer.diagnosis.frame_repair import information_at, is_good_frame
from analyzer.diagnosis.story import CERTAIN
from analyzer.framing.crc_states import backward, forward, octet_between, step
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, announced_length
from dissectors.checks import fcs_is_good

FORMAT_SIZE = 2
"""Octets of the frame format: where they are hurt, the length says nothing."""
_PAIRS_UP_TO = 160
"""Frames up to so many octets are searched for two missing flow-control octets."""
_ZERO_PAIRS_UP_TO = 40
_ZERO_LESS = 12
"""So many octets of a frame without one 00: addresses, LLC and data have some."""
_MOST_INSERTED = 16


def other_octet(damaged: Damaged) -> Iterator[Candidate]:
    """One octet is other than it was sent."""
    body = damaged.body
    only_format = damaged.missing and damaged.declared >= MINIMUM_LENGTH and len(body) > 4
    ahead, back = forward(body), backward(body)
    for at in range(FORMAT_SIZE if only_format else len(body)):
        value = octet_between(ahead[at], back[at + 1])
        if value is not None and value != body[at]:
            repaired = body[:at] + bytes((value,)) + body[at + 1 :]
            yield _other(damaged, at, body[at], value, repaired)


def _other(damaged: Damaged, at: int, there: int, value: int, repaired: bytes) -> Candidate:
    """Say that an octet is *there* where *value* was sent."""
    difference = value ^ there
    shown = damaged.shift + at
    if difference.bit_count() == 1:
        bit = difference.bit_length() - 1
        text = f"bit {bit} of octet {shown} is turned: {there:02X} where {value:02X} was sent"
        return damaged.candidate("bit-error", text, at, repaired)
    return damaged.candidate("octet-damaged", f"octet {shown} is {there:02X} where {value:02X} was sent", at, repaired)


def hurt_flag(damaged: Damaged) -> Iterator[Candidate]:
    """The frame is whole, and the octet behind it is where its closing flag belongs."""
    body = damaged.body
    if damaged.missing == -1 and not damaged.has_end and is_good_frame(body[:-1]):
        there = body[-1]
        one = _other(damaged, len(body) - 1, there, 0x7E, body[:-1])
        yield one._replace(confidence=CERTAIN, verdict=None, text=f"{one.text}: the closing flag")


def missing_octet(damaged: Damaged) -> Iterator[Candidate]:
    """One octet got lost: the length says one more than there are."""
    body = damaged.body
    ahead, back = forward(body), backward(body)
    seen: set[bytes] = set()
    for at in range(len(body) + 1 if damaged.missing == 1 else FORMAT_SIZE + 1):
        value = octet_between(ahead[at], back[at])
        if value is None:
            continue
        repaired = body[:at] + bytes((value,)) + body[at:]
        if repaired in seen or announced_length(repaired, 0) != len(repaired):
            continue
        seen.add(repaired)
        is_taken = value in FLOW_CONTROL and damaged.lacks_flow_control
        cause = "flow-control-octets-removed" if is_taken else "octets-lost"
        text = f"one octet {value:02X} is missing before octet {damaged.shift + at}"
        found = damaged.candidate(cause, text, at, repaired)._replace(lost=1)
        if at == len(body) and not damaged.has_end:
            text = f"its last octet {value:02X} and its closing flag are missing"
            found = found._replace(cause="truncated", confidence=CERTAIN, text=text, verdict=None)
        yield found
        if not value and len(body) >= _ZERO_LESS and 0 not in body:
            yield found._replace(cause="text-dump-loss", text=f"{text}, and no 00 is left: it was handled as text")


def missing_format(damaged: Damaged) -> Iterator[Candidate]:
    """The frame format is missing, and perhaps an address: what they were follows from the size and the lane."""
    body = damaged.body
    for gone in (b"", *damaged.lane.addresses):
        for lost in range(len(gone) + 1):
            size = FORMAT_SIZE + lost + len(body)
            if lost and body[: len(gone) - lost] != gone[lost:]:
                continue
            repaired = (0xA000 | size).to_bytes(2, "big") + gone[:lost] + body
            if MINIMUM_LENGTH <= size < 0x800 and fcs_is_good(repaired):
                text = f"the first {size - len(body)} octets of the frame are missing"
                yield damaged.candidate("octets-lost", text, 0, repaired)._replace(lost=size - len(body))
                return


def too_many(damaged: Damaged) -> Iterator[Candidate]:
    """Octets came in between: as many as the length says are too many, or any number within the frame format."""
    body = damaged.body
    seen: set[bytes] = set()
    for count, places in _inserted(damaged):
        ahead, back = forward(body), backward(body)
        for at in places:
            if ahead[at] != back[at + count]:
                continue
            repaired = body[:at] + body[at + count :]
            if repaired in seen or announced_length(repaired, 0) != len(repaired):
                continue
            seen.add(repaired)
            extra, first = body[at : at + count].hex(" ").upper(), damaged.shift + at
            text = f"octet {first} ({extra}) was not sent"
            if count > 1:
                text = f"{count} octets from octet {first} on ({extra}) were not sent"
            yield damaged.candidate("octets-inserted", text, at, repaired, at + count)


def _inserted(damaged: Damaged) -> Iterator[tuple[int, range]]:
    size = len(damaged.body)
    if 0 < -damaged.missing <= _MOST_INSERTED:
        yield -damaged.missing, range(size + damaged.missing + 1)
    for count in range(1, min(_MOST_INSERTED, size - MINIMUM_LENGTH) + 1):
        if count != -damaged.missing and any(
            announced_length(damaged.body[:at] + damaged.body[at + count : at + count + 2], 0) == size - count
            for at in range(FORMAT_SIZE + 1)
        ):
            yield count, range(FORMAT_SIZE + 1)


def two_gone(damaged: Damaged) -> Iterator[Candidate]:
    """Two octets of a kind are missing: 11 and 13, which software flow control takes, or 00, which text lacks."""
    body = damaged.body
    if damaged.missing != 2 or len(body) > _PAIRS_UP_TO:
        return
    if damaged.lacks_flow_control:
        told = "{} are missing, the octets XON and XOFF of software flow control"
        yield from _pairs(damaged, FLOW_CONTROL, "flow-control-octets-removed", told)
    if 0 not in body and len(body) <= _ZERO_PAIRS_UP_TO:
        yield from _pairs(damaged, (0,), "text-dump-loss", "{} are missing, and no 00 is left: it was handled as text")


def _pairs(damaged: Damaged, values: tuple[int, ...], cause: str, told: str) -> Iterator[Candidate]:
    """Find two places at which two of *values* give the FCS."""
    body = damaged.body
    ahead, back = forward(body), backward(body)
    for first in range(len(body) + 1):
        for value in values:
            register = step(ahead[first], value)
            for second in range(first, len(body) + 1):
                other = octet_between(register, back[second])
                if other in values:
                    repaired = body[:first] + bytes((value,)) + body[first:second] + bytes((other,)) + body[second:]
                    text = told.format(f"{value:02X} and {other:02X}")
                    yield damaged.candidate(cause, text, first, repaired)._replace(lost=2)
                if second < len(body):
                    register = step(register, body[second])


def length_field(damaged: Damaged) -> Iterator[Candidate]:
    """The frame is whole and its FCS right, but its length field says something else."""
    body = damaged.body
    is_header = len(body) == information_at(body) and damaged.missing > 0  # the HCS of a frame that ends behind it
    is_whole = len(body) >= MINIMUM_LENGTH and damaged.missing and damaged.declared and fcs_is_good(body)
    if is_whole and not is_header:
        text = f"the FCS is right over all {len(body)} octets; the length field says {damaged.declared}"
        yield Candidate("length-field-wrong", CERTAIN, text, damaged.shift, body, end=damaged.shift + FORMAT_SIZE)


SEARCHES = (hurt_flag, other_octet, missing_octet, missing_format, too_many, two_gone, length_field)
