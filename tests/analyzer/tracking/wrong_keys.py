"""Everything that can be wrong with keys, one thing at a time, at random; and whether it is named.

``python -m tests.analyzer.tracking.wrong_keys 1000`` prints the table of the long form.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from analyzer.security.keys import KeyRole
from analyzer.simulate.ciphering import Seal, protect, wrap_key
from tests.analyzer.tracking.build import Said, answered, asked, length
from tests.analyzer.tracking.secured import keyring, opened


class World:
    """Two parties with random titles, keys and counters, and what they say."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.suite = chance.choice((0, 0, 1, 2))
        size = 32 if self.suite == 2 else 16
        self.guek, self.gak, self.gbek, self.kek, self.dedicated = (chance.randbytes(size) for _ in range(5))
        self.client, self.server = (b"CLI" + chance.randbytes(5), b"SRV" + chance.randbytes(5))
        self.counters = {self.client: chance.randrange(1, 1 << 24), self.server: chance.randrange(1, 1 << 24)}
        self.said: list[Said] = []
        self.given = {KeyRole.GUEK: self.guek, KeyRole.GAK: self.gak}
        self._associate()

    def _associate(self) -> None:
        context = bytes.fromhex("A109060760857405080103")
        for said, tag, title, rest in (
            (asked, 0x60, b"\xa6\x0a\x04\x08" + self.client, "BE10040E01000000065F1F0400007E1F04B0"),
            (answered, 0x61, bytes.fromhex("A203020100A305A103020100A40A0408") + self.server,
             "BE10040E0800065F1F0400007C1F04000007"),
        ):  # fmt: skip
            body = context + title + bytes.fromhex(rest)
            self.said.append(said(bytes((tag, len(body))) + body))

    def seal(self, title: bytes, plain: bytes, *, key: bytes = b"", gak: bytes | None = None, iv: bytes = b"",
             more: int = 0, counter: int | None = None) -> bytes:  # fmt: skip
        """What follows the tag of a ciphered APDU: SC, counter, text and tag."""
        if counter is None:
            self.counters[title] += 1
            counter = self.counters[title]
        control = 0x30 | self.suite | more
        seal = Seal(control, key or self.guek, self.gak if gak is None else gak, iv or title)
        return protect(plain, seal, counter)

    def request(self, *, tag: int = 0xC8, **how: object) -> bytes:
        """A ciphered GET request of a register, drawn at random."""
        obis = bytes((1, 0, self.chance.randrange(1, 90), 8, self.chance.randrange(5), 255))
        plain = b"\xc0\x01" + bytes((0xC0 | self.chance.randrange(16),)) + b"\x00\x03" + obis + b"\x02\x00"
        body = self.seal(self.client, plain, **how)  # type: ignore[arg-type]
        return bytes((tag,)) + length(len(body)) + body

    def response(self, *, tag: int = 0xCC, **how: object) -> bytes:
        """A ciphered GET response with a string, drawn at random."""
        text = self.chance.randbytes(self.chance.randrange(4, 60))
        plain = b"\xc4\x01" + bytes((0xC0 | self.chance.randrange(16),)) + b"\x00\x09" + length(len(text)) + text
        body = self.seal(self.server, plain, **how)  # type: ignore[arg-type]
        return bytes((tag,)) + length(len(body)) + body

    def one(self, **how: object) -> bytes:
        """A request or a response; it joins what is said."""
        is_request = self.chance.random() < 0.5
        octets = self.request(**how) if is_request else self.response(**how)
        self.said.append((asked if is_request else answered)(octets))
        return octets

    def neighbours(self) -> None:
        """Some messages that verify."""
        for _ in range(self.chance.randrange(3)):
            self.said += [asked(self.request()), answered(self.response())]

    def replace_last(self, octets: bytes) -> None:
        self.said[-1] = self.said[-1]._replace(octets=octets)


class Wrong(NamedTuple):
    """One thing that is wrong, and the code and cause that name it."""

    make: Callable[[World], None]
    code: str
    cause: str


def _wrong_encryption_key(world: World) -> None:
    world.given[KeyRole.GUEK] = world.chance.randbytes(len(world.guek))
    world.one()


