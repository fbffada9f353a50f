"""Octets that a program has or receives, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import time_ns

from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk, Source


class Pieces(Source):
    """The octets of a line in *pieces*, wherever these part them.

    Those of a sequence have no times, and are read again as often as asked. Of an iterator each has the time at which
    it came, and what they complete is given at once.

    Raises: TypeError for a piece that is no octets.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__("octets")
        self._pieces = pieces
        self.is_live = not isinstance(pieces, Sequence)
        if self.is_live:
            self.time_digits = 9
        else:
            self.again = lambda: Pieces(pieces)

    def __iter__(self) -> Iterator[Chunk]:
        for number, piece in enumerate(self._pieces, 1):
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise TypeError(f"piece {number}: octets were expected, not {type(piece).__name__}")
            time = time_ns() if self.is_live else None
            yield Chunk(number, time, LINK_OCTETS, UNKNOWN, bytes(piece), len(piece), -1)
