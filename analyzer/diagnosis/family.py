"""What a family of diagnoses is: it is told of records and of notes, and reports facts.

A family says by class attributes what it wants to see, and the doctor calls it for nothing else: healthy traffic costs
one call a family that looks at every record. Families keep what they remember bounded, and report as soon as they know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar

from analyzer.diagnosis.capture_clock import Step
from analyzer.diagnosis.chains import Chains
from analyzer.diagnosis.meter_facts import MeterFacts
from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.story import CERTAIN, Alternative, Evidence, Fact, Stories, severity_of
from analyzer.diagnosis.words import SHORT_NAME
from analyzer.record import APDU, LINK, PART, End, Lane, Record
from analyzer.tracking.associations import Association, Associations, Event
from analyzer.tracking.bare_secrets import unsaid, without_secrets
from analyzer.tracking.meter_key import MeterKey, meter_key
from captures.chunk import Source
from dissectors.tree import Note, Severity

Look = Callable[[Record], None]
FRAMES = frozenset({APDU, PART, LINK})
"""The kinds of records that a usual frame may be."""


class Family:
    """One family of diagnoses; a subclass stands in a file of its own and in `doctor.FAMILIES`."""

    links: ClassVar[frozenset[str] | None] = frozenset()
    """The links whose records `look` is given; None: all."""
    directions: ClassVar[frozenset[str] | None] = None
    """The directions of these records; None: all."""
    kinds: ClassVar[frozenset[str] | None] = None
    """Their kinds; None: all."""
    skips_usual: ClassVar[frozenset[str]] = frozenset()
    """The kinds of usual records in which `look` finds nothing, in an association that it has seen both sides of.

    What has several parts counts as a part, too.
    """
    codes: ClassVar[frozenset[str]] = frozenset()
    """The codes of the notes that `note` is given instead of becoming stories as they stand."""
    events: ClassVar[frozenset[str]] = frozenset()
    """The kinds of events that `event` is given."""

    sound: dict[Lane, Record]
    """By lane: the newest record of a unit that nothing explained away."""
    associations: Associations
    """The associations of the capture; what the record made happen in them stands in its *events*."""
    chains: Chains
    meters: MeterFacts
    """What the meters told about themselves."""
    source: Source | None = None
    """What the capture is read from, where that is told."""
    steps: Collection[Step] = ()
    """The newest steps of the capture's own time."""
    ended_ns: int | None = None
    """The time of the capture's last record, once it is over."""

    def __init__(self, stories: Stories) -> None:
        self.stories = stories

    def event(self, record: Record, event: Event) -> None:
        """Take what *record* made happen, of `events`; of a connection that ended, the record after that."""

    def connection(self, end: End) -> None:
        """Take the end of a connection, or octets of it that came again."""

    def ignores(self, record: Record, note: Note) -> bool:
        """Tell whether *note* says that its record is no traffic, and report that: nothing else looks at it."""
        return False

    def look(self, record: Record) -> None:
        """Look at one record of `links`; damaged ones, which `note` said explain all, are left out."""

    def lasted(self, record: Record) -> None:
        """Look at a record of any link whose octets came one after another, in a time that is known."""

    def answered(self, record: Record) -> Look | None:
        """Look at the first answer of a capture about its objects. Returns what looks at the others, if any."""
        return None

    def note(self, record: Record, note: Note) -> bool | None:
        """Take a note of `codes`. Returns whether it explains all else that is odd in its record.

        None: it is another family's matter.
        """
        self.report_note(record, note)
        return False

    def finish(self) -> None:
        """The capture ended: say what still waited for more. Nothing comes after it."""

    def settle(self) -> None:
        """All families have finished: fold what one of them said last and another knows the cause of."""

    def left_open(self) -> None:
        """Nothing at all was found in the capture: say what its end leaves open."""

    def report(
        self, record: Record, code: str, cause: str, confidence: str, text: str, *, start: int = 0, end: int = 0,
        severity: Severity | None = None, alternatives: Iterable[Alternative] = (), proposed: bytes = b"",
        subject: str = "", further: Iterable[Evidence] = (), chain: int = 0, explains: Collection[int] = (),
    ) -> Fact:  # fmt: skip
        """Report the fact *code* about *record*; its severity is the table's unless the note that said it has one.

        *further* is evidence in other records; *chain* what it belongs to, where that is over already; *explains*
        other records that are odd because of it.
        """
        if severity is None:
            severity = severity_with(code, cause)
        evidence = Evidence(record.number, start, end, unsaid(text, record.octets, start, end))
        notes = record.notes
        is_misread = bool(notes) and any(note.code == "hdlc-hcs-wrong" for note in notes)  # so are its addresses
        is_misread |= bool(record.problem) and _is_doubtful(record, proposed)
        meter = "" if record.server is None or is_misread else str(meter_key(record)[1])
        others = tuple(_masked(one, record) for one in alternatives)
        fact = Fact(
            code, severity, cause, confidence if cause else CERTAIN, evidence, record.time_ns, record.lane.text, meter,
            others, without_secrets(proposed), subject, tuple(further),
            chain or self.chains.of(code, record.lane.conversation, record.number), explains,
        )  # fmt: skip
        fact = _with_meter(fact, meter_key(record))
        self.stories.add(fact)
        return fact

    def report_about(
        self, one: Association, code: str, cause: str, confidence: str, proof: Sequence[Evidence], *,
        time_ns: int | None, alternatives: Iterable[Alternative] = (), subject: str = "",
    ) -> None:  # fmt: skip
        """Report a fact about an association, proved by several records of it; its severity is the table's."""
        meter = "" if one.server is None else str(one.meter[1])
        fact = Fact(
            code, severity_with(code, cause), cause, confidence if cause else CERTAIN, proof[0], time_ns, one.lane,
            meter, tuple(alternatives), b"", subject, tuple(proof[1:]),
            self.chains.of(code, one.conversation, max(each.record for each in proof)),
        )  # fmt: skip
        self.stories.add(_with_meter(fact, one.meter))

    def report_note(self, record: Record, note: Note) -> Fact:
        """Report what a note says as it stands."""
        return self.report(
            record, note.code, note.cause, note.confidence, note.text, start=note.start, end=note.end,
            severity=note.severity,
        )  # fmt: skip


