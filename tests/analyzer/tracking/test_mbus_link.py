"""M-Bus frames to records: segments joined, lost and repeated ones noted, commands and answers paired."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.packet import Raw

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.simulate.mbus_line import LARGEST_LENGTH, USUAL_LENGTH
from analyzer.simulate.mbus_line import segments as segments_of_meter
from captures import source_from_hex
from dissectors.hdlc import Hdlc
from dissectors.mbus import Mbus, MbusShort
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal
from tests.analyzer.tracking.build import ListSource, chunk
from tests.captures.build import ethernet, ipv4, udp

CLOSED = bytes.fromhex("DB 08 4142430000000001 81CD 20 00000007") + bytes(range(200))
PLAIN = bytes.fromhex("0F 00000001 00") + b"\x02\x78" + b"\x06\x00\x01\x02\x03" * 120


def segments(apdu: bytes, size: int = 60, **fields: int) -> list[bytes]:
    """The long frames of a push of *apdu*."""
    parts = [apdu[at : at + size] for at in range(0, len(apdu), size)]
    last = len(parts) - 1
    return [
        bytes(Mbus(control_information=number & 0xF | (number == last) << 4, **fields) / Raw(part))
        for number, part in enumerate(parts)
    ]


def decode(*frames: bytes) -> list[Record]:
    with source_from_hex("\n".join(frame.hex() for frame in frames)) as source:
        return list(Pipeline().run(source))


def codes(records: list[Record]) -> list[list[str]]:
    return [[note.code for note in record.notes] for record in records]


def test_push_in_one_frame_is_an_unsolicited_apdu_from_server_1_to_client_103() -> None:
    (record,) = decode(*segments(CLOSED, 240))
    assert (record.link, record.kind, record.direction) == ("mbus", "apdu", "unsolicited")
    assert (record.client, record.server) == (103, 1)
    assert record.apdu is not None
    assert (record.apdu.octets, record.apdu.at, record.parts) == (CLOSED, 9, ())


@pytest.mark.parametrize("apdu", [CLOSED, PLAIN], ids=["closed", "plain"])
@pytest.mark.parametrize("size", [120, 60, 40])
def test_segments_are_joined_in_the_record_of_the_last(apdu: bytes, size: int) -> None:
    frames = segments(apdu, size)
    records = decode(*frames)
    assert [record.kind for record in records] == ["part"] * (len(frames) - 1) + ["apdu"]
    assert {record.part_of for record in records[:-1]} == {1}
    assert {(record.client, record.server, record.direction) for record in records} == {(103, 1, "unsolicited")}
    assert records[-1].apdu is not None
    assert records[-1].apdu.octets == apdu
    assert records[-1].parts == tuple(range(1, len(frames) + 1))
    assert codes(records) == [[]] * len(frames)


def test_chain_of_more_than_16_segments_counts_on_from_0() -> None:
    frames = segments(PLAIN, 17)
    assert len(frames) > 32
    records = decode(*frames)
    assert records[-1].apdu is not None
    assert records[-1].apdu.octets == PLAIN
    assert codes(records) == [[]] * len(frames)


def test_lost_segment_is_noted_once_and_the_next_push_is_whole() -> None:
    frames = segments(PLAIN, 150)
    records = decode(frames[0], *frames[2:], *frames)
    assert len(frames) == 5
    assert codes(records) == [[], ["mbus-segment-missing"], *[[]] * 7]
    assert [record.kind for record in records[:4]] == ["part"] * 4
    assert records[3].incomplete is not None
    assert records[3].incomplete.octets == PLAIN[:150]
    assert records[-1].apdu is not None
    assert records[-1].parts == (5, 6, 7, 8, 9)


def test_lost_last_segment_is_noted_where_the_next_apdu_begins() -> None:
    first, last = segments(CLOSED, 150)
    records = decode(first, first[:20] + first[20:], first, last)
    assert codes(records) == [[], ["mbus-segment-repeated"], ["mbus-segment-repeated"], []]
    other = segments(CLOSED[:-1] + b"\x00", 149)
    records = decode(first, *other)
    assert codes(records) == [[], ["mbus-segment-missing"], []]
    assert records[0].incomplete is not None
    assert "segment 1 of the APDU that began in record 1" in records[1].notes[0].text


def test_repeated_segment_is_joined_once() -> None:
    first, middle, last = segments(CLOSED, 80)
    records = decode(first, middle, middle, last, last)
    assert codes(records) == [[], [], ["mbus-segment-repeated"], [], ["mbus-segment-repeated"]]
    assert records[3].apdu is not None
    assert records[3].apdu.octets == CLOSED
    assert (records[3].parts, records[2].part_of, records[4].part_of) == ((1, 2, 4), 1, None)


def test_segments_without_their_first_are_a_late_capture_only_where_it_begins() -> None:
    first, middle, last = segments(CLOSED, 80)
    records = decode(middle, last, middle, last, first, middle, last)
    assert codes(records) == [["capture-cut"], [], ["mbus-segment-missing"], [], [], [], []]
    assert [record.part_of for record in records] == [1, 1, 3, 3, 5, 5, None]
    assert records[-1].apdu is not None


def test_segment_with_a_wrong_checksum_is_joined_and_noted() -> None:
    first, last = segments(CLOSED, 150)
    damaged = first[:40] + bytes((first[40] ^ 1,)) + first[41:]
    records = decode(damaged, last)
    assert codes(records) == [["mbus-checksum-wrong"], []]
    assert records[0].kind == "part"
    assert records[1].apdu is not None
    assert len(records[1].apdu.octets) == len(CLOSED)


def test_segment_that_lost_octets_ends_its_transfer_without_a_second_note() -> None:
    first, last = segments(CLOSED, 150)
    records = decode(first[:40] + first[43:] + last)
    assert codes(records) == [["mbus-length-wrong"], []]
    assert [record.kind for record in records] == ["part", "part"]
    assert records[1].incomplete is not None


def test_length_octet_that_differs_is_noted_and_the_apdu_is_read() -> None:
    (frame,) = segments(CLOSED, 240)
    _, record = decode(frame, frame[:2] + b"\x00" + frame[3:])
    assert codes([record]) == [["mbus-length-wrong"]]
    assert record.apdu is not None
    assert record.apdu.octets == CLOSED


def test_length_modulo_256_is_a_quirk() -> None:
    records = decode(*segments(PLAIN, 252))
    assert codes(records) == [["meter-quirk"], ["meter-quirk"], []]
    assert records[0].notes[0].cause == "length-modulo-256"


def test_chain_without_end_is_bounded() -> None:
    parts = [
        bytes(Mbus(control_information=number & 0xF) / Raw(bytes((number & 0xFF,)) * 240)) for number in range(300)
    ]
    records = decode(*parts)
    noted = [record.number for record in records if record.notes]
    assert noted == [274]  # 65,536 octets and one segment more
    assert records[-1].incomplete is not None
    assert len(records[-1].incomplete.octets) == 274 * 240


def test_commands_and_answers_are_paired() -> None:
    get, answer = bytes(GetRequestNormal()), bytes(GetResponseNormal())
    frames = [
        bytes(MbusShort(control=0x40, address=5)), b"\xe5",
        bytes(Mbus(control=0x53, address=5, stsap=16, dtsap=1) / Raw(get)), b"\xe5",
        bytes(MbusShort(control=0x5B, address=5)),
        bytes(Mbus(control=0x08, address=5, stsap=1, dtsap=16) / Raw(answer)),
    ]  # fmt: skip
    records = decode(*frames)
    assert [record.kind for record in records] == ["link", "link", "apdu", "link", "link", "apdu"]
    assert [record.direction for record in records] == ["request", "response"] * 3
    assert [record.request for record in records] == [None, 1, None, 3, None, 3]
    assert {(record.client, record.server) for record in records[2::3]} == {(16, 1)}
    assert [summary(record) for record in records[:2]] == ["SND_NKE to 5", "acknowledgement"]
    assert codes(records) == [[]] * 6


def test_meters_at_two_addresses_keep_their_segments_apart() -> None:
    one, other = segments(CLOSED, 120, address=1, control=0x08), segments(CLOSED, 120, address=2, control=0x08)
    records = decode(one[0], other[0], one[1], other[1])
    assert [record.parts for record in records] == [(), (), (1, 3), (2, 4)]
    assert codes(records) == [[]] * 4


def test_data_that_are_no_apdu_are_named() -> None:
    (record,) = decode(bytes(Mbus(control=0x08, address=3, control_information=0x72) / Raw(bytes(12))))
    assert (record.kind, record.direction, record.apdu) == ("link", "response", None)
    assert summary(record) == "RSP_UD from 3, data from the meter, long header"


def test_json_tells_the_fields_of_the_frame() -> None:
    first, last = segments(CLOSED, 150)
    lines = [json.loads(JsonLines(lambda: 6).line(record)) for record in decode(first, last, b"\xe5")]
    assert lines[0]["mbus"] == {
        "type": "long", "function": "SND_UD", "control": "53", "address": 255, "control-information": "00",
        "segment": 0, "final": False, "checksum": "ok", "length": 155,
    }  # fmt: skip
    assert lines[1]["parts"] == [1, 2]
    assert list(lines[1]["apdu"]) == ["general-glo-ciphering"]
    assert lines[2]["mbus"] == {"type": "single-character"}


def test_leaves_tile_every_frame_and_the_apdu_stands_inside() -> None:
    whole, *parts = decode(*segments(CLOSED, 240), *segments(CLOSED, 150), b"\xe5", bytes(MbusShort()))
    for record in (whole, *parts):
        frame = detail(record)[0]
        leaves = [leaf for leaf in frame.leaves() if leaf.end > leaf.start]
        assert leaves[0].start == 0
        assert leaves[-1].end == 8 * len(record.octets)
        assert all(one.end == other.start for one, other in pairwise(leaves))
    information = detail(whole)[0].child("information")
    assert information is not None
    assert [child.name for child in information.children] == ["general-glo-ciphering"]
    assert [root.name for root in detail(parts[1])] == ["mbus", "reassembled APDU (2 parts)"]


def test_what_the_simulated_meter_pushes_is_read_without_a_note() -> None:
    for length in (USUAL_LENGTH, 40, LARGEST_LENGTH):
        records = decode(*segments_of_meter(PLAIN, 1, 103, length=length))
        assert records[-1].apdu is not None
        assert records[-1].apdu.octets == PLAIN
        assert {code for found in codes(records) for code in found} <= {"meter-quirk"}


def test_frame_in_two_datagrams_is_one() -> None:
    first, last = segments(CLOSED, 150)
    octets = first + last
    datagrams = [udp(part) for part in (first, octets[len(first) : len(first) + 20], last[20:])]
    packets = [chunk(number, ethernet(ipv4(one, 17)), link_type=1) for number, one in enumerate(datagrams, 1)]
    records = list(Pipeline().run(ListSource(packets)))
    assert [(record.link, record.packets) for record in records] == [("mbus", (1,)), ("mbus", (2, 3))]
    assert records[1].apdu is not None
    assert records[1].apdu.octets == CLOSED


def test_last_segment_that_is_numbered_0_again_is_no_apdu_in_the_tree() -> None:
    frames = segments(PLAIN[:164], 10)
    assert len(frames) == 17
    assert frames[-1][6] == 0x10
    records = decode(*frames)
    assert records[-1].apdu is not None
    assert records[-1].apdu.octets == PLAIN[:164]
    frame = detail(records[-1])[0]
    information = frame.child("information")
    assert information is not None
    assert information.children == []


def test_block_of_a_general_block_transfer_stands_in_the_tree_of_its_frame() -> None:
    blocks = [
        bytes.fromhex(f"E0 {control} 000{number} 0000 81F0") + CLOSED[:240]
        for number, control in ((1, "00"), (2, "80"))
    ]
    records = decode(*(bytes(Mbus() / Raw(block)) for block in blocks))
    for record in records:
        information = detail(record)[0].child("information")
        assert information is not None
        assert [child.name for child in information.children] == ["general-block-transfer"]


STRAY = st.tuples(
    st.integers(0, 0x1F),  # CI
    st.sampled_from((0x53, 0x08)),
    st.binary(max_size=3),
    st.sampled_from(("", "", "checksum", "stop", "lost", "length")),
)


@given(strays=st.lists(STRAY, max_size=12))
def test_segments_in_any_order_and_health_pass_through_the_whole_program(
    strays: list[tuple[int, int, bytes, str]],
) -> None:
    frames = []
    for information, control, octets, damage in strays:
        frame = bytearray(bytes(Mbus(control_information=information, control=control, address=7) / Raw(octets)))
        if damage == "lost":
            del frame[7]
        elif damage:
            frame[{"checksum": -2, "stop": -1, "length": 2}[damage]] ^= 1
        frames.append(bytes(frame))
    records = decode(bytes(MbusShort()), *frames)
    assert b"".join(record.octets for record in records) == b"".join((bytes(MbusShort()), *frames))
    for record in records:
        json.loads(JsonLines(lambda: 6, layers=True).line(record))
        assert TextLines(lambda: 6, tree=True).line(record)
        assert not record.parts or record.parts[-1] == record.number


@pytest.mark.parametrize("which", [0, 1])
def test_damaged_segment_that_comes_again_takes_the_place_of_the_first(which: int) -> None:
    frames = segments(CLOSED, 80)
    hurt = frames[which][:20] + bytes((frames[which][20] ^ 8,)) + frames[which][21:]
    records = decode(*frames[:which], hurt, *frames[which:])
    assert codes(records) == [[]] * which + [["mbus-checksum-wrong"]] + [[]] * (3 - which)
    assert records[-1].apdu is not None
    assert records[-1].apdu.octets == CLOSED
    assert which + 1 not in records[-1].parts


def test_segment_that_lost_octets_and_comes_again_is_joined() -> None:
    first, middle, last = segments(CLOSED, 80)
    records = decode(first, middle[:30] + middle[33:], middle, last)
    assert codes(records) == [[], ["mbus-length-wrong"], [], []]
    assert records[-1].apdu is not None
    assert (records[-1].apdu.octets, records[-1].parts) == (CLOSED, (1, 3, 4))


def test_wrong_stop_octet_is_named_and_costs_nothing() -> None:
    first, last = segments(CLOSED, 150)
    records = decode(first[:-1] + b"\x17", last)
    assert codes(records) == [["mbus-length-wrong"], []]
    assert records[0].notes[0].text == "17 where the stop octet 16 belongs"
    assert (records[0].notes[0].start, records[0].notes[0].end) == (len(first) - 1, len(first))
    assert records[1].apdu is not None
    assert records[1].apdu.octets == CLOSED


def test_commands_to_all_stations_are_requests() -> None:
    (record,) = decode(bytes(MbusShort(control=0x40, address=0xFF)))
    assert (record.direction, record.request) == ("request", None)


PUSH = bytes(Hdlc(control=0x13) / Raw(b"\xe6\xe7\x00" + PLAIN[:8] + b"\x09\x28" + bytes(40)))


@pytest.mark.parametrize("cut", [1, 3, 5, 1000])
@pytest.mark.parametrize("shorts", [1, 2, 4])
def test_short_frames_before_hdlc_settle_nothing(shorts: int, cut: int) -> None:
    """field: meters that push HDLC over the pair of M-Bus send short frames before it, as if they asked themselves."""
    lines = [bytes(MbusShort(control=0x40, address=240))] * shorts + [PUSH, PUSH]
    chunks = [one[at : at + cut] for one in lines for at in range(0, len(one), cut)]
    records = decode(*chunks)
    assert [record.link for record in records] == ["mbus"] * shorts + ["hdlc"] * 2
    assert [record.octets for record in records] == lines
    assert not any("noise" in code for found in codes(records) for code in found)


def test_short_frames_alone_are_mbus() -> None:
    with source_from_hex("\n".join(["1040F03016"] * 3)) as source:
        pipeline = Pipeline()
        assert [record.link for record in pipeline.run(source)] == ["mbus"] * 3
        assert dict(pipeline.stacks) == {"mbus": 1}
