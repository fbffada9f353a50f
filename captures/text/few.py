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
