"""Lengths of wrapper PDUs to why they are wrong: what they count instead, what is missing, what made a PDU longer.

Source: IEC 62056-47.
"""

from __future__ import annotations

import re

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Fact
from analyzer.diagnosis.words import octets as octets_text
from analyzer.diagnosis.words import octets_are
from analyzer.record import Lane, Record
from dissectors.scanning import reads

HEADER = 8
_MOST = 8192
_OTHER_DATAGRAM = Alternative(
    "capture-loss", POSSIBLE, "they may have been sent in a datagram of their own, which is lost or not captured"
)
_INFLATING = (
    ("telnet-negotiation", b"\xff", b"\xff\xff", "each FF stands twice, as telnet sends it"),
    ("newline-translation", b"\n", b"\r\n", "0A became 0D 0A"),
    ("newline-translation", b"\r", b"\r\x00", "0D became 0D 00, as telnet ends lines"),
)
"""By cause: octets, what became of them, and how that is said."""
_FLOW_CONTROL = re.compile(rb"[\x11\x13]")
_TELLING = re.compile(rb"[^\x00\x20-\x7e\xff]")
"""Octets that might as well be 11 or 13: text never is, and 00 and FF fill."""
_MOST_TAKEN_OUT = 16
"""One octet in 128 is 11 or 13 by chance; more than one in so many was not lost that way."""
_PLENTY_WITHOUT = 350
"""So many telling octets hold neither by chance once in a hundred times."""
_COUNTS_HEADER = f"the length counts the {HEADER} octets of the header, too"


