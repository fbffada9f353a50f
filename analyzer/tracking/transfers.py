"""Transfers that still run: the newest part of each, so that what never completes can say how far it came.

Bounded: at most 4096 are remembered, the oldest is given up first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from analyzer.record import Apdu, Record
from dissectors.scanning import scan_apdu

_MOST = 4096
Key = tuple[object, Hashable]
"""Whose transfer (a pair of addresses, an association), and which of its transfers."""


class Transfers:
    """The newest part of every running transfer."""

    def __init__(self) -> None:
        self.open: dict[Key, tuple[Record, Callable[[], bytes]]] = {}

    def part(self, owner: object, key: Hashable, record: Record, so_far: Callable[[], bytes]) -> None:
        """Take *record* as the newest part of a transfer; *so_far* gives the octets that came of it."""
        before = self.open.pop((owner, key), None)
        if before is not None:
            before[0].is_open = False
        elif len(self.open) >= _MOST:
            self.give_up(*next(iter(self.open)))
        record.is_open = True
        self.open[owner, key] = (record, so_far)

    def done(self, owner: object, key: Hashable) -> None:
        """The transfer is complete."""
        before = self.open.pop((owner, key), None)
        if before is not None:
            before[0].is_open = False

    def give_up(self, owner: object, key: Hashable) -> None:
        """The transfer will not complete: its newest part says how far it came."""
        before = self.open.pop((owner, key), None)
        if before is None:
            return
        record, so_far = before
        record.is_open = False
        octets = so_far()
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
