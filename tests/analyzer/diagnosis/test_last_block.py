"""The last block of a general-block-transfer is lost: that is told, and not what follows from it."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from analyzer.simulate.sent import TO_CLIENT
from analyzer.tracking.protection import Protection
from tests.analyzer.diagnosis.told import named, over_tcp
from tests.analyzer.tracking.all_keys import keyring, security_of, session
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, asked, general_block
from tests.analyzer.tracking.timed import OPENING, at, tcp_chunks

SECURITY = security_of()
SENT = [(event.octets, event.direction == TO_CLIENT) for event in session(SECURITY).dialogue]
VICTIM = 5
"""The answer with the clock; requests follow."""


def told(in_last: int, *, is_lost: bool = True, following: int = 99) -> list[Story]:
    """Stories where an answer goes in two blocks, the last with so many octets."""
    said: list[Said] = []
    for number, (octets, is_answer) in enumerate(SENT[: VICTIM + 1 + following]):
        if number != VICTIM:
            said.append(Said(ANSWERED if is_answer else ASKED, octets))
            continue
        said.append(Said(ANSWERED, general_block(1, octets[:-in_last], streaming=True)))
        if not is_lost:
            said.append(Said(ANSWERED, general_block(2, octets[-in_last:], last=True)))
    pipeline = Pipeline(protection=Protection(keyring(SECURITY)))
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource(tcp_chunks(at(1, *said)))):
        doctor.take(record)
    doctor.finish()
    return doctor.stories()


def test_blocks_that_all_came_have_no_story() -> None:
    assert told(8, is_lost=False) == []


@pytest.mark.parametrize("in_last", [4, 8, 12, 20])
def test_lost_last_block_is_the_one_story(in_last: int) -> None:
    (story,) = told(in_last)
    assert (story.code, story.cause) == ("block-lost", "segment-lost")
    assert "block 1 says that more follow, and none came before record 7 asked" in story.evidence[0].text
    assert [one.code for one in story.leads_to] == ["response-missing"]


@pytest.mark.parametrize(
    "head",
    [
        "C105C1 02 0003 0100010800FF 0200 0003 0100020800FF 0200",  # a count where others say whether it is the last
        "C305C1 02 000F 0000280000FF 01 000F 0000280001FF 01",
        "C102C1 2001 0100010800FF 0200",  # class_id 8193
        "C304C1 2001 0100010800FF 01",
    ],
)
def test_request_whose_last_block_is_behind_the_end_of_the_capture_is_cut(head: str) -> None:
    stories = over_tcp(OPENING, at(1, asked(bytes.fromhex(head + "00 00000001 06 02090A414243"))))
    assert named(stories) == [("capture-cut", "capture-ended")]


@pytest.mark.parametrize("in_last", [8, 20])
def test_last_block_behind_the_end_of_the_capture_is_a_note_about_the_capture(in_last: int) -> None:
    (story,) = told(in_last, following=0)
    assert (story.code, story.cause, story.leads_to) == ("capture-cut", "capture-ended", [])
