"""What a family of diagnoses is: it is told of records and of notes, and reports facts.

A family says by class attributes what it wants to see, and the doctor calls it for nothing else: healthy traffic costs
one call a family that looks at every record. Families keep what they remember bounded, and report as soon as they know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.story import CERTAIN, Alternative, Evidence, Fact, Stories, severity_of
from analyzer.record import Record
from dissectors.tree import Note, Severity


class Family:
    """One family of diagnoses; a subclass stands in a file of its own and in `doctor.FAMILIES`."""

    links: ClassVar[frozenset[str] | None] = frozenset()
    """The links whose records `look` is given; None: all."""
    codes: ClassVar[frozenset[str]] = frozenset()
    """The codes of the notes that `note` is given instead of becoming stories as they stand."""

    def __init__(self, stories: Stories) -> None:
        self.stories = stories

    def look(self, record: Record) -> None:
        """Look at one record of `links`; damaged ones, which `note` said explain all, are left out."""

    def note(self, record: Record, note: Note) -> bool:
        """Take a note of `codes`. Returns whether it explains all else that is odd in its record."""
        self.report_note(record, note)
        return False

    def finish(self) -> None:
        """The capture ended: say what still waited for more. Nothing comes after it."""

    def report(
        self, record: Record, code: str, cause: str, confidence: str, text: str, *, start: int = 0, end: int = 0,
        severity: Severity | None = None, alternatives: Iterable[Alternative] = (), proposed: bytes = b"",
        subject: str = "",
    ) -> None:  # fmt: skip
        """Report the fact *code* about *record*; its severity is the table's unless the note that said it has one."""
        if severity is None:
            found = rule("fact", code)
            severity = severity_of(found.severity) if found is not None else Severity.NOTE
        evidence = Evidence(record.number, start, end, text)
        meter = "" if record.server is None else str(record.server)
        self.stories.add(
            Fact(
                code, severity, cause, confidence if cause else CERTAIN, evidence, record.time_ns, record.lane.text,
                meter, tuple(alternatives), proposed, subject,
            )
        )  # fmt: skip

    def report_note(self, record: Record, note: Note) -> None:
        """Report what a note says as it stands."""
        self.report(
            record, note.code, note.cause, note.confidence, note.text, start=note.start, end=note.end,
            severity=note.severity,
        )  # fmt: skip
