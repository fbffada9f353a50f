"""Who is asked for what explains values, told by one pass over packets."""

from __future__ import annotations

from analyzer.ahead import asked_ends
from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk
from tests.analyzer.tracking.build import ASKED, ListSource, asked, chunk
from tests.analyzer.tracking.carried_by_tcp import START, segment, wrapper_conversation

SCALER = bytes.fromhex("0003 0100010800FF 03")
REQUEST = bytes.fromhex("C001C1") + SCALER + b"\0"
METER = "10.0.0.7:4059"


def told(*packets: bytes) -> dict[str, dict[bytes, int]]:
    return asked_ends(ListSource([chunk(number, one, UNKNOWN, 1) for number, one in enumerate(packets, 1)]))


def test_request_in_one_packet_names_receiver_attribute_and_packet() -> None:
    found = asked_ends(ListSource(wrapper_conversation([asked(REQUEST)])))
    assert found == {METER: {SCALER: 3}}


def test_request_torn_between_packets_may_be_one_for_anything() -> None:
    for cut in range(1, len(SCALER) - 1):
        at = REQUEST.index(SCALER) + cut
        parts = b"\0\1\0\x10\0\1\0\x0d" + REQUEST[:at], REQUEST[at:]
        begin = START[ASKED]
        found = told(segment(ASKED, begin, parts[0]), segment(ASKED, begin + len(parts[0]), parts[1]))
        assert found[METER].get(b"") == 2, cut


def test_octets_of_a_line_may_ask_anyone() -> None:
    piece = Chunk(7, None, LINK_OCTETS, UNKNOWN, REQUEST, len(REQUEST), 0, 0)
    assert asked_ends(ListSource([piece])) == {"": {SCALER: 7}}


def test_packets_that_ask_for_nothing_of_the_kind_tell_nothing() -> None:
    found = asked_ends(ListSource(wrapper_conversation([asked(bytes.fromhex("C001C1 0003 0100010800FF 02 00"))])))
    assert not any(found.values())


def test_short_packet_is_a_piece_of_a_request_by_what_it_carries_alone() -> None:
    begin = START[ASKED]
    for size in range(12):
        assert (b"" in told(segment(ASKED, begin, bytes(size))).get(METER, {})) == (0 < size < 9), size
