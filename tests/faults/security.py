"""Faults of security: keys, counters, protection against policy, signatures, certificates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from analyzer.security.keyring import Keyring
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate.ciphering import Seal, protect, wrap_key
from analyzer.simulate.security import KeySource
from captures.chunk import RECEIVED, SENT
from tests.analyzer.security import ecc
from tests.analyzer.security.test_signatures import signed_apdu
from tests.analyzer.tracking.build import ANSWERED, ASKED, answered, asked, length, wrapped
from tests.analyzer.tracking.build import Said as AnySaid
from tests.analyzer.tracking.secured import keyring, private_octets, secrets, security_of, session
from tests.analyzer.tracking.secured import said as conversation
from tests.analyzer.tracking.test_certificates import imports
from tests.analyzer.tracking.test_protection_mistakes import ADDITIONAL, ANSWERS, GET, sealed
from tests.analyzer.tracking.wrong_keys import WRONG, World, general
from tests.faults.case import Case, Fault, Said, Truth
from tests.faults.dialogues import START_NS, Apdus, changed, exchanges

_POLICY = bytes.fromhex("C001C1 0040 00002B0000FF 02 00")
_PAIR = ecc.key("P-256", 1)
_CLIENT_PAIRS = KeyRole.CLIENT_AGREEMENT, "server_agreement", "client_signing"
_SERVER_PAIRS = KeyRole.SERVER_AGREEMENT, "client_agreement", "server_signing"


def placed(said: Sequence[AnySaid]) -> list[Said]:
    """APDUs in wrapper PDUs, a fifth of a second apart."""
    return [
        Said(START_NS + at * 200_000_000, SENT if one.direction == ASKED else RECEIVED, one.octets)
        for at, one in enumerate(wrapped(said))
    ]


def keyed(code: str, cause: str, spoil: Callable[[World], None], *, codes: Sequence[str] = ()) -> Fault:
    """A row of ciphered messages and a keyring."""

    def make(chance: random.Random, number: int) -> Case:
        world = World(chance)
        world.neighbours = lambda: world.said.extend(pair(world))  # type: ignore[method-assign]
        for _ in range(3):
            world.said += pair(world)
        spoil(world)
        return Case(placed(world.said), Truth(frozenset({cause}), frozenset(codes)), keys=keyring(world.given))

    return Fault(code, cause, make, group="security")


def pair(world: World) -> list[AnySaid]:
    """A ciphered request and its answer."""
    return said(world, lambda title, plain: world.seal(title, plain))


def said(world: World, seal: Callable[[bytes, bytes], bytes]) -> list[AnySaid]:
    """A request and its answer as *seal* protects what a title says."""
    invoke = bytes((0xC0 | world.chance.randrange(16),))
    text = world.chance.randbytes(world.chance.randrange(4, 60))
    request = seal(world.client, b"\xc0\x01" + invoke + b"\0\1\0\0\x60\1\0\xff\2\0")
    answer = seal(world.server, b"\xc4\x01" + invoke + b"\0\x09" + bytes((len(text),)) + text)
    return [
        AnySaid(ASKED, b"\xc8" + length(len(request)) + request), AnySaid(ANSWERED, b"\xcc" + length(len(answer)) + answer)
    ]  # fmt: skip


# -- counters ---------------------------------------------------------------------------------------------------------


def _nonce_reused(world: World) -> None:
    world.counters[world.server] -= 1
    world.said += pair(world)


def _altered(world: World) -> None:
    """A request comes again with a bit of its text turned: its tag does not fit any more."""
    octets = bytearray(world.said[-2].octets)
    octets[-world.chance.randrange(14, 20)] ^= 1 << world.chance.randrange(8)
    world.said += [AnySaid(ASKED, bytes(octets)), world.said[-1]]


def _unauthenticated(world: World) -> None:
    del world.given[KeyRole.GAK]


def _replayed(world: World) -> None:
    world.said += world.said[-4:-2]


def _sent_again(world: World) -> None:
    """The answer is lost before the client, which sends the same octets once more."""
    request = world.said[-2]
    world.said[-1:] = [request, world.said[-1]]


def _restarted(world: World) -> None:
    side = world.chance.choice((world.client, world.server))
    world.counters[side] = world.chance.randrange(world.counters[side] // 2)
    world.said += pair(world)


def _key_info_missing(world: World) -> None:
    """The client's message told its key; the meter's first one, which did too, is not there, and the next has none."""
    world.given[KeyRole.KEK] = world.kek
    world.said.append(asked(general(world, wraps=True)[0]))
    world.counters[world.server] += 1
    fields = (world.chance.randbytes(8), world.server, world.client, b"", b"")
    header = b"".join(length(len(one)) + one for one in fields)
    seal = Seal(0x30 | world.suite, world.chance.randbytes(len(world.guek)), world.gak, world.server)
    body = protect(bytes.fromhex("C401C1 00 0600BC614E"), seal, world.counters[world.server], header)
    world.said.append(answered(b"\xdd" + header + b"\0" + length(len(body)) + body))


def _overtaken(world: World) -> None:
    """Two requests, two answers, and the second answer comes first."""
    one, other = pair(world), pair(world)
    world.said += [one[0], other[0], other[1], one[1]]


def _jumped(world: World) -> None:
    world.counters[world.chance.choice((world.client, world.server))] += world.chance.randrange(0x20000, 0x1000000)
    world.said += pair(world)


def _near_its_end(world: World) -> None:
    world.counters[world.chance.choice((world.client, world.server))] = 0xFFFF_FFFF - world.chance.randrange(2, 10_000)
    world.said += pair(world)


def _no_key(world: World) -> None:
    world.given = {KeyRole.KEK: world.kek}


def _mistyped(world: World) -> None:
    """Who typed a key slipped: one digit is another, or two that stand side by side have changed places."""
    role = world.chance.choice((KeyRole.GUEK, KeyRole.GAK))
    digits = world.given[role].hex()
    at = world.chance.choice([at for at in range(len(digits) - 1) if digits[at] != digits[at + 1]])
    slip = digits[at + 1] + digits[at]
    if world.chance.random() < 0.5:
        slip = f"{int(digits[at], 16) ^ world.chance.randrange(1, 16):x}" + digits[at + 1]
    world.given[role] = bytes.fromhex(digits[:at] + slip + digits[at + 2 :])


def _additional(world: World) -> None:
    """The meter makes its tags over other additional data."""
    aad = world.chance.choice(list(ADDITIONAL.values()))
    for plain in ANSWERS:
        request = world.seal(world.client, b"\xc0\x01" + plain[2:3] + GET[3:])
        world.said += [asked(b"\xc8" + length(len(request)) + request), answered(sealed(world, plain, aad=aad))]


def _agreed(chance: random.Random, number: int) -> Case:
    """The keyring has each side's pair for key agreement as the other's, or the pair that a side signs with."""
    is_static = number % 2 == 1
    security = security_of(1 + number // 2 % 2, KeySource.STATIC if is_static else KeySource.ONE_PASS)
    given = secrets(security)
    for side, other, signs in (_CLIENT_PAIRS, _SERVER_PAIRS):
        given[side] = private_octets(getattr(security.keys, signs if is_static else other))
    spoken = conversation(session(security, gets=chance.randrange(3)))
    return Case(placed(spoken), Truth(frozenset({"agreement-key-wrong"})), keys=keyring(given))


def _no_title(world: World) -> None:
    """The AARQ and AARE are not in the capture, and the keyring names no title."""
    del world.said[:2]


def _changed_key(world: World) -> None:
    world.given[KeyRole.KEK] = world.kek
    new = world.chance.randbytes(len(world.guek))
    wrapped_key = wrap_key(new, world.kek)
    data = bytes.fromhex("0101 0202 1600 09") + length(len(wrapped_key)) + wrapped_key
    body = world.seal(world.client, bytes.fromhex("C301C1 0040 00002B0000FF 02 01") + data)
    answer = world.seal(world.server, bytes.fromhex("C701C10000"))
    world.said += [asked(b"\xcb" + length(len(body)) + body), answered(b"\xcf" + length(len(answer)) + answer)]
    world.guek = new
    world.said += pair(world)


# -- protection -------------------------------------------------------------------------------------------------------


def _in_clear(world: World) -> None:
    """A request goes in clear in an association with ciphering, and the meter answers it so."""
    world.said += [
        asked(bytes.fromhex("C001C1 0003 0100010800FF 02 00")), answered(bytes.fromhex("C401C1 00 06 00012345")),
    ]  # fmt: skip


def _against_policy(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """The meter tells that its policy asks for both protections, and the association goes in clear."""
    at = chance.choice(exchanges(apdus)[:-2])
    made = list(apdus)
    made[at] = made[at]._replace(octets=_POLICY)
    made[at + 1] = made[at + 1]._replace(octets=bytes.fromhex("C401C1 00 16 03"))
    return made


def _weaker(world: World) -> None:
    """Authenticated alone under a policy that asks for both."""
    body = world.seal(world.client, _POLICY)
    answer = world.seal(world.server, bytes.fromhex("C401C1 00 16 03"))
    world.said += [asked(b"\xc8" + length(len(body)) + body), answered(b"\xcc" + length(len(answer)) + answer)]

    def half(title: bytes, plain: bytes) -> bytes:
        world.counters[title] += 1
        return protect(plain, Seal(0x10 | world.suite, world.guek, world.gak, title), world.counters[title])

    world.said += said(world, half)


def _password(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    """Low level security as it is: the password crosses the line as it is typed."""
    return apdus if number % 2 else None


# -- signatures and certificates --------------------------------------------------------------------------------------


def _signed(chance: random.Random, number: int) -> Case:
    """A bit of a signed APDU, or of its signature, is turned on the way; the keyring has its sender's certificate."""
    octets = bytearray(signed_apdu(_PAIR, "with the content's length octets"))
    octets[chance.choice([*range(-60, -4), *range(-72, -68)])] ^= 1 << chance.randrange(8)
    ring = keyring({})
    (meter,) = ring.meters
    meter.client_title = ecc.CLIENT_TITLE
    meter.keys[KeyRole.CLIENT_SIGNING] = Key(KeyRole.CLIENT_SIGNING, _PAIR.public, meter.place)
    return Case(placed([asked(bytes(octets))]), Truth(frozenset({""})), keys=ring)


