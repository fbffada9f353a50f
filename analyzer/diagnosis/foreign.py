"""Serial lines on which another protocol is spoken, where its own marks or check sequence prove it.

Sources: MODBUS over Serial Line (CRC-16, polynomial x^16+x^15+x^2+1, reflected, FFFF at the start, low octet first);
BSI TR-03109-1 IV-b (SML transport, version 1); DL/T 645 (frames from 68 to 16 with an arithmetic sum); EN 13757-4
(wireless M-Bus, format A without its check sums, as receivers give it); Enedis-NOI-CPT_54E (TIC: groups from LF to CR,
the check character their sum in six bits); ECHONET Lite II (EHD 10 81, TID, SEOJ, DEOJ, ESV, OPC, properties); the
optical protocol of Kamstrup's meters as free readers have it (KMP: from 80 or 40 to 0D, CRC-16 of polynomial 1021 from
0, 1B before the complement of an octet that has a meaning); RFC 1662 (PPP in octet-stuffed frames); IEEE 1815 (DNP3:
05 64, a CRC of polynomial 3D65 behind the 8 octets of the header); ANSI C12.18 (EE, length, the FCS of HDLC); XMODEM
(01, a number and its complement, 128 octets, a sum or CRC); NMEA 0183 (sentences from $ to * and their exclusive or);
DL/T 698.45 (68, length, addresses, HCS and FCS as HDLC has them, 16); CJ/T 188 (68 to 16 with an arithmetic sum);
RFC 1055 (SLIP: C0 around each packet); KNXnet/IP (06 10, service, length); IEC 61158 (PROFIBUS: 10, DA, SA, FC, a sum).
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import NamedTuple

from analyzer.diagnosis.crc_states import P1, Crc
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, Stories
from analyzer.framing.detect import SML
from analyzer.record import Record
from dissectors.checks import fcs_is_good
from dissectors.tree import Note

_START = 0xFFFF
_SHORTEST, _HEAD = 5, 7
_READS, _WRITES, _WRITES_MANY = frozenset({1, 2, 3, 4}), frozenset({5, 6}), frozenset({15, 16})
"""Functions by the sizes of what they ask and answer."""
_MODBUS = re.compile(rb"[\x01-\xf7][\x01-\x06\x0f\x10\x81-\x86\x8f\x90]")
"""A unit and a function."""
_LOOKED_AT = 512
"""So many octets of a record are looked at."""
_DLT645 = re.compile(rb"\x68.{6}\x68[\x00-\xff]([\x00-\xc8])", re.DOTALL)
_DLT645_HEAD, _DLT645_STOP = 10, 0x16
_COLOUR = re.compile(rb"\x1b\[[0-9;]{1,8}m")
_TIC = re.compile(rb"(?<![!-~])([A-Z][A-Z0-9+-]{2,8})([ \t])((?:[ -~]{0,98}\2){1,2})([ -_])(?=\r)")
_ECHONET, _ECHONET_HEAD, _SERVICES = b"\x10\x81", 12, (0x50, 0x7E)
_KMP, _KMP_STUFFED = re.compile(rb"[\x40\x80]([^\x0d\x40\x80]{4,300})\x0d"), re.compile(rb"\x1b(.)", re.DOTALL)
_METER_C, _LEAST_TELEGRAM = frozenset((0x44, 0x46, 0x48)), 14
"""SND-NR, SND-IR, RSP-UD."""
_CI = frozenset((0x72, 0x78, 0x7A, 0x7B, 0x7C, 0x7D, 0x8C, 0x8D, 0x8E, 0x8F, 0x90))
_FIRST_BLOCK = 12
"""Of a radio telegram with its check sums (format A), CRC included."""
_DNP3, _DNP3_HEADER = re.compile(rb"\x05\x64[\x05-\xff].{7}", re.DOTALL), Crc(0xA6BC, 0, 0)
_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_PPP, _PPP_STUFFED = re.compile(rb"\x7e([^\x7e]{5,})(?=\x7e)"), re.compile(rb"\x7d(.)", re.DOTALL)
_PPP_HEAD = b"\xff\x03"
_C1218, _C1218_AROUND = re.compile(rb"\xee.{3}(..)", re.DOTALL), 8
_XMODEM, _XMODEM_SIZE = re.compile(rb"\x01(.)(.)(?=(.{128})(..?))", re.DOTALL), 128
_NMEA = re.compile(rb"\$([A-Z]{5},[ -)+-~]{4,76})\*([0-9A-F]{2})(?=\r)")
_DLT698 = re.compile(rb"\x68(?=(..)[\x43\xc3\x81\x83\x01\x03])", re.DOTALL)
_CJT188, _CJT188_HEAD = re.compile(rb"\x68[\x10-\x49].{7}[\x01-\x1f\x81-\x9f\xc1-\xdf](.)", re.DOTALL), 11
_SLIP, _IP_HEADER = re.compile(rb"\xc0(?=(\x45.{11}(?:[^\xdb]|\xdb[\xdc\xdd]){8}))", re.DOTALL), 20
_KNX = re.compile(rb"\x06\x10[\x02-\x09].(..)", re.DOTALL)
_PROFIBUS = re.compile(rb"\x10(?=(...)(.)\x16)", re.DOTALL)
_MOST_LINES = 4096
_FOLDED = frozenset({
    "noise", "hdlc-noise", "capture-cut", "apdu-malformed", "apdu-trailing-octets", "wrapper-length-wrong",
    "hdlc-length-wrong", "hdlc-fcs-wrong", "hdlc-hcs-wrong", "confirmed-service-error", "exception-response",
    "bcc-wrong", "parity-wrong", "data-set-malformed", "octet-unprintable", "line-settings-differ", "meter-quirk",
    "mbus-segment-repeated", "carrier-text",
})  # fmt: skip
"""What the octets of another protocol are taken for."""


class _Protocol(NamedTuple):
    """Another protocol: what counts its frames, how many are no chance, and what they prove."""

    count: Callable[[bytes], int]
    least: int
    text: str


class _Line(NamedTuple):
    """What was seen on a line: frames of the protocol (its place in the table), the record of the first, the lanes."""

    protocol: int
    frames: int
    first: Record
    lanes: frozenset[str]
    is_told: bool = False


class ForeignFamily(Family):
    """Another protocol on the line."""

    links = frozenset()
    codes = frozenset({"noise", "hdlc-noise", "apdu-malformed", "apdu-trailing-octets", "capture-cut"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._lines: dict[int, _Line] = {}

    def note(self, record: Record, note: Note) -> bool | None:
        """Look for frames of another protocol in octets that are no unit of ours. None: it is another's matter."""
        lane = record.lane
        if not lane.text.startswith("serial"):
            return None
        known = self._lines.get(lane.conversation)
        if known is not None and known.is_told:
            self._lines[lane.conversation] = known._replace(lanes=known.lanes | {lane.text})
            return True
        protocol, found = _count(record.octets[:_LOOKED_AT])
        if not found:
            return None
        if known is None or known.protocol != protocol:
            if len(self._lines) >= _MOST_LINES:
                del self._lines[next(iter(self._lines))]
            known = _Line(protocol, 0, record, frozenset())
        known = known._replace(frames=known.frames + found, lanes=known.lanes | {lane.text})
        is_told = known.frames >= PROTOCOLS[protocol].least
        if is_told:
            text = PROTOCOLS[protocol].text.format(
                frames=known.frames, unit=known.first.octets[0], record=known.first.number
            )
            self.report(record, "line-unreadable", "wrong-stack", CERTAIN, text)
        self._lines[lane.conversation] = known._replace(is_told=is_told)
        return True if is_told else None

    def finish(self) -> None:
        """What else was made of such a line follows from that."""
        for line in self._lines.values():
            told = [one for lane in line.lanes for one in self.stories.of_lane(lane)]
            root = next((one for one in told if one.cause == "wrong-stack" and one.confidence is CERTAIN), None)
            if line.is_told and root is not None:
                self.stories.fold(root, [one for one in told if one.code in _FOLDED])


