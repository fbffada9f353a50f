"""Buses on pseudo-terminals at the pace of their speed, recorded by the real source, and seen in three ways.

``python -m tests.analyzer.live.paced`` runs every speed with 1, 2 and 32 meters, with one tap and with two, with
echoes, noise and a plug that is pulled, a minute each.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from analyzer.export.json_lines import JsonLines
from analyzer.live.serial_recorder import SerialRecorder, interface_of
from analyzer.live.status import Status
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.simulate import model
from analyzer.simulate.client import Client, Target
from analyzer.simulate.hdlc_line import HdlcLink, interleave, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.recipes_ports import LINE_MS
from analyzer.simulate.sent import TO_CLIENT, TO_METER, Sent
from analyzer.tracking.line_follower import LineFollower
from captures import blocks, open_source, rtac
from captures.growing import open_growing
from captures.serial_line import LineSettings, SerialLine
from captures.spool import Interface, Spool
from dissectors.hdlc import Address

START_NS = 1_772_442_000_000_000_000
_SLICE_S = 0.004
_MOST_EVENTS = 100_000


class Bus(NamedTuple):
    """What is on the line and how it is listened to."""

    baud: int
    meters: int
    taps: int = 1
    has_echo: bool = False
    has_noise: bool = False
    is_pulled: bool = False

    @property
    def text(self) -> str:
        """Name it for a person."""
        more = [
            word
            for word, is_so in (("echo", self.has_echo), ("noise", self.has_noise), ("pulled", self.is_pulled))
            if is_so
        ]
        return " ".join((f"{self.baud} Bd, {self.meters} meters, {self.taps} taps", *more))


class Seen(NamedTuple):
    """What came of a run."""

    sent: list[Sent]
    """What was on the line while the plug was in."""
    live: list[str]
    spooled: list[str]
    records: list[Record]
    expected: list[Record]
    """What the octets give, read without a line."""
    heard: dict[int, bytes]
    """The octets in the spool by direction; 0 where one tap hears both."""
    said: list[str]
    latest_s: float
    """The longest time from the last octet of a record on the line to its being shown."""


def traffic(bus: Bus, seconds: float, seed: int = 1) -> list[Sent]:
    """Give what is on the bus for so many seconds: meters that are read by turns, again and again."""
    chance = random.Random(seed)
    found: list[Sent] = []
    now = START_NS
    end = START_NS + int(seconds * 1e9)
    while now < end and len(found) < _MOST_EVENTS:
        links = [_reader(number, now, seed + number) for number in range(bus.meters)]
        found += place(interleave(*links), start_ns=now, baud=bus.baud)
        now = found[-1].time_ns + 20_000_000
        seed += bus.meters
    events = [one for one in found if one.time_ns < end]
    return list(_disturbed(events, bus, chance)) if bus.has_echo or bus.has_noise else events


def _reader(number: int, now: int, seed: int) -> Iterator[list[object]]:
    meter = Meter(model.electricity_meter(f"417008{number:02}", start_ns=now, rows=2), server=f"1.{17 + number}")
    client = Client(meter, 16, start_ns=now, seed=seed, carrying_ms=LINE_MS)
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.SERIAL_NUMBER))
    client.release()
    return HdlcLink(16, Address(1, 17 + number, 2), seed=seed).rounds(client.dialogue)  # type: ignore[return-value]


def _disturbed(events: list[Sent], bus: Bus, chance: random.Random) -> Iterator[Sent]:
    for one in events:
        if bus.has_noise and chance.random() < 0.2:
            octets = bytes(chance.choice(b"\x00\xff\xf0\x55") for _ in range(chance.randint(1, 4)))
            yield Sent(one.time_ns - len(one.octets) * _octet_ns(bus), one.direction, octets)
        yield one
        if bus.has_echo and one.direction == TO_METER:
            yield one


def _octet_ns(bus: Bus) -> int:
    return 10 * 1_000_000_000 // bus.baud


class Line:
    """Pseudo-terminals, one a tap, each behind a name that stays when the plug is pulled and put back."""

    def __init__(self, folder: Path, taps: int) -> None:
        self.names = [str(folder / f"tap{tap}") for tap in range(taps)]
        self._ends: list[tuple[int, int]] = []
        self.plug()

    def plug(self) -> None:
        for name in self.names:
            ends = os.openpty()
            self._ends.append(ends)
            if os.path.lexists(name):
                os.unlink(name)
            os.symlink(os.ttyname(ends[1]), name)

    def pull(self) -> None:
        for name, ends in zip(self.names, self._ends, strict=True):
            os.unlink(name)
            for end in ends:
                os.close(end)
        self._ends.clear()

    def send(self, octets: bytes, tap: int) -> None:
        os.write(self._ends[tap][0], octets)


def play(events: list[Sent], bus: Bus, line: Line, is_back: Callable[[], bool]) -> dict[int, float]:
    """Send *events* at their pace. Returns when the last octet of each was sent, by its place."""
    begin, octet_s = time.monotonic(), _octet_ns(bus) / 1e9
    step = max(1, int(_SLICE_S / octet_s))
    ends = {}
    for place_of, one in enumerate(events):
        if bus.is_pulled and place_of == len(events) // 2:
            time.sleep(0.5)
            line.pull()
            time.sleep(0.7)
            line.plug()
            while not is_back():
                time.sleep(0.05)
            begin = time.monotonic() - (one.time_ns - START_NS) / 1e9 + len(one.octets) * octet_s
        first = begin + (one.time_ns - START_NS) / 1e9 - len(one.octets) * octet_s
        for at in range(0, len(one.octets), step):
            part = one.octets[at : at + step]
            time.sleep(max(0.0, first + (at + len(part)) * octet_s - time.monotonic()))
            line.send(part, 0 if bus.taps == 1 or one.direction == TO_METER else 1)
        ends[place_of] = time.monotonic()
    return ends


def run(bus: Bus, seconds: float, folder: Path) -> Seen:
    """Record a bus at its pace, decode it while it is recorded, and read the spool and the octets afterwards."""
    events = traffic(bus, seconds)
    line = Line(folder, bus.taps)
    settings = LineSettings(bus.baud)
    taps = [SerialLine(name, settings) for name in line.names]
    for tap in taps:
        tap.open()
    said: list[str] = []
    is_over, status = threading.Event(), Status()
    status.is_over = is_over.is_set
    spool = Spool(str(folder / "spool.pcapng"), [interface_of(taps, "RTS low, DTR low")])
    recorder = SerialRecorder(taps, spool, LineFollower(settings, follows=False), status, said.append)
    shown: list[tuple[float, str]] = []
    ended = threading.Event()
    recording = threading.Thread(target=recorder.run, args=(is_over.is_set,))
    viewing = threading.Thread(target=_view, args=(str(spool.path), ended.is_set, shown))
    recording.start()
    viewing.start()
    ends = play(events, bus, line, lambda: sum("is back" in text for text in said) == bus.taps)
    time.sleep(1)
    is_over.set()
    recording.join()
    spool.close()
    ended.set()
    viewing.join()
    with open_source(str(spool.path)) as source:
        records = list(Pipeline().run(source))
    with open_source(str(spool.path)) as source:
        spooled = list(map(JsonLines(lambda: 9).line, Pipeline().run(source)))
    latest = _latest(events, ends, shown) if not (bus.has_echo or bus.has_noise or bus.is_pulled) else 0.0
    return Seen(
        events,
        [text for _, text in shown],
        spooled,
        records,
        _expected(events, bus, folder),
        _heard(str(spool.path)),
        said,
        latest,
    )


def _view(path: str, is_over: Callable[[], bool], shown: list[tuple[float, str]]) -> None:
    source, _ = open_growing([path], is_over)
    write = JsonLines(lambda: 9).line
    with source:
        for record in Pipeline().run(source, waits=False):
            shown.append((time.monotonic(), write(record)))  # noqa: PERF401 -- another thread looks at it


def _latest(events: list[Sent], ends: dict[int, float], shown: list[tuple[float, str]]) -> float:
    """Give the longest time from a frame's end to its record; two taps may show two frames the other way round."""
    return max((at - ends[place_of] for place_of, (at, _) in enumerate(shown) if place_of in ends), default=0.0)


