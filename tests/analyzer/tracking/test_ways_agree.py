"""The short way of opening the next message gives what the long way gives, whatever comes between and around."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate.security import KeySource
from analyzer.tracking import counters, protection
from analyzer.tracking.protection import Protection
from tests.analyzer.tracking.build import CARRIERS, Said, answered, asked, length, wrapped
from tests.analyzer.tracking.secured import keyring, opened, said, secrets, security_of, session
from tests.analyzer.tracking.wrong_keys import WRONG, World

CASES = 60
_RELEASE = (asked(bytes.fromhex("6203800100")), answered(bytes.fromhex("6303800100")))
Deed = Callable[[World], None]


def _exchange(world: World) -> None:
    world.said += [asked(world.request()), answered(world.response())]


def _general(world: World) -> None:
    """A request in the general form, the title now and then left out."""
    title = world.client if world.chance.random() < 0.8 else b""
    body = world.request()
    at = 2 if body[1] < 0x80 else 4
    world.said.append(asked(b"\xdb" + length(len(title)) + title + body[1:at] + body[at:]))


def _dedicated(world: World) -> None:
    world.said += [asked(world.request(tag=0xD0, key=world.dedicated)), _answered_under(world, 0xD4, world.dedicated)]


def _answered_under(world: World, tag: int, key: bytes) -> Said:
    return answered(world.response(tag=tag, key=key))


def _nested(world: World) -> None:
    """One ciphered form within another."""
    inner = world.request()
    body = world.seal(world.client, inner)
    world.said.append(asked(b"\xdb\x08" + world.client + length(len(body)) + body))


def _blocks(world: World) -> None:
    """An answer in two datablocks, each ciphered."""
    for number, text in ((1, "0101"), (2, "090261")):
        raw = bytes.fromhex(text)
        ask = bytes.fromhex("C001C1000701006301 00FF0200") if number == 1 else bytes.fromhex("C002C100000001")
        block = b"\xc4\x02\xc1" + bytes((number == 2,)) + number.to_bytes(4, "big") + b"\x00" + length(len(raw)) + raw
        for side, tag, title, plain in ((asked, 0xC8, world.client, ask), (answered, 0xCC, world.server, block)):
            body = world.seal(title, plain)
            world.said.append(side(bytes((tag,)) + length(len(body)) + body))


def _back(world: World) -> None:
    title = world.chance.choice((world.client, world.server))
    world.counters[title] = max(0, world.counters[title] - world.chance.randrange(1, 12))


def _ahead(world: World) -> None:
    world.counters[world.client] += world.chance.choice((1, 2, 70, 0x10000))


def _near_the_end(world: World) -> None:
    world.counters[world.chance.choice((world.client, world.server))] = 0xFEFF_FFFC


def _again(world: World) -> None:
    if len(world.said) > 3:
        world.said.append(world.chance.choice(world.said[-4:]))


def _flipped(world: World) -> None:
    octets = bytearray(world.said[-1].octets)
    octets[world.chance.randrange(len(octets))] ^= 1 << world.chance.randrange(8)
    world.replace_last(bytes(octets))


def _no_apdu(world: World) -> None:
    body = world.seal(world.client, world.chance.randbytes(world.chance.randrange(1, 9)))
    world.said.append(asked(b"\xc8" + length(len(body)) + body))


def _long_length(world: World) -> None:
    """A length in more octets than it needs."""
    body = world.seal(world.server, bytes.fromhex("C401C1000600000001"))
    world.said.append(answered(b"\xcc\x83\x00\x00" + bytes((len(body),)) + body))


def _too_many_octets(world: World) -> None:
    """An octet more stands behind a request and its answer than belongs to them."""
    for side, tag, title, plain in (
        (asked, 0xC8, world.client, "C001C1000301000108 00FF020055"), (answered, 0xCC, world.server, "C401C100110155"),
    ):  # fmt: skip
        body = world.seal(title, bytes.fromhex(plain))
        world.said.append(side(bytes((tag,)) + length(len(body)) + body))


def _associated_anew(world: World) -> None:
    """The association ends, and another begins, perhaps with another meter's title."""
    world.said += _RELEASE
    if world.chance.random() < 0.5:
        world.server = b"SRV" + world.chance.randbytes(5)
        world.counters[world.server] = world.chance.randrange(1, 1 << 16)
    world._associate()