class WrapperLengths:
    """Judges lengths; *before* is always the last sound PDU of the record's lane, None where there is none."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._without: dict[Lane, int | None] = {}
        """By lane: telling octets of PDUs that lack some, and have neither 11 nor 13; None: one of its PDUs has."""

    def tell(self, record: Record, text: str, before: Record | None) -> None:
        """Say what a length that is wrong, as *text* says, counts, or what is missing."""
        octets = record.octets
        if len(octets) < HEADER:
            self._report(record, "truncated", LIKELY, text, 0, len(octets))
            return
        declared, there = _declared(octets), len(octets) - HEADER
        others: list[Alternative] = []
        if told := _inflated(octets):
            cause, confidence, text = told[0], LIKELY, f"{text}: {told[1]}"
        elif declared == there + HEADER and reads(octets[HEADER:]):
            cause, confidence, text = "length-includes-header", CERTAIN, f"{text}: {_COUNTS_HEADER}"
        elif declared > there:
            cause, confidence = "truncated", LIKELY
            text = f"{text}: {octets_are(declared - there)} missing before the next PDU"
            if without := self._without_flow_control(record, declared - there, before):
                cause, text = "flow-control-octets-removed", f"{text}; {without}"
            elif record.lane.transport == "udp":
                others.append(_OTHER_DATAGRAM)
        elif reads(octets[HEADER:]):
            cause, confidence = "length-without-tag", CERTAIN
            text = f"{text}: the APDU reads whole with {octets_text(there - declared)} more"
        else:
            cause, confidence = "apdu-concatenated", LIKELY
        fact = self._report(record, cause, confidence, text, 6, HEADER, others)
        if cause == "flow-control-octets-removed":
            self._fold_truncated(record, fact)

    def counts_header(self, record: Record) -> bool:
        """Tell whether the length of a first PDU counts its header, too, and say so."""
        octets = record.octets
        length = _declared(octets) - HEADER if octets.startswith(b"\0\1") and len(octets) > HEADER else 0
        if length <= 0 or not reads(octets[HEADER : HEADER + length]):
            return False
        text = f"the wrapper length says {length + HEADER}, and the APDU behind the header reads whole with {length} "
        self._report(record, "length-includes-header", CERTAIN, f"{text}octets: {_COUNTS_HEADER}", 6, HEADER)
        return True

    def runs_over(self, record: Record, before: Record | None) -> bool:
        """Tell whether *before* took the header of the next one in, for octets of its own are missing; say so."""
        there = _header_over(before.octets, record.octets) if before is not None else 0
        if before is None or not there:
            return False
        declared = _declared(before.octets)
        text = (
            f"the wrapper length of record {before.number} says {octets_text(declared)}, and after {there} the header "
            f"of the next PDU begins: {octets_are(declared - there)} missing"
        )
        self._report(record, "truncated", LIKELY, text)
        self.fold_malformed(record, before)
        return True

    def belongs_to(self, record: Record, before: Record) -> bool:
        """Tell whether octets behind a PDU are its end, or one more APDU that its length leaves out, and say so."""
        octets, count = record.octets, len(record.octets)
        if told := _inflated(before.octets + octets):
            cause, text = told
            text = f"record {before.number} and the {octets_text(count)} behind it are one PDU: {text}"
            self._report(record, cause, LIKELY, text, 0, count)
        elif count < HEADER and reads(before.octets[HEADER:] + octets):
            text = (
                f"the length of record {before.number} is {count} too small: with the {octets_text(count)} "
                f"behind it its APDU reads whole"
            )
            self._report(record, "length-without-tag", CERTAIN, text)
        elif reads(octets):
            text = f"{count} octets behind a PDU are one more APDU without a wrapper header"
            self._report(record, "apdu-concatenated", LIKELY, text)
            return True
        else:
            return False
        self.fold_malformed(record, before)
        return True

    def fold_malformed(self, record: Record, before: Record) -> None:
        """That the APDU of *before* does not read follows from its length."""
        told = self._family.stories.of_lane(record.lane.text)
        wrong = [one for one in told if one.code == "wrapper-length-wrong"]
        hurt = [one for one in told if one.code == "apdu-malformed" and one.records[-1] == before.number]
        if wrong:
            self._family.stories.fold(wrong[-1], hurt)

    def _report(
        self, record: Record, cause: str, confidence: str, text: str, start: int = 0, end: int = 0,
        others: list[Alternative] | None = None,
    ) -> Fact:  # fmt: skip
        return self._family.report(
            record, "wrapper-length-wrong", cause, confidence, text, start=start, end=end, alternatives=others or ()
        )  # fmt: skip

    def _without_flow_control(self, record: Record, missing: int, before: Record | None) -> str:
        """Say that PDUs which lack octets have no 11 and no 13 in them, where these and the sound ones tell that."""
        octets, lane = record.octets, record.lane
        count = self._without.get(lane, 0)
        if count is None or len(self._without) > _MOST:
            return ""
        if _FLOW_CONTROL.search(octets) or (before is not None and _FLOW_CONTROL.search(before.octets)):
            self._without[lane] = None
            return ""
        count = count + len(_TELLING.findall(octets)) if missing * _MOST_TAKEN_OUT <= len(octets) else 0
        self._without[lane] = count
        if count < _PLENTY_WITHOUT:
            return ""
        text = f"not one of the {count} octets of such PDUs that are no text, 00 or FF is 11 or 13"
        return f"{text}, which software flow control takes out"

    def _fold_truncated(self, record: Record, fact: Fact) -> None:
        """What lacked octets before follows from flow control."""
        stories = self._family.stories
        story = stories.of_fact(fact)
        if story is not None:
            told = stories.of_lane(record.lane.text)
            stories.fold(story, [one for one in told if (one.code, one.cause) == (fact.code, "truncated")])


def _declared(octets: bytes) -> int:
    return octets[6] << 8 | octets[7]


def _header_over(before: bytes, behind: bytes) -> int:
    """Find a header with the wPorts of *before* that begins within it and ends behind; count the octets before it."""
    at = (before + behind).find(before[:6], HEADER)
    return at - HEADER if 0 < at < len(before) else 0


def _inflated(octets: bytes) -> tuple[str, str] | None:
    """Name what made a PDU longer: undone, it has its length and reads."""
    for cause, was, became, text in _INFLATING:
        undone = octets.replace(became, was)
        end = HEADER + int.from_bytes(undone[6:8], "big")
        if len(undone) == end < len(octets) and reads(undone[HEADER:]):
            return cause, f"{text}: undone, the length is right and the APDU reads"
    return None
