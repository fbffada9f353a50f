"""What a dialogue is made of: octets that one side sends at one time, with the truth about them.

The same event stands at every height: an APDU as spoken, the HDLC frames or wrapper PDUs that carry it, the packets
that a capture shows. Each carrier turns a list of events into a list of events, so that damage can be done between any
two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from captures.chunk import RECEIVED, SENT, UNKNOWN

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
TO_METER, TO_CLIENT = SENT, RECEIVED
"""Directions as the client's interface sees them: it sends to the meter, and receives from it."""

Form = dict[str, object]
"""Data in its JSON form: ``{"long-unsigned": 5}``."""


class Reading(NamedTuple):
    """A value that an APDU tells: which attribute, and its Data."""

    class_id: int
    logical_name: bytes
    attribute_id: int
    value: Form


class Truth(NamedTuple):
    """What a decoder has to find in an event.

    *kind* is the APDU's name, the HDLC frame's type or ``wrapper``; *apdus* are those whose last octet is in this
    event, *plain* what is inside them once they are opened; *service* is the APDU that a block transfer completes here,
    opened too; *values* are those known from here on.
    """

    kind: str = ""
    client: int = 0
    server: str = ""
    apdus: tuple[bytes, ...] = ()
    service: bytes = b""
    values: tuple[Reading, ...] = ()
    plain: tuple[bytes, ...] = ()


NOTHING = Truth()


class Sent(NamedTuple):
    """Octets sent by one side. For an APDU *time_ns* is when it is spoken; on a carrier, of its last octet."""

    time_ns: int
    direction: int
    octets: bytes
    truth: Truth = NOTHING


class Step(NamedTuple):
    """An event before its carrier gives it a time: *gap_ns* is the silence since the end of the event before."""

    gap_ns: int
    direction: int
    octets: bytes
    truth: Truth = NOTHING


def steps(dialogue: Iterable[Sent]) -> Iterator[Step]:
    """Turn times into silences: speaking itself takes no time, so what is between two events is thinking."""
    before: int | None = None
    for event in dialogue:
        gap = 0 if before is None else max(0, event.time_ns - before)
        before = event.time_ns
        yield Step(gap, event.direction, event.octets, event.truth)


__all__ = [
    "MILLISECOND", "NOTHING", "SECOND", "TO_CLIENT", "TO_METER", "UNKNOWN",
    "Form", "Reading", "Sent", "Step", "Truth", "steps",
]  # fmt: skip
