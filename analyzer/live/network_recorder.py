"""Packets of an interface into a spool, as they came: this path knows no layer."""

from __future__ import annotations

import time
from collections.abc import Callable

from analyzer.live.status import Status
from captures import blocks
from captures.sniffer import Sniffed, Sniffer, StreamEndError
from captures.spool import Interface, Spool

_SECOND = 1_000_000_000
_REST_NS = 2 * _SECOND


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
        self.has_failed = False
        self.comments: list[str] = []
        """What the next packet says beside its octets."""

    def run(self, is_over: Callable[[], bool]) -> None:
        """Record until *is_over*, or until so many packets as were wished for came. Raises: CaptureError."""
        try:
            while not is_over() and not self._is_enough:
                found = self._sniffer.take()
                if found:
                    self._write(found)
                else:
                    self._spool.tick()
                self._count()
            self._take_rest()
        except StreamEndError as problem:
            if not self._status.packets:
                raise
            self.ended, self.has_failed = str(problem), problem.is_failure
        finally:
            self._sniffer.close()
            self._count(is_last=True)

    @property
    def _is_enough(self) -> bool:
        return bool(self._most) and self._status.packets >= self._most

    def _take_rest(self) -> None:
        """Take what came before the end and waits yet."""
        has_stopped = self._sniffer.stop()
        ended_ns, until = time.time_ns(), time.monotonic_ns() + _REST_NS
        while not self._is_enough and (has_stopped or time.monotonic_ns() < until):
            found = [one for one in self._sniffer.take() if one[0] <= ended_ns]
            if not found:
                break
            self._write(found)

    def _write(self, found: list[Sniffed]) -> None:
        make = blocks.packet
        if self._most:
            found = found[: self._most - self._status.packets]
        packets = [make(one[0], one[1], original_length=one[2]) for one in found]
        if self.comments:
            packets[0] = make(*found[0][:2], original_length=found[0][2], comment=self._comment())
        self._spool.write_all(packets)
        self._status.count(len(found), sum(len(one[1]) for one in found))

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
