"""A challenge, the answer to it and the keys to a verdict: which side of an HLS handshake is wrong, and how.

Pass 3 is f(StoC) of the client, pass 4 f(CtoS) of the server; each side computes with its own view (own title, the
challenge it was given), so that one function serves both. What does not match is computed again with one or two
things altered, as people get them wrong; a match says what happened.
Source: IEC 62056-5-3, High Level Security authentication; DLMS UA Green Book, authentication mechanisms 2 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from analyzer.security.elliptic_keys import EllipticKey
from analyzer.security.hls_functions import (
    ANSWER_SIZES,
    CHALLENGE_SIZES,
    ECDSA,
    GMAC,
    HASHES,
    MANUFACTURER_SPECIFIC,
    NAMES,
    View,
    answers,
    matches,
)
from analyzer.security.hls_mistakes import MISTAKES, Mistake

VERIFIED, WRONG, UNCHECKED, UNSUPPORTED = "verified", "wrong", "unchecked", "unsupported"
CLIENT, SERVER = "client", "server"
_FUNCTION = {CLIENT: "f(StoC)", SERVER: "f(CtoS)"}
_RECEIVED = {CLIENT: "StoC", SERVER: "CtoS"}
_OTHER = {CLIENT: SERVER, SERVER: CLIENT}
_FEW_OCTETS = 4
"""A GMAC of something else agrees in 8 of its 12 octets once in 2^55 times."""
_CLAUSE, _SIGNED = ": it ", ": it is signed with"
_MAY_BE_THE_KEYRING = ("key-is-ascii", "wrong-key")
_WRITTEN = _MAY_BE_THE_KEYRING[0]


class Handshake(NamedTuple):
    """What the AARQ and the AARE say: mechanism-id, both challenges, both system titles; then the client's answer."""

    mechanism: int
    ctos: bytes
    stoc: bytes
    client_title: bytes = b""
    server_title: bytes = b""
    f_stoc: bytes | None = None


@dataclass(frozen=True, slots=True)
class HlsKeys:
    """What a keyring gives: the secret of mechanisms 3, 4 and 6, the keys of 5, the public keys of 7."""

    secret: bytes | None = field(default=None, repr=False)
    encryption_key: bytes | None = field(default=None, repr=False)
    authentication_key: bytes | None = field(default=None, repr=False)
    client_signing: Sequence[EllipticKey] = ()
    server_signing: Sequence[EllipticKey] = ()
    is_proved: bool = False
    """Whether the APDU around the client's answer opened under the global key: no other key was used."""


class Verdict(NamedTuple):
    """What one side's answer is: *cause* names what was found in a wrong one, *text* is a sentence for a person."""

    status: str
    side: str
    cause: str = ""
    text: str = ""
    is_certain: bool = False


def answer(handshake: Handshake, side: str, keys: HlsKeys, *, control: int = 0x10, counter: int = 0) -> bytes | None:
    """Compute what *side* sends: f(StoC) for the client, f(CtoS) for the server; None where a key is missing.

    *control* and *counter* are for GMAC only: 10 plus the suite, and the side's next invocation counter.
    """
    header = bytes((control,)) + counter.to_bytes(4, "big") if handshake.mechanism == GMAC else b""
    return answers(handshake.mechanism, _view(handshake, side, keys, header))


