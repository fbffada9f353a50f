"""Captures read by hand: nothing here uses the project's readers or dissectors, so that both must be right."""

import struct
from typing import NamedTuple


class Record(NamedTuple):
    time_ns: int
    octets: bytes
    flags: int = 0


class Frame(NamedTuple):
    segmentation: bool
    destination: bytes
    source: bytes
    control: int
    information: bytes


def crc(octets: bytes) -> int:
    """CRC-16/X-25, bit by bit."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ 0x8408 if register & 1 else register >> 1
    return register ^ 0xFFFF


def address(octets: bytes) -> bytes:
    size = next(at for at, octet in enumerate(octets, 1) if octet & 1)
    assert size in (1, 2, 4)
    return octets[:size]


def frame(octets: bytes) -> Frame:
    """Take one HDLC frame apart; flags, length, HCS and FCS must be right."""
    assert octets[0] == octets[-1] == 0x7E
    inner = octets[1:-1]
    word = int.from_bytes(inner[:2], "big")
    assert word >> 12 == 0xA
    assert word & 0x7FF == len(inner)
    assert crc(inner[:-2]) == int.from_bytes(inner[-2:], "little")
    destination = address(inner[2:])
    source = address(inner[2 + len(destination) :])
    at = 2 + len(destination) + len(source)
    control, information = inner[at], b""
    if len(inner) > at + 3:
        assert crc(inner[: at + 1]) == int.from_bytes(inner[at + 1 : at + 3], "little")
        information = inner[at + 3 : -2]
    return Frame(bool(word & 0x800), destination, source, control, information)


def pdus(octets: bytes) -> list[tuple[int, int, bytes]]:
    """Take wrapper PDUs apart: source, destination, APDU."""
    found = []
    while octets:
        version, source, destination, length = struct.unpack_from(">HHHH", octets)
        assert version == 1
        assert len(octets) >= 8 + length
        found.append((source, destination, octets[8 : 8 + length]))
        octets = octets[8 + length :]
    return found


def ones_sum(octets: bytes) -> int:
    octets += bytes(len(octets) % 2)
    total = 0
    for high, low in zip(octets[::2], octets[1::2], strict=True):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return total


def transport(packet: bytes) -> tuple[int, tuple[bytes, int], tuple[bytes, int], bytes]:
    """Take an Ethernet frame apart: protocol, both ends, TCP segment or UDP datagram. Checksums must be right."""
    assert packet[12:14] == b"\x08\x00"
    total = int.from_bytes(packet[16:18], "big")
    header, body = packet[14:34], packet[34 : 14 + total]
    assert header[0] == 0x45
    assert ones_sum(header) == 0xFFFF
    pseudo = header[12:20] + bytes((0, header[9])) + len(body).to_bytes(2, "big")
    assert ones_sum(pseudo + body) == 0xFFFF
    source, destination = struct.unpack_from(">HH", body)
    return header[9], (header[12:16], source), (header[16:20], destination), body


def pcap(octets: bytes) -> tuple[int, list[Record]]:
    """Read a little-endian pcap with nanoseconds: link type and records."""
    magic, major, minor, _, _, _, link_type = struct.unpack_from("<IHHiIII", octets)
    assert (magic, major, minor) == (0xA1B23C4D, 2, 4)
    at, found = 24, []
    while at < len(octets):
        seconds, fraction, captured, original = struct.unpack_from("<IIII", octets, at)
        assert captured == original
        found.append(Record(seconds * 10**9 + fraction, octets[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return link_type, found


def pcapng(octets: bytes) -> tuple[int, list[Record]]:
    """Read a little-endian pcapng of one interface: link type and records with their flags."""
    at, link_type, found = 0, -1, []
    while at < len(octets):
        kind, length = struct.unpack_from("<II", octets, at)
        assert length % 4 == 0
        assert octets[at + length - 4 : at + length] == octets[at + 4 : at + 8]
        body = octets[at + 8 : at + length - 4]
        at += length
        if kind == 1:
            link_type = int.from_bytes(body[:2], "little")
        if kind == 6:
            _, high, low, captured, _ = struct.unpack_from("<IIIII", body)
            options = body[20 + (captured + 3) // 4 * 4 :]
            found.append(Record(high << 32 | low, body[20 : 20 + captured], flags_of(options)))
    return link_type, found


def flags_of(options: bytes) -> int:
    at = 0
    while at < len(options):
        code, length = struct.unpack_from("<HH", options, at)
        if code == 2:
            return int.from_bytes(options[at + 4 : at + 8], "little")
        at += 4 + (length + 3) // 4 * 4
    return 0


def capture(octets: bytes) -> tuple[int, list[Record]]:
    return pcapng(octets) if octets[:4] == b"\x0a\x0d\x0d\x0a" else pcap(octets)


def mbus_frame(octets: bytes) -> bytes:
    """Take an M-Bus long frame apart: what its length counts. Start, stop and sum must be right."""
    assert octets[0] == octets[3] == 0x68
    assert octets[1] == octets[2] == (len(octets) - 6) % 256
    assert octets[-1] == 0x16
    assert octets[-2] == sum(octets[4:-2]) % 256
    return octets[4:-2]


def frames_of_log(text: bytes) -> list[Record]:
    """Join the reads of a log's lines to HDLC frames, each as long as its header says."""
    waiting = {"TX": b"", "RX": b""}
    found = []
    for line in text.decode("ascii").splitlines():
        if line.startswith("#"):
            continue
        word, octets = line[24:26], bytes.fromhex(line[28:])
        waiting[word] += octets
        size = 2 + (int.from_bytes(waiting[word][1:3], "big") & 0x7FF)
        if len(waiting[word]) >= size:
            assert len(waiting[word]) == size
            found.append(Record(0, waiting[word]))
            waiting[word] = b""
    assert set(waiting.values()) == {b""}
    return found


def without_parity(octets: bytes) -> bytes:
    """Take even parity off, if there is any: then each octet must have it."""
    if max(octets) > 0x7F:
        assert all(octet.bit_count() % 2 == 0 for octet in octets)
    return bytes(octet & 0x7F for octet in octets)


def arc(octets: bytes) -> int:
    """CRC-16/ARC, bit by bit."""
    register = 0
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register


def message_kind(octets: bytes) -> str:
    """Name a message of IEC 62056-21 or a P1 telegram; its check character or CRC must be right."""
    text = without_parity(octets)
    if text.startswith(b"/"):
        assert text.endswith(b"\r\n")
        if b"\r\n\r\n" in text:
            assert int(text[-6:-2], 16) == arc(text[:-6])
            return "telegram"
        return "request" if text[1:2] == b"?" else "identification"
    if len(text) == 1:
        return {b"\x06": "ack", b"\x15": "nak"}[text]
    if text.startswith(b"\x06"):
        return "acknowledgement"
    total = 0
    for octet in text[1:]:
        total ^= octet
    assert total == 0
    assert text[-2] in (3, 4)
    if text.startswith(b"\x01"):
        return "break" if text[1:2] == b"B" else "command"
    if text.startswith(b"\x02(ER"):
        return "error"
    return "block" if text[-2] == 4 else "data"
