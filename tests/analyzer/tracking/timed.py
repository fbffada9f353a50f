"""Dialogues at times of their own: what associations and diagnoses are tested with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.pipeline import Pipeline
from analyzer.tracking.associations import Associations, Event
from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, Station, answered, asked, wrapped
from tests.analyzer.tracking.carried_by_tcp import ETHERNET, PUSH, START, SYN, SYN_ACK, segment

AARQ = bytes.fromhex("601D A109 0607 60857405080101 BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF")
AARE = bytes.fromhex(
    "6129 A109 0607 60857405080101 A203 020100 A305 A103020100 BE10 040E 08 00 06 5F1F0400 001E1D 04C8 0007"
)
REFUSED_AARE = bytes.fromhex("6117 A109 0607 60857405080101 A203 020101 A305 A10302010D")
"""Rejected for good, authentication-failure (13), without user-information."""
RLRQ, RLRE = bytes.fromhex("6203800100"), bytes.fromhex("6303800100")
GET_CLOCK = bytes.fromhex("C001C1 0008 0000010000FF 02 00")
CLOCK_ANSWER = bytes.fromhex("C401C1 00 090C 07E80B15040A1E00FFFFC400")
SECOND = 1_000_000_000
RST, FIN = 0x14, 0x11


class At(NamedTuple):
    """A unit and the seconds before it."""

    seconds: float
    said: Said


def at(seconds: float, *said: Said) -> list[At]:
    """Units, the first so many seconds after what was before it, the others 0.1 s apart."""
    return [At(seconds if not index else 0.1, one) for index, one in enumerate(said)]


OPENING = at(0, asked(AARQ), answered(AARE))
READING = at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER))
RELEASE = at(1, asked(RLRQ), answered(RLRE))


def serial_chunks(units: Iterable[At]) -> list[Chunk]:
    """Chunks of a serial line with directions."""
    made, now = [], 0
    for number, (seconds, (direction, octets)) in enumerate(units, 1):
        now += round(seconds * SECOND)
        made.append(Chunk(number, now, LINK_OCTETS, direction, octets, len(octets), -1))
    return made


def tcp_chunks(apdus: Iterable[At], last: Iterable[tuple[float, int, int]] = ()) -> list[Chunk]:
    """Chunks of a TCP connection, APDUs in wrapper PDUs; *last* are segments without octets: seconds, side, flags."""
    sequence, now = dict(START), 0
    frames = [
        (0, segment(ASKED, sequence[ASKED] - 1, b"", SYN)),
        (0, segment(ANSWERED, sequence[ANSWERED] - 1, b"", SYN_ACK)),
    ]
    for seconds, said in apdus:
        ((direction, octets),) = wrapped([said])
        now += round(seconds * SECOND)
        other = ANSWERED if direction == ASKED else ASKED
        frames.append((now, segment(direction, sequence[direction], octets, PUSH, sequence[other])))
        sequence[direction] += len(octets)
    for seconds, direction, flags in last:
        now += round(seconds * SECOND)
        other = ANSWERED if direction == ASKED else ASKED
        frames.append((now, segment(direction, sequence[direction], b"", flags, sequence[other])))
    return [
        Chunk(number, time_ns, ETHERNET, UNKNOWN, octets, len(octets), -1)
        for number, (time_ns, octets) in enumerate(frames, 1)
    ]


def follow(chunks: list[Chunk]) -> tuple[Associations, list[Event]]:
    """Let a dialogue pass: its associations, and all events in order."""
    pipeline, associations, events = Pipeline(), Associations(), []
    for record in pipeline.run(ListSource(chunks)):
        while pipeline.ends and pipeline.ends[0].after < record.number:
            events += associations.end(pipeline.ends.popleft())
        associations.take(record)
        events += associations.events
    while pipeline.ends:
        events += associations.end(pipeline.ends.popleft())
    return associations, events


def on_hdlc(station: Station, *units: list[At]) -> list[At]:
    """APDUs as I frames of *station*; what is a frame already stays."""
    made = []
    for unit in units:
        for seconds, said in unit:
            framed = [said] if said.octets[:1] == b"\x7e" else station.frames([said])
            made += [At(seconds if not index else 0.05, one) for index, one in enumerate(framed)]
    return made