def check(handshake: Handshake, side: str, given: bytes, keys: HlsKeys) -> Verdict:
    """Check what *side* answered. Total: never raises on octets."""
    mechanism = handshake.mechanism
    what = f"the {side}'s {_FUNCTION[side]}"
    if mechanism == MANUFACTURER_SPECIFIC:
        return Verdict(UNSUPPORTED, side, "", f"{what} is manufacturer specific and cannot be recomputed")
    if mechanism not in NAMES:
        return Verdict(UNSUPPORTED, side, "", f"{what} is of mechanism {mechanism}, which is no HLS mechanism known")
    missing = _missing(handshake, side, keys)
    if missing:
        return Verdict(UNCHECKED, side, "", f"{what} cannot be recomputed: {missing}")
    view = _view(handshake, side, keys, given[:5])
    if matches(mechanism, view, given):
        return Verdict(VERIFIED, side, "", f"{what} is right ({NAMES[mechanism]})", True)
    if altered := _altered(mechanism, view, given):
        text = f"{what} is wrong: {altered} of its {len(given)} octets are not what they have to be, all others are"
        return Verdict(WRONG, side, "octets-damaged", text, True)
    found = _explain(mechanism, view, given)
    if side == SERVER and given and given == handshake.f_stoc and len(found) != 1:
        text = f"{what} is wrong{_CLAUSE}is the client's f(StoC), sent back as it came"
        return Verdict(WRONG, side, "response-from-other-challenge", text, True)
    if found:
        texts = " and ".join(mistake.text.format(**_words(side)) for mistake in found)
        is_certain = found[0].cause not in _MAY_BE_THE_KEYRING
        return Verdict(WRONG, side, found[0].cause, f"{what} is wrong{_CLAUSE}{texts}", is_certain)
    return _unexplained(handshake, side, given, what, is_proved=keys.is_proved)


def judge(
    handshake: Handshake, f_stoc: bytes | None, f_ctos: bytes | None, keys: HlsKeys, *, is_accepted: bool | None = None
) -> tuple[Verdict | None, Verdict | None, str]:
    """Check both answers and say in one sentence which side is wrong.

    *is_accepted* is whether the server took f(StoC), where that was seen: two sides that agree with each other and
    with no key given are right, and the keyring is not.
    """
    client = check(handshake, CLIENT, f_stoc, keys) if f_stoc is not None else None
    server = check(handshake, SERVER, f_ctos, keys) if f_ctos is not None else None
    both = (client, server)
    if any(one is not None and one.status == WRONG for one in both):
        if is_accepted and all(one is None or (one.status == WRONG and not one.is_certain) for one in both):
            noun = "secret" if handshake.mechanism in HASHES else "key"
            text = f"client and server accept each other, so the {noun} in the keyring is not theirs"
            if client is not None and server is not None and _SIGNED in client.text and _SIGNED in server.text:
                text = (
                    "client and server accept each other, and each signs with the key that the keyring gives the other:"
                )
                text += " the two signing keys are exchanged in it"
            elif client is not None and client.cause == _WRITTEN:
                text += f": each {client.text.partition(_CLAUSE)[2]}"
            return client, server, text
        wrong = [one.text for one in both if one is not None and one.status == WRONG]
        return client, server, "; ".join(wrong)
    if client is not None and client.status == VERIFIED and is_accepted is False:
        return client, server, f"{client.text}, yet the server refuses it: the server computes with something else"
    texts = [one.text for one in both if one is not None]
    return client, server, "; ".join(texts)


def _view(handshake: Handshake, side: str, keys: HlsKeys, header: bytes) -> View:
    """Give what *side* computes with."""
    titles = (handshake.client_title, handshake.server_title)
    challenges = (handshake.stoc, handshake.ctos)
    signing = (keys.client_signing, keys.server_signing)
    own = 0 if side == CLIENT else 1
    return View(
        challenge=challenges[own],
        own_challenge=challenges[1 - own],
        own_title=titles[own],
        other_title=titles[1 - own],
        header=header,
        secret=keys.secret or b"",
        encryption_key=keys.encryption_key or b"",
        authentication_key=keys.authentication_key or b"",
        signing=tuple(signing[own]),
        other_signing=tuple(signing[1 - own]),
    )


