"""Ethernet, IPv4, TCP and UDP packets from their parts, checksums filled in. Source: IEEE 802.3, RFC 791, 9293, 768."""

from __future__ import annotations

import struct
from typing import NamedTuple

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


class Endpoint(NamedTuple):
    """An end of a conversation: IPv4 address as text, port, MAC address."""

    address: str
    port: int
    mac: str

    @property
    def octets(self) -> bytes:
        """Give the four octets of the address."""
        return bytes(int(part) for part in self.address.split("."))


def checksum(octets: bytes) -> int:
    """Compute the Internet checksum: the ones' complement of the ones' complement sum of 16-bit words."""
    padded = octets + bytes(len(octets) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(source: Endpoint, destination: Endpoint, packet: bytes) -> bytes:
    """Put an IPv4 packet into an Ethernet frame, padded to its least size of 60 octets."""
    macs = bytes.fromhex((destination.mac + source.mac).replace(":", ""))
    return (macs + b"\x08\x00" + packet).ljust(60, b"\0")


def ipv4(source: Endpoint, destination: Endpoint, protocol: int, body: bytes, identification: int) -> bytes:
    """Build an IPv4 packet that must not be fragmented."""
    head = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(body), identification & 0xFFFF, 0x4000, 64, protocol)
    addresses = source.octets + destination.octets
    return head + checksum(head + b"\0\0" + addresses).to_bytes(2, "big") + addresses + body


def tcp(
    source: Endpoint,
    destination: Endpoint,
    *,
    sequence: int,
    acknowledged: int,
    flags: int,
    octets: bytes = b"",
    options: bytes = b"",
    window: int = 8192,
) -> bytes:
    """Build a TCP segment; *options* fill whole words."""
    offset = (5 + len(options) // 4) << 4
    numbers = (sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF)
    head = struct.pack(">HHIIBBHHH", source.port, destination.port, *numbers, offset, flags, window, 0, 0)
    return _summed(source, destination, TCP, head + options + octets, 16)


def udp(source: Endpoint, destination: Endpoint, octets: bytes) -> bytes:
    """Build a UDP datagram."""
    head = struct.pack(">HHHH", source.port, destination.port, 8 + len(octets), 0)
    return _summed(source, destination, UDP, head + octets, 6)


def _summed(source: Endpoint, destination: Endpoint, protocol: int, body: bytes, at: int) -> bytes:
    """Fill in the checksum over pseudo header and body; a UDP sum of zero is sent as ones."""
    pseudo = source.octets + destination.octets + struct.pack(">HH", protocol, len(body))
    found = checksum(pseudo + body) or (0xFFFF if protocol == UDP else 0)
    return body[:at] + found.to_bytes(2, "big") + body[at + 2 :]