def count_modbus(octets: bytes) -> int:
    """Count frames of Modbus RTU that stand back to back or apart in *octets*."""
    count, last = 0, len(octets) - _SHORTEST
    found = _MODBUS.search(octets)
    while found and (at := found.start()) <= last:
        sizes = _sizes(octets[at : at + _HEAD])
        size = next((size for size in sizes if at + size <= len(octets) and _is_frame(octets[at : at + size])), 0)
        count += size > 0
        found = _MODBUS.search(octets, at + (size or 1))
    return count


def _is_frame(octets: bytes) -> bool:
    return not P1.forward(octets, _START)[-1]


def _sizes(head: bytes) -> tuple[int, ...]:
    """Give the sizes that a frame which begins so may have, its CRC included: a request's, an answer's."""
    function = head[1]
    if function in _READS:
        return (8, 5 + head[2])
    if function in _WRITES:
        return (8,)
    if function in _WRITES_MANY:
        return (8, 9 + head[6]) if len(head) == _HEAD else (8,)
    return (_SHORTEST,)  # an exception


def count_sml(octets: bytes) -> int:
    """Count beginnings of SML transport frames, and entries of SML lists."""
    return len(SML.findall(octets))


def count_dlt645(octets: bytes) -> int:
    """Count frames of DL/T 645 whose sum and stop octet are right."""
    count = 0
    for found in _DLT645.finditer(octets):
        end = found.start() + _DLT645_HEAD + found[1][0]
        frame = octets[found.start() : end + 2]
        count += (
            len(frame) == end + 2 - found.start() and frame[-1] == _DLT645_STOP and sum(frame[:-2]) & 255 == frame[-2]
        )
    return count