def _heard(path: str) -> dict[int, bytes]:
    directions = {rtac.STATUS_CHANGE: 0, rtac.TX_START: TO_METER, rtac.RX_START: TO_CLIENT}
    found = dict.fromkeys(directions.values(), b"")
    with open_source(path) as source:
        for chunk in source:
            event, octets = chunk.octets[8], chunk.octets[rtac.HEADER_LENGTH :]
            if octets:
                found[directions[event]] += octets
    return found


def _expected(events: list[Sent], bus: Bus, folder: Path) -> list[Record]:
    """Read the octets as they were sent, a packet an event."""
    path = folder / "octets.pcapng"
    spool = Spool(str(path), [Interface(rtac.LINK_TYPE, "octets")])
    kinds = {True: rtac.STATUS_CHANGE} if bus.taps == 1 else {True: rtac.TX_START, False: rtac.RX_START}
    for one in events:
        kind = kinds[bus.taps == 1 or one.direction == TO_METER]
        spool.write(blocks.packet(one.time_ns, rtac.event(kind, one.time_ns, one.octets)))
    spool.close()
    with open_source(str(path)) as source:
        return list(Pipeline().run(source))


def what(record: Record) -> tuple[object, ...]:
    """Give what a record is, without its times and packets."""
    return (record.link, record.kind, record.direction, record.client, record.server, record.octets)


