"""Segments with SYN, FIN or RST to TCP connections: which were tried, answered, refused, or never came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from captures.chunk import PACKET_BITS
from captures.network import ACK, RST, SYN, endpoints, reverse

_COPY_NS = 10_000_000
"""TCP waits longer, a second as a rule, before it tries again: what comes sooner is a copy."""
_REFUSING_NS = 5_000_000_000
"""RST that comes later than so refuses no SYN."""
_MOST_ATTEMPTS = 16384
_MOST_PAIRS = 16384
_SOONEST_NS = 150_000_000
"""Sooner no TCP sends a SYN again."""


@dataclass(slots=True)
class Attempt:
    """A TCP connection that did not come about: how often its SYN was sent, and whether it was refused."""

    lane: str
    packet: int
    first_ns: int | None
    last_ns: int | None
    tries: int = 1
    is_refused: bool = False
    waits: bool = True
    """Whether nothing came of its newest SYN so far."""

    def is_within(self, limit_ns: int, now_ns: int | None) -> bool:
        """Tell whether the last SYN was sent no longer ago."""
        return self.last_ns is not None and now_ns is not None and now_ns - self.last_ns < limit_ns


class Connections:
    """Remembers each SYN until it is answered, and counts what became of them. Bounded."""

    def __init__(self) -> None:
        self._open: dict[bytes, Attempt] = {}
        self.tried: Counter[str] = Counter()
        """Connections by client's host and server, as far as their SYN was seen."""
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._begun: dict[bytes, tuple[int, int, int]] = {}
        """By key: the sequence number, the packet and the time of the newest SYN."""

    def __iter__(self) -> Iterator[Attempt]:
        """Give those that were not answered, or refused, in their order."""
        return iter(self._open.values())

    def counts(self) -> dict[str, dict[str, int]]:
        """Give what became of connections, by client's host and server, as an index keeps it."""
        return {"tried": dict(self.tried), "answered": dict(self.answered), "refused": dict(self.refused)}

    def take(self, key: bytes, flags: int, packet: int, time_ns: int | None) -> None:
        """Take a segment with SYN, RST or FIN."""
        if flags & (SYN | ACK | RST) == SYN:
            self._try(key, packet, time_ns)
        elif not self._open:
            return
        elif flags & RST:
            self._refuse(reverse(key), is_refusal=flags & (SYN | ACK) == ACK, time_ns=time_ns)
            self._give_up(key)
        else:
            self.came_about(reverse(key))
            self.came_about(key)

    def copied_from(self, key: bytes, sequence: int, packet: int, time_ns: int | None) -> int | None:
        """Take a SYN before it is tried. Returns when the very same was captured in another input; None if it was not.

        A SYN that is sent again has the same sequence number, too, but waits for an answer.
        """
        if time_ns is None:
            return None
        before = self._begun.pop(key, None)
        if len(self._begun) >= _MOST_PAIRS:
            del self._begun[next(iter(self._begun))]
        if before is None or before[0] != sequence or before[1] >> PACKET_BITS == packet >> PACKET_BITS:
            self._begun[key] = sequence, packet, time_ns
            return None
        self._begun[key] = before
        is_sent_again = key in self._open and time_ns - before[2] >= _SOONEST_NS
        return None if is_sent_again else before[2]

    def _try(self, key: bytes, packet: int, time_ns: int | None) -> None:
        """Take a SYN: a new attempt, or the same once more as long as nothing came of it."""
        one = self._open.get(key)
        if one is not None and one.is_within(_COPY_NS, time_ns):
            return
        if one is None or not one.waits:
            _count(self.tried, key)
        if one is not None:
            one.tries += 1
            one.last_ns = time_ns
            one.waits = True
            return
        if len(self._open) >= _MOST_ATTEMPTS:
            del self._open[next(iter(self._open))]
        self._open[key] = Attempt(" > ".join(endpoints(key)), packet, time_ns, time_ns)

    def _refuse(self, key: bytes, *, is_refusal: bool, time_ns: int | None) -> None:
        """Take a RST of the server: it refuses a SYN, or ends what the capture did not show."""
        one = self._open.get(key)
        if one is None:
            return
        if not is_refusal or not (time_ns is None or one.is_within(_REFUSING_NS, time_ns)):
            self._give_up(key)
            return
        if one.waits:
            _count(self.refused, key)
        one.is_refused, one.waits = True, False

    def _give_up(self, key: bytes) -> None:
        """Take down that nothing will come of a SYN: nobody answered it as far as the capture shows."""
        one = self._open.get(key)
        if one is not None and one.is_refused:
            one.waits = False
        elif one is not None:
            del self._open[key]

    def came_about(self, key: bytes) -> None:
        """Take down that a connection is there, where its SYN was seen."""
        one = self._open.pop(key, None)
        if one is not None and one.waits:
            _count(self.answered, key)


def _count(counts: Counter[str], key: bytes) -> None:
    client, server = endpoints(key)
    pair = f"{client.rpartition(':')[0]} > {server}"
    if len(counts) < _MOST_PAIRS or pair in counts:
        counts[pair] += 1
