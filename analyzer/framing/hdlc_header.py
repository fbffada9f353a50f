"""How far the opening octets of an HDLC frame (ISO/IEC 13239 format type 3) can be believed."""

import re
from binascii import crc_hqx
from collections.abc import Iterable
from enum import IntEnum
from functools import cache

from dissectors.checks import GOOD_RESIDUE, fcs_is_good

MINIMUM_LENGTH = 7
"""Frame format, two addresses of one octet, control and FCS."""

_UNNUMBERED = frozenset(control | final for control in (0x03, 0x0F, 0x43, 0x63, 0x83, 0x87) for final in (0x00, 0x10))


class Trust(IntEnum):
    """What the opening octets say for themselves; only `GOOD` and `UNUSED` make the length worth waiting for."""

    UNREADABLE = 0  # the addresses have no legal length, or the control field is none of this profile
    PLAUSIBLE = 1  # readable, but the HCS is wrong
    UNUSED = 2  # readable, and the HCS is 00 00: the meter does not use it
    GOOD = 3  # the HCS holds (or the FCS, where it stands in the same place)


def announced_length(octets: bytes | bytearray, at: int) -> int:
    """Return the frame length that the frame format at *at* announces, 0 if it is not of type 3."""
    if octets[at] & 0xF0 != 0xA0:
        return 0
    return (octets[at] & 0x07) << 8 | octets[at + 1]


def address_end(octets: bytes | bytearray, at: int) -> int | None:
    """Return where the address at *at* ends, 0 if it has not 1, 2 or 4 octets, None if more octets are needed."""
    for length in (1, 2, 3, 4):
        if at + length > len(octets):
            return None
        if octets[at + length - 1] & 1:
            return 0 if length == 3 else at + length
    return 0


def is_control(octet: int) -> bool:
    """Tell whether *octet* is a control field of this profile."""
    return not octet & 1 or octet & 0x0F in (0x01, 0x05) or octet in _UNNUMBERED


def trust_of(octets: bytes | bytearray, at: int) -> Trust | None:
    """Judge the header at *at* by its addresses, control field and HCS; None if more octets are needed.

    Total: never raises on octets. Source: IEC 62056-46, frame format and HCS.
    """
    if at + 2 > len(octets):
        return None
    length = announced_length(octets, at)
    if length < MINIMUM_LENGTH:
        return Trust.UNREADABLE
    middle = address_end(octets, at + 2)
    if not middle:
        return None if middle is None else Trust.UNREADABLE
    source_end = address_end(octets, middle)
    if source_end is None:
        return None
    end = source_end + 3 if source_end else middle + 3
    if end > at + length:
        return Trust.UNREADABLE
    if end > len(octets):
        return None
    if source_end and fcs_is_good(bytes(octets[at:end])):
        return Trust.GOOD
    # field: epri-hdlc-aare-llc-e6 has no source address
    if fcs_is_good(bytes(octets[at : middle + 3])):
        return Trust.GOOD
    if not source_end or not is_control(octets[source_end]):
        return Trust.UNREADABLE
    return Trust.UNUSED if octets[end - 2 : end] == b"\0\0" else Trust.PLAUSIBLE


def _one_of(octets: Iterable[int]) -> bytes:
    return b"[%b]" % b"".join(b"\\x%02x" % octet for octet in octets)


@cache
def _header() -> re.Pattern[bytes]:
    """Make the pattern of a header as it can be; the group ends where the HCS begins.

    One of its addresses, the client's, has one octet.
    """
    even, odd = _one_of(range(0, 256, 2)), _one_of(range(1, 256, 2))
    long_address = b"(?:%b%b|%b{3}%b)" % (even, odd, even, odd)
    return re.compile(
        b"[\xa0-\xaf](?=(.(?:%b(?:%b|%b)|%b%b)%b)..)"
        % (odd, odd, long_address, long_address, odd, _one_of(filter(is_control, range(256)))),
        re.DOTALL,
    )


REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in the other order, for `crc_hqx`."""


def has_good_header(octets: bytes) -> bool:
    """Tell whether a header with a good HCS stands anywhere in *octets*; far cheaper than to frame them."""
    reversed_octets = octets.translate(REVERSED)
    for found in _header().finditer(octets):
        if crc_hqx(reversed_octets[found.start() : found.end(1) + 2], 0xFFFF) == GOOD_RESIDUE:
            return True
    return False
