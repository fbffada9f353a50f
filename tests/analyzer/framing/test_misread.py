"""HDLC that a serial server passes on with other settings than its line has: found by what undoes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.misread import is_misread_hdlc
from analyzer.simulate import network, packets
from analyzer.simulate.sent import SECOND, TO_CLIENT, TO_METER
from dissectors.checks import REVERSED
from tests.faults.case import Case, Lines, Said, Truth, stories_of
from tests.faults.sessions import hdlc_session

_ETHERNET = 1


def _parity(odd: int) -> Callable[[bytes], bytes]:
    return lambda octets: bytes(one & 127 | ((one & 127).bit_count() + odd & 1) << 7 for one in octets)


MISREAD: dict[str, Callable[[bytes], bytes]] = {
    "seven-bit": lambda octets: bytes(one & 127 for one in octets),
    "parity-in-data": _parity(0),
    "parity-in-data, odd": _parity(1),
    "polarity-inverted": lambda octets: bytes(one ^ 0xFF for one in octets),
    "bit-reversed": lambda octets: octets.translate(REVERSED),
}


def over_tcp(change: Callable[[bytes], bytes], count: int = 1) -> Lines:
    """A session whose octets a serial server passes on, *count* times in one connection."""
    ends = {TO_METER: network.CLIENT, TO_CLIENT: network.METER}
    numbers, lines = {TO_METER: 1, TO_CLIENT: 1}, []
    session = hdlc_session(1, 8, 512)
    again = [one._replace(time_ns=(one.time_ns or 0) + at * 60 * SECOND) for at in range(count) for one in session]
    for said in again:
        octets, side = change(said.octets), said.direction
        sender, other = ends[side], ends[TO_CLIENT if side == TO_METER else TO_METER]
        flags = packets.PSH | packets.ACK
        segment = packets.tcp(sender, other, sequence=numbers[side], acknowledged=1, flags=flags, octets=octets)
        packet = packets.ipv4(sender, other, packets.TCP, segment, len(lines))
        lines.append(Said(said.time_ns, 0, packets.ethernet(sender, other, packet), _ETHERNET))
        numbers[side] += len(octets)
    return lines


@pytest.mark.parametrize("count", [1, 14], ids=["short", "more than waits"])
@pytest.mark.parametrize("name", MISREAD)
def test_serial_server_with_wrong_settings_is_told_and_is_no_foreign_carrier(name: str, count: int) -> None:
    stories = stories_of(Case(over_tcp(MISREAD[name], count), Truth(frozenset())))
    assert [one.cause for one in stories] == [name.partition(",")[0]]


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x7e", b"\xfe", b"\x81"]))
def test_misread_hdlc_is_looked_for_in_any_octets(octets: bytes, begin: bytes) -> None:
    assert is_misread_hdlc(begin + octets) in (True, False)


@pytest.mark.parametrize("octets", [b"", b"\x7e", b"\x7e" * 40, b"~/ff\x00 is a text~", b"\x81\x84" + b"\xfe" * 40])
def test_other_octets_are_no_misread_hdlc(octets: bytes) -> None:
    assert not is_misread_hdlc(octets)
