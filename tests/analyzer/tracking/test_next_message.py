"""The next message of a form that verified before: opened without a search, and with nothing overlooked."""

from __future__ import annotations

import random

import pytest

from analyzer.tracking import counters, protection
from tests.analyzer.tracking.build import answered, asked, length
from tests.analyzer.tracking.secured import keyring, opened, said, secrets, security_of, session, statuses
from tests.analyzer.tracking.wrong_keys import World

_SET_CLOCK = bytes.fromhex("C101C100080000010000FF02000600000001")


def _world(seed: int = 1) -> World:
    world = World(random.Random(seed))
    world.suite = 0
    world.said += [asked(world.request()), answered(world.response())]
    return world


def _attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    attempt = protection.attempt

    def counted(message: object, opener: object) -> object:
        made.append(message)
        return attempt(message, opener)  # type: ignore[arg-type]

    monkeypatch.setattr(protection, "attempt", counted)
    return made


def test_another_service_of_the_same_form_opens_without_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    world, attempts = _world(), _attempts(monkeypatch)
    body = world.seal(world.client, _SET_CLOCK)
    world.said.append(asked(bytes((0xC9,)) + length(len(body)) + body))
    records = opened(world.said, keyring(world.given))
    assert statuses(records) == ["verified"] * 3
    assert records[-1].apdu is not None
    assert records[-1].apdu.octets == _SET_CLOCK
    assert len(attempts) == 2  # the first request and the first response


def test_an_association_costs_an_attempt_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    security, attempts = security_of(), _attempts(monkeypatch)
    records = opened(said(session(security, gets=9)), keyring(secrets(security)))
    assert set(statuses(records)) == {"verified"}
    assert len(attempts) == 2  # in AARQ and AARE


def test_counters_that_jump_go_back_or_come_again_cost_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    world, attempts = _world(), _attempts(monkeypatch)
    last = world.counters[world.client]
    world.said += [asked(world.request(counter=counter)) for counter in (last + 0x20000, last + 1, last + 1)]
    records = opened(world.said, keyring(world.given))
    codes = [[note.code.removeprefix("invocation-counter-") for note in one.notes] for one in records[-3:]]
    assert codes == [["jumped"], ["regressed"], ["repeated"]]
    assert len(attempts) == 2  # the first request and the first response


def test_a_sender_that_is_forgotten_is_a_new_one_when_it_speaks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST_SENDERS", 1)
    world = _world()
    last = world.counters[world.client]
    world.said.append(asked(world.request(counter=last - 1)))
    assert not any(one.notes for one in opened(world.said, keyring(world.given)))


def test_a_verified_text_that_is_no_apdu_stays_closed_behind_one_that_is() -> None:
    world = _world()
    body = world.seal(world.client, b"\xff\xff no APDU")
    world.said.append(asked(bytes((0xC8,)) + length(len(body)) + body))
    last = opened(world.said, keyring(world.given))[-1]
    assert last.closed is not None
    assert (last.closed.status, last.closed.is_opened) == ("verified", False)


def test_one_title_of_both_sides_leaves_no_counter_unseen() -> None:
    world = World(random.Random(3))
    world.suite = 0
    world.server = world.client
    world.said = world.said[:1]  # its AARE names another title
    counter = world.counters[world.client]
    world.said += [
        asked(world.request(counter=counter + 1)),
        answered(world.response(counter=counter + 2)),
        asked(world.request(counter=counter + 2)),
    ]
    title = world.client
    records = opened(world.said, keyring(world.given, client_title=title, server_title=title))
    assert statuses(records) == ["verified"] * 3
    assert [note.cause for note in records[-1].notes] == ["nonce-reuse"]
