"""Sessions on a bus that go wrong in several ways at once, or in a way that is no error by itself: one story each."""

from __future__ import annotations

import pytest

from analyzer.diagnosis import link
from analyzer.export.stories import text_lines
from analyzer.pipeline import Pipeline
from captures import source_from_hex
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, Station, answered, asked, general_blocks
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    OPENING,
    READING,
    RLRE,
    RLRQ,
    At,
    at,
    follow,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)

CLIENT, SERVER = b"\x21", b"\x02\x23"
DM = 0x1F


def station() -> Station:
    return Station(CLIENT, SERVER)


def opened(line: Station) -> list[At]:
    return [*at(0, *line.connect()), *on_hdlc(line, OPENING, READING)]


def test_octet_lost_behind_a_good_header_leaves_the_frame_with_its_meter() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, READING, READING)]
    seconds, (direction, octets) = units[7]
    units[7] = At(seconds, Said(direction, octets[:12] + octets[13:]))  # C4: what is left begins with 01 C1
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause, story.meter) == ("hdlc-length-wrong", "octets-lost", "1.17")


def test_damaged_address_of_a_frame_without_information_names_no_meter() -> None:
    line = station()
    units = [*opened(line), *at(0.1, *line.disconnect())]
    seconds, (direction, octets) = units[-1]
    units[-1] = At(seconds, Said(direction, octets[:5] + bytes((octets[5] ^ 8,)) + octets[6:]))
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause, story.meter) == ("hdlc-fcs-wrong", "bit-error", "")


def test_meter_that_answers_in_another_address_length_is_one_story_and_its_answers_are_answers() -> None:
    line = station()
    line.ends[ANSWERED] = CLIENT + bytes.fromhex("00020023")
    chunks = serial_chunks(opened(line))
    assert named(diagnose(chunks)) == [("hdlc-address-unusual", "address-length-differs")]
    ((one,), _) = follow(chunks)
    assert [each.service for each in one.exchanges] == ["aarq", "get-request"]


def test_dm_to_one_client_beside_another_is_one_story_though_the_client_asks_on() -> None:
    near, far = station(), Station(b"\x03", SERVER)
    units = [*opened(near), *opened(far)]
    units += at(0.1, *far.frames([asked(GET_CLOCK)]), answered(frame(b"", DM, b"\x03" + SERVER)))
    units += [*on_hdlc(near, READING), *at(0.1, *far.frames([asked(GET_CLOCK)]))]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("provider-abort", "dm-received")
    assert [one.code for one in story.leads_to] == ["hdlc-disconnected-mode"]


def test_dm_to_snrm_is_one_story() -> None:
    asking, _ = station().connect()
    (story,) = diagnose(serial_chunks(at(0, asking, answered(frame(b"", DM, CLIENT + SERVER)))))
    assert story.code == "association-rejected"
    assert [one.code for one in story.leads_to] == ["hdlc-disconnected-mode"]


