"""Packets to the blocks of a pcapng file, one bytes object a block; little endian, times in nanoseconds.

Source: IETF draft-ietf-opsawg-pcapng (section header, interface description, enhanced packet, interface statistics).
"""

from collections.abc import Mapping
from struct import Struct

from captures.chunk import UNKNOWN

NANOSECONDS = b"\x09"
"""The value of if_tsresol: units of 10^-9 s."""
_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_LAST_TIME = 0xFFFF_FFFF_FFFF_FFFF
_ORDER_MAGIC, _LENGTH_UNKNOWN = 0x1A2B3C4D, -1
_COMMENT, _APPLICATION = 1, 4
_NAME, _DESCRIPTION, _RESOLUTION = 2, 3, 9
_FLAGS = 2
_RECEIVED_COUNT, _DROPPED_COUNT = 4, 5
_head = Struct("<II").pack
_tail = Struct("<I").pack
_option_head = Struct("<HH").pack
_section = Struct("<IHHq").pack
_interface = Struct("<HHI").pack
_packet = Struct("<IIIIIII").pack
_statistics = Struct("<III").pack
_flags = Struct("<I").pack
_count = Struct("<Q").pack


def section(*, application: str, comment: str = "") -> bytes:
    """Build the block that opens a section: who wrote it, and what is said of it."""
    said = _options({_COMMENT: _text(comment), _APPLICATION: _text(application)})
    return _block(_SECTION, _section(_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN) + said)


def interface(link_type: int, name: str = "", description: str = "", *, snap_length: int = 0) -> bytes:
    """Build the block that describes an interface; *snap_length* in octets, 0 for none."""
    said = {_NAME: _text(name), _DESCRIPTION: _text(description), _RESOLUTION: NANOSECONDS}
    return _block(_INTERFACE, _interface(link_type, 0, snap_length) + _options(said))


def packet(
    time_ns: int, octets: bytes, *, interface: int = 0, original_length: int = -1, direction: int = UNKNOWN,
    comment: str = "",
) -> bytes:  # fmt: skip
    """Build the block of a packet of *interface*, which had *original_length* octets on the line (-1: all are here).

    A time before 1970 or after 2554, which the format does not hold, becomes the nearest that it does.
    """
    if not 0 <= time_ns <= _LAST_TIME:
        time_ns = 0 if time_ns < 0 else _LAST_TIME
    size = len(octets)
    padding = -size & 3
    options = b""
    if direction != UNKNOWN or comment:
        options = _options({_COMMENT: _text(comment), _FLAGS: _flags(direction) if direction != UNKNOWN else b""})
    length = 32 + size + padding + len(options)
    head = _packet(
        _PACKET, length, interface, time_ns >> 32, time_ns & 0xFFFF_FFFF, size,
        size if original_length < 0 else original_length,
    )  # fmt: skip
    return b"".join((head, octets, bytes(padding), options, _tail(length)))


def statistics(time_ns: int, *, received: int, dropped: int, interface: int = 0, comment: str = "") -> bytes:
    """Build the block that counts the packets an interface received, and those that were lost before they came here."""
    counts = _options({_COMMENT: _text(comment), _RECEIVED_COUNT: _count(received), _DROPPED_COUNT: _count(dropped)})
    return _block(_STATISTICS, _statistics(interface, time_ns >> 32, time_ns & 0xFFFF_FFFF) + counts)


def _text(text: str) -> bytes:
    """Write UTF-8, and what is no character, as a file name may bring, by its number."""
    return text.encode("utf-8", "backslashreplace")


def _options(values: Mapping[int, bytes]) -> bytes:
    """Build the options that have a value, and their end."""
    found = [_option_head(code, len(value)) + value + bytes(-len(value) & 3) for code, value in values.items() if value]
    return b"".join(found) + bytes(4) if found else b""


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return _head(kind, length) + body + _tail(length)
