"""Services that fail: results with their causes, missing and foreign answers, blocks, sizes and conformance."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.refusals import _READERS, REFUSING, RESULT_CAUSES
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from captures import rtac
from captures.chunk import UNKNOWN, Chunk
from dissectors import registry
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named, on_line, over_tcp
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import PROFILE, ListSource, Station, answered, asked, general_blocks
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    OPENING,
    READING,
    RELEASE,
    RLRQ,
    SECOND,
    At,
    at,
    on_hdlc,
    serial_chunks,
)

SET_CLOCK = bytes.fromhex("C101C1 0008 0000010000FF 02 00 090C 07E80B15040A1E00FFFFC400")
RESET_REGISTER = bytes.fromhex("C301C1 0003 0100010800FF 01 01 0F00")
GET_LIST = bytes.fromhex("C001C1 000F 0000280000FF 02 00")
OBJECT_LIST = bytes.fromhex(
    "C401C1 00 0101 0204 120003 1100 0906 0100010800FF 0202"
    "0102 0203 0F01 1601 00 0203 0F02 1600 00"  # attribute 1: read, attribute 2: no access
    "0101 0202 0F01 1600"
)  # fmt: skip
GET_REGISTER = bytes.fromhex("C001C1 0003 0100010800FF 02 00")


def get_answer(result: int) -> bytes:
    return bytes.fromhex("C401C1 01") + bytes((result,))


@pytest.mark.parametrize("number", [number for number in DATA_ACCESS_RESULT if number])
def test_every_result_of_a_read_is_a_note_with_its_object_and_cause(number: int) -> None:
    (story,) = on_line(OPENING, at(1, asked(GET_CLOCK), answered(get_answer(number))))
    name = DATA_ACCESS_RESULT[number]
    assert (story.code, story.cause) == (f"result-{name}", RESULT_CAUSES[name][0])
    assert story.severity is Severity.NOTE
    assert "0-0:1.0.0*255 Clock, attribute 2 time (request 3)" in story.evidence[0].text
    assert "for client 16" in story.evidence[0].text
    assert story.records == [4]
    assert story.advice


@pytest.mark.parametrize("number", [number for number in ACTION_RESULT if number])
def test_every_result_of_a_method_is_a_note(number: int) -> None:
    (story,) = on_line(OPENING, at(1, asked(RESET_REGISTER), answered(bytes((0xC7, 1, 0xC1, number, 0)))))
    assert story.code == f"result-{ACTION_RESULT[number]}"
    assert "method 1 reset" in story.evidence[0].text


def test_write_of_another_type_is_named() -> None:
    (story,) = on_line(OPENING, at(1, asked(SET_CLOCK), answered(bytes.fromhex("C501C1 0C"))))
    assert named([story]) == [("result-type-unmatched", "write-type-differs")]


def with_list(request: bytes, result: int) -> Story:
    told = at(1, asked(GET_LIST), answered(OBJECT_LIST))
    (story,) = on_line(OPENING, told, at(1, asked(request), answered(get_answer(result))))
    return story


def test_access_right_of_the_object_list_makes_a_denial_certain() -> None:
    story = with_list(GET_REGISTER, 3)
    assert (story.cause, story.confidence) == ("no-association-rights", "certain")
    assert "the object list (record 4) grants no access" in story.evidence[0].text


def test_object_that_the_list_lacks_is_missing_for_certain() -> None:
    story = with_list(GET_REGISTER.replace(bytes.fromhex("010800"), bytes.fromhex("010801")), 4)
    assert (story.cause, story.confidence) == ("object-missing", "certain")


def test_object_of_another_class_in_the_list_is_named() -> None:
    story = with_list(GET_REGISTER.replace(bytes.fromhex("0003"), bytes.fromhex("0004")), 4)
    assert (story.cause, story.confidence) == ("wrong-class-id", "certain")
    assert "with class 3, not 4" in story.evidence[0].text


@pytest.mark.parametrize(
    ("asked_for", "wanted"),
    [
        ("0001 0000010000FF 02", "class 8, not 1"),
        ("0003 0100630100FF 02", "class 7, not 3"),
        ("0003 0000280000FF 02", "class 12 or 15, not 3"),
        ("0003 0000600100FF 02", ""),
        ("0008 0000010000FF 02", ""),
    ],
)
def test_object_of_which_the_standard_has_another_class_is_named(asked_for: str, wanted: str) -> None:
    (story,) = on_line(OPENING, at(1, asked(bytes.fromhex(f"C001C1 {asked_for} 00")), answered(get_answer(4))))
    assert (story.cause == "wrong-class-id") is bool(wanted)
    assert wanted in story.evidence[0].text


def test_attribute_that_the_class_has_not_is_named() -> None:
    request = GET_CLOCK[:11] + b"\x0e" + GET_CLOCK[12:]
    (story,) = on_line(OPENING, at(1, asked(request), answered(get_answer(4))))
    assert story.cause == "wrong-attribute"
    assert "class 8 has no attribute 14" in story.evidence[0].text


@pytest.mark.parametrize(
    ("answer", "cause", "confidence"),
    [
        ("D8 01 01", "operation-not-possible", "likely"),
        ("D8 02 02", "service-not-supported", "likely"),
        ("D8 01 03", "reason-unstated", "possible"),
        ("D8 01 04", "pdu-too-long", "certain"),
        ("D8 01 05", "deciphering-failed", "certain"),
        ("D8 01 06 00000701", "invocation-counter-too-low", "certain"),
        ("0E 05 00 06", "deciphering-failed", "certain"),
        ("0E 05 00 03", "no-association", "likely"),
        ("0E 05 03 01", "pdu-too-long", "certain"),
        ("0E 05 04 01", "object-missing", "likely"),
        ("0E 05 05 02", "no-association-rights", "likely"),
    ],
)
def test_error_in_place_of_an_answer_has_its_cause_and_its_request(answer: str, cause: str, confidence: str) -> None:
    (story,) = on_line(OPENING, READING, at(1, asked(GET_CLOCK), answered(bytes.fromhex(answer))))
    assert story.code == ("exception-response" if answer.startswith("D8") else "confirmed-service-error")
    assert (story.cause, story.confidence) == (cause, confidence)
    assert "get-request in record 5, 0-0:1.0.0*255 Clock" in story.evidence[0].text


def test_invocation_counter_error_tells_the_counter_used_and_the_one_expected() -> None:
    # glo-get-request, security control 30, invocation counter 5, then ciphertext and tag
    ciphered = bytes.fromhex("C8 1E 30 00000005") + bytes(25)
    story, *_ = over_tcp(OPENING, at(1, asked(ciphered), answered(bytes.fromhex("D8 02 06 00000701"))))
    assert story.code == "exception-response"
    assert "the request used 5, the meter expects an invocation counter of at least 1793" in story.evidence[0].text


def test_request_without_an_association_is_told_so() -> None:
    (story,) = on_line(at(1, asked(GET_CLOCK), answered(bytes.fromhex("D8 01 01"))))
    assert named([story]) == [("exception-response", "no-association")]


def test_service_that_was_not_agreed_is_named_with_its_bit() -> None:
    stories = on_line(OPENING, at(1, asked(bytes.fromhex("D9 40000001 00 00 00")), answered(bytes.fromhex("D8 02 02"))))
    found = {one.code: one for one in stories}
    assert found["conformance-violated"].severity is Severity.NOTE
    assert "needs the service access" in found["conformance-violated"].evidence[0].text


def test_request_longer_than_the_meter_takes_is_named_with_both_sizes() -> None:
    small = AARE.replace(bytes.fromhex("04C80007"), bytes.fromhex("00400007"))
    long = bytes.fromhex("C101C1 0001 0000600100FF 02 00 0946") + bytes(70)
    (story,) = over_tcp(at(0, asked(AARQ), answered(small)), at(1, asked(long), answered(bytes.fromhex("C501C100"))))
    assert (story.code, story.cause) == ("pdu-too-long", "size-ignored")
    # 13 octets of service and descriptor, 2 of tag and length, 70 of data
    assert "sends 85 octets in one APDU, the meter takes 64" in story.evidence[0].text


# -- answers ----------------------------------------------------------------------------------------------------------


def test_request_asked_again_is_missing_its_answer_against_the_usual_time() -> None:
    (story,) = on_line(
        OPENING, READING, at(1, asked(GET_CLOCK)), at(5, asked(GET_CLOCK), answered(CLOCK_ANSWER)), RELEASE
    )
    assert (story.code, story.cause, story.severity) == ("response-missing", "server-silent", Severity.WARNING)
    text = story.evidence[0].text
    assert "not answered within 5.0 s" in text
    assert "usually answers get-request in 100 ms" in text
    assert "asked again in record 6" in text


def test_damaged_answer_is_the_story_and_all_that_follows_stands_under_it() -> None:
    station = Station()
    good = on_hdlc(station, OPENING, READING, at(1, asked(GET_CLOCK)))
    before = dict(station.sent)
    (lost,) = on_hdlc(station, at(0.1, answered(CLOCK_ANSWER)))
    broken = bytearray(lost.said.octets)
    broken[20] ^= 0x40
    station.sent = before
    units = [*good, At(0.1, answered(bytes(broken)))]
    again = on_hdlc(station, at(5, asked(GET_CLOCK), answered(CLOCK_ANSWER)), READING, RELEASE)
    (story,) = diagnose(serial_chunks(units + again))
    assert named([story]) == [("hdlc-fcs-wrong", "bit-error")]
    assert named(story.leads_to) == [("response-missing", "response-damaged")]


def test_answer_behind_its_time_is_late() -> None:
    other = GET_CLOCK[:2] + b"\xc2" + GET_CLOCK[3:]
    fresh = CLOCK_ANSWER[:2] + b"\xc2" + CLOCK_ANSWER[3:]
    stories = on_line(
        OPENING, READING, at(1, asked(GET_CLOCK)), at(3, asked(other), answered(fresh)), at(1, answered(CLOCK_ANSWER))
    )
    (story,) = stories
    assert (story.code, story.cause) == ("response-without-request", "late-response")
    assert named(story.leads_to) == [("response-missing", "late-response")]
    assert "4.1 s before" in story.evidence[0].text


def under(apdu: bytes, invoke_id: int) -> bytes:
    """Put another invoke-id into an APDU."""
    return apdu[:2] + bytes((0xC0 | invoke_id,)) + apdu[3:]


def test_requests_in_flight_at_once_are_answered_in_any_order() -> None:
    requests = [asked(under(GET_CLOCK, number)) for number in (1, 2, 3)]
    answers = [answered(under(CLOCK_ANSWER, number)) for number in (3, 1, 2)]
    assert over_tcp(OPENING, READING, at(0.1, *requests), at(0.2, *answers), READING, RELEASE) == []


@pytest.mark.parametrize("ahead", [0, 6])
def test_answer_long_behind_that_of_a_request_in_flight_with_it_is_late(ahead: int) -> None:
    late, other = under(GET_CLOCK, 1), under(GET_CLOCK, 2)
    begun = at(1, asked(late)), at(0.9, asked(other), answered(under(CLOCK_ANSWER, 2)))
    (story,) = over_tcp(OPENING, *[READING] * ahead, *begun, at(28, answered(CLOCK_ANSWER)))
    assert named([story, *story.leads_to]) == [
        ("response-without-request", "late-response"), ("response-missing", "late-response")
    ]  # fmt: skip


def test_answer_that_others_overtook_and_that_took_long_is_slow() -> None:
    begun = at(1, asked(under(GET_CLOCK, 1))), at(0.1, asked(under(GET_CLOCK, 2)), answered(under(CLOCK_ANSWER, 2)))
    (story,) = over_tcp(OPENING, *[READING] * 6, *begun, at(5, answered(CLOCK_ANSWER)), READING, RELEASE)
    assert named([story]) == [("response-slow", "meter-busy")]


@pytest.mark.parametrize(("between", "is_late"), [(1, False), (8, False), (20, True)])
def test_without_times_an_answer_is_late_that_came_behind_many_later_ones(between: int, is_late: bool) -> None:
    others = [
        (asked(under(GET_CLOCK, one % 2 + 2)), answered(under(CLOCK_ANSWER, one % 2 + 2))) for one in range(between)
    ]
    said = [asked(under(GET_CLOCK, 1)), *(each for pair in others for each in pair), answered(CLOCK_ANSWER)]
    units = [*OPENING, *READING, *at(0, *said), *RELEASE]
    stories = diagnose([one._replace(time_ns=None) for one in serial_chunks(on_hdlc(Station(), units))])
    assert ("late-response" in {one.cause for one in stories}) == is_late
    assert is_late or stories == []


def test_request_in_flight_with_others_that_stays_unanswered_is_told() -> None:
    requests = [asked(under(GET_CLOCK, number)) for number in (1, 2, 3)]
    answers = [answered(under(CLOCK_ANSWER, number)) for number in (3, 1)]
    (story,) = over_tcp(OPENING, READING, at(0.1, *requests), at(0.2, *answers), READING, RELEASE)
    assert (named([story]), story.records) == ([("response-missing", "server-silent")], [6])


@pytest.mark.parametrize("over", [on_line, over_tcp])
def test_answer_that_is_given_twice_is_told_so(over: Callable[..., list[Story]]) -> None:
    (story,) = over(OPENING, READING, at(0.2, answered(CLOCK_ANSWER)), READING)
    assert (story.code, story.cause, story.confidence) == ("response-without-request", "answer-repeated", "possible")
    assert [one.cause for one in story.alternatives] == ["capture-loss"]


def test_other_answer_that_nothing_asked_for_is_none_given_twice() -> None:
    (story,) = over_tcp(OPENING, READING, at(0.2, answered(CLOCK_ANSWER[:-1] + b"\x80")), READING)
    assert (story.code, story.cause) == ("response-without-request", "capture-loss")


def test_answer_that_comes_when_the_client_has_gone_on_is_late() -> None:
    second = bytes((0xC0, 1, 0xC2)) + GET_CLOCK[3:]
    asking = [*at(1, asked(GET_CLOCK)), *at(5, asked(second))]
    answers = at(0.5, answered(CLOCK_ANSWER), answered(bytes((0xC4, 1, 0xC2)) + CLOCK_ANSWER[3:]))
    (story,) = over_tcp(OPENING, asking, answers, READING)
    assert (story.code, story.cause) == ("response-slow", "late-response")
    assert "when the client had gone on to record 4" in story.evidence[0].text


def test_answer_of_another_invoke_id_is_named() -> None:
    stories = over_tcp(
        OPENING, READING, at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER[:2] + b"\xc5" + CLOCK_ANSWER[3:]))
    )
    assert named(stories) == [("invoke-id-differs", "invoke-id-ignored")]
    text = "has invoke-id 5, the request in record 5 has 1; no request with 5 lacks its answer"
    assert text in stories[0].evidence[0].text


def test_answer_of_another_invoke_id_may_be_late_where_the_capture_lacks_the_beginning() -> None:
    stories = over_tcp(READING, at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER[:2] + b"\xc5" + CLOCK_ANSWER[3:])))
    (story,) = [one for one in stories if one.code == "invoke-id-differs"]
    assert (story.cause, story.alternatives[-1].cause) == ("late-response", "invoke-id-ignored")


# -- blocks -----------------------------------------------------------------------------------------------------------

GET_PROFILE = b"\xc0\x01\xc1" + PROFILE + b"\0"


def block(number: int, *, last: bool = False) -> bytes:
    """A block of eight octets of an array."""
    return (
        b"\xc4\x02\xc1" + bytes((last,)) + number.to_bytes(4, "big") + b"\0\x08" + bytes.fromhex("0102 0600000001 06")
    )


def following(number: int) -> bytes:
    return b"\xc0\x02\xc1" + number.to_bytes(4, "big")


def test_profile_that_stops_at_a_block_names_profile_and_block() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(2)))
    vain = at(0.1, asked(following(2))), at(5, asked(following(2))), at(5, asked(following(2)))
    story, *others = on_line(OPENING, begun, *vain, at(5, asked(AARQ), answered(AARE)), READING)
    assert named(others) == []
    assert (story.code, story.cause) == ("provider-abort", "link-lost")
    assert "1-0:99.1.0*255" in story.evidence[0].text
    (aborted,) = [one for one in story.leads_to if one.code == "long-transfer-aborted"]
    assert "stops after block 2" in aborted.evidence[0].text


def test_transfers_of_two_invoke_ids_run_beside_each_other() -> None:
    said = [(GET_PROFILE, block(1)), (following(1), block(2)), (following(2), block(3, last=True))]
    one, two = ([(under(request, number), under(answer, number)) for request, answer in said] for number in (1, 2))
    begun = at(0.1, asked(one[0][0]), asked(two[0][0]), answered(two[0][1]), answered(one[0][1]))
    middle = at(0.1, asked(two[1][0]), asked(one[1][0]), answered(one[1][1]), answered(two[1][1]))
    end = at(0.1, asked(one[2][0]), answered(one[2][1]), asked(two[2][0]), answered(two[2][1]))
    assert over_tcp(OPENING, begun, middle, end, READING, RELEASE) == []


def test_transfer_of_one_invoke_id_that_is_left_off_beside_another_is_told() -> None:
    begun = at(0.1, asked(GET_PROFILE), answered(block(1)), asked(under(GET_PROFILE, 2)))
    other = at(
        0.1, answered(under(block(1), 2)), asked(under(following(1), 2)), answered(under(block(2, last=True), 2))
    )
    (story,) = over_tcp(OPENING, begun, other, READING, RELEASE)
    assert (story.code, story.cause, story.records) == ("long-transfer-aborted", "client-left-off", [4, 5])


@pytest.mark.parametrize(
    ("behind", "is_left_off"),
    [([], False), (READING, True), (RELEASE, True), (at(11, asked(under(GET_CLOCK, 3))), True)],
)
def test_transfer_beside_which_the_client_asks_may_go_on_behind_the_end_of_the_capture(
    behind: list[At], is_left_off: bool
) -> None:
    begun = asked(GET_PROFILE), answered(block(1)), asked(under(GET_CLOCK, 2)), answered(under(CLOCK_ANSWER, 2))
    (story,) = over_tcp(OPENING, at(0.1, *begun), behind)
    told = ("long-transfer-aborted", "client-left-off") if is_left_off else ("capture-cut", "capture-ended")
    assert (story.code, story.cause, story.records) == (*told, [4, 5])
    assert [one.cause for one in story.alternatives] == ["client-left-off"] * (not is_left_off)


@pytest.mark.parametrize(
    ("question", "answer"),
    [(GET_CLOCK, CLOCK_ANSWER), (bytes.fromhex("C301C1 0046 000060030AFF 02 01 0F00"), bytes.fromhex("C701C1 00 00"))],
)
def test_transfer_whose_invoke_id_is_used_anew_is_left_off_there(question: bytes, answer: bytes) -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)))
    (story,) = on_line(OPENING, begun, *[at(1, asked(question), answered(answer))] * 3, RELEASE)
    assert (story.code, story.cause, story.records) == ("long-transfer-aborted", "client-left-off", [4, 5])


def test_transfer_that_goes_on_after_a_long_time_was_not_left_off() -> None:
    begun = at(0.1, asked(GET_PROFILE), answered(block(1)))
    others = [at(12, asked(under(GET_CLOCK, 2)), answered(under(CLOCK_ANSWER, 2))) for _ in range(3)]
    end = at(0.1, asked(following(1)), answered(block(2, last=True)))
    assert over_tcp(OPENING, begun, *others, end, RELEASE) == []


def test_requests_that_others_follow_at_once_are_slow_and_not_given_up() -> None:
    begun = at(0.1, asked(under(GET_CLOCK, 1)), asked(under(GET_CLOCK, 2)), answered(under(CLOCK_ANSWER, 2)))
    end = at(2, asked(under(GET_CLOCK, 3))), at(0.5, answered(under(CLOCK_ANSWER, 1)), answered(under(CLOCK_ANSWER, 3)))
    assert over_tcp(OPENING, begun, *end, RELEASE) == []


def test_transfer_that_the_meter_aborts_is_told_with_its_result() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)))
    aborted = bytes.fromhex("C402C1 01 00000002 01 0F")
    story, *others = on_line(OPENING, begun, at(0.1, answered(aborted)), READING)
    assert named([story]) == [("long-transfer-aborted", "server-aborted")]
    assert named(story.leads_to) == [("result-long-get-aborted", "server-aborted")]
    assert others == []


REGISTER_ANSWER = bytes.fromhex("C401C1 00 06 00012345")


def test_answers_that_are_those_of_the_requests_before_are_told_behind_a_repetition() -> None:
    """The meter answers a request and its repetition, so that one answer is left over at the end."""
    asked_again = [*at(1, asked(GET_CLOCK)), *at(2, asked(GET_CLOCK)), *at(1, answered(CLOCK_ANSWER))]
    shifted = at(0.1, asked(GET_REGISTER), answered(CLOCK_ANSWER), asked(RLRQ), answered(REGISTER_ANSWER))
    (story,) = over_tcp(OPENING, READING, asked_again, shifted)
    assert (story.code, story.cause) == ("response-without-request", "late-response")
    text = "it was asked again in record 6: if both were answered, each answer from record 9 to 11 is that of the "
    assert text + "request before" in story.evidence[0].text


def test_answers_to_all_tries_are_late_answers_to_one_try_each() -> None:
    tries = [*at(1, asked(GET_CLOCK)), *at(2, asked(GET_CLOCK)), *at(2, asked(GET_CLOCK))]
    answers = [*at(1, answered(CLOCK_ANSWER)), *at(0.01, answered(CLOCK_ANSWER)), *at(0.01, answered(CLOCK_ANSWER))]
    (story,) = over_tcp(OPENING, READING, tries, answers, READING, RELEASE)
    assert (story.code, story.cause, story.count) == ("response-without-request", "late-response", 2)
    (silence,) = story.leads_to
    assert (silence.cause, silence.records) == ("late-response", [5, 6])
    assert "each answer" not in " ".join(one.text for one in story.evidence)


def test_client_that_takes_a_late_answer_for_the_next_one_does_not_meet_silence() -> None:
    tries = [*at(1, asked(GET_CLOCK)), *at(2, asked(GET_CLOCK)), *at(1, answered(CLOCK_ANSWER))]
    taken = [*at(0.01, answered(CLOCK_ANSWER)), *at(0.001, asked(GET_REGISTER)), *at(0.01, asked(GET_LIST))]
    (story,) = over_tcp(OPENING, READING, tries, taken, at(0.1, answered(OBJECT_LIST)), RELEASE)
    assert (story.code, story.cause) == ("response-without-request", "late-response")
    assert [(one.cause, one.records) for one in story.leads_to] == [("late-response", [5, 9])]


@pytest.mark.parametrize("behind", [READING, RELEASE])
def test_result_in_the_normal_form_in_place_of_a_block_ends_the_transfer(behind: list[At]) -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)))
    story, *others = on_line(OPENING, begun, at(0.1, answered(get_answer(1))), behind)
    assert named([story]) == [("long-transfer-aborted", "server-aborted")]
    assert named(story.leads_to) == [("result-hardware-fault", "meter-fault")]
    assert others == []


def test_client_that_acknowledges_the_wrong_block_is_told_so() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(2)), asked(following(1)))
    refused = bytes.fromhex("C402C1 01 00000001 01 13")
    story, *_ = on_line(OPENING, begun, at(0.1, answered(refused)), READING)
    assert (story.code, story.cause) == ("block-number-wrong", "block-number-differs")
    assert "acknowledges block 1; the last one it got is 2" in story.evidence[0].text


FIRST_SET = bytes.fromhex("C102C1 0001 0000600100FF 02 00 00 00000001 02 0904")
LAST_SET = bytes.fromhex("C103C1 01 00000002 04 41424344")
FIRST_ACTION = bytes.fromhex("C304C1 0012 00002C0000FF 02 00 00000001 02 0904")
LAST_ACTION = bytes.fromhex("C306C1 01 00000002 04 41424344")


@pytest.mark.parametrize(
    ("first", "taken", "last", "result", "number"),
    [
        (FIRST_SET, "C502C1 00000007", LAST_SET, "C503C1 00 00000002", 4),
        (FIRST_SET, "C502C1 00000001", LAST_SET, "C503C1 00 00000001", 6),
        (FIRST_ACTION, "C704C1 00000003", LAST_ACTION, "C701C1 00 00", 4),
        (FIRST_SET, "C502C1 00000001", LAST_SET, "C503C1 00 00000002", 0),
        (FIRST_ACTION, "C704C1 00000001", LAST_ACTION, "C701C1 00 00", 0),
    ],
)
def test_meter_that_acknowledges_another_block_than_it_got_is_told_so(
    first: bytes, taken: str, last: bytes, result: str, number: int
) -> None:
    writing = at(1, asked(first), answered(bytes.fromhex(taken)), asked(last), answered(bytes.fromhex(result)))
    stories = [one for one in over_tcp(OPENING, writing, READING) if one.code == "block-number-wrong"]
    assert [(one.cause, one.records[-1]) for one in stories] == [("block-number-differs", number)] * bool(number)


def test_block_that_the_capture_misses_is_no_fault_of_the_meter() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(2)), answered(block(3, last=True)))
    stories = over_tcp(OPENING, begun, READING)
    (lost,) = [one for one in stories if one.code == "block-lost"]
    assert (lost.cause, lost.confidence) == ("capture-loss", "certain")


def test_blocks_that_count_from_0_are_no_loss() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(0)), asked(following(0)), answered(block(1, last=True)))
    stories = over_tcp(OPENING, begun, READING)
    assert (stories[0].code, stories[0].cause) == ("block-number-wrong", "counted-from-0")
    assert "block-lost" not in [one.code for one in stories]


def test_block_that_the_meter_leaves_out_is_its_fault() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(3, last=True)))
    (lost,) = [one for one in over_tcp(OPENING, begun, READING) if one.code == "block-lost"]
    assert lost.cause == "block-skipped"


def test_block_missing_before_the_last_one_is_told_as_that_where_the_capture_ends_there() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(3, last=True)))
    for stories in (over_tcp(OPENING, begun), on_line(OPENING, begun)):
        assert named(stories) == [("block-lost", "block-skipped")]


def test_dead_meter_at_the_end_of_the_capture_is_told() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), OPENING, READING, at(1, asked(GET_CLOCK)))
    units += [At(30, asked(frame(b"", 0x93, b"\x05\x21")))]  # another meter of the line is called
    codes = {one.code for one in diagnose(serial_chunks(units))}
    assert codes & {"provider-abort", "response-missing"}


@pytest.mark.parametrize(("has_gap", "cause"), [(False, "server-silent"), (True, "capture-loss")])
def test_answer_that_a_tap_was_gone_for_is_no_silence_of_the_meter(has_gap: bool, cause: str) -> None:
    units = on_hdlc(Station(), OPENING, READING, at(1, asked(GET_CLOCK)))
    units += [At(30, asked(frame(b"", 0x93, b"\x05\x21")))]  # another meter of the line is called
    heard = serial_chunks(units)
    kinds = {heard[0].direction: rtac.TX_START, heard[1].direction: rtac.RX_START}
    events = [(one.time_ns or 0, kinds[one.direction], one.octets) for one in heard]
    if has_gap:
        events.insert(-1, (events[-2][0] + SECOND, rtac.DATA_LOST, b""))
    packets = [(now, rtac.event(kind, now, octets)) for now, kind, octets in events]
    chunks = [Chunk(at, now, rtac.LINK_TYPE, UNKNOWN, one, len(one), 0) for at, (now, one) in enumerate(packets, 1)]
    stories = diagnose(chunks)
    assert ("response-missing", cause) in named(stories)
    behind = [
        one.text for story in stories for one in story.evidence if "the tap lost octets behind record" in one.text
    ]
    assert bool(behind) == has_gap


def test_silence_of_a_live_capture_is_told_once_without_a_further_record() -> None:
    chunks = serial_chunks(on_hdlc(Station(), OPENING, READING, at(1, asked(GET_CLOCK))))
    doctor = Doctor()
    for record in Pipeline().run(ListSource(chunks)):
        doctor.take(record)
    asked_ns = chunks[-1].time_ns or 0
    doctor.tick(asked_ns + SECOND)
    assert doctor.stories() == []
    for seconds in (11, 12):
        doctor.tick(asked_ns + seconds * SECOND)
    (story,) = doctor.stories()
    assert (story.code, story.count, story.records) == ("response-missing", 1, [5])


def test_tags_of_refusing_apdus_are_those_that_readers_are_asked_for() -> None:
    assert {tag for tag, family in registry.FAMILIES.items() if family in _READERS} == REFUSING
    assert len(REFUSING) == len(_READERS)


def test_last_general_block_that_comes_again_lacks_nothing() -> None:
    blocks = [answered(one) for one in general_blocks(CLOCK_ANSWER, 7)]
    stories = over_tcp(OPENING, at(1, asked(GET_CLOCK), *blocks, blocks[-1]), READING)
    assert "block-lost" not in [one.code for one in stories]


@pytest.mark.parametrize("answer", ["C501C1 00", "C701C1 00 00"])
@pytest.mark.parametrize("dialogue", [on_line, over_tcp])
def test_answer_of_another_service_is_told_once_and_no_silence(
    dialogue: Callable[..., list[Story]], answer: str
) -> None:
    wrong = at(1, asked(GET_CLOCK), answered(bytes.fromhex(answer)))
    (story,) = dialogue(OPENING, READING, wrong, READING)
    assert (story.code, story.cause) == ("response-without-request", "answer-of-another-service")
    assert (story.severity, story.records) == (Severity.WARNING, [5, 6])


@pytest.mark.parametrize("answer", ["C501C2 00", "C401C1 00 06 00000001"])
def test_answer_of_another_service_has_the_invoke_id_of_its_request(answer: str) -> None:
    wrong = at(1, asked(GET_CLOCK), answered(bytes.fromhex(answer)))
    told = over_tcp(OPENING, READING, wrong, READING)
    assert "answer-of-another-service" not in {one.cause for one in told}


@pytest.mark.parametrize("wait", [11, 14])
def test_late_answer_is_of_the_service_that_asked_for_it_and_of_no_other(wait: int) -> None:
    write, read = at(1, asked(SET_CLOCK)), at(wait, asked(GET_CLOCK), answered(bytes.fromhex("C501C100")))
    (story,) = over_tcp(OPENING, READING, write, read, at(0.2, answered(CLOCK_ANSWER)), READING)
    assert (story.code, story.cause) == ("response-without-request", "late-response")
