"""Faults of what was captured: octets between frames, beginnings and ends that are missing, another protocol."""

from __future__ import annotations

import random
from collections.abc import Callable

from analyzer.framing.hdlc_header import address_end
from analyzer.simulate.mbus_line import long_frame
from analyzer.simulate.uart import LineFormat, misread, octets_of_characters
from captures.chunk import RECEIVED, SENT
from dissectors.checks import fcs
from dissectors.scanning import reads
from tests.faults.case import Case, Fault, Lines, Said, Truth
from tests.faults.frames import target

_HDLC = frozenset({"hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong", "hdlc-noise", "noise", "capture-cut"})
_MS = 1_000_000
_SIGN_ON = LineFormat(300, 7, "E")
_TITLE = b"\x08MMM\0\0\xbca\x4e"


def _between(octets: Callable[[random.Random], bytes], cause: str) -> Callable[[random.Random, int], Case | None]:
    """Octets that stand alone behind a frame."""

    def make(chance: random.Random, number: int) -> Case | None:
        session, at = target(chance, number)
        if at == len(session) - 1:
            return None
        noise = octets(chance)
        before = session[at]
        later = None if before.time_ns is None else before.time_ns + 3 * _MS
        stray = before._replace(octets=noise, time_ns=later, direction=chance.choice((SENT, RECEIVED)))
        return Case([*session[: at + 1], stray, *session[at + 1 :]], Truth(frozenset({cause}), _HDLC))

    return make


def _idle(chance: random.Random) -> bytes:
    """A run of one octet; of FF, as of flags, every receiver knows that it is idle fill, and no story is told."""
    return bytes((chance.choice((0x00, 0x55, 0xF8)),)) * chance.randrange(2, 40)


def slow_sign_on(chance: random.Random, number: int) -> Case | None:
    """A session of mode E is heard at the speed of its frames all along: before them stands the sign-on at 300 Bd."""
    session, _ = target(chance, number)
    first = session[0]
    said = (b"/?!\r\n", b"/MMM5\\2SIM-41\r\n", b"\x06252\r\n", b"\x06252\r\n")[: chance.randrange(1, 5)]
    heard = [octets_of_characters(misread(one, _SIGN_ON, LineFormat())) for one in said]
    before = None if first.time_ns is None else first.time_ns - 3000 * _MS
    lines = [first._replace(octets=one, direction=SENT, time_ns=before) for one in heard]
    return Case([*lines, *session], Truth(frozenset({"lower-speed"}), _HDLC))


def _noise(chance: random.Random) -> bytes:
    return bytes(chance.choice([one for one in range(256) if one != 0x7E]) for _ in range(chance.randrange(2, 16)))


def begun_late(chance: random.Random, number: int) -> Case | None:
    """The capture begins within a frame, and goes on."""
    session, at = target(chance, number)
    if at == len(session) - 1:
        return None
    frame = session[at].octets
    cut = 3 + number * 7 % (len(frame) - 4)
    truth = Truth(frozenset({"capture-started-late", "start-of-dump-missing"}), _HDLC)
    return Case([session[at]._replace(octets=frame[cut:]), *session[at + 1 :]], truth)


def headless_dump(chance: random.Random, number: int) -> Case | None:
    """The beginning of a hex dump of one frame is missing."""
    session, at = target(chance, number, least=20)
    frame = session[at].octets
    cut = 3 + number * 7 % (len(frame) - 12)
    if reads(frame[cut:]):
        return None  # what is left is a whole APDU by chance
    return Case([], Truth(frozenset({"start-of-dump-missing"}), _HDLC), text=frame[cut:].hex(" ").upper())


def ended_within(chance: random.Random, number: int) -> Case | None:
    """The capture ends within a frame."""
    session, at = target(chance, number)
    frame = session[at].octets
    cut = 5 + number * 7 % (len(frame) - 6)
    if cut in (64, 128, 256, 512, 1024) or frame[cut - 1] == 0x7E:
        return None
    truth = Truth(frozenset({"capture-ended"}), _HDLC)
    return Case([*session[:at], session[at]._replace(octets=frame[:cut])], truth)


def misread_header(chance: random.Random, number: int) -> Case | None:
    """The HCS covers longer addresses than the low bits of their octets say."""
    session, at = target(chance, number, least=24)
    inner = session[at].octets[1:-1]
    middle = address_end(inner, 2) or 0
    end = address_end(inner, middle) or 0
    if end - 2 not in (2, 3):
        return None
    control, rest = inner[end : end + 1], inner[end + 3 : -2]
    odd = bytes((chance.randrange(128) * 2 + 1,))
    addresses = inner[2:middle] + odd + inner[middle:end] + odd  # each has an octet more than its end says
    head = (0xA000 | len(inner) + 2).to_bytes(2, "big") + addresses + control
    head += fcs(head).to_bytes(2, "little")
    body = head + rest
    made = b"\x7e" + body + fcs(body).to_bytes(2, "little") + b"\x7e"
    truth = Truth(frozenset({"address-length-misread"}), _HDLC | {"hdlc-address-unusual"})
    return Case([session[at]._replace(octets=made)], truth)


