"""One to three octets at the end of a line, too few to be known by themselves, behind words that others have."""

import re
from typing import NamedTuple

from captures.text.octets import hex_octets
from captures.text.words import Words

_FEW = re.compile(
    rb"(?<=[:>=|\"'\]) \t])(?:0[xX])?[0-9A-Fa-f]{2}(?:[ :,.-]?(?:0[xX])?[0-9A-Fa-f]{2}){0,2}(?=[\"')\]>}\\\s]*$)"
)
"""Octets that are too few to be known by themselves; they are behind words that others stood behind."""
_CLOCK = re.compile(rb"\d\d(?:[ ,]\d\d)?[:.-]\d\d(?:[ :,.-]\d\d)?")
"""A time or a date as logs have them there, or a version."""
_QUOTES, _HEX_DIGITS, _LONGEST_FEW = b"\"')]}>\\ \t", frozenset(bytes((one,)) for one in b"0123456789abcdefABCDEF"), 32


_CODES = {b"SOH": 1, b"STX": 2, b"ETX": 3, b"EOT": 4, b"ENQ": 5, b"ACK": 6, b"NAK": 21}
_NAMED = re.compile(rb"(?<![A-Za-z0-9])(SOH|STX|ETX|EOT|ENQ|ACK|NAK)[ :=(\[<]{1,3}(?:0x)?([0-9A-Fa-f]{1,2})[h\])>\s]*$")


class Few(NamedTuple):
    """What was found, and the words before it."""

    octets: bytes
    label: bytes


def few_octets(line: bytes, words: Words, *, is_awaited: bool) -> Few | None:
    """Find one to three octets behind words that say a direction elsewhere; digits alone only where octets lack."""
    if not words.heads or line.rstrip(_QUOTES)[-1:] not in _HEX_DIGITS:
        return None
    found = _FEW.search(line, max(0, len(line) - _LONGEST_FEW))
    if found is None or not words.is_head(line[: found.start()]):
        return None
    octets = hex_octets(found[0])
    if octets is None or _CLOCK.fullmatch(found[0]) or (found[0].isdigit() and not is_awaited):
        return None
    return Few(octets[0], line[: found.start()] + b"\n")


def named_octet(line: bytes) -> Few | None:
    """Find a control character at the end of a line by its name and its number, hex or decimal: ``ACK 06``."""
    found = _NAMED.search(line, max(0, len(line) - _LONGEST_FEW))
    if found is None:
        return None
    name, digits = found.groups()
    code = _CODES[name]
    is_so = int(digits, 16) == code or (digits.isdigit() and int(digits) == code)
    return Few(bytes((code,)), line[: found.start()] + b"\n") if is_so else None