def _wrong_authentication_key(world: World) -> None:
    world.given[KeyRole.GAK] = world.chance.randbytes(len(world.gak))
    world.one()


def _swapped(world: World) -> None:
    world.given = {KeyRole.GUEK: world.gak, KeyRole.GAK: world.guek}
    world.one()


def _wrong_title(world: World) -> None:
    world.neighbours()
    if world.chance.random() < 0.5:
        world.said.append(asked(world.request(iv=world.server)))
    else:
        world.said.append(answered(world.response(iv=world.client)))


def _flipped_bit(world: World) -> None:
    world.neighbours()
    octets = bytearray(world.one())
    start = 2 if octets[1] < 0x80 else 4
    octets[world.chance.randrange(start + 1, len(octets))] ^= 1 << world.chance.randrange(8)
    world.replace_last(bytes(octets))


def _cut_tag(world: World) -> None:
    octets = world.one()
    start = 2 if octets[1] < 0x80 else 4
    body = octets[start : len(octets) - world.chance.choice((*range(1, 9), 12))]
    has_right_length = world.chance.random() < 0.5
    world.replace_last(octets[:1] + (length(len(body)) if has_right_length else octets[1:start]) + body)


def _missing_dedicated(world: World) -> None:
    octets = world.request(tag=0xD0, key=world.dedicated)
    world.said.append(asked(octets))


def _broadcast(world: World) -> None:
    world.neighbours()
    world.said.append(asked(world.request(key=world.gbek, more=0x40)))


def _replay(world: World) -> None:
    octets = world.one()
    side = world.said[-1]
    world.neighbours()
    world.neighbours()
    world.said += [asked(world.request()), answered(world.response()), side._replace(octets=octets)]


def _nonce_reuse(world: World) -> None:
    world.one()
    title = world.client if world.said[-1].direction == asked(b"").direction else world.server
    again = world.counters[title]
    make = world.request if title == world.client else world.response
    world.neighbours()
    world.said.append(world.said[-1]._replace(direction=(asked if title == world.client else answered)(b"").direction,
                                              octets=make(counter=again)))  # fmt: skip


def _changed_key(world: World) -> None:
    world.neighbours()
    new = world.chance.randbytes(len(world.guek))
    wrapped = wrap_key(new, world.kek)
    data = bytes.fromhex("0101 0202 1600 09") + length(len(wrapped)) + wrapped
    plain = bytes.fromhex("C301C1 0040 00002B0000FF 02 01") + data
    body = world.seal(world.client, plain)
    world.said.append(asked(b"\xcb" + length(len(body)) + body))
    body = world.seal(world.server, bytes.fromhex("C701C10000"))
    world.said.append(answered(b"\xcf" + length(len(body)) + body))
    world.guek = new
    world.one()


def _ascii_key(world: World) -> None:
    size = len(world.guek)
    text = world.guek.hex().upper().encode()[:size]
    world.given = {KeyRole.GUEK: world.guek, KeyRole.GAK: world.gak}
    world.one(key=text, gak=world.gak.hex().upper().encode()[:size])


def _wrong_suite(world: World) -> None:
    world.suite = 0 if len(world.guek) == 16 else 2
    other = 1 if world.suite == 0 else 0
    octets = bytearray(world.one())
    octets[2 if octets[1] < 0x80 else 4] ^= world.suite ^ other
    world.replace_last(bytes(octets))


def general(world: World, *, wraps: bool = False) -> tuple[bytes, range]:
    """A GET request in general-ciphering, and where in it a bit may turn that its header or key-info holds."""
    world.counters[world.client] += 1
    key = world.chance.randbytes(len(world.guek)) if wraps else world.guek
    fields = (world.chance.randbytes(8), world.client, world.server, b"", b"")
    header = b"".join(length(len(one)) + one for one in fields)
    wrapped = wrap_key(key, world.kek)
    information = b"\x01\x01\x00" + length(len(wrapped)) + wrapped if wraps else b"\x01\x00\x00"
    seal = Seal(0x30 | world.suite, key, world.gak, world.client)
    body = protect(bytes.fromhex("C001C1 0003 0100010800FF 02 00"), seal, world.counters[world.client], header)
    before = b"\xdd" + header + information
    places = range(len(before) - len(wrapped), len(before)) if wraps else range(2, 10)
    return before + length(len(body)) + body, places


