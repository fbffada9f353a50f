"""Messages that end where their check belongs, and others of the same sender have one: octets got lost at the end.

Sources: DSMR P1 companion standard (CRC-16/ARC in hex digits behind the !); IEC 62056-21 (block check character behind
ETX or EOT).
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Stories
from analyzer.record import Record
from dissectors.checks import bcc, seven_bits

_MOST_SENDERS = 4096
_LAST_LINE = 16
_CHECKED_LINE = re.compile(rb"[\r\n]![0-9A-Fa-f]{4}[\r\n]*\Z")
_BARE_LINE = re.compile(rb"[\r\n]!([\r\n]*)\Z")
"""The last line of a telegram of P1, with its CRC and without."""
_OPENED, _CLOSED = b"\x01\x02", b"\x03\x04"
_SHORTEST = 4
"""Octets of a block: SOH or STX, something, ETX or EOT."""
_ENDED_NS = 1_500_000_000
"""The reaction time: a check character that did not come within it comes no more."""


class _End(NamedTuple):
    """How a message ends: with a check, or without; is_last says that nothing at all stands where it belongs."""

    sender: Hashable
    is_checked: bool
    is_last: bool = False


class MissingCheckFamily(Family):
    """Telegrams of P1 that lack their CRC, and blocks of IEC 62056-21 that lack their check character."""

    links = frozenset({"p1", "iec62056-21"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._checked: dict[int | str, Hashable] = {}
        """By line: who sent its last message with a check."""
        self._heard: dict[int | str, Record | None] = {}
        """By line: a message without a check that waits for what comes next; None: it has had others."""

    def look(self, record: Record) -> None:
        """Hold the end of one message to those of others."""
        line: int | str = record.lane.text if record.link == "p1" else record.lane.conversation
        waits, end = self._heard.get(line), _end_of(record)
        if end is not None and end.is_checked:
            if len(self._checked) >= _MOST_SENDERS:
                self._checked.clear()
            self._checked[line] = end.sender
        if waits is not None and self._has_checks(line, waits):
            self._report(waits)
            self._heard[line] = None
        if end is None:
            return
        is_first = line not in self._heard
        if len(self._heard) >= _MOST_SENDERS:
            self._heard.clear()
        self._heard[line] = None
        if end.is_checked:
            return
        has_checks = self._checked.get(line) == end.sender
        if has_checks and not end.is_last:
            self._report(record)
        elif has_checks or is_first:
            self._heard[line] = record

    def finish(self) -> None:
        """Tell of a last message: the capture ended before its check came, or that did not come in its time."""
        for line, record in self._heard.items():
            if record is None or not self._has_checks(line, record):
                continue
            if self.ended_ns is not None and record.time_ns is not None and self.ended_ns - record.time_ns >= _ENDED_NS:
                self._report(record)
            else:
                what = "check character" if record.link != "p1" else "CRC and the line end"
                text = f"the message ends where its {what} belongs, and so does the capture; those before have it"
                self.report(record, "capture-cut", "capture-ended", LIKELY, text)

    def _has_checks(self, line: int | str, record: Record) -> bool:
        """Tell whether who sent *record* puts a check behind other messages."""
        end = _end_of(record)
        return end is not None and self._checked.get(line) == end.sender

    def _report(self, record: Record) -> None:
        if record.link == "p1":
            text = "behind the ! of the telegram stands no CRC, and others of this meter have one"
            others = [Alternative("edited-by-hand", POSSIBLE, "somebody may have taken it out")]
            self.report(record, "p1-crc-wrong", "octets-lost", LIKELY, text, alternatives=others)
            return
        octets = record.octets
        right = bcc(seven_bits(octets[1:]))
        text = f"behind the {_NAMES[octets[-1] & 0x7F]} stands no check character, and others of this line have one"
        text += f"; {right:02X} belongs there"
        others = []
        if not 0x20 <= right < 0x7F:
            others = [Alternative("text-dump-loss", POSSIBLE, f"{right:02X} is no printed character, which text drops")]
        repaired = octets + bytes((right,)) if octets.isascii() else b""
        self.report(record, "bcc-wrong", "octets-lost", LIKELY, text, start=len(octets) - 1, end=len(octets),
                    alternatives=others, proposed=repaired)  # fmt: skip


_OTHER_CHECKS = frozenset({"bcc-wrong", "meter-quirk"})
"""Notes of a check character that is not that of the standard."""
_NAMES = {0x03: "ETX", 0x04: "EOT"}


def _end_of(record: Record) -> _End | None:
    """Tell how a message ends; None where it is none that has a check."""
    octets = record.octets
    if record.link == "p1":
        if record.closed is not None and record.closed.plaintext:
            octets = record.closed.plaintext
        sender = octets.partition(b"\n")[0].rstrip(b"\r")
        last = octets[-_LAST_LINE:]
        bare = _BARE_LINE.search(last)
        if bare is not None:
            return _End(sender, is_checked=False, is_last=not bare[1])
        return _End(sender, is_checked=True) if _CHECKED_LINE.search(last) else None
    if len(octets) < _SHORTEST or octets[0] & 0x7F not in _OPENED:
        return None
    if octets[-2] & 0x7F in _CLOSED:  # what stands behind it may be 03 or 04, too
        return None if any(note.code in _OTHER_CHECKS for note in record.notes) else _End(b"", is_checked=True)
    is_whole = octets[-1] & 0x7F in _CLOSED and not record.problem
    return _End(b"", is_checked=False, is_last=True) if is_whole else None
