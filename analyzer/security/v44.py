"""Compressed octets of a protected APDU to the APDU: the decoder of ITU-T V.44, packet method.

Codes stand low bit first. A set bit leads a codeword or, below 4, a control code; a clear one leads an ordinal (a
character), or, behind a codeword and followed by a set bit, the length of a string-extension. Each code but an
extension makes a string of the one before it and its own first character; an extension makes one of the codeword
before it and all that it adds.

Conformity: written after what several public descriptions and programs say of V.44 and agree on, without the
Recommendation and without octets of a meter: what comes out is to be believed where it reads as an APDU, and the tag
(which covers the compressed octets) says nothing about it. Annex B leaves the initial size of ordinals to the
application: 7 bits is the default, 8 is tried where 7 gives nothing whole.
Source: ITU-T V.44 (2000), 6.3 to 6.6, 7.11 to 7.13, annex B.1; IEC 62056-5-3, Compression.
"""

from __future__ import annotations

from typing import NamedTuple

CODEWORDS, LONGEST_STRING = 1525, 255
"""N2 and N7 of the packet method: codewords, control codes included, and octets of a string."""
FIRST_CODEWORD = 4
ETM, FLUSH, STEPUP, REINIT = range(FIRST_CODEWORD)
"""Control codes: enter transparent mode, end on an octet, one bit more, begin anew."""
CODEWORD_BITS, ORDINAL_BITS = 6, 7
"""C2 and C5 at the beginning."""
MOST_CODEWORD_BITS = (CODEWORDS - 1).bit_length()
MOST_OCTETS = 1 << 20
"""No APDU is longer; whatever would become longer is a bomb."""
_NOTHING, _ORDINAL, _CODEWORD, _EXTENSION = range(4)


class Decompressed(NamedTuple):
    """What came out, and where it is not the whole why."""

    octets: bytes
    problem: str = ""


class _BrokenError(Exception):
    """Decoding ends here, and why."""


class _Bits:
    """Bits of octets, the low ones first."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = self._held = self._count = 0

    def take(self, count: int) -> int:
        while self._count < count:
            if self._at >= len(self._octets):
                raise _BrokenError("it ends within a code")
            self._held |= self._octets[self._at] << self._count
            self._at += 1
            self._count += 8
        found = self._held & (1 << count) - 1
        self._held >>= count
        self._count -= count
        return found

    def align(self) -> None:
        """Drop the rest of the octet."""
        self._held = self._count = 0

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left but bits that fill the last octet."""
        return self._at >= len(self._octets) and self._count < 8 and not self._held


