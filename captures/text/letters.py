"""Single letters before octets, S and R, T and R or O and I, to the words of a direction that they stand for.

One letter says nothing by itself (S is the server beside C): both letters of a pair have to stand in the text. So do
both kinds of brackets around octets, as libmodbus prints what it sends and what it hears, arrows alone on their lines,
and what programs of Node write beside their event of data.
"""

import re

from captures.chunk import RECEIVED, SENT
from captures.text.labels import direction_of

_OF_DUMP = rb"(?:\d{4}[-/.]|\d\d?:\d\d:\d\d(?![:0-9A-Fa-f])|[0-9A-Fa-f]{3,8}:?\s{1,4}[0-9A-Fa-f]{2}\s)"
"""Behind these two, as text2pcap takes them, a time or the offset of a row."""
_LETTER = re.compile(
    rb"(?m)^((?:[ \t\d:.,/\[\]()Z+-]|T(?=\d))*+)([STR]|[IO](?![ \t]*" + _OF_DUMP + rb"))(?<![0-9A-Za-z].)"
    rb"(?=(?:[ \t]*[:|>-][ \t]*|[ \t]+)(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,-]|0x|[0-9A-Fa-f]{2}))"
)
"""A letter by itself, behind a time at most, with octets behind it."""
_WORDS = {b"S": b"TX", b"T": b"TX", b"R": b"RX", b"O": b"TX", b"I": b"RX"}
_SIGNS = (
    re.compile(
        rb"(?m)^(?P<before>[ \t\d:.,/-]*+)"
        rb"(?:(?P<sent>(?=\[(?:[0-9A-Fa-f]{2}\][ ]?\[?){5}))|(?=<(?:[0-9A-Fa-f]{2}>[ ]?<?){5}))"
    ),
    re.compile(
        rb"(?m)^(?P<before>[ \t]*+)(?:(?P<sent>>>>?|-{1,3}>|={1,2}>|\xe2\x86\x92)|<<<?|<-{1,3}|<={1,2}|\xe2\x86\x90)"
        rb"(?=[ \t]*$)"
    ),
)
"""Octets each in brackets, behind a time at most; arrows that stand alone on lines."""
_EVENT = re.compile(
    rb"(?<![\w.-])([a-z]{2,12})(?=(?: ?[:=])? {1,2}(?:<buffer )?"
    rb"((?:7e ?a|00 ?01 ?00|68 ?([0-9a-f]{2}) ?\3 ?68)[0-9a-f ]{6,64}+))",
    re.IGNORECASE,
)
"""A word right before a unit of a link."""
_HEARD = b"data"
"""The event of octets that came."""
_PAIRS = ({b"S", b"R"}, {b"T", b"R"}, {b"O", b"I"})


def has_letters(text: bytes) -> bool:
    """Tell whether the lines of *text* have the two letters of a pair before their octets, and no third."""
    return {found[2] for found in _LETTER.finditer(text)} in _PAIRS


def spelt_out(line: bytes) -> bytes:
    """Give *line* with a word for its letter."""
    return _LETTER.sub(lambda found: found[1] + _WORDS[found[2]], line, count=1)


def signs_in(text: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Give the patterns of signs of which *text* has those of both directions on its lines."""
    return tuple(sign for sign in _SIGNS if len({found["sent"] is None for found in sign.finditer(text)}) > 1)


def with_words(line: bytes, sign: re.Pattern[bytes]) -> bytes:
    """Give *line* with a word of the direction that *sign* says on it."""
    return sign.sub(lambda found: found["before"] + (b"RX " if found["sent"] is None else b"TX "), line, count=1)


def has_events(text: bytes) -> bool:
    """Tell whether *text* has the event of data before some units, and a word for sent, but none for received, before
    others.
    """
    units: dict[bytes, set[bytes]] = {}
    for word, unit, _ in _EVENT.findall(text):
        units.setdefault(word.lower(), set()).add(unit)
    heard = units.pop(_HEARD, set())
    sent = {unit for word, found in units.items() if direction_of(word) == SENT for unit in found}
    return bool(heard and sent) and heard.isdisjoint(sent) and RECEIVED not in map(direction_of, units)


def with_received(line: bytes) -> bytes:
    """Give *line* with a word of a direction for the event of data."""
    return _EVENT.sub(lambda found: b"RX" if found[1].lower() == _HEARD else found[1], line)
