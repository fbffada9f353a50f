"""Units of links in a text: how they begin, how long they say that they are, and which were printed twice."""

import re

from captures.text.shape import Shape

_LLC = re.compile(rb"\xE6[\xE6\xE7]\x00")
_BEGINS = re.compile(rb"\x7E[\xA0-\xAF]|\x00\x01\x00|\x68(.)\1\x68", re.DOTALL)
IN_HEX = re.compile(
    rb"(?:0x)?(?:7E\W{0,2}(?:0x)?A|00\W{0,2}(?:0x)?01\W{0,2}(?:0x)?00"
    rb"|68\W{0,2}(?:0x)?([0-9A-F]{2})\W{0,2}(?:0x)?\1\W{0,2}(?:0x)?68)",
    re.IGNORECASE,
)
_TRAFFIC = re.compile(
    rb"""\x7E[\xA0-\xAF]|\x68(.)\1\x68|\xE6[\xE6\xE7]\x00                      # frames of HDLC, M-Bus and LLC
    | [\xC0\xC1\xC3-\xC5\xC7][\x01-\x06].                                    # GET, SET and ACTION
    | \xC2[\x00\x01].|\x0F[\x00\x10-\xF0]...[\x00\x0C]                        # event- and data-notification
    | [\x05\x06][\x01-\x20][\x02\x04]|[\x0C\x0D][\x01-\x20][\x00-\x02]        # read and write by short names
    | [\xD9\xDA]....[\x00\x0C]|\xD8[\x01\x02][\x00-\x06]                      # access, exception-response
    | [\xDB\xDC][\x00\x08]|\xE0.[\x00-\x20].                                  # general ciphering and blocks""",
    re.DOTALL | re.VERBOSE,
)
_SIZED_APDU = re.compile(rb"[\x60-\x63\x21\x28\xC8-\xD7](?:([\x00-\x7F])|\x81(.)|\x82(..))", re.DOTALL)
"""Of an association, and ciphered, with their lengths."""
_WIDE_REST = re.compile(rb"\s{4,}([0-9A-Fa-f]{2}(?:\s{1,12}[0-9A-Fa-f]{2}){0,2})\s*$")
"""A few octets behind a gap as wide as that before a column of characters; more are found by themselves."""
_LEAST_DIGITS = 16
"""Digits of a unit that counts wherever in a line it stands."""
_QUOTED = (b'""', b"''", b"``")
_MOST_KEPT, _NEAR = 8192, 64
_FLAG, _SHORT_FRAME = 0x7E, 5
_HEADER = 8
"""Octets that tell how long any unit is."""
_FLAGS, _WRAPPER_HEADER, _MBUS_FRAME = 2, 8, 6
"""Octets of a unit that its length does not count."""


def begins_unit(octets: bytes) -> bool:
    """Tell whether *octets* begin as a frame of HDLC or M-Bus or a wrapper PDU does: no unit goes on with them."""
    return _BEGINS.match(octets) is not None


def begins_another(octets: bytes, lacks: int, *, is_frame: bool) -> bool:
    """Tell whether *octets* begin a unit, rather than go on with one above that *lacks* some.

    A frame of HDLC (*is_frame*) may hold what begins a unit of another link: many names of objects have 00 01 00.
    """
    return begins_unit(octets) and not (is_frame and lacks >= len(octets) and octets[0] != _FLAG)


def begins_frame(octets: bytes) -> bool:
    """Tell whether *octets* begin as a unit does, or as an LLC frame, which has no length: they are no key."""
    return begins_unit(octets) or _LLC.match(octets) is not None


def is_traffic(octets: bytes) -> bool:
    """Tell whether *octets* begin as a frame of HDLC, LLC or M-Bus or an APDU does, by more than one octet."""
    if _TRAFFIC.match(octets) or is_short_frame(octets):
        return True
    found = _SIZED_APDU.match(octets)
    return found is not None and found.end() + int.from_bytes(b"".join(found.groups(b""))) == len(octets)


def in_order(words: bytes, width: int) -> bytes:
    """Give words of *width* octets as they stood in memory: the low octet first, unless a unit begins the other way."""
    if begins_unit(words) or len(words) % width:
        return words
    turned = bytearray(words)
    for place in range(width):
        turned[place::width] = words[width - 1 - place :: width]
    return bytes(turned)