def _missing(handshake: Handshake, side: str, keys: HlsKeys) -> str:
    """Say what is missing to recompute the answer; empty where all is there."""
    mechanism = handshake.mechanism
    if not handshake.stoc or not handshake.ctos:
        return "a challenge was not seen"
    if mechanism in HASHES and keys.secret is None:
        return "no hls_secret"
    if mechanism == GMAC and (keys.encryption_key is None or keys.authentication_key is None):
        return "no global unicast encryption key" if keys.encryption_key is None else "no authentication key"
    if mechanism == ECDSA and not (keys.client_signing if side == CLIENT else keys.server_signing):
        return f"no signing key of the {side}"
    if mechanism >= GMAC and not (handshake.client_title if side == CLIENT else handshake.server_title):
        return f"the {side}'s system title was not seen"
    if mechanism > GMAC and not (handshake.client_title and handshake.server_title):
        return f"the {_OTHER[side]}'s system title was not seen"
    return ""


def _altered(mechanism: int, view: View, given: bytes) -> int:
    """Count the octets that were altered on the way, where they are few; 0 where another answer was given."""
    right = answers(mechanism, view) if mechanism != ECDSA else None  # signatures of the same differ
    if right is None or len(right) != len(given):
        return 0
    altered = sum(one != other for one, other in zip(right, given, strict=True))
    return altered if altered <= _FEW_OCTETS else 0


def _explain(mechanism: int, view: View, given: bytes) -> tuple[Mistake, ...]:
    """Find one or two mistakes that give just the answer that was given."""
    for mistakes in _hypotheses(mechanism):
        altered: View | None = view
        for mistake in mistakes:
            altered = mistake.alter(altered) if altered is not None else None
        if altered is not None and altered != view and matches(mechanism, altered, given):
            return mistakes
    return ()


def _hypotheses(mechanism: int) -> Iterator[tuple[Mistake, ...]]:
    mistakes = MISTAKES[mechanism]
    for count in (1, 2):
        yield from combinations(mistakes, count)


def _unexplained(handshake: Handshake, side: str, given: bytes, what: str, *, is_proved: bool) -> Verdict:
    """Say what can be said of an answer that fits nothing."""
    mechanism = handshake.mechanism
    sizes = ANSWER_SIZES[mechanism]
    if len(given) not in sizes:
        belong = " or ".join(map(str, sizes))
        text = f"{what} is wrong: {len(given)} octets where {NAMES[mechanism]} gives {belong}"
        return Verdict(WRONG, side, "answer-length-wrong", text, True)
    if given in (handshake.stoc, handshake.ctos):
        return Verdict(
            WRONG, side, "challenge-echoed", f"{what} is wrong: it is a challenge, sent back as it came", True
        )
    low, high = CHALLENGE_SIZES[mechanism]
    received = handshake.stoc if side == CLIENT else handshake.ctos
    odd = f"; {_RECEIVED[side]} has {len(received)} octets where {low} to {high} belong"
    if mechanism == GMAC and is_proved:
        text = f"answers another challenge than the {_RECEIVED[side]} of this capture, or was altered on the way"
        text += ": the APDU around the client's answer opens under the same keys"
        return Verdict(WRONG, side, "response-from-other-challenge", f"{what} is wrong{_CLAUSE}{text}", True)
    cause, noun = ("secret-wrong", "secret") if mechanism in HASHES else ("wrong-key", "key")
    text = f"{what} is wrong: it was made with another {noun} than the one given, or altered"
    text += zero_counter(mechanism, given)
    return Verdict(WRONG, side, cause, text + (odd if not low <= len(received) <= high else ""))


def zero_counter(mechanism: int, given: bytes) -> str:
    """Say of an answer that bears invocation counter 0 that few meters take it; empty for any other."""
    is_zero = mechanism == GMAC and given[1:5] == bytes(4)
    return "; it bears invocation counter 0, which a key has once, when it is new" if is_zero else ""


def _words(side: str) -> dict[str, str]:
    return {"received": _RECEIVED[side], "sent": _RECEIVED[_OTHER[side]], "other": _OTHER[side]}