DEEDS: tuple[Deed, ...] = (
    _exchange, _exchange, _exchange, _exchange, _exchange, _general, _dedicated, _nested, _blocks, _back, _ahead,
    _near_the_end, _again, _flipped, _no_apdu, _long_length, _too_many_octets,
    _associated_anew,
    *(wrong.make for name, wrong in WRONG.items() if name not in ("wrong encryption key", "keys swapped", "wrong suite")),
)  # fmt: skip


def _dialogue(chance: random.Random) -> World:
    world = World(chance)
    if chance.random() < 0.3:
        held, world.said = world.said, []  # the titles come late, or never
        world.said += [asked(world.request()), answered(world.response())] + (held if chance.random() < 0.7 else [])
    for _ in range(chance.randrange(4, 24)):
        chance.choice(DEEDS)(world)
    return world


def _ring(chance: random.Random, *worlds: World) -> Keyring:
    """A keyring that knows the meters by title, or has their keys for whoever comes."""
    meters = []
    for world in worlds:
        selectors: dict[str, Any] = {}
        if chance.random() < 0.5 or len(worlds) > 1:
            selectors["server_title"] = world.server
        if chance.random() < 0.2:
            selectors["client_title"] = world.client
        if chance.random() < 0.3:
            world.given[KeyRole.DEDICATED] = world.dedicated
        if chance.random() < 0.1:
            del world.given[chance.choice((KeyRole.GUEK, KeyRole.GAK))]
        meter = Meter(**selectors)
        meter.keys = {role: Key(role, octets, meter.place) for role, octets in world.given.items()}
        meters.append(meter)
    return Keyring(meters)


def _told(records: list[Record]) -> list[dict[str, Any]]:
    """All that records say."""
    return [vars(one) | {"lane": one.lane.text} for one in records]


def _both_ways(patch: pytest.MonkeyPatch, run: Callable[[], list[Record]]) -> tuple[Any, Any, int]:
    """What both ways tell, and how many messages went the short one."""
    opens, taken = protection.open_next, []

    def counted(*given: Any) -> Any:
        found = opens(*given)
        taken.append(found is not None)
        return found

    results = []
    for way in (counted, lambda *given: None):
        patch.setattr(protection, "open_next", way)
        patch.setattr(Protection, "open_next", staticmethod(way))
        results.append(_told(run()))
    patch.undo()
    return results[0], results[1], sum(taken)


def test_random_dialogues_are_opened_alike_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    went_short = 0
    for seed in range(CASES):
        chance = random.Random(seed)
        world = _dialogue(chance)
        ring = _ring(chance, world)
        carrier, learns = chance.choice(list(CARRIERS.values())), chance.random() < 0.5

        def run(
            units: list[Said] = world.said, ring: Keyring = ring, carrier: Any = carrier, learns: bool = learns
        ) -> list[Record]:
            return opened(units, ring, carrier=carrier, learns=learns)

        short, long, taken = _both_ways(monkeypatch, run)
        assert short == long, seed
        went_short += taken
    assert went_short > CASES