def size_of(octets: bytes) -> int:
    """Give the octets that the unit that begins *octets* says it has, flags and header included; 0 if none begins."""
    if octets[:1] == b"\x7e":
        return ((octets[1] & 7) << 8 | octets[2]) + _FLAGS if len(octets) > 2 and octets[1] & 0xF0 == 0xA0 else 0
    if not begins_unit(octets):
        return 0
    if octets[0] == 0x68:
        return octets[1] + _MBUS_FRAME
    return (octets[6] << 8 | octets[7]) + _WRAPPER_HEADER if len(octets) >= _WRAPPER_HEADER else 0


def end_of_units(octets: bytes, at: int = 0) -> int:
    """Tell where the last of the units ends that follow each other from *at* on, by what they say."""
    while size := size_of(octets[at : at + _HEADER]):
        at += size
    return at


def is_short_frame(octets: bytes) -> bool:
    """Tell whether *octets* are a short frame of M-Bus."""
    return (
        len(octets) == _SHORT_FRAME and octets[0] == 0x10 and octets[4] == 0x16 and octets[3] == sum(octets[1:3]) & 0xFF
    )


def is_whole_unit(octets: bytes) -> bool:
    """Tell whether *octets* are a frame of HDLC or M-Bus or a wrapper PDU, and nothing else."""
    return size_of(octets) == len(octets) > 0 and (octets[0] != _FLAG or octets[-1] == _FLAG)


def without_explanation(octets: bytes) -> bytes:
    """Give the unit that begins *octets* alone if only pieces of it stand behind it, in their order."""
    unit = octets[: size_of(octets)]
    if not is_whole_unit(unit):
        return octets
    at = 0
    for octet in octets[len(unit) :]:
        at = unit.find(octet, at) + 1
        if not at:
            return octets
    return unit


def rest_of_unit(octets: bytes, line: bytes, at: int) -> bytes:
    """Give the octets behind a wide gap at *at* of *line*, if they are just what the unit in *octets* lacks."""
    lacks = size_of(octets) - len(octets)
    found = _WIDE_REST.match(line, at) if lacks > 0 else None
    rest = bytes.fromhex(found[1].decode()) if found else b""
    return rest if len(rest) == lacks else b""


def _stands_alone(line: bytes, start: int, end: int) -> bool:
    """Tell whether the digits from *start* to *end* count among the words of *line*: quoted, or as a unit begins."""
    if end - start < _LEAST_DIGITS:
        return False
    if IN_HEX.match(line, start) is not None:
        return True
    return line[start - 1 : start] + line[end : end + 1] in _QUOTED and not line[start:end].isdigit()


def octets_among_words(shape: Shape, line: bytes) -> list["re.Match[bytes]"]:
    """Find the octets in *line* that may be meant; in one pass, however long the line is.

    They are the last, if the shape's tail stands behind them; those that are a string of a program; those that begin as
    a unit does; all of them where characters stand for themselves.
    """
    found = list(shape.data.finditer(line))
    if "literal" in shape.data.groupindex:
        found = [match for match in found if match["literal"][2:-1].strip(b"\\'\"")]
    if not found or "string" in shape.data.groupindex:
        return found
    last = found.pop()
    kept = []
    if "octets" in shape.data.groupindex:
        kept = [match for match in found if _stands_alone(line, *match.span())]
    if shape.tail is None or shape.tail.fullmatch(line, last.end()) or _stands_alone(line, *last.span()):
        kept.append(last)
    return kept


class Printed:
    """What was given with a direction, so that what a log prints once more without one is known."""

    def __init__(self) -> None:
        self._tail = bytearray()

    def take(self, octets: bytes) -> None:
        """Keep what was given."""
        self._tail += octets
        if len(self._tail) > 2 * _MOST_KEPT:
            del self._tail[:-_MOST_KEPT]

    def has(self, octets: bytes) -> bool:
        """Tell whether *octets* were given just before."""
        return octets in self._tail[-2 * len(octets) - _NEAR :]

    def end(self) -> None:
        """Something else was given: what comes behind it is not printed once more."""
        self._tail = bytearray()
