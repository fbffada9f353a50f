"""Captures of many connections: packets of several captures in one, with other hosts, lost, cut and out of order."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from captures import open_source

_ETHERNET, _IPV4 = 1, b"\x08\x00"
_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _ETHERNET)


def packets(path: str, most: int) -> list[bytes]:
    """Give the first packets of a capture over Ethernet and IPv4."""
    found: list[bytes] = []
    with open_source(path) as source:
        for chunk in source:
            if chunk.link_type == _ETHERNET and chunk.octets[12:14] == _IPV4:
                found.append(chunk.octets)
            if len(found) == most:
                break
    return found


def over_tcp(frames: Iterable[bytes], host: int) -> list[bytes]:
    """Put octets into the segments of one connection, each into one of its own, from the client and back in turns."""
    client, meter = bytes((10, 9, 0, 1)), bytes((10, 9, 1, host))
    sequence = [1000, 5000]
    made = []
    for turn, octets in enumerate(frames):
        side = turn % 2
        ends, ports = ((client, meter), (40000 + host, 4059)) if not side else ((meter, client), (4059, 40000 + host))
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence[side], sequence[1 - side], 0x50, 0x18, 8192, 0, 0) + octets
        sequence[side] += len(octets)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), turn, 0, 64, 6, 0)
        made.append(bytes(12) + _IPV4 + ip + ends[0] + ends[1] + tcp)
    return made


def fragments(packet: bytes, identification: int) -> list[bytes]:
    """Cut an IPv4 packet in two, where it is long enough."""
    ip, body = packet[14:34], packet[34:]
    at = len(body) // 16 * 8
    if ip[0] != 0x45 or not 8 <= at < len(body) or struct.unpack_from(">H", ip, 2)[0] != 20 + len(body):
        return [packet]
    pieces = ((0x2000, body[:at]), (at // 8, body[at:]))
    return [
        packet[:16] + struct.pack(">HHH", 20 + len(piece), identification, place) + packet[22:34] + piece
        for place, piece in pieces
    ]


def moved(packet: bytes, hosts: int) -> bytes:
    """Give a packet between two other hosts."""
    octets = bytearray(packet)
    for at in (29, 33):
        octets[at] = octets[at] + hosts & 0xFF
    return bytes(octets)


def spoilt(stream: list[bytes], dice: random.Random) -> list[bytes]:
    """Lose, repeat, swap and fragment packets, and begin in the middle, now and then."""
    if dice.random() < 0.3:
        stream = stream[dice.randrange(max(1, len(stream) // 2)) :]
    if dice.random() < 0.3:
        stream = [one for one in stream if dice.random() > 0.02]
    if dice.random() < 0.3:
        for at in range(len(stream) - 1):
            if dice.random() < 0.03:
                stream[at], stream[at + 1] = stream[at + 1], stream[at]
    if dice.random() < 0.3:
        stream = [one for one in stream for _ in range(1 + (dice.random() < 0.02))]
    if dice.random() < 0.3:
        stream = [
            piece
            for number, one in enumerate(stream)
            for piece in (fragments(one, number) if dice.random() < 0.1 else [one])
        ]
    return stream


def interleave(streams: Sequence[Sequence[bytes]], dice: random.Random) -> list[bytes]:
    """Put the packets of all streams into one order that keeps that of each."""
    left = [list(reversed(one)) for one in streams if one]
    found = []
    while left:
        one = dice.choice(left)
        found += [one.pop() for _ in range(min(len(one), dice.choice((1, 1, 2, 5, 40))))]
        left = [one for one in left if one]
    return found


def write(path: Path, found: Iterable[bytes], dice: random.Random, *, cuts: float = 0.001) -> str:
    """Write a capture, the share *cuts* of its packets cut."""
    parts, time_us = [_HEADER], 1_700_000_000_000_000
    for octets in found:
        time_us += dice.randint(10, 20_000)
        kept = octets[: max(60, len(octets) // 2)] if dice.random() < cuts else octets
        parts += [struct.pack("<IIII", time_us // 1_000_000, time_us % 1_000_000, len(kept), len(octets)), kept]
    path.write_bytes(b"".join(parts))
    return str(path)


def write_interfaces(path: Path, found: Iterable[bytes], interfaces: int) -> str:
    """Write a capture of the newer format, whose packets came on several interfaces in turns."""

    def block(kind: int, content: bytes) -> bytes:
        size = 12 + len(content)
        return struct.pack("<II", kind, size) + content + struct.pack("<I", size)

    parts = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    parts += [block(1, struct.pack("<HHI", _ETHERNET, 0, 65535))] * interfaces
    for number, octets in enumerate(found):
        time_us = 1_700_000_000_000_000 + 900 * number
        head = struct.pack("<IIIII", number % interfaces, time_us >> 32, time_us & 0xFFFFFFFF, len(octets), len(octets))
        parts.append(block(6, head + octets + bytes(-len(octets) % 4)))
    path.write_bytes(b"".join(parts))
    return str(path)
