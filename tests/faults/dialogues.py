"""Dialogues to put faults of associations and services into: APDUs with their times, and what carries them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

from analyzer.simulate import model, network
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.sent import SECOND, TO_CLIENT, TO_METER, Sent
from analyzer.simulate.speaker import Target
from dissectors.hdlc import Address
from tests.analyzer.framing.build import frame
from tests.faults.case import Case, Fault, Lines, Said, Truth

START_NS = nanoseconds(2026, 3, 2, 9, 14, 7)
_LINE_MS = (30.0, 1.3)
_ETHERNET = 1
RST, FIN, ACK = 0x04, 0x01, 0x10
PASSWORD = b"12345678"
Apdus = list[Sent]
GET_TIMEOUT = bytes.fromhex("C001C1 0017 0000160000FF 08 00")


@cache
def _dialogue(kind: int) -> tuple[Sent, ...]:
    """An association: without authentication, or with a password; registers, clock, a profile in blocks, release."""
    password = PASSWORD if kind % 2 else b""
    meter = Meter(model.electricity_meter("52100072", start_ns=START_NS, rows=40), password=password)
    client = Client(meter, 16, start_ns=START_NS, seed=31 + kind, carrying_ms=_LINE_MS)
    client.associate(password=password, max_receive_pdu_size=200 if kind % 3 == 0 else 1024)
    client.get(Target(8, model.CLOCK))
    for one in model.REGISTERS[:3]:
        client.get(Target(3, one.obis, 3))
        client.get(Target(3, one.obis))
    client.get(Target(7, model.PROFILE))
    client.get(Target(1, model.SERIAL_NUMBER))
    client.release()
    return tuple(client.dialogue)


def dialogue(number: int) -> Apdus:
    """A healthy dialogue of its own."""
    return list(_dialogue(number % 6))


def exchanges(apdus: Sequence[Sent], tags: bytes = b"\xc0\xc1\xc3") -> list[int]:
    """Where requests with these tags stand that are answered by what follows them, blocks left out."""
    return [
        at
        for at in range(len(apdus) - 1)
        if apdus[at].direction == TO_METER and apdus[at].octets[0] in tags and apdus[at].octets[1] == 1
        and apdus[at + 1].direction == TO_CLIENT and apdus[at + 1].octets[1] == 1
    ]  # fmt: skip


def later(apdus: Sequence[Sent], seconds: float) -> Apdus:
    """The same, so much later."""
    return [one._replace(time_ns=one.time_ns + round(seconds * SECOND)) for one in apdus]


def said_at(like: Sent, octets: bytes, seconds: float = 0, direction: int | None = None) -> Sent:
    """An APDU like another, so many seconds after it."""
    way = like.direction if direction is None else direction
    return like._replace(octets=octets, time_ns=like.time_ns + round(seconds * SECOND), direction=way)


# -- carriers ---------------------------------------------------------------------------------------------------------


def on_wrapper(apdus: Sequence[Sent]) -> Lines:
    """Wrapper PDUs on a serial lane."""
    return [Said(one.time_ns, one.direction, one.octets) for one in network.wrap(apdus)]


def over_tcp(apdus: Sequence[Sent], last: Sequence[tuple[float, int, int]] = ()) -> Lines:
    """Wrapper PDUs over TCP; where *last* is given, these segments (seconds, side, flags) end it in place of FINs."""
    conversation = network.TcpConversation(seed=41)
    events = conversation.carry(network.wrap(apdus), start_ns=apdus[0].time_ns)
    if last:
        events = events[:-3]
        conversation.packets = events
        conversation._now_ns = events[-1].time_ns
        conversation._next[TO_METER] -= 1  # the FINs that were taken off
        conversation._next[TO_CLIENT] -= 1
        for seconds, side, flags in last:
            conversation._now_ns += round(seconds * SECOND)
            conversation._emit(side, flags | ACK)
        events = conversation.packets
    return [Said(one.time_ns, 0, one.octets, _ETHERNET) for one in events]


def on_hdlc(apdus: Sequence[Sent], *, is_closed: bool = True) -> Lines:
    """HDLC frames on a serial lane, from SNRM on; to DISC and UA where it is *closed*."""
    link = HdlcLink(16, Address(1, None, 1), seed=43)
    rounds = [link.connect(), *link.carry(apdus)]
    if is_closed:
        rounds.append(link.disconnect())
    placed = place(rounds, start_ns=START_NS, baud=9600)
    return [Said(one.time_ns, one.direction, one.octets) for one in placed]


CARRIERS: tuple[Callable[[Sequence[Sent]], Lines], ...] = (on_wrapper, on_hdlc, over_tcp)


def carried(apdus: Sequence[Sent], number: int) -> Lines:
    """Carry a dialogue one way or another."""
    return CARRIERS[number % 3](apdus)


def link_frame(before: Said, seconds: float, control: int, information: bytes = b"") -> Said:
    """A frame of the meter, so many seconds after another."""
    assert before.time_ns is not None
    octets = frame(information, control, b"\x21\x03")
    return Said(before.time_ns + round(seconds * SECOND), TO_CLIENT, octets)


Change = Callable[[random.Random, Apdus, int], "Apdus | None"]
"""Puts a fault into the APDUs of a dialogue; the number chooses the place."""


def changed(
    code: str,
    cause: str,
    change: Change,
    *,
    also: Sequence[str] = (),
    codes: Sequence[str] = (),
    group: str = "dialogue",
) -> Fault:
    """A row whose fault is put in between the APDUs; *also* are causes that are as right."""
    truth = Truth(frozenset((cause, *also)), frozenset(codes))

    def make(chance: random.Random, number: int) -> Case | None:
        apdus = change(chance, dialogue(number), number)
        return None if apdus is None else Case(carried(apdus, number), truth)

    return Fault(code, cause, make, group=group)