def _certificate(chance: random.Random, number: int) -> Case:
    """A certificate is imported that was cut, or whose first octets are others."""
    der = ecc.certificate(_PAIR, ecc.CLIENT_TITLE)
    der = der[: -chance.randrange(1, 200)] if number % 2 else chance.randbytes(3) + der[3:]
    said = [imports(der), answered(bytes.fromhex("C701C1 00 00"))]
    return Case(placed(said), Truth(frozenset({""})), keys=Keyring())


def _keys() -> list[Fault]:
    """All that can be wrong with keys, as the tests of tracking have it."""
    return [keyed(wrong.code, wrong.cause, wrong.make) for wrong in WRONG.values() if wrong.code == "undecipherable"]


_REPEATED, _PROTECTION = "invocation-counter-repeated", "protection-below-policy"
SECURITY_FAULTS: tuple[Fault, ...] = (
    *_keys(),
    keyed("undecipherable", "no-key", _no_key),
    keyed("undecipherable", "no-key", _unauthenticated),
    keyed("undecipherable", "no-system-title", _no_title),
    keyed("undecipherable", "key-info-missing", _key_info_missing),
    keyed("undecipherable", "key-mistyped", _mistyped),
    keyed("undecipherable", "additional-data-wrong", _additional),
    Fault("undecipherable", "agreement-key-wrong", _agreed, group="security"),
    keyed(_REPEATED, "nonce-reuse", _nonce_reused),
    keyed(_REPEATED, "altered-copy", _altered, codes=("undecipherable",)),
    keyed(_REPEATED, "replay", _replayed),
    keyed(_REPEATED, "retransmission", _sent_again),
    keyed("invocation-counter-regressed", "counter-reset", _restarted),
    keyed("invocation-counter-regressed", "overtaken", _overtaken),
    keyed("invocation-counter-jumped", "", _jumped),
    keyed("invocation-counter-near-end", "", _near_its_end),
    keyed("key-changed", "", _changed_key),
    keyed(_PROTECTION, "plaintext-in-ciphered-context", _in_clear),
    changed(_PROTECTION, "plaintext-against-policy", _against_policy, group="security"),
    keyed(_PROTECTION, "weaker-than-policy", _weaker),
    changed(_PROTECTION, "password-in-clear", _password, group="security"),
    Fault("signature-wrong", "", _signed, group="security"),
    Fault("certificate-problem", "", _certificate, group="security"),
)  # fmt: skip
