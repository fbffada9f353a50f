"""General-block-transfer: blocks in windows, streamed, lost, repeated or interleaved, to the APDU inside.

A sender that was asked again goes on from the block that was lost, and one that starts anew sends block 1, or the one
behind the number that its last acknowledgement bore. What came before that block may fill holes only if it began with
the same one, and is never the end: transfers are not mixed.
Source: IEC 62056-5-3, General-block-transfer mechanism.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.reassembly.blocks import MOST_OCTETS, MOST_PARTS

MOST_RANGES = 20
"""So many runs of lost blocks are named; the others are counted."""


class GeneralOutcome(NamedTuple):
    """What a block did: *apdu* is whole, or None; *parts* are the records it came in, *lost* the blocks that
    never came of the transfer before: "3", "5-9", and a last word that counts what is not named."""

    apdu: bytes | None = None
    parts: tuple[int, ...] = ()
    first: int | None = None
    is_repeated: bool = False
    lost: tuple[str, ...] = ()


class _Stream:
    __slots__ = ("again", "blocks", "earlier", "first", "is_given_up", "last", "lowest_missing", "parts", "size")

    def __init__(self, first: int = 1) -> None:
        self.first = first
        """The number of the first block."""
        self.blocks: dict[int, bytes] = {}
        """Since the first block came last."""
        self.earlier: dict[int, bytes] = {}
        """What came before the first block came again."""
        self.last: int | None = None
        self.parts: list[int] = []
        self.again: list[int] = []
        """The parts since the first block came again: of another transfer, should it show that there is one."""
        self.lowest_missing = first
        self.size = 0
        self.is_given_up = False
        """It grew beyond all measure: its blocks are forgotten until the first one comes again."""

    def find(self, number: int) -> bytes | None:
        found = self.blocks.get(number)
        return self.earlier.get(number) if found is None else found

    def start_over(self) -> None:
        """The first block comes again, or after others: what stands here is of the same transfer, or of one before."""
        if self.first in self.blocks:
            self.size -= sum(len(data) for number, data in self.blocks.items() if number in self.earlier)
            self.earlier |= self.blocks
        else:
            self.earlier = {}
            self.size, self.lowest_missing = 0, self.first
        self.blocks = {}
        self.last = None
        self.again = []
        self.is_given_up = False

    def take(self, number: int, data: bytes, record: int) -> None:
        """Keep a block, and the record it came in."""
        for parts in (self.parts, self.again):
            if len(parts) < MOST_PARTS:
                parts.append(record)
        if self.is_given_up or number in self.blocks:
            return
        self.size += len(data)
        if self.size > MOST_OCTETS:
            self.blocks, self.earlier = {}, {}
            self.is_given_up = True
            self.size, self.lowest_missing = 0, self.first
            return
        self.blocks[number] = data
        self.pass_over_known()

    def pass_over_known(self) -> None:
        while self.lowest_missing in self.blocks or self.lowest_missing in self.earlier:
            self.lowest_missing += 1

    def whole(self) -> bytes | None:
        """Give the octets of all blocks up to the last one; None while one is missing."""
        if self.last is None or self.is_given_up or self.lowest_missing <= self.last:
            return None
        return b"".join(self.find(number) or b"" for number in range(self.first, self.last + 1))

    def holes(self) -> tuple[str, ...]:
        known = sorted(self.earlier.keys() | self.blocks.keys())
        return _ranges(known, self.first, self.last or (known[-1] if known else 0) + 1)


def _ranges(known: Iterable[int], first: int, last: int) -> tuple[str, ...]:
    """Name the runs of numbers from *first* to *last* that are missing in *known*, which is in order."""
    found: list[str] = []
    before, more = first - 1, 0
    for number in (*(one for one in known if first <= one <= last), last + 1):
        if number > before + 1:
            if len(found) < MOST_RANGES:
                found.append(f"{before + 1}-{number - 1}" if number > before + 2 else str(before + 1))
            else:
                more += number - before - 1
        before = number
    return (*found, f"and {more} more") if more else tuple(found)


class _Finished(NamedTuple):
    """A transfer that is complete: its first record, and its blocks by number as hashes, to know them again."""

    first: int
    blocks: dict[int, int]


class GeneralBlocks:
    """The transfers of both directions between one client and one server."""

    __slots__ = ("_finished", "_streams", "acknowledged")

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        """The number that an acknowledgement bore which came last in a direction; an APDU without blocks ends that."""
        self._streams: dict[str, _Stream] = {}
        self._finished: dict[str, _Finished] = {}

    def runs(self, direction: str) -> bool:
        """Tell whether a transfer runs in *direction*."""
        return direction in self._streams

    def so_far(self, direction: str) -> bytes:
        """Give the octets up to the first hole of the transfer that runs in *direction*."""
        stream = self._streams.get(direction)
        found: list[bytes] = []
        while stream is not None and (block := stream.find(len(found) + stream.first)) is not None:
            found.append(block)
        return b"".join(found)

    def acknowledge(self, direction: str, number: int) -> None:
        """Note the number of a block without data: some stacks number these with their blocks, others leave 0."""
        self.acknowledged[direction] = number

    def begins_anew(self, direction: str, number: int, data: bytes) -> bool:
        """Tell whether this block is of another transfer while one runs: it contradicts what came."""
        stream = self._streams.get(direction)
        if stream is None:
            return False
        known = stream.find(number)
        return number < stream.first or (known is not None and known != data)

    def add(self, direction: str, number: int, is_last: bool, data: bytes, record: int) -> GeneralOutcome:
        """Take block *number* of the record *record*; one that contradicts the blocks before begins anew."""
        stream = self._streams.get(direction)
        finished = self._finished.get(direction)
        lost: tuple[str, ...] = ()
        if stream is None and number != 1 and finished and finished.blocks.get(number) == hash(data):
            return GeneralOutcome(first=finished.first, is_repeated=True)
        if stream is not None and self.begins_anew(direction, number, data):
            lost = stream.holes()
            stream = self._streams[direction] = self._other(stream, number, self._begin(direction, number))
        if stream is None:
            stream = self._streams[direction] = _Stream(self._begin(direction, number))
        is_repeated = stream.find(number) is not None
        if number == stream.first and (stream.blocks or stream.is_given_up):
            stream.start_over()
        stream.take(number, data, record)
        if is_last:
            stream.last = number
        whole = stream.whole()
        if whole is None:
            if is_last and stream.is_given_up:
                del self._streams[direction]
            return GeneralOutcome(first=stream.parts[0], is_repeated=is_repeated, lost=lost)
        del self._streams[direction]
        self._finished[direction] = _Finished(
            stream.parts[0], {one: hash(block) for one, block in (stream.earlier | stream.blocks).items()}
        )
        return GeneralOutcome(whole, tuple(stream.parts), stream.parts[0], is_repeated, lost)

    def _begin(self, direction: str, number: int) -> int:
        """Give the number of the first block of a transfer of which *number* comes first."""
        return number if number == self.acknowledged.pop(direction, 0) + 1 else 1

    @staticmethod
    def _other(stream: _Stream, number: int, first: int) -> _Stream:
        """Begin another transfer; blocks since the first one came again are of it, unless they are in the way."""
        made = _Stream(first)
        if stream.first == first == 1 and stream.earlier and number not in stream.blocks:
            made.blocks, made.last = stream.blocks, stream.last
            made.parts, made.again = list(stream.again), list(stream.again)
            made.size = sum(map(len, made.blocks.values()))
            made.pass_over_known()
        return made
