"""Usual exchanges are taken in a shorter way: it tells what the way for any record tells."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.export.stories import json_line
from analyzer.pipeline import Pipeline
from analyzer.record import PART
from analyzer.tracking.associations import Associations
from analyzer.tracking.history import Association
from captures.chunk import Chunk
from tests.analyzer.tracking.build import ListSource, Station, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, RLRE, RLRQ, SECOND, At, at, on_hdlc, serial_chunks, tcp_chunks

CASES = 60
OBJECTS = ("0008 0000010000FF 02", "0003 0100010800FF 02", "0007 0100630100FF 02")
POLICY = "0040 00002B0000FF 02"
"""What demands more of all that follows."""
ANSWERS = ("00 0600000005", "00 090C07E80B15040A1E00FFFFC400", "00 1602", "01 03", "01 04")
WAYS = ("_asks", "_answers", "_goes_by")


def exchange(chance: random.Random) -> list[At]:
    """A request and what comes of it: nearly always its answer, soon."""
    invoke_id = f"{0xC0 | chance.randrange(2):02X}"
    one = chance.choice(OBJECTS) if chance.randrange(200) else POLICY
    request = bytes.fromhex(f"C001{invoke_id} {one} 00")
    answer = bytes.fromhex(f"C401{invoke_id} {chance.choice(ANSWERS[: chance.choice((1, 3, 3, 5))])}")
    pause = chance.choice((0.02, 0.1, 1.0)) if chance.randrange(20) else 12.0
    wait = chance.choice((0.01, 0.05, 0.2)) if chance.randrange(20) else 3.0
    odd = chance.randrange(40)
    if odd == 0:
        return at(pause, asked(request))  # no answer
    if odd == 1:
        return at(pause, asked(request), asked(request)) + at(wait, answered(answer))
    if odd == 2:
        return at(pause, answered(answer))  # no request
    if odd in (3, 6, 7):
        return at(pause, asked(request)) + transfer(chance, invoke_id)
    if odd in (8, 9):
        long = bytes.fromhex(f"C401{invoke_id} 00 0981") + bytes((size := chance.randrange(128, 256), *range(size)))
        return at(pause, asked(request)) + at(wait, answered(long))
    if odd == 4:
        return at(pause, asked(request)) + at(wait, answered(answer + b"\1"))
    if odd == 5:
        return at(pause, asked(request)) + at(wait, answered(bytes.fromhex("D8020600000010")))
    return at(pause, asked(request)) + at(wait, answered(answer))


def transfer(chance: random.Random, invoke_id: str) -> list[At]:
    """The blocks of a long answer and what asks for them; at times one is lost, comes again, or something else does."""
    units: list[At] = []
    last = chance.randrange(2, 6)
    for block in range(1, last + 1):
        wait, odd = chance.choice((0.01, 0.1, 0.3)) if chance.randrange(30) else 11.0, chance.randrange(24)
        octets = bytes(chance.choices(b"\x06\x7e\x11\x00", k=chance.choice((5, 90, 200))))
        octets = bytes.fromhex("09820400") + octets if block == 1 else octets
        head = f"C402{invoke_id} {int(block == last):02X} {block:08X} 00"
        unit = answered(bytes.fromhex(head) + (b"\x81" if len(octets) > 127 else b"") + bytes([len(octets)]) + octets)
        units += at(wait, *[unit][odd == 0 :], *[unit][odd != 1 :])
        if odd == 2:
            return units  # the client leaves off
        if odd == 3:
            units += at(wait, asked(bytes.fromhex(f"C001C2 {OBJECTS[0]} 00")))
        if odd == 4:
            units += at(wait, answered(bytes.fromhex(f"C402{invoke_id} 01 {block + 1:08X} 01 03")))
        if block < last:
            number = block if odd != 5 else block + 1
            other = invoke_id if odd != 6 else "C7"
            units += at(wait, asked(bytes.fromhex(f"C002{other} {number:08X}")))
    return units


def dialogue(chance: random.Random) -> list[At]:
    """Some associations of one client, one after another."""
    units: list[At] = []
    for _ in range(chance.randrange(1, 4)):
        units += at(0, asked(AARQ), answered(AARE)) if chance.randrange(4) else []
        for _ in range(chance.randrange(5, 40)):
            units += exchange(chance)
        units += at(1, asked(RLRQ), answered(RLRE)) if chance.randrange(3) else []
    return units


def told(chunks: list[Chunk]) -> tuple[list[str], list[dict[str, Any]]]:
    """The stories of a capture, and all that is known of its associations."""
    pipeline = Pipeline()
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource(chunks)):
        doctor.take(record)
    doctor.finish()
    return [json_line(0, one, 6) for one in doctor.stories()], [known(one) for one in doctor.associations]


def known(one: Association) -> dict[str, Any]:
    """All that is kept of an association but how it is kept."""
    left_out = ("usual", "asking", "asking_service", "asking_pause_ns", "asked_before", "services", "place", "asked")
    found = {name: getattr(one, name) for name in Association.__slots__ if name not in left_out}
    services = {
        name: (each.count, each.errors, each.unanswered, list(each.latencies)) for name, each in one.services.items()
    }
    return {**found, "services": services, "waiting": one.waiting, "asked": one.asked and one.asked.number}


def in_two_reads(chunks: list[Chunk], chance: random.Random) -> list[Chunk]:
    """Some of the units in two reads, at times with a long pause between."""
    made: list[Chunk] = []
    for one in chunks:
        cut = len(one.octets) // 2 if chance.randrange(3) == 0 else 0
        pause = chance.choice((1, 5, 400)) * SECOND // 1000
        for time_ns, octets in ((one.time_ns - pause, one.octets[:cut]), (one.time_ns, one.octets[cut:])):
            if octets:
                made.append(
                    one._replace(number=len(made) + 1, time_ns=time_ns, octets=octets, original_length=len(octets))
                )
    return made


def carried(units: list[At], carrier: str, chance: random.Random) -> list[Chunk]:
    if carrier == "wrapper":
        return tcp_chunks(units, ())
    chunks = serial_chunks(on_hdlc(Station(), units))
    return in_two_reads(chunks, chance) if carrier == "hdlc in reads" else chunks


@pytest.mark.parametrize("carrier", ["hdlc", "hdlc in reads", "wrapper"])
def test_usual_exchanges_are_told_alike_both_ways(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    went_short: Counter[str] = Counter()

    def counting(name: str, way: Any) -> Any:
        def take(*words: Any) -> bool:
            is_usual = way(*words)
            went_short[name] += is_usual
            went_short["parts"] += is_usual and words[-1].kind == PART
            return bool(is_usual)

        return staticmethod(take)

    ways = {name: getattr(Associations, name) for name in WAYS}
    for seed in range(CASES):
        chance = random.Random(seed)
        chunks = carried(dialogue(chance), carrier, chance)
        for name, way in ways.items():
            monkeypatch.setattr(Associations, name, counting(name, way))
        short = told(chunks)
        for name in ways:
            monkeypatch.setattr(Associations, name, staticmethod(lambda *_: False))
        assert told(chunks) == short, seed
    for name in WAYS if carrier == "hdlc" else WAYS[:2]:
        assert went_short[name] > 5 * CASES, name
    assert went_short["parts"] > CASES
