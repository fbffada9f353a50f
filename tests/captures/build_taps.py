"""Packets of taps from their parts: usbmon, USBPcap, RTAC serial, exported PDUs."""

import struct

FTDI, CP210X = 0x0403, 0x10C4
BULK_IN, BULK_OUT = 0x81, 0x02
IDLE = bytes.fromhex("0160")
"""FTDI: CTS and the others off; transmitter empty."""


def usbmon(
    octets: bytes,
    endpoint: int,
    *,
    event: bytes = b"",
    order: str = "<",
    header: int = 64,
    kind: int = 3,
    length: int = -1,
) -> bytes:
    """A packet of usbmon: data goes with the submission towards the device, with the completion towards the host."""
    event = event or (b"C" if endpoint & 0x80 else b"S")
    there = b"\0" if octets else b"<"
    length = len(octets) if length < 0 else length
    head = struct.pack(order + "QcBBBHcc", 0xFFFF8881, event, kind, endpoint, 5, 1, b"-", there)
    head += struct.pack(order + "qiiII", 1_700_000_000, 5, 0, length, len(octets)) + bytes(8)
    return head + bytes(header - 48) + octets


def usbpcap(octets: bytes, endpoint: int, *, info: int = -1, kind: int = 3, length: int = -1) -> bytes:
    info = endpoint >> 7 if info < 0 else info
    extra = b"\x01" if kind == 2 else b""
    length = len(octets) if length < 0 else length
    head = struct.pack("<HQIHBHHBBI", 27 + len(extra), 7, 0, 9, info, 1, 5, endpoint, kind, length)
    return head + extra + octets


def device_descriptor(vendor: int) -> bytes:
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, vendor, 0x6001, 0x600, 1, 2, 3, 1)


def configuration(*ports: tuple[int, int]) -> bytes:
    """A configuration descriptor with one interface for each pair of endpoints."""
    body = b""
    for number, endpoints in enumerate(ports):
        body += bytes([9, 4, number, 0, len(endpoints), 255, 0, 0, 0])
        body += b"".join(bytes([7, 5, endpoint, 2, 64, 0, 0]) for endpoint in endpoints)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(ports), 1, 0, 0x80, 50) + body


def with_status(octets: bytes, size: int = 64, status: bytes = IDLE) -> bytes:
    """Data as an FTDI adapter sends it: status octets before the data of each USB packet."""
    step = size - 2
    return b"".join(status + octets[at : at + step] for at in range(0, max(len(octets), 1), step))


def rtac(octets: bytes, event: int) -> bytes:
    return struct.pack(">IIBBH", 12, 345678, event, 0x40, 0) + octets


def upper_pdu(octets: bytes, *tags: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tags) + bytes(4) + octets
