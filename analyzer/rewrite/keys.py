"""The keys that shared captures are enciphered under: published, and worth nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole

_LONG_SUITE, _SHORT, _LONG = 2, 16, 32
PUBLISHED = {
    KeyRole.GUEK: bytes(range(0x20)), KeyRole.GAK: bytes(range(0xD0, 0xF0)),
    KeyRole.GBEK: bytes(range(0x40, 0x60)), KeyRole.DEDICATED: bytes(range(0xA0, 0xC0)),
}  # fmt: skip
"""By role; suites 0 and 1 take the first sixteen octets."""


def published_key(role: KeyRole, suite: int = 0) -> bytes:
    """Give the published key of a role, as long as the *suite* has keys."""
    return PUBLISHED[role][: _LONG if suite == _LONG_SUITE else _SHORT]


def published_keyring(server_titles: Iterable[bytes] = (), client_title: bytes = b"") -> Keyring:
    """Give the published keys, those of each length, as the keys of every meter, or of those with these titles."""
    meters = []
    for title in (*server_titles,) or (b"",):
        for suite in (0, _LONG_SUITE):
            meter = Meter(server_title=title, client_title=client_title)
            meter.keys = {role: Key(role, published_key(role, suite)) for role in PUBLISHED}
            meters.append(meter)
    return Keyring(meters)
