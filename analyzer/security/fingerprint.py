"""A keyring in a few octets: two that may open something else have two fingerprints, and none gives a key away.

The octets of keys go in through SHA-256. A password can be guessed where its digest is known, so that a keyring with
one goes through scrypt: each guess costs as much as the fingerprint itself.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import scrypt, sha256
from typing import TYPE_CHECKING, Any

from analyzer.security.keys import ASYMMETRIC, SECRETS

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring, Meter

_EASILY_GUESSED = SECRETS | ASYMMETRIC
"""Passwords, and files whose passphrase may stand beside them."""


def fingerprint(keyring: Keyring | None) -> str:
    """Give the fingerprint of all that decides what *keyring* opens: selectors, keys, certificates, their order."""
    meters = keyring.meters if keyring is not None else []
    digest = sha256(json.dumps(list(map(_form, meters))).encode()).digest()
    if any(role in _EASILY_GUESSED for meter in meters for role in meter.keys):
        return _stretched(digest)
    return digest.hex()[:32]


def _form(meter: Meter) -> list[Any]:
    certificates = []
    if meter.certificates:
        from analyzer.security.certificates import files_in

        certificates = [[sha256(octets).hexdigest() for octets in files_in(path)] for path in meter.certificates]
    return [
        meter.server_title.hex(), meter.client_title.hex(), meter.client, meter.address,
        [[role.value, sha256(key.octets).hexdigest()] for role, key in meter.keys.items()],
        certificates,
    ]  # fmt: skip


@lru_cache(maxsize=16)
def _stretched(digest: bytes) -> str:
    return scrypt(digest, salt=b"dlmshark keyring", n=1 << 14, r=8, p=1, dklen=16).hex()
