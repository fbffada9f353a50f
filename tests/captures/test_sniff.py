"""Streams of packets and capture sockets: what comes is handed on as it came, and nothing is sent."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from captures import blocks
from captures.chunk import CaptureError, CapturePermissionError
from captures.sniff import SocketSniffer, open_sniffer
from captures.sniff_streams import StreamSniffer
from captures.sniffer import Sniffed, StreamEndError, Wishes

HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)


def record(number: int, octets: bytes, original: int | None = None) -> bytes:
    size = len(octets) if original is None else original
    return struct.pack("<IIII", number, number * 1000, len(octets), size) + octets


def taken(stream: bytes, cuts: list[int]) -> list[Sniffed]:
    """Feed a stream in pieces, and take what comes."""
    reading, writing = os.pipe()
    edges = [24, *cuts, len(stream)]
    os.write(writing, stream[:24])
    sniffer = StreamSniffer(reading, "a pipe")
    assert sniffer.link_type == 1
    found = []
    for begin, end in pairwise(edges):
        os.write(writing, stream[begin:end])
        found += sniffer.take()
    os.close(writing)
    with pytest.raises(StreamEndError, match="a pipe: the stream ended"):
        sniffer.take()
    os.close(reading)
    return found


def test_stream_gives_its_packets_in_any_cut() -> None:
    packets = [b"one", b"", b"three" * 100]
    stream = HEADER + b"".join(record(number, octets) for number, octets in enumerate(packets))
    expected = [Sniffed(n * 1_000_001_000, octets, len(octets)) for n, octets in enumerate(packets)]
    assert taken(stream, []) == expected
    assert taken(stream, list(range(25, len(stream)))) == expected


def test_stream_of_pcapng_is_told_with_what_writes_pcap() -> None:
    reading, writing = os.pipe()
    os.write(writing, blocks.section(application="dumpcap"))
    os.close(writing)
    with pytest.raises(
        CaptureError,
        match=r"this is pcapng, which decode - reads as it comes; a pcap stream was expected, .* dumpcap -P -w -",
    ):
        StreamSniffer(reading, "a pipe")


def test_silent_stream_does_not_hold_its_reader_up() -> None:
    reading, writing = os.pipe()
    os.write(writing, HEADER + record(1, b"octets")[:-2])
    sniffer = StreamSniffer(reading, "a pipe")
    begun = time.monotonic()
    assert sniffer.take() == [] and sniffer.take() == []
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("stream", [b"text, no capture at all\n", HEADER[:10]])
def test_stream_that_is_no_pcap_is_refused(stream: bytes) -> None:
    reading, writing = os.pipe()
    os.write(writing, stream)
    os.close(writing)
    with pytest.raises(CaptureError, match="a pipe: "):
        StreamSniffer(reading, "a pipe")


def test_packet_that_announces_too_much_is_refused() -> None:
    with pytest.raises(CaptureError, match="the stream is damaged"):
        taken(HEADER + struct.pack("<IIII", 1, 0, 1 << 30, 1 << 30), [])


def test_interface_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(CapturePermissionError, match=r"nope0: no such interface; there are .*lo"):
        open_sniffer(Wishes("nope0"))


@pytest.mark.parametrize("program", ["dumpcap", "tcpdump"])
def test_program_captures_where_no_socket_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    stream = HEADER + record(1, b"octets")
    made = tmp_path / program
    made.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.buffer.write({stream!r})\n")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delattr("socket.AF_PACKET", raising=False)
    sniffer = open_sniffer(Wishes("lo"))
    found: list[Sniffed] = []
    with pytest.raises(StreamEndError, match=f"{program} on lo: it ended"):
        while True:
            found += sniffer.take()
    assert [one.octets for one in found] == [b"octets"]


def test_what_a_program_says_that_may_capture_is_why_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "dumpcap"
    made.write_text("#!/bin/sh\necho 'dumpcap: no filter is called so' >&2\nexit 1\n")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delattr("socket.AF_PACKET", raising=False)
    with pytest.raises(CaptureError, match="dumpcap on lo: dumpcap: no filter is called so"):
        open_sniffer(Wishes("lo", bpf="nonsense"))
    made.unlink()
    with pytest.raises(CapturePermissionError, match="no permission to capture"):
        open_sniffer(Wishes("lo"))


def may_capture() -> bool:
    try:
        SocketSniffer(Wishes("lo")).close()
    except CaptureError:
        return False
    return True


@pytest.mark.skipif(not may_capture(), reason="check not run: no right to capture on lo")
def test_packets_that_the_system_lost_are_counted_to_the_last_one() -> None:
    sniffer = SocketSniffer(Wishes("lo", bpf="udp dst port 40597", buffer_octets=1 << 16))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for number in range(3000):
        sender.sendto(number.to_bytes(2, "big") * 30, ("127.0.0.1", 40597))
    found: list[Sniffed] = []
    while more := sniffer.take():
        found += more
    dropped = sniffer.dropped()
    sniffer.close()
    sender.close()
    assert dropped > 0 and len(found) + dropped == 3000
    assert [one.octets[42:] for one in found] == [n.to_bytes(2, "big") * 30 for n in range(len(found))]


@pytest.mark.skipif(not may_capture(), reason="check not run: no right to capture on lo")
def test_loopback_is_captured_once_a_packet_with_the_kernels_time() -> None:
    sniffer = SocketSniffer(Wishes("lo", bpf="udp port 40599"))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    before = time.time_ns()
    for number in range(50):
        sender.sendto(number.to_bytes(2, "big") * 30, ("127.0.0.1", 40599))
        sender.sendto(b"not asked for", ("127.0.0.1", 40598))
    found: list[Sniffed] = []
    until = time.monotonic() + 5
    while len(found) < 50 and time.monotonic() < until:
        found += sniffer.take()
    found += sniffer.take()
    assert sniffer.dropped() == 0
    sniffer.close()
    sender.close()
    assert [one.octets[42:] for one in found] == [number.to_bytes(2, "big") * 30 for number in range(50)]
    assert all(before <= one.time_ns <= time.time_ns() for one in found)


@pytest.mark.skipif(not may_capture(), reason="check not run: no right to capture on lo")
def test_stopped_socket_hands_on_what_waits_and_takes_nothing_more() -> None:
    sniffer = SocketSniffer(Wishes("lo", bpf="udp dst port 40596"))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for number in range(700):
        sender.sendto(number.to_bytes(2, "big"), ("127.0.0.1", 40596))
    assert sniffer.stop()
    sender.sendto(b"too late", ("127.0.0.1", 40596))
    found: list[Sniffed] = []
    while more := sniffer.take():
        found += more
    assert sniffer.dropped() == 0
    sniffer.close()
    sender.close()
    assert [one.octets[42:44] for one in found] == [number.to_bytes(2, "big") for number in range(700)]
