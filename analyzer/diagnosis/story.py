"""Stories: one a fault, with the records where it was seen, its cause and how sure, the proof, and what to try."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from copy import copy
from typing import NamedTuple, TypeVar

from analyzer.diagnosis.rules import rule
from analyzer.tracking.meter_key import MeterKey
from dissectors.tree import Severity

CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
"""How sure a cause is."""
_MOST_RECORDS = 100
_MOST_EVIDENCE = 3
_MOST_CHAINS = 1000
_MOST_EXPLAINED = 1000
BLAMING = frozenset({
    ("response-missing", "server-silent"), ("invoke-id-differs", "late-response"),
    ("invoke-id-differs", "invoke-id-ignored"),
    ("response-without-request", "answer-repeated"),
})  # fmt: skip
"""Codes and causes that blame a side for what may come of something else, occurrence by occurrence."""
_STRAY = ("response-without-request", "capture-loss")
_MAY_BE_TAKEN_BACK = frozenset({"late-response", "invoke-id-ignored"})
"""Code and cause, and causes, whose occurrences are kept, too: what comes long behind may tell better."""
_PROVED_BY_REPEATING = frozenset({"bcc-range-wrong", "crc-of-another-kind", "heartbeat"})
"""Causes of which the newest occurrence says how sure they are: it counts those before it that obey the same rule."""
_REMARKS = frozenset({"protection-below-policy", "meter-quirk"})
_SEVERITIES = {str(one.name).lower(): one for one in Severity}


class Evidence(NamedTuple):
    """What proves a story: a record, the range of its octets (empty where it is about the whole), and a sentence."""

    record: int
    start: int
    end: int
    text: str
    meter: MeterKey | None = None
    """Whose short names stand in the sentence; a list of them may come behind it."""


class Alternative(NamedTuple):
    """What else it could be."""

    cause: str
    confidence: str
    text: str
    start: int = 0
    end: int = 0
    octets: bytes = b""
    """The frame between its flags as it may have been sent, where that can be known."""
    meter: MeterKey | None = None
    """Whose short names stand in the text."""


class Fact(NamedTuple):
    """One occurrence of a fault, as a diagnosis sees it; equal ones of a lane become one story."""

    code: str
    severity: Severity
    cause: str
    confidence: str
    evidence: Evidence
    time_ns: int | None
    lane: str
    meter: str
    alternatives: tuple[Alternative, ...] = ()
    proposed: bytes = b""
    subject: str = ""
    """What distinguishes faults of the same code on a lane: an object, a request; empty where nothing does."""
    further: tuple[Evidence, ...] = ()
    """More evidence of the same occurrence, in other records."""
    chain: int = 0
    """What it belongs together with: see :mod:`analyzer.diagnosis.chains`; 0 for nothing."""
    explains: Collection[int] = ()
    """The records of other faults that come of it, where that is known one by one."""

    def told_as(self, cause: str, confidence: str) -> Fact:
        """Give the same occurrence with the *cause* that it turned out to have, which leaves no other one open."""
        text = next((one.text for one in self.alternatives if one.cause == cause), self.evidence.text)
        proof = self.evidence._replace(text=text)
        return self._replace(cause=cause, confidence=confidence, evidence=proof, alternatives=())


class Story:
    """All occurrences of one fault on one lane."""

    def __init__(self, first: Fact) -> None:
        self.code, self.cause, self.severity = first.code, first.cause, first.severity
        self.lane, self.meter, self.subject = first.lane, first.meter, first.subject
        self.confidence = first.confidence
        self.count = 0
        self.records: list[int] = []
        self.evidence: list[Evidence] = []
        self.candidates = first.alternatives
        """What else the first occurrence could be, best first."""
        self._others: dict[str, Alternative] = {}
        self.proposed: tuple[int, bytes] | None = None
        """A record and the frame that may have been sent in its place."""
        self.chains: set[int] = set()
        self.facts: deque[Fact] = deque(maxlen=_MOST_RECORDS)
        """The newest occurrences, of a story that blames somebody or may be taken back."""
        self.explains: set[tuple[str, int]] = set()
        """The meters and records of other faults that come of it, where that is known one by one."""
        self.leads_to: list[Story] = []
        """Stories that follow from this one, once they are sorted."""
        self.first_ns = self.last_ns = first.time_ns

    def __repr__(self) -> str:
        return f"<Story {self.code} {self.cause} ×{self.count}>"

    def add(self, fact: Fact) -> None:
        """Add one more occurrence."""
        self.count += 1
        if fact.chain and len(self.chains) < _MOST_CHAINS:
            self.chains.add(fact.chain)
        told = (fact.code, fact.cause)
        if told in BLAMING or told == _STRAY or fact.cause in _MAY_BE_TAKEN_BACK:
            self.facts.append(fact)
        self._explain(fact.meter, fact.explains)
        for proof in (fact.evidence, *fact.further):
            self._add_record(proof.record)
        if len(self.evidence) < _MOST_EVIDENCE:
            self.evidence += (fact.evidence, *fact.further)
        for one in fact.alternatives:
            if one.cause != self.cause and len(self._others) < _MOST_EVIDENCE:
                self._others.setdefault(one.cause, one)
        if fact.proposed and self.proposed is None:
            self.proposed = (fact.evidence.record, fact.proposed)
        if fact.cause in _PROVED_BY_REPEATING or _RANK[fact.confidence] > _RANK[self.confidence]:
            self.confidence = fact.confidence
        self.last_ns = fact.time_ns

    def drop(self, fact: Fact) -> None:
        """Forget the occurrence *fact*: the newest one, or any of a story that keeps them."""
        if fact in self.facts:
            self.facts.remove(fact)
        others = {proof.record for one in self.facts for proof in (one.evidence, *one.further)}
        for proof in (fact.evidence, *fact.further):
            if proof.record in self.records and proof.record not in others:
                self.records.remove(proof.record)
            if proof in self.evidence:
                self.evidence.remove(proof)
        if self.facts and not self.evidence:
            self.evidence += (self.facts[0].evidence, *self.facts[0].further)
        if self.facts and len(self.facts) == self.count:
            self.first_ns = self.facts[0].time_ns
        if self.proposed is not None and self.proposed[0] == fact.evidence.record:
            self.proposed = None

    def absorb(self, other: Story) -> None:
        """Take the occurrences of another story in."""
        self.count += other.count
        self.records = sorted({*self.records, *other.records})[:_MOST_RECORDS]
        self.first_ns = min((one for one in (self.first_ns, other.first_ns) if one is not None), default=None)
        self.last_ns = max((one for one in (self.last_ns, other.last_ns) if one is not None), default=None)

    def again(self, record: int, time_ns: int | None) -> None:
        """Count one more occurrence that says nothing new."""
        self.count += 1
        self.last_ns = time_ns
        if len(self.records) < _MOST_RECORDS:
            self.records.append(record)

    def retell(self, text: str, confidence: str) -> None:
        """Say better, now that more is known, what the first occurrence proves."""
        if self.evidence:
            self.evidence[0] = self.evidence[0]._replace(text=text)
        self.confidence = min(self.confidence, confidence, key=_RANK.__getitem__)

    def adds(self, evidence: Evidence) -> None:
        """Take what was found out later for a proof, too: it says more than one more of the same."""
        self.evidence[_MOST_EVIDENCE - 1 :] = [evidence]

    def follows(self, record: int, meter: str = "", explains: Collection[int] = ()) -> None:
        """Tell that what is odd in *record* follows from this fault, and so what it *explains* with that meter."""
        self._add_record(record)
        self._explain(meter, explains)

    def named(self, said: Said) -> Story:
        """Give the same story with what short names stand for as far as that is *said* by now; itself without any."""
        others = (*self.candidates, *self._others.values())
        if not (any(one.meter for one in self.evidence) or any(one.meter for one in others)):
            return self
        named = copy(self)
        named.evidence = _named(self.evidence, said)
        named.candidates = tuple(_named(self.candidates, said))
        named._others = {one.cause: one for one in _named(self._others.values(), said)}
        named.facts = deque((_named_fact(one, said) for one in self.facts), _MOST_RECORDS)
        return named

    def divided(self, roots: Mapping[tuple[str, int], Story]) -> dict[Story | None, Story]:
        """Divide it by what explains its occurrences, by meter and record; None explains what stays as it was."""
        by_root: dict[Story | None, list[Fact]] = {}
        for fact in self.facts:
            by_root.setdefault(roots.get((fact.meter, fact.evidence.record)), []).append(fact)
        if by_root.keys() <= {None}:
            return {None: self}
        found = {}
        for root, facts in by_root.items():
            told = facts if root is None else [one.told_as(root.cause, root.confidence) for one in facts]
            found[root] = Story(told[0])
            for one in told:
                found[root].add(one)
        if self.count > len(self.facts):
            told_apart = {one.evidence.record for root, facts in by_root.items() if root is not None for one in facts}
            rest = found.setdefault(None, Story(self.facts[0]))
            rest.count += self.count - len(self.facts)
            rest.chains |= self.chains
            rest.records = [one for one in self.records if one not in told_apart]
            rest.evidence = [one for one in self.evidence if one.record not in told_apart] or list(self.evidence)
            rest.first_ns = self.first_ns
        return found

    def _explain(self, meter: str, records: Collection[int]) -> None:
        if len(self.explains) < _MOST_EXPLAINED:
            self.explains.update((meter, one) for one in records)

    @property
    def alternatives(self) -> list[Alternative]:
        """Give what else it could be for a person to read: other causes first, each once; then other places."""
        places = [one for one in self.candidates if one.cause == self.cause]
        return [*self._others.values(), *places][:_MOST_EVIDENCE]

    def _add_record(self, record: int) -> None:
        """Keep the records in order, each once; 0 is none."""
        if not record:
            return
        place = bisect_left(self.records, record)
        if len(self.records) < _MOST_RECORDS and self.records[place : place + 1] != [record]:
            self.records.insert(place, record)

    @property
    def first_record(self) -> int:
        """Where it begins."""
        return min(self.records[:_MOST_EVIDENCE], default=0)

    @property
    def last_record(self) -> int:
        """Where it was seen last, of the records that are kept."""
        return max(self.records, default=0)

    def is_about(self, records: Container[int]) -> bool:
        """Tell whether it, or what follows from it, was seen in one of *records*."""
        return any(one in records for one in self.records) or any(one.is_about(records) for one in self.leads_to)

    @property
    def is_remark(self) -> bool:
        """Whether it is true of traffic that works: of equal weight, what does not work comes first."""
        return self.code in _REMARKS

    @property
    def worst(self) -> Severity:
        """Give the severity of the worst of it and all that follows from it."""
        return max([self.severity, *(one.worst for one in self.leads_to)])

    @property
    def usual(self) -> int:
        """Give the severity that its code has without a cause."""
        found = rule("fact", self.code)
        return int(severity_of(found.severity)) if found is not None else int(self.severity)

    @property
    def title(self) -> str:
        """The fault in a few words."""
        found = rule("cause", self.cause) or rule("fact", self.code)
        return found.text if found is not None else self.code.replace("-", " ")

    @property
    def advice(self) -> tuple[str, ...]:
        """What to try, most useful first."""
        for found in (rule("cause", self.cause), rule("fact", self.code)):
            if found is not None and found.advice:
                return found.advice
        return ()


Said = Callable[[str, MeterKey], str]
_Told = TypeVar("_Told", Evidence, Alternative)


def _named(told: Iterable[_Told], said: Said) -> list[_Told]:
    return [one._replace(text=said(one.text, one.meter)) if one.meter else one for one in told]


def _named_fact(one: Fact, said: Said) -> Fact:
    evidence, *further = _named((one.evidence, *one.further), said)
    return one._replace(
        evidence=evidence, further=tuple(further), alternatives=tuple(_named(one.alternatives, said))
    )  # fmt: skip


_RANK = {CERTAIN: 0, LIKELY: 1, POSSIBLE: 2}
"""A story is as sure as its least sure occurrence, but for causes that are proved by repeating."""


FURTHER_LANES = "further lanes"
"""Where the faults of a story were seen that came when there were too many to tell each lane's by itself."""