def crc_of_modbus(octets: bytes) -> bytes:
    """CRC-16 of Modbus RTU, low octet first."""
    value = 0xFFFF
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA001 * (value & 1)
    return value.to_bytes(2, "little")


def modbus(chance: random.Random, number: int) -> Case:
    """A Modbus RTU bus: reads of registers and their answers."""
    lines: Lines = []
    for step in range(chance.randrange(4, 12)):
        unit, count = bytes((chance.randrange(1, 20),)), chance.randrange(1, 20)
        asked = unit + b"\x03" + chance.randrange(0x4000).to_bytes(2, "big") + bytes((0, count))
        told = unit + b"\x03" + bytes((2 * count,)) + b"".join(
            chance.choice((0, 1, 230, 2300, 65535)).to_bytes(2, "big") for _ in range(count)
        )  # fmt: skip
        for side, octets in ((SENT, asked), (RECEIVED, told)):
            lines.append(Said((step * 200 + 40 * (side == RECEIVED)) * _MS, side, octets + crc_of_modbus(octets)))
    return Case(lines, Truth(frozenset({"wrong-stack"}), _HDLC | {"line-unreadable"}))


def foreign(chance: random.Random, number: int) -> Case:
    """Binary frames of a protocol that nobody here knows."""
    lines = [
        Said(step * 150 * _MS, SENT if step % 2 else RECEIVED, b"\xaa" + chance.randbytes(chance.randrange(6, 24)))
        for step in range(chance.randrange(6, 20))
    ]
    return Case(lines, Truth(frozenset({"wrong-stack"}), _HDLC | {"line-unreadable"}))


# -- the reader's buffer in the log -----------------------------------------------------------------------------------


def _pushed(chance: random.Random) -> tuple[bytes, bytes]:
    """A ciphered push as it was on the line, and with its text in clear."""
    pushed = bytes.fromhex("0F000000010C07EA0302010A0F0000FFC400") + bytes.fromhex("020409060100010800FF0600012345")
    pushed += bytes.fromhex("02020F001620") + bytes((0x09, 4)) + chance.randbytes(4)
    header = b"\xdb" + _TITLE + bytes((5 + len(pushed), 0x20)) + chance.randbytes(4)
    return header + chance.randbytes(len(pushed)), header + pushed


def mixed(chance: random.Random, number: int) -> Case:
    """A log has a ciphered push as it came, and behind it the reader's buffer after it deciphered."""
    closed, shown = _pushed(chance)
    if number % 2:
        body = b"\x53\xff\x10\x01\x67"
        lines = [long_frame(body + closed), long_frame(body + closed)[:9] + shown + long_frame(body + closed)[-2:]]
        codes = frozenset({"mbus-checksum-wrong", "mbus-length-wrong", "already-deciphered"})
    else:
        sent = bytes((0xA0, len(closed) + 12, 0x21, 0x03, 0x13))
        sent += fcs(sent).to_bytes(2, "little") + b"\xe6\xe7\x00"
        check = fcs(sent + closed).to_bytes(2, "little")
        lines = [b"\x7e" + sent + one + check + b"\x7e" for one in (closed, shown)]
        codes = _HDLC | {"already-deciphered"}
    said = [Said(step * 1000 * _MS, RECEIVED, one) for step, one in enumerate(lines)]
    return Case(said, Truth(frozenset({"mixed-log"}), codes))


def deciphered(chance: random.Random, number: int) -> Case:
    """A bare APDU whose header says ciphered and whose text is plain: no check sequence tells."""
    _, shown = _pushed(chance)
    if number % 2:
        ports = (1).to_bytes(2, "big") + (103).to_bytes(2, "big")
        shown = b"\0\1" + ports + len(shown).to_bytes(2, "big") + shown
    return Case([Said(0, RECEIVED, shown)], Truth(frozenset({"decrypted-in-place"})))


NOISE_FAULTS: tuple[Fault, ...] = (
    Fault("hdlc-noise", "idle-fill", _between(_idle, "idle-fill")),
    Fault("hdlc-noise", "lower-speed", slow_sign_on),
    Fault("hdlc-noise", "line-noise", _between(_noise, "line-noise")),
    # Of a session without times a tail that begins like a frame is not told from one that breaks off.
    Fault("capture-cut", "capture-started-late", begun_late, 0.95),
    # Octets of a frame's middle may begin like a message of text or read as a short APDU: measured 98 to 99.5 %.
    Fault("capture-cut", "start-of-dump-missing", headless_dump, 0.98),
    Fault("capture-cut", "capture-ended", ended_within),
    Fault("hdlc-address-unusual", "address-length-misread", misread_header),
    Fault("line-unreadable", "wrong-stack", modbus, group="Modbus"),
    # Of random octets one session in a hundred begins as a damaged frame of ours does.
    Fault("line-unreadable", "wrong-stack", foreign, 0.98),
    Fault("hdlc-fcs-wrong", "mixed-log", mixed),
    Fault("already-deciphered", "decrypted-in-place", deciphered),
)