def _header_bit(world: World) -> None:
    octets, places = general(world)
    damaged = bytearray(octets)
    damaged[world.chance.choice(places)] ^= 1 << world.chance.randrange(8)
    world.said.append(asked(bytes(damaged)))


def _bit_under_a_wrapped_key(world: World) -> None:
    """The key that comes with each message opened others; a bit is turned in the text, or in the key."""
    world.given[KeyRole.KEK] = world.kek
    world.said += [asked(general(world, wraps=True)[0]) for _ in range(2)]
    octets, places = general(world, wraps=True)
    damaged = bytearray(octets)
    text = range(len(octets) - 25, len(octets) - 12)
    damaged[world.chance.choice(world.chance.choice((text, places)))] ^= 1 << world.chance.randrange(8)
    world.said.append(asked(bytes(damaged)))


def _control_bit(world: World) -> None:
    """A bit is turned that says which key set there is, whether a text is enciphered, or whether it has a tag."""
    world.given[KeyRole.GBEK] = world.gbek
    octets = bytearray(world.request())
    octets[2] ^= world.chance.choice((0x10, 0x20, 0x40))
    world.said.append(asked(bytes(octets)))


WRONG: dict[str, Wrong] = {
    "wrong encryption key": Wrong(_wrong_encryption_key, "undecipherable", "wrong-encryption-key"),
    "wrong authentication key": Wrong(_wrong_authentication_key, "undecipherable", "wrong-authentication-key"),
    "keys swapped": Wrong(_swapped, "undecipherable", "keys-swapped"),
    "wrong title": Wrong(_wrong_title, "undecipherable", "wrong-system-title"),
    "flipped bit": Wrong(_flipped_bit, "undecipherable", "octets-damaged"),
    "cut tag": Wrong(_cut_tag, "undecipherable", "tag-truncated"),
    "missing dedicated key": Wrong(_missing_dedicated, "undecipherable", "dedicated-key-unknown"),
    "broadcast key": Wrong(_broadcast, "undecipherable", "broadcast-key-needed"),
    "replay": Wrong(_replay, "invocation-counter-repeated", "replay"),
    "nonce reuse": Wrong(_nonce_reuse, "invocation-counter-repeated", "nonce-reuse"),
    "changed key without KEK": Wrong(_changed_key, "undecipherable", "new-key-after-change"),
    "key as text": Wrong(_ascii_key, "undecipherable", "key-is-ascii"),
    "bit of a header": Wrong(_header_bit, "undecipherable", "octets-damaged"),
    "bit under a wrapped key": Wrong(_bit_under_a_wrapped_key, "undecipherable", "octets-damaged"),
    "bit of the security control": Wrong(_control_bit, "undecipherable", "octets-damaged"),
    "wrong suite": Wrong(_wrong_suite, "undecipherable", "wrong-suite"),
}


def named(name: str, seed: int) -> list[str]:
    """What the last record of one case is said to suffer from, and everything of weight before it."""
    world = World(random.Random(f"{name}/{seed}"))
    WRONG[name].make(world)
    records = opened(world.said, keyring(world.given))
    notes = [note for record in records for note in record.notes if note.code in ("undecipherable", WRONG[name].code)]
    return [f"{note.code}: {note.cause}" for note in notes]


def table(cases: int) -> dict[str, Counter[str]]:
    """By what is wrong: how often each answer was given."""
    return {name: Counter(", ".join(named(name, seed)) for seed in range(cases)) for name in WRONG}


if __name__ == "__main__":
    for name, answers in table(int(sys.argv[1]) if len(sys.argv) > 1 else 100).items():
        right = answers[f"{WRONG[name].code}: {WRONG[name].cause}"]
        others = "; ".join(
            f"{count} {answer or 'nothing'}" for answer, count in answers.most_common() if count != right
        )
        print(f"{name:<26} {right} of {answers.total()}  {others}")
