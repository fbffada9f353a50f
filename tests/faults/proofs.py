"""Faults of high level security: each way in which a side may compute its answer to a challenge wrongly.

The answers are computed here from the standard's text alone (IEC 62056-5-3, authentication mechanisms 3, 5 and 6).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.security.keys import KeyRole
from dissectors.acse import Aare, Aarq
from dissectors.xdlms.initiate import InitiateRequest, InitiateResponse
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.secured import keyring
from tests.faults.case import Case, Fault, Truth
from tests.faults.security import placed

_MD5, _GMAC, _SHA256 = 3, 5, 6
_NAME = "2.16.756.5.8.2."
_TAG = 12


class Proof(NamedTuple):
    """What one side computes its answer with."""

    own: bytes
    other: bytes
    challenge: bytes
    own_challenge: bytes
    secret: bytes
    guek: bytes
    gak: bytes
    control: int
    counter: int


Answer = Callable[[random.Random, Proof], bytes]


def md5(p: Proof) -> bytes:
    return hashlib.md5(p.challenge + p.secret).digest()


def sha256(p: Proof) -> bytes:
    return hashlib.sha256(p.secret + p.own + p.other + p.challenge + p.own_challenge).digest()


def gmac(p: Proof, *, sent: Proof | None = None) -> bytes:
    """SC, IC and tag; *sent* where they are others than those that were computed with."""
    told = sent or p
    control, counter = bytes((p.control,)), p.counter.to_bytes(4, "big")
    tag = AESGCM(p.guek).encrypt(p.own + counter, b"", control + p.gak + p.challenge)
    return bytes((told.control,)) + told.counter.to_bytes(4, "big") + tag[:_TAG]


_RIGHT: dict[int, Callable[[Proof], bytes]] = {_MD5: md5, _GMAC: gmac, _SHA256: sha256}


def _proof(cause: str, mechanism: int, wrong: Answer, *, is_client: bool | None = None) -> Fault:
    """A row: one side answers as *wrong* says; the other is right, and refuses where it is the meter."""

    def make(chance: random.Random, number: int) -> Case:
        titles = b"CLI" + chance.randbytes(5), b"SRV" + chance.randbytes(5)
        challenges = chance.randbytes(16), chance.randbytes(16)
        keys = chance.randbytes(16), chance.randbytes(16)
        secret = bytes(chance.choice(b"abcdefghijkmnpqrstuvwxyz") for _ in range(16))
        client = Proof(*titles, *challenges[::-1], secret, *keys, 0x10, chance.randrange(2, 1 << 20))
        server = client._replace(
            own=titles[1], other=titles[0], challenge=challenges[0], own_challenge=challenges[1],
            counter=chance.randrange(2, 1 << 20),
        )  # fmt: skip
        is_clients = number % 2 == 0 if is_client is None else is_client
        third = wrong(chance, client) if is_clients else _RIGHT[mechanism](client)
        fourth = _RIGHT[mechanism](server) if is_clients else wrong(chance, server)
        said = _open(mechanism, titles, challenges)
        said += _passes(third, None if is_clients else fourth)
        given = {KeyRole.GUEK: keys[0], KeyRole.GAK: keys[1], KeyRole.HLS_SECRET: secret}
        return Case(placed(said), Truth(frozenset({cause})), keys=keyring(given))

    return Fault("hls-failed", cause, make, group=f"mechanism {mechanism}")


def _open(mechanism: int, titles: tuple[bytes, bytes], challenges: tuple[bytes, bytes]) -> list:
    context = {"application_context_name": "2.16.756.5.8.1.1", "mechanism_name": f"{_NAME}{mechanism}"}
    aarq = Aarq(
        **context, calling_ap_title=titles[0], calling_authentication_value=("charstring", challenges[0]),
        user_information=InitiateRequest(),
    )  # fmt: skip
    aare = Aare(
        **context, responding_ap_title=titles[1], responding_authentication_value=("charstring", challenges[1]),
        user_information=InitiateResponse(), result_source_diagnostic=("acse-service-user", 14),
    )  # fmt: skip
    return [asked(bytes(aarq)), answered(bytes(aare))]


def _passes(third: bytes, fourth: bytes | None) -> list:
    """Pass 3 and its answer: pass 4, or a refusal."""
    request = bytes.fromhex("C301C1 000F 0000280000FF 01 01 09") + bytes((len(third),)) + third
    if fourth is None:
        return [asked(request), answered(bytes.fromhex("C701C1 03 00"))]
    return [asked(request), answered(bytes.fromhex("C701C1 00 01 00 09") + bytes((len(fourth),)) + fourth)]


def _counted(change: int | None) -> Answer:
    def answer(chance: random.Random, p: Proof) -> bytes:
        return gmac(p._replace(counter=0 if change is None else p.counter + change), sent=p)

    return answer


def unchecked(chance: random.Random, number: int) -> Case:
    """Both answers may be right; the keyring lacks what they are computed with."""
    mechanism = (_MD5, _GMAC, _SHA256)[number % 3]
    titles = b"CLI" + chance.randbytes(5), b"SRV" + chance.randbytes(5)
    said = _open(mechanism, titles, (chance.randbytes(16), chance.randbytes(16)))
    size = {_MD5: 16, _GMAC: 17, _SHA256: 32}[mechanism]
    said += _passes(chance.randbytes(size), chance.randbytes(size))
    return Case(placed(said), Truth(frozenset({""})), keys=keyring({KeyRole.KEK: chance.randbytes(16)}))


PROOF_FAULTS: tuple[Fault, ...] = (
    _proof("secret-wrong", _MD5, lambda c, p: md5(p._replace(secret=c.randbytes(16)))),
    _proof("secret-wrong", _SHA256, lambda c, p: sha256(p._replace(secret=c.randbytes(12)))),
    _proof("wrong-key", _GMAC, lambda c, p: gmac(p._replace(guek=c.randbytes(16)))),
    _proof("wrong-authentication-key", _GMAC, lambda c, p: gmac(p._replace(gak=bytes(16)))),
    _proof("keys-swapped", _GMAC, lambda c, p: gmac(p._replace(guek=p.gak, gak=p.guek))),
    _proof("system-title-wrong", _GMAC, lambda c, p: gmac(p._replace(own=p.other))),
    _proof("system-title-wrong", _SHA256, lambda c, p: sha256(p._replace(own=p.other, other=p.own))),
    _proof("wrong-order", _MD5, lambda c, p: hashlib.md5(p.secret + p.challenge).digest()),
    _proof("wrong-order", _SHA256,
           lambda c, p: hashlib.sha256(p.own + p.other + p.challenge + p.own_challenge + p.secret).digest()),
    _proof("counter-zero", _GMAC, _counted(None)),
    _proof("counter-wrong", _GMAC, lambda c, p: _counted(c.choice((-1, 1)))(c, p)),
    _proof("security-control-wrong", _GMAC, lambda c, p: gmac(p._replace(control=0x30), sent=p)),
    _proof("security-control-wrong", _GMAC, lambda c, p: gmac(p, sent=p._replace(control=0x11))),
    _proof("response-from-other-challenge", _GMAC, lambda c, p: gmac(p._replace(challenge=p.own_challenge))),
    _proof("response-from-other-challenge", _MD5, lambda c, p: md5(p._replace(challenge=p.own_challenge))),
    _proof("answer-length-wrong", _GMAC, lambda c, p: gmac(p)[: c.randrange(5, 16)]),
    _proof("answer-length-wrong", _SHA256, lambda c, p: sha256(p)[: c.randrange(1, 32)]),
    _proof("challenge-echoed", _MD5, lambda c, p: p.challenge),
    _proof("refused-though-right", _SHA256, lambda c, p: sha256(p), is_client=True),
    _proof("refused-though-right", _GMAC, lambda c, p: gmac(p), is_client=True),
    Fault("hls-unchecked", "", unchecked),
)  # fmt: skip