def test_two_meters_in_turn_are_opened_alike_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    went_short = 0
    for seed in range(CASES // 3):
        chance = random.Random(f"two/{seed}")
        worlds = [_dialogue(chance) for _ in range(2)]
        ring = _ring(chance, *worlds)
        queues = [wrapped(world.said, 16, server) for server, world in enumerate(worlds, 1)]
        units: list[Said] = []
        while any(queues):
            queue = chance.choice([one for one in queues if one])
            units.append(queue.pop(0))

        def run(units: list[Said] = units, ring: Keyring = ring) -> list[Record]:
            return opened(units, ring, carrier=list, learns=True)

        short, long, taken = _both_ways(monkeypatch, run)
        assert short == long, seed
        went_short += taken
    assert went_short > CASES // 3


@pytest.mark.parametrize("source", KeySource)
def test_sessions_of_every_key_source_are_opened_alike_both_ways(
    source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    security = security_of(1, source)
    units, ring = said(session(security, gets=5)), keyring(secrets(security))
    short, long, taken = _both_ways(monkeypatch, lambda: opened(units, ring))
    assert short == long
    assert source.is_general_ciphering or taken > 5


def test_octets_left_over_behind_what_is_inside_are_told_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(random.Random(2))
    for _ in range(3):
        _too_many_octets(world)
    short, long, _ = _both_ways(monkeypatch, lambda: opened(world.said, keyring(world.given)))
    assert short == long
    assert [[note.code for note in one.get("notes", ())] for one in short[2:]] == [["apdu-trailing-octets"]] * 6


def test_every_form_of_a_length_is_opened_alike_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(random.Random(6))
    world.suite = 0
    world.said.append(asked(world.request()))
    for count in (2, 0x70, 0x90, 0x120):
        text = bytes.fromhex("C101C100080000010000FF020009") + length(count) + bytes(count)
        for octets in range(1, 5):
            for lie in (0, 1, -1):
                body = world.seal(world.client, text)
                told = bytes((0x80 + octets,)) + (len(body) + lie & (1 << 8 * octets) - 1).to_bytes(octets, "big")
                world.said.append(asked(b"\xc9" + told + body))
    ring = keyring(world.given)
    short, long, taken = _both_ways(monkeypatch, lambda: opened(world.said, ring))
    assert short == long
    assert taken == 15  # one octet is not enough for the longest


def test_a_counter_that_went_back_meets_those_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(random.Random(8))
    world.suite = 0
    for counter in (10, 11, 12, 13, 8, 9, 10, 11):
        world.said.append(asked(world.request(counter=counter)))
    ring = keyring(world.given)
    short, long, _ = _both_ways(monkeypatch, lambda: opened(world.said, ring))
    assert short == long
    causes = [[note.cause for note in one.get("notes", ())] for one in short[2:]]
    assert causes == [[], [], [], [], ["counter-reset"], [], ["nonce-reuse"], ["nonce-reuse"]]


def test_room_that_runs_out_makes_no_message_go_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "_REMEMBERED", 4)
    world = World(random.Random(9))
    world.suite = 0
    for counter in (10, *range(100, 140), *range(60, 100)):
        world.said.append(asked(world.request(counter=counter)))
    ring = keyring(world.given)
    short, long, taken = _both_ways(monkeypatch, lambda: opened(world.said, ring))
    assert short == long
    assert taken == 80  # all but the first one


def test_a_nonce_that_the_other_direction_took_is_found_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = World(random.Random(1)), World(random.Random(2))
    other.suite, other.guek, other.gak, other.server = one.suite, one.guek, one.gak, one.client
    other.said = []
    other._associate()
    one.said += [asked(one.request(counter=counter)) for counter in (10, 11)]
    other.said.append(answered(other.response(counter=20)))
    units = wrapped(one.said, 16, 1) + wrapped(other.said, 17, 2)
    units += wrapped([asked(one.request(counter=counter)) for counter in (12, 20)], 16, 1)
    short, long, _ = _both_ways(monkeypatch, lambda: opened(units, keyring(one.given), carrier=list))
    assert short == long
    assert [note.cause for note in short[-1].get("notes", ())] == ["nonce-reuse"]


def test_a_request_within_a_block_that_was_ciphered_keeps_both_protections(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(random.Random(0))
    for _ in range(3):
        _exchange(world)
        inner = world.request()
        body = world.seal(world.client, bytes.fromhex("E08000010000") + length(len(inner)) + inner)
        world.said.append(asked(b"\xdb\x08" + world.client + length(len(body)) + body))
    meter = Meter(server_title=world.server)
    meter.keys = {role: Key(role, octets, meter.place) for role, octets in world.given.items()}
    short, long, taken = _both_ways(monkeypatch, lambda: opened(world.said, Keyring([meter])))
    assert short == long
    assert taken > 3
    assert [len(one["protection"]) for one in short if len(one.get("protection", ())) > 1] == [2, 2, 2]
