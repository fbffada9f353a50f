"""Messages of IEC 62056-21 and P1 telegrams without the numbers that tell whose they are, and without passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.rewrite.frames import kept_text
from analyzer.rewrite.pseudonyms import Pseudonyms
from dissectors.checks import has_parity, seven_bits
from dissectors.iec62056_21 import copied_passwords, password_at

_DATA_SET = re.compile(rb"([0-9A-Za-z:.*&-]{0,24})\(([^()]*)\)")
_SEGMENT = re.compile(rb"[^\r\n\x01-\x04]+")
_READS = re.compile(
    rb"(?:[0-9A-Za-z:.*&-]{0,24}(?:\([^()]*\))+)+!?|/\?[^!()]*!|/[A-Z]{2}[A-Za-z][ -~]*|\x06[0-9A-Z]{3}|![0-9A-Fa-f]{4}"
)
"""What a line without its signs is where it is whole."""
_CODE = re.compile(rb"(?:\d{1,3}-\d{1,3}:)?[0-9A-Z]{1,2}\.\d{1,3}(?:\.\d{1,3})?(?:[*&]\d{1,3})?")
_TOLD = re.compile(rb"[0-9A-Za-z]")
_MOST_SHOWN = 4
"""Digits and letters of a line that may stay though it does not read: no number of a meter is as short."""
_WHOSE = re.compile(rb"(?:\A|[-:])(?:0\.0(?:\.\d+)?|C\.1(?:\.\d+)?|96\.(?:1|13)(?:\.\d+)?|42\.0\.0)(?:\*\d+)?\Z")
"""Codes of serial numbers, device ids and messages to the consumer."""
_OF_HEAT = re.compile(rb"9\.(?:6|2[01])")
"""Codes of numbers of a heat meter; in electricity the values under them have units."""
_LEAST_NAME = 6
"""Characters of a number that is found again, whatever the code."""
_LONG_TEXT = re.compile(rb"(?!\d{12}[WS]?\Z)[0-9A-Za-z]{14,}")
"""A value of no quantity, whatever its code: codes are damaged too."""
_TEXT = re.compile(rb"(?!\d{10}(?:\d\d)?[WS]?\Z)[0-9A-Za-z]{6,}")
"""The same in a message that is known to be damaged."""
_REQUEST = re.compile(rb"/\?([^!\r\n]+)!")
_OPERAND = re.compile(rb"\x01P0\x02\(([^()]*)\)")
_LONG_NUMBER = re.compile(rb"\d{5,}")
_IDENTIFICATION = re.compile(rb"/[A-Z]{2}[A-Za-z][ -~]([ -~]+)\r\n")
_BLANK = bytes.maketrans(
    bytes(range(0x30, 0x3A)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)), b"0" * 10 + b"X" * 26 + b"x" * 26
)


class Anonymous(NamedTuple):
    """A message without what identifies, and how many of its lines were blanked as they do not read."""

    octets: bytes
    blanked: int


def anonymous_text(octets: bytes, names: Pseudonyms, *, is_whole: bool = True) -> Anonymous:
    """Replace what identifies in a message of text; its length, parity, check character and CRC follow.

    A line that does not read keeps its code and its signs. In one that is not *is_whole*, cut or damaged, a code may
    be another's too: values that are no quantity are replaced under all of them.
    """
    plain = seven_bits(octets) if has_parity(octets) else octets
    made = bytearray(plain)
    for start, end, new in (*_sets(plain, names, _LONG_TEXT if is_whole else _TEXT), *_heads(plain, names)):
        made[start:end] = new
    spans = [found.span(1) for found in _OPERAND.finditer(plain)]
    password = password_at(plain) or (0, 0)
    for start, end in (*spans, password, *copied_passwords(plain)):
        made[start:end] = b"*" * (end - start)
    lines = [one for one in _unread(plain) if not password[0] <= one.start() < password[1]]
    for one in lines:
        made[one.start() : one.end()] = _blanked(one[0])
    right = kept_text(plain, bytes(made))
    if plain != octets:
        right = bytes(
            _with_parity(new) ^ _with_parity(old) ^ was for new, old, was in zip(right, plain, octets, strict=True)
        )
    return Anonymous(right, len(lines))


def _sets(plain: bytes, names: Pseudonyms, text: re.Pattern[bytes]) -> Iterator[tuple[int, int, bytes]]:
    told = set()
    for found in _DATA_SET.finditer(plain):
        if _is_whose(found[1], found[2]):
            told.add(found[2])
        elif text.fullmatch(found[2]) is None:
            continue
        yield found.start(2), found.end(2), names.text(found[2])
    for one in told:
        # field: Landis+Gyr ZMD, whose C.90.1 says the number of C.1.0 again
        if len(one) >= _LEAST_NAME and len(set(one)) > 1:
            for again in re.finditer(rb"\((" + re.escape(one) + rb")\)", plain):
                yield again.start(1), again.end(1), names.text(one)


def _is_whose(code: bytes, value: bytes) -> bool:
    return _WHOSE.search(code) is not None or (_OF_HEAT.fullmatch(code) is not None and b"*" not in value)


def _unread(plain: bytes) -> Iterator[re.Match[bytes]]:
    """Find the lines that do not read and have room for a number; bit 7 may be set where parity was not known."""
    for found in _SEGMENT.finditer(seven_bits(plain)):
        line = plain[found.start() : found.end()]
        if (
            _READS.fullmatch(line) is None
            and _CODE.fullmatch(line) is None
            and len(_TOLD.findall(found[0])) > _MOST_SHOWN
        ):
            yield found


def _blanked(line: bytes) -> bytes:
    """Give a line of seven bits with nothing but its code, signs and length."""
    code = next((one for one in _CODE.finditer(line) if line[one.end() : one.end() + 1] == b"("), None)
    made = line.translate(_BLANK)
    return made if code is None else made[: code.start()] + code[0] + made[code.end() :]


def _heads(plain: bytes, names: Pseudonyms) -> Iterator[tuple[int, int, bytes]]:
    for one in _REQUEST.finditer(plain):
        yield one.start(1), one.end(1), names.text(one[1])
    for found in _IDENTIFICATION.finditer(plain):
        for number in _LONG_NUMBER.finditer(found[0]):
            yield found.start() + number.start(), found.start() + number.end(), names.text(number[0])


def _with_parity(octet: int) -> int:
    return octet | (octet.bit_count() & 1) << 7
