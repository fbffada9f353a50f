"""A UART model: octets to the edges of a serial line, and back through a receiver that may be set otherwise.

A receiver waits for the edge of a start bit, rejects it as a spike where the line is idle again half a bit later, and
samples each bit in its middle, at whole multiples of its own bit time behind that edge. After a framing error it waits
for the next edge. All times are whole ticks, so that nothing drifts however long the line.

Source: asynchronous characters as the 8250 family reads them; that the outcome is right was compared with lines in the
field (a push of 2400 Bd 8N1 read as 8E1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

TICKS = 72_000_000_000
"""Ticks a second: a nanosecond is 72, and a bit of every usual speed up to 921600 Bd is a whole number of them."""
TICKS_A_NANOSECOND = TICKS // 1_000_000_000

_SPACE, _MARK = 0, 1
_QUIET_BITS = 40
"""What `transmit` leaves idle before and after the octets: longer than a character, also of a slow receiver."""
_PARITIES: dict[str, Callable[[int], int]] = {
    "E": lambda value: value.bit_count() & 1,
    "O": lambda value: ~value.bit_count() & 1,
    "M": lambda value: _MARK,
    "S": lambda value: _SPACE,
}
"""The parity bit of a value: even, odd, mark, space."""


class LineFormat(NamedTuple):
    """How characters stand on a line. *parity* is N, E, O, M or S; an inverted line is at space while it is idle."""

    baud: int = 9600
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1
    is_inverted: bool = False

    @property
    def bits(self) -> int:
        """Count the bits of a character, from its start bit to its last stop bit."""
        return 1 + self.data_bits + (self.parity != "N") + self.stop_bits

    def duration_ns(self, count: int) -> int:
        """Tell how long *count* characters take, back to back, in nanoseconds."""
        return count * self.bits * 1_000_000_000 // self.baud

    def __str__(self) -> str:
        inverted = " inverted" if self.is_inverted else ""
        return f"{self.baud} {self.data_bits}{self.parity}{self.stop_bits}{inverted}"


def line_format(text: str, baud: int = 9600) -> LineFormat:
    """Read a format as people write it: ``7E1``. Raises: ValueError."""
    if len(text) != 3 or text[0] not in "5678" or text[1].upper() not in {"N", *_PARITIES} or text[2] not in "12":
        raise ValueError(f"no line format: {text!r}, expected data bits, parity and stop bits such as 8N1")
    return LineFormat(baud, int(text[0]), text[1].upper(), int(text[2]))


class Burst(NamedTuple):
    """Octets that are sent back to back from a time on, in ticks, with *idle_bits* between each two."""

    start: int
    octets: bytes
    format: LineFormat
    idle_bits: int = 0


class Signal(NamedTuple):
    """A line from *begin* to *end*, in ticks: its level at first, and the times at which it changes."""

    begin: int
    level: int
    edges: Sequence[int]
    end: int


class Character(NamedTuple):
    """What a receiver makes of a start bit. Ticks: the edge of the start bit, and the middle of the stop bit."""

    start: int
    value: int
    framing_error: bool
    parity_error: bool
    end: int

    def __str__(self) -> str:
        return f"{self.value:02X}{'p' * self.parity_error}{'f' * self.framing_error}"


def drive(bursts: Iterable[Burst], *, begin: int | None = None, quiet: int = 0) -> Signal:
    """Draw the line that carries *bursts*, one after another; a burst waits for the end of the one before.

    Ticks: *begin* is when somebody begins to look, *quiet* how long they look on after the last character.
    """
    told = list(bursts)
    first = begin if begin is not None else told[0].start if told else 0
    is_inverted = bool(told) and told[0].format.is_inverted
    edges: list[int] = []
    now = first
    for burst in told:
        origin, baud = max(now, burst.start), burst.format.baud
        toggles, step = _toggles(burst.format), burst.format.bits + burst.idle_bits
        for index, octet in enumerate(burst.octets):
            at = index * step
            edges += [origin + (at + bit) * TICKS // baud for bit in toggles[octet]]
        now = origin + len(burst.octets) * step * TICKS // baud
    return Signal(first, _SPACE if is_inverted else _MARK, edges, now + quiet)


def delay_rises(signal: Signal, ticks: int) -> Signal:
    """Let the line rise *ticks* later than it was driven, as a slow input does; a mark that is shorter never comes."""
    edges: list[int] = []
    for number, edge in enumerate(signal.edges, signal.level):
        if number % 2 == 0:
            edges.append(edge + ticks)
        elif edges and edges[-1] >= edge:
            edges.pop()
        else:
            edges.append(edge)
    return signal._replace(edges=edges)


def transmit(octets: bytes, format: LineFormat, *, idle_bits: int = 0) -> Signal:
    """Draw the line that carries *octets* and nothing else, quiet for a while before and after."""
    quiet = _QUIET_BITS * TICKS // format.baud
    return drive([Burst(quiet, octets, format, idle_bits)], begin=0, quiet=quiet)


@cache
def _toggles(format: LineFormat) -> list[tuple[int, ...]]:
    """Give for each octet the bits of its character at whose beginning the line changes."""
    found = []
    for octet in range(256):
        value = octet & (1 << format.data_bits) - 1
        bits = [_MARK, _SPACE, *(value >> bit & 1 for bit in range(format.data_bits))]
        if format.parity != "N":
            bits.append(_PARITIES[format.parity](value))
        bits.append(_MARK)
        found.append(tuple(at for at in range(len(bits) - 1) if bits[at] != bits[at + 1]))
    return found


def receive(signal: Signal, format: LineFormat, *, error: Fraction = Fraction(0)) -> list[Character]:
    """Read a line as `receiving` does, to its end."""
    return list(receiving(signal, format, error=error))


def receiving(signal: Signal, format: LineFormat, *, error: Fraction = Fraction(0)) -> Iterator[Character]:
    """Read a line, no further than it is asked for.

    *error* is how much too long the receiver's bit time is (its clock too slow), negative: too short.

    A receiver that finds the line at space at first takes that for a start bit. Total: any settings read any line.
    """
    bit = Fraction(TICKS, format.baud) * (1 + error)
    middles = [(2 * number + 1) * bit / 2 for number in range(1 + format.data_bits + (format.parity != "N") + 1)]
    offsets = [middle.numerator // middle.denominator for middle in middles]  # edges are whole ticks: floors are exact
    return _sample(signal, offsets, format)


def _sample(signal: Signal, offsets: Sequence[int], format: LineFormat) -> Iterator[Character]:
    edges, count = signal.edges, len(signal.edges)
    idle = signal.level ^ format.is_inverted
    falling = 1 - idle  # the remainder by two of the numbers of those edges that go to space
    has_parity, width = format.parity != "N", format.data_bits
    passed = 0
    start: int | None = None if idle else signal.begin
    while True:
        if start is None:
            passed += passed % 2 != falling
            if passed >= count:
                return
            start = edges[passed]
        levels = []
        for offset in offsets:
            at = start + offset
            while passed < count and edges[passed] <= at:
                passed += 1
            levels.append(idle ^ passed & 1)
            if levels[0]:
                break  # a spike
        else:
            yield _character(start, levels, has_parity, width, format.parity, start + offsets[-1])
        start = None


def _character(start: int, levels: Sequence[int], has_parity: bool, width: int, parity: str, end: int) -> Character:
    value = 0
    for bit in range(width):
        value |= levels[1 + bit] << bit
    is_wrong = has_parity and levels[1 + width] != _PARITIES[parity](value)
    return Character(start, value, not levels[-1], is_wrong, end)


def misread(
    octets: bytes, sent: LineFormat, read: LineFormat, *, idle_bits: int = 0, error: Fraction = Fraction(0)
) -> list[Character]:
    """Give what a receiver set to *read* makes of octets that are sent with *sent*."""
    return receive(transmit(octets, sent, idle_bits=idle_bits), read, error=error)


def octets_of_characters(characters: Iterable[Character], *, drops_errors: bool = False) -> bytes:
    """Give the octets as a driver hands them on: with all characters, or without those that are marked."""
    return bytes(one.value for one in characters if not (drops_errors and (one.framing_error or one.parity_error)))
