"""Frames that a capture lacks: one loss is one story, whichever sides' frames it took."""

from __future__ import annotations

import pytest

from analyzer.detail import detail
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import ANSWERED, ASKED, LLC, ListSource, Said, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    OPENING,
    READING,
    At,
    at,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)

LOST = ("hdlc-frame-lost", "capture-loss")


def exchange(invoke_id: int) -> list[Said]:
    request, answer = f"C001C{invoke_id} 0008 0000010000FF 02 00", f"C401C{invoke_id} 00 090C 07E80B15040A1E00FFFFC400"
    return [asked(bytes.fromhex(request)), answered(bytes.fromhex(answer))]


def without(*dropped: int, hurt: tuple[int, ...] = ()) -> list[Story]:
    """Stories of an association of seven requests, of which the capture lacks these frames, and has others *hurt*."""
    exchanges = [at(1, *exchange(number)) for number in range(1, 8)]
    station = Station()
    link = at(100, *station.connect())
    chunks = serial_chunks([*link, *on_hdlc(station, at(0.5, asked(AARQ), answered(AARE)), *exchanges)])
    for number in hurt:
        octets = bytearray(chunks[number - 1].octets)
        octets[-6] ^= 1
        chunks[number - 1] = chunks[number - 1]._replace(octets=bytes(octets))
    return diagnose([chunk for number, chunk in enumerate(chunks, 1) if number not in dropped])


def test_dialogue_that_lacks_nothing_has_no_story() -> None:
    assert without() == []


def alike(*dropped: int, polls: bool = False) -> list[Story]:
    """Stories of a client and a meter of one address on a line whose sides are known, some frames not captured."""
    station = Station(b"\x03", b"\x03")
    link = at(100, *station.connect())
    units = on_hdlc(station, at(0.5, asked(AARQ), answered(AARE)), at(1, *exchange(1)), at(2, *exchange(2)))
    ready = at(3, station.ready(ASKED), station.ready(ANSWERED)) if polls else []
    chunks = serial_chunks([*link, *units, *ready])
    return diagnose([chunk for number, chunk in enumerate(chunks, 1) if number not in dropped])


@pytest.mark.parametrize("dropped", [(), (5,), (7,), (5, 6), (6, 7)], ids=str)
def test_push_in_an_i_frame_counts_with_the_answers_of_its_meter(dropped: tuple[int, ...]) -> None:
    station = Station()
    link = at(100, *station.connect())
    push = answered(bytes.fromhex("0F00000001 00 0202 0600000001 0600000002"))
    said = (*exchange(1), push, *exchange(2))
    chunks = serial_chunks([*link, *on_hdlc(station, at(0.5, asked(AARQ), answered(AARE)), at(1, *said))])
    stories = diagnose([chunk for number, chunk in enumerate(chunks, 1) if number not in dropped])
    assert named(stories) == ([LOST] if dropped else [])


def test_frame_that_the_capture_lost_is_told_where_client_and_meter_have_one_address() -> None:
    assert alike() == []
    assert named(alike(6)) == [LOST]


def test_rr_that_answers_rr_is_no_echo_where_client_and_meter_have_one_address() -> None:
    assert alike(polls=True) == []


@pytest.mark.parametrize(
    ("dropped", "leads_to"),
    [
        ([7], ["response-without-request"]),
        ([8], ["response-missing"]),
        ([7, 8], []),
        ([8, 9], ["invoke-id-differs", "response-missing"]),
        ([7, 8, 9], ["response-without-request"]),
        ([7, 8, 9, 10], []),
    ],
    ids=str,
)
def test_frames_that_the_capture_lost_in_one_place_are_one_story(dropped: list[int], leads_to: list[str]) -> None:
    (story,) = without(*dropped)
    assert ((story.code, story.cause), sorted(one.code for one in story.leads_to)) == (LOST, leads_to)


@pytest.mark.parametrize("dropped", [(8,), (8, 9), (14,)], ids=str)
@pytest.mark.parametrize("over", ["hdlc", "tcp"])
def test_answer_that_the_capture_lost_accuses_no_meter(dropped: tuple[int, ...], over: str) -> None:
    (story,) = without(*dropped) if over == "hdlc" else without_segments(*dropped)
    assert {(one.cause, one.confidence) for one in story.leads_to} == {("capture-loss", story.confidence)}
    assert not any(one.candidates or one.alternatives for one in story.leads_to)


def test_request_that_a_meter_leaves_unanswered_behind_a_loss_is_its_silence() -> None:
    said = [at(1, *exchange(1)), at(1, *exchange(2)), at(1, *exchange(3)[:1]), at(9, *exchange(4)), at(1, *exchange(5))]
    chunks = tcp_chunks([*at(100, asked(AARQ), answered(AARE)), *(each for one in said for each in one)])
    stories = diagnose([chunk for number, chunk in enumerate(chunks, 1) if number != 7])
    assert named(stories) == [("tcp-octets-missing", "capture-loss"), ("response-missing", "server-silent")]


