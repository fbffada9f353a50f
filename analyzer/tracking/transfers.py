"""Transfers that still run: the newest part of each, so that what never completes can say how far it came.

Bounded: at most 4096 are remembered, the oldest is given up first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from analyzer.record import Apdu, Record
from dissectors.scanning import scan_apdu

_MOST = 4096


class Part(NamedTuple):
    """The newest part of a transfer, what gives the octets so far, and when the first part began."""

    record: Record
    so_far: Callable[[], bytes]
    begin_ns: int | None


Key = tuple[object, Hashable]
"""Whose transfer (a pair of addresses, an association), and which of its transfers."""


class Transfers:
    """The newest part of every running transfer."""

    def __init__(self) -> None:
        self.open: dict[Key, Part] = {}

    def part(self, owner: object, key: Hashable, record: Record, so_far: Callable[[], bytes]) -> None:
        """Take *record* as the newest part of a transfer; *so_far* gives the octets that came of it."""
        before = self.open.pop((owner, key), None)
        if before is not None:
            before.record.is_open = False
            begin = before.begin_ns
        else:
            begin = record.start_ns if record.start_ns is not None else record.time_ns
            if len(self.open) >= _MOST:
                self.give_up(*next(iter(self.open)))
        record.is_open = True
        self.open[owner, key] = Part(record, so_far, begin)

    def done(self, owner: object, key: Hashable) -> int | None:
        """The transfer is complete. Returns when its first part began."""
        before = self.open.pop((owner, key), None)
        if before is None:
            return None
        before.record.is_open = False
        return before.begin_ns

    def adopt(self, beside: Record, record: Record) -> None:
        """Let *record* stand for *beside*, which is none of its own: both came in one frame."""
        for key, part in self.open.items():
            if part.record is beside:
                record.is_open = True
                self.open[key] = part._replace(record=record)

    def give_up(self, owner: object, key: Hashable) -> None:
        """The transfer will not complete: its newest part says how far it came."""
        before = self.open.pop((owner, key), None)
        if before is None:
            return
        record = before.record
        record.is_open = False
        octets = before.so_far()
        if octets:
            record.incomplete = Apdu(octets, *scan_apdu(octets, 0, len(octets)))

    def forget(self, owner: object) -> None:
        """Give up all transfers of *owner*."""
        for key in [key for key in self.open if key[0] is owner]:
            self.give_up(*key)

    def finish(self) -> None:
        """The capture ended."""
        for key in list(self.open):
            self.give_up(*key)
