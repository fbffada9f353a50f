"""Causes that one look at a damaged frame settles: undone, its length and check sequence are right.

Source: IEC 62056-46 (format type 3: no escaping, FCS low octet first), RFC 1662 (the escaping that it has not).
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.diagnosis.frame_damage import Candidate, Damaged
from analyzer.diagnosis.frame_repair import information_at, information_of, is_good_frame, only_breaks_off
from analyzer.diagnosis.story import CERTAIN, LIKELY
from analyzer.framing.crc_states import backward, forward, octet_between
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, announced_length, trust_of
from dissectors.checks import fcs, fcs_is_good
from dissectors.compile import FAILURES
from dissectors.scanning import entry, reads

_ESCAPED = {0x5E: 0x7E, 0x5D: 0x7D}
_LLC_SIZE = 3
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\r\n"
_FEWEST_VALUES = 8
"""Fewer octets that differ have one weight by chance, or as a pattern for tests."""
_SURE_WEIGHTS = 20
"""So many octets have even weight by chance once in a million."""
_TWICE = b"\xff\xff"
_LINE_ENDS = 12
"""So many octets 0A or 0D of a frame are tried in all combinations."""
_GENERAL_TITLE = 8
_TAG_SIZE = 12
_COUNTER_SIZE = 4
_ENCRYPTED = 0x20
_NOTIFICATION, _LONG_TEXT = 0x0F, 64
_PLAIN = frozenset((0x0F, 0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7))
"""Tags of what is ciphered most: notifications, and services with logical names."""
_BEHIND = 32
"""So many octets may stand behind a plain APDU in a reader's buffer: its tag, and the end of the frame."""
_GENERAL = frozenset({0xDB, 0xDC})
_SPECIFIC = frozenset(range(0xC8, 0xD8)) | {0x21, 0x28}
CLOSED = _GENERAL | _SPECIFIC
"""Tags of ciphered APDUs."""


def cut_at_flag(damaged: Damaged) -> Iterator[Candidate]:
    """The 7E that was taken for the closing flag belongs to the frame: type 3 has no escaping."""
    body, whole = damaged.body, damaged.body + b"\x7e"
    at = damaged.shift + len(body)
    if damaged.missing == 1 and fcs_is_good(whole):
        text = (
            f"with one more octet 7E length field ({damaged.declared}) and FCS are right: "
            "the 7E is the last octet of the FCS and was taken for the closing flag"
        )
        yield Candidate("cut-at-flag-octet", CERTAIN, text, at, whole)
    elif damaged.missing == 2 and damaged.was.header is Trust.GOOD and fcs(body) & 0xFF == 0x7E:
        check = fcs(body).to_bytes(2, "little")
        text = (
            f"the FCS of the {len(body)} octets that are there is {check.hex(' ').upper()}, and two octets are "
            f"missing of {damaged.declared}: its first octet 7E was taken for the closing flag"
        )
        yield Candidate("cut-at-flag-octet", LIKELY, text, at, body + check)


def swapped(damaged: Damaged) -> Iterator[Candidate]:
    """The FCS was sent high octet first."""
    body = damaged.body
    turned = body[:-2] + body[:-3:-1]
    if is_good_frame(turned):
        text = "the two octets of the FCS stand in the wrong order, high octet first"
        at = damaged.shift + len(body) - 2
        yield Candidate("fcs-octets-swapped", CERTAIN, text, at, turned, end=at + 2)


def _ranges(damaged: Damaged) -> Iterator[tuple[bytes, str]]:
    inner = damaged.body[:-2]
    yield b"\x7e" + inner, "it was computed over the opening flag too"
    yield b"\x7e" + inner + b"\x7e", "it was computed over both flags too"
    yield inner + b"\x7e", "it was computed over a flag too"
    yield inner[2:], "it was computed without the frame format"
    at = information_at(damaged.body)
    if at:
        yield inner[at:], "it was computed over the information field alone"
        yield inner[: at - 2] + inner[at:], "it was computed without the HCS"


