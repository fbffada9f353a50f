"""Dialogues over TCP as a network may deliver them: cut, doubled, out of order, overlapping."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

from captures.chunk import UNKNOWN, Chunk
from tests.analyzer.tracking.build import ANSWERED, ASKED, Said, chunk, wrapped
from tests.captures.build import CLIENT, METER, ethernet, ipv4, tcp

SYN, SYN_ACK, PUSH, FIN = 0x02, 0x12, 0x18, 0x11
ETHERNET = 1
PORTS = {ASKED: (51234, 4059), ANSWERED: (4059, 51234)}
ADDRESSES = {ASKED: CLIENT + METER, ANSWERED: METER + CLIENT}
START = {ASKED: 0xFFFF_FF00, ANSWERED: 5000}
"""The client's sequence numbers pass zero in the middle."""


def segment(direction: int, sequence: int, octets: bytes, flags: int = PUSH, acknowledged: int = 0) -> bytes:
    """An Ethernet frame with one segment."""
    body = tcp(octets, sequence=sequence & 0xFFFFFFFF, flags=flags, ports=PORTS[direction])
    body = body[:8] + (acknowledged & 0xFFFFFFFF).to_bytes(4, "big") + body[12:]
    return ethernet(ipv4(body, addresses=ADDRESSES[direction]))


def conversation(said: Iterable[Said], chance: random.Random | None = None, *, calm: bool = False) -> list[Chunk]:
    """Carry units over TCP; *chance* cuts, doubles, overlaps and disorders the segments of each unit.

    Of a *calm* conversation the first unit of each side comes whole.
    """
    sequence = dict(START)
    frames: list[bytes] = []
    for direction, flags in ((ASKED, SYN), (ANSWERED, SYN_ACK)):
        frames.append(segment(direction, sequence[direction] - 1, b"", flags))
    for direction, octets in said:
        begin, other = sequence[direction], sequence[ANSWERED if direction == ASKED else ASKED]
        sequence[direction] += len(octets)
        parts = (
            [(0, len(octets))]
            if chance is None or (calm and begin == START[direction])
            else _disorder(len(octets), chance)
        )
        frames += [segment(direction, begin + at, octets[at:end], PUSH, other) for at, end in parts]
    return [chunk(number, octets, UNKNOWN, ETHERNET) for number, octets in enumerate(frames, 1)]


def _disorder(length: int, chance: random.Random) -> list[tuple[int, int]]:
    cuts = sorted({0, length, *(chance.randrange(length + 1) for _ in range(chance.randrange(5)))})
    parts = list(pairwise(cuts))
    for at, end in list(parts):
        if chance.random() < 0.3:
            parts.append((max(0, at - chance.randrange(8)), min(length, end + chance.randrange(8))))
    chance.shuffle(parts)
    return parts


def wrapper_conversation(
    apdus: Iterable[Said], chance: random.Random | None = None, *, calm: bool = False
) -> list[Chunk]:
    """Carry APDUs in wrapper PDUs over TCP."""
    return conversation(wrapped(apdus), chance, calm=calm)
