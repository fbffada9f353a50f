"""Challenges of high level security that were seen before: who recorded an answer to one can give it again.

Source: IEC 62056-5-3, High Level Security authentication: StoC differs from CtoS, and both are made anew each time.
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, Evidence
from analyzer.record import Record
from analyzer.tracking.history import Association
from captures.chunk import PACKET_BITS

_CODE = "challenge-repeated"
_MOST = 65_536
_APART_NS = 10_000_000_000
"""So far the clocks of two points of capture may be apart, and the next talk of a client begins no sooner."""
_CIPHERED = (b"\x28", b"\xdb", b"\xdd")
"""What a ciphered initiate response begins with: glo-initiateResponse, general-glo-ciphering, general-ciphering."""
_DOUBLED_NS = 1_000_000_000
"""So long after it a copy of the same conversation may come."""


class _Use(NamedTuple):
    """Where a challenge was used."""

    association: int | None
    record: int
    conversation: int
    time_ns: int | None
    sealed: bytes
    """The ciphered initiate response behind it, whose counter is its own; empty where that goes in clear."""

    def is_same_talk(self, other: _Use) -> bool:
        """Tell whether both may be one answer, captured at two points."""
        if self.sealed or other.sealed:
            return self.sealed == other.sealed
        apart = _APART_NS if self.conversation != other.conversation else _DOUBLED_NS
        return self.time_ns is None or other.time_ns is None or abs(self.time_ns - other.time_ns) <= apart


class Challenges:
    """The challenges of associations that were opened, by their octets: the association and the record of each."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._seen: dict[bytes, _Use] = {}
        self._talks: dict[tuple[bytes, bytes], dict[int, _Use]] = {}
        """By both challenges of a talk: its first in each input."""

    def opened(self, record: Record, one: Association) -> None:
        """Look at the challenges of an association that *record* opens."""
        asked, answered = one.proposal, one.answer
        if asked is None or answered is None or not answered.challenge or not asked.challenge:
            return
        if asked.challenge == answered.challenge:
            text = f"the StoC of record {answered.record} is the CtoS of record {asked.record}"
            proof = Evidence(asked.record, 0, 0, "CtoS")
            self._family.report(record, _CODE, "challenge-reflected", CERTAIN, text, further=[proof])
        sealed = _sealed(record)
        both = ((asked.challenge, asked.record, "CtoS"), (answered.challenge, answered.record, "StoC"))
        uses = [_Use(one.number, at, one.conversation, answered.time_ns, sealed) for _, at, _ in both]
        if self._is_copy(uses[1], (asked.challenge, answered.challenge), record):
            return
        for use, (challenge, at, name) in zip(uses, both, strict=True):
            known = self._seen.get(challenge)
            if known is not None and known.association != one.number:
                text = f"the {name} of record {at} is a challenge of record {known.record}"
                proof = Evidence(known.record, 0, 0, "it was used here first")
                self._family.report(
                    record, _CODE, "challenge-not-random", CERTAIN, text, further=[proof], subject=name
                )  # fmt: skip
            if len(self._seen) < _MOST:
                self._seen.setdefault(challenge, use)

    def _is_copy(self, use: _Use, both: tuple[bytes, bytes], record: Record) -> bool:
        """Tell whether a talk with *both* challenges may be one that was captured before, and remember it.

        The clocks of two inputs may be apart by anything: within one of them alone equal challenges are told apart.
        """
        source = record.packets[-1] >> PACKET_BITS if record.packets else 0
        talks = self._talks.get(both, {})
        if source in talks:
            is_one_stream = record.lane.transport == "tcp" and talks[source].conversation == use.conversation
            return not is_one_stream and talks[source].is_same_talk(use)  # TCP gives its octets once
        is_copy = any(each.sealed == use.sealed for each in talks.values())
        if len(self._talks) < _MOST:
            self._talks.setdefault(both, talks)[source] = use
        return is_copy


def _sealed(record: Record) -> bytes:
    """Give the ciphered initiate response of an AARE, opened or not; empty where it goes in clear."""
    if record.closed is not None:
        return record.closed.octets
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or "user_information" not in apdu.entry.slots:
        return b""
    information = apdu.values[apdu.entry.slots["user_information"]]
    return information if isinstance(information, bytes) and information[:1] in _CIPHERED else b""
