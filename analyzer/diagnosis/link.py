"""HDLC links: rejections, a link that is not there, and what comes back as it was sent. Source: IEC 62056-46."""

from __future__ import annotations

from collections import OrderedDict

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Stories
from analyzer.record import REQUEST, Record

_MOST_REMEMBERED = 64
_ECHO_NS = 2_000_000_000
_FRMR, _DM, _DISC = 0x87, 0x0F, 0x43
_REASONS = (
    (0x10, "counters-not-reset", "V: the send number is invalid"),
    (0x01, "control-not-implemented", "W: the control field is undefined or not implemented"),
    (0x02, "information-not-allowed", "X: an information field where none is allowed"),
    (0x04, "information-too-long", "Y: the information field is too long"),
    (0x08, "invalid-receive-number", "Z: the receive number is invalid"),
)
"""Bits of the third octet of FRMR (W is bit 0, V bit 4), the most telling first."""


class LinkFamily(Family):
    """Link management of HDLC."""

    links = frozenset({"hdlc"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._sent: dict[int, OrderedDict[bytes, Record]] = {}
        self._last: dict[str, Record] = {}

    def look(self, record: Record) -> None:
        """Look at the frame of *record*."""
        if record.control is None:
            return
        command = record.control & 0xEF
        if command == _FRMR:
            self._rejected(record)
        elif command == _DM:
            self._disconnected(record)
        self._echo(record)
        self._last[record.lane.text] = record

    def _rejected(self, record: Record) -> None:
        body = record.octets.strip(b"\x7e")
        information = body[-5:-2]
        if len(body) < 12:
            return
        rejected, numbers, reasons = information
        told = [(cause, text) for bit, cause, text in _REASONS if reasons & bit]
        cause = told[0][0] if told else ""
        why = "; ".join(text for _, text in told) or "no reason is given"
        text = (
            f"FRMR rejects a frame with control {rejected:02X}, "
            f"V(S)={numbers >> 1 & 7} V(R)={numbers >> 5 & 7} at the rejecting side: {why}"
        )
        self.report(record, "hdlc-frame-rejected", cause, LIKELY, text)

    def _disconnected(self, record: Record) -> None:
        before = self._last.get(record.lane.text)
        idle = ""
        if before is not None and before.time_ns is not None and record.time_ns is not None:
            seconds = (record.time_ns - before.time_ns) / 1e9
            idle = f", {seconds:.1f} s after the frame before it"
            if before.control is not None and before.control & 0xEF == _DISC:
                return  # DM answers DISC where no link was: as it should be
        self.report(record, "hdlc-disconnected-mode", "", POSSIBLE, f"DM: no link with this client{idle}")

    def _echo(self, record: Record) -> None:
        """Tell what was sent and comes back with its addresses as they were."""
        sent = self._sent.setdefault(record.lane.conversation, OrderedDict())
        before = sent.get(record.octets)
        is_request = record.direction == REQUEST
        if before is not None and is_request and before.number == record.number - 1:
            late = record.time_ns is None or before.time_ns is None or record.time_ns - before.time_ns < _ECHO_NS
            if late and before.lane.text != record.lane.text:
                text = f"record {record.number} repeats the {len(record.octets)} octets of record {before.number}"
                self.report(record, "line-echo", "local-echo", CERTAIN, f"{text}, addresses unswapped")
        if is_request:
            sent[record.octets] = record
            if len(sent) > _MOST_REMEMBERED:
                sent.popitem(last=False)