class _Decoder:
    """The dictionary, as history and strings in it, and the code before."""

    def __init__(self, ordinal_bits: int) -> None:
        self.out = bytearray()
        self._initial_bits = ordinal_bits
        self.begin()

    def begin(self) -> None:
        """Forget all strings."""
        self.codeword_bits, self.ordinal_bits = CODEWORD_BITS, self._initial_bits
        self._strings: list[tuple[int, int]] = []
        """Of each codeword: where its string begins in *out*, and where it ends."""
        self._kind = _NOTHING
        self._last = (0, 0)
        """The string of the code before."""
        self.is_behind_codeword = False
        self.steps_up = False

    def ordinal(self, value: int) -> None:
        """Take a character."""
        begin = len(self.out)
        self.out.append(value)
        self._join(begin)
        self._follow(_ORDINAL, (begin, begin + 1))

    def codeword(self, value: int) -> None:
        """Take a string that is known, or that this very code completes."""
        number = value - FIRST_CODEWORD
        begin = len(self.out)
        if number < len(self._strings):
            string = self._strings[number]
            self._copy(*string)
            self._join(begin)
        elif number == len(self._strings) and self._kind in (_ORDINAL, _CODEWORD):
            start, end = self._last
            self._copy(start, end)
            self.out.append(self.out[start])
            self._join(begin)
            if number == len(self._strings):
                raise _BrokenError(f"codeword {value} names a string that is too long to be one")
            string = self._strings[number]
        else:
            raise _BrokenError(f"codeword {value} names a string that was never made")
        self._follow(_CODEWORD, string)
        self.is_behind_codeword = True

    def extension(self, length: int) -> None:
        """Lengthen the string of the codeword before by what followed it in the history."""
        start, end = self._last
        if end >= len(self.out):
            raise _BrokenError("a string is extended beyond the history")
        begin = len(self.out)
        self._copy(end, end + length)
        self._make(begin - (end - start), begin + length)
        self._follow(_EXTENSION, (0, 0))

    def _follow(self, kind: int, string: tuple[int, int]) -> None:
        self._kind, self._last = kind, string
        self.is_behind_codeword = False

    def _copy(self, start: int, end: int) -> None:
        """Write the characters from *start* to *end* again; they may be some that are just being written."""
        out = self.out
        if len(out) + end - start > MOST_OCTETS:
            raise _BrokenError(f"it would become longer than {MOST_OCTETS} octets")
        if end <= len(out):
            out += out[start:end]
            return
        for at in range(start, end):
            out.append(out[at])

    def _join(self, begin: int) -> None:
        """Make the string of the code before and the character at *begin*."""
        if self._kind in (_ORDINAL, _CODEWORD):
            start, end = self._last
            self._make(begin - (end - start), begin + 1)

    def _make(self, start: int, end: int) -> None:
        if end - start <= LONGEST_STRING and len(self._strings) < CODEWORDS - FIRST_CODEWORD:
            self._strings.append((start, end))


def decompress(octets: bytes, ordinal_bits: int = ORDINAL_BITS) -> Decompressed:
    """Decompress one packet. Total: never raises on octets, never gives more than ``MOST_OCTETS``."""
    bits, decoder = _Bits(octets), _Decoder(ordinal_bits)
    try:
        while not bits.is_at_end:
            if bits.take(1):
                _take_word(bits, decoder)
            elif decoder.is_behind_codeword and bits.take(1):
                decoder.extension(_extension_length(bits))
            else:
                _take_ordinal(bits, decoder)
            if len(decoder.out) > MOST_OCTETS:
                raise _BrokenError(f"it would become longer than {MOST_OCTETS} octets")
    except _BrokenError as broken:
        return Decompressed(bytes(decoder.out), str(broken))
    return Decompressed(bytes(decoder.out))


def _take_word(bits: _Bits, decoder: _Decoder) -> None:
    """Take a codeword or a control code."""
    if decoder.steps_up:
        if decoder.codeword_bits == MOST_CODEWORD_BITS:
            raise _BrokenError(f"codewords grow beyond {MOST_CODEWORD_BITS} bits")
        decoder.codeword_bits += 1
        decoder.steps_up = False
    value = bits.take(decoder.codeword_bits)
    if value >= FIRST_CODEWORD:
        decoder.codeword(value)
        return
    decoder.is_behind_codeword = False
    if value == FLUSH:
        bits.align()
    elif value == STEPUP:
        decoder.steps_up = True
    elif value == REINIT:
        decoder.begin()
    else:
        raise _BrokenError("transparent mode, which the packet method has not")


def _take_ordinal(bits: _Bits, decoder: _Decoder) -> None:
    if decoder.steps_up:
        if decoder.ordinal_bits == 8:
            raise _BrokenError("ordinals grow beyond 8 bits")
        decoder.ordinal_bits += 1
        decoder.steps_up = False
    decoder.ordinal(bits.take(decoder.ordinal_bits))


def _extension_length(bits: _Bits) -> int:
    """Take a length: 1 in one bit, to 4 in three, to 12 in seven, beyond in twelve."""
    if bits.take(1):
        return 1
    few = bits.take(2)
    if few:
        return 1 + few
    return 13 + bits.take(8) if bits.take(1) else 5 + bits.take(3)
