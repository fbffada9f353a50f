"""A-XDR and BER in a few lines, each piece with its JSON: the oracle that shares nothing with `dissectors`.

A piece is the pair of what JSON should show and the octets that say it. Only encoders stand here, so they cannot
repeat a decoder's mistake. Source: IEC 61334-6 (A-XDR), IEC 62056-5-3 clause 9.5 (the modules), X.690 (BER).
"""

from __future__ import annotations

import random
import struct
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

NAMES: dict[str, Any] = tomllib.loads((Path(__file__).with_name("names.toml")).read_text(encoding="utf-8"))


class Piece(NamedTuple):
    """A value as JSON and as octets."""

    value: Any
    octets: bytes


class Absent:
    """The value of an OPTIONAL that is not there: left out of the JSON."""


ABSENT = Piece(Absent, b"\x00")
NOTHING = Piece(Absent, b"")


def length(count: int) -> bytes:
    """A length or count, in the fewest octets."""
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def number(value: int, octets: int, signed: bool = False) -> Piece:
    """An INTEGER of fixed size."""
    return Piece(value, value.to_bytes(octets, "big", signed=signed))


def fixed_hex(octets: bytes) -> Piece:
    """Octets without a length, shown as hex."""
    return Piece(octets.hex().upper(), octets)


def octet_string(octets: bytes) -> Piece:
    """Octets behind their length, shown as hex."""
    return Piece(octets.hex().upper(), length(len(octets)) + octets)


def boolean(value: bool) -> Piece:
    """A BOOLEAN in one octet."""
    return Piece(value, bytes([value]))


def enumerated(table: str, code: int) -> Piece:
    """An ENUMERATED in one octet: its identifier, or its number where the table has none."""
    return Piece(NAMES[table].get(str(code), code), bytes([code]))


def optional(piece: Piece | None) -> Piece:
    """An OPTIONAL behind its flag."""
    return ABSENT if piece is None else Piece(piece.value, b"\x01" + piece.octets)


def sequence(*members: tuple[str, Piece]) -> Piece:
    """A SEQUENCE: members one after another, no header."""
    value = {name: piece.value for name, piece in members if piece.value is not Absent}
    return Piece(value, b"".join(piece.octets for _, piece in members))


def sequence_of(pieces: Iterable[Piece]) -> Piece:
    """A SEQUENCE OF behind its count."""
    items = list(pieces)
    return Piece([item.value for item in items], length(len(items)) + b"".join(item.octets for item in items))


def choice(name: str, tag: int | None, piece: Piece) -> Piece:
    """A CHOICE: one member, behind its tag if it has one."""
    return Piece({name: piece.value}, (b"" if tag is None else bytes([tag])) + piece.octets)


def ber(tag: int, contents: bytes) -> bytes:
    """A BER element of a tag in one octet."""
    return bytes([tag]) + length(len(contents)) + contents


class Dice(random.Random):
    """The random source; what it rolls is legal, and often at an edge."""

    def maybe(self, make: Callable[[], Piece]) -> Piece | None:
        """A piece, or none, evenly."""
        return make() if self.random() < 0.5 else None

    def number(self, octets: int, signed: bool = False) -> Piece:
        """A number of this size."""
        low, high = (-(1 << 8 * octets - 1), (1 << 8 * octets - 1) - 1) if signed else (0, (1 << 8 * octets) - 1)
        edge = self.choice([low, high, 0, 1, high >> 1])
        return number(edge if self.random() < 0.2 else self.randint(low, high), octets, signed)

    def octets(self, low: int = 0, high: int = 20) -> bytes:
        """Octets of a length between these, now and then above 127 so that the length takes two octets."""
        long = high >= 20 and self.random() < 0.05
        return self.randbytes(self.randint(128, 300) if long else self.randint(low, high))

    def date_time(self) -> bytes:
        """The twelve octets of a real moment."""
        return (
            self.date()
            + self.time()
            + self.choice([-720, -60, 0, 60, 120, -32768]).to_bytes(2, "big", signed=True)
            + b"\x00"
        )

    def date(self) -> bytes:
        """The five octets of a real day; the day of the week is left open."""
        return struct.pack(">HBBB", self.randint(2000, 2099), self.randint(1, 12), self.randint(1, 28), 0xFF)

    def time(self) -> bytes:
        """The four octets of a time of day."""
        return bytes([self.randint(0, 23), self.randint(0, 59), self.randint(0, 59), self.choice([0, 50, 99])])

    def several(self, make: Callable[[], Piece], low: int = 1, high: int = 4) -> list[Piece]:
        """A few pieces of a kind."""
        return [make() for _ in range(self.randint(low, high))]

    def code(self, table: str) -> Piece:
        """One of the assigned values of an enumeration."""
        return enumerated(table, int(self.choice(sorted(NAMES[table]))))