def count_wireless(octets: bytes) -> int:
    """Count a telegram of wireless M-Bus: length, C field of a meter, the three letters of its maker, CI field.

    Receivers that leave the check sums in give a CRC behind the first ten octets.
    """
    if len(octets) < _LEAST_TELEGRAM or octets[1] not in _METER_C:
        return 0
    maker = octets[3] << 8 | octets[2]
    if not all(1 <= maker >> shift & 0x1F <= 26 for shift in (10, 5, 0)):
        return 0
    is_plain = octets[10] in _CI and octets[0] + 1 <= len(octets) <= octets[0] + 3
    return int(is_plain or _has_dnp3_crc(octets[:_FIRST_BLOCK].translate(_REVERSED)))


def count_echonet(octets: bytes) -> int:
    """Count a message of ECHONET Lite: header 10 81, a service, properties that fill the octets to their end."""
    if octets[:2] != _ECHONET or len(octets) < _ECHONET_HEAD or not _SERVICES[0] <= octets[10] <= _SERVICES[1]:
        return 0
    at, size = _ECHONET_HEAD, len(octets)
    for _ in range(octets[11]):
        at += 2 + octets[at + 1] if at + 1 < size else size + 1
    return int(at == size)


def count_kmp(octets: bytes) -> int:
    """Count frames of Kamstrup's optical protocol whose CRC is right."""
    plain = (_KMP_STUFFED.sub(lambda one: bytes((one[1][0] ^ 0xFF,)), found[1]) for found in _KMP.finditer(octets))
    return sum(crc_hqx(frame, 0) == 0 and any(frame) for frame in plain)


def count_tic(octets: bytes) -> int:
    """Count groups of the customer output of French meters whose check character is right."""
    count = 0
    for found in _TIC.finditer(octets):
        text = found[0][:-1]
        # The older form leaves the blank before the check character out.
        counted = text if found[2] == b"\t" else text[:-1]
        count += (sum(counted) & 0x3F) + 0x20 == found[4][0]
    return count


