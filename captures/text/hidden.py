"""Which chunks of a text hold octets that somebody hid: said as comments of them."""

from bisect import bisect_left
from collections.abc import Sequence

from captures.chunk import Chunk
from captures.text import HIDDEN, HIDES

_SIGN = bytes.fromhex(HIDDEN.decode())
_COMMENT = f"{HIDES}: each is read as {HIDDEN.decode()}, the letter {_SIGN.decode()}"
_MOST_LINES = 4096


class HiddenLines:
    """The lines in which octets are hidden, as far as their chunks may still come."""

    def __init__(self) -> None:
        self.first = 0
        """The number of the first line; 0 if there is none."""
        self._offsets: list[int] = []

    def add(self, number: int, offset: int) -> None:
        """Take a line with its number and where it begins."""
        self.first = self.first or number
        if len(self._offsets) < _MOST_LINES:
            self._offsets.append(offset)

    def tell(self, chunks: Sequence[Chunk], comments: dict[int, list[str]]) -> None:
        """Add the comments of *chunks*: the lines of each stand from its offset up to that of the next."""
        offsets = self._offsets
        for at, chunk in enumerate(chunks, 1):
            line = bisect_left(offsets, chunk.offset)
            is_last = at == len(chunks)
            if line < len(offsets) and (is_last or offsets[line] < chunks[at].offset) and _SIGN in chunk.octets:
                comments.setdefault(chunk.number, []).append(_COMMENT)
        del offsets[: bisect_left(offsets, chunks[-1].offset)]
