"""Registers of the check sequence from both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.crc_states import GOOD, START, backward, forward, octet_between, step, syndrome
from dissectors.checks import fcs, fcs_is_good


def closed(octets: bytes) -> bytes:
    return octets + fcs(octets).to_bytes(2, "little")


@given(st.binary(max_size=64))
def test_registers_from_both_ends_meet_in_a_good_frame(octets: bytes) -> None:
    whole = closed(octets)
    assert forward(whole) == backward(whole)
    assert forward(whole)[-1] == GOOD


@given(st.binary(max_size=64))
def test_register_behind_all_octets_tells_good_frames(octets: bytes) -> None:
    assert (forward(octets)[-1] == GOOD) is fcs_is_good(octets)
    assert backward(octets)[-1] == GOOD


@given(st.integers(0, 0xFFFF), st.integers(0, 255))
def test_octet_between_two_registers_is_the_one_that_leads_there(register: int, octet: int) -> None:
    assert octet_between(register, step(register, octet)) == octet


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_octet_between_any_registers_leads_there_or_is_none(before: int, behind: int) -> None:
    octet = octet_between(before, behind)
    assert octet is None or step(before, octet) == behind


@given(st.binary(min_size=1, max_size=40), st.data())
def test_syndrome_depends_on_the_error_alone_and_has_its_parity(octets: bytes, data: st.DataObject) -> None:
    error = data.draw(st.binary(min_size=len(octets) + 2, max_size=len(octets) + 2))
    found = [
        syndrome(bytes(one ^ other for one, other in zip(closed(text), error, strict=True)))
        for text in (octets, bytes(len(octets)))
    ]
    assert found[0] == found[1]
    assert found[0].bit_count() % 2 == sum(octet.bit_count() for octet in error) % 2


@pytest.mark.parametrize("size", [20, 200])
def test_every_single_bit_has_a_syndrome_of_its_own(size: int) -> None:
    whole = closed(bytes(size))
    found = {
        syndrome(whole[:at] + bytes((whole[at] ^ 1 << bit,)) + whole[at + 1 :])
        for at in range(len(whole))
        for bit in range(8)
    }
    assert len(found) == 8 * len(whole)


def test_start_is_all_ones() -> None:
    assert forward(b"") == [START]
