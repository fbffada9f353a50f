"""pcapng files: blocks to chunks, over sections of either byte order, with a way on where lengths lie.

Source: IETF draft-ietf-opsawg-pcapng (section header, interface description, simple, enhanced and old packet blocks).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log10
from struct import Struct
from typing import NamedTuple, cast

from captures.chunk import FURTHEST_NS, PAUSE, RECEIVED, SENT, SILENCE, UNKNOWN, Chunk, Sink, Source, TakePlain
from captures.stream import SilenceError, Window

MAGIC = b"\x0a\x0d\x0d\x0a"
LARGEST_BLOCK = 16 << 20
"""A block that announces more lies; secrets and name blocks are the largest that are seen."""
MOST_COMMENTED = 32 << 20
"""Octets of comments that are kept: few packed octets are gigabytes of them."""
MOST_INTERFACES = 1 << 16
"""Of a section; packets of more are not read."""

_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_KNOWN = frozenset((_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, 4, 5, _PACKET, 9, 10, 0xBAD, 0x40000BAD))
_PACKETS = frozenset((_OLD_PACKET, _SIMPLE_PACKET, _PACKET))
_ORDER_MAGIC = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_COMMENT, _FLAGS, _NAME, _DESCRIPTION, _RESOLUTION, _OFFSET = 1, 2, 2, 3, 9, 14
_LARGEST_PACKET = 1 << 20
_SEARCHED = 1 << 20
_DIRECTION_WORDS = {"rx": RECEIVED, "tx": SENT}
_DIRECTION_FLAGS = (UNKNOWN, RECEIVED, SENT, UNKNOWN)
_new = tuple.__new__


class Interface(NamedTuple):
    """What an interface description says about the packets that name it; time = raw × multiplier ÷ divisor + offset."""

    link_type: int
    multiplier: int
    divisor: int
    offset_ns: int
    direction: int
    snap_length: int


class _Layout:
    """The block structures in one byte order."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.head = Struct(order + "II").unpack_from
        self.packet = Struct(order + "IIIIIII").unpack_from
        self.old_packet = Struct(order + "IIHHIIII").unpack_from
        self.simple = Struct(order + "III").unpack_from
        self.interface = Struct(order + "IIHHI").unpack_from
        self.option = Struct(order + "HH").unpack_from
        self.length = Struct(order + "I").unpack_from


_LAYOUTS = {order: _Layout(order) for order in "<>"}