def test_frame_sent_again_in_vain_after_a_long_pause_is_a_time_out() -> None:
    line = station()
    units = opened(line)
    (vain,) = line.frames([asked(GET_CLOCK)])
    units += [*at(125, vain), *at(5, vain), *at(5, vain)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("provider-abort", "inactivity-timeout")
    assert [one.code for one in story.leads_to] == ["response-missing"]


def test_snrm_that_had_to_be_sent_again_is_told_though_ua_came() -> None:
    line = station()
    asking, answer = line.connect()
    units = [*at(0, asking), *at(2, asking), *at(2, asking, answer), *on_hdlc(line, OPENING)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause, story.count) == ("hdlc-retransmission", "no-answer", 1)
    assert "sent 3 times before UA came in record 4" in story.evidence[0].text


def test_meter_that_answers_no_snrm_is_told_beside_others_that_do() -> None:
    near, far = station(), Station(CLIENT, b"\x02\x25")
    asking, _ = far.connect()
    units = [*opened(near), *at(1, asking), *at(3, asking), *at(3, asking), *at(1, *near.connect())]
    (story,) = diagnose(serial_chunks([*units, *on_hdlc(near, OPENING, READING)]))
    assert (story.code, story.cause, story.severity) == ("response-missing", "server-silent", Severity.WARNING)
    assert "SNRM was sent 3 times to 1.18" in story.evidence[0].text


def test_many_addresses_that_answer_no_snrm_are_one_story() -> None:
    units = opened(station())
    for address in range(20, 40):
        asking, _ = Station(CLIENT, bytes((2, address << 1 | 1))).connect()
        units += [*at(1, asking), *at(3, asking)]
    (story,) = diagnose(serial_chunks([*units, *at(5, *station().connect())]))
    assert (story.code, story.count) == ("response-missing", 20)


@pytest.mark.parametrize("behind_s", [0.5, 5])
def test_second_snrm_just_before_the_capture_ends_may_be_answered_behind_it(behind_s: float) -> None:
    line = station()
    asking, _ = Station(CLIENT, b"\x02\x25").connect()
    units = [*opened(line), *at(1, asking), *at(1, asking), *at(behind_s, *line.connect())]
    assert [one.code for one in diagnose(serial_chunks(units))] == ["response-missing"] * (behind_s > 3)


def test_ua_of_another_meter_is_no_answer_to_snrm() -> None:
    asking, _ = station().connect()
    _, answer = Station(CLIENT, b"\x02\x27").connect()
    stories = diagnose(serial_chunks([each for _ in range(3) for each in at(3, asking, answer)]))
    assert named(stories) == [("response-missing", "server-silent")]
    assert "1.19 answered instead" in stories[0].evidence[0].text


def test_echo_of_snrm_that_nothing_comes_behind_weighs_as_a_missing_answer() -> None:
    asking, _ = station().connect()
    echo = answered(asking.octets)
    (story,) = diagnose(serial_chunks([each for _ in range(3) for each in at(3, asking, echo)]))
    assert (story.code, [one.code for one in story.leads_to]) == ("line-echo", ["response-missing"])
    assert story.worst is Severity.WARNING


def test_old_frame_that_is_sent_again_out_of_turn_is_no_loss_of_the_capture() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, READING, READING)]
    ready = line.ready(ANSWERED)
    replayed = units[4].said
    stories = diagnose(serial_chunks([*units, *at(1, replayed, ready), *on_hdlc(line, READING, READING)]))
    assert (stories[0].code, stories[0].cause) == ("hdlc-sequence-wrong", "frame-replayed")
    assert "hdlc-frame-lost" not in [one.code for one in (*stories, *stories[0].leads_to)]


def test_frmr_tells_of_the_number_that_it_rejects_and_the_capture_lost_nothing() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, READING)]
    line.sent = {ASKED: 6, ANSWERED: 4}
    wrong = line.information(ASKED, b"\xe6\xe6\0" + GET_CLOCK)
    rejecting = frame(bytes((0x9C, 0x66, 0x10)), 0x97, CLIENT + SERVER)
    (story,) = diagnose(serial_chunks([*units, *at(1, asked(wrong), answered(rejecting))]))
    assert (story.code, story.cause) == ("hdlc-frame-rejected", "counters-not-reset")
    assert [one.code for one in story.leads_to] == ["provider-abort"]


def test_frmr_for_too_much_information_follows_from_that() -> None:
    line = station()
    units = opened(line)
    long = line.information(ASKED, b"\xe6\xe6\0" + bytes.fromhex("C101C1 0001 0000600101FF 02 00 0981C8") + bytes(200))
    rejecting = frame(bytes((long[6], 0x44, 0x04)), 0x97, CLIENT + SERVER)
    (story,) = diagnose(serial_chunks([*units, *at(1, asked(long), answered(rejecting))]))
    assert (story.code, [one.code for one in story.leads_to]) == ("hdlc-information-too-long", ["hdlc-frame-rejected"])
    assert next(iter(text_lines(1, story, 3))).startswith("1. ERROR: ")  # it weighs as what comes of it