class Stories:
    """Stories by what makes faults equal; beyond so many, faults of all lanes are told together by their cause."""

    MOST = 10_000

    def __init__(self) -> None:
        self._stories: dict[_Key, Story] = {}
        self._lanes: dict[str, dict[_Key, Story]] = {}
        """The same by lane: a lane is asked for far more often than all of them are."""

    def __bool__(self) -> bool:
        """Tell whether anything was found."""
        return bool(self._stories)

    def __iter__(self) -> Iterator[Story]:
        """Give all of them, in the order in which they began."""
        return iter(self._stories.values())

    def add(self, fact: Fact) -> Story | None:
        """Add one occurrence to its story, and give that."""
        story = self.of_fact(fact)
        if story is None:
            if len(self._stories) >= self.MOST:  # faults of a kind that comes late are told all the same
                fact = _elsewhere(fact)
            key = _key(fact)
            story = self._stories[key] = self._lanes.setdefault(fact.lane, {})[key] = Story(fact)
        story.add(fact)
        return story

    def take_back(self, fact: Fact) -> None:
        """Take an occurrence of a story back: what came behind it tells better."""
        story = self.of_fact(fact)
        if story is None:
            return
        story.count -= 1
        if not story.count:
            self._remove(story)
            return
        story.drop(fact)

    def of_fact(self, fact: Fact) -> Story | None:
        """Give the story that a fact went into."""
        return self._stories.get(_key(fact)) or self._stories.get(_key(_elsewhere(fact)))

    def of_lane(self, lane: str) -> list[Story]:
        """Give the stories of a lane."""
        return list(self._lanes.get(lane, {}).values())

    def fold(self, story: Story, others: list[Story]) -> None:
        """Let *story* tell what *others* told: they have one cause."""
        for other in others:
            if other is not story:
                story.absorb(other)
                self._remove(other)

    def _remove(self, story: Story) -> None:
        key = _key(story)
        if self._stories.pop(key, None) is not None:
            lane = self._lanes[story.lane]
            del lane[key]
            if not lane:
                del self._lanes[story.lane]


_Key = tuple[str, str, str, str]


def _key(one: Fact | Story) -> _Key:
    return one.lane, one.code, one.cause, one.subject


def _elsewhere(fact: Fact) -> Fact:
    return fact._replace(lane=FURTHER_LANES, subject="")


def severity_of(name: str) -> Severity:
    """Give the severity of this name."""
    return _SEVERITIES[name]