def test_jump_of_the_other_side_stands_among_the_records_of_the_story() -> None:
    (story,) = without(7, 8)
    assert story.records == [7, 8]
    assert "so is N(S) 2 of the meter, which this one acknowledges" in story.evidence[0].text


def test_losses_in_two_places_are_counted_twice() -> None:
    (story,) = without(5, 6, 11, 12)
    assert (story.count, story.records) == (2, [5, 6, 9, 10])


def test_frame_that_is_there_damaged_is_not_missing() -> None:
    (story,) = without(hurt=(8,))
    assert (story.code, [one.code for one in story.leads_to]) == ("hdlc-fcs-wrong", ["response-missing"])
    assert story.evidence[-1].text.endswith("record 9 acknowledges it, so only the capture has record 8 damaged")


def test_loss_behind_a_damaged_frame_is_a_story_of_its_own() -> None:
    hurt, lost = without(12, hurt=(8,))
    assert (hurt.code, hurt.records, lost.code, lost.records) == ("hdlc-fcs-wrong", [8], "hdlc-frame-lost", [13])


def test_frame_that_is_missing_beside_a_damaged_one_is_told() -> None:
    (story,) = without(10, hurt=(8,))
    assert "hdlc-frame-lost" in [one.code for one in story.leads_to]


@pytest.mark.parametrize(
    ("dropped", "confidence", "leads_to"),
    [
        ([3], "certain", ["response-without-request"]),
        ([4], "certain", ["response-missing"]),
        ([3, 4], "likely", []),
    ],
    ids=str,
)
def test_first_frames_behind_ua_that_the_capture_lacks_blame_no_counters(
    dropped: list[int], confidence: str, leads_to: list[str]
) -> None:
    (story,) = without(*dropped)
    assert ((story.code, story.cause), story.confidence) == (LOST, confidence)
    assert [one.code for one in story.leads_to] == leads_to


def test_client_that_goes_on_counting_over_snrm_is_still_told() -> None:
    first = Station()
    for one in exchange(1):
        first.frames([one])
    link = [*Station().connect()]
    said = [at(1, *first.frames([asked(AARQ)])), at(0.2, *Station().frames([answered(AARE)]))]
    stories = diagnose(serial_chunks([*at(100, *link), *said[0], *said[1]]))
    assert ("hdlc-sequence-wrong", "counters-not-reset") in [(one.code, one.cause) for one in stories]


def test_jump_further_than_was_acknowledged_is_a_story_of_its_own() -> None:
    assert len(without(7, 8, 10)) > 1


# -- segments -----------------------------------------------------------------------------------------------------------


def in_segments(
    first: int, *dropped: int, early: tuple[int, ...] = (), value: bytes = bytes(range(200))
) -> list[Story]:
    """Stories of a long answer in four segments (8, 10, 12, 14 with RR between), captured from a frame on.

    Frames that are *early* change places with the one before them, as two taps may give them.
    """
    station = Station()
    units = [*at(100, *station.connect()), *on_hdlc(station, at(0.5, asked(AARQ), answered(AARE)), at(1, *exchange(1)))]
    request, _ = exchange(2)
    long = answered(bytes.fromhex("C401C2000981C8") + value)
    units += at(1, *station.frames([request]), *station.frames([long], 64))
    units += on_hdlc(station, at(1, *exchange(3)), at(1, *exchange(4)))
    for number in early:
        before, one = units[number - 2 : number]
        units[number - 2 : number] = [before._replace(said=one.said), one._replace(said=before.said)]
    chunks = list(enumerate(serial_chunks(units), 1))
    return diagnose([chunk for number, chunk in chunks if number >= first and number not in dropped])


def test_segments_that_all_came_have_no_story() -> None:
    assert in_segments(1) == []


@pytest.mark.parametrize("first", [10, 11, 12])
def test_capture_that_begins_within_segments_reads_no_apdu_out_of_their_rest(first: int) -> None:
    (story,) = in_segments(first)
    assert (story.code, story.cause, story.severity.name) == ("capture-cut", "capture-started-late", "NOTE")


@pytest.mark.parametrize("last", ["B6", "06", "0C", "16", "C4", "00"])
def test_capture_that_begins_with_the_last_segment_reads_no_apdu_out_of_it(last: str) -> None:
    (story,) = in_segments(14, value=bytes(182) + bytes.fromhex(last) + bytes.fromhex("87") * 17)
    assert (story.code, story.cause, story.severity.name) == ("capture-cut", "capture-started-late", "NOTE")


