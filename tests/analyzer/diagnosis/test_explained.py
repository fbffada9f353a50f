"""What a gap in the capture, or a late answer, explains: that and no more; what else went wrong keeps its own cause."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.story import Story
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, over_tcp
from tests.analyzer.tracking.build import Station, answered, asked
from tests.analyzer.tracking.timed import OPENING, At, at, on_hdlc, serial_chunks, tcp_chunks

SILENT = ("response-missing", "server-silent")
GAP = ("tcp-octets-missing", "capture-loss")


def get(register: int, invoke_id: int = 1) -> bytes:
    return bytes.fromhex(f"C001C{invoke_id} 0003 0100{register:02X}0800FF 02 00")


def value(number: int, invoke_id: int = 1) -> bytes:
    return bytes.fromhex(f"C401C{invoke_id} 00 06 {number:08X}")


def reading(register: int, invoke_id: int = 1, after: float = 1) -> list[At]:
    return at(after, asked(get(register, invoke_id)), answered(value(register, invoke_id)))


def lacking(dropped: int | list[int], *units: list[At]) -> list[Story]:
    """Stories over TCP, where these APDUs behind the opening, from 1, are not in the capture."""
    lacks = [dropped] if isinstance(dropped, int) else dropped
    chunks = tcp_chunks([*OPENING, *(one for unit in units for one in unit)])
    return diagnose([chunk for number, chunk in enumerate(chunks, 1) if number - 4 not in lacks])


def told(stories: list[Story]) -> list[tuple[tuple[str, str], list[int]]]:
    return [((one.code, one.cause), one.records) for one in stories]


@pytest.mark.parametrize(
    ("dropped", "silent", "lost"), [(5, [5], [6]), (6, [6], [5])], ids=["silent before", "silent behind"]
)
def test_one_answer_that_is_lost_excuses_one_request(dropped: int, silent: list[int], lost: list[int]) -> None:
    """The same request twice, one 30 s before what follows: that one was not answered."""
    first, second = at(1, asked(get(2))), at(30, asked(get(2)))
    if dropped == 5:
        units = [reading(1), first, [*second, *at(0.1, answered(value(2)))], reading(3), reading(4)]
    else:
        units = [
            reading(1),
            [*first, *at(0.1, answered(value(2)))],
            at(1, asked(get(5))),
            reading(3, after=30),
            reading(4),
        ]
        dropped = 4
    own, gap = lacking(dropped, *units)
    assert told([own, gap]) == [(SILENT, silent), (GAP, [8])]
    assert told(gap.leads_to) == [(("response-missing", "capture-loss"), lost)]


def test_answer_that_is_lost_behind_a_real_silence_is_told_apart_from_it() -> None:
    silence = [*at(1, asked(get(2))), *at(30, asked(get(2))), *reading(3, after=30)]
    again = [*reading(4), *reading(4), *reading(5)]
    own, gap = lacking(8, reading(1), silence, again)
    assert told([own, gap]) == [(SILENT, [5, 6]), (GAP, [11])]
    assert (own.count, len(own.evidence)) == (2, 2)
    assert told(gap.leads_to) == [(("response-missing", "capture-loss"), [9])]


def test_requests_polled_slowly_are_all_excused_by_a_gap_that_has_room_for_their_answers() -> None:
    polls = [reading(1, after=10) for _ in range(6)]
    (gap,) = lacking([6, 8], *polls)
    assert told([gap, *gap.leads_to]) == [(GAP, [10]), (("response-missing", "capture-loss"), [7, 8])]


def test_late_answer_to_one_request_leaves_the_other_unanswered() -> None:
    vain = [*at(1, asked(get(2, 2))), *at(20, asked(get(3, 3))), *reading(4, 4, after=20)]
    own, late = over_tcp(OPENING, reading(1), vain, at(1, answered(value(3, 3))), reading(5, 5))
    assert (*told([own]), own.severity) == ((SILENT, [5]), Severity.WARNING)
    assert told([late, *late.leads_to]) == [
        (("response-without-request", "late-response"), [9]), (("response-missing", "late-response"), [6]),
    ]  # fmt: skip


@pytest.mark.parametrize("pause", [1, 10])
def test_answers_whose_requests_the_capture_lacks_are_none_given_twice(pause: int) -> None:
    (story,) = lacking([3, 5, 7, 9], *(reading(1, after=pause) for _ in range(5)))
    assert told([story]) == [(("response-without-request", "capture-loss"), [5, 6, 7, 8])]
    assert not any("once more" in one.text for one in story.evidence)


@pytest.mark.parametrize("pause", [1, 10])
def test_answer_under_a_gap_of_the_client_is_none_given_twice(pause: int) -> None:
    (gap,) = lacking(3, *(reading(1, after=pause) for _ in range(3)))
    (answer,) = gap.leads_to
    assert told([gap, answer]) == [(GAP, [6]), (("response-without-request", "capture-loss"), [5])]
    assert (answer.alternatives, "once more" in answer.evidence[0].text) == ([], False)


def test_block_that_comes_again_is_told_as_a_block_and_an_answer_as_an_answer() -> None:
    (story,) = over_tcp(OPENING, reading(1), at(0.2, answered(value(1))), reading(2))
    assert "answer came twice" in story.title
    assert not any("acknowledgement" in one for one in story.advice)


def test_answer_that_is_lost_behind_many_silences_is_still_told_apart() -> None:
    silence = [at(20, asked(get(2))) for _ in range(300)]
    own, gap = lacking(304, reading(1), *silence, reading(3), reading(4), reading(5))
    assert (own.cause, own.count, own.first_record) == ("server-silent", 300, 5)
    assert [(one.cause, one.count) for one in gap.leads_to] == [("capture-loss", 1)]


def test_gap_of_one_meter_excuses_no_silence_of_another_on_the_line() -> None:
    first, second = Station(), Station(server=b"\x23")
    units = [At(1, one) for station in (first, second) for one in station.connect()]
    units += [*on_hdlc(first, OPENING, reading(1)), *on_hdlc(second, OPENING, reading(1))]
    lost = len(units) + 1  # the request of what follows; the other meter is silent before the gap shows
    units += [
        *on_hdlc(first, reading(2)),
        *on_hdlc(second, at(1, asked(get(2)))),
        *on_hdlc(first, reading(3, after=20)),
    ]
    units += on_hdlc(second, reading(4), reading(5))
    stories = diagnose([one for number, one in enumerate(serial_chunks(units), 1) if number != lost])
    assert ("response-missing", "server-silent") in [(one.code, one.cause) for one in stories]
