"""Frames of HDLC in two datagrams each: what was lost of one push is not made up for by the next."""

from __future__ import annotations

from analyzer.pipeline import Pipeline
from captures.chunk import UNKNOWN, Chunk
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import ListSource, Station, answered
from tests.analyzer.tracking.carried_by_tcp import ETHERNET
from tests.captures.build import ethernet, ipv4, udp

SECOND = 1_000_000_000


def push(number: int) -> bytes:
    """A frame with two counters that differ from push to push by a bit or two."""
    body = f"0F000000{number:02X} 0C07E80B15040A{number:02X}00FFFFC400 0202 06 {number * 7:08X} 06 {number * 9:08X}"
    return Station().frames([answered(bytes.fromhex(body))])[0].octets


def pushes(*dropped: int, apart_s: int = 60) -> list[Chunk]:
    """Five pushes in halves, one a minute, less the halves of these numbers from 0."""
    made = []
    for number in range(5):
        frame = push(number + 1)
        for half, octets in enumerate((frame[: len(frame) // 2], frame[len(frame) // 2 :])):
            if 2 * number + half not in dropped:
                time_ns = (number * apart_s + 1) * SECOND + half * 10_000_000
                packet = ethernet(ipv4(udp(octets), 17))
                made.append(Chunk(len(made) + 1, time_ns, ETHERNET, UNKNOWN, packet, len(packet), -1))
    return made


def packets(chunks: list[Chunk]) -> list[tuple[int, ...]]:
    return [one.packets for one in Pipeline().run(ListSource(chunks))]


def test_halves_of_one_push_are_joined() -> None:
    assert packets(pushes()) == [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)]
    assert diagnose(pushes()) == []


def test_halves_of_two_pushes_are_not_joined() -> None:
    assert packets(pushes(3, 4)) == [(1, 2), (3,), (4,), (5, 6), (7, 8)]
    assert named(diagnose(pushes(3, 4))) == [("hdlc-length-wrong", "truncated")]


def test_lost_half_amid_a_capture_is_not_put_down_to_its_end() -> None:
    assert named(diagnose(pushes(3))) == [("hdlc-length-wrong", "truncated")]


def test_halves_that_come_soon_after_one_another_are_joined_still() -> None:
    assert packets(pushes(3, 4, apart_s=5)) == [(1, 2), (3, 4), (5, 6), (7, 8)]
