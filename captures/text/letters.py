"""Single letters before octets, S and R or T and R, to the words of a direction that they stand for.

One letter says nothing by itself (S is the server beside C): both letters of a pair have to stand in the text.
"""

import re

_LETTER = re.compile(
    rb"(?m)^((?:[ \t\d:.,/\[\]()Z+-]|T(?=\d))*+)([STR])(?<![0-9A-Za-z].)"
    rb"(?=(?:[ \t]*[:|>-][ \t]*|[ \t]+)(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,-]|0x|[0-9A-Fa-f]{2}))"
)
"""A letter by itself, behind a time at most, with octets behind it."""
_WORDS = {b"S": b"TX", b"T": b"TX", b"R": b"RX"}
_PAIRS = ({b"S", b"R"}, {b"T", b"R"})


def has_letters(text: bytes) -> bool:
    """Tell whether the lines of *text* have the two letters of a pair before their octets, and no third."""
    return {found[2] for found in _LETTER.finditer(text)} in _PAIRS


def spelt_out(line: bytes) -> bytes:
    """Give *line* with a word for its letter."""
    return _LETTER.sub(lambda found: found[1] + _WORDS[found[2]], line, count=1)
