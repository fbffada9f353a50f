"""Wrapped and unwrapped is the same key; whatever was altered is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security.key_wrap import unwrap, wrap
from analyzer.security.refused import Refused

KEYS = st.sampled_from((16, 32)).flatmap(lambda size: st.binary(min_size=size, max_size=size))


@pytest.mark.parametrize(
    ("kek", "key", "wrapped"),
    [
        # RFC 3394, 4.1 and 4.6
        ("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF",
         "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
        ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
         "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
         "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"),
    ],
    ids=["suite-0-and-1", "suite-2"],
)  # fmt: skip
def test_key_of_the_rfc_is_wrapped_and_unwrapped_as_printed(kek: str, key: str, wrapped: str) -> None:
    assert wrap(bytes.fromhex(kek), bytes.fromhex(key)).hex().upper() == wrapped
    assert unwrap(bytes.fromhex(kek), bytes.fromhex(wrapped)) == bytes.fromhex(key)


@given(KEYS, KEYS)
def test_wrapped_key_unwraps_to_itself(kek: bytes, key: bytes) -> None:
    assert unwrap(kek, wrap(kek, key)) == key


@given(KEYS, KEYS, st.integers(0, 191))
def test_flipped_bit_is_refused(kek: bytes, key: bytes, bit: int) -> None:
    wrapped = bytearray(wrap(kek, key))
    wrapped[bit // 8] ^= 1 << bit % 8
    found = unwrap(kek, bytes(wrapped))
    assert isinstance(found, Refused) and "another KEK" in found.reason


@given(st.binary(max_size=48), st.binary(max_size=48))
def test_unwrapping_any_octets_never_raises(kek: bytes, wrapped: bytes) -> None:
    found = unwrap(kek, wrapped)
    assert isinstance(found, Refused)
    assert len(kek) < 4 or kek.hex() not in found.reason  # two digits stand in many a word


@pytest.mark.parametrize(("kek", "key"), [(15, 16), (16, 24), (24, 16)])
def test_wrapping_what_is_no_key_raises(kek: int, key: int) -> None:
    with pytest.raises(ValueError, match="16 or 32"):
        wrap(bytes(kek), bytes(key))
