"""Faults of a whole line, through the UART model: a receiver at the wrong speed, parity or polarity."""

from __future__ import annotations

import random
from collections.abc import Callable

from analyzer.simulate.sent import SECOND
from analyzer.simulate.uart import (
    TICKS,
    LineFormat,
    delay_rises,
    line_format,
    misread,
    octets_of_characters,
    receive,
    transmit,
)
from captures.chunk import RECEIVED, SENT
from tests.analyzer.framing.build import frame
from tests.faults.case import Case, Fault, Said, Truth
from tests.faults.sessions import corpus_sessions, hdlc_session

_CODES = frozenset({"line-unreadable", "line-settings-differ", "hdlc-noise", "noise"})
_SENT = line_format("8N1")
_MOST = 24
_LEAST = 24
"""Octets of a lane by which settings can be told."""


def _session(number: int, chance: random.Random) -> list:
    """A part of a session: what is seen of it begins and ends anywhere."""
    sessions = [hdlc_session(kind) for kind in range(3)]
    pushes = [one for one in corpus_sessions() if sum(len(each.octets) for each in one) > 60]
    if pushes and number % 4 == 3:
        return list(chance.choice(pushes))
    session = list(sessions[number % 3])
    begin = chance.randrange(len(session) - 8)
    return session[begin : begin + chance.randrange(6, _MOST)]


def read_with(
    formats: list[LineFormat], cause: str, *, drops: bool = False
) -> Callable[[random.Random, int], Case | None]:
    """Let a receiver with one of *formats* read a session that is sent with 8N1."""

    def make(chance: random.Random, number: int) -> Case | None:
        session = _session(number, chance)
        read = formats[number % len(formats)]
        made = []
        for one in session:
            octets = octets_of_characters(misread(one.octets, _SENT, read, idle_bits=2 * drops), drops_errors=drops)
            if octets:
                made.append(one._replace(octets=octets))
        sizes = [sum(len(one.octets) for one in made if one.direction == side) for side in (SENT, RECEIVED)]
        if max(sizes) < _LEAST or 0 < min(sizes) < _LEAST:
            return None
        return Case(made, Truth(frozenset({cause}), _CODES))

    return make


def late(chance: random.Random, number: int) -> Case | None:
    """Let the level rise so late that a mark of one bit is lost, and of a longer one the first bit."""
    ticks = TICKS * (60 + number % 30) // 100 // _SENT.baud
    made = []
    for one in _session(number, chance):
        octets = octets_of_characters(receive(delay_rises(transmit(one.octets, _SENT), ticks), _SENT))
        if octets:
            made.append(one._replace(octets=octets))
    sizes = [sum(len(one.octets) for one in made if one.direction == side) for side in (SENT, RECEIVED)]
    if max(sizes) < _LEAST or 0 < min(sizes) < _LEAST:
        return None
    return Case(made, Truth(frozenset({"edges-late"}), _CODES))


def shared(chance: random.Random, number: int) -> Case:
    """Let another program take every other octet of pushes that name each register."""
    pushes = []
    for at in range(3):
        body = b"".join(
            bytes.fromhex("0203090601 00") + bytes((chance.randrange(1, 80), 7, 0, 255, 6))
            + chance.randbytes(4) + bytes.fromhex("02020F0016") + chance.choice(b"\x1b\x1d\x23").to_bytes(1, "big")
            for _ in range(6)
        )  # fmt: skip
        octets = frame(bytes.fromhex("E6E7000F00000001 00 0106") + body, 0x13)
        pushes.append(Said(SECOND * (10 * at + 10), RECEIVED, octets[number % 2 :: 2]))
    return Case(pushes, Truth(frozenset({"port-shared"}), _CODES))


def turned(turn: Callable[[int], int], cause: str) -> Callable[[random.Random, int], Case | None]:
    """Let what makes octets of bits *turn* each of them."""
    table = bytes(map(turn, range(256)))
    return rewritten(lambda octets: octets.translate(table), cause)


def rewritten(change: Callable[[bytes], bytes], cause: str) -> Callable[[random.Random, int], Case | None]:
    """Let what writes octets down *change* all of a read."""

    def make(chance: random.Random, number: int) -> Case:
        made = [one._replace(octets=change(one.octets)) for one in _session(number, chance)]
        return Case(made, Truth(frozenset({cause}), _CODES))

    return make


def signed(octets: bytes) -> bytes:
    """Write an octet above 7F with the sign of a 32-bit number before it."""
    return b"".join(b"\xff\xff\xff"[: 3 * (one > 0x7F)] + bytes((one,)) for one in octets)


def without_head(session: list[Said]) -> list[Said]:
    """Lose the first two octets of each answer."""
    return [one._replace(octets=one.octets[2:]) if one.direction == RECEIVED else one for one in session]


def heads_lost(chance: random.Random, number: int) -> Case | None:
    """What listens too late hears no answer from its beginning on; one alone tells nothing."""
    session = _session(number, chance)
    if sum(one.direction == RECEIVED for one in session) < 3:
        return None
    return Case(without_head(session), Truth(frozenset({"heads-lost"}), _CODES))


def replaced(octets: bytes) -> bytes:
    """Take octets for text in UTF-8, and put the usual sign where they are none."""
    return octets.decode("utf-8", "replace").encode()


def encoded(octets: bytes) -> bytes:
    """Take octets for text in Latin-1, and write it in UTF-8."""
    return octets.decode("latin-1").encode()


_FAST = [_SENT._replace(baud=9600 * factor) for factor in (2, 4, 8)]
_SLOW = [_SENT._replace(baud=9600 // factor) for factor in (2, 4)]
# What a receiver that is too slow makes of a few frames may begin like messages of text or APDUs, and is read as such.
LINE_FAULTS = (
    Fault("line-unreadable", "baud-mismatch", read_with(_FAST, "baud-mismatch")),
    Fault("line-unreadable", "baud-mismatch", read_with(_SLOW, "baud-mismatch"), 0.85, group="too slow"),
    Fault("line-unreadable", "polarity-inverted", read_with([_SENT._replace(is_inverted=True)], "polarity-inverted")),
    Fault("line-unreadable", "polarity-inverted", turned(lambda one: one ^ 0xFF, "polarity-inverted"), group="octets"),
    Fault("line-unreadable", "bit-reversed", turned(lambda one: int(f"{one:08b}"[::-1], 2), "bit-reversed")),
    Fault("line-unreadable", "sign-extended", rewritten(signed, "sign-extended")),
    Fault("line-unreadable", "text-encoded", rewritten(replaced, "text-encoded"), group="replaced"),
    Fault("line-unreadable", "text-encoded", rewritten(encoded, "text-encoded"), group="encoded"),
    Fault("hdlc-noise", "heads-lost", heads_lost),
    Fault("line-unreadable", "edges-late", late, 0.9),
    Fault("hdlc-noise", "port-shared", shared),
    Fault("line-unreadable", "parity-filtered", read_with([line_format("8E1"), line_format("8O1")], "parity-filtered")),
    Fault(
        "line-unreadable", "parity-filtered",
        read_with([line_format("8E1"), line_format("8O1")], "parity-filtered", drops=True), group="dropped",
    ),
    Fault("line-settings-differ", "seven-bit", read_with([line_format("7E1"), line_format("7N1")], "seven-bit"),
          group="UART"),
)  # fmt: skip
