"""Challenges of high level security that come again: told where an association opens with them."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.story import Story
from captures.chunk import PACKET_BITS
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, over_tcp
from tests.analyzer.tracking.build import Said, Station, answered, asked
from tests.analyzer.tracking.timed import ANSWERED, ASKED, FIN, At, at, on_hdlc, serial_chunks, tcp_chunks

CONTEXT = "A109 0607 60857405080101"
INITIATE = {"60": "BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF", "61": "BE10 040E 08 00 06 5F1F0400 001E1D 04C8 0007"}
RLRQ, RLRE = asked(bytes.fromhex("6203800100")), answered(bytes.fromhex("6303800100"))


def acse(tag: str, body: str) -> bytes:
    octets = bytes.fromhex(f"{CONTEXT} {body} {INITIATE[tag]}")
    return bytes.fromhex(tag) + bytes((len(octets),)) + octets


def opening(ctos: str, stoc: str, mechanism: int = 5) -> list[Said]:
    """AARQ and AARE with their challenges of eight octets."""
    name = f"07 608574050802{mechanism:02X}"
    return [
        asked(acse("60", f"8A020780 8B {name} AC0A 8008 {ctos}")),
        answered(acse("61", f"A203020100 A305A10302010E 88020780 89 {name} AA0A 8008 {stoc}")),
    ]


def challenges(n: int) -> str:
    return bytes(range(n, n + 8)).hex()


def told(*pairs: tuple[str, str], mechanism: int = 5) -> list[Story]:
    talks: list[list[At]] = [at(10, *opening(*pair, mechanism=mechanism), RLRQ, RLRE) for pair in pairs]
    return [one for one in over_tcp(*talks) if one.code == "challenge-repeated"]


def test_challenges_that_all_differ_say_nothing() -> None:
    assert told((challenges(1), challenges(20)), (challenges(40), challenges(60))) == []


def test_challenge_sent_back_is_told() -> None:
    (story,) = told((challenges(1), challenges(1)))
    assert (story.cause, story.severity, story.records) == ("challenge-reflected", Severity.NOTE, [1, 2])


def test_challenge_of_the_server_that_comes_again_is_told_with_its_first_use() -> None:
    (story,) = told((challenges(1), challenges(20)), (challenges(40), challenges(20)), (challenges(60), challenges(20)))
    assert (story.cause, story.count, story.records) == ("challenge-not-random", 2, [2, 6, 10])
    assert story.evidence[0].text == "the StoC of record 6 is a challenge of record 2"


def test_challenge_of_the_client_that_is_fixed_is_told() -> None:
    (story,) = told((challenges(1), challenges(20)), (challenges(1), challenges(40)))
    assert story.evidence[0].text == "the CtoS of record 5 is a challenge of record 1"


def test_talk_that_was_captured_at_two_points_repeats_nothing() -> None:
    talk = at(10, *opening(challenges(1), challenges(20)), RLRQ, RLRE)
    for seconds, expected in ((0.5, 0), (60, 2)):
        later = [At(one.seconds + (0 if index else seconds), one.said) for index, one in enumerate(talk)]
        chunks = [*tcp_chunks(talk), *serial_chunks(on_hdlc(Station(), later))]
        chunks.sort(key=lambda one: one.time_ns or 0)
        chunks = [one._replace(number=number) for number, one in enumerate(chunks, 1)]
        assert len([one for one in diagnose(chunks) if one.code == "challenge-repeated"]) == expected


def test_challenges_that_both_sides_have_fixed_are_told_of_both() -> None:
    found = told((challenges(1), challenges(20)), (challenges(1), challenges(20)), (challenges(1), challenges(20)))
    assert [(story.cause, story.count) for story in found] == [("challenge-not-random", 2)] * 2
    assert {story.evidence[0].text for story in found} == {
        "the CtoS of record 5 is a challenge of record 1", "the StoC of record 6 is a challenge of record 2"
    }  # fmt: skip


def test_password_is_no_challenge() -> None:
    assert told((challenges(1), challenges(1)), mechanism=1) == []


def test_aarq_that_is_sent_again_without_an_answer_repeats_nothing() -> None:
    request, answer = opening(challenges(1), challenges(20))
    assert [one for one in over_tcp(at(1, request), at(30, request, answer)) if one.code == "challenge-repeated"] == []


def at_two_points(apart_s: float, *pairs: tuple[str, str]) -> list[Story]:
    talks = [each for pair in pairs for each in at(10, *opening(*pair), RLRQ, RLRE)]
    first = tcp_chunks(talks, [(1, ASKED, FIN), (0.1, ANSWERED, FIN)])
    second = [
        one._replace(number=one.number | 1 << PACKET_BITS, time_ns=(one.time_ns or 0) + round(apart_s * 10**9))
        for one in first
    ]
    chunks = sorted([*first, *second], key=lambda one: one.time_ns or 0)
    return [one for one in diagnose(chunks) if one.code == "challenge-repeated"]


@pytest.mark.parametrize("apart_s", [0.0003, 5, 60, 3600])
def test_talks_of_two_inputs_whose_clocks_are_apart_repeat_nothing(apart_s: float) -> None:
    assert at_two_points(apart_s, (challenges(1), challenges(20)), (challenges(40), challenges(60))) == []


@pytest.mark.parametrize("apart_s", [0.0003, 60, 3600])
def test_fixed_challenge_in_two_inputs_is_told_once_of_that_side_alone(apart_s: float) -> None:
    (story,) = at_two_points(apart_s, (challenges(1), challenges(20)), (challenges(1), challenges(60)))
    assert (story.count, "the CtoS of" in story.evidence[0].text) == (1, True)
