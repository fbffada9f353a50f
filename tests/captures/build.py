"""Captures and packets from their parts, written from the formats' documents and not from the readers."""

import struct
from collections.abc import Iterable

PCAP_MAGICS = {6: 0xA1B2C3D4, 9: 0xA1B23C4D}


def pcap_header(
    *, order: str = "<", digits: int = 6, link_type: int = 1, snap_length: int = 65535, magic: int = 0
) -> bytes:
    return struct.pack(order + "IHHiIII", magic or PCAP_MAGICS[digits], 2, 4, 0, 0, snap_length, link_type)


def pcap_record(
    octets: bytes,
    *,
    order: str = "<",
    seconds: int = 1_700_000_000,
    fraction: int = 0,
    captured: int = -1,
    original: int = -1,
) -> bytes:
    captured = len(octets) if captured < 0 else captured
    return struct.pack(order + "IIII", seconds, fraction, captured, captured if original < 0 else original) + octets


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def options(pairs: Iterable[tuple[int, bytes]], order: str = "<") -> bytes:
    octets = b"".join(option(code, value, order) for code, value in pairs)
    return octets + bytes(4) if octets else b""


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<", pairs: Iterable[tuple[int, bytes]] = ()) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options(pairs, order), order)


def interface(
    link_type: int = 1, order: str = "<", pairs: Iterable[tuple[int, bytes]] = (), snap_length: int = 0
) -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options(pairs, order), order)


def enhanced(
    octets: bytes,
    time: int = 0,
    order: str = "<",
    pairs: Iterable[tuple[int, bytes]] = (),
    number: int = 0,
    original: int = -1,
) -> bytes:
    original = len(octets) if original < 0 else original
    head = struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(octets), original)
    return block(6, head + octets + bytes(-len(octets) % 4) + options(pairs, order), order)


def simple(octets: bytes, order: str = "<", original: int = -1) -> bytes:
    return block(3, struct.pack(order + "I", len(octets) if original < 0 else original) + octets, order)


def old_packet(
    octets: bytes, time: int = 0, order: str = "<", pairs: Iterable[tuple[int, bytes]] = (), number: int = 0
) -> bytes:
    head = struct.pack(order + "HHIIII", number, 0, time >> 32, time & 0xFFFFFFFF, len(octets), len(octets))
    return block(2, head + octets + bytes(-len(octets) % 4) + options(pairs, order), order)


METER, CLIENT = bytes([10, 0, 0, 7]), bytes([10, 0, 0, 2])
METER_6, CLIENT_6 = bytes.fromhex("fe80" + "00" * 13 + "07"), bytes.fromhex("20010db8" + "00" * 11 + "02")


def tcp(
    octets: bytes = b"",
    *,
    sequence: int = 1000,
    flags: int = 0x18,
    pairs: bytes = b"",
    ports: tuple[int, int] = (4059, 51234),
) -> bytes:
    offset = (5 + len(pairs) // 4) << 4
    return struct.pack(">HHIIBBHHH", *ports, sequence, 77, offset, flags, 8192, 0, 0) + pairs + octets


def udp(octets: bytes = b"", *, length: int = -1, ports: tuple[int, int] = (4059, 51234)) -> bytes:
    return struct.pack(">HHHH", *ports, len(octets) + 8 if length < 0 else length, 0) + octets


def ipv4(
    body: bytes,
    protocol: int = 6,
    *,
    pairs: bytes = b"",
    total: int = -1,
    identification: int = 1,
    offset: int = 0,
    more: bool = False,
    addresses: bytes = METER + CLIENT,
) -> bytes:
    header = 20 + len(pairs)
    total = header + len(body) if total < 0 else total
    fragment = offset // 8 | (0x2000 if more else 0)
    return (
        struct.pack(">BBHHHBBH", 0x40 | header // 4, 0, total, identification, fragment, 64, protocol, 0)
        + addresses
        + pairs
        + body
    )


def ipv6(body: bytes, following: int = 6, *, length: int = -1, addresses: bytes = METER_6 + CLIENT_6) -> bytes:
    return struct.pack(">IHBB", 0x60000000, len(body) if length < 0 else length, following, 64) + addresses + body


def ethernet(body: bytes, kind: int = 0x0800, *tags: int) -> bytes:
    octets = bytes.fromhex("020000000001 020000000002")
    for tag in tags:
        octets += struct.pack(">HH", tag, 5)
    return octets + struct.pack(">H", kind) + body
