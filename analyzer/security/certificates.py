"""Keyring entries, files, folders and certificates off the wire to the elliptic keys of a party.

A certificate belongs to the system title in it, or to the side that sent it as its own.
Source: IEC 62056-5-3, Public key certificates; IEC 62056-6-2, Security setup (import_certificate, export_certificate).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from analyzer.security.elliptic_keys import EllipticKey, read_certificate, read_key
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key, KeyRole
from analyzer.security.refused import Refused

PASSPHRASE = "DLMSHARK_PASSPHRASE"
"""The environment variable that opens encrypted PEM."""
SIGNING, AGREEMENT = "signing", "agreement"
CLIENT, SERVER = "client", "server"
_ROLES = {
    (CLIENT, SIGNING): KeyRole.CLIENT_SIGNING, (SERVER, SIGNING): KeyRole.SERVER_SIGNING,
    (CLIENT, AGREEMENT): KeyRole.CLIENT_AGREEMENT, (SERVER, AGREEMENT): KeyRole.SERVER_AGREEMENT,
}  # fmt: skip
_MOST_LEARNT = 65536
_MOST_OF_ONE = 8
_LONGEST_FILE = 1 << 16


class Certificates:
    """Certificates that a capture shows, by system title; bounded, the oldest title is forgotten first."""

    def __init__(self) -> None:
        self._learnt: dict[bytes, list[EllipticKey]] = {}
        self.count = 0
        """How many were learnt: what was looked up holds until it grows."""

    def learn(self, der: bytes, title: bytes = b"") -> EllipticKey | Refused:
        """Take a certificate off the wire; *title* is whose it is where it does not say so itself."""
        key = read_certificate(der)
        if isinstance(key, Refused) or key.certificate is None:
            return key
        title = key.certificate.system_title or title
        known = self._learnt.setdefault(title, [])
        if key not in known and len(known) < _MOST_OF_ONE:
            known.append(key)
            self.count += 1
        if len(self._learnt) > _MOST_LEARNT:
            del self._learnt[next(iter(self._learnt))]
        return key

    def keys(self, keys: KeySet, side: str, use: str, title: bytes) -> tuple[tuple[EllipticKey, str], ...]:
        """Give the keys of *side* for *use*, each with its name: the keyring's, its certificates', those learnt."""
        found: list[tuple[EllipticKey, str]] = []
        for key in keys.of(_ROLES[side, use]):
            elliptic = elliptic_key(key)
            if isinstance(elliptic, EllipticKey):
                found.append((elliptic, key.name))
        if title:
            named = [*certificates_in(keys.certificates), *self._learnt.get(title, ())]
            role = _ROLES[side, use].value
            found += [
                (one, f"{role}@{title.hex().upper()}") for one in named if _belongs(one, title) and _serves(one, use)
            ]
        return tuple(dict.fromkeys(found))


def elliptic_key(key: Key) -> EllipticKey | Refused:
    """Read an asymmetric key of the keyring."""
    return _read(key.octets, os.environ.get(PASSPHRASE, ""))


@lru_cache(maxsize=4096)
def _read(octets: bytes, passphrase: str) -> EllipticKey | Refused:
    return read_key(octets, passphrase.encode() or None)


@lru_cache(maxsize=64)
def certificates_in(paths: tuple[Path, ...]) -> tuple[EllipticKey, ...]:
    """Read the certificates in files and folders; what is none is passed over."""
    found = (_read(octets, "") for path in paths for octets in files_in(path))
    return tuple(key for key in found if isinstance(key, EllipticKey) and key.certificate is not None)


def files_in(path: Path) -> Iterable[bytes]:
    """Give the contents of the file *path*, or of the files in that folder in the order of their names."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and file.stat().st_size <= _LONGEST_FILE:
                yield file.read_bytes()
    except OSError:
        return


def _belongs(key: EllipticKey, title: bytes) -> bool:
    return key.certificate is not None and key.certificate.system_title in (title, b"")


def _serves(key: EllipticKey, use: str) -> bool:
    about = key.certificate
    return about is not None and (about.signs if use == SIGNING else about.agrees)
