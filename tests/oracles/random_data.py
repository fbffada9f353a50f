"""Random COSEM Data of every type, with its JSON. Source: IEC 62056-5-3 clause 9.5 (Data), IEC 62056-6-2 (common data types)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from tests.oracles.encode import Dice, Piece, fixed_hex, length, octet_string

TEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
Body = Callable[[Dice], Piece]


def _number(octets: int, signed: bool = False) -> Body:
    return lambda dice: dice.number(octets, signed)


def _bit_string(dice: Dice) -> Piece:
    bits = "".join(dice.choice("01") for _ in range(dice.randint(1, 24)))
    padded = bits.ljust((len(bits) + 7) // 8 * 8, "0")
    return Piece(bits, length(len(bits)) + int(padded, 2).to_bytes(len(padded) // 8, "big"))


def _text(alphabet: str) -> Body:
    def make(dice: Dice) -> Piece:
        text = "".join(dice.choice(alphabet) for _ in range(dice.randint(1, 20)))
        return Piece(text, length(len(text.encode())) + text.encode())

    return make


def _float(layout: str) -> Body:
    def make(dice: Dice) -> Piece:
        value = dice.randint(-8_000_000, 8_000_000) / 8  # exact in both widths, so JSON has one way to write it
        return Piece(value, struct.pack(layout, value))

    return make


def _boolean(dice: Dice) -> Piece:
    value = dice.random() < 0.5
    return Piece(value, bytes([value]))


def _null(_: Dice) -> Piece:
    return Piece(None, b"")


# Bodies without the type's tag: name -> (tag, how the body is made).
BODIES: dict[str, tuple[int, Body]] = {
    "null-data": (0, _null),
    "boolean": (3, _boolean),
    "bit-string": (4, _bit_string),
    "double-long": (5, _number(4, True)),
    "double-long-unsigned": (6, _number(4)),
    "octet-string": (9, lambda dice: octet_string(dice.octets())),
    "visible-string": (10, _text(TEXT)),
    "utf8-string": (12, _text(TEXT + "äßéø€Ж")),
    "bcd": (13, _number(1, True)),
    "integer": (15, _number(1, True)),
    "long": (16, _number(2, True)),
    "unsigned": (17, _number(1)),
    "long-unsigned": (18, _number(2)),
    "long64": (20, _number(8, True)),
    "long64-unsigned": (21, _number(8)),
    "enum": (22, _number(1)),
    "float32": (23, _float(">f")),
    "float64": (24, _float(">d")),
    "date-time": (25, lambda dice: fixed_hex(dice.date_time())),
    "date": (26, lambda dice: fixed_hex(dice.date())),
    "time": (27, lambda dice: fixed_hex(dice.time())),
    "delta-integer": (28, _number(1, True)),
    "delta-long": (29, _number(2, True)),
    "delta-double-long": (30, _number(4, True)),
    "delta-unsigned": (31, _number(1)),
    "delta-long-unsigned": (32, _number(2)),
    "delta-double-long-unsigned": (33, _number(4)),
    "dont-care": (255, _null),
}
# What every decoder under comparison can read; the other types have a variant each, so that a weakness stays in its row.
COMMON = [
    "null-data",
    "boolean",
    "double-long",
    "double-long-unsigned",
    "octet-string",
    "visible-string",
    "integer",
    "long",
    "unsigned",
    "long-unsigned",
    "long64",
    "long64-unsigned",
    "enum",
]
IN_COMPACT_ARRAY = [name for name in BODIES if name not in ("null-data", "dont-care")]


def scalar(dice: Dice, name: str) -> Piece:
    """Data of one simple type."""
    tag, body = BODIES[name]
    made = body(dice)
    return Piece({name: made.value}, bytes([tag]) + made.octets)


def data(dice: Dice, depth: int = 3) -> Piece:
    """Data of the common types, nested at most this deep."""
    if depth == 0 or dice.random() < 0.6:
        return scalar(dice, dice.choice(COMMON))
    if dice.random() < 0.5:
        return nested("structure", [data(dice, depth - 1) for _ in range(dice.randint(0, 4))])
    return nested("array", _equal_items(dice, depth - 1))


def nested(name: str, items: list[Piece]) -> Piece:
    """An array or a structure of these."""
    tag = {"array": 1, "structure": 2}[name]
    return Piece(
        {name: [item.value for item in items]}, bytes([tag]) + length(len(items)) + b"".join(i.octets for i in items)
    )


def of_type(dice: Dice, name: str) -> Piece:
    """Data of one type, alone or among others in a structure."""
    one = compact_array(dice) if name == "compact-array" else scalar(dice, name)
    if dice.random() < 0.5:
        return one
    return nested("structure", [data(dice, 0), one, data(dice, 1)])


def compact_array(dice: Dice) -> Piece:
    """A compact-array whose elements are scalars, structures, or structures that hold an array."""
    described, octets, element = _description(dice, 2)
    elements = [element(dice) for _ in range(dice.randint(0, 6))]
    contents = b"".join(item.octets for item in elements)
    value = {"contents-description": described, "array-contents": [item.value for item in elements]}
    return Piece({"compact-array": value}, b"\x13" + octets + length(len(contents)) + contents)


def _equal_items(dice: Dice, depth: int) -> list[Piece]:
    if depth == 0 or dice.random() < 0.3:
        name = dice.choice(COMMON)
        return [scalar(dice, name) for _ in range(dice.randint(0, 5))]
    columns = [dice.choice(COMMON) for _ in range(dice.randint(1, 4))]
    return [nested("structure", [scalar(dice, name) for name in columns]) for _ in range(dice.randint(0, 5))]


def _description(dice: Dice, depth: int) -> tuple[Any, bytes, Body]:
    """A TypeDescription as JSON and octets, and what makes an element of it: JSON with types, octets without tags."""
    kind = (
        "scalar"
        if depth == 0
        else dice.choice(["scalar", "structure", "structure", "array"] if depth == 1 else ["scalar", "structure"])
    )
    if kind == "scalar":
        name = dice.choice(IN_COMPACT_ARRAY)
        tag, body = BODIES[name]
        return name, bytes([tag]), lambda rolled: _named(name, body(rolled))
    if kind == "structure":
        parts = [_description(dice, depth - 1) for _ in range(dice.randint(1, 4))]
        octets = b"\x02" + length(len(parts)) + b"".join(part[1] for part in parts)
        return (
            {"structure": [part[0] for part in parts]},
            octets,
            lambda rolled: _joined("structure", [p[2](rolled) for p in parts]),
        )
    count = dice.randint(1, 4)
    described, octets, element = _description(dice, 0)
    shown = {"array": {"number-of-elements": count, "type-description": described}}
    return (
        shown,
        b"\x01" + count.to_bytes(2, "big") + octets,
        lambda rolled: _joined("array", [element(rolled) for _ in range(count)]),
    )


def _named(name: str, made: Piece) -> Piece:
    return Piece({name: made.value}, made.octets)


def _joined(name: str, parts: list[Piece]) -> Piece:
    return Piece({name: [part.value for part in parts]}, b"".join(part.octets for part in parts))
