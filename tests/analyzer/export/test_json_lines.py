"""``decode --json``: every member that the interface page states, its type, and that it is left out where absent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.detail import detail, walk
from analyzer.export.json_lines import JsonLines
from analyzer.layer_forms import LayersText, OutlineText
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.session import Session
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk
from dissectors.reader import node_form
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import (
    ANSWERED,
    CARRIERS,
    CLOCK,
    ListSource,
    Said,
    Station,
    answered,
    asked,
    chunk,
    decode,
    general_blocks,
    in_frames,
    in_segments,
    wrapped,
)
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.analyzer.tracking.services import TRANSFERS

GET = bytes.fromhex("C0 01 C1") + CLOCK + b"\0"
ANSWER = bytes.fromhex("C4 01 C1 00 06 00012345")
PUSH = bytes.fromhex("0F 00000001 00 09 04 01020304")
CLOSED = bytes.fromhex("C8 1E 10 01234567 C0010000080000010000FF0200 06725D910F9221D263877516")
ENCRYPTED = bytes.fromhex("C8 12 30 01234567 411312FF93 5A47566827C467BC")
ORDER = [
    "input", "number", "time", "start", "packets", "lane", "link", "kind", "direction", "client", "server",
    "association", "request", "latency", "hdlc", "wrapper", "mbus", "apdu", "ciphered", "protection", "part_of", "parts",
    "assembled", "incomplete", "more", "summary", "octets", "notes", "layers",
]  # fmt: skip
ALWAYS = {"number", "packets", "lane", "link", "kind", "direction", "summary", "octets"}


def lines(records: list[Record], *, digits: int = 6, layers: bool = False, **more: Any) -> list[dict[str, Any]]:
    """The records as printed, read back."""
    writer = JsonLines(lambda: digits, layers=layers, more=more)
    return [json.loads(writer.line(one)) for one in records]


def untimed(octets: bytes, direction: int = UNKNOWN) -> list[Record]:
    return list(Pipeline().run(ListSource([Chunk(1, None, LINK_OCTETS, direction, octets, len(octets), 0)])))


def samples() -> list[Record]:
    """Records of every kind."""
    station = Station()
    found = decode([*station.connect(), *station.frames(TRANSFERS["get_list"].said, 19), *station.disconnect()])
    found += decode(wrapped([*TRANSFERS["set_normal"].said, asked(CLOSED), asked(ENCRYPTED), answered(PUSH)]))
    found += decode(wrapped(answered(one) for one in general_blocks(PUSH, 5)))
    found += decode([Said(RECEIVED, b"\0\1\2"), *in_frames([asked(GET)])])
    found += decode([Said(RECEIVED, frame((b"\xe6\xe7\x00" + PUSH) * 3, 0x13, b"\x21\x03"))])
    found += list(Pipeline().run(ListSource(wrapper_conversation(TRANSFERS["read"].said))))
    return found + decode([asked(GET)], {"record": "apdu"})


# -- the line as a whole -------------------------------------------------------------------------------------------


def test_members_stand_in_one_order_and_the_constant_ones_always() -> None:
    for line in lines(samples(), layers=True, input="x"):
        assert list(line) == [name for name in ORDER if name in line]
        assert line.keys() >= ALWAYS


def test_absent_members_are_left_out() -> None:
    for line in lines(samples()):
        assert [name for name, value in line.items() if value is None or value in ([], {}, "")] == []


def test_line_has_no_line_end_inside() -> None:
    writer = JsonLines(lambda: 6, layers=True)
    for record in samples():
        assert "\n" not in writer.line(record)


def test_members_given_to_the_writer_come_first() -> None:
    (line,) = lines(decode(wrapped([asked(GET)])), input='a "name".pcap')
    assert next(iter(line.items())) == ("input", 'a "name".pcap')


def test_line_is_the_same_each_time() -> None:
    writer, other = JsonLines(lambda: 6, layers=True), JsonLines(lambda: 6, layers=True)
    for record in samples():
        assert writer.line(record) == writer.line(record) == other.line(record)


def test_numbers_count_from_one_without_a_hole() -> None:
    numbers = [line["number"] for line in lines(decode(in_segments(TRANSFERS["read"].said)))]
    assert numbers == list(range(1, len(numbers) + 1))


# -- time and packets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "printed"),
    [(0, "1732147200"), (3, "1732147200.123"), (6, "1732147200.123456"), (9, "1732147200.123456789")],
)
def test_time_is_printed_with_the_digits_of_the_capture(digits: int, printed: str) -> None:
    octets = wrapped([asked(GET)])[0].octets
    source = ListSource([Chunk(1, 1732147200_123456789, LINK_OCTETS, SENT, octets, len(octets), 0)])
    (record,) = Pipeline().run(source)
    assert f'"time": {printed}, "packets"' in JsonLines(lambda: digits).line(record)


def test_time_before_1970_keeps_its_sign() -> None:
    octets = wrapped([asked(GET)])[0].octets
    (record,) = Pipeline().run(ListSource([Chunk(1, -1_500_000_000, LINK_OCTETS, SENT, octets, len(octets), 0)]))
    assert '"time": -1.500, ' in JsonLines(lambda: 3).line(record)


def test_time_is_left_out_where_the_source_has_none() -> None:
    (line,) = lines(untimed(wrapped([asked(GET)])[0].octets))
    assert not line.keys() & {"time", "start", "latency"}


def test_start_is_added_where_the_first_octet_is_earlier() -> None:
    octets = wrapped([asked(GET)])[0].octets
    (record,) = Pipeline().run(ListSource([chunk(1, octets[:9]), chunk(2, octets[9:])]))
    (line,) = lines([record])
    assert (line["start"], line["time"], line["packets"]) == (0.001, 0.002, [1, 2])
    (whole,) = lines(decode(wrapped([asked(GET)])))
    assert "start" not in whole


def test_latency_runs_from_the_last_octet_of_the_request_to_the_first_of_the_answer() -> None:
    request, answer = (one.octets for one in wrapped([asked(GET), answered(ANSWER)]))
    pieces = [(10, request[:5], SENT), (20, request[5:], SENT), (50, answer[:9], RECEIVED), (90, answer[9:], RECEIVED)]
    chunks = [
        Chunk(number, at * 1_000_000, LINK_OCTETS, direction, octets, len(octets), 0)
        for number, (at, octets, direction) in enumerate(pieces, 1)
    ]
    _, line = lines(list(Pipeline().run(ListSource(chunks))))
    assert (line["latency"], line["request"]) == (0.03, 1)


# -- lane, link, kind, addresses -----------------------------------------------------------------------------------


def test_lane_names_both_ends_of_a_network_conversation() -> None:
    found = lines(list(Pipeline().run(ListSource(wrapper_conversation([asked(GET), answered(ANSWER)])))))
    assert [line["lane"] for line in found] == ["10.0.0.2:51234 > 10.0.0.7:4059", "10.0.0.7:4059 > 10.0.0.2:51234"]


def test_lane_of_a_serial_line_has_its_direction_where_the_tap_tells_it() -> None:
    found = lines(decode(wrapped([asked(GET), answered(ANSWER)])))
    assert [line["lane"] for line in found] == ["serial:A > serial:B", "serial:B > serial:A"]
    (untold,) = lines(untimed(wrapped([asked(GET)])[0].octets))
    assert untold["lane"] == "serial:A"


def test_kinds_and_links_are_those_of_the_interface() -> None:
    found = lines(samples())
    assert {line["kind"] for line in found} == {"apdu", "part", "link", "noise"}
    assert {line["link"] for line in found} == {"hdlc", "wrapper", "apdu", "noise"}
    assert {line["direction"] for line in found} == {"request", "response", "unsolicited", "unknown"}


def test_client_and_server_are_saps_whatever_the_direction() -> None:
    found = lines(decode(wrapped([asked(GET), answered(ANSWER)], 16, 17)))
    assert [(line["client"], line["server"]) for line in found] == [(16, 17)] * 2


def test_server_address_of_two_parts_is_text() -> None:
    found = lines(decode(Station(b"\x21", b"\x02\x23").frames([asked(GET)])))
    assert (found[0]["client"], found[0]["server"]) == (16, "1.17")


def test_pushing_server_sends_to_its_client() -> None:
    (line,) = lines(decode(wrapped([answered(PUSH)], 103, 1)))
    assert (line["direction"], line["client"], line["server"]) == ("unsolicited", 103, 1)


def test_request_and_association_are_numbers_of_records_and_associations() -> None:
    found = lines(decode(wrapped([asked(GET), answered(ANSWER), asked(GET), answered(ANSWER)])))
    assert [line.get("request") for line in found] == [None, 1, None, 3]
    assert {line["association"] for line in found} == {1}


# -- hdlc and wrapper ----------------------------------------------------------------------------------------------


def hdlc_of(octets: bytes) -> dict[str, Any]:
    records = decode([*in_frames([asked(GET)]), Said(ANSWERED, octets)], {"serial": "hdlc"})
    return dict(lines(records)[-1]["hdlc"])


def test_hdlc_of_an_information_frame() -> None:
    (line,) = lines(decode(in_frames([asked(GET)])))
    assert line["hdlc"] == {
        "type": "I", "s": 0, "pf": 1, "ns": 0, "nr": 0, "hcs": "ok", "fcs": "ok", "length": len(GET) + 12,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (0x93, {"type": "SNRM", "s": 0, "pf": 1, "hcs": "absent", "fcs": "ok", "length": 7}),
        (0x73, {"type": "UA", "s": 0, "pf": 1, "hcs": "absent", "fcs": "ok", "length": 7}),
        (0x1F, {"type": "DM", "s": 0, "pf": 1, "hcs": "absent", "fcs": "ok", "length": 7}),
        (0x53, {"type": "DISC", "s": 0, "pf": 1, "hcs": "absent", "fcs": "ok", "length": 7}),
        (0x71, {"type": "RR", "s": 0, "pf": 1, "nr": 3, "hcs": "absent", "fcs": "ok", "length": 7}),
        (0x65, {"type": "RNR", "s": 0, "pf": 0, "nr": 3, "hcs": "absent", "fcs": "ok", "length": 7}),
    ],
)
def test_hdlc_of_frames_without_information(control: int, expected: dict[str, Any]) -> None:
    assert hdlc_of(frame(b"", control, b"\x21\x03")) == expected


def test_hdlc_of_a_segment_has_s() -> None:
    assert [line["hdlc"].get("s") for line in lines(decode(Station().frames([asked(GET)], 9)))] == [1, 0, 0]


def test_hdlc_says_wrong_and_unused_checks() -> None:
    whole = in_frames([answered(ANSWER)])[0].octets
    assert hdlc_of(whole[:-3] + bytes((whole[-3] ^ 1,)) + whole[-2:])["fcs"] == "bad"
    damaged_header = hdlc_of(whole[:6] + bytes((whole[6] ^ 1,)) + whole[7:])
    assert (damaged_header["hcs"], damaged_header["fcs"]) == ("bad", "bad")


def test_wrapper_has_its_header() -> None:
    (line,) = lines(decode(wrapped([asked(GET)], 16, 1)))
    assert line["wrapper"] == {"version": 1, "source": 16, "destination": 1, "length": len(GET)}


# -- APDUs ---------------------------------------------------------------------------------------------------------


def test_apdu_is_the_form_of_the_apdu_page() -> None:
    _, line = lines(decode(wrapped([asked(GET), answered(ANSWER)])))
    normal = {"invoke-id-and-priority": "C1", "result": {"data": {"double-long-unsigned": 74565}}}
    assert line["apdu"] == {"get-response": {"get-response-normal": normal}}
    assert line["octets"] == wrapped([answered(ANSWER)])[0].octets.hex().upper()


def test_parts_of_a_datablock_transfer_and_what_they_come_to() -> None:
    found = lines(decode(wrapped(TRANSFERS["get_list"].said)))
    parts = [line for line in found if line["kind"] == "part"]
    assert {line["part_of"] for line in parts} == {2}
    assert all("get-response-with-datablock" in line["apdu"]["get-response"] for line in parts)
    last = found[-1]
    assert "get-response-with-datablock" in last["apdu"]["get-response"]
    assert list(last["assembled"]["get-response"]) == ["get-response-with-list"]
    assert last["parts"] == [line["number"] for line in parts] + [last["number"]]
    assert "part_of" not in last


def test_parts_of_segments_and_general_blocks_carry_the_inner_apdu_at_the_end() -> None:
    found = lines(decode(Station().frames([answered(PUSH)], 9)))
    assert found[-1]["apdu"] == {"data-notification": _push()}
    assert found[-1]["parts"] == [1, 3]
    assert (found[0]["kind"], found[0]["part_of"]) == ("part", 1)
    assert "apdu" not in found[0]
    *parts, last = lines(decode(wrapped(answered(one) for one in general_blocks(PUSH, 5))))
    assert all("general-block-transfer" in line["apdu"] for line in parts)
    assert last["apdu"] == {"data-notification": _push()}
    assert last["parts"] == [1, 2, 3]
    assert "assembled" not in last


def _push() -> dict[str, Any]:
    body = {"data-value": {"octet-string": "01020304"}}
    return {"long-invoke-id-and-priority": "00000001", "date-time": "", "notification-body": body}


def test_transfer_that_never_completes_has_what_came_of_it() -> None:
    found = lines(decode(in_segments([answered(PUSH[:4] + b"\0\x09\x30" + bytes(48))])[:3]))
    (line,) = [one for one in found if "incomplete" in one]
    assert line["kind"] == "part"
    assert "data-notification" in line["incomplete"]


def test_apdu_that_breaks_off_keeps_what_was_read_and_says_where() -> None:
    (line,) = lines(decode(wrapped([asked(GET), answered(ANSWER[:-2])]))[1:])
    normal = line["apdu"]["get-response"]["get-response-normal"]
    assert normal["invoke-id-and-priority"] == "C1"
    assert "malformed" in json.dumps(normal["result"])
    assert [note["code"] for note in line["notes"]] == ["apdu-malformed"]


@pytest.mark.parametrize(("octets", "wrong"), [("C6 01 02 03", 0), ("C4 09 C1", 1), ("C4", 1), ("C4 01 C1", 3)])
def test_note_of_an_apdu_that_breaks_off_says_the_octet(octets: str, wrong: int) -> None:
    (line,) = lines(decode([answered(bytes.fromhex(octets))], {"record": "apdu"}))
    (note,) = line["notes"]
    assert note["code"] == "apdu-malformed"
    assert note["text"].endswith(f"(octet {wrong})")


@pytest.mark.parametrize("octets", [PUSH, ANSWER])
def test_octets_after_an_apdu_are_one_note(octets: bytes) -> None:
    (line,) = lines(decode(wrapped([answered(octets + b"\xaa\xbb")])))
    notes = [note for note in line["notes"] if note["code"] == "apdu-trailing-octets"]
    assert [note["range"][1] - note["range"][0] for note in notes] == [2]


def test_several_apdus_of_one_frame_are_more() -> None:
    (line,) = lines(decode([Said(RECEIVED, frame((b"\xe6\xe7\x00" + PUSH) * 3, 0x13, b"\x21\x03"))]))
    assert line["apdu"] == {"data-notification": _push()}
    assert [one["apdu"] for one in line["more"]] == [{"data-notification": _push()}] * 2
    assert all(one["summary"] for one in line["more"])


def test_further_apdus_of_a_frame_have_their_own_values_and_protection() -> None:
    pushes = [bytes.fromhex(f"0F 00000001 00 02 02 09 06 0100010800FF 11 {number:02X}") for number in (1, 2, 3)]
    octets = frame(b"".join(b"\xe6\xe7\x00" + one for one in pushes), 0x13, b"\x21\x03")
    session = Session(ListSource([Chunk(1, None, LINK_OCTETS, RECEIVED, octets, len(octets), 0)]))
    (record,) = session.records()
    line = json.loads(JsonLines(lambda: 6, values=session.values).line(record))
    assert [[one["value"] for one in each["values"]] for each in (line, *line["more"])] == [[1], [2], [3]]
    (line,) = lines(decode([Said(RECEIVED, frame((b"\xe6\xe6\x00" + CLOSED) * 2, 0x13, b"\x03\x21"))]))
    (further,) = line["more"]
    assert list(further) == ["apdu", "ciphered", "protection", "summary"]
    assert all(further[name] == line[name] for name in ("apdu", "ciphered", "protection"))


def test_apdu_that_is_authenticated_only_is_shown_open_with_its_closed_form() -> None:
    (line,) = lines(decode(wrapped([asked(CLOSED)])))
    assert list(line["apdu"]) == ["get-request"]
    assert line["ciphered"] == {
        "apdu": "glo-get-request", "security-control": "10", "invocation-counter": 19088743,
        "status": "plaintext-unverified", "plaintext": "C0010000080000010000FF0200",
    }  # fmt: skip
    assert line["protection"] == [
        {
            "type": "glo-get-request", "security-control": "10", "invocation-counter": 19088743,
            "tag": "06725D910F9221D263877516", "status": "plaintext-unverified",
        }
    ]  # fmt: skip


def test_two_layers_of_authentication_are_both_in_protection() -> None:
    inside = CLOSED
    outside = b"\xdb\x08" + b"MMM\0\0\xbcaN" + bytes((len(inside) + 17,)) + b"\x10\0\0\0\x05" + inside + bytes(12)
    (line,) = lines(decode(wrapped([asked(outside)])), layers=True)
    assert [one["type"] for one in line["protection"]] == ["general-glo-ciphering", "glo-get-request"]
    assert line["ciphered"]["apdu"] == "glo-get-request"
    assert [one["name"] for one in line["layers"]][:2] == ["wrapper", "general-glo-ciphering"]


def test_enciphered_apdu_stays_closed() -> None:
    (line,) = lines(decode(wrapped([asked(ENCRYPTED)])))
    assert line["apdu"]["glo-get-request"]["security-control"] == "30"
    assert "ciphered" not in line
    assert line["protection"] == [
        {
            "type": "glo-get-request", "security-control": "30", "invocation-counter": 19088743,
            "tag": "1312FF935A47566827C467BC", "status": "no-key",
        }
    ]  # fmt: skip


def test_text_that_is_no_utf8_is_escaped_by_its_octets() -> None:
    (line,) = lines(decode(wrapped([asked(GET), answered(bytes.fromhex("C401C1000A03 E9 22 0A"))]))[1:])
    assert line["apdu"]["get-response"]["get-response-normal"]["result"]["data"] == {"visible-string": '\u00e9"\n'}


def test_special_floats_are_strings() -> None:
    values = {"7F800000": "INF", "FF800000": "-INF", "7FC00000": "NaN"}
    for octets, text in values.items():
        answer = bytes.fromhex("C401C10017" + octets)
        (line,) = lines(decode(wrapped([asked(GET), answered(answer)]))[1:])
        assert line["apdu"]["get-response"]["get-response-normal"]["result"]["data"] == {"float32": text}


def test_large_integers_are_written_in_full() -> None:
    answer = bytes.fromhex("C401C10015 FFFFFFFFFFFFFFFF")
    writer = JsonLines(lambda: 6)
    record = decode(wrapped([asked(GET), answered(answer)]))[1]
    assert '"long64-unsigned": 18446744073709551615' in writer.line(record)


# -- notes and layers ----------------------------------------------------------------------------------------------


def test_note_has_code_severity_group_text_and_range() -> None:
    whole = in_frames([answered(ANSWER)])[0].octets
    damaged = whole[:-3] + bytes((whole[-3] ^ 1,)) + whole[-2:]
    line = lines(decode([*in_frames([asked(GET)]), Said(ANSWERED, damaged)]))[-1]
    (note,) = line["notes"]
    assert {name: note[name] for name in ("code", "severity", "group")} == {
        "code": "hdlc-fcs-wrong", "severity": "error", "group": "checksum",
    }  # fmt: skip
    assert note["range"] == [len(damaged) - 3, len(damaged) - 1]
    assert note["text"].startswith("FCS ")


def test_layers_are_the_trees_of_detail() -> None:
    records = samples()
    for record, line in zip(records, lines(records, layers=True), strict=True):
        assert line["layers"] == json.loads(json.dumps([node_form(node) for node in detail(record, is_read=False)]))


def test_layers_are_left_out_unless_asked_for() -> None:
    assert all("layers" not in line for line in lines(samples()))


def test_nodes_have_names_and_octet_ranges_and_bits_where_these_are_not_whole() -> None:
    stack = [node for line in lines(samples(), layers=True) for node in line["layers"]]
    seen_bits = seen_buffer = False
    while stack:
        node = stack.pop()
        assert node.keys() <= {"name", "value", "text", "range", "bits", "buffer", "notes", "children"}
        assert isinstance(node["name"], str)
        start, end = node["range"]
        assert 0 <= start <= end
        if "bits" in node:
            seen_bits = True
            first, last = node["bits"]
            assert (first % 8, last % 8) != (0, 0)
            assert start == first // 8
            assert end == (last + 7) // 8
        seen_buffer = seen_buffer or "buffer" in node
        stack.extend(node.get("children", ()))
    assert seen_bits
    assert seen_buffer


def test_group_of_bits_is_a_parent_with_a_name() -> None:
    (line,) = lines(decode(wrapped([asked(GET)])), layers=True)
    nodes = {node["name"]: node for node in _walk(line["layers"])}
    group = nodes["invoke-id-and-priority"]
    assert [child["name"] for child in group["children"]][-1] == "invoke-id"
    assert all("bits" in child for child in group["children"])


def _walk(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for node in nodes for one in (node, *_walk(node.get("children", [])))]


def test_leaves_of_layers_cover_the_octets() -> None:
    for line in lines(samples(), layers=True):
        at = 0
        for node in _walk([one for one in line["layers"] if "buffer" not in one]):
            if "children" not in node:
                begin, end = node.get("bits", [8 * node["range"][0], 8 * node["range"][1]])
                assert begin in (at, end)
                at = max(at, end)
        assert at == 4 * len(line["octets"])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_carrier_gives_lines_that_parse(carrier: str) -> None:
    said = [Said(direction, octets) for one in TRANSFERS.values() for direction, octets in one.said]
    found = lines(decode(CARRIERS[carrier](said)), layers=True)
    assert found
    assert {line["direction"] for line in found if line["kind"] == "apdu"} <= {"request", "response", "unsolicited"}


def test_octets_of_every_kind_of_record_are_its_line_in_utf8() -> None:
    records = samples()
    writer, other = JsonLines(lambda: 6, layers=True), JsonLines(lambda: 6, layers=True)
    assert [writer.octets(one).decode() for one in records] == [other.line(one) for one in records]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 8), st.sampled_from([0, 0, 0, 1, 0x80])), max_size=12))
def test_short_frame_that_comes_again_is_written_as_by_a_new_writer(frames: list[tuple[int, int, int]]) -> None:
    said = []
    for number, at, flips in frames:
        octets = bytearray(frame(b"", number << 5 | 0x11))
        octets[at] ^= flips
        said.append(Said(SENT, bytes(octets)))
    kept, layers, outline = JsonLines(lambda: 6), LayersText(), OutlineText(1)
    for record in decode([*said, *said]):
        assert kept.line(record) == JsonLines(lambda: 6).line(record)
        assert walk(record, layers) == walk(record, LayersText())
        assert walk(record, outline) == walk(record, OutlineText(1))


def test_delete_character_is_written_by_its_number() -> None:
    writer = JsonLines(lambda: 6)
    (record,) = decode(wrapped([asked(GET), answered(bytes.fromhex("C401C1000A03 41 7F 42"))]))[1:]
    assert "\x7f" not in writer.line(record)
    assert b"\x7f" not in writer.octets(record)
    (line,) = lines([record])
    assert line["apdu"]["get-response"]["get-response-normal"]["result"]["data"] == {"visible-string": "A\x7fB"}
