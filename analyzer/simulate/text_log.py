"""Events into the text logs that programs write: a line a read, with its time and direction."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from analyzer.simulate.sent import MILLISECOND, SECOND, TO_METER, Sent

_WORDS = {True: "TX", False: "RX"}


def reads(events: Iterable[Sent], size: int, *, octet_ns: int) -> list[Sent]:
    """Cut what is received as a driver does that hands on *size* octets at most; the truth goes with the last piece."""
    found = []
    for event in events:
        if event.direction == TO_METER:
            found.append(event)
            continue
        for at in range(0, len(event.octets), size):
            piece = event.octets[at : at + size]
            left = len(event.octets) - at - len(piece)
            found.append(Sent(event.time_ns - left * octet_ns, event.direction, piece))
        found[-1] = found[-1]._replace(truth=event.truth)
    return found


def log(events: Iterable[Sent], *, title: str) -> bytes:
    """Write a log: ``2026-03-02 09:14:07.123 TX: 7E A0 ...``, in UTC and milliseconds."""
    lines = [f"# {title}"]
    for event in events:
        moment = datetime.datetime.fromtimestamp(event.time_ns // SECOND, datetime.UTC)
        fraction = event.time_ns % SECOND // MILLISECOND
        word = _WORDS[event.direction == TO_METER]
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S}.{fraction:03} {word}: {event.octets.hex(' ').upper()}")
    return "".join(f"{line}\n" for line in lines).encode("ascii")