def wrong_range(damaged: Damaged) -> Iterator[Candidate]:
    """The FCS is right for other octets than those it has to cover, or was computed otherwise."""
    body = damaged.body
    if damaged.missing or len(body) < MINIMUM_LENGTH:
        return
    stands = body[-2] | body[-1] << 8
    right = body[:-2] + fcs(body[:-2]).to_bytes(2, "little")
    at = damaged.shift + len(body) - 2
    if not stands and damaged.was.header is Trust.GOOD and damaged.was.has_information:
        text = "the FCS is 00 00: its sender does not compute it"
        yield Candidate("fcs-not-used", LIKELY, text, at, right, end=at + 2)
        return
    for octets, told in _ranges(damaged):
        if octets and fcs(octets) == stands:
            yield Candidate(
                "fcs-wrong-range", LIKELY, f"the FCS is right for other octets: {told}", at, right, end=at + 2
            )
            return
    if fcs(body[:-2]) ^ 0xFFFF == stands:
        yield Candidate("fcs-wrong-range", LIKELY, "the FCS was sent without its last inversion", at, right, end=at + 2)


def stuffed(damaged: Damaged) -> Iterator[Candidate]:
    """Octets were escaped as in PPP."""
    body = damaged.body
    if 0x7D not in body:
        return
    plain, at, count = bytearray(), 0, 0
    while at < len(body):
        if body[at] == 0x7D and at + 1 < len(body):
            plain.append(_ESCAPED.get(body[at + 1], body[at + 1] ^ 0x20))
            count += 1
            at += 2
        else:
            plain.append(body[at])
            at += 1
    if count and is_good_frame(bytes(plain)):
        text = f"{_count(count, 'octet')} escaped with 7D as in PPP; without the escapes length and FCS are right"
        yield Candidate("octet-stuffing", CERTAIN, text, damaged.shift + body.index(0x7D), bytes(plain))


def newlines(damaged: Damaged) -> Iterator[Candidate]:
    """A terminal driver between line and capture translated line ends."""
    body = damaged.body
    changes = (("0A became 0D 0A", b"\r\n", b"\n"), ("0D 0A became 0A", b"\n", b"\r\n"))
    for told, shown, sent in changes:
        other = body.replace(shown, sent)
        if other != body and is_good_frame(other):
            count = body.count(shown)
            text = f"{_count(count, 'line end')} translated ({told}): undone, length and FCS are right"
            yield Candidate("newline-translation", CERTAIN, text, damaged.shift + body.index(shown), other)
            return
    other = body.replace(b"\r\n", b"\n")
    count = len(body) - len(other)
    if count > 1 and b"\n" not in body.replace(b"\r\n", b"") and _reads_on(other) and not _reads_on(body):
        text = f"{_count(count, 'line end')} translated (0A became 0D 0A): undone, the APDU reads as far as it came"
        yield Candidate("newline-translation", LIKELY, text, damaged.shift + body.index(b"\r\n"))
    if damaged.missing == 0:
        for told, before, after in (("0D became 0A", 0x0A, 0x0D), ("0A became 0D", 0x0D, 0x0A)):
            if after not in body and before in body:
                yield from _exchanged(damaged, before, after, told)


def doubled(damaged: Damaged) -> Iterator[Candidate]:
    """Each FF stands twice, as telnet sends it; one pair alone tells nothing where others of the lane stand once."""
    body = damaged.body
    pairs = body.count(_TWICE)
    has_single = damaged.lane.has_single_ff
    if not pairs or (pairs == 1 and has_single):
        return
    once = body.replace(_TWICE, _TWICE[:1])
    if is_good_frame(once):
        each = f"each of {pairs} FF" if pairs > 1 else "its one FF"
        text = f"{each} stands twice, as telnet sends it: undone, length and FCS are right"
        sure = LIKELY if pairs == 1 or has_single else CERTAIN
        yield Candidate("telnet-negotiation", sure, text, damaged.shift + body.index(_TWICE), once)


