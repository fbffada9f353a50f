"""The register of the HDLC check sequence before and behind every octet, from the start and back from the right end.

With both, whether one octet that is other, missing or too many explains a wrong FCS is one comparison a position.
Source: ISO/IEC 13239, 16-bit FCS (polynomial x^16+x^12+x^5+1, reflected; FFFF at the start, F0B8 at a good end).
"""

from __future__ import annotations

START, GOOD = 0xFFFF, 0xF0B8


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()
_BY_HIGH = tuple(index for _, index in sorted((value >> 8, index) for index, value in enumerate(_TABLE)))
"""The index of the table's entry with this high octet: each stands there once."""


def step(register: int, octet: int) -> int:
    """Give the register behind *octet*."""
    return register >> 8 ^ _TABLE[(register ^ octet) & 0xFF]


def forward(octets: bytes, register: int = START) -> list[int]:
    """Give the register before each octet and behind the last one, from the start or another *register*."""
    states = [register]
    table = _TABLE
    for octet in octets:
        register = register >> 8 ^ table[(register ^ octet) & 0xFF]
        states.append(register)
    return states


def backward(octets: bytes) -> list[int]:
    """Give the register that must stand before each octet, and behind the last one, for the end to be good."""
    register = GOOD
    states = [register]
    for octet in reversed(octets):
        index = _BY_HIGH[register >> 8]
        register = ((register ^ _TABLE[index]) & 0xFF) << 8 | (index ^ octet)
        states.append(register)
    states.reverse()
    return states


def octet_between(before: int, behind: int) -> int | None:
    """Give the octet that leads from one register to the other; None where none does."""
    index = _BY_HIGH[behind >> 8]
    if behind ^ _TABLE[index] != before >> 8:
        return None
    return index ^ before & 0xFF


def syndrome(octets: bytes) -> int:
    """Give the difference to a good end: it depends on the error alone, and its weight has the parity of the errors."""
    return forward(octets)[-1] ^ GOOD
