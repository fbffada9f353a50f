"""Invocation counters that come again with all octets because the capture has a talk twice.

Whoever sends an APDU once more gets another answer: a meter counts on. Where its answers are those of another
association octet by octet too, the packets are the same ones, before and behind a router or in two inputs.
"""

from __future__ import annotations

from itertools import islice

from analyzer.diagnosis.family import Family, severity_with
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Fact
from analyzer.record import REQUEST, RESPONSE, Record
from dissectors.tree import Note

_REPLAY = "replay"
_AGAIN = frozenset({_REPLAY, "retransmission", "answer-repeated"})
_POINTS = "captured-at-two-points"
_MOST, _MOST_FACTS, _MOST_LOOKED_AT = 4096, 64, 512
_SENT_AGAIN = Alternative(
    _REPLAY, POSSIBLE, "or somebody sent all of it again, and the meter's counters had been set back"
)
_OTHERS = {
    (_POINTS, LIKELY): _SENT_AGAIN,
    (_REPLAY, LIKELY): Alternative("retransmission", POSSIBLE, "or its sender, who said nothing since, tries so late"),
}
"""What else it could be, by cause and confidence."""


class TwoPoints:
    """What was told of each association whose counters came again, until both ways of it are seen."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._told: dict[int, list[tuple[str, Fact]]] = {}
        """By association: the causes and facts told, with the direction."""
        self._copies: set[int] = set()
        self._replays: set[int] = set()

    def repeated(self, record: Record, note: Note) -> None:
        """Report a counter that came again; once an association proves to be a copy, all that was told of it."""
        number = record.association
        if number in self._copies and note.cause in _AGAIN:
            note = note._replace(
                cause=_POINTS, confidence=LIKELY, severity=severity_with(note.code, _POINTS)
            )  # fmt: skip
        others = _OTHERS.get((note.cause, note.confidence))
        fact = self._family.report(
            record, note.code, note.cause, note.confidence, note.text, start=note.start, end=note.end,
            severity=note.severity, alternatives=[others] if others is not None else (),
        )  # fmt: skip
        if number is None or number in self._replays or note.cause not in _AGAIN or len(self._told) >= _MOST:
            return
        told = self._told.setdefault(number, [])
        if len(told) < _MOST_FACTS:
            told.append((record.direction, fact))
        is_both_ways = {REQUEST, RESPONSE} <= {direction for direction, each in told if each.cause == _REPLAY}
        if is_both_ways and self._is_all(number):
            is_replay = self._is_one_stream(record, note)
            (self._replays if is_replay else self._copies).add(number)
            del self._told[number]
            self._retell([] if is_replay else [each for _, each in told])

    def _is_one_stream(self, record: Record, note: Note) -> bool:
        """Tell whether both came on one TCP connection, whose octets stand there once however often captured."""
        if record.lane.transport != "tcp":
            return False
        before, own = note.before, record.association
        recent = islice(self._family.associations.newest_first(), _MOST_LOOKED_AT)
        ran = [one for one in recent if one.first.record <= before <= one.last_record and one.number != own]
        return {one.conversation for one in ran} == {record.lane.conversation}

    def _is_all(self, number: int) -> bool:
        """Tell whether an association has no answer that is new, but for an AARE that may have gone in clear."""
        one = self._family.associations.of(number)
        answers = sum(direction == RESPONSE for direction, _ in self._told[number])
        return one is not None and len(one.exchanges) <= answers + 1

    def _retell(self, facts: list[Fact]) -> None:
        stories = self._family.stories
        for fact in facts:
            stories.take_back(fact)
            stories.add(
                fact._replace(
                    cause=_POINTS, severity=severity_with(fact.code, _POINTS), confidence=LIKELY,
                    alternatives=(_SENT_AGAIN,),
                )
            )  # fmt: skip
