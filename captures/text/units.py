"""Units of links in a text: how they begin, how long they say that they are, and which were printed twice."""

import re

_BEGINS = re.compile(rb"\x7E[\xA0-\xAF]|\x00\x01\x00|\x68(.)\1\x68", re.DOTALL)
_IN_HEX = re.compile(
    rb"(?:0x)?(?:7E\W{0,2}(?:0x)?A|00\W{0,2}(?:0x)?01\W{0,2}(?:0x)?00"
    rb"|68\W{0,2}(?:0x)?([0-9A-F]{2})\W{0,2}(?:0x)?\1\W{0,2}(?:0x)?68)",
    re.IGNORECASE,
)
_LEAST_DIGITS = 16
"""Digits of a unit that counts wherever in a line it stands."""
_QUOTED = (b'""', b"''", b"``")
_MOST_KEPT, _NEAR = 8192, 64
_FLAGS, _WRAPPER_HEADER, _MBUS_FRAME = 2, 8, 6
"""Octets of a unit that its length does not count."""


def begins_unit(octets: bytes) -> bool:
    """Tell whether *octets* begin as a frame of HDLC or M-Bus or a wrapper PDU does: no unit goes on with them."""
    return _BEGINS.match(octets) is not None


def size_of(octets: bytes) -> int:
    """Give the octets that the unit that begins *octets* says it has, flags and header included; 0 if none begins."""
    if not begins_unit(octets):
        return 0
    if octets[0] == 0x7E:
        return ((octets[1] & 7) << 8 | octets[2]) + _FLAGS if len(octets) > 2 else 0
    if octets[0] == 0x68:
        return octets[1] + _MBUS_FRAME
    return (octets[6] << 8 | octets[7]) + _WRAPPER_HEADER if len(octets) >= _WRAPPER_HEADER else 0


def stands_alone(line: bytes, start: int, end: int) -> bool:
    """Tell whether the digits from *start* to *end* count among the words of *line*: quoted, or as a unit begins."""
    if end - start < _LEAST_DIGITS:
        return False
    return line[start - 1 : start] + line[end : end + 1] in _QUOTED or _IN_HEX.match(line, start) is not None


class Printed:
    """What was given with a direction, so that what a log prints once more without one is known."""

    def __init__(self) -> None:
        self._tail = b""

    def take(self, octets: bytes) -> None:
        """Keep what was given."""
        self._tail = (self._tail + octets)[-_MOST_KEPT:]

    def has(self, octets: bytes) -> bool:
        """Tell whether *octets* were given just before."""
        return octets in self._tail[-2 * len(octets) - _NEAR :]

    def end(self) -> None:
        """Something else was given: what comes behind it is not printed once more."""
        self._tail = b""
