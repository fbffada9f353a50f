"""A meter that pushes over wired M-Bus: APDUs into long frames, in segments where they are longer than a frame.

Built here from the standard alone and not from the dissectors, so that the one can show the other wrong.

Source: EN 13757-2 (frames), EN 13757-1 (DLMS transport layer: CI with FIN and segment number, STSAP, DTSAP).
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.simulate.sent import NOTHING, SECOND, Sent, steps
from analyzer.simulate.uart import LineFormat

LINE = LineFormat(2400, 8, "E")
SEND_USER_DATA, TO_ALL = 0x53, 0xFF
_FINAL, _SEGMENT_NUMBERS = 0x10, 16
_HEAD = 5
"""Octets of a frame that its length counts beside those of the APDU: C, A, CI, STSAP, DTSAP."""
USUAL_LENGTH, LARGEST_LENGTH = 0xFA, 0x105
"""Lengths of a frame: what meters take, and the longest whose octet says it modulo 256."""


def long_frame(body: bytes) -> bytes:
    """Give a long frame around C, A, CI and data; its length octets count modulo 256."""
    length = len(body) & 0xFF
    return bytes((0x68, length, length, 0x68)) + body + bytes((sum(body) & 0xFF, 0x16))


def segments(apdu: bytes, source: int, destination: int, *, length: int = USUAL_LENGTH) -> list[bytes]:
    """Cut an APDU into frames whose length octets say *length* at most, with CI 00, 01 ... and FIN in the last."""
    room = length - _HEAD
    parts = [apdu[at : at + room] for at in range(0, len(apdu), room)]
    found = []
    for number, part in enumerate(parts):
        information = number % _SEGMENT_NUMBERS | (_FINAL if number == len(parts) - 1 else 0)
        found.append(long_frame(bytes((SEND_USER_DATA, TO_ALL, information, source, destination)) + part))
    return found


def carry(dialogue: Iterable[Sent], *, start_ns: int, length: int = USUAL_LENGTH) -> list[Sent]:
    """Put what a meter says on the bus; times are of last octets, and the truth goes with the last segment."""
    now_ns, placed = start_ns, []
    for step in steps(dialogue):
        now_ns += step.gap_ns
        server = int(step.truth.server.partition(".")[0])
        frames = segments(step.octets, server, step.truth.client, length=length)
        for frame in frames:
            now_ns += LINE.duration_ns(len(frame)) + SECOND // 100
            truth = step.truth if frame is frames[-1] else NOTHING
            placed.append(Sent(now_ns, step.direction, frame, truth._replace(kind="mbus")))
    return placed
