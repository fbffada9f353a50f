"""Two captures, or two associations of one, compared beside the keys: read a little at a time, then aligned."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from analyzer.capture import Capture
from analyzer.diagnosis.comparison.compare import Difference, compare
from analyzer.diagnosis.comparison.side import MOST_STEPS, Side
from captures.chunk import PACKET, PACKET_BITS

if TYPE_CHECKING:
    from analyzer.record import End
    from analyzer.tui.options import Options, Part

_STEP_SECONDS = 0.03
_PORTION = 64
_OF_ROW = 0xFFFFFFFF
"""What a row keeps of the number of its packet."""


class Half:
    """One side: its capture, which is the open one or is read for this comparison, and what was gathered from it."""

    def __init__(self, part: Part, opened: Capture, options: Options) -> None:
        self.part = part
        self._opened = opened
        self.is_ours = bool(part.input) and opened.inputs != (part.input,)
        """Whether the capture was opened here, and is closed here."""
        self.capture = opened
        if self.is_ours:
            self.capture = Capture([part.input], keys=options.keys, decode_as=options.decode_as)
            self.capture.start()
        self.at = 0
        """How many records were looked at."""
        self._ends: deque[End] = deque()
        self._known = 0
        """How many ends of connections it was told."""
        self.side = Side(self._ends, is_part=bool(part.association))

    @property
    def name(self) -> str:
        """What it is called."""
        if self.part.association:
            return f"association {self.part.association}"
        return ", ".join(Path(one).name for one in self.capture.inputs)

    @property
    def is_read(self) -> bool:
        """Whether all of it was looked at; of a recording that runs what there was."""
        capture = self.capture
        is_whole = capture.progress.is_done or capture.live is not None
        return (is_whole and self.at >= capture.table.height) or self.is_cut

    @property
    def is_cut(self) -> bool:
        """Whether there is more than is compared."""
        return self.side.count >= MOST_STEPS

    def read(self, end: float) -> None:
        """Look at further records until the time *end*."""
        if self.is_ours:
            self.capture.poll()
        records, wanted, side = self.capture.records, self.part.association, self.side
        self._ends += records.ends[self._known :]
        self._known = len(records.ends)
        while not self.is_read and self.at < self.capture.table.height and monotonic() < end:
            for record in records.all(self.at, self.at + _PORTION):
                self.at += 1
                if not wanted or record.association == wanted:
                    side.take(record)

    def shown_as(self, number: int) -> int:
        """Tell which record of the open capture is *number* of this one; 0 where it is not in there."""
        if not self.is_ours:
            return number
        if self.part.input not in self._opened.inputs:
            return 0
        record, opened = self.capture.record(number), self._opened
        above = opened.inputs.index(self.part.input) << PACKET_BITS
        wanted = tuple(above | packet & PACKET for packet in record.packets)
        near = (opened.table.frame["packet"] == (record.packets[0] & _OF_ROW)).arg_true() if wanted else ()
        for place in near:
            other = opened.record(place + 1)
            if (other.packets, other.octets) == (wanted, record.octets):
                return other.number
        return 0

    def close(self) -> None:
        """Give the capture back."""
        if self.is_ours:
            self.capture.close()


class Comparison:
    """Compares *good* with *bad*; :meth:`step` goes on for a moment, nothing waits."""

    def __init__(self, good: Part, bad: Part, opened: Capture, options: Options) -> None:
        self.parts = (good, bad)
        self.halves = (Half(good, opened, options), Half(bad, opened, options))
        self.differences: list[Difference] = []
        self.is_done = False
        self._failed: BaseException | None = None
        self._thread: Thread | None = None

    @property
    def error(self) -> str:
        """Why nothing can be compared; empty where it can."""
        for half in self.halves:
            if half.capture.error and not half.capture.table.height:
                return half.capture.error
            if half.is_read and not half.side.talks:
                return f"{half.name}: no association and no push was found"
        return ""

    @property
    def words(self) -> str:
        """Say how far it is, or what there is to say of it as a whole."""
        if self.error:
            return self.error
        waiting = next((half for half in self.halves if not half.is_read), None)
        if waiting is not None:
            return f"reading {waiting.name}: record {waiting.at:,} of {waiting.capture.table.height:,}"
        if not self.is_done:
            return "comparing"
        cut = [half.name for half in self.halves if half.is_cut]
        return f"only the first {MOST_STEPS:,} APDUs of {' and '.join(cut)} are compared" if cut else ""

    def step(self) -> None:
        """Read on; when all is read compare, in a thread of its own. Raises: what went wrong there."""
        if self.is_done:
            return
        if self._failed is not None:
            raise self._failed
        end = monotonic() + _STEP_SECONDS
        for half in self.halves:
            half.read(end)
        if self.error:
            self.is_done = True
        elif all(half.is_read for half in self.halves) and self._thread is None:
            self._thread = Thread(target=self._compare, daemon=True)
            self._thread.start()

    def _compare(self) -> None:
        try:
            good, bad = (half.side for half in self.halves)
            good.finish()
            bad.finish()
            self.differences = compare(good, bad)
            self.is_done = True
        except Exception as error:
            self._failed = error

    def close(self) -> None:
        """Give the captures back."""
        for half in self.halves:
            half.close()
