"""A ciphered talk that stands in a capture twice is no replay; one that somebody sends again is."""

from __future__ import annotations

import pytest

from analyzer.simulate import network
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.security import KeySource
from analyzer.simulate.sent import SECOND, TO_METER, Sent
from dissectors.tree import Severity
from tests.analyzer.tracking.secured import keyring, secrets, security_of, session
from tests.faults.case import Case, Said, Truth, stories_of

_ETHERNET = 1
BEHIND = {
    "client": Endpoint("203.0.113.9", 40001, "02:00:5e:00:00:77"),
    "meter": Endpoint("203.0.113.1", 4059, "02:00:5e:00:00:78"),
}


def _packets(dialogue: list[Sent], seconds: float = 0.0, **ends: Endpoint) -> list[Said]:
    conversation = network.TcpConversation(seed=7, **ends)
    events = conversation.carry(network.wrap(dialogue), start_ns=dialogue[0].time_ns)
    return [Said(one.time_ns + round(seconds * SECOND), 0, one.octets, _ETHERNET) for one in events]


def _told(*points: list[Said], source: KeySource, has_keys: bool = True) -> list[tuple[str, str, Severity]]:
    keys = keyring(secrets(security_of(0, source))) if has_keys else None
    said = sorted((one for point in points for one in point), key=lambda one: one.time_ns or 0)
    found = stories_of(Case(said, Truth(frozenset()), keys=keys))
    return [(one.code, one.cause, one.worst) for one in found if one.code != "protection-below-policy"]


@pytest.mark.parametrize("seconds", [0.0004, 0.02, 0.3, 3, 30])
@pytest.mark.parametrize("source", [KeySource.GLOBAL, KeySource.GENERAL_DEDICATED])
def test_talk_before_and_behind_a_router_is_no_replay(seconds: float, source: KeySource) -> None:
    dialogue = session(security_of(0, source))
    told = _told(_packets(dialogue), _packets(dialogue, seconds, **BEHIND), source=source)
    assert set(told) == {("invocation-counter-repeated", "captured-at-two-points", Severity.NOTE)}


def test_challenges_of_a_talk_that_stands_twice_are_none_that_come_again() -> None:
    dialogue = session(security_of(0, KeySource.GLOBAL))
    points = _packets(dialogue), _packets(dialogue, 30, **BEHIND)
    assert _told(*points, source=KeySource.GLOBAL, has_keys=False) == []


def test_requests_that_are_sent_again_without_the_answers_of_before_are_a_replay() -> None:
    dialogue = session(security_of(0, KeySource.GLOBAL))
    asked = [one for one in dialogue if one.direction == TO_METER]
    told = _told(_packets(dialogue), _packets(asked, 30, **BEHIND), source=KeySource.GLOBAL)
    assert ("invocation-counter-repeated", "replay", Severity.WARNING) in told


@pytest.mark.parametrize("has_keys", [True, False])
def test_talk_that_comes_again_on_its_own_connection_is_a_replay_for_tcp_gives_octets_once(has_keys: bool) -> None:
    dialogue = session(security_of(0, KeySource.GLOBAL))
    again = [one._replace(time_ns=one.time_ns + 30 * SECOND) for one in dialogue]
    told = _told(_packets([*dialogue, *again]), source=KeySource.GLOBAL, has_keys=has_keys)
    challenges, counters = ("challenge-repeated", "challenge-not-random"), ("invocation-counter-repeated", "replay")
    assert {(code, cause) for code, cause, _ in told} == ({challenges, counters} if has_keys else {challenges})
