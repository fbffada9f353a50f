"""General-block-transfer: blocks in windows, streamed, lost, repeated or interleaved, to the APDU inside.

A sender that was asked again goes on from the block that was lost, and one that starts anew sends block 1. What came
before block 1 may fill holes only if it began with the same block 1, and is never the end: transfers are not mixed.
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
    __slots__ = ("again", "blocks", "earlier", "last", "parts")

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}
        """Since block 1 came last."""
        self.earlier: dict[int, bytes] = {}
        """What came before block 1 came again."""
        self.last: int | None = None
        self.parts: list[int] = []
        self.again: list[int] = []
        """The parts since block 1 came again: of another transfer, should it show that there is one."""

    def find(self, number: int) -> bytes | None:
        found = self.blocks.get(number)
        return self.earlier.get(number) if found is None else found

    def start_over(self) -> None:
        """Block 1 comes again, or after others: what stands here is of the same transfer, or of one before."""
        self.earlier = self.earlier | self.blocks if 1 in self.blocks else {}
        self.blocks = {}
        self.last = None
        self.again = []

    def whole(self) -> bytes | None:
        """Give the octets of all blocks up to the last one; None while one is missing."""
        if self.last is None or len(self.blocks) + len(self.earlier) < self.last:
            return None
        found = [self.find(number) for number in range(1, self.last + 1)]
        return None if None in found else b"".join(block for block in found if block is not None)

    def holes(self) -> tuple[int, ...]:
        known = self.earlier.keys() | self.blocks.keys()
        last = self.last or max(known, default=0) + 1
        return tuple(number for number in range(1, last + 1) if number not in known)


class _Finished(NamedTuple):
    """A transfer that is complete: its first record, and its blocks by number as hashes, to know them again."""

    first: int
    blocks: dict[int, int]


class GeneralBlocks:
    """The transfers of both directions between one client and one server."""

    __slots__ = ("_finished", "_streams")

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._finished: dict[str, _Finished] = {}

    def runs(self, direction: str) -> bool:
        """Tell whether a transfer runs in *direction*."""
        return direction in self._streams

    def so_far(self, direction: str) -> bytes:
        """Give the octets up to the first hole of the transfer that runs in *direction*."""
        stream = self._streams.get(direction)
        found: list[bytes] = []
        while stream is not None and (block := stream.find(len(found) + 1)) is not None:
            found.append(block)
        return b"".join(found)

    def begins_anew(self, direction: str, number: int, data: bytes) -> bool:
        """Tell whether this block is of another transfer while one runs: it contradicts what came."""
        stream = self._streams.get(direction)
        if stream is None:
            return False
        known = stream.find(number)
        return known is not None and known != data

    def add(self, direction: str, number: int, is_last: bool, data: bytes, record: int) -> GeneralOutcome:
        """Take block *number* of the record *record*; one that contradicts the blocks before begins anew."""
        stream = self._streams.get(direction)
        finished = self._finished.get(direction)
        lost: tuple[int, ...] = ()
        if stream is None and number != 1 and finished and finished.blocks.get(number) == hash(data):
            return GeneralOutcome(first=finished.first, is_repeated=True)
        if stream is not None and self.begins_anew(direction, number, data):
            lost = stream.holes()
            stream = self._other(stream, number)
            self._streams[direction] = stream
        if stream is None:
            stream = self._streams[direction] = _Stream()
        is_repeated = stream.find(number) is not None
        if number == 1 and stream.blocks:
            stream.start_over()
        stream.parts.append(record)
        stream.again.append(record)
        if len(stream.blocks) < MOST_BLOCKS:
            stream.blocks[number] = data
        if is_last:
            stream.last = number
        whole = stream.whole()
        if whole is None:
            return GeneralOutcome(first=stream.parts[0], is_repeated=is_repeated, lost=lost)
        del self._streams[direction]
        self._finished[direction] = _Finished(
            stream.parts[0], {one: hash(block) for one, block in (stream.earlier | stream.blocks).items()}
        )
        return GeneralOutcome(whole, tuple(stream.parts), stream.parts[0], is_repeated, lost)

    @staticmethod
    def _other(stream: _Stream, number: int) -> _Stream:
        """Begin another transfer; blocks that came since block 1 came again are of it, unless they are in the way."""
        made = _Stream()
        if stream.earlier and number not in stream.blocks:
            made.blocks, made.last = stream.blocks, stream.last
            made.parts, made.again = list(stream.again), list(stream.again)
        return made
