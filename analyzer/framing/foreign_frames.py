"""Frames of other protocols among octets, counted by their marks and check sequences.

Patterns stand here as octets, and are compiled once a line asks for them: few captures do.
Sources: MODBUS over Serial Line (CRC-16, polynomial x^16+x^15+x^2+1, reflected, FFFF at the start, low octet first);
BSI TR-03109-1 IV-b (SML transport, version 1); DL/T 645 (frames from 68 to 16 with an arithmetic sum); EN 13757-4
(wireless M-Bus, format A without its check sums, as receivers give it); ECHONET Lite II (EHD 10 81, TID, SEOJ, DEOJ,
ESV, OPC, properties); the optical protocol of Kamstrup's meters as free readers have it (KMP: from 80 or 40 to 0D,
CRC-16 of polynomial 1021 from 0, 1B before the complement of an octet that has a meaning); RFC 1662 (PPP in octet-
stuffed frames); IEEE 1815 (DNP3: 05 64, a CRC of polynomial 3D65 behind the 8 octets of the header); ANSI C12.18 (EE,
length, the FCS of HDLC); XMODEM (01, a number and its complement, 128 octets, a sum or CRC); NMEA 0183 (sentences from
$ to * and their exclusive or); DL/T 698.45 (68, length, addresses, HCS and FCS as HDLC has them, 16); CJ/T 188 (68 to
16 with an arithmetic sum); RFC 1055 (SLIP: C0 around each packet); KNXnet/IP (06 10, service, length); IEC 61158
(PROFIBUS: 10, DA, SA, FC, a sum); IEC 60870-5-102 (frames of fixed length as IEC 60870-5-1 has them, format FT 1.2:
10, control, an address of two octets, a sum, 16); RFC 8446 (records of TLS); IEC 60870-5-104 (68, length, control);
MODBUS Messaging on TCP/IP (MBAP header); ABNT NBR 14522 (66 or 258 octets with CRC-16/ARC, low octet first).
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator
from functools import cache, reduce
from operator import xor

from analyzer.framing.crc_states import P1, Crc
from dissectors.checks import REVERSED, crc16_arc, fcs_is_good

_START = 0xFFFF
_SHORTEST, _HEAD, _LONGEST = 5, 7, 264
_READS, _WRITES, _WRITES_MANY = frozenset({1, 2, 3, 4}), frozenset({5, 6}), frozenset({15, 16})
"""Functions by the sizes of what they ask and answer."""
_MODBUS = re.compile(rb"[\x01-\xf7][\x01-\x06\x0f\x10\x81-\x86\x8f\x90]")
"""A unit and a function."""
_DLT645 = rb"(?s)\x68.{6}\x68[\x00-\xff]([\x00-\xc8])"
_DLT645_HEAD, _DLT645_STOP = 10, 0x16
_COLOUR = rb"\x1b\[[0-9;]{1,8}m"
_ECHONET, _ECHONET_HEAD, _SERVICES = b"\x10\x81", 12, (0x50, 0x7E)
_KMP, _KMP_STUFFED = rb"[\x40\x80]([^\x0d\x40\x80]{4,300})\x0d", rb"(?s)\x1b(.)"
_METER_C, _LEAST_TELEGRAM = frozenset((0x44, 0x46, 0x48)), 14
"""SND-NR, SND-IR, RSP-UD."""
_CI = frozenset((0x72, 0x78, 0x7A, 0x7B, 0x7C, 0x7D, 0x8C, 0x8D, 0x8E, 0x8F, 0x90))
_FIRST_BLOCK = 12
"""Of a radio telegram with its check sums (format A), CRC included."""
_DNP3, _DNP3_HEADER = rb"(?s)\x05\x64[\x05-\xff].{7}", Crc(0xA6BC, 0, 0)
_PPP, _PPP_STUFFED = rb"\x7e([^\x7e]{5,})(?=\x7e)", rb"(?s)\x7d(.)"
_PPP_HEAD = b"\xff\x03"
_C1218, _C1218_AROUND = rb"(?s)\xee.{3}(..)", 8
_XMODEM, _XMODEM_SIZE = rb"(?s)\x01(.)(.)(?=(.{128})(..?))", 128
_NBR_SIZES, _NBR_SIGNS = (66, 258), b"\x05\x06\x10\x15"
"""Of a request and of an answer, and what stands alone between them: ENQ, ACK, WAIT, NAK."""
_NBR_CODES = frozenset(one for one in range(0x11, 0x9A) if one & 15 < 10)
"""Commands are numbered in BCD."""
_NMEA = rb"\$([A-Z]{5},[ -)+-~]{4,76})\*([0-9A-F]{2})(?=\r)"
_DLT698 = rb"(?s)\x68(?=(..)[\x43\xc3\x81\x83\x01\x03])"
_CJT188, _CJT188_HEAD = rb"(?s)\x68[\x10-\x49].{7}[\x01-\x1f\x81-\x9f\xc1-\xdf](.)", 11
_SLIP, _IP_HEADER = rb"(?s)\xc0(?=(\x45.{11}(?:[^\xdb]|\xdb[\xdc\xdd]){8}))", 20
_KNX = rb"(?s)\x06\x10[\x02-\x09].(..)"
_FIXED = rb"(?s)\x10(?=(...)(.)\x16)"
_TLS = rb"(?s)[\x14-\x17]\x03[\x00-\x04](..)"
_IEC104 = rb"(?s)\x68([\x04\x0e-\xfd])...."
_MODBUS_TCP = rb"(?s)..\0\0(\0[\x02-\xfe]).[\x01-\x06\x0f\x10\x17\x2b\x81-\x86\x8f\x90]"
SML = re.compile(rb"\x1b{4}\x01{4}|\x77\x07[\x01\x81]\x00[\x00-\x63].{2}\xff", re.DOTALL)
"""How a message of SML begins, which German meters push, or an entry of its lists, the object's code in it."""