def good(records: list[Record]) -> list[bytes]:
    """Give the octets of the frames that read."""
    return [one.octets for one in records if one.link == "hdlc" and not one.problem]


def problem(bus: Bus, seen: Seen) -> str:
    """Say what is wrong with a run; empty where nothing is."""
    frames = [one.octets for one in seen.sent if one.octets[:1] == b"\x7e"]
    if seen.live != seen.spooled:
        return "the view shows other records than the spool holds"
    if sorted(good(seen.records)) != sorted(frames):
        return f"{len(good(seen.records))} frames of {len(frames)} read"
    for side in {one.direction for one in seen.sent} if bus.taps == 2 else {0}:
        sent = b"".join(one.octets for one in seen.sent if side in (0, one.direction))
        if seen.heard[side] != sent:
            return f"{len(sent)} octets were sent, {len(seen.heard[side])} are in the spool"
    is_steady = bus.taps == 1 and not (bus.has_noise or bus.is_pulled)
    if is_steady and list(map(what, seen.records)) != list(map(what, seen.expected)):
        return "the records differ from those of the octets"
    if bus.is_pulled and not any("waiting for it" in text for text in seen.said):
        return "the plug was pulled and nobody said it"
    return ""


def buses() -> list[Bus]:
    """Give all that the long form runs."""
    found = [Bus(baud, meters, taps) for baud, meters, taps in product((2400, 9600, 115200), (1, 2, 32), (1, 2))]
    for baud in (2400, 9600, 115200):
        found += [
            Bus(baud, 2, has_echo=True), Bus(baud, 2, has_noise=True), Bus(baud, 2, is_pulled=True),
            Bus(baud, 32, 2, is_pulled=True),
        ]  # fmt: skip
    return found


def main() -> int:
    """Run all buses, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.analyzer.live.paced", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each bus")
    options = parser.parse_args()
    failed = 0
    for bus in buses():
        with tempfile.TemporaryDirectory() as folder:
            seen = run(bus, options.seconds, Path(folder))
        wrong = problem(bus, seen)
        failed += bool(wrong)
        octets = sum(len(one.octets) for one in seen.sent)
        shown = f"; shown within {seen.latest_s * 1000:.0f} ms" if seen.latest_s else ""
        print(f"{bus.text}: {len(seen.records)} records, {octets} octets: {wrong or 'all there'}{shown}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
