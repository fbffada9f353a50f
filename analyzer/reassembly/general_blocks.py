"""General-block-transfer: blocks in windows, streamed, lost, repeated or interleaved, to the APDU inside.

Source: IEC 62056-5-3, General-block-transfer mechanism.
"""

from __future__ import annotations

from typing import NamedTuple

MOST_BLOCKS = 0x10000


class GeneralOutcome(NamedTuple):
    """What a block did: *apdu* is whole, or None; *parts* are the records it came in, *lost* block numbers missing."""

    apdu: bytes | None = None
    parts: tuple[int, ...] = ()
    first: int | None = None
    is_repeated: bool = False
    lost: tuple[int, ...] = ()


class _Stream:
    __slots__ = ("blocks", "last", "parts")

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}
        self.last: int | None = None
        self.parts: list[int] = []


class GeneralBlocks:
    """The transfers of both directions between one client and one server."""

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    def so_far(self, direction: str) -> bytes:
        """Give the octets up to the first hole of the transfer that runs in *direction*."""
        stream = self._streams.get(direction)
        return _in_order(stream) if stream is not None else b""

    def begins_anew(self, direction: str, number: int, data: bytes) -> bool:
        """Tell whether this block begins another transfer while one runs."""
        stream = self._streams.get(direction)
        return stream is not None and number == 1 and stream.blocks.get(1, data) != data

    def add(self, direction: str, number: int, is_last: bool, data: bytes, record: int) -> GeneralOutcome:
        """Take block *number* of the record *record*; a block 1 with other octets begins anew."""
        stream = self._streams.get(direction)
        lost: tuple[int, ...] = ()
        if stream is not None and self.begins_anew(direction, number, data):
            lost = self._holes(stream)
            stream = None
        if stream is None:
            stream = self._streams[direction] = _Stream()
        stream.parts.append(record)
        is_repeated = number in stream.blocks
        if not is_repeated and len(stream.blocks) < MOST_BLOCKS:
            stream.blocks[number] = data
        if is_last:
            stream.last = number
        if stream.last is None or len(stream.blocks) < stream.last or not self._is_whole(stream):
            return GeneralOutcome(first=stream.parts[0], is_repeated=is_repeated, lost=lost)
        del self._streams[direction]
        whole = b"".join(stream.blocks[one] for one in range(1, stream.last + 1))
        return GeneralOutcome(whole, tuple(stream.parts), stream.parts[0], is_repeated, lost)

    @staticmethod
    def _is_whole(stream: _Stream) -> bool:
        return all(number in stream.blocks for number in range(1, (stream.last or 0) + 1))

    @staticmethod
    def _holes(stream: _Stream) -> tuple[int, ...]:
        last = stream.last or max(stream.blocks, default=0) + 1
        return tuple(number for number in range(1, last + 1) if number not in stream.blocks)


def _in_order(stream: _Stream) -> bytes:
    found = []
    number = 1
    while number in stream.blocks:
        found.append(stream.blocks[number])
        number += 1
    return b"".join(found)
