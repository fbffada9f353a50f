"""Stories as text: what another sentence says is left out, and other lanes are named, not the story's own."""

from __future__ import annotations

import json

from analyzer.diagnosis.story import FURTHER_LANES, LIKELY, Evidence, Fact, Story
from analyzer.export.stories import gathered, json_line, text_lines, told_once
from dissectors.tree import Severity


def _story(lane: str, record: int, subject: str = "") -> Story:
    fact = Fact(
        "undecipherable", Severity.ERROR, "wrong-encryption-key", LIKELY, Evidence(record, 0, 0, "no"), None, lane, "1"
    )
    story = Story(fact._replace(subject=subject))
    story.add(fact)
    return story


def test_record_is_not_found_within_the_number_of_another() -> None:
    one, other = Evidence(20, 0, 0, "record 12 has no answer: no answer came"), Evidence(1, 0, 0, "no answer came")
    assert [each for _, each in told_once([one, other])] == [one, other]
    assert [each for _, each in told_once([one, other._replace(record=12)])] == [one]


def test_other_way_of_a_conversation_is_named_though_the_own_one_comes_first() -> None:
    stories = [_story("A > B", 1), _story("A > B", 5, "other"), _story("B > A", 2)]
    ((first, like),) = gathered(stories)
    also = next(line for line in text_lines(1, first, 3, utc=True, like=like) if " also " in line)
    assert also.split("also", 1)[1].strip() == "once more on B > A: record 2"


def test_lanes_that_were_too_many_to_be_told_apart_are_counted_as_no_lane() -> None:
    stories = [_story(lane, number) for number, lane in enumerate([*"ABCD", FURTHER_LANES], 1)]
    ((first, like),) = gathered(stories)
    also = next(line for line in text_lines(1, first, 3, utc=True, like=like) if " also " in line)
    assert also.split("also", 1)[1].strip().startswith("4 times more, on 3 other lanes and more: B (record 2);")


def test_faults_with_the_same_consequence_are_told_once() -> None:
    stories = [_story(lane, number) for number, lane in enumerate("ABCDE", 1)]
    for one in stories[:4]:
        one.leads_to = [_story(one.lane, 9)]
    assert [len(like) for _, like in gathered(stories)] == [3, 0]


def test_controls_that_json_leaves_are_written_by_their_numbers() -> None:
    line = json_line(1, _story("serial:\x7f\x9b31m\u202e", 1), 3)
    assert line.isprintable()
    assert json.loads(line)["lane"] == "serial:\x7f\x9b31m\u202e"
