"""Events of a serial line with the format each is sent in, and what one sees of them who listens in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from analyzer.simulate.sent import Sent
from analyzer.simulate.uart import LineFormat, misread, octets_of_characters

SEVEN_EVEN = LineFormat(300, 7, "E")


class OnLine(NamedTuple):
    """An event, and how its characters stand on the line."""

    sent: Sent
    format: LineFormat


def without_parity(format: LineFormat) -> LineFormat:
    """Listen at the same speed with eight bits: what a program sees that was told 8N1 and follows the speed."""
    return format._replace(data_bits=8, parity="N")


def at_one_speed(format: LineFormat) -> Callable[[LineFormat], LineFormat]:
    """Listen in one format whatever the line does."""
    return lambda sent: format


def listen(
    events: Iterable[OnLine], view: Callable[[LineFormat], LineFormat] = without_parity, *, drops_errors: bool = False
) -> list[Sent]:
    """Give what a receiver sees of each event; events of which nothing is left are not there."""
    heard = []
    for sent, format in events:
        octets = octets_of_characters(misread(sent.octets, format, view(format)), drops_errors=drops_errors)
        if octets:
            heard.append(sent._replace(octets=octets))
    return heard


def sent_in(events: Iterable[Sent], format: LineFormat) -> list[OnLine]:
    """Give events the format of their line."""
    return [OnLine(event, format) for event in events]
