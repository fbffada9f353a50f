"""UART exports of logic analysers to chunks: octets that follow each other closely are one burst.

A burst is two chunks, its first octet and the others, so that a record knows when it began and when it ended and a
million rows stay cheap. What the analyser marked as wrong stands in ``line_errors``.
"""

import re
from collections.abc import Iterator

from captures.chunk import FURTHEST_NS, LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.stream import Window
from captures.text.lines import blocks
from captures.uart_rows import SAMPLES, SECONDS, Layout, Row, find_layout

LOOKED_AT = 64 * 1024
_FLOOR_NS = 2_000_000
_SILENCE = 4
"""Character times from the start of one octet to the next that part bursts: three of silence."""
_LARGEST_BURST = 2048
_MOST_ERRORS = 4
_MOST_CHANNELS = 64
_DIRECTIONS = (
    (re.compile(r"(?<![a-z])(?:rxd?|receive[rd]?|input|in)(?![a-z])", re.IGNORECASE), RECEIVED),
    (re.compile(r"(?<![a-z])(?:txd?|transmit(?:ter|ted)?|output|out|sent)(?![a-z])", re.IGNORECASE), SENT),
)


def export_layout(head: bytes) -> Layout | None:
    """Tell by the first lines of a text whether it is an export."""
    return find_layout(head[:LOOKED_AT].decode("utf-8-sig", "replace").splitlines())


class UartExport(Source):
    """The octets of an export, as chunks; ``Chunk.offset`` is where the block of lines begins that held them."""

    def __init__(self, name: str, window: Window, layout: Layout, size: int | None = None) -> None:
        super().__init__(name, size)
        self.time_digits = 9 if layout.counts != SAMPLES else 0
        self.has_local_times = layout.counts == SECONDS  # they stand for no hour of any zone
        self._window = window
        self._layout = layout
        self._number = 0
        self._rows = self._strange = 0
        self._ways: dict[str, tuple[int, int]] = {}
        self._unnamed = 0
        self._shift = 0
        self._burst = bytearray()
        self._burst_way = (UNKNOWN, 0)
        self._first: int | None = None
        self._last: int | None = None
        self._character = 0
        self._errors: list[str] = []
        self._error_count = 0

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def __iter__(self) -> Iterator[Chunk]:
        skipped = int(self._layout.has_header)
        for block in blocks(self._window):
            lines = [line.decode("utf-8", "replace") for line in block.lines[skipped:]]
            skipped = max(0, skipped - len(block.lines))
            for row in self._layout.read(line for line in lines if line):
                self._rows += 1
                if row is None:
                    self._strange += 1
                    continue
                if row.octet < 0:
                    self._mark(row.error)
                    continue
                way = self._way(row.name)
                if self._burst and (
                    way != self._burst_way or self._is_apart(row) or len(self._burst) >= _LARGEST_BURST
                ):
                    yield from self._end(block.offset)
                self._add(row, way)
            if self.is_live:
                yield from self._end(block.offset)
        yield from self._end(self._window.base)
        self._say()

    def _way(self, name: str) -> tuple[int, int]:
        """Tell direction and line from a channel's name; two channels whose names tell nothing are the two ways."""
        way = self._ways.get(name)
        if way is None:
            direction = next((one for pattern, one in _DIRECTIONS if pattern.search(name)), UNKNOWN)
            way = (direction, 0)
            if direction == UNKNOWN:
                way = (RECEIVED if self._unnamed & 1 else UNKNOWN, self._unnamed // 2)
            if len(self._ways) < _MOST_CHANNELS:
                self._ways[name] = way
                self._unnamed += direction == UNKNOWN
        return way

    def _is_apart(self, row: Row) -> bool:
        """Tell whether a silence lies between the burst and *row*; learns how long a character takes."""
        if row.start is None or self._last is None:
            return False
        step = row.start - self._last
        if step <= 0:
            return step < 0
        if row.length:
            self._character = row.length
        elif not self._character or step < self._character:
            self._character = step
        floor = _FLOOR_NS if self._layout.counts != SAMPLES else 0
        return step > max(_SILENCE * self._character, floor)

    def _add(self, row: Row, way: tuple[int, int]) -> None:
        if not self._burst:
            self._burst_way, self._first = way, row.start
        self._burst.append(row.octet)
        self._last = row.start
        if row.error:
            self._mark(row.error)

    def _mark(self, error: str) -> None:
        """Keep the error of the octet that came last."""
        self._error_count += 1
        if self._burst and len(self._errors) < _MOST_ERRORS:
            self._errors.append(f"{error} at octet {len(self._burst)} ({self._burst[-1]:02X})")

    def _end(self, offset: int) -> Iterator[Chunk]:
        """Give the burst that ended."""
        octets, errors = bytes(self._burst), self._errors
        if not octets:
            return
        if errors:
            text = f"the logic analyser marked in this burst: {', '.join(errors)}"
            self.line_errors[self._number + 1 + (len(octets) > 1)] = [text]
        direction, interface = self._burst_way
        for part, time in ((octets[:1], self._first), (octets[1:], self._last)):
            if part:
                self._number += 1
                time_ns = self._time(time)
                yield Chunk(self._number, time_ns, LINK_OCTETS, direction, part, len(part), offset, interface)
        self._burst, self._errors = bytearray(), []

    def _time(self, time: int | None) -> int | None:
        if time is None or self._layout.counts == SAMPLES:
            return None
        if time + self._shift < 0:  # before the trigger
            self._shift = -time
        return time + self._shift if time + self._shift <= FURTHEST_NS else None

    def _say(self) -> None:
        """Remark what was assumed."""
        said = [f"read as {self._layout.title}"]
        if self._layout.counts == SECONDS:
            said.append("times count from the trigger")
        if self._layout.counts == SAMPLES:
            said.append("times count samples and are left out")
        if self._unnamed > 1:
            said.append("channels whose names tell no direction are taken in pairs, the first of each as sent")
        if self._strange:
            said.append(f"{self._strange} of {self._rows} rows hold no octet")
        if self._error_count:
            said.append(f"{self._error_count} marks of line errors")
        self.remark("uart-export", "; ".join(said))
