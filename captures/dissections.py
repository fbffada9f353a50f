"""Packets that Wireshark dissected and wrote as JSON, as JSON for Elasticsearch or as PDML, to chunks.

What stands there of a packet is taken as it was captured: its octets where they were written (``tshark -x``), else its
payload, behind headers made of the fields that tell its addresses, ports and sequence numbers. All else is read anew.
Source: what tshark prints with ``-T json``, ``jsonraw``, ``ek`` and ``pdml``; the numbers of encapsulations: wtap.h.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from struct import pack

from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.links import link_of
from captures.network import ACK, PSH, TCP, UDP
from captures.stream import HeldInput, Window
from captures.text.lines import MARKS, blocks, narrow, width_of
from captures.text.times import Clock

_RAW_IP = 101
_BORDER = re.compile(rb'"_index"|^\{"timestamp"|<packet>', re.MULTILINE)
_BORDER_SIZE = len(b'{"timestamp"')
_SCALARS = rb'(?:"\w+":\s*(?:null|[-\d.]+|"[^"]*"),\s*)*+'
_INDEX = rb'"_index":\s*"packets-[^"]*"'
_BEGINS = re.compile(
    rb'\s*(?:\[\s*)?(?:\{\s*' + _INDEX + rb',\s*' + _SCALARS + rb'"_source":\s*'
    rb'|(?:\{\s*"index":\s*\{\s*' + _INDEX + rb'[^{}]*\}\s*\}\s*)?(?=\{\s*"timestamp":\s*"\d+"))'
    rb'\{\s*' + _SCALARS + rb'"layers":\s*(?=\{)'
)  # fmt: skip
_BEGINS_XML = re.compile(rb'\s*(?:<\?xml[^<]*)?(?:<(?:\?|!--)[^<]*)*<pdml [^<>]*creator="wireshark')
_MEMBER = re.compile(rb'"([A-Za-z_][\w.]*)": ?(?:\[\s*)?"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_FIELD = re.compile(rb'<field name="([A-Za-z_][\w.]*)"([^<>]*)>')
_SHOWN, _VALUE = re.compile(rb' show="([^"]*)"'), re.compile(rb' value="([^"]*)"')
_LONGEST = 1 << 26
"""Octets of text for one packet."""
_LOOKED_AT = 4096
_LONGEST_BODY = 0xFFFF - 20
"""Octets behind an IP header whose length it can tell."""

_TIMES = ("frame.time_epoch", "timestamp", "frame.time", "frame.time_relative")
_FIELDS = (
    "frame_raw", "eth_raw", "frame.encap_type", "frame.len", "frame.packet_flags_direction", "frame.comment",
    "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
    "tcp.seq_raw", "tcp.seq", "tcp.ack_raw", "tcp.ack", "tcp.flags", "tcp.payload", "udp.payload", "data.data", *_TIMES,
)  # fmt: skip
_VALUES = frozenset(("timestamp", "tcp.payload", "udp.payload", "data.data"))
"""Of these PDML shows what is not meant, and the value is."""


def _spellings() -> dict[bytes, str]:
    """Give fields by all their names: for Elasticsearch points are underscores, and the protocol stands twice."""
    found = {}
    for field in _FIELDS:
        flat = field.replace(".", "_")
        for name in (field, flat, f"{field.partition('.')[0]}_{flat}"):
            found[name.encode()] = field
    return found


_NAMES = _spellings()
_KNOWN = re.compile(
    rb'"(?:(frame|eth|ipv6|ip|tcp|udp|data)(?:_raw":\s*[\["]|":\s*\{\s*"(?:filtered"|\1[._])|\.[a-z])'
    rb'|(?:' + b"|".join(name for name in _NAMES if name != b"timestamp") + rb')":)|\A\{\s*(?:\}|\Z)'
)  # fmt: skip
"""A layer or a field that Wireshark names so, in any of its ways to write them; or that the first packet has none."""
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)
_RELATIVE = re.compile(r"(\d{1,12}(?:\.\d{0,9}|(?!\d)))\d*", re.ASCII)
"""Seconds of which no more than nanoseconds count."""
_ENCAPSULATIONS = {"1": 1, "4": 9, "7": _RAW_IP, "15": 0, "25": 113} | {
    str(45 + user): 147 + user for user in range(16)
}
_WAYS = {1: RECEIVED, 2: SENT}


class Dissections(Source):
    """The packets of an export of Wireshark; ``Chunk.offset`` is where the text of the packet begins."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self._window = window
        self._is_xml = b"<pdml" in window.buffer[: 2 * _LOOKED_AT].replace(b"\0", b"")
        self._clock = Clock()
        self._number = self._empty = 0
        self._sequences: dict[bytes, int] = {}

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def __iter__(self) -> Iterator[Chunk]:
        text, offset = bytearray(), self._window.base
        for block in blocks(self._window):
            new = max(1, len(text) - _BORDER_SIZE)
            text += (b"" if block.is_rest else b"\n") + b"\n".join(block.lines)
            borders = [found.start() for found in _BORDER.finditer(text, new)]
            for start, end in zip([0, *borders], borders, strict=False):
                yield from self._packet(bytes(text[start:end]), offset + start)
            kept = borders[-1] if borders else len(text) if len(text) > _LONGEST else 0
            del text[:kept]
            offset += kept
        yield from self._packet(bytes(text), offset)
        left = f"; {self._empty} packets without octets or payload" if self._empty else ""
        title = "PDML" if self._is_xml else "JSON"
        self.remark("dissections", f"read as packets that Wireshark wrote as {title}; only their octets count{left}")

    def _packet(self, text: bytes, offset: int) -> Iterator[Chunk]:
        """Give the packet that *text* tells of. Total."""
        fields = self._fields(text)
        if not fields:
            return
        self._number += 1
        if "frame.comment" in fields:
            self.comments[self._number] = [fields["frame.comment"]]
        octets, link_type = b"", LINK_OCTETS
        with suppress(ValueError):
            octets, link_type = self._octets(fields)
        if not octets:
            self._empty += 1
            return
        time_ns = self._time(fields)
        self.time_digits = max(self.time_digits, self._clock.digits)
        length = len(octets)
        if "frame_raw" in fields and _LENGTH.fullmatch(fields.get("frame.len", "")):
            length = max(length, int(fields["frame.len"]))
        way = _WAYS.get(_number(fields.get("frame.packet_flags_direction", "")) & 3, UNKNOWN)
        yield Chunk(self._number, time_ns, link_type, way, octets, length, offset)

    def _fields(self, text: bytes) -> dict[str, str]:
        """Read the fields that count; of several of one name the first."""
        found: dict[str, str] = {}
        if self._is_xml:
            for name, attributes in _FIELD.findall(text):
                if (field := _NAMES.get(name)) and field not in found:
                    told = (_VALUE if field in _VALUES else _SHOWN).search(attributes)
                    found[field] = _unescaped_xml(told[1]) if told else ""
            return found
        for name, value in _MEMBER.findall(text):
            if (field := _NAMES.get(name)) and field not in found:
                found[field] = _unescaped(value)
        return found

    def _octets(self, fields: dict[str, str]) -> tuple[bytes, int]:
        """Give the octets of a packet and its link type. Raises: ValueError."""
        frame = bytes.fromhex(fields.get("frame_raw", ""))
        if frame:
            known = _ENCAPSULATIONS.get(fields.get("frame.encap_type", ""))
            return frame, link_of(frame) if known is None and "eth_raw" not in fields else known or 1
        for protocol, number, behind in (("tcp", TCP, self._segment), ("udp", UDP, _datagram)):
            octets = bytes.fromhex(fields.get(f"{protocol}.payload", "").replace(":", ""))
            packet = _packet_of(fields, protocol, number, octets, behind)
            if packet or octets:
                return (packet, _RAW_IP) if packet else (octets, LINK_OCTETS)
        return bytes.fromhex(fields.get("data.data", "").replace(":", "")), LINK_OCTETS

    def _segment(self, fields: dict[str, str], octets: bytes, ends: bytes, flow: bytes) -> bytes:
        """Write a TCP header before *octets*; without a number of theirs they follow those before."""
        told = fields.get("tcp.seq_raw") or fields.get("tcp.seq")
        sequence = _number(told) if told else self._sequences.get(flow, 0)
        self._sequences[flow] = sequence + len(octets) & 0xFFFFFFFF
        acknowledged = _number(fields.get("tcp.ack_raw") or fields.get("tcp.ack") or "0")
        flags = _number(fields["tcp.flags"]) & 0xFF if "tcp.flags" in fields else PSH | ACK
        return ends + pack(">IIBBHHH", sequence, acknowledged, 0x50, flags, 0xFFFF, 0, 0) + octets

    def _time(self, fields: dict[str, str]) -> int | None:
        """Read when the packet came."""
        for name in _TIMES:
            told = fields.get(name)
            if told and name == "frame.time_relative":
                seconds = _RELATIVE.fullmatch(told)
                return self._clock.relative(seconds[1].encode()) if seconds else None
            if told and (time_ns := self._clock.find(told.encode())) is not None:
                return time_ns
        return None


