"""The wrapper over TCP and UDP: APDUs into wrapper PDUs, those into packets as a tap beside the client sees them.

Source: IEC 62056-47, RFC 9293.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from analyzer.simulate import packets
from analyzer.simulate.packets import ACK, FIN, PSH, SYN, Endpoint
from analyzer.simulate.sent import MILLISECOND, NOTHING, TO_CLIENT, TO_METER, Sent, Truth, steps
from dissectors.wrapper import Wrapper

DELAYED_ACK_NS = 40 * MILLISECOND
OCTET_NS = 20_000
"""A network of some 400 kbit/s: what each octet of a segment adds to its time."""

CLIENT = Endpoint("192.0.2.10", 51234, "02:00:5e:00:00:0a")
METER = Endpoint("198.51.100.7", 4059, "02:00:5e:00:00:01")


def wrap(dialogue: Iterable[Sent]) -> list[Sent]:
    """Put the wrapper before each APDU; its wPorts are the client's SAP and the logical device."""
    wrapped = []
    for event in dialogue:
        ports = [event.truth.client, int(event.truth.server.partition(".")[0])]
        source, destination = ports if event.direction == TO_METER else reversed(ports)
        head = bytes(Wrapper(source_wport=source, destination_wport=destination, length=len(event.octets)))
        wrapped.append(event._replace(octets=head + event.octets, truth=event.truth._replace(kind="wrapper")))
    return wrapped


class TcpConversation:
    """A TCP connection: handshake, segments of at most *mss* octets, acknowledgements as stacks delay them, close.

    Units: *latency_ms* one way.
    """

    def __init__(
        self,
        *,
        seed: int,
        client: Endpoint = CLIENT,
        meter: Endpoint = METER,
        mss: int = 1460,
        latency_ms: float = 35.0,
    ) -> None:
        self._ends = {TO_METER: client, TO_CLIENT: meter}
        self._chance = random.Random(seed)
        self._mss, self._latency_ns = mss, int(latency_ms * MILLISECOND)
        self._next = {side: self._chance.getrandbits(32) for side in (TO_METER, TO_CLIENT)}
        self._identification = {side: self._chance.getrandbits(16) for side in (TO_METER, TO_CLIENT)}
        self._owed: dict[int, int] = {}
        self._unanswered = {TO_METER: 0, TO_CLIENT: 0}
        self._now_ns = 0
        self.packets: list[Sent] = []

    def carry(self, units: Iterable[Sent], *, start_ns: int) -> list[Sent]:
        """Connect, carry what both sides send, close. Gives Ethernet frames in capture order."""
        self._now_ns = start_ns
        self._connect()
        before = TO_METER
        for step in steps(units):
            crossing = 2 * self._latency_ns if step.direction == TO_CLIENT and before == TO_METER else 0
            self._now_ns += step.gap_ns + crossing + self._jitter(crossing // 4)
            before = step.direction
            self._send(step.direction, step.octets, step.truth)
        self._close()
        return self.packets

    def _connect(self) -> None:
        options = b"\x02\x04" + self._mss.to_bytes(2, "big")
        self._emit(TO_METER, SYN, options=options)
        self._now_ns += 2 * self._latency_ns + self._jitter(4 * MILLISECOND)
        self._emit(TO_CLIENT, SYN | ACK, options=options)
        self._now_ns += 60_000
        self._emit(TO_METER, ACK)
        self._now_ns += 900_000

    def _close(self) -> None:
        self._now_ns += 15 * MILLISECOND
        self._settle(self._now_ns)
        self._emit(TO_METER, FIN | ACK)
        self._now_ns += 2 * self._latency_ns + self._jitter(4 * MILLISECOND)
        self._emit(TO_CLIENT, FIN | ACK)
        self._now_ns += 50_000
        self._emit(TO_METER, ACK)

    def _send(self, side: int, octets: bytes, truth: Truth) -> None:
        """Send a unit in segments; the truth goes with the last one."""
        for at in range(0, len(octets), self._mss):
            part = octets[at : at + self._mss]
            is_last = at + self._mss >= len(octets)
            if at:
                self._now_ns += len(part) * OCTET_NS
            self._settle(self._now_ns)
            self._emit(side, PSH | ACK if is_last else ACK, part, truth if is_last else NOTHING)
            self._owe(other(side))

    def _owe(self, side: int) -> None:
        """Note that *side* has data to acknowledge: every second segment at once, one alone after a while."""
        crossing = 2 * self._latency_ns if side == TO_CLIENT else 0
        self._unanswered[side] += 1
        delay = 80_000 if self._unanswered[side] > 1 else DELAYED_ACK_NS
        self._owed[side] = min(self._owed.get(side, self._now_ns + crossing + delay), self._now_ns + crossing + delay)

    def _settle(self, until_ns: int) -> None:
        """Send the acknowledgements that fall due before *until_ns*."""
        now_ns = self._now_ns
        for side, due in sorted(self._owed.items(), key=lambda item: item[1]):
            if due < until_ns:
                self._now_ns = due
                self._emit(side, ACK)
        self._now_ns = now_ns

    def _emit(
        self, side: int, flags: int, octets: bytes = b"", truth: Truth = NOTHING, *, options: bytes = b""
    ) -> None:
        source, destination = self._ends[side], self._ends[other(side)]
        segment = packets.tcp(
            source,
            destination,
            sequence=self._next[side],
            acknowledged=self._next[other(side)] if flags & ACK else 0,
            flags=flags,
            octets=octets,
            options=options,
            window=64240 if side == TO_METER else 4380,
        )
        self._next[side] = (self._next[side] + len(octets) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF
        self._identification[side] += 1
        self._owed.pop(side, None)
        self._unanswered[side] = 0
        packet = packets.ipv4(source, destination, packets.TCP, segment, self._identification[side])
        self.packets.append(Sent(self._now_ns, side, packets.ethernet(source, destination, packet), truth))

    def _jitter(self, most_ns: int) -> int:
        return self._chance.randrange(most_ns + 1)


def datagrams(units: Iterable[Sent], *, seed: int, client: Endpoint = CLIENT, meter: Endpoint = METER) -> list[Sent]:
    """Put each unit into a UDP datagram."""
    ends = {TO_METER: client, TO_CLIENT: meter}
    numbers = random.Random(seed).getrandbits(16)
    found = []
    for count, event in enumerate(units):
        source, destination = ends[event.direction], ends[other(event.direction)]
        packet = packets.ipv4(
            source, destination, packets.UDP, packets.udp(source, destination, event.octets), numbers + count
        )
        found.append(event._replace(octets=packets.ethernet(source, destination, packet)))
    return found


def other(side: int) -> int:
    """Give the other side."""
    return TO_CLIENT if side == TO_METER else TO_METER
