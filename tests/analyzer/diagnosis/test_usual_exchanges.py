"""Usual exchanges are taken in a shorter way: it tells what the way for any record tells."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from analyzer.diagnosis.damage import DamageFamily
from analyzer.diagnosis.damage_lane import Lane
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.link import LinkFamily
from analyzer.diagnosis.usual_frames import UsualFrames
from analyzer.export.stories import json_line
from analyzer.pipeline import Pipeline
from analyzer.record import PART, REQUEST, RESPONSE, Record
from analyzer.record import Lane as RecordLane
from analyzer.tracking import associations
from analyzer.tracking.history import Association
from captures.chunk import Chunk
from tests.analyzer.tracking.build import ANSWERED, ASKED, LLC, ListSource, Said, Station, answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, RLRE, RLRQ, SECOND, At, at, on_hdlc, serial_chunks, tcp_chunks

CASES = 60
OBJECTS = ("0008 0000010000FF 02", "0003 0100010800FF 02", "0007 0100630100FF 02")
POLICY = "0040 00002B0000FF 02"
"""What demands more of all that follows."""
ANSWERS = ("00 0600000005", "00 090C07E80B15040A1E00FFFFC400", "00 1602", "01 03", "01 04")
TOLD = {
    "hdlc-fcs-wrong", "hdlc-noise", "hdlc-frame-lost", "hdlc-retransmission", "hdlc-information-too-long",
    "hdlc-window-exceeded", "llc-unexpected",
}  # fmt: skip
"""What frames are told by that are no usual ones."""
WAYS = ("asks", "answers", "goes_by")


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
            went_short["parts"] += is_usual and next(one for one in words if isinstance(one, Record)).kind == PART
            return bool(is_usual)

        return take

    ways = {name: getattr(associations, name) for name in WAYS}
    for seed in range(CASES):
        chance = random.Random(seed)
        chunks = carried(dialogue(chance), carrier, chance)
        for name, way in ways.items():
            monkeypatch.setattr(associations, name, counting(name, way))
        short = told(chunks)
        for name in ways:
            monkeypatch.setattr(associations, name, lambda *_: False)
        assert told(chunks) == short, seed
    for name in WAYS if carrier == "hdlc" else WAYS[:2]:
        assert went_short[name] > 5 * CASES, name
    assert went_short["parts"] > CASES


def on_line(units: list[At], chance: random.Random) -> list[At]:
    """APDUs as I frames; at times too long, with the LLC header of the other side, unasked, or on a new link."""
    stations = Station(), Station(server=b"\x23")
    station = stations[0]
    made = at(0, *station.connect())
    for seconds, (direction, apdu) in units:
        odd = chance.randrange(60)
        llc = LLC[direction] if odd else b"\xe6\xe7\x00" if LLC[direction][1] == 0xE6 else b"\xe6\xe6\x00"
        if odd == 1:
            station = chance.choice(stations)
            made += at(seconds, *station.connect())
        if odd in (0, 2):
            made += at(seconds, *[Said(direction, station.information(direction, llc + apdu)) for _ in range(1 + odd)])
        else:
            framed = station.frames([Said(direction, apdu)], 129 if odd in (3, 4, 5) else 128)
            made += [At(seconds if not index else 0.05, one) for index, one in enumerate(framed)]
    return made


def hurt(chunks: list[Chunk], chance: random.Random) -> list[Chunk]:
    """Some of the frames damaged, lost, sent again, echoed with a loss, or with an octet behind.

    At times no frame or not each has its closing flag, or none of the octets that a modem takes for flow control.
    """
    made: list[Chunk] = []
    often, closed, is_stripped = chance.choice((8, 25)), chance.choice((1, 1, 0.7, 0)), not chance.randrange(6)
    for one in chunks:
        octets, at = one.octets, chance.randrange(1, len(one.octets) - 1)
        lossy, ours = octets[:at] + octets[at + 1 :], one.direction
        forms = (
            [(ours, octets[:at] + bytes([octets[at] ^ 1 << chance.randrange(8)]) + octets[at + 1 :])],
            [(ours, lossy)], [(ours, octets[:-1])], [(ours, octets[1:])], [], [(ours, octets), (ours, octets)],
            [(ours, octets), (ours, octets[at : at + 1])], [(ours, octets[:-1]), (ours, octets[at : at + 1])],
            [(ours, octets), (ASKED + ANSWERED - ours, lossy)],
        )  # fmt: skip
        plain = [(ours, octets if chance.random() < closed else octets[:-1])]
        for direction, each in chance.choice(forms) if not chance.randrange(often) else plain:
            left = each.replace(b"\x11", b"").replace(b"\x13", b"") if is_stripped else each
            if left:
                made.append(
                    one._replace(number=len(made) + 1, direction=direction, octets=left, original_length=len(left))
                )
    return made


def sound(octets: bytes, direction: str, lane: str) -> Record:
    record = Record()
    record.octets, record.direction, record.lane = octets, direction, RecordLane(1, 0, lane)
    return record


@pytest.mark.parametrize(("name", "sides"), [("A > B", (RESPONSE,)), ("A", (REQUEST, RESPONSE))])
def test_lane_is_settled_once_no_sound_frame_tells_more(name: str, sides: tuple[str, ...]) -> None:
    lane = Lane()
    lane.take_octets(sound(b"\x7e\x11\x7e", sides[0], name))
    lane.octets = 100
    for side in sides:
        lane.settle()
        assert not lane.is_settled  # no flag within a frame of this side
        lane.take_octets(sound(b"\x7e\x7e\x12\x7e", side, name))
    lane.settle()
    assert not lane.is_settled  # no FF by itself
    lane.take_octets(sound(b"\x7e\xff\x12\x7e", sides[0], name))
    lane.octets = 10
    lane.settle()
    assert not lane.is_settled  # too few octets
    lane.octets = 100
    lane.settle()
    assert lane.is_settled


def test_usual_frames_are_told_alike_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, short = Counter[object](), Counter[object]()
    whole, families = UsualFrames.look, (DamageFamily, LinkFamily)

    def counted(family: Any) -> None:
        look = family.look

        def counting(self: Any, record: Record) -> None:
            looks[family] += 1
            look(self, record)

        monkeypatch.setattr(family, "look", counting)

    def counting(self: UsualFrames, record: Record) -> None:
        before = looks.copy()
        whole(self, record)
        short.update(family for family in families if looks[family] == before[family])

    def plainly(self: UsualFrames, record: Record) -> None:
        self._damage.look(record)
        self._link.look(record)

    for family in families:
        counted(family)
    stories = set()
    for seed in range(3 * CASES):
        chance = random.Random(seed)
        chunks = hurt(serial_chunks(on_line(dialogue(chance), chance)), chance)
        monkeypatch.setattr(UsualFrames, "look", counting)
        usual = told(chunks)
        monkeypatch.setattr(UsualFrames, "look", plainly)
        assert told(chunks) == usual, seed
        stories |= {json.loads(line)["code"] for line in usual[0]}
    assert all(short[family] > 5 * CASES for family in families), short
    assert stories >= TOLD
