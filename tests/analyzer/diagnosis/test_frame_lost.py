"""Frames that a capture lacks: one loss is one story, whichever sides' frames it took."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.story import Story
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.tracking.build import Said, Station, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, at, on_hdlc, serial_chunks

LOST = ("hdlc-frame-lost", "capture-loss")


def exchange(invoke_id: int) -> list[Said]:
    request, answer = f"C001C{invoke_id} 0008 0000010000FF 02 00", f"C401C{invoke_id} 00 090C 07E80B15040A1E00FFFFC400"
    return [asked(bytes.fromhex(request)), answered(bytes.fromhex(answer))]


def without(*dropped: int) -> list[Story]:
    """Stories of an association of seven requests, of which the capture lacks these frames."""
    exchanges = [at(1, *exchange(number)) for number in range(1, 8)]
    chunks = serial_chunks(on_hdlc(Station(), at(100, asked(AARQ), answered(AARE)), *exchanges))
    return diagnose([chunk for number, chunk in enumerate(chunks, 1) if number not in dropped])


def test_dialogue_that_lacks_nothing_has_no_story() -> None:
    assert without() == []


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


def test_jump_of_the_other_side_stands_among_the_records_of_the_story() -> None:
    (story,) = without(7, 8)
    assert story.records == [7, 8]
    assert "so is N(S) 3 of the meter, which this one acknowledges" in story.evidence[0].text


def test_losses_in_two_places_are_counted_twice() -> None:
    (story,) = without(5, 6, 11, 12)
    assert (story.count, story.records) == (2, [5, 6, 9, 10])


def test_jump_further_than_was_acknowledged_is_a_story_of_its_own() -> None:
    assert len(without(7, 8, 10)) > 1
