"""Faults of messages of text and of M-Bus segments: what is refused, comes again, or is not written as it has to be."""

from __future__ import annotations

import random
from binascii import crc_hqx
from collections.abc import Callable

from analyzer.simulate import mbus_line
from analyzer.simulate.sent import TO_CLIENT
from captures.chunk import LINK_OCTETS
from dissectors.checks import bcc, fcs
from tests.faults.case import Case, Fault, Lines, Said, Truth
from tests.faults.lower import readout, telegrams

_START_NS = 1_770_000_000_000_000_000
Make = Callable[[random.Random, int], "Case | None"]


def _case(lines: Lines, *causes: str, codes: tuple[str, ...] = ()) -> Case:
    return Case(lines, Truth(frozenset(causes), frozenset(codes)))


def plain(name: str) -> Lines:
    """A session of a sample in seven bits."""
    return [one._replace(octets=bytes(octet & 0x7F for octet in one.octets)) for one in readout(name)]


# -- M-Bus ------------------------------------------------------------------------------------------------------------


def segments(chance: random.Random, number: int) -> list[Said]:
    """Some pushes of a ciphered meter, each in several segments."""
    lines: list[Said] = []
    for step in range(4):
        apdu = b"\xdb\x08MMM\0\0\xbca\x4e\x82\x02\x00\x20" + bytes((0, 0, 1, step)) + chance.randbytes(507)
        for part, frame in enumerate(mbus_line.segments(apdu, 1, 0x67, length=140 + number % 60)):
            lines.append(Said(_START_NS + (step * 10 + part) * 10**9, TO_CLIENT, frame, LINK_OCTETS))
    return lines


def segment_missing(chance: random.Random, number: int) -> Case:
    lines = segments(chance, number)
    inner = [at for at, one in enumerate(lines[:-1]) if one.octets[6] & 0x0F and at > 4]
    at = chance.choice(inner[:-2])
    return _case([*lines[:at], *lines[at + 1 :]], "octets-lost")


def segment_repeated(chance: random.Random, number: int) -> Case:
    lines = segments(chance, number)
    at = chance.choice([at for at, one in enumerate(lines) if not one.octets[6] & 0x10])
    return _case([*lines[: at + 1], *lines[at:]], "")


# -- reaction times ---------------------------------------------------------------------------------------------------

_MS = 1_000_000
_CHARACTER_NS = 10 * _MS


def reacting(change: Callable[[random.Random, int], tuple[int, int]], kind: str, *causes: str) -> Make:
    """A session whose characters have times. *change* gives the reaction and the pause within, in ms, of one of *kind*:
    ``answer`` of the meter, or ``select`` of the client."""

    def make(chance: random.Random, number: int) -> Case:
        session = plain("mode-c-programming")[:14]  # before the refusals and repetitions that it shows
        ours = [
            at
            for at, one in enumerate(session)
            if (one.octets[:1] == b"\x06" and len(one.octets) == 6 if kind == "select" else at % 2 and at > 2)
        ]
        wrong = chance.choice([at for at in ours if len(session[at].octets) > 3])
        time_ns, lines = _START_NS, []
        for at, one in enumerate(session):
            reaction, pause = change(chance, number) if at == wrong else (chance.randrange(230, 400), 0)
            time_ns += reaction * _MS
            middle = chance.randrange(1, len(one.octets)) if len(one.octets) > 1 else -1
            for place, octet in enumerate(one.octets):
                time_ns += _CHARACTER_NS + (pause * _MS if place == middle else 0)
                lines.append(one._replace(time_ns=time_ns, octets=bytes((octet,))))
        return _case(lines, *causes)

    return make


def _late(chance: random.Random, number: int) -> tuple[int, int]:
    return chance.randrange(2200, 9000), 0


def _early(chance: random.Random, number: int) -> tuple[int, int]:
    return chance.randrange(5, 150), 0


def _paused(chance: random.Random, number: int) -> tuple[int, int]:
    return 300, chance.randrange(1600, 8000)


# -- IEC 62056-21 -----------------------------------------------------------------------------------------------------


def refused_command(chance: random.Random, number: int) -> Case:
    """A read or write command is answered with an error message, NAK or break."""
    session = plain("mode-c-programming")
    places = [at for at, one in enumerate(session) if one.octets[:2] in (b"\x01R", b"\x01W")]
    at = places[number % len(places)]
    told = b"(ER%02d)\x03" % chance.randrange(1, 30)
    answer = (b"\x02" + told + bytes((bcc(told),)), b"\x15", b"\x01B0\x03q")[number % 3]
    return _case([*session[: at + 1], session[at + 1]._replace(octets=answer)], "access-level-too-low")


