"""The octets of an HDLC header to addresses and frame types: what every engine and the index pass read alike.

Source: ISO/IEC 13239 (frame format type 3), IEC 62056-46.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from dissectors.checks import fcs_is_good
from dissectors.tree import Problem, Truncated

FLAG = 0x7E
MAXIMUM_LENGTH = 2047
"""Octets between the flags that the length field can tell."""
MINIMUM_LENGTH = 7
"""Octets between the flags of the shortest frame: format, two addresses of one octet, control, FCS."""
UNNUMBERED: dict[int, str] = {
    0x83: "SNRM", 0x43: "DISC", 0x63: "UA", 0x0F: "DM", 0x87: "FRMR", 0x03: "UI", 0x6F: "SABM", 0xAF: "XID",
}  # fmt: skip
"""Unnumbered frames by control octet without its poll/final bit."""
SUPERVISORY: dict[int, str] = {0x1: "RR", 0x5: "RNR", 0x9: "REJ", 0xD: "SREJ"}


class Address(NamedTuple):
    """An HDLC address: *upper* (logical device, or the client SAP), *lower* (physical device), octets on the line."""

    upper: int
    lower: int | None
    size: int

    def __str__(self) -> str:
        return str(self.upper) if self.lower is None else f"{self.upper}.{self.lower}"


def control_type(control: int) -> str:
    """Name the frame type of a control octet: ``I``, ``RR``, ``SNRM``, …; unassigned ones by their number."""
    if not control & 1:
        return "I"
    if control & 3 == 1:
        return SUPERVISORY.get(control & 0xF, f"S-{control & 0xEF:02X}")
    return UNNUMBERED.get(control & 0xEF, f"U-{control & 0xEF:02X}")


def scan_address(octets: bytes, at: int, end: int) -> tuple[Address, int]:
    """Read an address at *at*: its last octet has bit 0 set; 1, 2 and 4 octets are legal, 3 are read as they are."""
    stop = at
    while True:
        if stop >= end:
            raise Truncated(at, stop - at + 1, end - at)
        if octets[stop] & 1:
            break
        stop += 1
        if stop - at == 4:
            raise Problem(at, "no address ends within four octets")
    stop += 1
    return _address(octets[at:stop]), stop


def scan_addresses(octets: bytes, at: int, end: int) -> tuple[int, int]:
    """Find the octets that destination and source take together from *at*, and where the control octet stands.

    Returns the size of the destination, and the octet after the source.
    """
    stop = at
    while not octets[stop] & 1:
        stop += 1
    size = stop + 1 - at
    stop += 1
    while not octets[stop] & 1:
        stop += 1
    if size > 4 or stop + 1 - at - size > 4 or stop >= end:
        raise Problem(at, "no address ends within four octets")
    return size, stop + 1


def lone_address_end(octets: bytes, start: int) -> int:
    """Find where the only address of a header ends that begins at *start*; 0 where it has two, or none is proved.

    The HCS proves it: it is right behind one address and a control octet, and not behind two.
    """
    begin = start + 2
    end = next((at + 1 for at in range(begin, min(begin + 4, len(octets))) if octets[at] & 1), 0)
    if not end or end + 3 > len(octets) or not fcs_is_good(octets[start : end + 3]):
        return 0
    try:
        _, control_at = scan_addresses(octets, begin, len(octets))
    except (Problem, IndexError):
        return end
    return 0 if fcs_is_good(octets[start : control_at + 3]) else end


def control_place(octets: bytes, start: int, end: int) -> int:
    """Find the control octet of a frame whose header begins at *start*: behind two addresses, or behind a proved one.

    Raises: Problem, IndexError.
    """
    return lone_address_end(octets[:end], start) or scan_addresses(octets, start + 2, end)[1]


@lru_cache(maxsize=4096)
def _address(octets: bytes) -> Address:
    """Split an address of 1 to 4 octets into its parts."""
    size = len(octets)
    if size == 1:
        return Address(octets[0] >> 1, None, 1)
    if size == 2:
        return Address(octets[0] >> 1, octets[1] >> 1, 2)
    lower = octets[2] >> 1
    if size == 4:
        lower = lower << 7 | octets[3] >> 1
    return Address((octets[0] >> 1) << 7 | octets[1] >> 1, lower, size)