def _has_dnp3_crc(octets: bytes) -> bool:
    return _DNP3_HEADER.forward(octets[:-2])[-1] ^ 0xFFFF == int.from_bytes(octets[-2:], "little")


def count_dnp3(octets: bytes) -> int:
    """Count headers of DNP3 whose CRC is right."""
    return sum(_has_dnp3_crc(found[0]) for found in _DNP3.finditer(octets))


def count_ppp(octets: bytes) -> int:
    """Count frames of PPP whose FCS is right; flags as HDLC has them, other addresses."""
    plain = (_PPP_STUFFED.sub(lambda one: bytes((one[1][0] ^ 0x20,)), found[1]) for found in _PPP.finditer(octets))
    return sum(one.startswith(_PPP_HEAD) and fcs_is_good(one) for one in plain)


def count_c1218(octets: bytes) -> int:
    """Count packets of ANSI C12.18 whose CRC is right."""
    ends = ((one.start(), one.start() + _C1218_AROUND + int.from_bytes(one[1])) for one in _C1218.finditer(octets))
    return sum(end <= len(octets) and fcs_is_good(octets[begin:end]) for begin, end in ends)


def count_xmodem(octets: bytes) -> int:
    """Count blocks of XMODEM whose number, and sum or CRC, is right."""
    count = 0
    for number, complement, block, check in (one.groups() for one in _XMODEM.finditer(octets)):
        is_summed = sum(block) & 0xFF == check[0] or crc_hqx(block, 0) == int.from_bytes(check)
        count += number[0] ^ 0xFF == complement[0] and is_summed
    return count


def count_nmea(octets: bytes) -> int:
    """Count sentences of NMEA 0183 whose check sum is right."""
    return sum(reduce(xor, found[1]) == int(found[2], 16) for found in _NMEA.finditer(octets))


def count_dlt698(octets: bytes) -> int:
    """Count frames of DL/T 698.45 whose FCS is right."""
    count = 0
    for found in _DLT698.finditer(octets):
        end = found.end() + (int.from_bytes(found[1], "little") & 0x3FFF)
        count += octets[end : end + 1] == b"\x16" and fcs_is_good(octets[found.end() : end])
    return count


def count_cjt188(octets: bytes) -> int:
    """Count frames of CJ/T 188 whose sum and stop octet are right."""
    count = 0
    for found in _CJT188.finditer(octets):
        end = found.start() + _CJT188_HEAD + found[1][0]
        count += octets[end + 1 : end + 2] == b"\x16" and sum(octets[found.start() : end]) & 0xFF == octets[end]
    return count


