"""Reaction times of IEC 62056-21: told where they are out of the standard's range, shown where they are in it."""

from __future__ import annotations

import pytest

from analyzer.framing.frame import SLOWEST_CHARACTER_NS, Mark, longest_pause
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, Chunk
from dissectors.checks import bcc
from tests.analyzer.diagnosis.told import diagnose, named

MS = 1_000_000
START_NS = 1_772_442_000_000 * MS
BODY = b"1.8.0(000123*kWh)\r\n!\r\n\x03"
SESSION = (
    (SENT, b"/?!\r\n"),
    (RECEIVED, b"/MMM0ABC\r\n"),
    (SENT, b"\x06000\r\n"),
    (RECEIVED, b"\x02" + BODY + bytes((bcc(BODY),))),
)


def heard(
    *, answer_ms: int = 300, select_ms: int = 300, pause_ms: int = 0, maker: bytes = b"MMM", whole: bool = False
) -> list[Chunk]:
    """A readout at 300 Bd as a tap hears it: a read a character, or *whole* messages with the times of their ends."""
    chunks, now = [], START_NS
    for step, (direction, octets) in enumerate(SESSION):
        octets = octets.replace(b"MMM", maker)
        now += (select_ms if step == 2 else answer_ms) * MS
        for place, octet in enumerate(octets):
            now += SLOWEST_CHARACTER_NS + (pause_ms * MS if place == 4 and direction == RECEIVED else 0)
            if not whole:
                chunks.append(Chunk(len(chunks) + 1, now, LINK_OCTETS, direction, bytes((octet,)), 1, -1))
        if whole:
            chunks.append(Chunk(len(chunks) + 1, now, LINK_OCTETS, direction, octets, len(octets), -1))
    return chunks


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({}, []),
        ({"answer_ms": 220, "select_ms": 1400}, []),
        ({"whole": True}, []),
        ({"answer_ms": 4000}, [("response-slow", "reaction-late")]),
        ({"answer_ms": 4000, "whole": True}, [("response-slow", "reaction-late")]),
        ({"select_ms": 2500}, [("response-slow", "reaction-late")]),
        ({"answer_ms": 20}, [("turnaround-too-short", "reaction-early")]),
        ({"answer_ms": 20, "maker": b"MMm"}, []),
        ({"answer_ms": 20, "whole": True}, []),
        ({"pause_ms": 1400}, []),
        ({"pause_ms": 2500}, [("inter-octet-gap", "sender-pauses")]),
    ],
)
def test_reaction_times_out_of_range_are_told(line: dict[str, int], told: list[tuple[str, str]]) -> None:
    assert named(diagnose(heard(**line))) == told  # type: ignore[arg-type]


def test_pause_counts_only_what_the_reads_prove() -> None:
    def marks(*times_ms: int) -> tuple[Mark, ...]:
        return tuple(Mark(number, time_ms * MS) for number, time_ms in enumerate(times_ms))

    assert longest_pause(marks(0), 20) == 0
    assert longest_pause(marks(0, 2600), 80) == 0, "78 characters at 300 Bd take as long"
    assert longest_pause(marks(0, 2600), 4) == 2600 * MS - 3 * SLOWEST_CHARACTER_NS
    assert longest_pause(marks(*range(0, 320, 16), 2304), 300) == (2000 - 16) * MS, "reads of an adapter: 16 ms each"
    assert longest_pause((Mark(1, None), Mark(2, 5)), 4) == 0
