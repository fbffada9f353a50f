"""Classic pcap files: records to chunks, with a way on where lengths lie.

Source: IETF draft-ietf-opsawg-pcap; the modified variant as libpcap reads it (sf-pcap.c).
"""

import re
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple, cast

from captures.chunk import PAUSE, RECEIVED, SENT, UNKNOWN, Chunk, IsPiece, Sink, Source, TakePlain
from captures.stream import Window


class Variant(NamedTuple):
    """What a magic number says about the file that it opens."""

    order: str
    nanoseconds: bool
    modified: bool


VARIANTS = {
    number.to_bytes(4, "little" if order == "<" else "big"): Variant(order, nanoseconds, modified)
    for order in "<>"
    for number, nanoseconds, modified in (
        (0xA1B2C3D4, False, False),
        (0xA1B23C4D, True, False),
        (0xA1B2CD34, False, True),
    )
}
HEADER_LENGTH = 24
LARGEST_PACKET = 1 << 20
"""A record that announces more lies: four times what libpcap writes."""

_LINK_TYPE = 0x03FF_FFFF  # the six bits above tell of a frame check sequence
_SEARCHED = 1 << 20
_WEEK = 7 * 86400
_PLAIN_HEADER = 16
"""Octets of a record's header, but for the modified variant."""
_OUTGOING = 4
_NOWHERE = (1 << 62, 1 << 62)
_Pass = Callable[[int, int], tuple[int, int, int]]
"""Takes the place of a record and the second of the one before; gives where to go on, how many it passed, a second."""
_new = tuple.__new__


