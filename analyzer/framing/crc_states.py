"""The register of a check sequence before and behind every octet, from the start and back from the right end.

With both, whether one octet that is other, missing or too many explains a wrong check is one comparison a position.
Sources: ISO/IEC 13239, 16-bit FCS (polynomial x^16+x^12+x^5+1, reflected; FFFF at the start, F0B8 at a good end);
DSMR P1 companion standard (polynomial x^16+x^15+x^2+1, reflected; 0 at the start).
"""

from __future__ import annotations


class Crc:
    """A reflected CRC of 16 bits: its *start*, and the register *good* behind octets that are right."""

    def __init__(self, polynomial: int, start: int, good: int) -> None:
        self.start, self.good = start, good
        self._table = _table(polynomial)
        self._by_high = tuple(
            index for _, index in sorted((value >> 8, index) for index, value in enumerate(self._table))
        )
        """The index of the table's entry with this high octet: each stands there once."""

    def step(self, register: int, octet: int) -> int:
        """Give the register behind *octet*."""
        return register >> 8 ^ self._table[(register ^ octet) & 0xFF]

    def forward(self, octets: bytes, register: int | None = None) -> list[int]:
        """Give the register before each octet and behind the last one, from the start or another *register*."""
        if register is None:
            register = self.start
        states = [register]
        table = self._table
        for octet in octets:
            register = register >> 8 ^ table[(register ^ octet) & 0xFF]
            states.append(register)
        return states

    def backward(self, octets: bytes, register: int | None = None) -> list[int]:
        """Give the register that must stand before each octet, and behind the last one, for the end to be good.

        Another end than the good one is given by its *register*.
        """
        if register is None:
            register = self.good
        states = [register]
        table, by_high = self._table, self._by_high
        for octet in reversed(octets):
            index = by_high[register >> 8]
            register = ((register ^ table[index]) & 0xFF) << 8 | (index ^ octet)
            states.append(register)
        states.reverse()
        return states

    def octet_between(self, before: int, behind: int) -> int | None:
        """Give the octet that leads from one register to the other; None where none does."""
        index = self._by_high[behind >> 8]
        if behind ^ self._table[index] != before >> 8:
            return None
        return index ^ before & 0xFF

    def syndrome(self, octets: bytes) -> int:
        """Give the difference to a good end: it depends on the error alone; its weight has the errors' parity."""
        return self.forward(octets)[-1] ^ self.good


def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return tuple(table)


START, GOOD = 0xFFFF, 0xF0B8
HDLC, P1 = Crc(0x8408, START, GOOD), Crc(0xA001, 0, 0)
step, forward, backward, octet_between, syndrome = (
    HDLC.step, HDLC.forward, HDLC.backward, HDLC.octet_between, HDLC.syndrome,
)  # fmt: skip
"""Those of HDLC, which are asked for most."""
