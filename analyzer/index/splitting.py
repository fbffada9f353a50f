"""Which process reads what of a capture: a plan, made of its first packets, and the packets of one share.

What two hosts say to each other stays together, on whatever ports, and as far as can be told what is said to one meter
by several clients: of two hosts that one is a meter which speaks to fewer others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from analyzer.index.crossing import UnsharedError
from captures.carriers import CARRIERS
from captures.chunk import Chunk, Source
from captures.links import OCTET_LINKS
from captures.network import Network, Payload, plain_key

if TYPE_CHECKING:
    from analyzer.pipeline import Pipeline

_SAMPLE = 20_000
"""Packets that the plan is made of."""
_LARGEST_SHARE = 0.8
"""Where one group is more of the capture than that, one process is as good as several."""
_ETHERNET = 1
_EVERY = 0x1FFF
_MOST_KNOWN = 1 << 16
Pair = tuple[bytes, bytes]


class Plan(NamedTuple):
    """Who reads what: of so many *shares*, that of each meter's host; *hubs* are hosts that speak to many."""

    shares: int
    hosts: dict[bytes, int]
    hubs: frozenset[bytes]

    def share_of(self, key: bytes) -> int:
        """Tell which share a flow belongs to: both directions, and all connections of two hosts, to the same."""
        one, other = sorted(pair_of(key))
        if other in self.hubs:
            one, other = other, one
        found = self.hosts.get(other)
        if found is None:
            found = self.hosts.get(one)
        if found is not None:
            return found
        return crc32(other if one in self.hubs else one + other) % self.shares


NO_PLAN = Plan(1, {}, frozenset())


def pair_of(key: bytes) -> Pair:
    """Give the two hosts of a flow."""
    width = (len(key) - 4) // 2
    return key[:width], key[width : 2 * width]


def plan(source: Source, shares: int) -> Plan | None:
    """Plan by the first packets of *source*; None where one process is as good as several."""
    network, pairs = Network(), Counter[Pair]()
    for chunk in islice(source, _SAMPLE):
        if chunk[2] in OCTET_LINKS or chunk[2] in CARRIERS:
            return None
        payload = network.peel(chunk)
        if payload is not None:
            one, other = sorted(pair_of(payload.key))
            pairs[one, other] += 1
    peers = Counter(host for pair in pairs for host in set(pair))
    groups = Counter[bytes]()
    for (one, other), count in pairs.items():
        groups[other if peers[one] > peers[other] else one] += count
    total = groups.total()
    if not total or groups.most_common(1)[0][1] > total * _LARGEST_SHARE:
        return None
    loads, hosts = [0] * shares, dict[bytes, int]()
    for host, count in groups.most_common():
        hosts[host] = min(range(shares), key=loads.__getitem__)
        loads[hosts[host]] += count
    return Plan(shares, hosts, frozenset(host for host in peers if host not in groups))


class _OncePeeled(Network):
    """Peels each packet once, however often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._chunk: Chunk | None = None
        self._payload: Payload | None = None

    def peel(self, chunk: Chunk) -> Payload | None:
        """Return what *chunk* carries."""
        if chunk is not self._chunk:
            self._payload = super().peel(chunk)
            self._chunk = chunk
        return self._payload


class Split(Source):
    """The chunks of *inner* that belong to one share."""

    def __init__(self, inner: Source, share: int, plan: Plan) -> None:
        super().__init__(inner.name, inner.size)
        self.inner, self._share, self._plan = inner, share, plan
        self.has_local_times, self.again = inner.has_local_times, inner.again
        self.remarks, self.remark_counts = inner.remarks, inner.remark_counts
        self.comments, self.line_errors = inner.comments, inner.line_errors
        self.network = _OncePeeled()
        self.pipeline: Pipeline | None = None
        """What reads them."""
        self.tick: Callable[[], None] = lambda: None
        """Called now and then between two packets."""
        self.now = 0
        """The last packet that was read, from 1."""
        self.is_over = False
        self.began: list[int] = []
        """The packets with which conversations began that were not said yet."""
        self._conversations = 0

    def __iter__(self) -> Iterator[Chunk]:
        pipeline = self.pipeline
        assert pipeline is not None
        transfers, known = pipeline.dialogue.transfers, dict[bytes, bool]()
        for now, chunk in enumerate(self.inner, 1):
            if not now & _EVERY:
                self.tick()
                if len(known) > _MOST_KNOWN:
                    known.clear()
            key = plain_key(chunk[4]) if chunk[2] == _ETHERNET else b""
            if not key:
                if chunk[2] in OCTET_LINKS or chunk[2] in CARRIERS:
                    raise UnsharedError("lines are in it")
                payload = self.network.peel(chunk)
                if payload is None:
                    self.now = now
                    continue
                key = payload.key
            is_ours = known.get(key)
            if is_ours is None:
                is_ours = known[key] = self._plan.share_of(key) == self._share
            self.now = now
            if is_ours:
                transfers.now = now
                yield chunk
                self.take_conversations()
        self.is_over = True
        transfers.now = self.now + 1
        self.time_digits = self.inner.time_digits
        if self._share:
            self.network.left_aside.clear()  # all see it, the first one says it

    def take_conversations(self) -> None:
        """Take the conversation that began with the last packet, if one did."""
        if self.pipeline is not None and self.pipeline.conversations != self._conversations:
            self._conversations = self.pipeline.conversations
            self.began.append(self.now)

    def close(self) -> None:
        """Give the input back."""
        self.inner.close()