def count_modbus(octets: bytes) -> int:
    """Count frames of Modbus RTU that stand back to back or apart in *octets*."""
    count, end, states = 0, len(octets), P1.forward(octets)
    found = _MODBUS.search(octets)
    while found and (at := found.start()) <= end - _SHORTEST:
        begun = states[at] ^ _START
        size = 0
        for one in _sizes(octets[at : at + _HEAD]):
            if at + one <= end:
                first, second, third, fourth = _behind_zeros(one)
                shifted = first[begun >> 12] ^ second[begun >> 8 & 15] ^ third[begun >> 4 & 15] ^ fourth[begun & 15]
                if shifted == states[at + one]:
                    size = one
                    break
        count += size > 0
        found = _MODBUS.search(octets, at + (size or 1))
    return count


@cache
def _behind_zeros(size: int) -> tuple[tuple[int, ...], ...]:
    """Give what each half octet of a register, the highest first, leaves behind *size* octets of zeros.

    So much another start changes the CRC, whatever the octets are: one pass over them is enough for all frames.
    """
    bits = [states[size] for states in _bits_behind_zeros()]
    tables = []
    for low in (12, 8, 4, 0):
        one, two, four, eight = bits[low : low + 4]
        pairs = (0, one, two, one ^ two)
        tables.append(tuple(high ^ pair for high in (0, four, eight, four ^ eight) for pair in pairs))
    return tuple(tables)


@cache
def _bits_behind_zeros() -> list[list[int]]:
    """Give by bit of a register what it leaves behind so many octets of zeros."""
    return [P1.forward(bytes(_LONGEST), 1 << bit) for bit in range(16)]


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
    for found in re.finditer(_DLT645, octets):
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
    return int(is_plain or _has_dnp3_crc(octets[:_FIRST_BLOCK].translate(REVERSED)))


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
    return sum(crc_hqx(one, 0) == 0 and any(one) for one in _unstuffed(octets, _KMP, _KMP_STUFFED, 0xFF))


def _has_dnp3_crc(octets: bytes) -> bool:
    return _DNP3_HEADER.forward(octets[:-2])[-1] ^ 0xFFFF == int.from_bytes(octets[-2:], "little")


def count_dnp3(octets: bytes) -> int:
    """Count headers of DNP3 whose CRC is right."""
    return sum(_has_dnp3_crc(found[0]) for found in re.finditer(_DNP3, octets))


def count_ppp(octets: bytes) -> int:
    """Count frames of PPP whose FCS is right; flags as HDLC has them, other addresses."""
    return sum(one.startswith(_PPP_HEAD) and fcs_is_good(one) for one in _unstuffed(octets, _PPP, _PPP_STUFFED, 0x20))


def _unstuffed(octets: bytes, frame: bytes, escaped: bytes, flip: int) -> Iterator[bytes]:
    """Give what stands in each *frame*; of what is *escaped* in it the bits of *flip* are turned."""
    for found in re.finditer(frame, octets):
        yield re.sub(escaped, lambda one: bytes((one[1][0] ^ flip,)), found[1])


