"""One pass over all records for the screens that need them: associations and objects; a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from analyzer.key_check import KeyCheck
from analyzer.objects import ObjectTable
from analyzer.security.keyring import Keyring
from analyzer.tracking.associations import Associations

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.record import Record

_STEP_SECONDS = 0.03
_PORTION = 64


class Survey:
    """Looks at the records of a capture in order; what it found so far can be asked at any time."""

    def __init__(self, capture: Capture) -> None:
        self.associations = Associations()
        self.objects = ObjectTable(capture.model)
        self.keys = KeyCheck(capture.keys or Keyring())
        self.closed = self.nameless = 0
        """APDUs that stay closed, and pushes whose values have no names."""
        self._ended = 0
        """How many ends of connections it has seen."""
        self.at = 0
        """How many records it has seen."""
        self.listeners: list[Callable[[], None]] = []
        self._capture = capture

    @property
    def is_done(self) -> bool:
        """Tell whether it has seen all there are."""
        return self._capture.progress.is_done and self.at >= self._capture.table.height

    def step(self) -> None:
        """Look at some more records."""
        end = monotonic() + _STEP_SECONDS
        records = self._capture.records
        while self.at < self._capture.table.height and monotonic() < end:
            for record in records.all(self.at, self.at + _PORTION):
                self._end_before(record.number)
                self.associations.take(record)
                values = records.values(record)
                self.objects.take(record, values)
                self._count(record, named=bool(values))
                self.keys.take(record)
                self.at += 1
        if self.is_done:
            self._end_before(self.at + 1)

    def _count(self, record: Record, *, named: bool) -> None:
        """Count what tells of no object."""
        apdu = record.apdu
        if apdu is None or apdu.entry is None or named:
            return
        self.closed += apdu.entry.is_closed
        self.nameless += apdu.family == "data-notification" and not record.objects

    def _end_before(self, number: int) -> None:
        """Take the connections that ended before record *number*."""
        ends = self._capture.records.ends
        while self._ended < len(ends) and ends[self._ended].after < number:
            self.associations.end(ends[self._ended])
            self._ended += 1
