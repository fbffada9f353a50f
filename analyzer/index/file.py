"""The file of an index: what the index pass says, in the order it says it; a temporary one, or beside the capture.

Octets: after an 8-octet signature entries follow, each a kind (1 octet), its length (4, big endian), its check sum
(4, CRC-32 of kind and content; of a block of records, which has one inside, of what stands before it) and its content.
``{`` JSON · ``C`` columns (Arrow IPC) · ``R`` a block of records. A reader takes entries
up to what it was told is there.

Where several processes read the capture, each numbers its own records from 1: ``S`` is a block of one of them (behind
the count its place among them), ``O`` says of every record in order who made it, an octet each.
"""

from __future__ import annotations

import json
import os
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, compress, count
from typing import Any, BinaryIO
from zlib import crc32

from analyzer.index.packing import Packed
from captures.chunk import DlmsharkError

SIGNATURE = b"DLMSIDX2"
JSON, COLUMNS, RECORDS, SHARED, ORDER = b"{", b"C", b"R", b"S", b"O"
PLACES, LAST = b"P", b"L"
"""Said between processes alone."""
BLOCK = 128
"""Records in a block: what is read and decompressed to show one."""
_HEADER = struct.Struct(">cII")
HEADER_SIZE = _HEADER.size
_COUNT = struct.Struct("<I")
_SHARE = struct.Struct("<II")
MOST_SHARES = 255
_HEADS = {RECORDS: _COUNT.size, SHARED: _SHARE.size}
"""Octets before the blocks of records in their entries."""
_MOST_BLOCKS = 64
_LEVEL = 1
_LARGEST_BLOCK = 1 << 30


class IndexDamagedError(DlmsharkError):
    """The file of an index does not hold what was written to it."""


class IndexWriter:
    """Writes entries to *file*."""

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._file = file
        self.end = file.write(SIGNATURE)
        self._compress = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
        self._block: list[Packed] = []

    def add(self, packed: Packed) -> None:
        """Write one record, with others in one block."""
        self._block.append(packed)
        if len(self._block) == BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write the block that is begun, so that what was added can be read."""
        if self._block:
            content = _COUNT.pack(len(self._block)) + self._compress(pack_block(self._block))
            self._entry(RECORDS, content)
            self._block.clear()

    def say(self, **members: Any) -> None:
        """Write members as JSON."""
        self._entry(JSON, json.dumps(members, separators=(",", ":")).encode())

    def columns(self, octets: bytes) -> None:
        """Write columns."""
        self._entry(COLUMNS, octets)

    def pass_on(self, share: int, content: bytes) -> None:
        """Write a block of records, as another writer made it, of the *share*-th process."""
        count = _COUNT.unpack_from(content)[0]
        self._entry(SHARED, _SHARE.pack(count, share) + content[_COUNT.size :])

    def order(self, octets: bytes) -> None:
        """Write who made the next records, an octet each."""
        self._entry(ORDER, octets)

    def places(self, octets: bytes) -> None:
        """Write where in the capture the next records came."""
        self._entry(PLACES, octets)

    def last(self, octets: bytes) -> None:
        """Write what is said at the end."""
        self._entry(LAST, octets)

    def sync(self) -> None:
        """Let readers see what was written."""
        self._file.flush()

    def _entry(self, kind: bytes, content: bytes) -> None:
        header = _HEADER.pack(kind, len(content), _check(kind, content))
        self.end += self._file.write(header) + self._file.write(content)


class Blocks:
    """Where the blocks of records of one process stand, and which records are its own."""

    def __init__(self) -> None:
        self.places = array("Q")
        """place << 32 | length."""
        self.firsts = array("Q")
        """Number of each block's first record, as its maker counts."""
        self.records = 0
        self.numbers = array("I")
        """The numbers of its records among all of them, where several processes made them."""

    def add(self, place: int, length: int, records: int) -> None:
        """Take one more."""
        self.places.append(place << 32 | length)
        self.firsts.append(self.records + 1)
        self.records += records


