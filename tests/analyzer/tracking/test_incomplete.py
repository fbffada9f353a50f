"""A push of which only the beginning came gives the readings that are there, and says so."""

from __future__ import annotations

import pytest

from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.readings import Reading, readings_of
from tests.analyzer.cosem.data import array, clock, double_long_unsigned, long_unsigned, name, octet_string, structure
from tests.analyzer.framing.build import GET_REQUEST
from tests.analyzer.tracking.build import (
    ANSWERED,
    ASKED,
    Said,
    codes,
    decode,
    general_blocks,
    in_frames,
    in_segments,
    wrapped,
)

HEAD = b"\x0f\x00\x00\x00\x01\x0c" + clock(3)[2:]
VALUES = [name("1-0:1.8.0"), double_long_unsigned(5000), name("1-0:2.8.0"), double_long_unsigned(70)]


def readings(units: list[Said]) -> list[Reading]:
    model = ObjectModel()
    records = decode(units)
    for record in records:
        model.learn(record)
    return [one for record in records for one in readings_of(record, model)]


def first_of(apdu: bytes, room: int) -> list[Said]:
    """The first block of a push in general blocks."""
    return wrapped([Said(ANSWERED, general_blocks(apdu, room, window=4)[0])])


def test_first_block_gives_the_values_before_its_end() -> None:
    apdu = HEAD + structure(*VALUES, name("1-0:3.8.0"), double_long_unsigned(1))
    found = readings(first_of(apdu, len(HEAD) + 2 + 13 + 13 + 4))
    assert [(one.object.logical_name[2], one.raw, one.status, one.time) for one in found] == [
        (1, 5000, "incomplete", "2026-03-02T03:00:00+01:00"), (2, 70, "incomplete", "2026-03-02T03:00:00+01:00"),
    ]  # fmt: skip


def test_list_at_the_beginning_names_what_came_behind_it() -> None:
    columns = [(40, "0-0:25.9.0"), (3, "1-0:1.7.0"), (3, "1-0:2.7.0")]
    listed = array(
        *(structure(long_unsigned(kind), name(code), b"\x0f\x02", long_unsigned(0)) for kind, code in columns)
    )
    apdu = HEAD + structure(listed, double_long_unsigned(41), double_long_unsigned(42))
    (only,) = readings(first_of(apdu, len(apdu) - 2))
    assert (only.name, only.raw, only.status) == ("Active power import (+P)", 41, "incomplete")


def test_segments_without_their_last_give_values_too() -> None:
    apdu = HEAD + structure(*VALUES, octet_string(bytes(80)))
    found = readings(in_segments([Said(ANSWERED, apdu)])[:-1])
    assert [(one.raw, one.status) for one in found] == [(5000, "incomplete"), (70, "incomplete")]


def test_whole_push_is_not_called_incomplete() -> None:
    found = readings(wrapped([Said(ANSWERED, HEAD + structure(*VALUES))]))
    assert [one.status for one in found] == ["", ""]


def test_any_beginning_reads_without_an_exception() -> None:
    apdu = HEAD + structure(
        *VALUES, array(structure(name("1-0:3.8.0"), double_long_unsigned(1))), octet_string(bytes(9))
    )
    counts = [len(readings(first_of(apdu, room))) for room in range(1, len(apdu))]
    assert counts == sorted(counts)
    assert counts[-1] == 3


@pytest.mark.parametrize("room", range(9))
def test_frame_that_breaks_off_anywhere_in_its_apdu_is_cut_and_not_malformed(room: int) -> None:
    (whole,) = in_frames([Said(ASKED, GET_REQUEST)])
    begin = whole.octets.index(GET_REQUEST)
    (record,) = decode([Said(ASKED, whole.octets[: begin + room])])
    assert set(codes([record])) == {"capture-cut"}
