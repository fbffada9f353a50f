"""Opened APDUs as they are shown: an initiate APDU put in place of its ciphered form, secrets masked."""

from __future__ import annotations

from typing import Any

from dissectors import axdr
from dissectors.reader import read_apdu
from dissectors.scanning import Entry, scan_apdu

MASK = 0x2A
"""The octet that stands for each octet of a secret: ``*``."""
_USER_INFORMATION, _OCTET_STRING = 0xBE, 0x04
_OPENED = [bytes((_USER_INFORMATION, size + 2, _OCTET_STRING, size)) for size in range(0x80)]
"""Tags and short lengths of a user-information, by its octets."""


def masked(octets: bytes, entry: Entry | None, values: tuple[Any, ...] | None) -> bytes:
    """Mask the dedicated key of an initiate request that only a key has brought to light."""
    if entry is None or values is None or "dedicated_key" not in entry.slots:
        return octets
    secret = values[entry.slots["dedicated_key"]]
    return octets.replace(secret, bytes((MASK,)) * len(secret), 1) if secret else octets


def masked_apdu(octets: bytes) -> bytes:
    """Mask the secret in an APDU of which only the octets are known."""
    return masked(octets, *scan_apdu(octets, 0, len(octets))) if octets[:1] == b"\x01" else octets


def with_user_information(octets: bytes, before: bytes, inner: bytes) -> bytes:
    """Put *inner* in place of *before*, which the user-information of an ACSE APDU carries; lengths follow."""
    own, size = len(before), len(inner)
    whole = len(octets) - 2 - own + size
    if len(octets) == octets[1] + 2 < 0x82 > whole + 2 and octets.endswith(_OPENED[own] + before):
        return bytes((octets[0], whole)) + octets[2 : -own - 4] + _OPENED[size] + inner  # as nearly all stand
    element = _element(_USER_INFORMATION, _element(_OCTET_STRING, inner))
    old = _element(_USER_INFORMATION, _element(_OCTET_STRING, before))
    _, start = axdr.scan_length(octets, 1, len(octets))
    at = octets.rfind(old)
    if at >= start:
        return _element(octets[0], octets[start:at] + element + octets[at + len(old) :])
    node = read_apdu(octets).children[0].child("user-information")  # its lengths are written in another way
    if node is None:
        return octets
    return _element(octets[0], octets[start : node.start // 8] + element + octets[node.end // 8 :])


def _element(tag: int, body: bytes) -> bytes:
    return bytes((tag,)) + axdr.length_octets(len(body)) + body
