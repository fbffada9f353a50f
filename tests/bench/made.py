"""Captures that the traffic generator has not: pushes, load profiles that are read, and APDUs alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from struct import Struct, pack

SEED = 7
PUSHED, ROWS, COLUMNS = 10, 96, 4
"""Values of a push; rows and columns of a profile."""
_CLIENT, _METER = bytes((198, 51, 100, 2)), bytes((198, 51, 100, 7))
_FILE = pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101)
_IP = Struct(">BBHHHBBH4s4s").pack
_BEGIN, _HOUR, _DAY = 1_760_000_000, 3600, 86400


def write_push(path: Path, packets: int) -> None:
    """Write *packets* data-notifications in UDP: a clock and registers, each with its name."""
    draw = random.Random(SEED)
    path.write_bytes(b"".join((_FILE, *(_record(n, _udp(_push(draw, n))) for n in range(packets)))))


def _push(draw: random.Random, number: int) -> bytes:
    items = [b"\x09\x0c" + _date_time(number)]
    for code in range(1, PUSHED):
        items += [b"\x09\x06" + bytes((1, 0, code, 8, 0, 255)), b"\x06" + draw.randbytes(4)]
    return b"\x0f" + pack(">I", number) + b"\x00\x02" + bytes((len(items),)) + b"".join(items)


def write_profile(path: Path, packets: int) -> None:
    """Write *packets* of requests for a load profile and their answers, the columns asked for first."""
    draw, sequence = random.Random(SEED), [1, 1]
    records = []
    for number in range(packets):
        attribute = 3 if number < 2 else 2
        apdu = bytes.fromhex("C001C100070100630100FF") + bytes((attribute, 0))
        if number % 2:
            apdu = b"\xc4\x01\xc1\x00" + (_columns() if attribute == 3 else _buffer(draw, number))
        records.append(_record(number, _tcp(apdu, number % 2, sequence)))
    path.write_bytes(b"".join((_FILE, *records)))


def _columns() -> bytes:
    columns = [(8, (0, 0, 1, 0, 0, 255)), *((3, (1, 0, code, 8, 0, 255)) for code in range(1, COLUMNS))]
    one = [
        b"\x02\x04\x12" + pack(">H", kind) + b"\x09\x06" + bytes(name) + b"\x0f\x02\x12\0\0" for kind, name in columns
    ]
    return b"\x01" + bytes((len(one),)) + b"".join(one)


def _buffer(draw: random.Random, number: int) -> bytes:
    rows = []
    for row in range(ROWS):
        values = (b"\x06" + draw.randbytes(4) for _ in range(1, COLUMNS))
        rows.append(b"\x02" + bytes((COLUMNS,)) + b"\x09\x0c" + _date_time(number * ROWS + row) + b"".join(values))
    return b"\x01" + bytes((ROWS,)) + b"".join(rows)


def _date_time(hours: int) -> bytes:
    """A COSEM date-time, *hours* after the first of a year; every month of it has 28 days."""
    days = hours // 24
    return pack(">HBBBBBBBhB", 2025 + days // 336, days // 28 % 12 + 1, days % 28 + 1, 255, hours % 24, 0, 0, 0, 0, 0)


def _udp(apdu: bytes) -> bytes:
    pdu = pack(">HHHH", 1, 1, 103, len(apdu)) + apdu
    udp = pack(">HHHH", 4059, 4059, 8 + len(pdu), 0) + pdu
    return _IP(0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, _METER, _CLIENT) + udp


def _tcp(apdu: bytes, side: int, sequence: list[int]) -> bytes:
    """A request (side 0) or an answer in one segment, as a capture has it where the interface joins segments."""
    ends, ports, places = (
        ((_CLIENT, _METER), (51234, 4059), (16, 1)) if not side else ((_METER, _CLIENT), (4059, 51234), (1, 16))
    )
    pdu = pack(">HHHH", 1, *places, len(apdu)) + apdu
    tcp = pack(">HHIIBBHHH", *ports, sequence[side], sequence[1 - side], 0x50, 0x18, 0xFAF0, 0, 0) + pdu
    sequence[side] = sequence[side] + len(pdu) & 0xFFFFFFFF
    return _IP(0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, *ends) + tcp


def _record(number: int, octets: bytes) -> bytes:
    return pack("<IIII", _BEGIN + number // 10, number % 10 * 100_000, len(octets), len(octets)) + octets


def write_apdus(path: Path, count: int, capture: Path) -> None:
    """Write the first *count* GET requests and responses of *capture* in hex, a line each."""
    path.write_text("".join(f"{octets.hex()}\n" for octets, _ in zip(_gets(capture), range(count), strict=False)))


def _gets(capture: Path) -> Iterator[bytes]:
    from analyzer.session import Session
    from captures import open_source

    with open_source(str(capture)) as source:
        for record in Session(source, learns=False).records():
            if record.apdu is not None and record.apdu.octets[0] in (0xC0, 0xC4):
                yield record.apdu.octets
