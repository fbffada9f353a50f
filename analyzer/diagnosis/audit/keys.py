"""Keys that protect nothing: published ones, weak ones, one key in two roles or meters. Nothing here tells a key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import pairwise

from analyzer.diagnosis.audit.ledger import FAIL, Ledger
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import KeyRole

_SIZES = (16, 32)
_BOOKS = (
    "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF", "00112233445566778899AABBCCDDEEFF",
    "FFEEDDCCBBAA99887766554433221100", "0F0E0D0C0B0A09080706050403020100", "101112131415161718191A1B1C1D1E1F",
    "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF", "C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF",
    "30303030303030303030303030303030", "31313131313131313131313131313131",
    "0123456789ABCDEF0123456789ABCDEF", "FEDCBA98765432100123456789ABCDEF", "11111111111111111111111111111111",
)  # fmt: skip
"""Keys of the standards' examples, and of what libraries have by default."""
_ROLES = (KeyRole.GUEK, KeyRole.GBEK, KeyRole.GAK, KeyRole.KEK, KeyRole.DEDICATED)
_OF_ONE_METER = (KeyRole.GUEK, KeyRole.GAK, KeyRole.KEK)
_FEWEST_VALUES = 4
_FEWEST_LETTERS = 8
_MOST_ALIKE = 4
"""So often each octet stands in a challenge on average, if it was not drawn."""
_ALPHABETS = tuple(
    map(frozenset, (b"0123456789", b"0123456789ABCDEF", b"0123456789abcdef", bytes(range(10)), bytes(range(16))))
)
"""What challenges are drawn from that are not of any octets: digits as text, and one digit an octet."""


@cache
def _published() -> frozenset[str]:
    return frozenset(sha256(bytes.fromhex(one)).hexdigest()[:8] for one in _BOOKS)


def is_published(name: str) -> bool:
    """Tell whether a key is a published one by the fingerprint at the end of its name."""
    return name.rpartition(":")[2] in _published()


def weakness(octets: bytes) -> str:
    """Say what makes a key weak; empty where nothing does that octets show."""
    if why := _pattern(octets):
        return why
    if octets.isascii() and all(0x20 <= one < 0x7F for one in octets):
        return "is text"
    return ""


def _pattern(octets: bytes) -> str:
    """Say what makes a key or a password easy to guess."""
    if sha256(octets).hexdigest()[:8] in _published():
        return "is published in standards and examples"
    return "repeats a few octets" if len(set(octets)) <= _FEWEST_VALUES else _course(octets)


def _course(octets: bytes) -> str:
    """Say how octets follow from one another; empty where they do not."""
    steps = {(after - before) & 0xFF for before, after in pairwise(octets)}
    if steps == {0}:
        return "is one octet repeated"
    return "counts up or down" if len(steps) == 1 else ""


def unlike_chance(octets: bytes) -> str:
    """Say what shows that a challenge was not drawn from its alphabet; empty where nothing does.

    Long ones of digits have each of them often. That short ones of digits are told wrongly is rarer than 1 in 8,000.
    """
    kinds = frozenset(octets)
    size = next((len(each) for each in _ALPHABETS if kinds <= each), 1 << 8)
    if not (why := _course(octets)) and 0 < len(kinds) * _MOST_ALIKE <= min(len(octets), size):
        return "repeats a few octets"
    return why


def weak_keys(keyring: Keyring) -> Iterator[str]:
    """Say of each weak key of a keyring, by its name, what makes it so; and of keys that serve two roles."""
    for meter in keyring.meters:
        for role in _ROLES:
            key = meter.keys.get(role)
            if key is not None and len(key.octets) in _SIZES and (why := weakness(key.octets)):
                yield f"{key.name} {why}"
        yield from _doubled(meter)
        for role in (KeyRole.LLS_PASSWORD, KeyRole.HLS_SECRET):
            secret = meter.keys.get(role)
            if secret is not None and len(secret.octets) < _FEWEST_LETTERS:
                yield f"{secret.name} is shorter than {_FEWEST_LETTERS} octets"
            elif secret is not None and (why := _pattern(secret.octets)):
                yield f"{secret.name} {why}"
    yield from _shared(keyring)


def _shared(keyring: Keyring) -> Iterator[str]:
    """Say which keys several meters have, each once: who learns it from one meter has it for all."""
    owners: dict[bytes, set[bytes]] = {}
    named: dict[bytes, str] = {}
    for meter in keyring.meters:
        for role in _OF_ONE_METER:
            key = meter.keys.get(role)
            if key is not None and meter.server_title:
                owners.setdefault(key.octets, set()).add(meter.server_title)
                named.setdefault(key.octets, key.name)
    for octets, titles in owners.items():
        if len(titles) > 1:
            yield f"{named[octets]} is a key of {len(titles)} meters"


def _doubled(meter: Meter) -> Iterator[str]:
    seen: dict[bytes, KeyRole] = {}
    for role in _ROLES:
        key = meter.keys.get(role)
        if key is None:
            continue
        other = seen.setdefault(key.octets, role)
        if other is not role:
            yield f"{key.name} is the same key as {other.value}"


def same_key(ledger: Ledger, record: Record, name: str) -> None:
    """Look for a dedicated key that is another key of its meter, or that served an association before."""
    head, _, digits = name.rpartition(":")
    if not head:
        return
    role, _, place = head.partition("@")
    dedicated, number = KeyRole.DEDICATED.value, record.number
    before = ledger.state["key"].get((place, digits))
    if before is None:
        ledger.remember("key", (place, digits), (role, number, record.association))
    elif isinstance(before, tuple) and dedicated in (role, before[0]):
        if role != before[0]:
            text = f"the dedicated key is the same key as {role if role != dedicated else before[0]}"
            ledger.find("dedicated-key", FAIL, text, before[1], number)
        elif record.association != before[2]:
            text = f"the dedicated key of record {before[1]} serves another association"
            ledger.find("dedicated-key", FAIL, text, before[1], number)


def key_count(keyring: Keyring) -> int:
    """Count what a keyring holds of keys and secrets."""
    return sum(len(meter.keys) for meter in keyring.meters)
