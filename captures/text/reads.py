"""Octets of lines to reads: those that a heading announced, rows of a dump, octets one by one."""

import re
from collections.abc import Callable

from captures.chunk import UNKNOWN, Chunk
from captures.text.given import Given
from captures.text.offsets import follows, goes_on, number_of
from captures.text.shape import Joins, Shape
from captures.text.units import begins_another, in_order, without_explanation

_LONGEST_READ = 1 << 18
_LONGEST_RUN = 4096
_WORDS = {"words": 2, "octal_words": 2, "long_words": 4}
"""The groups of patterns that hold words, and how many octets a word has."""
_END_OF_LINE = b"\r\n"
_IDENTIFIES = re.compile(rb"(?:\A/[^\r]*|/[A-Z]{3}[0-9][!-\x27*-~]{0,80})\r\n\Z")
"""An identification message, also one that follows on what is left of a line."""


class Reads:
    """Takes the octets of lines, gives chunks to *emit*, and knows what the next line may go on with. Total."""

    def __init__(self, shape: Shape, emit: Callable[[Chunk], None]) -> None:
        self.given = Given(emit)
        self.said: tuple[int | None, int] = None, UNKNOWN
        """Time and direction that headings said since octets were given."""
        self.is_shortened = False
        """The line says that octets behind these were left out."""
        self.is_identified = False
        """An identification message was given last; the blank line behind it belongs to it."""
        self._pending = bytearray()
        self._filled = 0
        """Octets at the end of what waits that only fill up a word."""
        self._pending_offset = 0
        self._row = self._row_offset = b""
        self._repeats = False
        self.begin(None, UNKNOWN, is_open=False)
        self.change(shape)

    def change(self, shape: Shape) -> None:
        """Join lines as *shape* does from here on."""
        if self._pending:
            self.end()
        self.is_open = not shape.needs_heading
        """Whether octets would be traffic here."""
        self._shape = shape
        self._word = next((size for name, size in _WORDS.items() if name in shape.data.groupindex), 1)
        self._keeps_blank = "characters" in shape.data.groupindex

    def begin(self, time_ns: int | None, direction: int, *, is_open: bool, count: int = 0) -> None:
        """Begin a read of *count* octets (0: unknown) at that time and in that direction."""
        self.time_ns, self.direction, self.is_open, self._count = time_ns, direction, is_open, count
        self.last_was_octets = False
        self.given_ns, self.given_direction = time_ns, direction

    def end(self) -> None:
        """Give the read that waits for its end."""
        if self._pending:
            octets, self._pending = bytes(self._pending), bytearray()
            if self._shape.is_explained:
                octets = without_explanation(octets)
            if self._word > 1:
                octets = in_order(octets, self._word)[: len(octets) - self._filled]
            self._filled = 0
            self.give(octets[self._shape.skips :], self.time_ns, self.direction, self._pending_offset)
        self._row, self._repeats = b"", False

    @property
    def goes_on_above(self) -> bool:
        """Whether octets stand right above, given or as rows of a dump."""
        return self.last_was_octets or bool(self._pending)

    # -- lines that make a read ---------------------------------------------------------------------------------

    def add(self, octets: bytes, groups: dict[str, bytes], time_ns: int | None, direction: int, offset: int) -> None:
        """Add the octets of a line; *groups* are those of the shape's pattern."""
        joins = self._shape.joins
        if joins is Joins.LINE:
            if "named" in groups and not direction and self.last_was_octets:
                direction = self.given_direction
            self.give(octets, self.time_ns if time_ns is None else time_ns, direction or self.direction, offset)
        elif joins is Joins.DUMP:
            self._add_row(octets, groups["offset"], time_ns, direction, offset)
        elif joins is Joins.RUN:
            self._add_to_run(octets, time_ns, direction, offset)
        else:
            self._add_line(octets, groups, direction, offset)

    def _add_line(self, octets: bytes, groups: dict[str, bytes], direction: int, offset: int) -> None:
        """Add a line to the read that a heading announced."""
        if groups.get("begin"):
            self.end()
        if direction:
            self.end()
            self.begin(None, direction, is_open=True)
        if not self._pending:
            self._pending_offset = offset
        self._pending += octets
        if self._count and len(self._pending) >= self._count:
            del self._pending[self._count :]  # what stands beside a full read only looks like octets
            self.is_open = not self._shape.needs_heading
        if groups.get("end") or len(self._pending) >= (self._count or _LONGEST_READ):
            self.end()

    def _add_row(self, octets: bytes, offset_text: bytes, time_ns: int | None, direction: int, offset: int) -> None:
        """Add a row of a dump, or begin a read where the offset does not go on."""
        have, row = len(self._pending), self._row
        if have and self._repeats and row:
            gap = number_of(offset_text, self._row_offset, have - len(row)) - have
            if 0 < gap <= _LONGEST_READ and gap % len(row) == 0:
                self._pending += row * (gap // len(row))
                have += gap
        is_next = goes_on(offset_text, have) or (row and follows(self._row_offset, offset_text, len(row)))
        is_next = is_next and (not direction or direction == self.direction)
        if not (have and is_next) or have >= _LONGEST_READ:
            self.end()
            if time_ns is not None or direction:
                self.begin(time_ns, direction or self.direction, is_open=True)
            self._pending_offset = offset
        elif row and len(octets) > len(row):
            octets = octets[: len(row)]  # characters beside the row that look like octets
        self._row, self._row_offset, self._repeats = octets, offset_text, False
        self._pending += octets

    def _add_to_run(self, octets: bytes, time_ns: int | None, direction: int, offset: int) -> None:
        """Add an octet to those of its direction."""
        direction = direction or self.direction
        if self._pending and (direction != self.direction or len(self._pending) >= _LONGEST_RUN):
            self.end()
        if not self._pending:
            self.begin(time_ns, direction, is_open=True)
            self._pending_offset = offset
        self._pending += octets

    # -- lines of a dump that hold no octets ----------------------------------------------------------------------

    def repeat_row(self) -> bool:
        """Take the sign of repeated rows; false if there is no row to repeat."""
        self._repeats = bool(self._row)
        return self._repeats

    def end_dump(self, offset_text: bytes) -> bool:
        """Take an offset that stands alone behind the last row of a dump; false if there is no row before it."""
        if not self._row:
            return False
        filled = (more for more in range(1, self._word) if goes_on(offset_text, len(self._pending) - more))
        self._filled = next(filled, 0)
        self._add_row(b"", offset_text, None, UNKNOWN, 0)
        self.end()
        return True

    def end_of_line(self, offset: int) -> None:
        """Take a blank line: it ends a read, and belongs to an identification message."""
        if self._shape.joins is Joins.READ:
            self.end()
        elif self.is_identified:
            self.give(_END_OF_LINE, self.given_ns, self.given_direction, offset)
            self.is_identified = False
        self.last_was_octets = False

    # -- what is given ------------------------------------------------------------------------------------------

    def give(self, octets: bytes, time_ns: int | None, direction: int, offset: int) -> None:
        """Give octets, if there are any, and remember what the next line may go on with."""
        if not octets:
            return
        self.given_ns, self.given_direction, self.last_was_octets = time_ns, direction, True
        self.said = None, UNKNOWN
        self.is_identified = self._keeps_blank and _IDENTIFIES.search(octets) is not None
        self.given.take(octets, time_ns, direction, offset, is_shortened=self.is_shortened)
        self.is_shortened = False

    def hold(self, octets: bytes, time_ns: int | None, offset: int) -> None:
        """Keep a unit without a direction, where others have one; it stands behind a dump above it."""
        if self._shape.joins is Joins.DUMP:
            self.end()
        self.given.hold(octets, time_ns, offset)
        self.given_ns, self.given_direction, self.last_was_octets = time_ns, UNKNOWN, True

    def goes_on(self, octets: bytes) -> bool:
        """Tell whether a line of nothing but octets is the rest of the one above, which a program or a mail broke."""
        if self.last_was_octets:
            is_rest = self.given_direction != UNKNOWN or len(octets) <= self.given.lacks
        else:
            # a blank line stands between
            is_rest = len(octets) == self.given.lacks or (
                self.given_direction != UNKNOWN and len(octets) < self.given.lacks
            )
        return is_rest and not begins_another(octets, self.given.lacks, is_frame=self.given.is_frame)

    def go_on(self, octets: bytes, offset: int) -> bool:
        """Take the rest of the octets above; false if those are kept and lack less."""
        if self.given.is_keeping:
            return self.given.add(octets)
        self.give(octets, self.given_ns, self.given_direction, offset)
        return True

    def pass_over(self) -> None:
        """Take a line that is no traffic: no octets go on over it."""
        self.last_was_octets = False
        self.given.lacks = 0