def is_dissections(head: bytes) -> bool:
    """Tell whether the text that begins with *head* is packets that Wireshark dissected."""
    head = _narrowed(head[:_LOOKED_AT])
    begins = _BEGINS.match(head)
    return _BEGINS_XML.match(head) is not None or (begins is not None and bool(_KNOWN.search(head[begins.end() :])))


def lacks_octets(head: bytes) -> bool:
    """Tell whether no octets of a packet stand in *head*, which is JSON."""
    if _BEGINS_XML.match(_narrowed(head[:_LOOKED_AT])):
        return False
    return next(iter(Dissections("", Window(HeldInput(head)))), None) is None


def _narrowed(head: bytes) -> bytes:
    mark = next((mark for mark in MARKS if head.startswith(mark)), b"")
    return narrow(head[len(mark) :], width_of(head))


def _packet_of(
    fields: dict[str, str], protocol: str, number: int, octets: bytes,
    behind: Callable[[dict[str, str], bytes, bytes, bytes], bytes],
) -> bytes:  # fmt: skip
    """Write an IP packet from its fields; empty where they do not tell both ends."""
    ends = [fields.get(f"{protocol}.{port}", "") for port in ("srcport", "dstport")]
    for family in ("ip", "ipv6"):
        sides = [fields.get(f"{family}.{side}", "") for side in ("src", "dst")]
        if all(sides) and all(ends):
            source, destination = (ip_address(side).packed for side in sides)
            ports = pack(">HH", *(int(port) & 0xFFFF for port in ends))
            body = behind(fields, octets, ports, source + destination + ports)
            length = len(body) if len(body) <= _LONGEST_BODY else 0
            if family == "ip":
                total = 20 + length if length else 0
                head = pack(">BBHHHBBH", 0x45, 0, total, 0, 0, 64, number, 0)
            else:
                head = pack(">IHBB", 0x60000000, length, number, 64)
            return head + source + destination + body
    return b""


def _datagram(fields: dict[str, str], octets: bytes, ends: bytes, flow: bytes) -> bytes:
    """Write a UDP header before *octets*."""
    return ends + pack(">HH", 8 + len(octets) & 0xFFFF, 0) + octets


def _number(text: str) -> int:
    """Read a number, decimal or in hex; 0 where it is none."""
    with suppress(ValueError):
        return int(text, 0) & 0xFFFFFFFF
    return 0


def _unescaped(value: bytes) -> str:
    """Read what stands between quotation marks in JSON."""
    text = value.decode("utf-8", "replace")
    with suppress(ValueError):
        # half of a pair of UTF-16 is no character
        return str(json.loads(f'"{text}"')).encode("utf-8", "replace").decode() if "\\" in text else text
    return text


def _unescaped_xml(value: bytes) -> str:
    """Read the value of an attribute."""
    text = value.decode("utf-8", "replace")
    with suppress(ValueError):  # a character of more digits than Python reads
        return html.unescape(text)
    return text