def refused_choice(chance: random.Random, number: int) -> Case:
    """The meter answers the acknowledgement with NAK."""
    session = plain(("mode-c-readout", "mode-c-programming")[number % 2])
    at = next(at for at, one in enumerate(session) if one.octets[:1] == b"\x06")
    return _case([*session[: at + 1], session[at + 1]._replace(octets=b"\x15")], "acknowledgement-refused")


def other_mode(chance: random.Random, number: int) -> Case:
    """A meter of mode A or B identifies itself, and the reader acknowledges as in mode C."""
    session = plain("mode-c-readout")
    name = session[1].octets
    sign = (b"A", b"B", b"C", b"D", b"E", b"F", b"Z", b".")[number % 8]
    session[1] = session[1]._replace(octets=name[:4] + sign + name[5:])
    return _case(session[:3], "wrong-acknowledgement")


def not_heard(chance: random.Random, number: int) -> Case:
    """The meter identifies itself each time, and the reader signs on again, as it hears nothing."""
    session = plain("mode-c-readout")
    step = chance.randrange(2, 6)
    sent = [(at * step, one) for at in range(4 + number % 3) for one in session[:2]]
    sent += [(60, one) for one in session if number % 2]
    return _case([one._replace(time_ns=(one.time_ns or 0) + at * 10**9) for at, one in sent], "answer-not-taken")


def half_binary(chance: random.Random, number: int) -> Case:
    """A reader asks for HDLC in the wrong place, or of a meter without mode E, and gets a readout."""
    session = plain("mode-c-readout")
    at, chosen = next((at, one) for at, one in enumerate(session) if one.octets[:1] == b"\x06")
    protocol, mode = (b"02", b"26", b"22", b"21")[number % 4].decode()
    octets = b"\x06%b%b%b\r\n" % (protocol.encode(), chosen.octets[2:3], mode.encode())
    session[at] = chosen._replace(octets=octets)
    return _case(session[: at + 2], "wrong-acknowledgement")


def sum_characters(chance: random.Random, number: int) -> Case:
    """A meter sends the sum modulo 128 where exclusive or belongs."""
    made, count = [], 0
    for one in plain("mode-c-programming"):
        octets = one.octets
        if octets[:1] in (b"\2", b"\1") and octets[-2:-1] == b"\3" and len(octets) > 6:
            count += 1
            octets = octets[:-1] + bytes((sum(octets[1:-1]) & 0x7F,))
        made.append(one._replace(octets=octets))
    return _case(made[: 14 - number % 5], "sum-check-character")


def _readout(change: Callable[[random.Random, bytes, int], bytes | None], *causes: str) -> Make:
    """Change the readout of a meter and give it its right check character."""

    def make(chance: random.Random, number: int) -> Case | None:
        session = plain("mode-c-readout")[:4]
        inside = change(chance, session[3].octets[1:-1], number)
        if inside is None:
            return None
        session[3] = session[3]._replace(octets=b"\x02" + inside + bytes((bcc(inside),)))
        return _case(session, *causes)

    return make


def _lines(inside: bytes) -> list[bytes]:
    return inside.split(b"\r\n")


def _malformed(chance: random.Random, inside: bytes, number: int) -> bytes:
    """A data set has lost a parenthesis where it was made."""
    lines = _lines(inside)
    at = chance.randrange(1, len(lines) - 2)
    sign = b"()"[number % 2 : number % 2 + 1]
    lines[at] = lines[at].replace(sign, b"", 1)
    return b"\r\n".join(lines)


def _unprintable(chance: random.Random, inside: bytes, number: int) -> bytes:
    """A value holds a control character."""
    lines = _lines(inside)
    at = chance.randrange(1, len(lines) - 2)
    place = lines[at].find(b"(") + 1
    lines[at] = lines[at][:place] + bytes((chance.choice((0x05, 0x07, 0x0B, 0x1B)),)) + lines[at][place + 1 :]
    return b"\r\n".join(lines)


def _unended(chance: random.Random, inside: bytes, number: int) -> bytes:
    return inside.replace(b"!\r\n", b"")


def block_again(chance: random.Random, number: int) -> Case:
    """A reader refuses a block with NAK, and the meter sends it again."""
    session = plain("mode-c-readout")[:4]
    block, end = session[3], session[3].time_ns or 0
    nak = block._replace(octets=b"\x15", direction=session[0].direction, time_ns=end + 10**8)
    return _case([*session, *[nak, block._replace(time_ns=end + 5 * 10**9)] * (1 + number % 2)], "")


