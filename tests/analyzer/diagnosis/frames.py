"""Frames to damage: an answer of any size behind its LLC, as a meter sends it."""

from __future__ import annotations

import random

from tests.analyzer.framing.build import body


def answer(size: int, chance: random.Random) -> bytes:
    """An I frame between its flags, about *size* octets long, with a get-response whose octet-string is random."""
    room = max(0, size - 21)
    length = bytes((room,)) if room < 0x80 else b"\x82" + room.to_bytes(2, "big")
    apdu = bytes.fromhex("C401C10009") + length + chance.randbytes(room)
    return body(bytes.fromhex("E6E700") + apdu, control=0x30, addresses=b"\x21\x03")
