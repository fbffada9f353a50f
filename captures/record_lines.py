"""Records that dlmshark wrote as JSON Lines to chunks: the octets of each, on the lane and at the time that it names.

What was read out of the octets is left aside: it is read again. Source: the record of ``decode --json``.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_address
from struct import pack
from typing import Any

from captures.chunk import FURTHEST_NS, LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.stream import Window

_BEGINS = re.compile(rb'\s*\{"[^\n]*?"lane": ?"[^"\n]*", ?"link": ?"[^"\n]*", ?"kind": ?"')
_ENDPOINT = re.compile(r"\[?([0-9A-Fa-f.:]+?)\]?:(\d{1,5})")
_EXPORTED_PDU = 252
_TAGS = {4: (20, 21), 6: (22, 23)}
_PORTS = (25, 26)
_LONGEST = 1 << 26
_LATE_NS = 100_000_000
"""So late octets of a tap may come and still be put where they were said."""
_LARGEST_TIME = 12  # digits before the point


class RecordLines(Source):
    """The octets of records; those of a network keep their addresses as an exported PDU does."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self._window = window
        self._lines: dict[tuple[str, ...], int] = {}
        self._newest: dict[tuple[str, ...], tuple[int, int]] = {}
        """By line: of its newest record the packet, and the time."""
        self._strange = 0

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def __iter__(self) -> Iterator[Chunk]:
        rest, number, offset = b"", 0, self._window.base
        while octets := self._window.take():
            *lines, rest = (rest + octets).split(b"\n")
            for line in lines:
                number += 1
                yield from self._chunks(line, number, offset)
                offset += len(line) + 1
            if len(rest) > _LONGEST:
                offset, rest = offset + len(rest), b""
        yield from self._chunks(rest, number + 1, offset)
        left = f"; {self._strange} lines are no record" if self._strange else ""
        self.remark("record-lines", f"read as records that dlmshark wrote{left}")

    def _chunks(self, line: bytes, number: int, offset: int) -> Iterator[Chunk]:
        """Give the octets of the record that *line* is; of a serial line its first one when it came. Total."""
        if not line.strip():
            return
        try:
            record = json.loads(line, parse_float=Decimal)
            octets, lane = bytes.fromhex(record["octets"]), record["lane"]
            sides = lane.split(" > ")
            tags = _tags(sides)
            time, start = self._time(record.get("time")), self._time(record.get("start"))
            self._heed(record.get("notes", ()), number)
            line_of = (str(record.get("input", "")), *sorted(sides, key=lambda side: (len(side), side)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._strange += 1
            return
        if tags:
            if start is not None:
                yield Chunk(number, start, _EXPORTED_PDU, UNKNOWN, tags, len(tags), offset)
            yield Chunk(number, time, _EXPORTED_PDU, UNKNOWN, tags + octets, len(tags + octets), offset)
            return
        time = self._going_on(line_of, record.get("packets"), time)
        direction = UNKNOWN if len(sides) == 1 else SENT if sides[0] == line_of[1] else RECEIVED
        interface = self._lines.setdefault(line_of, len(self._lines))
        parts = ((octets[:1], start), (octets[1:], time)) if start is not None else ((octets, time),)
        for part, time_ns in parts:
            if part:
                yield Chunk(number, time_ns, LINK_OCTETS, direction, part, len(part), offset, interface)

    def _going_on(self, line_of: tuple[str, ...], packets: Any, time_ns: int | None) -> int | None:
        """Give the time of a record; one that was put behind what its tap gave later is no older than that."""
        packet = packets[-1] if isinstance(packets, list) and packets else None
        if time_ns is None or not isinstance(packet, int):
            return time_ns
        before = self._newest.get(line_of)
        if before is not None and packet < before[0] and 0 < before[1] - time_ns <= _LATE_NS:
            return before[1]
        self._newest[line_of] = packet, time_ns
        return time_ns

    def _time(self, time: Any) -> int | None:
        """Read seconds since 1970, exactly."""
        if not isinstance(time, int | Decimal) or not Decimal(time).is_finite():
            return None
        seconds = Decimal(time)
        exponent = seconds.as_tuple().exponent
        if seconds.adjusted() >= _LARGEST_TIME or not isinstance(exponent, int):
            return None
        self.time_digits = max(self.time_digits, min(-exponent, 9))
        time_ns = int(seconds.scaleb(9))
        return time_ns if abs(time_ns) <= FURTHEST_NS else None

    def _heed(self, notes: list[dict[str, str]], number: int) -> None:
        """Keep what only the capture told: comments, and errors on the line."""
        for note in notes:
            kept = {"comment": self.comments, "line-error": self.line_errors}.get(note["code"])
            if kept is not None:
                kept.setdefault(number, []).append(note["text"])


def is_record_lines(head: bytes) -> bool:
    """Tell whether the text that begins with *head* is records that dlmshark wrote."""
    return _BEGINS.match(head) is not None


def _tags(sides: list[str]) -> bytes:
    """Write the addresses of a network's lane as tags of an exported PDU; empty where it is none."""
    if len(sides) != 2:
        return b""
    tags = b""
    for side in (0, 1):
        found = _ENDPOINT.fullmatch(sides[side])
        if found is None:
            return b""
        address, port = ip_address(found[1]), int(found[2])
        kind = _TAGS[address.version][side]
        tags += pack(">HH", kind, len(address.packed)) + address.packed + pack(">HHI", _PORTS[side], 4, port)
    return tags + bytes(4)