def count_slip(octets: bytes) -> int:
    """Count packets of IPv4 in SLIP whose header has the right sum."""
    plain = (one[1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for one in _SLIP.finditer(octets))
    # The sum of all words modulo 0xFFFF is the header read as one number.
    return sum(int.from_bytes(one[:_IP_HEADER]) % 0xFFFF == 0 for one in plain if len(one) >= _IP_HEADER)


def count_knx(octets: bytes) -> int:
    """Count a message of KNXnet/IP: header 06 10, a service, the length of all."""
    found = _KNX.match(octets)
    return int(found is not None and int.from_bytes(found[1]) == len(octets))


def count_profibus(octets: bytes) -> int:
    """Count the frames of PROFIBUS without data whose sum is right: 10, two addresses, control, sum, 16."""
    return sum(sum(one[1]) & 0xFF == one[2][0] for one in _PROFIBUS.finditer(octets))


def count_colours(octets: bytes) -> int:
    """Count the colours that a terminal is told, as logs of programs have them."""
    return len(_COLOUR.findall(octets))


PROTOCOLS = (
    _Protocol(
        count_modbus, 3,
        "{frames} frames end with the CRC of Modbus RTU, the first of unit {unit} in record {record}: this is a Modbus "
        "line, or a meter set to Modbus",
    ),
    _Protocol(
        count_sml, 1,
        "1B 1B 1B 1B 01 01 01 01, or 77 07 and the code of an object, stands in record {record}: this is SML, as "
        "German meters push it, and an SML reader is needed",
    ),
    _Protocol(
        count_dlt645, 2,
        "{frames} frames from 68 to 16 have the sum of DL/T 645, the first in record {record}: this is a DL/T 645 line",
    ),
    _Protocol(
        count_kmp, 2,
        "{frames} frames from 80 or 40 to 0D have the CRC of KMP, the first in record {record}: this is the optical "
        "protocol of Kamstrup's meters, which readers of its own take",
    ),
    _Protocol(
        count_tic, 3,
        "{frames} groups of label, value and check character as French meters have them (TIC), the first in record "
        "{record}: a reader of TIC is needed, at 1200 or 9600 Bd, 7E1",
    ),
    _Protocol(
        count_ppp, 2,
        "{frames} frames of PPP have a right FCS, the first in record {record}: their flags are those of HDLC, and "
        "inside are packets of a modem's session; capture behind it, on the network interface that it makes",
    ),
    _Protocol(
        count_slip, 2,
        "{frames} packets of IP in SLIP have the right sum, the first in record {record}: capture behind it, on the "
        "network interface that it makes",
    ),
    _Protocol(
        count_knx, 3,
        "{frames} records are whole messages of KNXnet/IP, the first in record {record}: a line of building control",
    ),
    _Protocol(
        count_profibus, 3,
        "{frames} frames from 10 to 16 have the addresses and the sum of PROFIBUS, the first in record {record}: M-Bus "
        "has frames of this form, too, and one address less",
    ),
    _Protocol(
        count_dnp3, 2,
        "{frames} headers from 05 64 have the CRC of DNP3, the first in record {record}: this is a DNP3 line",
    ),
    _Protocol(
        count_c1218, 2,
        "{frames} packets from EE have the CRC of ANSI C12.18, the first in record {record}: this is the optical port "
        "of an American meter, which readers of C12.18 take",
    ),
    _Protocol(
        count_dlt698, 2,
        "{frames} frames from 68 to 16 have the FCS of DL/T 698.45, the first in record {record}: Chinese meters speak "
        "it, and it is no DLMS",
    ),
    _Protocol(
        count_cjt188, 2,
        "{frames} frames from 68 to 16 have the sum of CJ/T 188, the first in record {record}: this is a line of "
        "water, heat or gas meters as China has them",
    ),
    _Protocol(
        count_xmodem, 2,
        "{frames} blocks of XMODEM have a right check, the first in record {record}: a file is sent here, as for "
        "an update",
    ),
    _Protocol(
        count_nmea, 3,
        "{frames} sentences of NMEA 0183 have a right check sum, the first in record {record}: this is a "
        "receiver of GPS",
    ),
    _Protocol(
        count_colours, 1,
        "ESC [ and a colour stand in record {record}: this is the log of a program, perhaps of the reader itself, "
        "whose console has the pins of this port",
    ),
    _Protocol(
        count_echonet, 1,
        "10 81 and properties that fill record {record} are a message of ECHONET Lite, as Japanese meters speak it "
        "over Wi-SUN: a reader of ECHONET Lite is needed",
    ),
    _Protocol(
        count_wireless, 1,
        "length, C field, maker and CI field of record {record} are those of wireless M-Bus: a radio telegram, which "
        "its own readers take",
    ),
)  # fmt: skip
"""The protocols that are told, the first that has frames counts."""


def _count(octets: bytes) -> tuple[int, int]:
    """Find the protocol that has frames in *octets*: its place in the table, and how many."""
    return next(((at, found) for at, one in enumerate(PROTOCOLS) if (found := one.count(octets))), (0, 0))
