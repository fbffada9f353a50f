"""Faults of associations: refused, not believed, aborted, lost."""

from __future__ import annotations

import random
from collections.abc import Sequence

from analyzer.simulate.sent import TO_CLIENT, TO_METER
from tests.faults.case import Case, Fault, Truth
from tests.faults.dialogues import (
    FIN,
    GET_TIMEOUT,
    RST,
    Apdus,
    Change,
    changed,
    dialogue,
    exchanges,
    later,
    link_frame,
    on_hdlc,
    on_wrapper,
    over_tcp,
    said_at,
)

_CONTEXT = bytes.fromhex("A109 0607 60857405080101")
_USER, _PROVIDER = 0xA1, 0xA2
DM, FRMR = 0x1F, 0x97


def aare(result: int, diagnostic: int, *, source: int = _USER, error: tuple[int, int] | None = None) -> bytes:
    """An AARE that rejects."""
    body = _CONTEXT + bytes((0xA2, 3, 2, 1, result, 0xA3, 5, source, 3, 2, 1, diagnostic))
    if error is not None:
        body += bytes((0xBE, 6, 4, 4, 0x0E, 1, *error))
    return bytes((0x61, len(body))) + body


def refused(answer: bytes, *, kind: int | None = None) -> Change:
    """The meter refuses, and the client gives up. *kind* chooses the dialogue: odd ones have a password."""

    def change(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
        found = dialogue(number if kind is None else 2 * number + kind)
        return [found[0], found[1]._replace(octets=answer)]

    return change


def without_initiate(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    bare = bytes((0x60, len(_CONTEXT))) + _CONTEXT
    return [apdus[0]._replace(octets=bare), apdus[1]._replace(octets=aare(1, 1))]


def not_believed(mechanism: int, answer: str, *, is_dedicated: bool = False) -> Change:
    """High level security whose pass 3 the meter refuses."""

    def change(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
        name = bytes.fromhex("60857405080200")[:-1] + bytes((mechanism,))
        initiate = bytes.fromhex("BE10040E01000000065F1F0400001E1DFFFF")
        title = bytes.fromhex("A60A04084D4D4D0000BC614E")
        body = (
            _CONTEXT + title + b"\x8a\x02\x07\x80\x8b\x07" + name + b"\xac\x0a\x80\x08" + chance.randbytes(8) + initiate
        )
        aarq = bytes((0x60, len(body))) + body
        challenge = b"\x88\x02\x07\x80\x89\x07" + name + b"\xaa\x0a\x80\x08" + chance.randbytes(8)
        body = _CONTEXT + bytes.fromhex("A203020100A305A10302010E") + challenge
        body += bytes.fromhex("BE10040E0800065F1F0400001E1D04C80007")
        pending = bytes((0x61, len(body))) + body
        reply = bytes.fromhex("C301C1000F0000280000FF010109") + b"\x10" + chance.randbytes(16)
        if is_dedicated:
            reply = b"\xd3\x21\x30" + chance.randbytes(32)
        third = said_at(apdus[0], reply, 0.5)
        return [
            apdus[0]._replace(octets=aarq), apdus[1]._replace(octets=pending),
            third, said_at(third, bytes.fromhex(answer), 0.2, TO_CLIENT),
        ]  # fmt: skip

    return change


def aborted(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus))
    return [*apdus[: at + 1], apdus[at + 1]._replace(octets=bytes.fromhex("6403800101"))]


def not_finished(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    assert apdus[-1].octets[:1] == b"\x63"
    return [*apdus[:-1], apdus[-1]._replace(octets=bytes.fromhex("63038001") + bytes((chance.choice((1, 30)),)))]


# -- lost -------------------------------------------------------------------------------------------------------------


def _told(apdus: Apdus, at: int, seconds: int) -> Apdus:
    """Let the client read the time-out before the request at *at*."""
    asked, answered = apdus[at], apdus[at + 1]
    value = bytes.fromhex("C401C100 12") + seconds.to_bytes(2, "big")
    both = [asked._replace(octets=GET_TIMEOUT), answered._replace(octets=value)]
    return [*apdus[:at], *both, *later(apdus[at:], 0.5)]


def idle_then_dm(chance: random.Random, number: int) -> Case | None:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    limit = chance.choice((30, 60, 120, 180))
    if number % 2:
        apdus, at = _told(apdus, at, limit), at + 2
    pause = max(limit, 0 if number % 2 else 111) + chance.uniform(1, 200)
    lines = on_hdlc([*apdus[:at], *later(apdus[at : at + 1], pause)], is_closed=False)
    lines = [one for one in lines if one.time_ns is not None]
    if lines[-1].direction == TO_CLIENT:
        lines.pop()  # in place of the RR of a meter that thinks
    return Case([*lines, link_frame(lines[-1], 0.05, DM)], Truth(frozenset({"inactivity-timeout"})))


def idle_then_silence(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    pause = chance.uniform(125, 900)
    vain = [said_at(apdus[at], apdus[at].octets, pause + 5 * step) for step in range(3)]
    anew = later(apdus[:4], (vain[-1].time_ns - apdus[0].time_ns) / 1e9 + 5)
    units = [*apdus[:at], *vain, *anew]
    return Case(on_wrapper(units), Truth(frozenset({"inactivity-timeout"})))


def idle_then_reset(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    units = [*apdus[:at], *later(apdus[at : at + 1], chance.uniform(115, 900))]
    return Case(over_tcp(units, [(0.1, TO_CLIENT, RST)]), Truth(frozenset({"inactivity-timeout"})))


def idle_then_fin(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    last = [(chance.uniform(115, 400), TO_CLIENT, FIN), (0.1, TO_METER, FIN)]
    return Case(over_tcp(apdus[:at], last), Truth(frozenset({"inactivity-timeout"})))


def sudden_dm(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    lines = on_hdlc(apdus[: at + 1], is_closed=False)
    if lines[-1].direction == TO_CLIENT:
        lines.pop()
    return Case([*lines, link_frame(lines[-1], 0.05, DM)], Truth(frozenset({"dm-received"})))


def sudden_reset(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    return Case(over_tcp(apdus[: at + 1], [(0.1, TO_CLIENT, RST)]), Truth(frozenset({"tcp-reset"})))


def sudden_fin(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    last = [(0.1, TO_CLIENT, FIN), (0.1, TO_METER, FIN)]
    return Case(over_tcp(apdus[: at + 1], last), Truth(frozenset({"peer-closed"})))


def gone(chance: random.Random, number: int) -> Case:
    """The meter goes silent in the middle, without a pause before."""
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    vain = [said_at(apdus[at], apdus[at].octets, 5 * step) for step in range(3)]
    anew = later(apdus[:4], (vain[-1].time_ns - apdus[0].time_ns) / 1e9 + 5)
    units = [*apdus[:at], *vain, *(anew if number % 2 else ())]
    return Case(on_wrapper(units), Truth(frozenset({"link-lost"})))


def impatient(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus)[3:])
    anew = later(apdus[:6], (apdus[at].time_ns - apdus[0].time_ns) / 1e9 + 0.005)
    return Case(on_wrapper([*apdus[: at + 1], *anew]), Truth(frozenset({"client-restart"})))


def rejected(chance: random.Random, number: int) -> Case:
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus))
    lines = on_hdlc(apdus[: at + 1], is_closed=False)
    if lines[-1].direction == TO_CLIENT:
        lines.pop()
    sent = lines[-1].octets[5]
    bad = link_frame(lines[-1], 0.05, FRMR, bytes((sent, 0, 0x10)))
    truth = Truth(frozenset({"counters-not-reset", "frame-rejected"}), frozenset({"hdlc-frame-rejected"}))
    return Case([*lines, bad], truth)


def _refusals(code: str, rows: Sequence[tuple[str, bytes, int | None]]) -> list[Fault]:
    return [changed(code, cause, refused(answer, kind=kind), group="association") for cause, answer, kind in rows]


_ABORT = "provider-abort"
ASSOCIATION_FAULTS: tuple[Fault, ...] = (
    *_refusals("association-rejected", (
        ("wrong-password", aare(1, 13), 1), ("mechanism-not-accepted", aare(1, 13), 0),
        ("wrong-context", aare(1, 2), None), ("client-title-unknown", aare(1, 3), None),
        ("client-certificate-unknown", aare(1, 5), None), ("user-unknown", aare(1, 6), None),
        ("server-title-unknown", aare(1, 7), None), ("mechanism-not-accepted", aare(1, 11), None),
        ("mechanism-not-accepted", aare(1, 12), None), ("version-too-low", aare(1, 2, source=_PROVIDER), None),
        ("version-too-low", aare(1, 1, error=(6, 1)), None),
        ("conformance-incompatible", aare(1, 1, error=(6, 2)), None),
        ("pdu-size-too-short", aare(1, 1, error=(6, 3)), None), ("refused-by-handler", aare(1, 1, error=(6, 4)), None),
        ("proposal-undecipherable", aare(1, 1, error=(0, 6)), None), ("meter-busy", aare(2, 1), None),
        ("refused-without-reason", aare(1, 1), None), ("client-sap-unknown", aare(1, 1), 0), ("proposal-undecipherable", bytes.fromhex("D80105"), None),
    )),
    changed("association-rejected", "user-information-missing", without_initiate, group="association"),
    changed("hls-failed", "hls-mac-wrong", not_believed(5, "C701C10100"), group="association"),
    changed("hls-failed", "hls-mac-wrong", not_believed(5, "D80101"), group="association"),
    changed("hls-failed", "secret-wrong", not_believed(3, "C701C1FA00"), group="association"),
    changed("hls-failed", "secret-wrong", not_believed(6, "C701C10300"), group="association"),
    changed("hls-failed", "dedicated-key-too-early", not_believed(2, "0E060006", is_dedicated=True),
            group="association"),
    changed("abort", "request-refused", aborted, group="association"),
    changed("release-not-normal", "", not_finished, group="association"),
    Fault(_ABORT, "inactivity-timeout", idle_then_dm, group="association"),
    Fault(_ABORT, "inactivity-timeout", idle_then_silence, group="association"),
    Fault(_ABORT, "inactivity-timeout", idle_then_reset, group="association"),
    Fault(_ABORT, "inactivity-timeout", idle_then_fin, group="association"),
    Fault(_ABORT, "dm-received", sudden_dm, group="association"),
    Fault(_ABORT, "tcp-reset", sudden_reset, group="association"),
    Fault(_ABORT, "peer-closed", sudden_fin, group="association"),
    Fault(_ABORT, "link-lost", gone, group="association"),
    Fault(_ABORT, "client-restart", impatient, group="association"),
    Fault(_ABORT, "frame-rejected", rejected, group="association"),
)  # fmt: skip
