"""Octets of a text to chunks: numbered, on the line of their recording, and those that a log prints twice once."""

from collections.abc import Callable

from captures.chunk import SENT, UNKNOWN, Chunk
from captures.links import link_of
from captures.text.rows import row_below
from captures.text.units import Printed, end_of_units, size_of

_MOST_SESSIONS = 16
_ANOTHER_SESSION_NS = 43_200_000_000_000
_DATED_NS = 366 * 86_400 * 1_000_000_000
"""Times before are of a clock without a date, and say nothing of other days."""
_FLAG = 0x7E
_MOST_CUTS, _LEAST_CUTS, _LEAST_CUT = 64, 2, 12
_RECEIVER_SIZES = frozenset({32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024})
_UNIT_STARTS = b"\x7e\x00\x68"
_new = tuple.__new__


class Given:
    """What was given of one text: makes the chunks for *emit*, and counts what tells one shape from another."""

    def __init__(self, emit: Callable[[Chunk], None]) -> None:
        self.chunks = 0
        self.heard = 0
        """How often octets came, those that are kept among them."""
        self.directed = 0
        """How many octets had words of a direction."""
        self.ways = UNKNOWN
        """The directions that octets had, as one number with a bit for each."""
        self.framed = False
        """Whether any octets began as an HDLC frame."""
        self.units = 0
        """How many octets began as a unit of a link."""
        self.lacks = 0
        """Octets that the unit that was given last still lacks."""
        self.is_frame = False
        """The unit that came last is a frame of HDLC."""
        self.is_whole = False
        """The octets that came last ended a unit, so none is to come."""
        self.has_units = False
        """Whether any unit was whole."""
        self.cut_at = 0
        """Units that lack octets and have just so many were cut by what wrote the text."""
        self.cut = 0
        """How many were."""
        self._longest = self._short = self._short_direction = 0
        """The most octets that came at once; those of the last unit, if it lacks some and nothing came behind it."""
        self._cuts: list[tuple[int, int]] = []
        """Octets and directions of units that another followed before they were whole."""
        self._emit = emit
        self._session = self._last_ns = 0
        self._printed = Printed()
        self._before = b""
        """What was given last, of any direction."""
        self._held: tuple[bytes, int | None, int] | None = None
        """Octets, time and offset of a unit without a direction, where others have one: the next may be the same."""

    def take(
        self, octets: bytes, time_ns: int | None, direction: int, offset: int, *, is_shortened: bool = False
    ) -> None:
        """Make the chunk. A log that jumps back by half a day is another recording, so another line."""
        if time_ns is not None and time_ns > _DATED_NS:
            if time_ns < self._last_ns - _ANOTHER_SESSION_NS and self._session < _MOST_SESSIONS:
                self._session += 1
            self._last_ns = time_ns
        if self._held is not None:
            self.release(octets)
        self._before = octets
        if direction:
            self.directed += len(octets)
            self.ways |= direction
            self._printed.take(octets)
        size, length = 0, len(octets)
        if octets[0] in _UNIT_STARTS:
            size = size_of(octets)
            self.framed = self.framed or octets[0] == _FLAG
        wanted = size or self.lacks
        if 0 < wanted < length:
            wanted = end_of_units(octets, wanted)
        lacks = wanted - length if wanted > length else 0
        self.is_whole = 0 < wanted <= length
        self.has_units = self.has_units or self.is_whole
        if size and lacks and length > 1 and octets[0] == _FLAG == octets[-1]:
            size = 0  # a frame that lacks octets within
        if length > self._longest:
            self._longest = length
        if size:
            self.is_frame = octets[0] == _FLAG
            self.units += 1
            if self._short and len(self._cuts) < _MOST_CUTS:
                self._cuts.append((self._short, self._short_direction))
            self._short_direction = direction
        self._short = length if size and lacks else 0
        self.chunks = number = self.chunks + 1
        self.heard += 1
        link_type = link_of(octets)
        is_cut = lacks > 0 and length == self.cut_at
        if is_shortened or is_cut:
            self.cut += is_cut
            length += lacks or 1
            lacks = 0
        self.lacks = lacks
        self._emit(_new(Chunk, (number, time_ns, link_type, direction, octets, length, offset, self._session)))

    @property
    def is_short_row(self) -> bool:
        """Whether fewer octets came last than others at once, as in the last row of a dump."""
        return len(self._before) < self._longest

    def goes_on(self, line: bytes) -> None:
        """Heed *line*, which another shape may read: where the unit that came last goes on on it, nothing cut that."""
        if below := row_below(line, self.lacks, is_frame=self.is_frame):
            self.lacks -= len(below)
            self._short = 0

    def cut_size(self) -> int:
        """Tell where what wrote the text cuts units; 0 if it does not, or a receiver may have done it."""
        cuts = self._cuts + [(self._short, self._short_direction)] * (self._short > 0)
        if len(cuts) < _LEAST_CUTS or {size for size, _ in cuts} != {self._longest} or self._longest < _LEAST_CUT:
            return 0
        is_one_sided = len({direction for _, direction in cuts}) == 1 and cuts[0][1] != SENT
        return 0 if is_one_sided and self._longest in _RECEIVER_SIZES else self._longest

    def hold(self, octets: bytes, time_ns: int | None, offset: int) -> None:
        """Keep a unit without a direction until the next: a log may print the same once more."""
        self.release()
        self.heard += 1
        self._held, self.is_whole = (octets, time_ns, offset), False
        self.lacks = max(0, size_of(octets) - len(octets))
        self.is_frame = octets[0] == _FLAG

    @property
    def is_keeping(self) -> bool:
        """Whether a unit waits for the next."""
        return self._held is not None

    def add(self, octets: bytes) -> bool:
        """Add the rest of the unit that is kept; false if none is, or if it lacks less."""
        if self._held is None or len(octets) > self.lacks:
            return False
        self.heard += 1
        self.lacks -= len(octets)
        self._held = (self._held[0] + octets, *self._held[1:])
        return True

    def release(self, after: bytes = b"") -> None:
        """Give the unit that was kept, if it was not printed before it and *after* is not the same."""
        held, self._held = self._held, None
        is_again = held is not None and (held[0] in after or held[0] in self._before or self._printed.has(held[0]))
        if held is not None and not is_again:
            self._printed.end()
            self.take(held[0], held[1], UNKNOWN, held[2])
