"""Challenges of high level security that were seen before: who recorded an answer to one can give it again.

Source: IEC 62056-5-3, High Level Security authentication: StoC differs from CtoS, and both are made anew each time.
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, Evidence
from analyzer.record import Record
from analyzer.tracking.history import Association

_CODE = "challenge-repeated"
_MOST = 65_536


class Challenges:
    """The challenges of associations that were opened, by their octets: the association and the record of each."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._seen: dict[bytes, tuple[int | None, int]] = {}

    def opened(self, record: Record, one: Association) -> None:
        """Look at the challenges of an association that *record* opens."""
        asked, answered = one.proposal, one.answer
        if asked is None or answered is None or not answered.challenge or not asked.challenge:
            return
        if asked.challenge == answered.challenge:
            text = f"the StoC of record {answered.record} is the CtoS of record {asked.record}"
            proof = Evidence(asked.record, 0, 0, "CtoS")
            self._family.report(record, _CODE, "challenge-reflected", CERTAIN, text, further=[proof])
        both = ((asked.challenge, asked.record, "CtoS"), (answered.challenge, answered.record, "StoC"))
        before = [self._seen.get(challenge) for challenge, _, _ in both]
        is_same_talk = None not in before and len({one and one[0] for one in before}) == 1  # seen at two points
        for known, (challenge, at, name) in zip(before, both, strict=True):
            if known is not None and known[0] != one.number and not is_same_talk:
                text = f"the {name} of record {at} is a challenge of record {known[1]}"
                proof = Evidence(known[1], 0, 0, "it was used here first")
                self._family.report(
                    record, _CODE, "challenge-not-random", CERTAIN, text, further=[proof], subject=name
                )  # fmt: skip
            if len(self._seen) < _MOST:
                self._seen.setdefault(challenge, (one.number, at))
