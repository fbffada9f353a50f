"""What the harness speaks of: octets on a line, a fault done to them, the doctor's verdict and how it is judged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.story import CERTAIN, POSSIBLE, Story, severity_of
from analyzer.security.keyring import Keyring
from analyzer.session import Session
from analyzer.tracking.bare_secrets import without_secrets
from captures.chunk import LINK_OCTETS, Chunk, Source
from dissectors.tree import Severity


class Said(NamedTuple):
    """Octets that one side sends at one time, as a capture shows them."""

    time_ns: int | None
    direction: int
    octets: bytes
    link_type: int = LINK_OCTETS


Lines = list[Said]


class Truth(NamedTuple):
    """What was done: causes of which any is right, and what a repair gives, or where the damage is.

    *sent* is the unit as it was sent, without its flags, where one damage has one repair. *hurt* is the range of octets
    in the record that is damaged, where there is one. Neither: the fault has no place.
    """

    causes: frozenset[str]
    codes: frozenset[str] = frozenset()
    sent: bytes = b""
    hurt: tuple[int, int] | None = None


class Case(NamedTuple):
    """A session with a fault in it. *text* is hex for inputs that are no capture."""

    said: Lines
    truth: Truth
    text: str = ""
    is_silent: bool = False
    """Whether octets allow the fault as healthy traffic: a flag less between two frames, for example."""
    keys: Keyring | None = None


class Fault(NamedTuple):
    """A row of the table: a cause, how it comes about, and what share must be named.

    *make* gives a case for a placement, or None where the fault cannot be at that place.
    """

    code: str
    cause: str
    make: Callable[[random.Random, int], Case | None]
    named: float = 1.0
    group: str = ""
    located: float = 1.0
    decode_as: str = ""


class Outcome(NamedTuple):
    """How the doctor did in one case; *is_located* is None where the fault has no place."""

    is_found: bool
    is_named: bool
    is_located: bool | None
    is_wrongly_certain: bool
    shown: str


class ListSource(Source):
    """Chunks from a list."""

    def __init__(self, said: Sequence[Said]) -> None:
        super().__init__("faults", 1)
        self._said = said

    def __iter__(self) -> Iterator[Chunk]:
        for number, (time_ns, direction, octets, link_type) in enumerate(self._said, 1):
            yield Chunk(number, time_ns, link_type, direction, octets, len(octets), -1)


def stories_of(case: Case, decode_as: str = "", code: str = "") -> list[Story]:
    """What the doctor says of a case; of facts that weigh less than a note only where *code* is one."""
    if case.text:
        from captures import source_from_hex

        source: Source = source_from_hex(case.text)
    else:
        source = ListSource(case.said)
    forced = {"serial": decode_as} if decode_as else None
    session = Session(source, forced, case.keys, learns=False)
    doctor = Doctor(session.pipeline.ends)
    for record in session.records():
        doctor.take(record)
    doctor.finish(session.pipeline.left_aside, session.pipeline.connections)
    found = rule("fact", code)
    return doctor.stories(min(Severity.NOTE, severity_of(found.severity)) if found is not None else Severity.NOTE)


def judge(case: Case, stories: Sequence[Story], code: str) -> Outcome:
    """Compare the first story with the truth."""
    truth = case.truth
    if not stories:
        return Outcome(False, False, None, False, "nothing")
    first = stories[0]
    codes = truth.codes | {code}
    others = [one for one in first.candidates if one.confidence == POSSIBLE == first.confidence]
    is_code = any(first.code == one or (one.endswith("*") and first.code.startswith(one[:-1])) for one in codes)
    followed = [one for one in first.leads_to if one.code in codes]
    is_named = bool(followed) and any(one.cause in truth.causes for one in followed)
    is_named |= is_code and (first.cause in truth.causes or any(one.cause in truth.causes for one in others))
    is_located: bool | None = None
    is_wrong = False
    if truth.sent:
        repairs = [octets for _, octets in (first.proposed,) if octets] if first.proposed else []
        repairs += [one.octets for one in first.candidates if one.octets]
        is_located = without_secrets(truth.sent) in repairs
        is_wrong = (
            bool(first.cause)
            and first.confidence == CERTAIN
            and bool(first.proposed)
            and first.proposed[1] != without_secrets(truth.sent)
        )  # type: ignore[index]
    elif truth.hurt is not None:
        places = [(one.start, one.end) for one in (first.evidence[:1] + list(first.candidates)) if one.end > one.start]
        is_located = any(start <= truth.hurt[1] and truth.hurt[0] <= end for start, end in places)
        is_wrong = bool(first.cause) and first.confidence == CERTAIN and first.cause not in truth.causes
    shown = " | ".join(f"{one.code} {one.cause} {one.confidence}" for one in stories[:3])
    return Outcome(True, is_named, is_located, is_wrong, shown)
