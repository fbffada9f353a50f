"""Streams packed with zstd or lz4 to what they hold, block by block, so that damage costs one block and no memory.

Source: RFC 8878 (Zstandard), LZ4 Frame Format Description 1.6.4. The libraries unpack; only the borders of header,
blocks and check are found here, for a library gives nothing at all of a call in which it meets damage.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from captures.stream import Report, Window

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
LZ4_MAGIC = b"\x04\x22\x4d\x18"

_SKIPPABLE = b"\x2a\x4d\x18"  # behind an octet from 50 to 5F
_LARGEST_UNIT = (4 << 20) + 16  # the largest block of lz4; zstd's are 128 KiB
_LARGEST_WINDOW = 128 << 20  # what the zstd program takes too without being asked to

Peek = Callable[[int], bytes]
"""Gives the next octets without taking them, fewer at the end."""


class _Unpacker(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


class Packing(NamedTuple):
    """A way of packing: how a frame begins, where its units end, and what unpacks them."""

    name: str
    magic: bytes
    unit_lengths: Callable[[Peek], Iterator[int]]
    unpacker: Callable[[], _Unpacker]


class PackedInput:
    """What a zstd or lz4 stream unpacks to, its frames joined; a damaged stream gives what was readable."""

    def __init__(self, packing: Packing, packed: Window, report: Report) -> None:
        self._packing = packing
        self._packed = packed
        self._report = report
        self._at = 0
        self._pieces = self._unpacked()

    def fetch(self) -> bytes:
        """Unpack the next block; empty at the end."""
        return next(self._pieces, b"")

    def close(self) -> None:
        """Give the packed input back."""
        self._packed.close()

    def _peek(self, length: int) -> bytes:
        window = self._packed
        while len(window.buffer) - self._at < length:
            came = window.more(self._at)
            self._at = 0
            if not came:
                break
        return window.buffer[self._at : self._at + length]

    def _unpacked(self) -> Iterator[bytes]:
        name = self._packing.name
        while head := self._peek(4):
            if head == self._packing.magic:
                try:
                    for octets in self._frame():
                        if octets:
                            yield octets
                except EOFError:
                    self._report(f"{name}-cut", f"the {name} stream is cut")
                    return
                except (ValueError, RuntimeError) as error:
                    self._report(f"{name}-damaged", f"the {name} stream is damaged; what comes after is lost ({error})")
                    return
            elif head[1:] == _SKIPPABLE and head[0] >> 4 == 5:
                self._skip(8 + int.from_bytes(self._peek(8)[4:], "little"))
            else:
                self._report(f"{name}-trailing", f"octets after the {name} stream are left aside")
                return

    def _frame(self) -> Iterator[bytes]:
        """Unpack one frame. Raises: EOFError where it is cut, ValueError or RuntimeError where it is damaged."""
        unpacker = self._packing.unpacker()
        for length in self._packing.unit_lengths(self._peek):
            if length > _LARGEST_UNIT:
                raise ValueError(f"a block of {length} octets")
            unit = self._peek(length)
            if len(unit) < length:
                raise EOFError
            self._at += length
            yield unpacker.decompress(unit)

    def _skip(self, length: int) -> None:
        while length and (octets := self._peek(min(length, _LARGEST_UNIT))):
            self._at += len(octets)
            length -= len(octets)


def _zstd_unit_lengths(peek: Peek) -> Iterator[int]:
    descriptor = peek(5)[4:]
    if not descriptor:
        raise EOFError
    flags = descriptor[0]
    is_single = flags >> 5 & 1
    content_size = (is_single, 2, 4, 8)[flags >> 6]
    yield 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + content_size
    is_last = 0
    while not is_last:
        block = int.from_bytes(peek(3), "little")
        is_last, is_repeated = block & 1, block >> 1 & 3 == 1
        yield 3 + (1 if is_repeated else block >> 3)
    if flags & 4:
        yield 4


def _lz4_unit_lengths(peek: Peek) -> Iterator[int]:
    descriptor = peek(5)[4:]
    if not descriptor:
        raise EOFError
    flags = descriptor[0]
    yield 7 + (flags >> 3 & 1) * 8 + (flags & 1) * 4
    check = (flags >> 4 & 1) * 4
    while size := int.from_bytes(peek(4), "little"):
        yield 4 + (size & 0x7FFF_FFFF) + check
    yield 4
    if flags & 4:
        yield 4


class _Zstd:
    """The library's unpacker, whose error is no ValueError."""

    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()

    def decompress(self, data: bytes) -> bytes:
        try:
            return self._unpacker.decompress(data)
        except self._error as error:
            raise ValueError(str(error).rpartition(": ")[2]) from None


def _lz4() -> _Unpacker:
    from lz4.frame import LZ4FrameDecompressor

    unpacker: _Unpacker = LZ4FrameDecompressor()
    return unpacker


PACKINGS = (
    Packing("zstd", ZSTD_MAGIC, _zstd_unit_lengths, _Zstd),
    Packing("lz4", LZ4_MAGIC, _lz4_unit_lengths, _lz4),
)
