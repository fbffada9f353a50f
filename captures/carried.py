"""Octets of a line as a packet of a tap carried them, and what its carrier finds out beside; types only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, Protocol

from captures.chunk import Chunk

IN_PACKET = " in packet "
"""What stands before the number in a mark of a line error."""
Report = Callable[[str, str], None]
"""Takes a remark's code and text."""


class Line(NamedTuple):
    """A line that a capture carries octets of; one direction each way."""

    key: Hashable
    name: str
    """What its packets are counted as where nothing of ours is found in them."""
    is_serial: bool = False
    """Whether all it carries is a record, as on a serial line; else only once a stack is recognised."""
    is_datagram: bool = False
    """Whether each piece stands for itself."""
    lanes: tuple[str, str] | None = None
    """The names of its lanes, the sent one first; None where it has none but a letter."""
    has_taps: bool = False
    """Whether each direction may have a tap of its own, which gives its octets when it pleases."""


class Carried(NamedTuple):
    """Octets of a line, as one packet carried them."""

    line: Line
    direction: int
    """UNKNOWN, RECEIVED or SENT, as in a chunk."""
    octets: bytes
    number: int
    time_ns: int | None
    is_cut: bool = False
    """Whether octets are missing after these."""
    begun_ns: int | None = None
    """When the first of the octets came, where that is known of ones that came over a while."""


class Notebook:
    """What carriers find out beside the octets: remarks, marks of line errors, and packets that carry nothing."""

    def __init__(self, report: Report, line_errors: dict[int, list[str]]) -> None:
        self.report = report
        self.line_errors = line_errors
        self.left_aside: Counter[str] = Counter()

    def mark(self, number: int, text: str) -> None:
        """Keep that the receiver saw a line error in packet *number*."""
        self.line_errors.setdefault(number, []).append(text)


class Carrier(Protocol):
    """Peels the packets of one kind of tap; total on octets."""

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return what *chunk*, and chunks before it that waited, carry."""

    def finish(self) -> Iterable[Carried]:
        """Return what still waits."""
