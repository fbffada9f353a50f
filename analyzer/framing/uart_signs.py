"""What receivers with wrong settings make of HDLC traffic: the octets by which speed, parity or polarity is recognised.

Such a receiver samples the line at the wrong places, and part of what was sent is lost; it cannot be computed back. But
what every frame has (flag, frame format, LLC and the tag of an APDU) comes out as one of a few runs of octets.

Source: asynchronous characters as the 8250 family reads them; IEC 62056-46 (8N1, frame format, LLC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

TRYING = "trying the next"
"""What the comment on a change of settings ends in that is a trial: octets before it were heard with other ones."""
_CHARACTER = 10
"""Bits of a character as it is sent: 8N1."""
_SHORT_SIGN, _LEAST_SIGN = 2, 3
"""So many octets of a run tell where the LLC belongs, and anywhere."""
_NEAR = 14
_COMMON = tuple(
    bytes.fromhex(one)
    for one in (
        "E6E600C001C1", "E6E600C001", "E6E700C401C1", "E6E700C40181", "E6E700C402C1", "E6E60060", "E6E70061",
        "E6E7000F000000", "E6E7000F400000", "E6E700DB08", "E6E600DB08", "E6E600C301C1", "E6E700C701C1", "E6E600C101C1",
        "E6E700E0", "818014050207", "818012050180060180070400000001",
    )
)  # fmt: skip
"""What stands behind the HCS of many frames: LLC and the beginning of an APDU, or the parameters of SNRM and UA."""
_TELEGRAM = (
    b")\r\n1-0:", b")\r\n0-0:", b")\r\n0-1:", b"*kWh)\r\n", b"*kW)\r\n", b"*V)\r\n", b"*A)\r\n",
    b"\xdb\x08SAG", b"\xdb\x08KFM", b"\xdb\x08ISK",
)  # fmt: skip
"""What stands between the data sets of a telegram of P1, whose port is inverted, or begins a ciphered one."""
_UNITS = ("1B", "1D", "1E", "20", "21", "23")
_REGISTERS = tuple(bytes.fromhex(f"16{unit}0203090601") for unit in _UNITS)
"""What stands between the registers of pushes that name each: a unit and the beginning of the next name."""
_BETWEEN = tuple(bytes.fromhex(f"02020F{scaler}16{unit}0203090601") for scaler in ("00", "FF", "FE") for unit in _UNITS)
"""The same from the scaler on."""


class Reading(NamedTuple):
    """How a receiver reads the line of an 8N1 sender: with a parity bit, inverted, its rising edges a bit late."""

    has_parity: bool
    is_inverted: bool
    is_late: bool = False


WITH_PARITY, INVERTED, INVERTED_LATE = Reading(True, False), Reading(False, True), Reading(False, True, True)


def _bits(octets: bytes, reading: Reading) -> list[int]:
    """Give the levels of a line on which octets are sent back to back, as they reach the receiver's input."""
    levels = [level for octet in octets for level in (0, *(octet >> bit & 1 for bit in range(8)), 1)]
    if not reading.is_late:
        return levels
    high = int(not reading.is_inverted)
    return [1 - high if one == high != before else one for before, one in zip([1, *levels], levels, strict=False)]


def misread(octets: bytes, reading: Reading, start: int = 0) -> bytes:
    """Give what the receiver makes of octets whose line it begins to watch at the bit *start*, idle before.

    Only characters whose bits all lie within.
    """
    levels = _bits(octets, reading)
    idle = 0 if reading.is_inverted else 1
    found = bytearray()
    at, before = start, levels[start - 1] if start else 1
    span = _CHARACTER + reading.has_parity
    while at < len(levels):
        if not (levels[at] != idle and before == idle):
            before = levels[at]
            at += 1
            continue
        if at + span > len(levels):
            break
        value = sum((levels[at + 1 + bit] == idle) << bit for bit in range(8))
        found.append(value)
        at += span
        before = levels[at - 1]
    return bytes(found)


@cache
def signs(reading: Reading) -> tuple[bytes, ...]:
    """Give the runs of octets that the receiver makes of what is common, from every bit at which it may begin there."""
    sent = (*_COMMON, *(_REGISTERS if reading.is_late else ()), *(_TELEGRAM if reading.is_inverted else ()))
    found = {misread(octets, reading, start) for octets in sent for start in range(_CHARACTER)}
    return tuple(sorted(one for one in found if len(one) >= _SHORT_SIGN))


