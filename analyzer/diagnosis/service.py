"""Services: answers that are no success. Source: IEC 62056-5-3."""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.refusals import service_refusals
from analyzer.record import Record


class ServiceFamily(Family):
    """Results, exception-response and confirmedServiceError."""

    links = None

    def look(self, record: Record) -> None:
        """Report what the APDUs of *record* refuse."""
        for one in service_refusals(record):
            self.report(record, one.code, one.cause, one.confidence, one.text, subject=one.subject)
