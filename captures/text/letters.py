"""Single letters before octets, S and R, T and R or O and I, to the words of a direction that they stand for.

One letter says nothing by itself (S is the server beside C): both letters of a pair have to stand in the text.
"""

import re

_OF_DUMP = rb"(?:\d{4}[-/.]|\d\d?:\d\d:\d\d(?![:0-9A-Fa-f])|[0-9A-Fa-f]{3,8}:?\s{1,4}[0-9A-Fa-f]{2}\s)"
"""Behind these two, as text2pcap takes them, a time or the offset of a row."""
_LETTER = re.compile(
    rb"(?m)^((?:[ \t\d:.,/\[\]()Z+-]|T(?=\d))*+)([STR]|[IO](?![ \t]*" + _OF_DUMP + rb"))(?<![0-9A-Za-z].)"
    rb"(?=(?:[ \t]*[:|>-][ \t]*|[ \t]+)(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,-]|0x|[0-9A-Fa-f]{2}))"
)
"""A letter by itself, behind a time at most, with octets behind it."""
_WORDS = {b"S": b"TX", b"T": b"TX", b"R": b"RX", b"O": b"TX", b"I": b"RX"}
_PAIRS = ({b"S", b"R"}, {b"T", b"R"}, {b"O", b"I"})


def has_letters(text: bytes) -> bool:
    """Tell whether the lines of *text* have the two letters of a pair before their octets, and no third."""
    return {found[2] for found in _LETTER.finditer(text)} in _PAIRS


def spelt_out(line: bytes) -> bytes:
    """Give *line* with a word for its letter."""
    return _LETTER.sub(lambda found: found[1] + _WORDS[found[2]], line, count=1)