def _parity(octets: bytes) -> bytearray:
    return bytearray(octet | octet.bit_count() % 2 << 7 for octet in octets)


def odd_characters(is_edited: bool) -> Make:
    """Characters of odd weight where bit 7 is parity: damaged, or typed in."""

    def make(chance: random.Random, number: int) -> Case:
        session = plain("mode-c-readout")[:4]
        octets = _parity(session[3].octets)
        start = octets.find(_parity(b"(")[0], 30) + 1
        places = range(start, start + 4) if is_edited else [chance.randrange(30, len(octets) - 8)]
        for at in places:
            octets[at] = ord("8") if is_edited else octets[at] ^ 1 << chance.randrange(8)
        if is_edited:
            octets[-1] = _parity(bytes((bcc(bytes(octet & 0x7F for octet in octets[1:-1])),)))[0]
        made = [one._replace(octets=bytes(_parity(one.octets))) for one in session[:3]]
        made.append(session[3]._replace(octets=bytes(octets)))
        causes = ("edited-by-hand",) if is_edited else ("octet-damaged", "bit-error")
        return _case(made, *causes, codes=("bcc-wrong",))

    return make


# -- P1 ---------------------------------------------------------------------------------------------------------------


def changed_line_ends(chance: random.Random, number: int) -> Case:
    lines = [one._replace(octets=one.octets.replace(b"\r\n", b"\n")) for one in telegrams()[: 1 + number % 4]]
    return _case(lines, "newline-translation")


def other_crc(chance: random.Random, number: int) -> Case:
    """A meter whose CRC is not the one that P1 has."""
    rules = (fcs, lambda octets: crc_hqx(octets, 0), lambda octets: crc_hqx(octets[:-1], 0xFFFF))
    made = []
    for one in telegrams()[: 1 + number % 4]:
        mark = one.octets.rfind(b"!") + 1
        told = rules[number % 3](one.octets[:mark])
        told = told if number % 2 else (told & 0xFF) << 8 | told >> 8
        made.append(one._replace(octets=one.octets[:mark] + b"%04X\r\n" % told))
    return _case(made, "crc-of-another-kind")


def ciphered_telegram(chance: random.Random, number: int) -> Case:
    """A ciphered telegram between an identification line and a CRC that is not of these octets."""
    apdu = b"\xdb\x08MMM\0\0\xbca\x4e\x82\x01\x00\x30" + chance.randbytes(4 + 239 + 12)
    octets = b"/EGM5G%02d\r\n\r\n" % chance.randrange(100) + apdu[1:] + b"!%04X\r\n" % chance.randrange(1 << 16)
    return _case([Said(_START_NS, TO_CLIENT, octets)], "")


MESSAGE_FAULTS: tuple[Fault, ...] = (
    Fault("mbus-segment-missing", "octets-lost", segment_missing),
    Fault("mbus-segment-repeated", "", segment_repeated),
    Fault("iec62056-21-protected", "access-level-too-low", refused_command),
    Fault("iec62056-21-mode-mismatch", "wrong-acknowledgement", other_mode),
    Fault("iec62056-21-mode-mismatch", "acknowledgement-refused", refused_choice, group="refused"),
    Fault("iec62056-21-mode-mismatch", "wrong-acknowledgement", half_binary, group="binary"),
    Fault("meter-quirk", "sum-check-character", sum_characters),
    Fault("data-set-malformed", "", _readout(_malformed, "")),
    Fault("iec62056-21-not-acknowledged", "answer-not-taken", not_heard),
    Fault("octet-unprintable", "", _readout(_unprintable, "")),
    Fault("end-mark-missing", "", _readout(_unended, "")),
    Fault("message-repeated", "", block_again),
    Fault("parity-wrong", "octet-damaged", odd_characters(False)),
    Fault("parity-wrong", "edited-by-hand", odd_characters(True)),
    Fault("p1-crc-wrong", "crc-of-another-kind", other_crc),
    Fault("line-ends-changed", "newline-translation", changed_line_ends),
    Fault("p1-crc-unchecked", "", ciphered_telegram),
    Fault("response-slow", "reaction-late", reacting(_late, "answer", "reaction-late")),
    Fault("response-slow", "reaction-late", reacting(_late, "select", "reaction-late"), group="select"),
    Fault("turnaround-too-short", "reaction-early", reacting(_early, "answer", "reaction-early")),
    Fault("inter-octet-gap", "sender-pauses", reacting(_paused, "answer", "sender-pauses"), group="text"),
)
