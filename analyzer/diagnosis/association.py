"""Associations: what was refused, and what was aborted. Source: IEC 62056-5-3, ACSE."""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.refusals import association_refusals
from analyzer.record import Record


class AssociationFamily(Family):
    """AARE that rejects, and ABRT."""

    links = None

    def look(self, record: Record) -> None:
        """Report what the APDUs of *record* say of the association."""
        for one in association_refusals(record):
            self.report(record, one.code, one.cause, one.confidence, one.text, subject=one.subject)
