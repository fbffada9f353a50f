"""Protocols that are none of ours: how each is recognised on a line and in packets, its name, and what to say of it.

Sources: RFC 5246, 4253, 854, 9112, 1035, 1055, 1662 and 5321, MQTT 3.1.1, IEC 60870-5-104, IEEE 1815, MODBUS Messaging
on TCP/IP and NMEA 0183 for what conversations begin with; :mod:`analyzer.framing.foreign_frames` for frames.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from analyzer.framing import foreign_frames as frames
from captures.foreign import count_tic

OTHER = "other"
"""The name of what nothing here knows."""
LOOKED_AT = 512
"""So many octets of a record or packet are looked at for frames."""
_MOST_PIECES = 16
_MOST_IN_VAIN, _MOST_IN_VAIN_OF_ALL = 4, 1000
_NEVER = 1 << 30
_PORTS = {53: "dns", 67: "dhcp", 68: "dhcp", 123: "ntp", 137: "netbios", 161: "snmp", 443: "quic", 546: "dhcp"}
_PORTS |= {547: "dhcp", 1900: "ssdp", 5353: "dns", 5355: "dns", 5683: "coap", 5684: "dtls"}
"""What datagrams that nothing was recognised in are called by the lower of their ports; never how a stack is found."""


class Foreign(NamedTuple):
    """A protocol that is none of ours.

    *opens* fits what a conversation of it begins with. *counts* counts frames of it, of which *least* are no chance.
    *proof* is what so many frames prove, in fields of :meth:`told`, and *meaning* what that means for the reader.
    """

    name: str
    opens: re.Pattern[bytes] | None = None
    is_closed: bool = False
    """Whether nothing of ours comes behind its opening; a modem or a telnet server may still turn transparent."""
    is_tunnel: bool = False
    counts: Callable[[bytes], int] | None = None
    least: int = _NEVER
    proof: str = ""
    meaning: str = ""

    def told(self, count: int, unit: int, record: int) -> str:
        """Say what *count* frames prove, the first of them in *record*, where *unit* is the octet that begins it."""
        proof = self.proof if "{record}" in self.proof else self.proof + _FIRST
        return f"{proof.format(frames=count, unit=unit, record=record)}: {self.meaning}"


def _opening(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_FIRST = ", the first in record {record}"
_CAPTURE_BEHIND = "capture behind it, on the network interface that it makes"
_TUNNEL = "an encrypted tunnel, which keys of the meter do not open"
FOREIGN = (
    Foreign(
        "tls", _opening(rb"[\x14-\x17]\x03[\x00-\x04]"), is_closed=True, is_tunnel=True,
        counts=frames.count_tls, least=1, proof="records of TLS fill record {record}", meaning=_TUNNEL,
    ),
    Foreign("dtls", _opening(rb"[\x14-\x17]\xfe[\xfd\xff]"), is_closed=True, is_tunnel=True, meaning=_TUNNEL),
    Foreign("quic", is_tunnel=True, meaning=_TUNNEL),
    Foreign("ssh", _opening(rb"SSH-"), is_closed=True, is_tunnel=True, meaning=_TUNNEL),
    Foreign("telnet", _opening(rb"\xff[\xfb-\xfe]")),
    Foreign("http", _opening(rb"HTTP/1|(GET|POST|PUT|HEAD|OPTIONS|DELETE|CONNECT) [/*a-z]"), is_closed=True),
    Foreign(
        "dns", _opening(rb"..[\x00-\x07\x80-\x87].\x00\x01\x00.\x00.\x00.[\x01-\x3f][-_*0-9A-Za-z]"), is_closed=True
    ),
    Foreign("modem", _opening(rb"\s*(AT[+&DEHIZ\r]|CONNECT|RING|NO CARRIER|\+\+\+)")),
    Foreign("mqtt", _opening(rb"\x10.{1,4}\x00(\x04MQTT|\x06MQIsdp)"), is_closed=True),
    Foreign(
        "modbus-rtu", counts=frames.count_modbus, least=3,
        proof="{frames} frames end with the CRC of Modbus RTU, the first of unit {unit} in record {record}",
        meaning="this is a Modbus line, or a meter set to Modbus",
    ),
    Foreign(
        "sml", counts=frames.count_sml, least=1,
        proof="1B 1B 1B 1B 01 01 01 01, or 77 07 and the code of an object, stands in record {record}",
        meaning="this is SML, as German meters push it, and an SML reader is needed",
    ),
    Foreign(
        "dlt645", counts=frames.count_dlt645, least=2, proof="{frames} frames from 68 to 16 have the sum of DL/T 645",
        meaning="Chinese meters speak it, and it is no DLMS",
    ),
    Foreign(
        "kmp", counts=frames.count_kmp, least=2,
        proof="{frames} frames from 80 or 40 to 0D have the CRC of KMP",
        meaning="this is the optical protocol of Kamstrup's meters, which readers of its own take",
    ),
    Foreign(
        "tic", counts=count_tic, least=3,
        proof="{frames} groups of label, value and check character as French meters have them (TIC)",
        meaning="a reader of TIC is needed, at 1200 Bd (historique) or 9600 Bd (standard), 7E1",
    ),
    Foreign(
        "ppp", _opening(rb"\x7e(\xff|\x7d\xdf)(\x03|\x7d\x23)"), counts=frames.count_ppp, least=2,
        proof="{frames} frames of PPP have a right FCS",
        meaning=f"their flags are those of HDLC, and inside are packets of a modem's session; {_CAPTURE_BEHIND}",
    ),
    Foreign(
        "slip", _opening(rb"\xc0+\x45\x00.{7}[\x01\x06\x11]"), counts=frames.count_slip, least=2,
        proof="{frames} packets of IP in SLIP have the right sum", meaning=_CAPTURE_BEHIND,
    ),
    Foreign(
        "knx", counts=frames.count_knx, least=3,
        proof="{frames} records are whole messages of KNXnet/IP", meaning="a line of building control",
    ),
    Foreign(
        "iec-102", counts=frames.count_iec102, least=3,
        proof="{frames} requests from 10 to 16 have the sum, and the address of two octets, of IEC 60870-5-102",
        meaning="meters of some countries speak it to telecontrol, and it is no DLMS",
    ),
    Foreign(
        "profibus", counts=frames.count_profibus, least=3,
        proof="{frames} frames from 10 to 16 have the addresses and the sum of PROFIBUS",
        meaning="M-Bus has frames of this form, too, and one address less",
    ),
    Foreign(
        "dnp3", _opening(rb"\x05\x64[\x05-\xff].{7}"), is_closed=True, counts=frames.count_dnp3, least=2,
        proof="{frames} headers from 05 64 have the CRC of DNP3", meaning="this is a DNP3 line",
    ),
    Foreign(
        "iec-104",
        _opening(rb"\x68(\x04[\x07\x0b\x13\x23\x43\x83]\x00{3}|(?!(.)\2\x68)[\x0e-\xfd].{4}[\x01-\x7f].[\x01-\x2f])"),
        is_closed=True, counts=frames.count_iec104, least=3,
        proof="{frames} frames of IEC 60870-5-104 fill their records",
        meaning="telecontrol over TCP, and no DLMS",
    ),
    Foreign(
        "modbus-tcp", _opening(rb"..\x00{3}[\x02-\xfe].[\x01-\x06\x0f\x10\x17\x2b\x81-\x86\x8f\x90]"), is_closed=True,
        counts=frames.count_modbus_tcp, least=3, proof="{frames} frames of Modbus TCP fill their records",
        meaning="this is Modbus, or a meter set to Modbus",
    ),
    Foreign(
        "c12.18", counts=frames.count_c1218, least=2,
        proof="{frames} packets from EE have the CRC of ANSI C12.18",
        meaning="this is the optical port of an American meter, which readers of C12.18 take",
    ),
    Foreign(
        "nbr14522", counts=frames.count_nbr14522, least=2,
        proof="{frames} frames of 66 or 258 octets have the CRC of ABNT NBR 14522",
        meaning="Brazilian meters speak it, and it is no DLMS",
    ),
    Foreign(
        "dlt698", counts=frames.count_dlt698, least=2,
        proof="{frames} frames from 68 to 16 have the FCS of DL/T 698.45",
        meaning="Chinese meters speak it, and it is no DLMS",
    ),
    Foreign(
        "cjt188", counts=frames.count_cjt188, least=2, proof="{frames} frames from 68 to 16 have the sum of CJ/T 188",
        meaning="this is a line of water, heat or gas meters as China has them",
    ),
    Foreign(
        "xmodem", counts=frames.count_xmodem, least=2, proof="{frames} blocks of XMODEM have a right check",
        meaning="a file is sent here, as for an update",
    ),
    Foreign("smtp or ftp", _opening(rb"220[ -][ -~]*\r\n"), is_closed=True),
    Foreign(
        "nmea", _opening(rb"\$[A-Z]{5},[ -~]*\*[0-9A-F]{2}\r\n"), counts=frames.count_nmea, least=3,
        proof="{frames} sentences of NMEA 0183 have a right check sum", meaning="this is a receiver of GPS",
    ),
    Foreign(
        "console", counts=frames.count_colours, least=1, proof="ESC [ and a colour stand in record {record}",
        meaning="this is the log of a program, perhaps of the reader itself, whose console is on this port",
    ),
    Foreign(
        "echonet-lite", counts=frames.count_echonet, least=1,
        proof="10 81 and properties that fill record {record} are a message of ECHONET Lite",
        meaning="Japanese meters speak it over Wi-SUN, and a reader of ECHONET Lite is needed",
    ),
    Foreign(
        "wireless-mbus", counts=frames.count_wireless, least=1,
        proof="length, C field, maker and CI field of record {record} are those of wireless M-Bus",
        meaning="a radio telegram, which its own readers take",
    ),
)  # fmt: skip
"""The first whose opening fits counts, and the first that has frames."""
_OPENINGS = tuple((one.name, one.opens) for one in FOREIGN if one.opens is not None)
_COUNTS = tuple((one, one.counts) for one in FOREIGN if one.counts is not None)
_BY_NAME = {one.name: one for one in FOREIGN}
CLOSED = frozenset(one.name for one in FOREIGN if one.is_closed)


def foreign_named(name: str) -> Foreign:
    """Give the protocol of *name*; one of which nothing more is known where there is none."""
    return _BY_NAME.get(name) or Foreign(name)


def carrier_of(octets: bytes) -> str:
    """Name the protocol that *octets* begin like, "other" if it is none of the known ones."""
    for name, pattern in _OPENINGS:
        if pattern.match(octets):
            return name
    return "sml" if frames.SML.search(octets) else OTHER


def carrier_of_ports(ports: tuple[int, int]) -> str:
    """Name what datagrams between *ports* usually are, "other" if that is not known."""
    return next((_PORTS[port] for port in sorted(ports) if port in _PORTS), OTHER)


def frames_in(octets: bytes) -> tuple[Foreign, int] | None:
    """Find the protocol that has frames in the first of *octets*, and how many; None where none has."""
    octets = octets[:LOOKED_AT]
    return next(((one, found) for one, count in _COUNTS if (found := count(octets))), None)


class FrameNames:
    """Names conversations of one capture by the frames in them, of which most are none that is known.

    Pieces in which nothing was found are so many at most, so that a capture full of such costs no more.
    """

    def __init__(self) -> None:
        self._vain = 0

    def carrier_of(self, pieces: Iterable[bytes]) -> str:
        """Name the protocol that has most frames in the first *pieces*; "other" where they may be chance."""
        counted: Counter[Foreign] = Counter()
        for place, octets in enumerate(islice(pieces, _MOST_PIECES)):
            if not counted and (place >= _MOST_IN_VAIN or self._vain >= _MOST_IN_VAIN_OF_ALL):
                break
            found = frames_in(octets)
            if found is not None:
                counted[found[0]] += found[1]
            else:
                self._vain += 1
        best = next(iter(counted.most_common(1)), None)
        return best[0].name if best is not None and best[1] >= best[0].least else OTHER
