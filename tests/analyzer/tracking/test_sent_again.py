"""What is sent again in time from where it came is no replay; what comes from elsewhere, or much later, is."""

from __future__ import annotations

import pytest

from analyzer.simulate import model, network
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import push, pushed
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.security import KeySource
from analyzer.simulate.sent import SECOND, TO_METER, Sent
from analyzer.simulate.speaker import Speaker
from tests.analyzer.tracking.secured import NOW, keyring, secrets, security_of, session
from tests.faults.case import Case, Said, Truth, stories_of

_ETHERNET = 1
HEAD_END = Endpoint("192.0.2.10", 4059, network.CLIENT.mac)
HERE, ELSEWHERE = ("198.51.100.7", 4059), ("203.0.113.66", 5555)
SECURITY = security_of(0, KeySource.GENERAL_GLOBAL)
REPLAY = [("replay", "certain", [])]
LATE = [("replay", "likely", ["retransmission"])]
AGAIN = [("retransmission", "certain", [])]


def _pushes(count: int, serial: str = "1", *, start_ns: int = NOW, is_secured: bool = True) -> list[Sent]:
    """Wrapper PDUs of pushes, one a minute."""
    security = SECURITY if is_secured else None
    meter = Meter(model.electricity_meter(serial, start_ns=start_ns, rows=4), security=security)
    speaker = Speaker(meter, 103, start_ns=start_ns, seed=3, security=security)
    for number in range(count):
        read = pushed(meter, speaker.now_ns)
        speaker.hear(push(meter, read, now_ns=speaker.now_ns, invoke_id=number + 1, has_time=True), read)
        speaker.wait(60_000)
    return network.wrap(speaker.dialogue)


def _sent(units: list[Sent], place: tuple[str, int], seconds: float = 0) -> list[Said]:
    meter = Endpoint(*place, "02:00:5e:00:00:66")
    events = network.datagrams(units, seed=1, client=HEAD_END, meter=meter)
    return [Said(one.time_ns + round(seconds * SECOND), 0, one.octets, _ETHERNET) for one in events]


def _told(said: list[Said]) -> list[tuple[str, str, list[str]]]:
    stories = stories_of(Case(said, Truth(frozenset()), keys=keyring(secrets(SECURITY))))
    found = [one for one in stories if one.code == "invocation-counter-repeated"]
    return [(one.cause, one.confidence, [other.cause for other in one.alternatives]) for one in found]


@pytest.mark.parametrize("has_others", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    ("place", "seconds", "expected"),
    [
        (ELSEWHERE, 3600, REPLAY), (ELSEWHERE, 30, REPLAY), (HERE, 3600, LATE), (HERE, 30, AGAIN),
        ((HERE[0], 4060), 30, AGAIN), (ELSEWHERE, 0.02, [("captured-at-two-points", "likely", ["replay"])]),
    ],
)  # fmt: skip
def test_last_push_of_a_meter_comes_again(
    place: tuple[str, int], seconds: float, count: int, has_others: bool, expected: list[tuple[str, str, list[str]]]
) -> None:
    units = _pushes(count)
    others = _sent(_pushes(6, "2", is_secured=False), ("198.51.100.8", 4059)) if has_others else []
    assert _told([*_sent(units, HERE), *others, *_sent(units[-1:], place, seconds)]) == expected


@pytest.mark.parametrize("again", [0, 1])
def test_push_behind_which_others_came_is_replayed(again: int) -> None:
    units = _pushes(3)
    assert _told([*_sent(units, HERE), *_sent(units[again : again + 1], ELSEWHERE, 3600)]) == REPLAY


def test_who_replays_a_push_again_and_again_does_not_send_it_again() -> None:
    units = _pushes(2)
    found = _told([*_sent(units, HERE), *(_sent(units[1:], ELSEWHERE, later)[0] for later in (3600, 3605, 3610))])
    assert found == REPLAY


def test_other_push_with_the_counter_of_a_later_one_breaks_the_cipher() -> None:
    units, others = _pushes(2), _pushes(2, start_ns=NOW + SECOND)
    found = _told([*_sent(units, HERE), *_sent(others[1:], ELSEWHERE, 60)])
    assert [cause for cause, _, _ in found] == ["nonce-reuse"]


@pytest.mark.parametrize(("seconds", "cause"), [(60, "answer-not-taken"), (1800, "replay")])
def test_answered_request_comes_again_in_its_association(seconds: int, cause: str) -> None:
    dialogue = session(SECURITY, gets=3)
    at = [number for number, one in enumerate(dialogue) if one.direction == TO_METER][-2]
    units = network.wrap(dialogue)[: at + 2]
    again = units[at]._replace(time_ns=units[at].time_ns + seconds * SECOND)
    found = _told([Said(one.time_ns, one.direction, one.octets) for one in [*units, again]])
    assert [(one[0], one[1]) for one in found] == [(cause, "likely")]


@pytest.mark.parametrize(("others", "expected"), [(40, AGAIN), (300, LATE)])
def test_without_times_records_tell_whether_it_is_late(others: int, expected: list[tuple[str, str, list[str]]]) -> None:
    unit, other = _pushes(1)[0], _pushes(1, "2", is_secured=False)[0]
    said = [Said(None, one.direction, one.octets) for one in [unit, *[other] * others, unit]]
    assert _told(said) == expected
