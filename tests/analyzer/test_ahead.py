"""Who is asked for what explains values, told by one pass over packets."""

from __future__ import annotations

from analyzer.ahead import asked_ends
from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk
from tests.analyzer.framing.build import frame
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
    assert asked_ends(ListSource([line_piece(REQUEST)])) == {"": {SCALER: 1}}


def test_packets_that_ask_for_nothing_of_the_kind_tell_nothing() -> None:
    found = asked_ends(ListSource(wrapper_conversation([asked(bytes.fromhex("C001C1 0003 0100010800FF 02 00"))])))
    assert not any(found.values())


def test_short_packet_is_a_piece_of_a_request_by_what_it_carries_alone() -> None:
    begin = START[ASKED]
    for size in range(12):
        assert (b"" in told(segment(ASKED, begin, bytes(size))).get(METER, {})) == (0 < size < 9), size


def test_whole_frame_on_a_line_names_the_station_that_is_asked() -> None:
    for addresses, station in ((b"\x03\x21", "hdlc 1"), (b"\x02\x23\x21", "hdlc 1.17"), (b"\x00\x02\x02\x25\x21", "hdlc 1.146")):  # fmt: skip
        found = asked_ends(ListSource([line_piece(frame(b"\xe6\xe6\x00" + REQUEST, addresses=addresses))]))
        assert found == {station: {SCALER: 1}}


def test_piece_of_a_line_may_ask_anyone_unless_it_is_one_frame_to_one_station() -> None:
    whole = frame(b"\xe6\xe6\x00" + REQUEST)
    to_all = [
        frame(b"\xe6\xe6\x00" + REQUEST, addresses=one) for one in (b"\xff\x21", b"\xfe\xff\x21", b"\x02\xff\x21")
    ]
    segment = frame(b"\xe6\xe6\x00" + REQUEST, segmented=True)
    for piece in (whole[1:], whole[:-1], whole + b"\x7e", whole + whole, segment, *to_all):
        assert list(asked_ends(ListSource([line_piece(piece)]))) == [""], piece.hex()


def test_short_piece_of_a_line_is_one_of_a_request() -> None:
    for size in range(1, 12):
        assert (b"" in asked_ends(ListSource([line_piece(bytes(size))])).get("", {})) == (size < 9), size


def line_piece(octets: bytes) -> Chunk:
    return Chunk(1, None, LINK_OCTETS, UNKNOWN, octets, len(octets), 0, 0)