def count_signs(octets: bytes, reading: Reading) -> int:
    """Count the places where one of the longer runs stands."""
    return sum(octets.count(one) for one in signs(reading) if len(one) >= _LEAST_SIGN)


def is_frame(octets: bytes, reading: Reading) -> bool:
    """Tell whether a read begins as a frame does, and one of the runs stands where its LLC belongs."""
    begin = octets.lstrip(b"\0") if reading.is_inverted else octets
    near = begin[2:_NEAR]
    return count_heads([octets], reading) == (1, 1) and any(one in near for one in signs(reading))


def heads(reading: Reading) -> tuple[tuple[int, int], ...]:
    """Give what follows the octet that stands for a flag behind an idle line, as masks and values."""
    return _HEADS.get(reading, ())


_HEADS = {
    # flag 7E, then the frame format A0 to A7 or A8 and the low bits of the length
    WITH_PARITY: ((0x07, 0x03), (0xFF, 0x68), (0x1F, 0x0D)),
    INVERTED: ((0x0F, 0x09), (0x07, 0x05), (0x0F, 0x0B)),
}
_FLAGS = {WITH_PARITY: 0x7E, INVERTED: 0xA0}


def count_heads(chunks: list[bytes], reading: Reading) -> tuple[int, int]:
    """Count the reads that begin as frames do, and all reads that are long enough to tell."""
    fitting = total = 0
    for one in chunks:
        begin = one.lstrip(b"\0") if reading.is_inverted else one
        if len(begin) < 2:
            continue
        total += 1
        fitting += begin[0] == _FLAGS.get(reading) and any(begin[1] & mask == value for mask, value in heads(reading))
    return fitting, total


# -- edges -----------------------------------------------------------------------------------------------------------


def _late_values(octet: int) -> bytes:
    """Give what comes of *octet* where of each run of ones the first may be lost; behind the start bit one begins."""
    kept = octet & octet << 1
    return bytes(value for value in range(256) if value & kept == kept and value | octet == octet)


@cache
def _late_signs() -> re.Pattern[bytes]:
    """The pattern of what late rising edges make of what is common."""
    common = [b"".join(b"[%b]" % re.escape(_late_values(octet)) for octet in one) for one in _COMMON]
    return re.compile(b"|".join(common))


def count_late(octets: bytes) -> int:
    """Count the places where what is common lost the first of its ones: its rising edges come late.

    Runs of hardly anything but 00, which would be left of some, stand in traffic of any kind.
    """
    found = (one.group() for one in _late_signs().finditer(octets))
    return sum(one not in _COMMON and len(one) - one.count(0) >= _LEAST_SIGN for one in found)


# -- sharing ---------------------------------------------------------------------------------------------------------

_HALVES = frozenset(half for one in _BETWEEN for half in (one[::2], one[1::2]))


def count_halves(octets: bytes) -> int:
    """Count the places where every other octet is there of what stands between registers."""
    return sum(map(octets.count, _HALVES))


# -- speed ------------------------------------------------------------------------------------------------------------


def _alphabet(factor: int) -> frozenset[int]:
    """Give the octets that a receiver can read that is *factor* times too fast: bits of one sent bit are equal."""

    def grow(levels: list[int]) -> Iterator[int]:
        if len(levels) >= 9:
            yield sum(level << bit for bit, level in enumerate(levels[1:9]))
            return
        for level in (0, 1):
            yield from grow([*levels, *[level] * factor])

    return frozenset(grow([0] * factor))


FACTORS = (2, 3, 4, 6, 8)
ALPHABETS = {factor: _alphabet(factor) for factor in FACTORS}
SLOW_HEADS = {2: ((0xEF, 0x0F),), 4: ((0x12, 0x02),)}
"""What the first octet of a frame is to a receiver that is so many times too slow: 7E and the frame format in one."""


def times_too_fast(octets: bytes) -> int:
    """Tell how many times too fast the receiver is by the octets that it can read at all; 0 where it is not."""
    values = set(octets)
    if values == {0}:
        return 0
    for factor in reversed(FACTORS):
        if values <= ALPHABETS[factor]:
            return factor
    return 0


def times_too_slow(chunks: list[bytes]) -> int:
    """Tell how many times too slow the receiver is by how the reads begin; 0 where that says nothing."""
    firsts = [one[0] for one in chunks if one]
    for factor, masks in SLOW_HEADS.items():
        if all(any(first & mask == value for mask, value in masks) for first in firsts):
            return factor
    return 0
