"""Trees of records: every octet of the frame in exactly one leaf, every joined or opened APDU in a buffer of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.detail import detail, walk
from analyzer.export.json_lines import JsonLines
from analyzer.index.rows import Rows
from analyzer.layer_forms import Form, LayersText, OutlineText
from analyzer.record import Record
from analyzer.tracking.acse_terms import parameters_of
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import (
    CARRIERS,
    Said,
    answered,
    asked,
    decode,
    general_blocks,
    in_frames,
    in_segments,
    wrapped,
)
from tests.analyzer.tracking.services import TRANSFERS

CLOSED = bytes.fromhex("C8 1E 10 01234567 C0010000080000010000FF0200 06725D910F9221D263877516")
PUSH = bytes.fromhex("0F 00000001 00 09 04 01020304")
SHORT = bytes.fromhex("C401C1 00 0906")
"""An octet-string of 6 octets without them."""


def spans(record: Record) -> list[tuple[int, int]]:
    """The bits of the leaves over the frame, in order."""
    leaves = [leaf for root in detail(record) if not root.buffer for leaf in root.leaves()]
    return [(leaf.start, leaf.end) for leaf in leaves if leaf.end > leaf.start]


def assert_tiles(record: Record) -> None:
    at = 0
    for start, end in spans(record):
        assert start == at
        at = end
    assert at == 8 * len(record.octets)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("service", ["get_list", "action_answer_whole", "write"])
def test_leaves_tile_every_record_of_a_transfer(carrier: str, service: str) -> None:
    for record in decode(CARRIERS[carrier](TRANSFERS[service].said)):
        assert_tiles(record)


@pytest.mark.parametrize("form", [LayersText, lambda: OutlineText(2)], ids=["layers", "outline"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_text_of_a_request_that_comes_again_is_that_of_the_first(carrier: str, form: Callable[[], Form[str]]) -> None:
    kept = form()
    for record in decode(CARRIERS[carrier](TRANSFERS["get_normal"].said)):
        assert walk(record, kept) == walk(record, kept) == walk(record, form())


def test_detail_is_pure() -> None:
    for record in decode(in_segments(TRANSFERS["get_normal"].said)):
        first = [node.outline() for node in detail(record)]
        assert [node.outline() for node in detail(record)] == first


def test_frame_shows_llc_and_apdu_in_place_of_its_information() -> None:
    (record, *_) = decode(in_frames([asked(TRANSFERS["get_normal"].said[0].octets)]))
    (root,) = detail(record)
    information = root.child("information")
    assert information is not None
    assert [child.name for child in information.children] == ["llc", "get-request"]


def test_segment_keeps_its_information_as_octets() -> None:
    records = decode(in_segments(TRANSFERS["get_normal"].said))
    part = next(one for one in records if one.kind == "part" and one.apdu is None)
    (root,) = detail(part)
    information = root.child("information")
    assert information is not None
    assert not information.children


def test_segments_that_are_joined_stand_in_a_buffer() -> None:
    long = bytes.fromhex("0F 00000001 00 09 40") + bytes(64)
    (*_, record) = decode(in_segments([answered(long)]))
    (_, joined) = detail(record)
    assert joined.buffer == 1
    assert joined.name == f"reassembled APDU ({len(record.parts)} parts)"
    assert joined.end == 8 * len(long)


def test_block_that_completes_a_general_transfer_stays_in_its_frame() -> None:
    for carried in (wrapped, in_frames):
        (*_, record) = decode(carried(answered(one) for one in general_blocks(PUSH, 5)))
        whole = detail(record)
        names = [node.name for root in whole if not root.buffer for node in root.walk()]
        assert "general-block-transfer" in names
        assert [root.name for root in whole if root.buffer] == [f"reassembled APDU ({len(record.parts)} parts)"]
        assert_tiles(record)


def test_opened_apdu_stands_in_a_buffer_behind_its_closed_form() -> None:
    (record,) = decode(wrapped([asked(CLOSED)]))
    names = [root.name for root in detail(record)]
    assert names == ["wrapper", "glo-get-request", "opened APDU"]
    assert [child.name for child in detail(record)[2].children] == ["get-request"]
    assert_tiles(record)


def test_incomplete_apdu_stands_in_a_buffer() -> None:
    records = decode(in_segments(TRANSFERS["get_normal"].said)[:-1])
    record = next(one for one in records if one.incomplete is not None)
    assert detail(record)[-1].name == "incomplete APDU"


def test_several_apdus_of_one_frame_are_all_in_the_tree() -> None:
    # field: scs-lg-e450 sends three data-notifications in one UI frame
    information = b"".join(b"\xe6\xe7\x00" + PUSH for _ in range(3))
    (record,) = decode([Said(1, frame(information, 0x13, b"\x21\x03"))])
    assert len(record.more) == 2
    names = [node.name for root in detail(record) for node in root.walk()]
    assert names.count("data-notification") == 3
    assert names.count("llc") == 3
    assert_tiles(record)


def test_doubled_llc_is_shown_twice() -> None:
    # field: a meter that repeats the LLC header
    (record,) = decode([Said(1, frame(b"\xe6\xe7\x00" * 2 + PUSH, 0x30, b"\x21\x03"))])
    assert [note.code for note in record.notes] == ["llc-unexpected"]
    assert [node.name for root in detail(record) for node in root.walk()].count("llc") == 2
    assert_tiles(record)


def test_noise_is_one_leaf_of_octets() -> None:
    record = decode([Said(1, b"\x00" * 5), *in_frames([answered(PUSH)])])[0]
    assert record.kind == "noise"
    assert [node.name for node in detail(record)] == ["octets"]
    assert_tiles(record)


@pytest.mark.parametrize("damage", ["fcs", "cut", "length", "header"])
def test_leaves_tile_damaged_frames(damage: str) -> None:
    whole = in_frames([answered(PUSH)])[0].octets
    damaged = {
        "fcs": whole[:-3] + bytes((whole[-3] ^ 1,)) + whole[-2:],
        "cut": whole[:-6],
        "length": whole[:2] + bytes((whole[2] + 2,)) + whole[3:],
        "header": whole[:5],
    }[damage]
    for record in decode([Said(1, whole), Said(1, damaged)], {"serial": "hdlc"}):
        assert_tiles(record)


@pytest.mark.parametrize("carry", [wrapped, in_frames])
def test_whole_unit_whose_apdu_is_too_short_is_the_senders_fault_in_the_tree_and_at_the_same_place(
    carry: Callable[[list[Said]], list[Said]],
) -> None:
    record = decode(carry([asked(bytes.fromhex("C001C1 0008 0000010000FF 02 00")), answered(SHORT)]))[-1]
    (note,) = record.notes
    (found,) = [each for root in detail(record) for each in root.all_notes()]
    assert (note.code, found.code, found.severity) == ("apdu-malformed", "apdu-malformed", note.severity)
    assert (note.start, note.end, note.text) == (found.start, found.end, found.text)
    assert record.octets[note.start : note.end] == SHORT[-2:]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_frame_without_a_source_address_reads_behind_its_only_one(size: int) -> None:
    octets = frame(bytes.fromhex("E6E700") + PUSH, 0x10, bytes(size - 1) + b"\x21")
    (record,) = decode([answered(octets)])
    assert_tiles(record)
    (root,) = detail(record)
    assert [one.name for one in root.children][2:5] == ["destination-address", "control", "hcs"]
    assert [(note.code, note.cause) for note in record.notes] == [("hdlc-address-unusual", "source-missing")]
    assert (record.control, record.apdu and record.apdu.octets, root.all_notes()) == (0x10, PUSH, [])


def test_each_frame_without_a_source_address_says_so() -> None:
    """The second one of the same address said nothing, and its tree was read with two."""
    apdu = bytes.fromhex("E6E7000F0000000100 0920") + bytes(32)
    said = [frame(apdu[:19], 0x10, b"\x21", True), frame(apdu[19:], 0x12, b"\x21")]
    found = decode([answered(octets) for octets in said])
    assert [[note.cause for note in one.notes] for one in found] == [["source-missing"]] * 2
    assert [detail(one)[0].children[3].name for one in found] == ["control"] * 2
    assert [Rows().row(one)[-3] for one in found] == [19, len(apdu) - 19]


def test_damaged_frame_without_a_source_address_is_read_so_everywhere() -> None:
    """Its HCS proves one address whatever became of what it carries; the tree and JSON disagreed on that."""
    octets = bytearray(frame(bytes.fromhex("E6E700") + PUSH, 0x10, b"\x21"))
    octets[-6] ^= 0x10
    (record,) = decode([answered(bytes(octets))])
    assert {note.cause or note.code for note in record.notes} >= {"source-missing", "hdlc-fcs-wrong"}
    assert [one.name for one in detail(record)[0].children][2:5] == ["destination-address", "control", "hcs"]
    assert record.control == 0x10
    assert '"hcs": "ok", "fcs": "bad"' in JsonLines(lambda: 6).line(record)


def test_parameters_of_a_link_read_without_a_source_address() -> None:
    parameters = bytes.fromhex("81800B 050200FE 060200FE 0701 01")
    assert parameters_of(frame(parameters, 0x93, b"\x03")) == parameters_of(frame(parameters, 0x93))
