"""Frames of HDLC and wrapper PDUs in several datagrams: what was lost of one push is not made up for by the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.pipeline import Pipeline
from captures import open_source
from captures.chunk import UNKNOWN, Chunk
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import ListSource, Station, answered, wrapped
from tests.analyzer.tracking.carried_by_tcp import ETHERNET
from tests.captures.build import ethernet, ipv4, pcap_header, pcap_record, tcp, udp

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


def pdu(number: int) -> bytes:
    """A wrapper PDU with a push."""
    return wrapped([answered(bytes.fromhex(f"0F000000{number:02X} 00 0203 06 00000001 06 00000002 0904 41424344"))])[
        0
    ].octets


def datagrams(*said: tuple[float, bytes]) -> list[Chunk]:
    made = []
    for number, (seconds, octets) in enumerate(said, 1):
        packet = ethernet(ipv4(udp(octets), 17))
        made.append(Chunk(number, round(seconds * SECOND), ETHERNET, UNKNOWN, packet, len(packet), -1))
    return made


SIZE = len(pdu(1))


@pytest.mark.parametrize("cuts", [(9,), (20,), (SIZE - 1,), (10, 20), (8, 9, 10)])
def test_wrapper_pdu_in_several_datagrams_is_one(cuts: tuple[int, ...]) -> None:
    said: list[tuple[float, bytes]] = [(1.0, pdu(0))]  # it shows what is spoken
    wanted: list[tuple[tuple[int, ...], bytes]] = [((1,), pdu(0))]
    for number in range(1, 5):
        begin = len(said) + 1
        for piece, (start, end) in enumerate(zip((0, *cuts), (*cuts, SIZE), strict=True)):
            said.append((60.0 * number + piece / 100, pdu(number)[start:end]))
        wanted.append((tuple(range(begin, len(said) + 1)), pdu(number)))
    found = list(Pipeline().run(ListSource(datagrams(*said))))
    assert [(one.packets, one.octets) for one in found] == wanted
    assert diagnose(datagrams(*said)) == []


@pytest.mark.parametrize("cut", [9, 20, SIZE - 1])
@pytest.mark.parametrize("apart", [5, 60])
def test_datagram_that_ends_within_its_pdu_lacks_octets_and_takes_none_of_the_next(cut: int, apart: float) -> None:
    sent = [pdu(1), pdu(2), pdu(3)[:cut], pdu(4), pdu(5)]
    chunks = datagrams(*((apart * number, one) for number, one in enumerate(sent)))
    assert [one.octets for one in Pipeline().run(ListSource(chunks))] == sent
    (story,) = diagnose(chunks)
    assert ((story.code, story.cause), story.records) == (("wrapper-length-wrong", "truncated"), [3])
    assert [one.cause for one in story.alternatives] == ["capture-loss"]


def test_datagram_with_a_whole_pdu_of_other_ports_is_no_rest_of_the_one_before() -> None:
    other = pdu(2)[:2] + b"\0\2" + pdu(2)[4:-3]
    other = other[:6] + (len(other) - 8).to_bytes(2, "big") + other[8:]
    sent = [pdu(1), (pdu(1) + bytes(200))[:90], other, pdu(4)]
    sent[1] = sent[1][:6] + (250).to_bytes(2, "big") + sent[1][8:]
    chunks = datagrams(*((0.01 * number, one) for number, one in enumerate(sent)))
    assert [one.octets for one in Pipeline().run(ListSource(chunks))] == sent


def test_rest_of_a_pdu_alone_is_not_joined_to_the_next() -> None:
    sent = [pdu(1), pdu(2)[20:], pdu(3), pdu(4)]
    chunks = datagrams(*((5.0 * number, one) for number, one in enumerate(sent)))
    assert [one.octets for one in Pipeline().run(ListSource(chunks))] == sent
    assert named(diagnose(chunks)) == [("noise", "not-wrapper")]


def test_datagram_that_the_capture_cut_was_sent_whole(tmp_path: Path) -> None:
    packets = [ethernet(ipv4(udp(pdu(number)), 17)) for number in range(5)]
    cut = [packet[:-4] if number == 2 else packet for number, packet in enumerate(packets)]
    path = tmp_path / "cut.pcap"
    both = enumerate(zip(cut, packets, strict=True))
    path.write_bytes(
        pcap_header() + b"".join(pcap_record(one, seconds=at, original=len(whole)) for at, (one, whole) in both)
    )
    with open_source(str(path)) as source:
        pipeline = Pipeline()
        doctor = Doctor(pipeline.ends, source)
        for record in pipeline.run(source):
            doctor.take(record)
        doctor.finish()
    assert [(one.code, one.cause, one.records) for one in doctor.stories()] == [("capture-cut", "capture-loss", [3])]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("lost", range(1, 7))
def test_datagram_that_lacks_the_first_octets_of_its_header_has_a_cause(place: int, lost: int) -> None:
    said = [pdu(number) for number in range(1, 4)]
    said[place] = said[place][lost:]
    (story,) = diagnose(datagrams(*((60.0 * at, one) for at, one in enumerate(said))))
    assert ((story.code, story.cause), story.records) == (("wrapper-version-wrong", "octets-lost"), [place + 1])


def test_stream_that_begins_within_a_header_begins_within_a_pdu() -> None:
    octets = pdu(1)[3:] + pdu(2) + pdu(3)
    packet = ethernet(ipv4(tcp(octets)))
    chunks = [Chunk(1, SECOND, ETHERNET, UNKNOWN, packet, len(packet), -1)]
    assert ("wrapper-version-wrong", "octets-lost") not in named(diagnose(chunks))
