"""Transfers that still run: the newest part of each, so that what never completes can say how far it came.

Bounded: at most 4096 are remembered, the oldest is given up first; a part waits for so many packets, no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from analyzer.record import Apdu, Record
from dissectors.scanning import scan_apdu

MOST = 4096
LONGEST_WAIT = 2048
"""Packets for which a part may hold back the records behind it."""
SEGMENTS = "segments"
"""The transfer of a pair of addresses."""
LATE_TITLE = "late title"
"""The wait of an AARQ for the title in the AARE."""


class Part:
    """The newest part of a transfer, what gives the octets so far, and when the first part began."""

    __slots__ = ("begin_ns", "peer", "record", "so_far")

    def __init__(self, record: Record, so_far: Callable[[], bytes], peer: Any) -> None:
        self.record = record
        self.so_far = so_far
        self.peer = peer
        self.begin_ns = record.begin_ns if record.begin_ns is not None else record.began_ns


Key = tuple[object, Hashable]
"""Whose transfer (a pair of addresses, an association), and which of its transfers."""


class Transfers:
    """The newest part of every running transfer."""

    def __init__(self) -> None:
        self.open: dict[Key, Part] = {}
        """The oldest first."""
        self._owned: dict[object, dict[Hashable, None]] = {}
        """The keys of each owner, oldest first: an owner goes without a look at what all others have open."""
        self.now = 1
        """The packet that is read, from 1."""
        self.most = self.late = 0
        """How many ran at once, and how many AARQs were opened after they had waited for too long."""
        self.opens: Callable[[Record, Any, bytes], Apdu | None] | None = None
        """What opens the beginning of a protected APDU that *peer* sends, where keys are given."""

    def part(self, owner: object, key: Hashable, record: Record, so_far: Callable[[], bytes], peer: Any) -> None:
        """Take *record* as the newest part of a transfer by *peer*; *so_far* gives the octets that came of it."""
        record.waits_from = self.now
        part = self.open.get((owner, key))
        if part is not None:
            part.record.waits_from = 0
            part.record = record
            return
        if len(self.open) >= MOST:
            self.give_up(*next(iter(self.open)))
        self.open[owner, key] = Part(record, so_far, peer)
        self._owned.setdefault(owner, {})[key] = None
        self.most = max(self.most, len(self.open))

    def holds(self, record: Record) -> bool:
        """Tell whether *record* is to wait still."""
        return record.waits_from > 0 and self.now - record.waits_from <= LONGEST_WAIT

    def done(self, owner: object, key: Hashable) -> int | None:
        """The transfer is complete. Returns when its first part began."""
        before = self._close(owner, key)
        if before is None:
            return None
        before.record.waits_from = 0
        return before.begin_ns

    def adopt(self, beside: Record, record: Record) -> None:
        """Let *record* stand for *beside*, which is none of its own: both came in one frame."""
        for part in self.open.values() if beside.waits_from else ():
            if part.record is beside:
                record.waits_from = self.now
                part.record = record

    def give_up(self, owner: object, key: Hashable) -> None:
        """The transfer will not complete: its newest part says how far it came."""
        before = self._close(owner, key)
        if before is None:
            return
        record = before.record
        is_late = not self.holds(record)
        self.late += is_late and key == LATE_TITLE
        record.waits_from = 0
        octets = before.so_far()
        if octets and not is_late:
            record.incomplete = Apdu(octets, *scan_apdu(octets, 0, len(octets)))
            if self.opens is not None:
                record.incomplete = self.opens(record, before.peer, octets) or record.incomplete

    def forget(self, owner: object) -> None:
        """Give up all transfers of *owner*."""
        for key in tuple(self._owned.get(owner, ())):
            self.give_up(owner, key)

    def _close(self, owner: object, key: Hashable) -> Part | None:
        """Take a transfer out; None where it is not open."""
        found = self.open.pop((owner, key), None)
        if found is not None:
            keys = self._owned[owner]
            del keys[key]
            if not keys:
                del self._owned[owner]
        return found

    def finish(self) -> None:
        """The capture ended."""
        for key in list(self.open):
            self.give_up(*key)