def _reads_on(body: bytes) -> bool:
    """Tell whether the header is good and the APDU right as far as it goes, whatever became of the FCS."""
    at = information_at(body)
    if not at or trust_of(body, 0) is not Trust.GOOD or len(body) > announced_length(body, 0):
        return False
    apdu = body[at + _LLC_SIZE :]
    return reads(apdu) or reads(apdu[:-2]) or only_breaks_off(apdu)


def _exchanged(damaged: Damaged, before: int, after: int, told: str) -> Iterator[Candidate]:
    """Find which of the octets *before* were *after*; none of those is left, so they were all exchanged."""
    body = damaged.body
    places = [at for at, octet in enumerate(body) if octet == before]
    if len(places) > _LINE_ENDS:
        return
    for chosen in range((1 << len(places)) - 1, 0, -1):
        other = bytearray(body)
        for index, at in enumerate(places):
            if chosen >> index & 1:
                other[at] = after
        if is_good_frame(bytes(other)):
            count = chosen.bit_count()
            text = f"{_count(count, 'line end')} translated ({told}): undone, the FCS is right"
            first = damaged.shift + places[(chosen & -chosen).bit_length() - 1]
            confidence = CERTAIN if count > 1 and len(places) <= 6 else LIKELY
            yield Candidate("newline-translation", confidence, text, first, bytes(other))
            return


def bits(damaged: Damaged) -> Iterator[Candidate]:
    """Bit 7 of every octet is gone, or is the parity of the others: the line has, or was read with, seven data bits."""
    body = damaged.body
    if len(body) < MINIMUM_LENGTH or body[0] & 0x70 != 0x20 or not body.strip(_PRINTABLE):
        return  # characters and line ends alone are a text, and no frame
    plain = bytes(octet & 0x7F for octet in body)
    is_llc = b"\x66\x66\x00" in plain or b"\x66\x67\x00" in plain
    llc = "; the LLC reads 66 66/67 00 where E6 E6/E7 00 belongs" if is_llc else ""
    fits = plain[1] == len(body) & 0x7F
    if body.isascii() and not (is_llc or fits):
        return  # octets of seven bits that begin so are often something else
    if is_good_frame(bytes((body[0] | 0x80,)) + body[1:]):
        return  # one bit is turned, and the frame has no other octet above 7F
    if body.isascii():
        text = f"no octet has bit 7 set, and the frame format reads 2x where Ax belongs{llc}"
        yield Candidate("seven-bit", CERTAIN, text)
        return
    values = set(body)
    weights = {octet.bit_count() & 1 for octet in values}
    if len(weights) > 1 or not (fits or len(values) >= _FEWEST_VALUES):
        return
    kind = "odd" if 1 in weights else "even"
    told = f"all {len(body)} octets have {kind} weight"
    sure = CERTAIN if fits or is_llc or len(body) >= _SURE_WEIGHTS else LIKELY
    if fits or is_llc or kind == "even":
        yield Candidate("parity-in-data", sure, f"{told}: bit 7 is {kind} parity, 7{kind[0].upper()}1 read as 8N1{llc}")
    else:
        yield Candidate("parity-filtered", sure, f"{told}: {FILTERED[kind]}")


FILTERED = {
    "odd": "read as 8E1 an 8N1 line gives parity errors for all others, and those were dropped",
    "even": "read as 8O1 an 8N1 line gives parity errors for all others, and those were dropped",
}
"""What octets of one weight say that are no characters of seven bits."""