class IndexReader:
    """Reads an index through *descriptor*, which it owns, and gives records of it by number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = len(SIGNATURE)
        self._blocks = [Blocks()]
        """Of each process that made the index."""
        self._makers = bytearray()
        """Who made each record, where several did."""
        self._known: OrderedDict[tuple[int, int], Block] = OrderedDict()
        self._decompress: Callable[[bytes], bytes] | None = None

    def entries(self, end: int) -> Iterator[tuple[bytes, bytes]]:
        """Give kind and content of the entries before *end* that were not given yet; blocks are only remembered.

        Raises: IndexDamagedError.
        """
        while self._at + _HEADER.size <= end:
            kind, length, check = _HEADER.unpack(self._read(self._at, _HEADER.size))
            begin = self._at + _HEADER.size
            if begin + length > end:
                return
            self._at = begin + length
            size = _HEADS.get(kind, length)
            content = self._read(begin, size)
            if _check(kind, content) != check:
                raise IndexDamagedError(f"the index is damaged at octet {begin}")
            if kind == RECORDS:
                self._blocks[0].add(begin + size, length - size, _COUNT.unpack(content)[0])
            elif kind == SHARED:
                count, share = _SHARE.unpack(content)
                self._of(share).add(begin + size, length - size, count)
            elif kind == ORDER:
                self._take_order(content)
            else:
                yield kind, content

    @property
    def records(self) -> int:
        """Count the records that were seen."""
        return len(self._makers) or self._blocks[0].records

    @property
    def is_whole(self) -> bool:
        """Whether there is a block for every record."""
        return not self._makers or all(one.records == len(one.numbers) for one in self._blocks)

    def _of(self, share: int) -> Blocks:
        if share > MOST_SHARES:
            raise IndexDamagedError("the index is damaged: too many processes made it")
        self._blocks += [Blocks() for _ in range(len(self._blocks), share + 1)]
        return self._blocks[share]

    def _take_order(self, content: bytes) -> None:
        """Take who made the next records."""
        first = len(self._makers) + 1
        self._makers += content
        for share in sorted(set(content)):
            numbers = compress(count(first), map(share.__eq__, content))
            self._of(share).numbers.extend(numbers)

    def numbers(self, number: int) -> Sequence[int] | None:
        """Give the numbers of all records that the maker of record *number* made; None where one made all."""
        return self._blocks[self._makers[number - 1]].numbers if self._makers else None

    def packed(self, number: int) -> Packed:
        """Give what was kept of record *number*. Raises: IndexError."""
        if not 0 < number <= self.records:
            raise IndexError(f"record {number} of {self.records}")
        share = 0
        if self._makers:
            share = self._makers[number - 1]
            number = bisect_left(self._blocks[share].numbers, number) + 1
        blocks = self._blocks[share]
        index = bisect_right(blocks.firsts, number) - 1
        block = self._known.get((share, index))
        if block is None:
            block = self._known[share, index] = self._block(blocks.places[index])
            if len(self._known) > _MOST_BLOCKS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end((share, index))
        return block.packed(number - blocks.firsts[index])

    def _block(self, place: int) -> Block:
        import zstandard

        octets = self._read(place >> 32, place & 0xFFFFFFFF)
        try:
            if zstandard.frame_content_size(octets) > _LARGEST_BLOCK:
                raise ValueError("a block is too large")
            if self._decompress is None:
                self._decompress = zstandard.ZstdDecompressor().decompress
            return Block(self._decompress(octets))
        except (zstandard.ZstdError, ValueError, struct.error) as problem:
            raise IndexDamagedError(f"the index is damaged: {problem}") from None

    def octets(self, at: int, length: int) -> bytes:
        """Give octets of the file."""
        return self._read(at, length)

    def _read(self, at: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, length, at)
        os.lseek(self._descriptor, at, os.SEEK_SET)
        return os.read(self._descriptor, length)

    def close(self) -> None:
        """Give the file back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def header(octets: bytes) -> tuple[bytes, int]:
    """Read kind and length of an entry."""
    kind, length, _ = _HEADER.unpack(octets)
    return kind, length


def _check(kind: bytes, content: bytes) -> int:
    """Compute the check sum of an entry."""
    return crc32(content[: _HEADS.get(kind)], crc32(kind))


def pack_block(block: list[Packed]) -> bytes:
    """Put records into octets: how many, their figures column by column, texts of what is rare, then the octets."""
    octets, places, sizes, controls, extras = zip(*block, strict=True)
    texts = "\n".join(extras).encode()
    ends = array("I", accumulate(map(len, octets)))
    return b"".join(
        (
            _COUNT.pack(len(block)), _COUNT.pack(len(texts)), ends.tobytes(), array("i", places).tobytes(),
            array("I", sizes).tobytes(), array("h", controls).tobytes(), texts, *octets,
        )
    )  # fmt: skip


class Block:
    """Some records, out of the octets that :func:`pack_block` made."""

    def __init__(self, content: bytes) -> None:
        count, texts_size = _COUNT.unpack_from(content)[0], _COUNT.unpack_from(content, 4)[0]
        at = 2 * _COUNT.size
        self._columns = []
        for code in "IiIh":
            column = array(code)
            size = count * column.itemsize
            column.frombytes(content[at : at + size])
            self._columns.append(column)
            at += size
        self._extras = content[at : at + texts_size].decode().split("\n")
        self._octets = content[at + texts_size :]

    def packed(self, place: int) -> Packed:
        """Give the record at *place*, from 0."""
        ends, places, sizes, controls = self._columns
        octets = self._octets[ends[place - 1] if place else 0 : ends[place]]
        return Packed(octets, places[place], sizes[place], controls[place], self._extras[place])
