"""An APDU to its compressed octets: the encoder of ITU-T V.44, packet method, as a meter that compresses would send it.

It keeps the strings that the decoder will keep and sends the longest that fits, then extends it by the history.
Source: ITU-T V.44 (2000), 6.3 to 6.6, 7.11 to 7.13, annex B.1.
"""

from __future__ import annotations

from analyzer.security.v44 import (
    CODEWORD_BITS,
    CODEWORDS,
    FIRST_CODEWORD,
    FLUSH,
    LONGEST_STRING,
    ORDINAL_BITS,
    REINIT,
    STEPUP,
)

_LONGEST_EXTENSION = LONGEST_STRING - 2


class V44Compressor:
    """Compresses one packet; *codewords* fewer than the standard's make it begin anew sooner."""

    def __init__(self, ordinal_bits: int = ORDINAL_BITS, codewords: int = CODEWORDS) -> None:
        self._initial_bits, self._codewords = ordinal_bits, codewords
        self._held = self._count = 0
        self._out = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._ends: dict[bytes, tuple[int, int]] = {}
        """Of each string: its codeword, and where it ends in the octets."""
        self._next = FIRST_CODEWORD
        self._previous = b""
        """The string of the code before, to which the next character is owed; none behind an extension."""
        self._codeword_bits, self._ordinal_bits = CODEWORD_BITS, self._initial_bits
        self._is_behind_codeword = False

    def compress(self, octets: bytes) -> bytes:
        """Compress *octets*."""
        at = 0
        while at < len(octets):
            if self._next >= self._codewords:
                self._control(REINIT)
                self._begin()
            if self._previous:
                self._make(self._previous + octets[at : at + 1], at + 1)
            string = self._longest(octets, at)
            if string is None:
                self._ordinal(octets[at])
                self._previous = octets[at : at + 1]
                at += 1
                continue
            codeword, end = self._ends[string]
            self._codeword(codeword)
            at += len(string)
            length = self._extension(octets, at, end, LONGEST_STRING - len(string))
            self._previous = b"" if length else string
            if length:
                self._length(length)
                self._make(string + octets[at : at + length], at + length)
                at += length
        self._control(FLUSH)
        self._put(0, -self._count % 8)
        return bytes(self._out)

    def _make(self, string: bytes, end: int) -> None:
        if len(string) <= LONGEST_STRING and self._next < self._codewords:
            self._ends[string] = (self._next, end)  # a string made twice is as good by its later codeword
            self._next += 1

    def _longest(self, octets: bytes, at: int) -> bytes | None:
        for size in range(min(LONGEST_STRING, len(octets) - at), 1, -1):
            if octets[at : at + size] in self._ends:
                return octets[at : at + size]
        return None

    @staticmethod
    def _extension(octets: bytes, at: int, end: int, most: int) -> int:
        length = 0
        while length < min(most, _LONGEST_EXTENSION) and at + length < len(octets):
            if end + length >= at + length or octets[end + length] != octets[at + length]:
                break
            length += 1
        return length

    def _put(self, value: int, count: int) -> None:
        self._held |= value << self._count
        self._count += count
        while self._count >= 8:
            self._out.append(self._held & 0xFF)
            self._held >>= 8
            self._count -= 8

    def _control(self, code: int) -> None:
        self._put(1, 1)
        self._put(code, self._codeword_bits)
        self._is_behind_codeword = False

    def _ordinal(self, value: int) -> None:
        if value >> self._ordinal_bits:
            self._control(STEPUP)
            self._ordinal_bits += 1
        self._put(0, 2 if self._is_behind_codeword else 1)
        self._put(value, self._ordinal_bits)
        self._is_behind_codeword = False

    def _codeword(self, value: int) -> None:
        while value >> self._codeword_bits:
            self._control(STEPUP)
            self._codeword_bits += 1
        self._put(1, 1)
        self._put(value, self._codeword_bits)
        self._is_behind_codeword = True

    def _length(self, length: int) -> None:
        self._put(0b10, 2)
        if length == 1:
            self._put(1, 1)
        elif length <= 4:
            self._put((length - 1) << 1, 3)
        elif length <= 12:
            self._put((length - 5) << 4, 7)
        else:
            self._put((length - 13) << 4 | 8, 12)
        self._is_behind_codeword = False