def _with_meter(fact: Fact, key: MeterKey) -> Fact:
    """Give the same fact with the meter whose short names its sentences have.

    Its subject stays: before and after the list of names a fault is the same one.
    """
    texts = [fact.evidence.text, *(one.text for one in fact.alternatives), *(one.text for one in fact.further)]
    if not any(SHORT_NAME in text for text in texts):
        return fact
    return fact._replace(
        evidence=fact.evidence._replace(meter=key),
        alternatives=tuple(one._replace(meter=key) for one in fact.alternatives),
        further=tuple(one._replace(meter=key) for one in fact.further),
    )  # fmt: skip


def _masked(one: Alternative, record: Record) -> Alternative:
    """Give what else it could be without the secrets that may stand in it."""
    text = unsaid(one.text, record.octets, one.start, one.end)
    return one._replace(text=text, octets=without_secrets(one.octets))


def _is_doubtful(record: Record, proposed: bytes) -> bool:
    """Tell whether no HCS vouches for the addresses of a damaged frame, nor its repair, which leaves them alone."""
    if record.link != "hdlc" or record.kind is not LINK:
        return False
    addresses = proposed[2:-3]
    begin = 2 + (record.octets[:1] == b"\x7e")
    return not addresses or not record.octets.startswith(addresses, begin)


def severity_with(code: str, cause: str) -> Severity:
    """Give the severity of the table: of the code, or of the code with this cause where that weighs otherwise."""
    found = rule("fact", code)
    if found is None:
        return Severity.NOTE
    return severity_of(dict(found.weights).get(cause, found.severity))
