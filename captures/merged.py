"""Several captures to one stream of chunks in the order of time, each chunk still telling which input it is from.

A packet's number carries its input above the bits of ``PACKET_BITS``. Interfaces stay apart, and so do serial lines,
but for those of files that one ring was written to; addresses are the same everywhere: a TCP connection that goes on in
the next file is one connection.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from heapq import merge
from itertools import chain
from operator import itemgetter

from captures.chunk import PACKET_BITS, Chunk, Source

_INTERFACE_BITS = 32
RING = re.compile(r"_(\d{5,})_(\d{14})(?=\.|$)")
"""What the recorder, dumpcap and Wireshark put between the name of a ring and its ending: a number, and the time."""

_SPARE = 64
"""Files that stay free for what is opened behind the inputs: modules, tables, outputs."""


@contextmanager
def opening(count: int) -> Iterator[None]:
    """Let *count* inputs be open at once, and once more for a second pass, where the system allows it.

    Where it does not, the last inputs cannot be opened, and all else can.
    """
    wanted = 2 * count + 2 * _SPARE
    limit = _raise_limit(wanted)
    spare: list[int] = []
    try:
        with suppress(OSError):
            while limit < wanted and len(spare) < limit // 2 + _SPARE // 2:
                spare.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in spare:
            os.close(descriptor)


def _raise_limit(wanted: int) -> int:
    """Ask for *wanted* open files, which a user may have up to a limit of their own. Returns how many may be open."""
    try:
        import resource
    except ImportError:  # Windows has none
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return wanted if soft == resource.RLIM_INFINITY else soft
    with suppress(OSError, ValueError):  # a system may have a limit below that
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class MergedSource(Source):
    """Reads *sources* at once, bounded: one chunk of each waits.

    A capture keeps its own order even where its times go back. Sources without times come first, one after another.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__("merged")
        self.sources = sources
        self.is_live = any(source.is_live for source in sources)
        openers = [source.again for source in sources if source.again is not None]
        if len(openers) == len(sources):
            self.again = lambda: MergedSource([opened() for opened in openers])
        self.has_local_times = any(source.has_local_times for source in sources)

    @property
    def parts(self) -> Sequence[Source]:
        """The sources."""
        return self.sources

    def close(self) -> None:
        """Give all inputs back."""
        for source in self.sources:
            source.close()

    def may_hold(self, octets: bytes) -> bool:
        """Tell whether *octets* may stand in one of the sources."""
        return any(source.may_hold(octets) for source in self.sources)

    def __iter__(self) -> Iterator[Chunk]:
        timed = []
        firsts: dict[str, int] = {}
        for index, source in enumerate(self.sources):
            ring, is_ring = RING.subn("", source.name)
            stream = self._numbered(index, firsts.setdefault(ring, index) if is_ring else index, source)
            first = next(stream, None)
            if first is None:
                continue
            if first.time_ns is not None:
                timed.append(_in_order(chain((first,), stream)))
                continue
            if len(self.sources) > 1:
                source.remark("merged-without-times", "has no times, and stands before the inputs that have them")
            yield first
            yield from stream
        for _, chunk in merge(*timed, key=itemgetter(0)):
            yield chunk

    def _numbered(self, index: int, first: int, source: Source) -> Iterator[Chunk]:
        """Give the chunks of one source with numbers of their own and the interfaces of its ring, and move its marks.

        *first* is the first file of the ring.
        """
        above, other = index << PACKET_BITS, first << _INTERFACE_BITS
        for chunk in source:
            if source.time_digits > self.time_digits:
                self.time_digits = source.time_digits
            for mine, theirs in ((self.comments, source.comments), (self.line_errors, source.line_errors)):
                if theirs:
                    mine.update((number | above, texts) for number, texts in theirs.items())
                    theirs.clear()
            yield chunk._replace(number=chunk.number | above, interface=chunk.interface | other)


def _in_order(chunks: Iterator[Chunk]) -> Iterator[tuple[int, Chunk]]:
    """Give each chunk with the latest time up to it."""
    latest = 0
    for chunk in chunks:
        if chunk.time_ns is not None and chunk.time_ns > latest:
            latest = chunk.time_ns
        yield latest, chunk
