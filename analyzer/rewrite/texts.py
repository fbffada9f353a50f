"""Messages of IEC 62056-21 and P1 telegrams without the numbers that tell whose they are, and without passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.rewrite.frames import kept_text
from analyzer.rewrite.pseudonyms import Pseudonyms
from dissectors.checks import has_parity, seven_bits
from dissectors.iec62056_21 import password_at

_DATA_SET = re.compile(rb"([0-9A-Za-z:.*&-]{0,24})\(([^()]*)\)")
_WHOSE = re.compile(rb"(?:\A|[-:])(?:0\.0(?:\.\d+)?|C\.1(?:\.\d+)?|96\.(?:1|13)(?:\.\d+)?|42\.0\.0)(?:\*\d+)?\Z")
"""Codes of serial numbers, device ids and messages to the consumer."""
_LONG_TEXT = re.compile(rb"(?!\d{12}[WS]?\Z)[0-9A-Za-z]{14,}")
"""A value of no quantity, whatever its code: codes are damaged too."""
_REQUEST = re.compile(rb"/\?([^!\r\n]+)!")
_OPERAND = re.compile(rb"\x01P0\x02\(([^()]*)\)")
_LONG_NUMBER = re.compile(rb"\d{5,}")
_IDENTIFICATION = re.compile(rb"/[A-Z]{2}[A-Za-z][ -~]([ -~]+)\r\n")


def anonymous_text(octets: bytes, names: Pseudonyms) -> bytes:
    """Replace what identifies in a message of text; its length, parity, check character and CRC follow."""
    plain = seven_bits(octets) if has_parity(octets) else octets
    made = bytearray(plain)
    for start, end, new in (*_sets(plain, names), *_heads(plain, names)):
        made[start:end] = new
    spans = [found.span(1) for found in _OPERAND.finditer(plain)]
    for start, end in (*spans, password_at(plain) or (0, 0)):
        made[start:end] = b"*" * (end - start)
    right = kept_text(plain, bytes(made))
    if plain == octets:
        return right
    return bytes(
        _with_parity(new) ^ _with_parity(old) ^ was for new, old, was in zip(right, plain, octets, strict=True)
    )


def _sets(plain: bytes, names: Pseudonyms) -> Iterator[tuple[int, int, bytes]]:
    for found in _DATA_SET.finditer(plain):
        if _WHOSE.search(found[1]) or _LONG_TEXT.fullmatch(found[2]):
            yield found.start(2), found.end(2), names.text(found[2])


def _heads(plain: bytes, names: Pseudonyms) -> Iterator[tuple[int, int, bytes]]:
    for one in _REQUEST.finditer(plain):
        yield one.start(1), one.end(1), names.text(one[1])
    for found in _IDENTIFICATION.finditer(plain):
        for number in _LONG_NUMBER.finditer(found[0]):
            yield found.start() + number.start(), found.start() + number.end(), names.text(number[0])


def _with_parity(octet: int) -> int:
    return octet | (octet.bit_count() & 1) << 7