class _Ways(dict[int, TakePlain | None]):
    """What takes plain packets, by their link type."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def __missing__(self, link_type: int) -> TakePlain | None:
        way = self[link_type] = self._sink.plain(link_type)
        return way


class PcapngSource(Source):
    """The packets of a pcapng file as chunks; ``comments[0]`` holds the comments of the file's sections."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self.time_digits = 6
        self._digits = 0
        self._window = window
        self._layout = _LAYOUTS["<"]
        self._interfaces: list[Interface] = []
        self._commented = 0

    def __iter__(self) -> Iterator[Chunk]:
        return cast(Iterator[Chunk], self._chunks(None))

    def pour(self, sink: Sink) -> Iterator[None]:
        """Give all chunks to *sink*, those that it takes in their plain way without making a chunk of each."""
        for chunk in self._chunks(_Ways(sink)):
            if chunk is not None:
                sink.feed(chunk)
            yield

    def _chunks(self, ways: _Ways | None) -> Iterator[Chunk | None]:
        """Give the chunks but for those that are taken in one of *ways*; None now and then between those."""
        window, interfaces = self._window, self._interfaces
        number = at = 0
        while True:
            buffer, base, unpack = window.buffer, window.base, self._layout.packet
            size, last = len(buffer), len(buffer) - 32
            while at <= last:  # enhanced packets in good order; all else takes the road below
                kind, length, interface, high, low, captured, original = unpack(buffer, at)
                end = at + length
                start = at + 28
                stop = start + captured
                if (
                    kind != _PACKET
                    or end > size
                    or stop > end - 4
                    or captured > original
                    or interface >= len(interfaces)
                    or buffer[end - 4 : end] != buffer[at + 4 : at + 8]
                ):
                    break
                number += 1
                link_type, multiplier, divisor, offset_ns, direction, _ = interfaces[interface]
                if direction:  # two interfaces named TX and RX are the two directions of one line
                    interface = 0
                time_ns: int | None = (high << 32 | low) * multiplier // divisor + offset_ns
                if time_ns is not None and not -FURTHEST_NS <= time_ns <= FURTHEST_NS:
                    time_ns = None
                if end - stop > 7:
                    direction = self._packet_options(stop + (-captured & 3), end - 4, number, direction)
                if ways is not None and captured == original and not (direction or interface):
                    take = ways[link_type]
                    if take is not None and take(number, time_ns, buffer, start, stop):
                        at = end
                        if not number & PAUSE:
                            yield None
                        continue
                octets = buffer[start:stop]
                if captured < original:
                    self.cut(number, captured)
                yield _new(Chunk, (number, time_ns, link_type, direction, octets, original, base + start, interface))
                at = end
            whole = self._whole(at)
            if whole < 0:
                try:
                    goes_on = window.more(at, says_silence=True)
                except SilenceError:
                    yield Chunk(number, None, SILENCE, UNKNOWN, b"", 0, window.base + at)
                    continue
                at = 0
                if goes_on:
                    continue
                if not window.buffer:
                    return
            chunk, at = self._block(at, number + 1) if whole > 0 else self._mend(at, number + 1)
            if chunk is not None:
                number += 1
                yield chunk
            if at < 0:
                return

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def _whole(self, at: int) -> int:
        """Tell whether the block at *at* can be read: 1 yes, 0 its lengths are wrong, -1 not all of it is there."""
        buffer = self._window.buffer
        if len(buffer) < at + 12:
            return -1
        if buffer.startswith(MAGIC, at):
            order = _ORDER_MAGIC.get(buffer[at + 8 : at + 12])
            if order is None:
                return 0
            self._layout = _LAYOUTS[order]
        length = self._layout.head(buffer, at)[1]
        if length < 12 or length & 3 or length > LARGEST_BLOCK:
            return 0
        end = at + length
        if end > len(buffer):
            return -1
        if buffer[end - 4 : end] == buffer[at + 4 : at + 8]:
            return 1
        # One of the two lengths lies. The first is right where another block follows it.
        if not self._window.reach(end + 12):
            return int(end == len(self._window.buffer))
        return int(self._is_block(end))

    def _block(self, at: int, number: int) -> tuple[Chunk | None, int]:
        """Read the whole block at *at*; returns its packet, if it holds one, and where the next block begins."""
        buffer, layout = self._window.buffer, self._layout
        kind, length = layout.head(buffer, at)
        end = at + length
        if buffer[end - 4 : end] != buffer[at + 4 : at + 8]:
            text = f"a block of {length} octets ends with the length {layout.length(buffer, end - 4)[0]}"
            self.remark("pcapng-length-mismatch", text)
        if kind in _PACKETS:
            return self._packet(kind, at, end - 4, number), end
        if kind == _SECTION:
            self._interfaces.clear()
            for code, value in self._options(at + 24, end - 4):
                if code == _COMMENT:
                    self._comment(0, value)
        elif kind == _INTERFACE and length >= 20 and len(self._interfaces) < MOST_INTERFACES:
            self._interfaces.append(self._interface(at, end - 4))
        return None, end

    def _mend(self, at: int, number: int) -> tuple[Chunk | None, int]:
        """Pass over a block that cannot be read as a whole; a packet in it is kept as far as its octets go."""
        window = self._window
        following = self._search(at + 8)
        left = (following if following >= 0 else len(window.buffer)) - at
        code, kind = "capture-cut", 0
        if left < 12:
            text = f"{left} octets of a block are left after packet {number - 1}"
        else:
            kind, length = self._layout.head(window.buffer, at)
            text = f"the block after packet {number - 1} announces {length} octets, "
            if following >= 0:
                code, text = "pcapng-length-wrong", text + f"the next block begins after {left}"
            elif window.ended:
                text += f"{left} are left in the file"
            else:
                code, text = "pcapng-length-wrong", text + "no block follows; reading stops there"
        self.remark(code, text, number - 1)
        if kind not in _PACKETS or (following < 0 and not window.ended):
            return None, following
        return self._packet(kind, at, at + left, number, damaged=True), following

    def _search(self, start: int) -> int:
        """Find the next place from *start* where a block of a known type stands whole; -1 if none."""
        window = self._window
        for at in range(start, start + _SEARCHED):
            if at + 12 > len(window.buffer) and not window.more():
                break
            if self._is_block(at):
                return at
        return -1

    def _is_block(self, at: int) -> bool:
        buffer = self._window.buffer
        layout = self._layout
        if buffer.startswith(MAGIC, at):
            order = _ORDER_MAGIC.get(buffer[at + 8 : at + 12])
            if order is None:
                return False
            layout = _LAYOUTS[order]
        kind, length = layout.head(buffer, at)
        if kind not in _KNOWN or length < 12 or length & 3 or length > LARGEST_BLOCK:
            return False
        end = at + length
        if not self._window.reach(end):
            return False
        return self._window.buffer[end - 4 : end] == buffer[at + 4 : at + 8]

    def _packet(self, kind: int, at: int, limit: int, number: int, *, damaged: bool = False) -> Chunk | None:
        """Read a packet block whose octets end before *limit* at the latest."""
        buffer = self._window.buffer
        start = at + (12 if kind == _SIMPLE_PACKET else 28)
        if limit < start:
            return None
        interface = high = low = 0
        if kind == _PACKET:
            _, _, interface, high, low, captured, original = self._layout.packet(buffer, at)
        elif kind == _OLD_PACKET:
            _, _, interface, _, high, low, captured, original = self._layout.old_packet(buffer, at)
        else:
            original = captured = self._layout.simple(buffer, at)[2]
        if interface >= len(self._interfaces):
            self.remark("pcapng-interface-missing", f"a packet names interface {interface}, which no block describes")
            return None
        link_type, multiplier, divisor, offset_ns, direction, snap_length = self._interfaces[interface]
        if direction:
            interface = 0
        time_ns = None
        if kind != _SIMPLE_PACKET:
            time_ns = (high << 32 | low) * multiplier // divisor + offset_ns
            if not -FURTHEST_NS <= time_ns <= FURTHEST_NS:
                time_ns = None
        elif snap_length:
            captured = min(captured, snap_length)
        stop = min(start + captured, limit)
        octets = buffer[start:stop]
        if damaged and not octets:
            return None
        if not damaged and kind != _SIMPLE_PACKET:
            direction = self._packet_options(stop + (-captured & 3), limit, number, direction)
        length = max(len(octets), original) if original <= _LARGEST_PACKET else len(octets)
        return Chunk(number, time_ns, link_type, direction, octets, length, self._window.base + start, interface)

    def _packet_options(self, at: int, end: int, number: int, direction: int) -> int:
        """Keep the comments of a packet; returns its direction."""
        for code, value in self._options(at, end):
            if code == _COMMENT:
                self._comment(number, value)
            elif code == _FLAGS and len(value) == 4:
                direction = _DIRECTION_FLAGS[self._layout.length(value, 0)[0] & 3] or direction
        return direction

    def _comment(self, number: int, value: bytes) -> None:
        self._commented += len(value)
        if self._commented > MOST_COMMENTED:
            self.remark("pcapng-comments-too-many", f"its first {MOST_COMMENTED >> 20} MB of comments are kept", number)
            return
        self.comments.setdefault(number, []).append(value.rstrip(b"\0").decode("utf-8", "replace"))

    def _options(self, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        buffer, option = self._window.buffer, self._layout.option
        while at + 4 <= end:
            code, length = option(buffer, at)
            at += 4
            if not code or at + length > end:
                return
            yield code, buffer[at : at + length]
            at += length + (-length & 3)

    def _interface(self, at: int, end: int) -> Interface:
        """Read an interface description block."""
        _, _, link_type, _, snap_length = self._layout.interface(self._window.buffer, at)
        resolution, offset_seconds, direction = 6, 0, UNKNOWN
        for code, value in self._options(at + 16, end):
            if code in (_NAME, _DESCRIPTION):
                direction = direction or _direction_of(value)
            elif code == _RESOLUTION and value:
                resolution = value[0]
            elif code == _OFFSET and len(value) == 8:
                offset_seconds = Struct(self._layout.order + "q").unpack(value)[0]
        exponent = resolution & 0x7F
        units = 1 << exponent if resolution & 0x80 else 10**exponent
        self._digits = max(self._digits, min(9, ceil(log10(units))))
        self.time_digits = self._digits
        multiplier, divisor = 1_000_000_000, units
        if divisor <= multiplier and multiplier % divisor == 0:
            multiplier, divisor = multiplier // divisor, 1
        return Interface(link_type, multiplier, divisor, offset_seconds * 1_000_000_000, direction, snap_length)


def _direction_of(name: bytes) -> int:
    """Tell from an interface's name which way its octets went: "TX", "meter RX", "rx-tap"."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.decode("utf-8", "replace").lower()).split()
    return next((_DIRECTION_WORDS[word] for word in words if word in _DIRECTION_WORDS), UNKNOWN)