def test_repetition_after_an_answer_that_lacks_an_octet_follows_from_that() -> None:
    line = station()
    units = opened(line)
    request, (direction, octets) = line.frames([asked(GET_CLOCK), answered(CLOCK_ANSWER)])
    lacking = Said(direction, octets[:20] + octets[21:])  # a reader waits for the octet, so the frame is given late
    units += [*at(1, request, lacking), *at(3, request, Said(direction, octets)), *on_hdlc(line, READING)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("hdlc-length-wrong", "octets-lost")
    assert [one.code for one in story.leads_to] == ["hdlc-retransmission"]


def test_two_clients_that_take_the_meter_from_one_another_are_named() -> None:
    near, far = station(), Station(b"\x61", SERVER)
    units = [*opened(near), *opened(far), *at(1, *near.frames([asked(GET_CLOCK)]))]
    (story,) = diagnose(serial_chunks([*units, *at(0.1, answered(frame(b"", DM, CLIENT + SERVER)))]))
    assert "client 48 set up a link with it in between" in story.leads_to[0].evidence[0].text


@pytest.mark.parametrize("most", [1, 2, 3, 4096])
def test_dm_is_told_however_many_links_are_remembered(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_MOST_LINKS", most)
    lines = [Station(bytes((one,)), bytes((2, other))) for one in (0x21, 0x61) for other in (0x23, 0x25, 0x27)]
    units = [each for line in lines for each in opened(line)]
    for line in lines:
        refused = answered(frame(b"", DM, line.ends[ANSWERED]))
        units += [*at(1, *line.frames([asked(GET_CLOCK)])), *at(0.1, refused)]
    told = [each for one in diagnose(serial_chunks(units)) for each in (one, *one.leads_to)]
    assert sum(one.count for one in told if one.code == "hdlc-disconnected-mode") == len(lines)


def test_answers_that_come_twice_show_a_time_out_that_is_too_short() -> None:
    line = station()
    units = opened(line)
    request, answer = line.frames([asked(GET_CLOCK), answered(CLOCK_ANSWER)])
    units += [*at(1, request), *at(0.5, request), *at(0.2, answer), *at(0.5, answer), *on_hdlc(line, READING)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("hdlc-retransmission", "time-out-too-short")


def test_answer_that_acknowledges_is_an_answer_though_the_request_is_sent_again() -> None:
    line = station()
    units = opened(line)
    request, (direction, octets) = line.frames([asked(GET_CLOCK), answered(CLOCK_ANSWER)])
    answer = Said(direction, frame(octets[9:-3], octets[6] & 0xEF, CLIENT + SERVER))  # not final
    (story,) = diagnose(serial_chunks([*units, *at(1, request, answer), *at(5, request, answer)]))
    assert (story.code, story.cause) == ("hdlc-retransmission", "answer-not-taken")
    assert "does not hand the turn over" in story.evidence[0].text


def test_release_that_is_not_normal_is_noted_with_its_reason() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, at(1, asked(RLRQ), answered(bytes.fromhex("6303800101"))))]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.severity) == ("release-not-normal", Severity.NOTE)
    assert "not-finished (1)" in story.evidence[0].text


def answer_whose_fcs_ends_in_a_flag(line: Station) -> bytes:
    """A get-response in a frame whose last octet before the closing flag is 7E."""
    kept = dict(line.sent)
    for number in range(1 << 12):
        line.sent = dict(kept)
        ((_, octets),) = line.frames([answered(bytes.fromhex("C401C100 12") + number.to_bytes(2, "big"))])
        if octets[-2] == 0x7E:
            return octets
    raise AssertionError


def test_reader_that_stops_at_the_flag_in_the_fcs_is_the_cause_of_the_requests_sent_again() -> None:
    line = station()
    units = opened(line)
    (request,) = line.frames([asked(GET_CLOCK)])
    cut = answered(answer_whose_fcs_ends_in_a_flag(line)[:-1])
    units += [*at(1, request, cut), *at(5, request, cut), *at(5, request, cut)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause, story.records) == ("capture-cut", "cut-at-flag-octet", [8, 10, 12])
    assert {one.code for one in story.leads_to} == {"hdlc-retransmission"}


def test_flags_within_what_the_client_writes_say_nothing_of_how_answers_are_read() -> None:
    line = station()
    proposal = AARQ.replace(bytes.fromhex("001E1D"), bytes.fromhex("007E1F"))
    opening = on_hdlc(line, at(0, asked(proposal), answered(AARE)), READING)
    request, answer = line.frames([asked(GET_CLOCK), answered(bytes.fromhex("C401C100 0909") + b"1234\x7e5678")])
    cut = answer.octets[: answer.octets.index(b"\x7e", 1) + 1]
    said = [*line.connect(), *(one.said for one in opening), request]
    with source_from_hex("\n".join(one.hex() for one in [*(one.octets for one in said), cut])) as source:
        (story,) = diagnose(list(source))
    assert (story.cause, story.confidence) == ("cut-at-flag-octet", "possible")


def test_flag_that_comes_in_a_read_of_its_own_still_closes_its_frame() -> None:
    line = station()
    units = opened(line)
    (request,) = line.frames([asked(GET_CLOCK)])
    whole = answer_whose_fcs_ends_in_a_flag(line)
    units += at(1, request, answered(whole[:-1]), answered(whole[-1:]))
    assert not diagnose(serial_chunks([*units, *on_hdlc(line, READING)]))


