"""The octets of M-Bus frames to their extent and the names of C, A and CI: what framer, layers and index pass share.

Source: EN 13757-2 (link layer, out of IEC 60870-5-1 FT1.2), EN 13757-3 (CI field), EN 13757-1 (DLMS transport layer).
"""

from __future__ import annotations

SINGLE, SHORT, LONG, STOP = 0xE5, 0x10, 0x68, 0x16
"""The single character; the start octets of short and of long frames; the stop octet."""
SHORT_SIZE = 5
HEADER_SIZE = 4
"""Octets of a long frame before those that its length counts."""
AROUND = HEADER_SIZE + 2
"""Octets of a long frame that its length does not count: header, checksum, stop octet."""
SMALLEST = 3
"""C, A and CI: no length is smaller."""
_WRAPPED = 6
# field: Sagemcom T210-D counts modulo 256: L 01 stands for 257
"""Lengths below this may stand for 256 more: no segment of an APDU is so short."""
LARGEST = 255 + _WRAPPED
"""The greatest length that two length octets can tell."""

PRIMARY = 0x40
"""The bit of the C field that the primary (calling) station sets."""
_CALLING: dict[int, str] = {0: "SND_NKE", 3: "SND_UD", 9: "REQ_SKE", 10: "REQ_UD1", 11: "REQ_UD2"}
_ANSWERING: dict[int, str] = {0: "ACK", 1: "NACK", 8: "RSP_UD", 11: "RSP_SKE"}

ADDRESSES: dict[int, str] = {
    0x00: "not configured", 0xFB: "reserved", 0xFC: "reserved", 0xFD: "by secondary address",
    0xFE: "broadcast, all reply", 0xFF: "broadcast, none replies",
}  # fmt: skip
"""What an A field means that is no primary address (1 to 250)."""
BROADCAST = 0xFF

FINAL = 0x10
"""The bit of the CI field of the DLMS transport layer that marks the last segment."""
_BAUD_RATES = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400)
CONTROL_INFORMATION: dict[int, str] = {
    0x50: "application reset or select", 0x51: "data to the meter", 0x52: "selection by secondary address",
    0x5A: "data to the meter, short header", 0x5B: "data to the meter, long header",
    0x60: "COSEM data to the meter, long header", 0x61: "COSEM data to the meter, short header",
    0x64: "OBIS coded data to the meter, long header", 0x65: "OBIS coded data to the meter, short header",
    0x6E: "application error, short header", 0x6F: "application error, long header", 0x70: "application error",
    0x71: "alarm", 0x72: "data from the meter, long header", 0x74: "alarm, short header", 0x75: "alarm, long header",
    0x78: "data from the meter", 0x7A: "data from the meter, short header",
    0x7C: "COSEM data from the meter, long header", 0x7D: "COSEM data from the meter, short header",
    0x7E: "OBIS coded data from the meter, long header", 0x7F: "OBIS coded data from the meter, short header",
    **{0xB8 + place: f"switch to {baud} Bd" for place, baud in enumerate(_BAUD_RATES)},
}  # fmt: skip
"""What a CI field announces, those of the DLMS transport layer (00 to 1F) aside."""


def is_transport(control_information: int) -> bool:
    """Tell whether a CI field is one of the DLMS transport layer: two SAPs and a segment of an APDU follow."""
    return control_information < 0x20


def function_name(control: int) -> str:
    """Name the function of a C field: ``SND_UD``; one that is not assigned by its number: ``C 5F``."""
    names = _CALLING if control & PRIMARY else _ANSWERING
    name = names.get(control & 0xF) if control < 0x80 else None
    return name or f"C {control:02X}"


def is_function(control: int) -> bool:
    """Tell whether a C field has a function that is assigned."""
    return control < 0x80 and control & 0xF in (_CALLING if control & PRIMARY else _ANSWERING)


def information_name(control_information: int) -> str:
    """Say what a CI field announces."""
    if is_transport(control_information):
        last = ", the last" if control_information & FINAL else ""
        return f"DLMS transport, segment {control_information & 0xF}{last}"
    return CONTROL_INFORMATION.get(control_information, "not assigned here")


def checksum(octets: bytes | bytearray, at: int, end: int) -> int:
    """Compute the checksum of the octets from C to the last of data: their sum modulo 256."""
    return sum(octets[at:end]) & 0xFF


def lengths(one: int, other: int) -> tuple[int, ...]:
    """Give the lengths that two length octets may mean, the likeliest first."""
    found: list[int] = []
    for octet in dict.fromkeys((one, other)):
        if octet >= SMALLEST:
            found.append(octet)
        if octet < _WRAPPED:
            found.append(octet + 256)
    return tuple(found)


def is_whole(octets: bytes | bytearray, at: int, length: int) -> bool:
    """Tell whether the long frame at *at* with *length* ends in the right checksum and the stop octet."""
    begin = at + HEADER_SIZE
    end = begin + length
    return end + 1 < len(octets) and octets[end + 1] == STOP and checksum(octets, begin, end) == octets[end]


def length_of(octets: bytes, at: int, end: int) -> int:
    """Find the length of the long frame that begins at *at* and has octets up to *end* at most.

    Of the lengths that its two length octets may mean that under which it is whole, else that which takes all octets,
    else that behind which a stop octet stands, else the first.
    """
    found = lengths(octets[at + 1], octets[at + 2])
    whole = octets[:end] if end < len(octets) else octets
    for length in found:
        if is_whole(whole, at, length):
            return length
    for length in found:
        if at + AROUND + length == end:
            return length
    for length in found:
        if whole[at + AROUND + length - 1 : at + AROUND + length] == b"\x16":
            return length
    return found[0]


def is_short_frame(octets: bytes | bytearray, at: int) -> bool:
    """Tell whether a whole short frame stands at *at*: a function that is assigned, checksum, stop octet."""
    if len(octets) < at + SHORT_SIZE or octets[at] != SHORT or octets[at + 4] != STOP:
        return False
    return is_function(octets[at + 1]) and checksum(octets, at + 1, at + 3) == octets[at + 3]