def deciphered(damaged: Damaged) -> Iterator[Candidate]:
    """A reader deciphered the APDU where it stood, under the header and the check sequences of the ciphered one."""
    if damaged.missing or damaged.was.header is not Trust.GOOD:
        return
    information = information_of(damaged.body)
    found = plain_under_cipher(information[_LLC_SIZE:])
    if found:
        at = damaged.shift + damaged.body.index(information) + _LLC_SIZE + found[0]
        text = (
            "the APDU's header says ciphered, and behind its invocation counter a plain APDU stands that reads whole: "
            "it was deciphered in place, under the FCS of the ciphered octets"
        )
        yield Candidate("decrypted-in-place", CERTAIN, text, at, end=at + found[1])


def plain_under_cipher(apdu: bytes) -> tuple[int, int] | None:
    """Find a plain APDU that stands where a ciphered APDU's text belongs: where it begins, and its size.

    It reads whole, with a tag or other octets behind it; or it is a long data-notification that breaks off.
    """
    at = _text_at(apdu)
    if not at:
        return None
    rest = apdu[at:]
    found = entry(rest, 0, len(rest)) if rest[:1] and rest[0] in _PLAIN else None
    if found is None:
        return None
    try:
        _, size = found.function(rest, 0, len(rest))
    except FAILURES:
        is_cut = rest[0] == _NOTIFICATION and len(rest) > _LONG_TEXT and only_breaks_off(rest)
        return (at, len(rest)) if is_cut else None
    behind = len(rest) - size
    is_exact = behind in (0, _TAG_SIZE) and size > _TAG_SIZE
    return (at, size) if is_exact or (size > _LONG_TEXT and behind <= _BEHIND) else None


def _text_at(apdu: bytes) -> int:
    """Tell where the text of a ciphered APDU begins, behind security control and counter; 0 where it is none."""
    at = 1
    if apdu[:1] and apdu[0] in _GENERAL:
        if len(apdu) < 12 or apdu[1] not in (0, _GENERAL_TITLE):
            return 0
        at = 2 + apdu[1]
    elif not apdu or apdu[0] not in _SPECIFIC:
        return 0
    if at >= len(apdu):
        return 0
    at += 1 + (apdu[at] & 0x7F if apdu[at] & 0x80 else 0)
    is_encrypted = at + 6 < len(apdu) and apdu[at] & _ENCRYPTED
    return at + 1 + _COUNTER_SIZE if is_encrypted else 0


def _count(count: int, what: str) -> str:
    return f"{count} {what}s were" if count > 1 else f"one {what} was"


def lost_digit(damaged: Damaged) -> Iterator[Candidate]:
    """A digit of a hex text is missing: all behind it is shifted by four bits, and the last digit has no partner.

    The closing flag 7E then stands there as a last digit 7, if anything does.
    """
    body = damaged.body + b"\x7e" * damaged.has_end
    if body[-1] & 0x0F != 7 or damaged.shift == 0 or len(body) < MINIMUM_LENGTH:
        return
    digits = body.hex()
    behind = bytes.fromhex("0" + digits[:-1])  # the octets as they stand behind the digit: each half of two
    size = len(body)
    ahead, back = forward(body), backward(behind)
    found: dict[bytes, Candidate] = {}
    for at in range(size):
        value = octet_between(ahead[at], back[at + 1])
        left = body[at] >> 4
        if value is None or left not in (value & 0x0F, value >> 4):
            continue
        whole = body[:at] + bytes((value,)) + behind[at + 1 :]
        if is_good_frame(whole):
            text = (
                f"one hex digit is missing in octet {damaged.shift + at} ({value:02X}): all behind it is shifted by "
                "four bits, and with it length and FCS are right"
            )
            found.setdefault(whole, Candidate("nibble-lost", LIKELY, text, damaged.shift + at, whole))
    if len(found) == 1:
        yield next(iter(found.values()))._replace(confidence=CERTAIN)
    else:
        yield from found.values()


SETTLES = (cut_at_flag, swapped, wrong_range, stuffed, doubled, newlines, deciphered, lost_digit)