@pytest.mark.parametrize(("apart_s", "is_told"), [(0.001, False), (0.004, False), (0.02, True)])
@pytest.mark.parametrize("in_pieces", [True, False])
def test_flag_behind_octets_of_the_other_tap_closes_its_frame_where_it_comes_at_once(
    apart_s: float, is_told: bool, in_pieces: bool
) -> None:
    line = station()
    units = opened(line)
    (request,) = line.frames([asked(GET_CLOCK)])
    whole = answer_whose_fcs_ends_in_a_flag(line)
    (following,) = line.frames([asked(GET_CLOCK)])
    begun, rest = asked(following.octets[:4]), asked(following.octets[4:])
    units += [*at(1, request), *at(0.1, answered(whole[:-1])), *at(apart_s, begun), *at(0.0005, answered(whole[-1:]))]
    units += at(0.001, rest) if not in_pieces else at(0.001, asked(rest.octets[:6]), asked(rest.octets[6:]))
    found = [one.cause for one in diagnose(serial_chunks(units))]
    assert ("cut-at-flag-octet" in found) is is_told


def test_whole_request_at_once_behind_an_answer_without_its_flag_stands_behind_it() -> None:
    line = station()
    units = opened(line)
    (request,) = line.frames([asked(GET_CLOCK)])
    cut = answered(answer_whose_fcs_ends_in_a_flag(line)[:-1])
    (following,) = line.frames([asked(GET_CLOCK)])
    units += [*at(1, request), *at(0.1, cut), *at(0.001, following)]
    *_, answer, last = Pipeline().run(ListSource(serial_chunks(units)))
    assert (answer.octets, last.octets) == (cut.octets, following.octets)


def test_evidence_that_reads_the_same_is_told_once_with_all_its_records() -> None:
    line = station()
    line.connect()
    units = [*at(0, *line.connect()), *on_hdlc(line, OPENING)]
    long = bytes.fromhex("C401C100 09 81C8") + bytes(200)
    for _ in range(3):
        units += at(1, *line.frames([asked(GET_CLOCK), answered(long)], 512))
    (story,) = diagnose(serial_chunks(units))
    shown = [one for one in text_lines(1, story, 3) if one.startswith("   seen")]
    assert story.count == 3
    assert [one[:34] for one in shown] == ["   seen   records 6, 8, 10, octets"]


def test_refusal_without_a_reason_is_no_wrong_password_where_none_was_sent() -> None:
    refused = bytes.fromhex("6117 A109 060760857405080101 A203020101 A305 A103020101")
    line = station()
    (story,) = diagnose(serial_chunks([*at(0, *line.connect()), *on_hdlc(line, at(1, asked(AARQ), answered(refused)))]))
    assert [one.cause for one in story.alternatives] == ["mechanism-not-accepted", "client-sap-unknown"]
    assert len([one for one in text_lines(1, story, 3) if one.startswith("   seen")]) == 1


@pytest.mark.parametrize(("side", "code"), [(ASKED, "response-missing"), (ANSWERED, "response-without-request")])
def test_line_of_which_one_direction_was_captured_says_so(side: int, code: str) -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, at(1, asked(RLRQ), answered(RLRE)))]
    (story,) = diagnose(serial_chunks([one for one in units if one.said.direction == side]))
    assert (story.code, story.severity) == (code, Severity.NOTE)
    assert "direction-missing" in [story.cause, *(one.cause for one in story.alternatives)]


def test_frames_that_are_explained_for_certain_leave_no_doubt_about_the_speed() -> None:
    asking, _ = station().connect()
    octets = asking.octets
    swapped = asked(octets[:-3] + octets[-2:-1] + octets[-3:-2] + octets[-1:])
    (story,) = diagnose(serial_chunks([each for _ in range(4) for each in at(3, swapped)]))
    assert (story.code, story.cause, story.count) == ("hdlc-fcs-wrong", "fcs-octets-swapped", 4)