def count_nbr14522(octets: bytes) -> int:
    """Count frames of ABNT NBR 14522 whose CRC is right: requests of 66 octets and answers of 258."""
    count, left = 0, octets.lstrip(_NBR_SIGNS)
    while left and left[0] in _NBR_CODES:
        size = next((one for one in _NBR_SIZES if one <= len(left) and not crc16_arc(left[:one])), 0)
        if not size:
            break
        count, left = count + 1, left[size:].lstrip(_NBR_SIGNS)
    return count


def count_c1218(octets: bytes) -> int:
    """Count packets of ANSI C12.18 whose CRC is right."""
    ends = ((one.start(), one.start() + _C1218_AROUND + int.from_bytes(one[1])) for one in re.finditer(_C1218, octets))
    return sum(end <= len(octets) and fcs_is_good(octets[begin:end]) for begin, end in ends)


def count_xmodem(octets: bytes) -> int:
    """Count blocks of XMODEM whose number, and sum or CRC, is right."""
    count = 0
    for number, complement, block, check in (one.groups() for one in re.finditer(_XMODEM, octets)):
        is_summed = sum(block) & 0xFF == check[0] or crc_hqx(block, 0) == int.from_bytes(check)
        count += number[0] ^ 0xFF == complement[0] and is_summed
    return count


def count_nmea(octets: bytes) -> int:
    """Count sentences of NMEA 0183 whose check sum is right."""
    return sum(reduce(xor, found[1]) == int(found[2], 16) for found in re.finditer(_NMEA, octets))


def count_dlt698(octets: bytes) -> int:
    """Count frames of DL/T 698.45 whose FCS is right."""
    count = 0
    for found in re.finditer(_DLT698, octets):
        end = found.end() + (int.from_bytes(found[1], "little") & 0x3FFF)
        count += octets[end : end + 1] == b"\x16" and fcs_is_good(octets[found.end() : end])
    return count


def count_cjt188(octets: bytes) -> int:
    """Count frames of CJ/T 188 whose sum and stop octet are right."""
    count = 0
    for found in re.finditer(_CJT188, octets):
        end = found.start() + _CJT188_HEAD + found[1][0]
        count += octets[end + 1 : end + 2] == b"\x16" and sum(octets[found.start() : end]) & 0xFF == octets[end]
    return count


def count_slip(octets: bytes) -> int:
    """Count packets of IPv4 in SLIP whose header has the right sum."""
    plain = (one[1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for one in re.finditer(_SLIP, octets))
    # The sum of all words modulo 0xFFFF is the header read as one number.
    return sum(int.from_bytes(one[:_IP_HEADER]) % 0xFFFF == 0 for one in plain if len(one) >= _IP_HEADER)


def count_knx(octets: bytes) -> int:
    """Count a message of KNXnet/IP: header 06 10, a service, the length of all."""
    found = re.match(_KNX, octets)
    return int(found is not None and int.from_bytes(found[1]) == len(octets))


def _fixed_frames(octets: bytes) -> list[bytes]:
    """Give what stands between 10 and a right sum in the frames of four octets."""
    return [one[1] for one in re.finditer(_FIXED, octets) if sum(one[1]) & 0xFF == one[2][0]]


def count_iec102(octets: bytes) -> int:
    """Count the requests of fixed length of IEC 60870-5-102 whose sum is right: a control field and an address."""
    return sum(_asks(one[0]) and not _asks(one[2]) for one in _fixed_frames(octets))


def count_profibus(octets: bytes) -> int:
    """Count the requests of PROFIBUS without data whose sum is right: 10, two addresses, control, sum, 16."""
    return sum(_asks(one[2]) for one in _fixed_frames(octets))


def _asks(control: int) -> bool:
    """Tell whether a control field is that of a request: bit 6 alone of the highest two."""
    return control & 0xC0 == 0x40


def count_tls(octets: bytes) -> int:
    """Count records of TLS that fill the octets to their end."""
    return _filling(octets, _TLS, 5)


def count_iec104(octets: bytes) -> int:
    """Count frames of IEC 60870-5-104 that fill the octets to their end."""
    return _filling(octets, _IEC104, 2)


def count_modbus_tcp(octets: bytes) -> int:
    """Count frames of Modbus TCP that fill the octets to their end."""
    return _filling(octets, _MODBUS_TCP, 6)


def _filling(octets: bytes, header: bytes, around: int) -> int:
    """Count units that fill *octets* one behind the other; the *header* has the length of all but *around* octets."""
    at, count, pattern = 0, 0, re.compile(header)
    while at < len(octets) and (found := pattern.match(octets, at)):
        at += around + int.from_bytes(found[1])
        count += 1
    return count if at == len(octets) else 0


def count_colours(octets: bytes) -> int:
    """Count the colours that a terminal is told, as logs of programs have them."""
    return len(re.findall(_COLOUR, octets))
