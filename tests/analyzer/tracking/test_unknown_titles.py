"""Keyrings of very many meters: what no title leads to costs no trial of their keys."""

from __future__ import annotations

import random

import pytest

from analyzer.record import Record
from analyzer.security import opening
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from tests.analyzer.tracking.build import Said, answered, asked, length
from tests.analyzer.tracking.secured import keyring, opened, statuses
from tests.analyzer.tracking.wrong_keys import World, general

METERS = 10_000


def _ring(*known: World) -> Keyring:
    chance = random.Random(1)
    given = [(world.server, world.guek, world.gak) for world in known]
    given += [(chance.randbytes(8), chance.randbytes(16), chance.randbytes(16)) for _ in range(METERS - len(given))]
    ring = Keyring()
    for title, guek, gak in given:
        meter = Meter(server_title=title)
        meter.keys = {KeyRole.GUEK: Key(KeyRole.GUEK, guek), KeyRole.GAK: Key(KeyRole.GAK, gak)}
        ring.add(meter)
    return ring


def _push(world: World) -> Said:
    """A data-notification under general-glo-ciphering."""
    body = world.seal(world.server, bytes.fromhex("0F0000000100 0203 0600000001 1100 1101"))
    return answered(b"\xdb\x08" + world.server + length(len(body)) + body)


def _opened(units: list[Said], ring: Keyring, patch: pytest.MonkeyPatch) -> tuple[list[Record], int]:
    """The records, and how often a text was deciphered."""
    tried = []
    decipher = opening.decipher

    def counted(message: opening.Message, key: Key, title: bytes) -> bytes:
        tried.append(key)
        return decipher(message, key, title)

    patch.setattr(opening, "decipher", counted)
    return opened(units, ring, learns=True), len(tried)


def test_pushes_from_unknown_titles_try_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = [World(random.Random(seed)) for seed in range(20)]
    records, tried = _opened([_push(world) for world in strangers], _ring(), monkeypatch)
    assert statuses(records) == ["no-key"] * 20
    assert tried == 0


def test_a_push_from_a_known_title_tries_its_key_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(random.Random(1))
    world.suite = 0
    world.guek, world.gak = world.guek[:16], world.gak[:16]
    records, tried = _opened([_push(world)], _ring(world), monkeypatch)
    assert statuses(records) == ["verified"]
    assert tried == 1


def test_title_that_the_keyring_has_not_beside_a_meter_whose_title_is_not_told_breaks_nothing_off() -> None:
    """The only meter of the keyring is in question, and no record tells the title that its keys go with."""
    world, stranger = World(random.Random(5)), World(random.Random(6))
    said = [asked(world.request()), answered(general(stranger)[0])]
    records = opened(said, keyring(world.given, server_title=world.server))
    assert statuses(records) == ["no-system-title", "no-key"]