class PcapSource(Source):
    """The records of a pcap file as chunks; what is damaged is remarked and passed over."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self._window = window
        window.reach(HEADER_LENGTH)
        variant = VARIANTS[window.buffer[:4]]
        self.time_digits = 9 if variant.nanoseconds else 6
        self._scale = 1 if variant.nanoseconds else 1000
        self._fraction_limit = 1_000_000_000 // self._scale
        self._record_header = 24 if variant.modified else 16
        self._unpack: Callable[[bytes, int], tuple[int, int, int, int]] = Struct(variant.order + "IIII").unpack_from
        self._sizes: Callable[[bytes, int], tuple[int, int]] = Struct(variant.order + "8xII").unpack_from
        self.link_type = 0
        if len(window.buffer) < HEADER_LENGTH:
            self.remark("capture-cut", f"the file header has {HEADER_LENGTH} octets, {len(window.buffer)} are there")
        else:
            self.link_type = Struct(variant.order + "I").unpack_from(window.buffer, 20)[0] & _LINK_TYPE

    def __iter__(self) -> Iterator[Chunk]:
        return cast(Iterator[Chunk], self._chunks(None))

    def pour(self, sink: Sink) -> Iterator[None]:
        """Give all chunks to *sink*, those that it takes in their plain way without making a chunk of each."""
        take = sink.plain(self.link_type) if self._record_header == _PLAIN_HEADER else None
        for chunk in self._chunks(take):
            if chunk is not None:
                sink.feed(chunk)
            yield

    def holding(self, sought: re.Pattern[bytes], least: int, is_piece: IsPiece) -> Iterator[Chunk]:
        """Give the chunks in which *sought* is found, and of those below *least* octets the ones that *is_piece* tells.

        The others cost little. Nowhere may *sought* overlap itself.
        """

        def others(buffer: bytes, at: int) -> _Pass:
            return self._others(buffer, sought.finditer(buffer, at), least, is_piece)

        return cast(Iterator[Chunk], self._chunks(None, others))

    def _others(self, buffer: bytes, found: Iterator[re.Match[bytes]], least: int, is_piece: IsPiece) -> _Pass:
        """Make what passes over the records in which nothing is *found*, and that are no pieces."""
        sizes, length, link_type = self._sizes, self._record_header, self.link_type
        size = len(buffer)
        last = size - length
        begin = stop = -1

        def passing(at: int, seconds: int) -> tuple[int, int, int]:
            nonlocal begin, stop
            before = here = at
            following, count = begin, 0
            while at <= last:
                before, here = here, at
                captured, original = sizes(buffer, at)
                at = at + length + captured
                if following < at or captured < least or captured != original:  # few, which need a closer look
                    start = here + length
                    while following < start:
                        one = next(found, None)
                        following, stop = one.span() if one is not None else _NOWHERE
                    is_held = stop <= at or captured > original or at > size
                    if is_held or (captured < least and is_piece(link_type, buffer, start, at)):
                        at = here
                        break
                count += 1
            if at > size:  # the last one is not all there yet
                at, count = here, count - 1
            elif at != here:
                before = here
            begin = following
            return at, count, self._unpack(buffer, before)[0] if count else seconds

        return passing

    def _chunks(
        self, take: TakePlain | None, others: Callable[[bytes, int], _Pass] | None = None
    ) -> Iterator[Chunk | None]:
        """Give the chunks but for those that *take* takes and *others* pass; None now and then between the taken."""
        window, unpack, scale, link_type = self._window, self._unpack, self._scale, self.link_type
        length = self._record_header
        plain = length == _PLAIN_HEADER
        number, good_seconds, at = 0, -1, HEADER_LENGTH
        if len(window.buffer) < HEADER_LENGTH:
            return
        while True:
            buffer, base = window.buffer, window.base
            size = len(buffer)
            last = size - length
            suspicious = False
            passing = others(buffer, at) if others is not None else None
            while at <= last:
                if passing is not None:
                    at, count, good_seconds = passing(at, good_seconds)
                    number += count
                    if at > last:
                        break
                seconds, fraction, captured, original = unpack(buffer, at)
                start = at + length
                end = start + captured
                if captured > original or end > size:
                    suspicious = captured > original or captured > LARGEST_PACKET
                    break
                number += 1
                good_seconds = seconds
                time_ns = seconds * 1_000_000_000 + fraction * scale
                if take is not None and captured == original and take(number, time_ns, buffer, start, end):
                    at = end
                    if not number & PAUSE:
                        yield None
                    continue
                direction = UNKNOWN if plain else SENT if buffer[at + 22] == _OUTGOING else RECEIVED
                octets = buffer[start:end]
                if captured < original:
                    self.cut(number, captured)
                yield _new(Chunk, (number, time_ns, link_type, direction, octets, original, base + start, 0))
                at = end
            if not suspicious:
                came = window.more(at)
                at = 0
                if came:
                    continue
                if len(window.buffer) < length:
                    break
            chunk, at = self._mend(at, number + 1, good_seconds)
            if chunk is not None:
                number += 1
                yield chunk
            if at < 0:
                return
        left = len(window.buffer) - at
        if left:
            self.remark("capture-cut", f"{left} octets of a record header are left after packet {number}", number)

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def _mend(self, at: int, number: int, good_seconds: int) -> tuple[Chunk | None, int]:
        """Read the record at *at*, whose lengths cannot be right, by where the next one begins.

        Returns the packet, if its octets could be told, and where to read on: -1 for nowhere.
        """
        window = self._window
        seconds, fraction, captured, original = self._unpack(window.buffer, at)
        start = at + self._record_header
        if captured <= LARGEST_PACKET and self._is_border(start + captured, good_seconds):
            following = start + captured
            code, text = "pcap-length-wrong", f"packet {number} says that {captured} of its {original} octets are there"
            original = captured
        else:
            following = self._search(start, good_seconds)
            left = (following if following >= 0 else len(window.buffer)) - start
            original = max(left, captured if captured <= LARGEST_PACKET else 0)
            if following >= 0:
                code, where = "pcap-length-wrong", "the next record begins after"
                original = left
            elif window.ended:
                code, where = "capture-cut", "what is left in the file is"
            else:
                self.remark(
                    "pcap-length-wrong", f"packet {number} announces {captured} octets; reading stops there", number
                )
                return None, -1
            text = f"packet {number} announces {captured} octets, {where} {left}"
        self.remark(code, text, number)
        octets = window.buffer[start : following if following >= 0 else None]
        if not octets or not self._is_near(seconds, good_seconds) or len(octets) > LARGEST_PACKET:
            return None, following
        time_ns = seconds * 1_000_000_000 + fraction * self._scale
        return Chunk(number, time_ns, self.link_type, UNKNOWN, octets, original, window.base + start, 0), following

    def _search(self, start: int, good_seconds: int) -> int:
        """Find the next place from *start* that reads as a record and leads to another one; -1 if none."""
        window = self._window
        for at in range(start, start + _SEARCHED):
            if at + self._record_header > len(window.buffer) and not window.more():
                break
            if self._is_record(at, good_seconds):
                captured = self._unpack(window.buffer, at)[2]
                if self._is_border(at + self._record_header + captured, good_seconds):
                    return at
        return -1

    def _is_border(self, at: int, good_seconds: int) -> bool:
        """Tell whether a record begins at *at*, or the input ends there."""
        if self._window.reach(at + self._record_header):
            return self._is_record(at, good_seconds)
        return at == len(self._window.buffer)

    def _is_record(self, at: int, good_seconds: int) -> bool:
        seconds, fraction, captured, original = self._unpack(self._window.buffer, at)
        return (
            0 < captured <= original <= LARGEST_PACKET
            and fraction < self._fraction_limit
            and self._is_near(seconds, good_seconds)
        )

    @staticmethod
    def _is_near(seconds: int, good_seconds: int) -> bool:
        return good_seconds < 0 or abs(seconds - good_seconds) <= _WEEK
