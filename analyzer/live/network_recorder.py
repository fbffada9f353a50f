"""Packets of an interface into a spool, as they came: this path knows no layer."""

from __future__ import annotations

import time
from collections.abc import Callable

from analyzer.live.status import Status
from captures import blocks
from captures.sniff import Sniffer, StreamEndError
from captures.spool import Interface, Spool

_SECOND = 1_000_000_000


def interface_of(sniffer: Sniffer, name: str) -> Interface:
    """Describe the interface for the spool."""
    return Interface(sniffer.link_type, name, sniffer.how)


class NetworkRecorder:
    """Takes what *sniffer* gives into *spool* until it is told to stop, and counts what the system lost."""

    def __init__(self, sniffer: Sniffer, spool: Spool, status: Status, *, most: int = 0) -> None:
        self._sniffer = sniffer
        self._spool = spool
        self._status = status
        self._most = most
        self._counted_ns = 0
        self.ended = ""
        """Why it ended though nobody asked for it."""
        self.comments: list[str] = []
        """What the next packet says beside its octets."""

    def run(self, is_over: Callable[[], bool]) -> None:
        """Record until *is_over*, or until so many packets as were wished for came. Raises: CaptureError."""
        status, spool, make = self._status, self._spool, blocks.packet
        try:
            while not is_over() and not (self._most and status.packets >= self._most):
                found = self._sniffer.take()
                if self._most:
                    found = found[: self._most - status.packets]
                if found:
                    packets = [make(one[0], one[1], original_length=one[2]) for one in found]
                    if self.comments:
                        packets[0] = make(*found[0][:2], original_length=found[0][2], comment=self._comment())
                    spool.write(b"".join(packets))
                    status.count(len(found), sum(len(one[1]) for one in found))
                else:
                    spool.tick()
                self._count()
        except StreamEndError as problem:
            if not status.packets:
                raise
            self.ended = str(problem)
        finally:
            self._sniffer.close()
            self._count(is_last=True)

    def _count(self, *, is_last: bool = False) -> None:
        """Ask once a second what was lost, and write it where it changed."""
        now = time.monotonic_ns()
        if not is_last and now - self._counted_ns < _SECOND:
            return
        self._counted_ns = now
        dropped = self._sniffer.dropped()
        if dropped != self._status.dropped or is_last:
            self._status.dropped = dropped
            received = self._status.packets + dropped
            comment = self._comment() if is_last else ""
            self._spool.write(blocks.statistics(time.time_ns(), received=received, dropped=dropped, comment=comment))

    def _comment(self) -> str:
        comment = "\n".join(self.comments)
        self.comments.clear()
        return comment
