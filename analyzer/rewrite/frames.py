"""A frame that was edited to one whose length and sums are right again, layer by layer.

Source: ISO/IEC 13239 and IEC 62056-46 (HDLC), IEC 62056-47 (wrapper), EN 13757-2 (M-Bus), IEC 62056-21, DSMR P1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dissectors.checks import bcc, crc16_arc, fcs, sum_bcc
from dissectors.hdlc_octets import FLAG, MAXIMUM_LENGTH, control_place
from dissectors.tree import Problem

_FORMAT_SIZE, _SUM_SIZE = 2, 2
_LENGTH_MASK = 0x07FF
_WRAPPER_SIZE = 8
_MOST_WRAPPED = 0xFFFF
_MBUS_START, _MBUS_STOP, _MBUS_AROUND, _MBUS_MOST = 0x68, 0x16, 6, 255
_ETX = 0x03
_TELEGRAM_END = re.compile(rb"!([0-9A-F]{4})(?=\r\n)")


class FrameError(Exception):
    """Octets that cannot be made a frame; the text is one line that says why."""


class HdlcParts(NamedTuple):
    """Where the parts of a frame stand: the header up to the control octet, and what is between HCS and FCS."""

    begin: int
    header_end: int
    end: int
    """Of the content: before the closing flag."""

    @property
    def has_information(self) -> bool:
        """Whether more than a check sequence stands behind the header."""
        return self.end - self.header_end > _SUM_SIZE

    @property
    def information(self) -> tuple[int, int]:
        """Begin and end of the information field."""
        return self.header_end + _SUM_SIZE, self.end - _SUM_SIZE


def hdlc_parts(octets: bytes, header_end: int = 0) -> HdlcParts:
    """Find the parts of an HDLC frame, with or without its flags. Raises: FrameError.

    *header_end* is where its control octet ends, if that is known from before its HCS was wrong.
    """
    begin = int(octets[:1] == bytes((FLAG,)))
    end = len(octets) - (octets[-1:] == bytes((FLAG,)) and len(octets) > 1)
    if header_end:
        return HdlcParts(begin, header_end, end)
    try:
        control = control_place(octets[:end], begin, end)
    except (Problem, IndexError):
        control = end
    if control >= end:
        raise FrameError("HDLC: no two addresses and a control octet stand behind the frame format")
    return HdlcParts(begin, control + 1, end)


def hdlc(octets: bytes, header_end: int = 0) -> bytes:
    """Give an HDLC frame its length, HCS and FCS; check sequences have to stand there, of whatever value."""
    parts = hdlc_parts(octets, header_end)
    header, information = octets[parts.begin : parts.header_end], b""
    if parts.has_information:
        begin, end = parts.information
        information = octets[begin:end]
    return hdlc_frame(header, information)


def hdlc_frame(header: bytes, information: bytes = b"") -> bytes:
    """Make a frame of a header, whose length is made right, and what it carries. Raises: FrameError."""
    length = len(header) + _SUM_SIZE + (len(information) + _SUM_SIZE if information else 0)
    if length > MAXIMUM_LENGTH:
        raise FrameError(f"HDLC: {length} octets between the flags, the length field tells {MAXIMUM_LENGTH} at most")
    format = int.from_bytes(header[:_FORMAT_SIZE], "big") & ~_LENGTH_MASK | length
    content = format.to_bytes(_FORMAT_SIZE, "big") + header[_FORMAT_SIZE:]
    content += _sum(content)
    if information:
        content += information
        content += _sum(content)
    return bytes((FLAG,)) + content + bytes((FLAG,))


def _sum(octets: bytes) -> bytes:
    return fcs(octets).to_bytes(_SUM_SIZE, "little")


def wrapper(octets: bytes) -> bytes:
    """Give a wrapper PDU its length."""
    size = len(octets) - _WRAPPER_SIZE
    if not 0 <= size <= _MOST_WRAPPED:
        raise FrameError(f"wrapper: {len(octets)} octets, 8 to {_MOST_WRAPPED + _WRAPPER_SIZE} were expected")
    return octets[:6] + size.to_bytes(2, "big") + octets[_WRAPPER_SIZE:]


def mbus(octets: bytes) -> bytes:
    """Give an M-Bus frame its lengths and its checksum; long frames, and short ones of five octets."""
    if octets[0] != _MBUS_START:
        return octets[:3] + bytes((sum(octets[1:3]) & 0xFF,)) + octets[4:]
    body = octets[4:-2] if octets[-1] == _MBUS_STOP else octets[4:]
    if not 3 <= len(body) <= _MBUS_MOST:
        raise FrameError(f"M-Bus: {len(body)} octets behind the second start octet, 3 to {_MBUS_MOST} were expected")
    head = bytes((_MBUS_START, len(body), len(body), _MBUS_START))
    return head + body + bytes((sum(body) & 0xFF, _MBUS_STOP))


def text_message(octets: bytes, rule: Callable[[bytes], int] = bcc) -> bytes:
    """Give a data message, command or telegram of text its check character or CRC; others stay as they are."""
    found = _TELEGRAM_END.search(octets)
    if found is not None:
        check = f"{crc16_arc(octets[: found.start() + 1]):04X}".encode()
        return octets[: found.start(1)] + check + octets[found.end(1) :]
    at = octets.rfind(bytes((_ETX,)))
    first = min((place for one in (b"\x01", b"\x02") if (place := octets.find(one)) >= 0), default=-1)
    if 0 <= first < at == len(octets) - 2:
        return octets[: at + 1] + bytes((rule(octets[first + 1 : at + 1]),))
    return octets


def kept_text(before: bytes, after: bytes) -> bytes:
    """Give the text *after* the check character or CRC that *before* had: of the same rule, wrong by the same bits."""
    found = _TELEGRAM_END.search(before)
    if found is not None:  # its bits stand in digits
        covered = slice(found.start() + 1)
        crc = int(found[1], 16) ^ crc16_arc(before[covered]) ^ crc16_arc(after[covered])
        return after[: found.start(1)] + f"{crc:04X}".encode() + after[found.end(1) :]
    is_sum = text_message(before, sum_bcc) == before != text_message(before)
    return keeping_errors(before, after, partial(text_message, rule=sum_bcc) if is_sum else text_message)


class Kind(NamedTuple):
    """A kind of frame: what it is called, how it begins, and what makes it right."""

    name: str
    begins: re.Pattern[bytes]
    made: Callable[[bytes], bytes]


KINDS = (
    Kind("hdlc", re.compile(rb"\x7e|[\xa0-\xaf]"), hdlc),
    Kind("wrapper", re.compile(rb"\x00\x01.{6}", re.DOTALL), wrapper),
    Kind("mbus", re.compile(rb"\x68..\x68...|\x10...\x16\Z", re.DOTALL), mbus),
    Kind("text", re.compile(rb"[\x01\x02/]"), text_message),
)


def kind_of(octets: bytes) -> Kind | None:
    """Tell what kind of frame *octets* are; None for an APDU, which has neither length nor sum around it."""
    return next((one for one in KINDS if one.begins.match(octets)), None)


def keeping_errors(before: bytes, after: bytes, made: Callable[[bytes], bytes]) -> bytes:
    """Make *after* right where *before* was, and wrong by the same bits where it was not."""
    right = made(before)
    if len(right) != len(before) or len(made(after)) != len(before):
        return after
    return bytes(new ^ was ^ should for new, was, should in zip(made(after), before, right, strict=True))
