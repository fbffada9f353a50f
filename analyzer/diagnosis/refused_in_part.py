"""Refusals that stand in an AARE which is cut, or does not read to its end: the cause is told all the same.

Source: IEC 62056-5-3 (AARE, result and result-source-diagnostic).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.refused import refused_in_part
from analyzer.record import Record
from analyzer.tracking.history import Association
from dissectors.tree import Note


class RefusedInPartFamily(Family):
    """What an AARE says that is not whole."""

    codes = frozenset({"apdu-malformed", "capture-cut"})

    def note(self, record: Record, note: Note) -> bool | None:
        """Report a refusal, once a record; why the AARE is not whole is another's matter."""
        apdu = record.apdu
        if apdu is None or apdu.octets[:1] != b"\x61":
            return None
        found = refused_in_part(self._asking(record), record)
        if found is not None and note == next(each for each in record.notes if each.code in self.codes):
            self.report(
                record, "association-rejected", found.cause, found.confidence, found.text, start=found.start,
                end=found.end, alternatives=found.alternatives, subject=found.subject,
            )  # fmt: skip
        return None

    def _asking(self, record: Record) -> Association | None:
        """Find the association whose AARQ waits on this line: the newest."""
        asking = [one for one in self.associations.open_on(record.lane.conversation) if one.answer is None]
        return asking[-1] if asking else None
