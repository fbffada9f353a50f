"""Random APDUs of short name referencing, one maker a variant. Source: IEC 62056-5-3 clause 9.5."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracles.encode import ABSENT, Dice, Piece, boolean, choice, octet_string, optional, sequence, sequence_of
from tests.oracles.random_data import data

Maker = Callable[[Dice], Piece]


def _name(dice: Dice) -> Piece:
    return choice("variable-name", 2, dice.number(2))


def _parameterized(dice: Dice) -> Piece:
    body = sequence(("variable-name", dice.number(2)), ("selector", dice.number(1)), ("parameter", data(dice, 2)))
    return choice("parameterized-access", 4, body)


def _next_block(dice: Dice) -> Piece:
    return choice("block-number-access", 5, sequence(("block-number", dice.number(2))))


def _block(dice: Dice) -> tuple[tuple[str, Piece], tuple[str, Piece], tuple[str, Piece]]:
    raw = octet_string(dice.octets())
    return ("last-block", boolean(dice.random() < 0.5)), ("block-number", dice.number(2)), ("raw-data", raw)


def _read_block(dice: Dice) -> Piece:
    return choice("read-data-block-access", 6, sequence(*_block(dice)))


def _write_block(dice: Dice) -> Piece:
    return choice("write-data-block-access", 7, sequence(*_block(dice)[:2]))


def _read(access: Maker, high: int = 4) -> Maker:
    return lambda dice: choice("readRequest", 5, sequence_of(dice.several(lambda: access(dice), 1, high)))


def _write(name: str, tag: int, access: Maker, *before: Callable[[Dice], tuple[str, Piece]], high: int = 4) -> Maker:
    def make(dice: Dice) -> Piece:
        count = dice.randint(1, high)
        body = sequence(
            *(member(dice) for member in before),
            ("variable-access-specification", sequence_of(access(dice) for _ in range(count))),
            ("list-of-data", sequence_of(data(dice) for _ in range(count))),
        )
        return choice(name, tag, body)

    return make


def _answers(name: str, tag: int, item: Maker, high: int = 4) -> Maker:
    return lambda dice: choice(name, tag, sequence_of(dice.several(lambda: item(dice), 1, high)))


def _error(dice: Dice) -> Piece:
    return choice("data-access-error", 1, dice.code("data-access-result"))


def _read_answer(dice: Dice) -> Piece:
    return choice("data", 0, data(dice)) if dice.random() < 0.7 else _error(dice)


def _success(_: Dice) -> Piece:
    return Piece({"success": None}, b"\x00")


def _current_time(dice: Dice) -> tuple[str, Piece]:
    text = f"{dice.randint(2000, 2099)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}{dice.randint(0, 23):02}0000Z"
    return "current-time", optional(Piece(text, bytes([len(text)]) + text.encode()))


SN: dict[str, Maker] = {
    "readRequest": _read(_name),
    "readRequest, parameterized": _read(_parameterized),
    "readRequest, block": _read(_next_block, 1),
    "readRequest, data block": _read(_read_block, 1),
    "readResponse": _answers("readResponse", 0x0C, _read_answer),
    "readResponse, data block": _answers(
        "readResponse", 0x0C, lambda dice: choice("data-block-result", 2, sequence(*_block(dice))), 1
    ),
    "readResponse, block number": _answers(
        "readResponse", 0x0C, lambda dice: choice("block-number", 3, dice.number(2)), 1
    ),
    "writeRequest": _write("writeRequest", 6, _name),
    "writeRequest, parameterized": _write("writeRequest", 6, _parameterized),
    "writeRequest, data block": _write("writeRequest", 6, _write_block, high=1),
    "writeResponse, success": _answers("writeResponse", 0x0D, _success, 1),
    "writeResponse, errors": _answers("writeResponse", 0x0D, _error),
    "writeResponse, mixed": _answers(
        "writeResponse", 0x0D, lambda dice: _success(dice) if dice.random() < 0.5 else _error(dice)
    ),
    "writeResponse, block number": _answers(
        "writeResponse", 0x0D, lambda dice: choice("block-number", 2, dice.number(2)), 1
    ),
    "unconfirmedWriteRequest": _write("unconfirmedWriteRequest", 0x16, _name),
    "informationReportRequest": _write("informationReportRequest", 0x18, _name, lambda _: ("current-time", ABSENT)),
    "informationReportRequest, time": _write("informationReportRequest", 0x18, _name, _current_time),
}
