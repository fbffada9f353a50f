"""Reaction times of IEC 62056-21: how soon each side answers (tr), and pauses between characters (ta).

Source: IEC 62056-21, 6.3.14 and figures of the modes: 200 ms, or 20 ms where the third letter of the manufacturer is
small, up to 1,500 ms; at most 1,500 ms between two characters of a message.
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Stories
from analyzer.diagnosis.words import seconds
from analyzer.framing.frame import SLOWEST_CHARACTER_NS
from analyzer.record import REQUEST, RESPONSE, Record
from dissectors.checks import seven_bits

MILLISECOND = 1_000_000
LONGEST_NS, LEAST_NS, LEAST_QUICK_NS = 1_500 * MILLISECOND, 200 * MILLISECOND, 20 * MILLISECOND
LATENCY_NS = 20 * MILLISECOND
"""By so much a read may come after its octets: USB adapters hold them back for up to 16 ms."""
_MARGIN_NS = 5 * LATENCY_NS
_ACK = 0x06
_MOST_LANES = 4096


class _Said(NamedTuple):
    """The message before: its number, its side, when it ended, and whether its octets were read one after another."""

    number: int
    direction: str
    end_ns: int
    is_timed: bool


class ReactionFamily(Family):
    """Judges tr and ta on serial lines whose octets have times."""

    links = frozenset({"iec62056-21"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._before: dict[int, _Said] = {}
        """By conversation."""
        self._least: dict[int, int] = {}
        """By conversation: how long who answers has to wait."""

    def look(self, record: Record) -> None:
        """Look at when a message began, and at the pauses within."""
        if record.time_ns is None or not record.lane.text.startswith("serial"):
            return
        conversation = record.lane.conversation
        before = self._before.get(conversation)
        if before is not None and {before.direction, record.direction} == {REQUEST, RESPONSE}:
            self._reacted(record, before)
        if len(self._before) >= _MOST_LANES:
            self._before.clear()
            self._least.clear()
        self._before[conversation] = _Said(record.number, record.direction, record.time_ns, record.start_ns is not None)
        text = seven_bits(record.octets[:4])
        if record.direction == RESPONSE and text[:1] == b"/" and len(text) == 4:
            self._least[conversation] = LEAST_QUICK_NS if text[3:4].islower() else LEAST_NS
        if record.pause_ns > LONGEST_NS + LATENCY_NS:
            said = f"a pause of {seconds(record.pause_ns)} between two characters (ta is {seconds(LONGEST_NS)} at most)"
            other = Alternative("adapter-latency", POSSIBLE, "the adapter of the capture may have held octets back")
            self.report(record, "inter-octet-gap", "sender-pauses", LIKELY, said, alternatives=[other])

    def _reacted(self, record: Record, before: _Said) -> None:
        """Judge the time from the end of the message before to the beginning of this one."""
        begin = record.began_ns
        assert begin is not None
        took = begin - before.end_ns
        first = len(record.octets) - len(record.packets) + 1  # so many of its octets may have come by the first read
        if took - first * SLOWEST_CHARACTER_NS > LONGEST_NS + _MARGIN_NS and self._has_to_hurry(record):
            self._late(record, before, took)
        least = self._least.get(record.lane.conversation, LEAST_QUICK_NS)
        if before.is_timed and record.start_ns is not None and 0 <= took < least - LATENCY_NS:
            who = "the meter" if record.direction == RESPONSE else "the client"
            text = f"{who} began to answer after {seconds(took)}; tr is {seconds(least)} at least for this meter"
            self.report(record, "turnaround-too-short", "reaction-early", LIKELY, text, further=[_after(before)])

    def _late(self, record: Record, before: _Said, took: int) -> None:
        who = "the meter" if record.direction == RESPONSE else "the client"
        text = f"{who} answered after {seconds(took)}; tr is {seconds(LONGEST_NS)} at most"
        self.report(record, "response-slow", "reaction-late", LIKELY, text, further=[_after(before)])

    @staticmethod
    def _has_to_hurry(record: Record) -> bool:
        """Tell whether the other side waits no longer: a client may think before its commands, not about its select."""
        return record.direction == RESPONSE or record.octets[0] & 0x7F == _ACK


def _after(before: _Said) -> Evidence:
    return Evidence(before.number, 0, 0, "what it answers")
