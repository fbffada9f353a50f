"""A source that counts what is read from it: packets, octets on the line, how far into the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from captures.chunk import SILENCE, Chunk, Source
from captures.growing import GrowingInput


class Watched(Source):
    """Gives the chunks of *inner*, and takes what is said about it."""

    def __init__(self, inner: Source, growing: GrowingInput | None = None) -> None:
        super().__init__(inner.name, inner.size)
        self.inner, self._growing = inner, growing
        self.is_live, self.has_local_times = inner.is_live, inner.has_local_times
        self.plain_file, self.again = inner.plain_file, inner.again
        self.remarks, self.remark_counts = inner.remarks, inner.remark_counts
        self.comments, self.line_errors = inner.comments, inner.line_errors
        self.packets = 0
        self.octets = 0
        """Of the packets, as long as they were on the line."""
        self.offset = 0

    def __iter__(self) -> Iterator[Chunk]:
        for chunk in self.inner:
            self.packets += chunk[2] != SILENCE
            self.octets += chunk[5]
            self.offset = chunk[6]
            yield chunk
        self.time_digits = self.inner.time_digits

    def measure(self) -> int | None:
        """Tell the size of the input as it is now."""
        return self.offset + self._growing.behind if self._growing is not None else self.size

    def when_idle(self, act: Callable[[], None]) -> None:
        """Call *act* again and again while nothing comes, where octets may still come."""
        if self._growing is not None:
            self._growing.idle = act

    def close(self) -> None:
        """Give the input back."""
        self.inner.close()
