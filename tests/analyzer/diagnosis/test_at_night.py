"""Sessions on a bus that go wrong in several ways at once, or in a way that is no error by itself: one story each."""

from __future__ import annotations

from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import ANSWERED, Said, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    GET_CLOCK,
    RLRQ,
    At,
    at,
    follow,
    on_hdlc,
    serial_chunks,
)

CLIENT, SERVER = b"\x21", b"\x02\x23"
OPENING = at(0, asked(AARQ), answered(AARE))
READING = at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER))
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


def test_release_that_is_not_normal_is_noted_with_its_reason() -> None:
    line = station()
    units = [*opened(line), *on_hdlc(line, at(1, asked(RLRQ), answered(bytes.fromhex("6303800101"))))]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.severity) == ("release-not-normal", Severity.NOTE)
    assert "not-finished (1)" in story.evidence[0].text
