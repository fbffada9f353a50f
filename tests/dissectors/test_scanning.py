"""APDUs that open associations, read as the one before them: what a reading of the whole gives, whatever differs."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dissectors import scanning
from dissectors.ber_contents import element
from dissectors.scanning import scan_apdu, scan_whole

_TITLES, _VALUES = {0x60: 0xA6, 0x61: 0xA4}, {0x60: 0xAC, 0x61: 0xAA}
_CONTEXT = bytes.fromhex("A109 0607 60857405080103")
_RESULT = bytes.fromhex("A203 020100 A305 A103 020100")
_INITIATES = {0x60: bytes.fromhex("01000000065F1F0400FE1F9FFFFF"), 0x61: bytes.fromhex("0800065F1F0400BE1E1FFFFF0007")}


def _initiate(chance: random.Random, tag: int) -> bytes:
    """A plain initiate APDU, or a ciphered one whose octets are any."""
    if chance.random() < 0.3:
        return _INITIATES[tag]
    body = chance.choice((b"\x30", b"\x20")) + chance.randbytes(chance.choice((16, 30)))
    return element(chance.choice((0x21, 0x28, 0xDB, 0x60, 0xFF)) if chance.random() < 0.2 else 0x21, body)


def _opening(chance: random.Random) -> bytes:
    """An AARQ or AARE with the elements that it may have; few forms, so that many are alike."""
    tag = chance.choice((0x60, 0x61))
    body = _CONTEXT + (_RESULT if tag == 0x61 else b"")
    if chance.random() < 0.8:
        body += element(_TITLES[tag], element(0x04, chance.randbytes(8)))
    if chance.random() < 0.3:
        body += element(_VALUES[tag], element(0x80, chance.randbytes(chance.choice((8, 16, 80)))))
    if chance.random() < 0.1:
        body += element(0xBD, b"any")
    body += element(0xBE, element(0x04, _initiate(chance, tag)))
    if chance.random() < 0.1:
        body += element(chance.choice((0xBE, _TITLES[tag])), element(0x04, chance.randbytes(8)))
    return element(tag, body)


def _damaged(chance: random.Random, octets: bytes) -> bytes:
    """Change a few octets, mostly to those that begin something."""
    changed = bytearray(octets)
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        any_octet = chance.randrange(256)
        changed[chance.randrange(2, len(changed))] = chance.choice((any_octet, 0xBE, 0xA6, 0x04, 0x80, 0x08, 0x00))
    return bytes(changed[: chance.randrange(2, len(changed))] if chance.random() < 0.05 else changed)


def test_openings_are_read_as_the_one_before_and_as_a_whole_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    read_whole = []

    def counted(octets: bytes, at: int, end: int) -> tuple[Any, Any]:
        if octets[0] in _TITLES:
            read_whole.append(octets)
        return scan_apdu(octets, at, end)

    monkeypatch.setattr(scanning, "scan_apdu", counted)
    chance = random.Random(60)
    openings = [_damaged(chance, _opening(chance)) for _ in range(20_000)]
    for octets in openings:
        assert scan_whole(octets) == scan_apdu(octets, 0, len(octets)), octets.hex()
    assert len(openings) / 4 < len(read_whole) < len(openings) * 3 / 4