def test_ready_frame_that_is_missing_may_be_the_captures_loss() -> None:
    (story,) = in_segments(1, 9)
    assert (story.code, story.confidence) == ("hdlc-window-exceeded", "possible")
    assert [(one.cause, one.confidence) for one in story.alternatives] == [("capture-loss", "possible")]


def test_ready_frame_that_a_second_tap_gives_before_what_it_acknowledges_opens_the_window() -> None:
    assert in_segments(1, early=(11, 13)) == []


# -- over TCP: the octets of the stream are counted ---------------------------------------------------------------------


def without_segments(*dropped: int) -> list[Story]:
    """The same over TCP, where the first two segments open the connection."""
    exchanges = [each for number in range(1, 8) for each in at(1, *exchange(number))]
    chunks = tcp_chunks([*at(100, asked(AARQ), answered(AARE)), *exchanges])
    return diagnose([chunk for number, chunk in enumerate(chunks, 1) if number not in dropped])


@pytest.mark.parametrize(
    ("dropped", "records", "leads_to"),
    [
        ([7], [6], ["response-without-request"]),
        ([8], [7], ["response-missing"]),
        ([7, 8], [5, 6], []),
        ([8, 9], [6, 7], ["invoke-id-differs", "response-missing"]),
        ([3, 4], [1, 2], []),
    ],
    ids=str,
)
def test_segments_that_the_capture_lost_in_one_place_are_one_story(
    dropped: list[int], records: list[int], leads_to: list[str]
) -> None:
    (story,) = without_segments(*dropped)
    assert (story.code, story.cause, story.records) == ("tcp-octets-missing", "capture-loss", records)
    assert sorted(one.code for one in story.leads_to) == leads_to


def test_segments_lost_in_two_places_are_two_stories() -> None:
    assert [one.records for one in without_segments(5, 12)] == [[4], [10]]


def test_loss_among_equal_requests_is_no_frame_that_was_sent_again() -> None:
    station = Station()
    opened = [*at(100, *station.connect()), *on_hdlc(station, at(0.5, asked(AARQ), answered(AARE)))]
    polled = on_hdlc(station, *[at(1, *exchange(1)) for _ in range(20)])  # the same octets every eighth time
    stories = diagnose(serial_chunks([*opened, *polled[:18], *polled[26:]]))
    assert named(stories) == [LOST]
    assert (stories[0].count, stories[0].confidence) == (1, "certain")
    (story,) = diagnose(serial_chunks([*opened, *polled[:18], *polled[26:27]]))  # nothing behind it tells
    told = [(one.cause, one.confidence) for one in (story, *story.alternatives)]
    assert told == [("frame-replayed", "possible"), ("capture-loss", "possible")]


@pytest.mark.parametrize("side", [ASKED, ANSWERED])
def test_number_that_comes_again_with_other_octets_is_no_lost_frame(side: int) -> None:
    station = Station()
    said = [*station.connect(), *station.frames([one.said for one in (*OPENING, *READING, *READING)])]
    asks = asked(bytes.fromhex("C001C1 0003 0100010800FF 02 00"))
    answers = answered(bytes.fromhex("C401C1 00 06 00000007"))
    for one in (asks, answers):
        station.sent[side] -= one.direction == side
        said += station.frames([one])
    said += station.frames([one.said for one in READING])
    (story,) = diagnose(serial_chunks(At(0.5, one) for one in said))
    assert (story.code, story.cause) == ("hdlc-sequence-wrong", "number-not-counted")
    assert story.records == [len(said) - (3 if side == ASKED else 2)]


@pytest.mark.parametrize("side", [ASKED, ANSWERED])
@pytest.mark.parametrize("quality", [1, 0x80, 0xFF])
def test_llc_quality_that_is_not_zero_is_no_gateway_prefix(side: int, quality: int) -> None:
    units = [*OPENING, *READING, *READING]
    place = 4 + (side == ANSWERED)
    station, said = Station(), []
    for index, (_, (direction, apdu)) in enumerate(units):
        llc = LLC[direction][:2] + bytes((quality if index == place else 0,))
        said.append(Said(direction, station.information(direction, llc + apdu)))
    chunks = serial_chunks(At(0.5, one) for one in said)
    (story,) = diagnose(chunks)
    assert (story.code, story.cause, story.records) == ("llc-unexpected", "llc-quality-wrong", [place + 1])
    record = list(Pipeline().run(ListSource(chunks)))[place]
    assert record.apdu is not None and record.apdu.octets == units[place].said.octets
    names = [node.name for root in detail(record) for node in root.walk()]
    assert (names.count("llc"), names.count(record.apdu.family)) == (1, 1)
