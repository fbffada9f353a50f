"""Datagrams: an LLC frame or a bare APDU each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.datagram import DatagramFramer, is_llc
from tests.analyzer.framing.build import AARQ, GET_REQUEST, MARK, outline, run


@pytest.mark.parametrize("header", [b"\x90\x01\x01", b"\x90\x10\x66", b"\xe6\xe6\x00", b"\xe6\xe7\x00"])
def test_datagram_with_llc_header_is_an_llc_frame(header: bytes) -> None:
    framer = DatagramFramer()
    assert outline(framer.feed(header + AARQ, MARK)) == ["llc 34"]
    assert framer.flush() == []


def test_datagram_with_a_tag_is_an_apdu() -> None:
    assert outline(DatagramFramer().feed(GET_REQUEST, MARK)) == ["apdu 13"]


@pytest.mark.parametrize("octets", [b"\x90\x01\x01\xff", b"\x90\x01\x01", b"\xff\xff", b"\x00"])
def test_datagram_with_neither_is_noise(octets: bytes) -> None:
    assert outline(DatagramFramer().feed(octets, MARK)) == [f"noise {len(octets)}"]


def test_empty_datagram_is_nothing() -> None:
    assert DatagramFramer().feed(b"", MARK) == []


@given(st.lists(st.binary(min_size=1, max_size=20)))
def test_datagram_framing_is_total_and_keeps_octets(datagrams: list[bytes]) -> None:
    assert [one.octets for one in run(DatagramFramer(), datagrams)] == datagrams
    assert all(is_llc(octets) in (True, False) for octets in datagrams)
