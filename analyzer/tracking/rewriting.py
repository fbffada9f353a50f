"""Opened APDUs as they are shown: an initiate APDU put in place of its ciphered form, secrets masked."""

from __future__ import annotations

from typing import Any

from dissectors import axdr
from dissectors.reader import read_apdu
from dissectors.scanning import Entry, scan_apdu

MASK = 0x2A
"""The octet that stands for each octet of a secret: ``*``."""
_USER_INFORMATION, _OCTET_STRING = 0xBE, 0x04


def masked(octets: bytes, entry: Entry | None, values: tuple[Any, ...] | None) -> bytes:
    """Mask the dedicated key of an initiate request that only a key has brought to light."""
    if entry is None or values is None or "dedicated_key" not in entry.slots:
        return octets
    secret = values[entry.slots["dedicated_key"]]
    return octets.replace(secret, bytes((MASK,)) * len(secret), 1) if secret else octets


def masked_apdu(octets: bytes) -> bytes:
    """Mask the secret in an APDU of which only the octets are known."""
    return masked(octets, *scan_apdu(octets, 0, len(octets))) if octets[:1] == b"\x01" else octets


def with_user_information(octets: bytes, inner: bytes) -> bytes:
    """Put *inner* in place of what the user-information of an ACSE APDU carries; lengths follow."""
    root = read_apdu(octets).children[0]
    node = root.child("user-information")
    if node is None:
        return octets
    start = next(child.end for child in root.children if child.name == "length") // 8
    element = _element(_USER_INFORMATION, _element(_OCTET_STRING, inner))
    return _element(octets[0], octets[start : node.start // 8] + element + octets[node.end // 8 :])


def _element(tag: int, body: bytes) -> bytes:
    return bytes((tag,)) + axdr.length_octets(len(body)) + body
