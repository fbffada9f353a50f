"""Known deviations and odd ends of APDUs: each put into a healthy dialogue, which has to be read all the same."""

from __future__ import annotations

import random

from analyzer.simulate.sent import TO_CLIENT
from tests.analyzer.tracking.build import general_block
from tests.dissectors.test_quirks import PAIRS
from tests.faults.case import Case, Fault, Truth
from tests.faults.dialogues import CARRIERS, Apdus, changed, dialogue, exchanges, later, on_wrapper, said_at
from tests.faults.links import informations, remade, session_of

_UNASKED = frozenset({0x0F, 0xC2})
_AARE, _RLRE, _INITIATE = 0x61, 0x63, 0x01


def _quirk(cause: str) -> Fault:
    """A row: the APDU that deviates in the place of the healthy one of its kind, pushed, or asked last."""
    octets = bytes.fromhex(PAIRS[cause].deviating)

    def make(chance: random.Random, number: int) -> Case:
        apdus = list(dialogue(2 * number))  # those have no password
        tag = octets[0]
        if tag in (_AARE, _RLRE):
            at = next(at for at, one in enumerate(apdus) if one.octets[0] == tag)
            apdus[at] = apdus[at]._replace(octets=octets)
        elif tag == _INITIATE:
            apdus[0] = apdus[0]._replace(octets=_with_initiate(octets))
        else:
            at = chance.choice(exchanges(apdus)[1:-1])
            pushed = said_at(apdus[at], octets, -0.01, TO_CLIENT)
            asked = said_at(apdus[at], octets)
            apdus = [*apdus[:at], pushed, *apdus[at:]] if tag in _UNASKED else [*apdus[:at], asked]
        carry = CARRIERS[number % 2] if tag in _UNASKED or octets[0] in (_AARE, _RLRE, _INITIATE) else on_wrapper
        return Case(carry(apdus), Truth(frozenset({cause})))

    return Fault("meter-quirk", cause, make)


def _with_initiate(octets: bytes) -> bytes:
    """An AARQ around an initiate request."""
    body = bytes.fromhex("A1090607 60857405080101 BE") + bytes((len(octets) + 2, 4, len(octets))) + octets
    return bytes((0x60, len(body))) + body


def trailing(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """Octets stand behind an APDU that reads completely."""
    at = chance.choice(exchanges(apdus))
    place = at + number % 2
    made = list(apdus)
    made[place] = made[place]._replace(octets=made[place].octets + bytes(chance.randrange(1, 5)))
    return made


def _unknown(chance: random.Random, number: int) -> Case | None:
    """An HDLC information field without LLC that is no APDU."""
    session = session_of(number)
    at = chance.choice(informations(session, TO_CLIENT)[1:-1])
    session[at] = remade(session[at], information=b"\xf7" + chance.randbytes(12))
    return Case(session, Truth(frozenset({""})))


def restarted_block(chance: random.Random, number: int) -> Case:
    """Every block of a general-block-transfer begins the whole APDU anew, as a reader of some meters writes them."""
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus)[1:-1])
    whole = b"\xc4\x01" + apdus[at].octets[2:3] + b"\0\x09\x82\x01\x00" + chance.randbytes(256)
    size = chance.randrange(40, 100)
    blocks = [general_block(1, whole[:size]), general_block(2, whole[: size + 10]),
              general_block(3, whole[size : 2 * size], last=True)]  # fmt: skip
    answers = [apdus[at + 1]._replace(octets=one, time_ns=apdus[at + 1].time_ns + step * 10**7)
               for step, one in enumerate(blocks)]  # fmt: skip
    made = [*apdus[: at + 1], *answers, *later(apdus[at + 2 :], 0.2)]
    return Case(on_wrapper(made), Truth(frozenset({"block-restarts-apdu"}), frozenset({"apdu-trailing-octets"})))


QUIRK_FAULTS: tuple[Fault, ...] = (
    *(_quirk(cause) for cause in PAIRS),
    changed("apdu-trailing-octets", "", trailing, group="quirks"),
    Fault("information-undecoded", "", _unknown),
    Fault("apdu-malformed", "block-restarts-apdu", restarted_block),
)
