"""The messages of IEC 62056-21 as octets of seven bits: sign-on, option select, data, commands, check characters.

Built here from the standard alone and not from the dissectors, so that the one can show the other wrong.

Source: IEC 62056-21 (messages, programming command message set, block check character).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import xor
from typing import NamedTuple

SOH, STX, ETX, EOT, ACK, NAK = b"\x01", b"\x02", b"\x03", b"\x04", b"\x06", b"\x15"
LINE_END = "\r\n"

SPEEDS = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
"""Speeds in Bd by the baud rate identification of modes C, D and E."""
MODE_B_SPEEDS = {"A": 600, "B": 1200, "C": 2400, "D": 4800, "E": 9600, "F": 19200}

NORMAL, HDLC_PROTOCOL = "0", "2"
"""V of the option select: what protocol follows."""
READOUT, PROGRAMMING, BINARY = "0", "1", "2"
"""Y of the option select: what the meter shall do."""


class Value(NamedTuple):
    """One value of a data set, with its unit if it has one."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        return f"({self.text}*{self.unit})" if self.unit else f"({self.text})"


class DataSet(NamedTuple):
    """An identification code and its values: ``1.6.0(01.234*kW)(2603011815)``. Without a code it goes on the last."""

    code: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return self.code + "".join(map(str, self.values))


def data_set(code: str, text: str, unit: str = "", *more: str) -> DataSet:
    """Make a data set of one value, and further ones without a unit."""
    return DataSet(code, (Value(text, unit), *map(Value, more)))


def check_character(octets: bytes) -> bytes:
    """Compute the check character of a message: all after its first SOH or STX, its ETX or EOT among them."""
    return bytes((reduce(xor, octets[1:], 0),))


def _checked(octets: bytes) -> bytes:
    return octets + check_character(octets)


def request(device_address: str = "") -> bytes:
    """Ask whoever hears, or the meter of that address, to identify itself."""
    return f"/?{device_address}!{LINE_END}".encode("ascii")


def identification(manufacturer: str, baud_rate_id: str, product: str, modes: Sequence[str] = ()) -> bytes:
    """Say who the meter is and how fast it can speak; *modes* are the letters of ``\\W``: 2 announces HDLC."""
    enhanced = "".join(f"\\{mode}" for mode in modes)
    return f"/{manufacturer}{baud_rate_id}{enhanced}{product}{LINE_END}".encode("ascii")


def option_select(protocol: str, baud_rate_id: str, mode: str) -> bytes:
    """Acknowledge the identification, and choose protocol, speed and what comes."""
    return ACK + f"{protocol}{baud_rate_id}{mode}{LINE_END}".encode("ascii")


def data_block(lines: Iterable[str]) -> str:
    """Join the lines of a readout, with the mark of their end."""
    return "".join(f"{line}{LINE_END}" for line in [*lines, "!"])


def readout(lines: Iterable[str], *, is_checked: bool = True) -> bytes:
    """Give the data message of a readout; modes A and B may leave start, end and check character out."""
    text = data_block(lines).encode("ascii")
    return _checked(STX + text + ETX) if is_checked else text


def block(text: str, *, has_more: bool = False) -> bytes:
    """Give the data message of programming mode; a partial block that *has_more* behind it ends with EOT."""
    return _checked(STX + text.encode("ascii") + (EOT if has_more else ETX))


def command(name: str, operand: str | None = None, *, has_more: bool = False) -> bytes:
    """Give a programming command: ``R1`` reads, ``W1`` writes, ``E2`` executes, ``P1`` unlocks, ``B0`` ends."""
    body = b"" if operand is None else STX + operand.encode("ascii")
    return _checked(SOH + name.encode("ascii") + body + (EOT if has_more else ETX))
