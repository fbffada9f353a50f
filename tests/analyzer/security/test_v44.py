"""Compressed and decompressed is the same octets; bombs and damage end early and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security import v44
from analyzer.security.v44 import MOST_OCTETS, Decompressed, decompress
from analyzer.simulate.v44_compressor import V44Compressor

FEW_LETTERS = st.text("abc", max_size=400).map(str.encode)
RUNS = st.lists(st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 400)), max_size=8).map(
    lambda runs: b"".join(octets * count for octets, count in runs)
)
OCTETS = st.one_of(st.binary(max_size=600), FEW_LETTERS, RUNS)


def bits(*codes: str) -> bytes:
    """Octets of codes as they go out: the first bit of a code first, the first code lowest."""
    line = "".join(codes).replace(" ", "")
    line += "0" * (-len(line) % 8)
    return bytes(int(line[at : at + 8][::-1], 2) for at in range(0, len(line), 8))


@given(OCTETS, st.sampled_from((7, 8)), st.sampled_from((16, 64, 300, v44.CODEWORDS)))
def test_decompressed_is_what_was_compressed(octets: bytes, ordinal_bits: int, codewords: int) -> None:
    assert decompress(V44Compressor(ordinal_bits, codewords).compress(octets), ordinal_bits) == Decompressed(octets)


def test_long_text_becomes_shorter() -> None:
    text = b"".join(b"1-0:%d.8.0*255 %06d.%03d kWh\r\n" % (n % 9, n * 37, n) for n in range(500))
    made = V44Compressor().compress(text)
    assert len(made) < len(text) // 3
    assert decompress(made) == Decompressed(text)


ORDINAL_A, ORDINAL_B = "0 1000001", "0 0100001"
FLUSHED = "1 100000"


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ((ORDINAL_A, ORDINAL_B, FLUSHED), b"AB"),
        ((ORDINAL_A, ORDINAL_B), b"AB"),  # without FLUSH, and without a bit to spare
        ((ORDINAL_A, ORDINAL_B, "1 001000", FLUSHED), b"ABAB"),  # codeword 4 is AB
        ((ORDINAL_A, "1 001000", FLUSHED), b"AAA"),  # codeword 4 is completed by itself
        ((ORDINAL_A, "1 001000", "01 011", FLUSHED), b"AAAAAAA"),  # and extended by 4 of itself
        ((ORDINAL_A, "1 001000", "01 1", "0 0100001", FLUSHED), b"AAAAB"),
        ((ORDINAL_A, ORDINAL_B, "1 001000", "00 1000001", FLUSHED), b"ABABA"),  # two bits lead it behind a codeword
        ((ORDINAL_A, ORDINAL_B, "1 001000", "1 010000", "0 01000001", FLUSHED), b"ABAB\x82"),  # STEPUP of ordinals
        ((ORDINAL_A, "1 001000", "01 000 1 11100000", FLUSHED), b"A" * (3 + 20)),
        ((ORDINAL_A, "1 001000", "01 000 0 110", FLUSHED), b"A" * (3 + 8)),
        ((ORDINAL_A, ORDINAL_B, "1 110000", ORDINAL_A, "1 001000", FLUSHED), b"ABAAA"),  # REINIT
        ((FLUSHED,), b""),
    ],
)  # fmt: skip
def test_codes_by_hand_are_read_as_described(codes: tuple[str, ...], text: bytes) -> None:
    assert decompress(bits(*codes)) == Decompressed(text)


def test_stepup_of_codewords_counts_for_the_next_codeword() -> None:
    assert decompress(bits(ORDINAL_A, ORDINAL_B, "1 010000", "1 0010000", "1 1000000")) == Decompressed(b"ABAB")


def test_strings_continue_behind_a_flush() -> None:
    begin = bits(ORDINAL_A, ORDINAL_B, FLUSHED)
    assert decompress(begin + bits("1 001000", FLUSHED)) == Decompressed(b"ABAB")


@pytest.mark.parametrize(
    ("codes", "octets", "problem"),
    [
        ((ORDINAL_A, "1 101000"), b"A", "codeword 5 names a string that was never made"),
        (("1 001000",), b"", "codeword 4 names a string that was never made"),
        (("1 010000", "0 10000001", ORDINAL_A), b"\x81", "it ends within a code"),
        ((ORDINAL_A, "1 000000"), b"A", "transparent mode"),
        (("1 010000", "0 10000001", "1 010000", "0 10000001"), b"\x81", "ordinals grow beyond 8 bits"),
        (("1 010000", "1 0100000", "1 01000000", "1 010000000", "1 0100000000", "1 01000000000", "1 0"), b"",
         "codewords grow beyond 11 bits"),
    ],
)  # fmt: skip
def test_damage_keeps_what_was_read_and_says_why(codes: tuple[str, ...], octets: bytes, problem: str) -> None:
    found = decompress(bits(*codes))
    assert found.octets == octets and problem in found.problem


def test_bomb_ends_at_the_bound() -> None:
    # a run of one octet: each pair of codes adds more than 250 octets
    step = ("1 001000", "01 000 1 00001111")
    found = decompress(bits(ORDINAL_A, *step * 6000))
    assert len(found.octets) <= MOST_OCTETS
    assert "longer than 1048576 octets" in found.problem


@given(st.binary(max_size=300), st.sampled_from((7, 8)))
def test_decompressing_any_octets_never_raises(octets: bytes, ordinal_bits: int) -> None:
    found = decompress(octets, ordinal_bits)
    assert len(found.octets) <= min(MOST_OCTETS, 1 + 400 * len(octets))


@given(OCTETS.filter(len), st.data())
def test_damaged_packet_never_raises(octets: bytes, data: st.DataObject) -> None:
    made = bytearray(V44Compressor().compress(octets))
    made[data.draw(st.integers(0, len(made) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert isinstance(decompress(bytes(made)), Decompressed)
