"""Associations that were refused, aborted or lost: one story each, with cause, proof and what follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from analyzer.session import Session
from analyzer.simulate.secured import Side
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from captures import source_from_hex
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named, on_line, over_tcp
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking import all_keys
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, Station, answered, asked, chunk, wrapped
from tests.analyzer.tracking.secured import keyring, said, secrets, security_of, session
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    FIN,
    GET_CLOCK,
    OPENING,
    READING,
    REFUSED_AARE,
    RELEASE,
    RLRQ,
    RST,
    At,
    at,
    on_hdlc,
    serial_chunks,
)

PASSWORD = bytes.fromhex(
    "6036 A109 0607 60857405080101 8A02 0780 8B07 60857405080201 AC0A 8008 3132333435363738"
    "BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF"
)
"""An AARQ with low level security, password 12345678."""
GET_TIMEOUT = bytes.fromhex("C001C1 0017 0000160000FF 08 00")
"""inactivity_time_out of the HDLC setup."""


def aare(result: int, source: int, diagnostic: int, inside: str = "") -> bytes:
    body = bytes.fromhex("A109 0607 60857405080101 A203 0201") + bytes((result,))
    body += bytes((0xA3, 5, source, 3, 2, 1, diagnostic)) + bytes.fromhex(inside)
    return bytes((0x61, len(body))) + body


def initiate_error(kind: int, error: int) -> str:
    return f"BE06 0404 0E01{kind:02X}{error:02X}"


USER, PROVIDER = 0xA1, 0xA2


@pytest.mark.parametrize(
    ("answer", "cause", "confidence"),
    [
        (aare(1, USER, 13), "wrong-password", "likely"),
        (aare(1, USER, 2), "wrong-context", "certain"),
        (aare(1, USER, 3), "client-title-unknown", "certain"),
        (aare(1, USER, 11), "mechanism-not-accepted", "certain"),
        (aare(1, USER, 12), "mechanism-not-accepted", "certain"),
        (aare(1, PROVIDER, 2), "version-too-low", "likely"),
        (aare(1, USER, 1, initiate_error(6, 1)), "version-too-low", "certain"),
        (aare(1, USER, 1, initiate_error(6, 2)), "conformance-incompatible", "certain"),
        (aare(1, USER, 1, initiate_error(6, 3)), "pdu-size-too-short", "certain"),
        (aare(1, USER, 1, initiate_error(0, 6)), "proposal-undecipherable", "certain"),
        (aare(2, USER, 1), "meter-busy", "likely"),
        (aare(1, USER, 1), "refused-without-reason", "possible"),
        (bytes.fromhex("D8 01 05"), "proposal-undecipherable", "certain"),
        (bytes.fromhex("D8 01 01"), "meter-busy", "possible"),
        (bytes.fromhex("D8 01 02"), "wrong-context", "possible"),
        (bytes.fromhex("D8 02 03"), "request-refused", "possible"),
        (bytes.fromhex("0E 01 06 01"), "version-too-low", "certain"),
        (bytes.fromhex("0E 01 06 03"), "pdu-size-too-short", "certain"),
        (bytes.fromhex("0E 01 06 04"), "refused-by-handler", "certain"),
        (bytes.fromhex("0E 01 00 02"), "request-refused", "possible"),
    ],
)
def test_refused_association_has_its_cause(answer: bytes, cause: str, confidence: str) -> None:
    story, *_ = on_line(at(0, asked(PASSWORD), answered(answer)))
    assert (story.code, story.cause, story.confidence) == ("association-rejected", cause, confidence)
    assert story.severity is Severity.ERROR
    assert story.records == [1, 2]


def test_aare_without_user_information_names_the_password_and_what_was_asked_for() -> None:
    (story,) = on_line(at(0, asked(PASSWORD), answered(REFUSED_AARE)))
    assert named([story]) == [("association-rejected", "wrong-password")]
    assert "authentication-failure (13), without user-information" in story.evidence[0].text
    assert "low level security" in story.evidence[0].text
    # frame 7E, format 2, addresses 2, control 1, HCS 2, LLC 3: the APDU begins at 11, A2 03 .. at 13 in it
    assert (story.evidence[0].start, story.evidence[0].end) == (24, 36)
    assert "client-sap-unknown" in {one.cause for one in story.alternatives}


def test_authentication_failure_without_any_authentication_asks_for_a_mechanism() -> None:
    (story,) = on_line(at(0, asked(AARQ), answered(REFUSED_AARE)))
    assert story.cause == "mechanism-not-accepted"


def test_proposal_without_user_information_is_named() -> None:
    bare = bytes.fromhex("600B A109 0607 60857405080101")
    (story,) = on_line(at(0, asked(bare), answered(aare(1, USER, 1))))
    assert (story.cause, story.confidence) == ("user-information-missing", "likely")


def lost(stories: list[Story]) -> Story:
    story = stories[0]
    assert story.code == "provider-abort"
    return story


def on_link(*units: list[At], dm: bool = True) -> list[Story]:
    """An association on a link whose meter answers DM at the end."""
    station = Station()
    made = on_hdlc(station, at(0, *station.connect()), OPENING, *units)
    if dm:
        made += at(0.1, answered(frame(b"", 0x1F, station.ends[ANSWERED])))
    return diagnose(serial_chunks(made))


def test_provider_abort_after_the_time_out_that_was_read_is_certain_and_one_story() -> None:
    told = at(1, asked(GET_TIMEOUT), answered(bytes.fromhex("C401C1 00 12 0078")))
    stories = on_link(told, at(121, asked(GET_CLOCK)))
    story = lost(stories)
    assert (story.cause, story.confidence) == ("inactivity-timeout", "certain")
    assert "121.0 s" in story.evidence[0].text
    assert "is 120 s" in story.evidence[0].text
    assert story.records == [6, 7, 8]
    assert [one.code for one in story.leads_to] == ["hdlc-disconnected-mode"]
    assert len(stories) == 1


def test_pause_shorter_than_the_time_out_that_was_read_is_no_time_out() -> None:
    told = at(1, asked(GET_TIMEOUT), answered(bytes.fromhex("C401C1 00 12 0258")))
    story = lost(on_link(told, at(121, asked(GET_CLOCK))))
    assert story.cause == "dm-received"


@pytest.mark.parametrize(("pause", "confidence"), [(121, "likely"), (40, "possible")])
def test_long_pause_without_a_time_out_read_is_held_against_the_usual_ones(pause: int, confidence: str) -> None:
    story = lost(on_link(READING, at(pause, asked(GET_CLOCK))))
    assert (story.cause, story.confidence) == ("inactivity-timeout", confidence)


def test_dm_without_a_pause_is_no_time_out() -> None:
    story = lost(on_link(READING, at(1, asked(GET_CLOCK))))
    assert story.cause == "dm-received"
    assert "server-restart" in {one.cause for one in story.alternatives}


def test_pause_that_was_survived_before_is_not_blamed() -> None:
    story = lost(on_link(READING, at(60, asked(GET_CLOCK), answered(CLOCK_ANSWER)), at(40, asked(GET_CLOCK))))
    assert story.cause == "dm-received"


def test_equal_pauses_show_the_time_out() -> None:
    station = Station()
    units: list[At] = []
    for _ in range(3):
        units += on_hdlc(station, at(5, *station.connect()), OPENING, READING, at(45, asked(GET_CLOCK)))
        units += at(0.1, answered(frame(b"", 0x1F, station.ends[ANSWERED])))
    story = lost(diagnose(serial_chunks(units)))
    assert (story.cause, story.count) == ("inactivity-timeout", 3)
    assert "2 pauses of 45.0 s and more ended so" in " ".join(one.text for one in story.evidence)


def test_tcp_reset_after_a_pause_is_a_time_out_and_who_acted_first_is_told() -> None:
    stories = over_tcp(OPENING, READING, at(300, asked(GET_CLOCK)), last=[(0.1, ANSWERED, RST)])
    story = lost(stories)
    assert story.cause == "inactivity-timeout"
    assert "the meter acted first" in story.evidence[0].text
    assert {"tcp-reset", "nat-expiry"} & {one.cause for one in story.alternatives}
    assert len(stories) == 1


def test_meter_that_closes_the_connection_of_a_silent_client_is_told() -> None:
    story = lost(over_tcp(OPENING, READING, last=[(181, ANSWERED, FIN), (0.1, ASKED, FIN)]))
    assert story.cause == "inactivity-timeout"


def test_reset_without_a_pause_is_a_reset() -> None:
    story = lost(over_tcp(OPENING, READING, at(0.5, asked(GET_CLOCK)), last=[(0.1, ANSWERED, RST)]))
    assert (story.cause, story.confidence) == ("tcp-reset", "certain")


def test_client_that_asks_in_vain_and_begins_anew_has_lost_the_link() -> None:
    vain = at(1, asked(GET_CLOCK)), at(5, asked(GET_CLOCK)), at(5, asked(GET_CLOCK))
    story = lost(on_line(OPENING, READING, *vain, at(5, asked(AARQ), answered(AARE)), READING))
    assert story.cause == "link-lost"
    assert "asked 3 times" in story.evidence[0].text
    assert [one.code for one in story.leads_to] == ["response-missing"]


def test_tries_are_those_since_the_last_answer_and_of_the_request_itself() -> None:
    other = GET_CLOCK[:2] + b"\xc2" + GET_CLOCK[3:]
    before = at(1, asked(GET_CLOCK)), at(5, asked(GET_CLOCK), answered(CLOCK_ANSWER)), READING
    for vain in ([asked(GET_CLOCK)], [asked(GET_CLOCK), asked(other)]):
        story = lost(over_tcp(OPENING, *before, at(1, *vain), last=[(0.1, ANSWERED, RST)]))
        assert "was not answered" in story.evidence[0].text
        assert "times" not in story.evidence[0].text


def test_client_that_does_not_wait_for_its_answer_is_told_so() -> None:
    slow = at(1, asked(GET_CLOCK)), at(2, answered(CLOCK_ANSWER))
    story = lost(on_line(OPENING, *slow, *slow, at(1, asked(GET_CLOCK)), at(0.3, asked(AARQ), answered(AARE))))
    assert story.cause == "client-restart"


def test_frame_reject_is_the_fault_and_the_lost_association_follows() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), OPENING, at(1, asked(GET_CLOCK)))
    units += at(0.1, answered(frame(bytes.fromhex("540010"), 0x97, station.ends[ANSWERED])))
    story, *_ = diagnose(serial_chunks(units))
    assert named([story]) == [("hdlc-frame-rejected", "counters-not-reset")]
    assert [one.code for one in story.leads_to] == ["provider-abort"]


@pytest.mark.parametrize(
    "units",
    [
        (OPENING, READING, RELEASE),
        (OPENING, READING),
        (OPENING, READING, at(130, asked(GET_CLOCK), answered(CLOCK_ANSWER)), RELEASE),
        (OPENING, READING, OPENING, READING),
        (OPENING, READING, at(1, asked(GET_CLOCK))),
    ],
)
def test_healthy_associations_have_no_story(units: tuple[list[At], ...]) -> None:
    assert on_line(*units) == []
    assert over_tcp(*units, last=[(0.1, ASKED, FIN), (0.1, ANSWERED, FIN)] if len(units[-1]) > 1 else ()) == []


def test_client_that_resets_right_after_its_release_is_healthy() -> None:
    assert over_tcp(OPENING, READING, at(1, asked(RLRQ)), last=[(0.001, ASKED, RST)]) == []


def test_abort_names_its_source_and_the_request_before_it() -> None:
    (story,) = on_line(OPENING, at(1, asked(GET_CLOCK), answered(bytes.fromhex("6403 80 01 01"))))
    assert named([story]) == [("abort", "request-refused")]
    assert "acse-service-provider (1)" in story.evidence[0].text
    assert "get-request in record 3" in story.evidence[0].text
    assert "A-ABORT by the meter" in story.evidence[0].text


@pytest.mark.parametrize(("before", "by"), [([at(1, asked(GET_CLOCK))], "client"), ([], "client"), ([], "meter")])
def test_abort_that_answers_no_request_blames_none_and_is_not_answered(before: list[list[At]], by: str) -> None:
    end = (asked if by == "client" else answered)(bytes.fromhex("6403 80 01 00"))
    (story,) = on_line(OPENING, READING, *before, at(0.05, end))
    assert named([story]) == [("abort", "")]
    assert f"A-ABORT by the {by}, source acse-service-user (0)" in story.evidence[0].text


def test_request_that_the_client_waited_for_before_it_aborted_is_not_answered() -> None:
    stories = on_line(OPENING, READING, at(1, asked(GET_CLOCK)), at(9, asked(bytes.fromhex("6403 80 01 00"))))
    assert named(stories) == [("abort", ""), ("response-missing", "server-silent")]
    assert stories[1].count == 1


def test_abort_in_place_of_an_aare_is_read_over_tcp_too() -> None:
    story, *others = over_tcp(at(0, asked(AARQ), answered(bytes.fromhex("6403 80 01 01"))))
    assert (story.code, others) == ("abort", [])


CHALLENGE_AARE = AARE.replace(bytes.fromhex("A305A103020100"), bytes.fromhex("A305A10302010E"))
REPLY = bytes.fromhex("C301C1 000F 0000280000FF 01 01 0902 1234")


def test_hardware_fault_in_answer_to_the_challenge_is_a_wrong_mac() -> None:
    gmac = PASSWORD.replace(bytes.fromhex("60857405080201"), bytes.fromhex("60857405080205"))
    refused = bytes.fromhex("C701C1 01 00")
    story, *others = on_line(at(0, asked(gmac), answered(CHALLENGE_AARE), asked(REPLY), answered(refused)))
    assert named([story]) == [("hls-failed", "hls-mac-wrong")]
    assert named(story.leads_to) == [("result-hardware-fault", "hls-mac-wrong")]
    assert others == []


def test_challenge_answered_under_the_dedicated_key_is_named() -> None:
    dedicated = bytes.fromhex("D3 16 30 00000001") + bytes(17)
    refused = bytes.fromhex("0E 06 00 06")
    story, *others = on_line(at(0, asked(PASSWORD), answered(CHALLENGE_AARE), asked(dedicated), answered(refused)))
    assert named([story]) == [("hls-failed", "dedicated-key-too-early")]
    assert named(story.leads_to) == [("confirmed-service-error", "dedicated-key-too-early")]
    assert named(others) == [("protection-below-policy", "password-in-clear")]


def test_refused_authentication_of_hls_is_no_wrong_password() -> None:
    ciphered = AARQ.replace(bytes.fromhex("A109060760857405080101"), bytes.fromhex("A109060760857405080103"))
    high = bytes.fromhex("A60A04084D4D4D0000BC614E 8A0207808B0760857405080205AC0A8008") + bytes(range(8))
    proposal = ciphered[2:].replace(b"\xbe", high + b"\xbe", 1)
    (story,) = on_line(at(0, asked(bytes((0x60, len(proposal))) + proposal), answered(aare(1, USER, 13))))
    assert (story.cause, story.confidence) == ("proposal-undecipherable", "possible")
    assert [one.cause for one in story.alternatives][:2] == ["wrong-key", "invocation-counter-too-low"]


def test_plain_request_that_is_refused_where_others_are_ciphered_is_no_missing_service() -> None:
    context = bytes.fromhex("A109060760857405080101"), bytes.fromhex("A109060760857405080103")
    opening = at(0, asked(AARQ.replace(*context)), answered(AARE.replace(*context)))
    story, *_ = on_line(opening, at(1, asked(GET_CLOCK), answered(b"\xd8\1\2")))
    assert (story.code, story.cause) == ("exception-response", "plaintext-in-ciphered-context")


def test_request_in_place_of_pass_3_is_no_wrong_secret() -> None:
    (story,) = over_tcp(at(1, asked(AARQ), answered(CHALLENGE_AARE)), at(1, asked(GET_CLOCK), answered(b"\xd8\1\1")))
    assert (story.code, story.cause, story.confidence) == ("hls-failed", "pass-3-left-out", "certain")
    assert "record 3 is get-request and no answer to the challenge" in story.evidence[0].text


def test_aarq_that_nothing_answers_is_no_association_that_was_lost() -> None:
    stories = over_tcp(at(1, asked(AARQ)), at(5, asked(AARQ)), last=[(5, ASKED, FIN)])
    assert {(one.code, one.cause) for one in stories} == {("response-missing", "server-silent")}


@pytest.mark.parametrize("apart_s", [1, 4, 60])
def test_answers_with_one_invoke_id_are_answers_and_no_association_is_lost(apart_s: int) -> None:
    units = [
        at(
            apart_s,
            asked(GET_CLOCK[:2] + bytes((0xC1 + number,)) + GET_CLOCK[3:]),
            answered(b"\xc4\1\xc0" + CLOCK_ANSWER[3:]),
        )
        for number in range(7)
    ]
    (story,) = over_tcp(OPENING, *units, last=[(1, ASKED, FIN), (0.1, ANSWERED, FIN)])
    assert (story.code, story.cause, story.count) == ("invoke-id-differs", "invoke-id-ignored", 7)
    assert (story.confidence, story.leads_to) == ("likely", [])


def test_meter_that_puts_its_client_off_has_said_something() -> None:
    line = Station()
    units = [*at(0, *line.connect()), *on_hdlc(line, OPENING)]
    (request,) = line.frames([asked(GET_CLOCK)])
    ready, wait = line.ready(ASKED), line.ready(ANSWERED)
    wait = answered(frame(b"", wait.octets[-4] | 4, line.ends[ANSWERED]))
    units += [*at(1, request, wait), *at(5, ready, wait), *at(5, ready, wait), *at(0.1, *line.disconnect())]
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause) == ("response-missing", "meter-busy")
    assert "RNR" in story.evidence[0].text


def test_answer_that_the_keys_prove_right_and_the_meter_refuses_is_told_so() -> None:
    secured = security_of()
    refused = Said(ANSWERED, bytes.fromhex("C701C1 01 00"))
    units = wrapped([*said(session(secured))[:3], refused])
    pipeline = Pipeline(None, Protection(keyring(secrets(secured)), Knowledge()))
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(
        ListSource([chunk(number, octets, way) for number, (way, octets) in enumerate(units, 1)])
    ):
        doctor.take(record)
    (story,) = doctor.stories()
    assert named([story]) == [("hls-failed", "refused-though-right")]
    assert named(story.leads_to) == [("result-hardware-fault", "hls-mac-wrong")]


@pytest.mark.parametrize("size", [26, 30, 42])
def test_refusal_in_an_aare_that_is_cut_is_told_with_its_cause(size: int) -> None:
    aare = bytes.fromhex("6129A109060760857405080101A203020101A305A10302010DBE10040E0800065F1F0400201E5DFFFF0007")
    length = len(aare).to_bytes(2, "big")
    asked_for = b"\x00\x01\x00\x10\x00\x01" + len(PASSWORD).to_bytes(2, "big") + PASSWORD
    answer_of_meter = b"\x00\x01\x00\x01\x00\x10" + length + aare[:size]
    with source_from_hex(f"TX: {asked_for.hex()}\nRX: {answer_of_meter.hex()}") as source:
        doctor = Doctor()
        for record in Session(source, learns=False).records():
            doctor.take(record)
        doctor.finish()
    (story,) = [one for one in doctor.stories() if one.code == "association-rejected"]
    assert (story.cause, story.count, story.records) == ("wrong-password", 1, [2])
    assert "authentication-failure (13)" in story.evidence[0].text


def test_cut_refusal_is_held_against_the_newest_aarq_of_its_line() -> None:
    refusal = REFUSED_AARE + bytes.fromhex("BE10040E0800")  # and more, which is not there
    cut = refusal[:1] + bytes([len(refusal) + 8]) + refusal[2:]
    ways = ("TX", AARQ), ("TX", PASSWORD), ("RX", cut)
    heads = {"TX": "0001 0010 0001", "RX": "0001 0001 0010"}
    lines = [f"{way}: {heads[way]} {len(one):04X} {one.hex()}" for way, one in ways]
    with source_from_hex("\n".join(lines)) as source:
        doctor = Doctor()
        for record in Session(source, learns=False).records():
            doctor.take(record)
        doctor.finish()
    (story,) = [one for one in doctor.stories() if one.code == "association-rejected"]
    assert story.cause == "wrong-password"


def test_refusal_of_an_answer_that_the_keys_prove_wrong_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    security, plain = all_keys.security_of(), Side.prove
    monkeypatch.setattr(Side, "prove", lambda self, own, other: plain(self, other, own))
    doctor = Doctor()
    for record in all_keys.decode(all_keys.session(security).dialogue, all_keys.keyring(security)):
        doctor.take(record)
    doctor.finish()
    assert [one.cause for one in doctor.stories() if one.code == "hls-failed"] == ["response-from-other-challenge"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [(CLOCK_ANSWER[:-2], "apdu-malformed"), (CLOCK_ANSWER[:2] + b"\xc5" + CLOCK_ANSWER[3:], "invoke-id-differs")],
)
@pytest.mark.parametrize("over", [on_line, over_tcp])
def test_client_that_begins_anew_behind_a_wrong_answer_lost_no_association(
    over: Callable[..., list[Story]], answer: bytes, code: str
) -> None:
    stories = over(OPENING, READING, at(1, asked(GET_CLOCK), answered(answer)), OPENING, READING, RELEASE)
    assert [one.code for one in stories] == [code]
