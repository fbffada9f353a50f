"""Whether octets of no known stack are HDLC that was read with other line settings, as serial servers pass it on.

Nothing is turned back here: what is found speaks HDLC, so that its octets become records.
"""

from __future__ import annotations

from analyzer.framing.hdlc_header import MINIMUM_LENGTH, announced_length
from dissectors.checks import REVERSED, fcs_is_good, seven_bits

_FLAG = b"\x7e"
_BEGINS = (_FLAG, b"\xfe", b"\x81")
"""A flag as it is, with odd parity in bit 7, and inverted; its bits reversed it is the same."""
_SEVEN_BIT_LLC = (b"\x66\x66\x00", b"\x66\x67\x00")
_SEVEN_BIT_FORMATS = bytes(range(0x20, 0x30))
_TURNS = (bytes(one ^ 0xFF for one in range(256)), REVERSED)
_MOST_FLAGS = 8
"""So many flags are looked at: a sound frame stands near the beginning."""


def is_misread_hdlc(octets: bytes) -> bool:
    """Tell whether *octets* begin with a flag and hold frames once parity, polarity or the order of bits is undone."""
    if octets[:1] not in _BEGINS:
        return False
    plain = seven_bits(octets)
    if _begins_frame(plain) and any(one in plain for one in _SEVEN_BIT_LLC):
        return octets.isascii() or len({octet.bit_count() & 1 for octet in set(octets)}) == 1
    return any(_holds_frame(octets.translate(turn)) for turn in _TURNS)


def _begins_frame(plain: bytes) -> bool:
    """Tell whether octets without bit 7 begin as a frame does, up to its closing flag: format 2x for Ax, and length."""
    end = plain.find(_FLAG, 1)
    return end > 2 and plain[1] in _SEVEN_BIT_FORMATS and (end - 1) & 0x7F == plain[2]


def _holds_frame(octets: bytes) -> bool:
    """Tell whether a frame with a right length and FCS stands behind one of the first flags."""
    last = len(octets) - 2  # behind a flag stand two octets of frame format
    at = octets.find(_FLAG, 0, last)
    for _ in range(_MOST_FLAGS):
        if at < 0:
            return False
        length = announced_length(octets, at + 1)
        frame = octets[at + 1 : at + 1 + length]
        if MINIMUM_LENGTH <= length == len(frame) and fcs_is_good(frame):
            return True
        at = octets.find(_FLAG, at + 1, last)
    return False
