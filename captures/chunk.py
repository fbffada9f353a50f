"""Timed octets as captured, and what every source of them offers; standard library only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self

UNKNOWN, RECEIVED, SENT = 0, 1, 2
"""Direction of a chunk, as plain integers: they stand in every tuple of the hot path."""

LINK_OCTETS = -1
"""The "link type" of octets that come without a capture's link layer: text, hex, a raw dump, a serial lane."""

SILENCE = -2
"""The "link type" of no octets: so long nothing came from a live source that what it brought is over."""

PACKET_BITS = 40
"""Above these bits of a packet's number stands its input, where several are merged."""
PACKET = (1 << PACKET_BITS) - 1
"""Masks a packet's number in its own input."""

FURTHEST_NS = (1 << 63) - 1
"""A time further from 1970 than this, 292 years, is none: it is damage, and tables of nanoseconds hold no more."""

_SHOWN_REMARKS = 20
_BLOCK = 1 << 20


IsPiece = Callable[[int, bytes, int, int], bool]
"""Tells by its link type whether a packet, octets from here to there, is sought whatever stands in it."""


class DlmsharkError(Exception):
    """The base of all errors that are the caller's mistake; its text is one line."""


class CaptureError(DlmsharkError):
    """An input that cannot be read at all; the text names it and says what was expected."""


class CapturePermissionError(CaptureError):
    """An input that exists and may not be read by this user."""


class Chunk(NamedTuple):
    """Timed octets as captured: a packet of a capture, a line of a hex text, a piece of a raw dump."""

    number: int
    """Packet number, from 1; its input stands above PACKET_BITS."""
    time_ns: int | None
    """Nanoseconds since 1970 UTC; None where the source has no times."""
    link_type: int
    """LINKTYPE_ value, or LINK_OCTETS."""
    direction: int
    """UNKNOWN, RECEIVED or SENT, seen from the capturing side."""
    octets: bytes
    original_length: int
    """Octets on the line; more than ``len(octets)`` where the capture cut the packet."""
    offset: int
    """Of the octets in the (decompressed) input; -1 if none."""
    interface: int = 0
    """The interface it was captured on: its place in the section of a pcapng file, 0 in all else."""


TakePlain = Callable[[int, int | None, bytes, int, int], bool]
"""Takes a whole packet, by its number, its time and octets from here to there, if it is as nearly all are."""


PAUSE = 63
"""After 64 packets that were taken in their plain way, whoever reads may look what became of them."""


class Sink(Protocol):
    """Takes the packets of a source."""

    def feed(self, chunk: Chunk) -> None:
        """Take any chunk."""

    def plain(self, link_type: int) -> TakePlain | None:
        """Give what takes packets of *link_type*, in no known direction and of interface 0, that are as nearly all are.

        What it does not take is for `feed`.
        """


class Remark(NamedTuple):
    """Something about the input itself that its reader should know; never an error."""

    code: str
    text: str
    number: int | None
    """The packet or line it is about."""


class Source:
    """An input that is iterated once, for its chunks; what is wrong with it gathers in ``remarks``.

    ``time_digits`` is the number of decimals of its times, and may rise while a pcapng file is read;
    ``comments`` holds the comments of packets by packet number, ``line_errors`` what a receiver saw go wrong on the
    line in them (parity, framing, break); ``size`` is the input's length in
    octets where it is known and ``Chunk.offset`` runs up to it. ``is_live`` says that octets may still come
    while it is read (a pipe, a FIFO, a terminal) and that nobody can tell when. ``has_local_times`` says that its
    times name no zone: they are taken as if they were UTC, and should be shown as they stand. ``again`` opens the
    input once more from its beginning, beside this source; None where that cannot be.
    """

    def __init__(self, name: str, size: int | None = None) -> None:
        self.name = name
        self.size = size
        self.is_live = False
        self.has_local_times = False
        self.plain_file: str | None = None
        """The file in which packets stand octet for octet, if there is one."""
        self.again: Callable[[], Source] | None = None
        self.time_digits = 0
        self.remarks: list[Remark] = []
        self.remark_counts: Counter[str] = Counter()
        self.comments: dict[int, list[str]] = {}
        self.line_errors: dict[int, list[str]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def parts(self) -> Sequence[Source]:
        """The sources that it reads, if there are several; else itself."""
        return (self,)

    def __iter__(self) -> Iterator[Chunk]:
        raise NotImplementedError

    def pour(self, sink: Sink) -> Iterator[None]:
        """Give all chunks to *sink*, and halt now and then, at most 64 packets apart."""
        return map(sink.feed, self)

    def holding(self, sought: re.Pattern[bytes], least: int, is_piece: IsPiece) -> Iterator[Chunk]:
        """Give the chunks in which *sought* is found, and of those below *least* octets the ones that *is_piece* tells.

        Of a damaged input there may be others among them.
        """
        for chunk in self:
            octets = chunk[4]
            size = len(octets)
            if sought.search(octets) or (size < least and is_piece(chunk[2], octets, 0, size)):
                yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the input back; a second call does nothing."""

    def may_hold(self, octets: bytes) -> bool:
        """Tell whether *octets* may stand in a packet of the input; true where that cannot be said at once."""
        if self.plain_file is None:
            return True
        try:
            with open(self.plain_file, "rb") as file:
                before = b""
                while block := file.read(_BLOCK):
                    if octets in before + block:
                        return True
                    before = block[1 - len(octets) :]
                return False
        except OSError:
            return True

    def remark(self, code: str, text: str, number: int | None = None) -> None:
        """Note *text*; the first of a code are kept, and all are counted in ``remark_counts``."""
        self.remark_counts[code] += 1
        if self.remark_counts[code] <= _SHOWN_REMARKS:
            self.remarks.append(Remark(code, text, number))

    def cut(self, number: int, captured: int) -> None:
        """Note at the first of them that the capture cut its packets."""
        if not self.remark_counts["packets-cut"]:
            text = f"packets are cut, packet {number} at {captured} octets: capture them whole (tcpdump -s 0)"
            self.remark("packets-cut", text, number)
