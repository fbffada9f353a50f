"""Damaged HDLC frames: the cause of a wrong check sequence or length, out of the octets. Source: ISO/IEC 13239."""

from __future__ import annotations

from collections import Counter

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.fcs_search import Candidate, search
from analyzer.diagnosis.story import POSSIBLE, Alternative, Stories
from analyzer.record import Record
from dissectors.tree import Note

_MOST_SEARCHES = 1000
"""Damaged frames of a lane that are searched; the others are counted."""


class DamageFamily(Family):
    """Searches each damaged frame; all of its notes are one fact, and what else is odd in it follows from that."""

    codes = frozenset({"hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong", "capture-cut"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._searches: Counter[str] = Counter()

    def note(self, record: Record, note: Note) -> bool:
        """Explain the damage of *record*."""
        if note.code != "capture-cut":
            self._damaged(record)
            return True
        if record.link == "hdlc" and record.problem:
            self._cut(record, note)
            return True
        self.report_note(record, note)
        return False

    def _damaged(self, record: Record) -> None:
        """Search the cause of a damaged frame; its notes are one fact."""
        notes = [note for note in record.notes if note.code in self.codes]
        first = next((note for note in notes if note.code != "hdlc-hcs-wrong"), notes[0])
        lane = record.lane.text
        found: list[Candidate] = []
        if self._searches[lane] < _MOST_SEARCHES:
            self._searches[lane] += 1
            found = search(record.octets)
        if not found:
            text = f"{first.text}; no single damage explains it"
            self.report(record, first.code, "", POSSIBLE, text, start=first.start, end=first.end)
            return
        best, rest = found[0], found[1:]
        alternatives = tuple(
            Alternative(one.cause, one.confidence, one.text) for one in rest if one.cause != best.cause or len(rest) < 4
        )[:3]
        start, end = (first.start, first.end) if best.at < 0 else (best.at, best.at + 1)
        self.report(
            record, first.code, best.cause, best.confidence, f"{first.text}: {best.text}", start=start, end=end,
            alternatives=alternatives, proposed=best.repaired if best.confidence != POSSIBLE else b"",
        )  # fmt: skip

    def _cut(self, record: Record, note: Note) -> None:
        """Tell a frame that the reader cut at a flag octet inside from one that the capture cut."""
        found = search(record.octets)
        if found and found[0].cause == "cut-at-flag-octet":
            best = found[0]
            self.report(
                record, "hdlc-fcs-wrong", best.cause, best.confidence, best.text, start=note.start, end=note.end,
                proposed=best.repaired,
            )  # fmt: skip
            return
        self.report_note(record, note)