@pytest.mark.parametrize(("pause", "is_sure"), [(0.0004, False), (0.02, False), (0.5, True)])
def test_frame_that_comes_again_on_its_own_side_is_no_echo(pause: float, is_sure: bool) -> None:
    line = station()
    units = opened(line)
    request, answer = line.frames([asked(GET_CLOCK), answered(CLOCK_ANSWER)])
    units += [*at(1, request), *at(pause, request), *at(0.2, answer), *on_hdlc(line, READING)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("hdlc-retransmission", "no-answer")
    assert (story.confidence == "likely") is is_sure
    assert [one.cause for one in story.alternatives] == ([] if is_sure else ["captured-twice"])


def test_ready_frame_that_is_damaged_is_no_window_that_was_ignored() -> None:
    line = station()
    units = opened(line)
    asking, first, ready, *rest = [*line.frames([asked(GET_CLOCK)]), *line.frames([answered(CLOCK_ANSWER)], 12)]
    hurt = Said(ready.direction, ready.octets[:4] + ready.octets[5:])
    units += [*at(1, asking), *at(0.2, first), *at(0.02, hurt), *at(0.2, *rest), *on_hdlc(line, READING)]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, [one.code for one in story.leads_to]) == ("hdlc-length-wrong", ["hdlc-window-exceeded"])


def test_frames_whose_ff_are_doubled_come_through_telnet() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, READING, READING)]
    through = [
        one._replace(said=one.said._replace(octets=one.said.octets.replace(b"\xff", b"\xff\xff"))) for one in units
    ]
    (story,) = diagnose(serial_chunks(through))
    assert (story.code, story.cause) == ("hdlc-length-wrong", "telnet-negotiation")


def test_ff_that_came_in_beside_one_is_no_telnet_where_others_stand_once() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, READING)]
    ((direction, octets),) = line.frames([asked(GET_CLOCK)])
    hurt = Said(direction, octets.replace(b"\xff", b"\xff\xff"))
    (story,) = diagnose(serial_chunks([*units, *at(1, hurt)]))
    assert (story.code, story.cause) == ("hdlc-length-wrong", "octets-inserted")


@pytest.mark.parametrize(
    ("order", "pause", "told"),
    [
        ((1, 0, 2, 3), 0.1, [("response-without-request", "captured-out-of-order")]),
        ((1, 0, 0, 1, 2, 3), 0.1, [("response-without-request", "capture-loss")]),
        ((1, 0, 2, 3), 2, [("response-missing", "server-silent"), ("response-without-request", "capture-loss")]),
    ],
    ids=["swapped", "asked again", "long before"],
)
def test_answer_that_stands_before_its_request_is_no_silence(
    order: tuple[int, ...], pause: float, told: list[tuple[str, str]]
) -> None:
    first, second = (bytes((0xC0 | one,)) for one in (2, 3))
    ask, answer = (GET_CLOCK, CLOCK_ANSWER)
    said = [made for one in (first, second) for made in (
        asked(ask[:2] + one + ask[3:]), answered(answer[:2] + one + answer[3:]))]  # fmt: skip
    units = [
        *at(1, asked(AARQ), answered(AARE)),
        *READING,
        *(each for one in order for each in at(pause, said[one])),
        *READING,
    ]
    assert named(diagnose(tcp_chunks(units))) == told


@pytest.mark.parametrize(
    ("is_first", "told"),
    [(True, ("capture-started-late", "possible")), (False, ("segment-lost", "possible"))],
    ids=["first transfer", "later one"],
)
def test_push_that_lacks_its_first_block_was_cut_by_the_capture_at_its_beginning_alone(
    is_first: bool, told: tuple[str, str]
) -> None:
    pushes = [bytes.fromhex(f"0F0000000{one} 00 0203 060000000{one} 060000000{one} 060000000{one}") for one in (1, 2)]
    whole, cut = (general_blocks(one, 11, window=3) for one in pushes)
    units = [*at(1, *map(answered, [] if is_first else whole)), *at(60, *map(answered, cut[1:]))]
    (story,) = diagnose(tcp_chunks(units))
    assert (story.code, story.cause, story.confidence) == ("block-lost", *told)


def test_frame_that_stands_behind_its_answer_may_lack_its_closing_flag() -> None:
    line = station()
    units = opened(line)
    request, answer = line.frames(
        [asked(GET_CLOCK.replace(b"\xc1", b"\xc5")), answered(CLOCK_ANSWER.replace(b"\xc1", b"\xc5"))]
    )
    units += [*at(1, answer), *at(0.1, request), *on_hdlc(line, READING)]
    story, *_ = diagnose(serial_chunks(units))
    assert (story.cause, story.confidence) == ("captured-out-of-order", "possible")
    assert [one.cause for one in story.alternatives] == ["octets-lost", "capture-loss"]
