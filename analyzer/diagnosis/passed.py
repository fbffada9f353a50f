"""Records of one point of a capture's way to the APDUs that passed it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.diagnosis.words import about_all
from analyzer.record import Apdu, Record
from analyzer.tracking.association_ends import is_repeated
from analyzer.tracking.standing_names import are_confidential, carries_key

MOST_APDUS = 200_000
_MOST_DAMAGED = 1000
"""Damaged records of a point that are remembered."""
_AARQ = b"\x60"
_GIVING = frozenset({0x05, 0x06, 0x16, 0xC1, 0xC3, 0xD9, 0xE0})
"""APDUs that may hand over anything: read with parameters, write, set, action, access, blocks."""

Talk = tuple[int, object, object, bytes]
"""Who speaks with whom: conversation, client, server, gateway prefix."""


class Passed(NamedTuple):
    """An APDU as it stood on the line at one of the points."""

    record: int
    time_ns: int | None
    octets: bytes
    name: str
    direction: str
    talk: Talk
    latency_ns: int | None
    request: int | None
    is_secret: bool = False
    """Whether a password or a key may stand in it, so that its octets are not shown."""


class Point(NamedTuple):
    """What was seen at one point: its APDUs in order, and the times of its first and last record."""

    apdus: list[Passed]
    begin_ns: int | None
    end_ns: int | None
    damaged: tuple[tuple[int, bytes], ...] = ()
    """Records that were damaged there, and their octets."""


def read(records: Iterable[Record]) -> Point:
    """Read the APDUs of one point, at most MOST_APDUS."""
    apdus: list[Passed] = []
    damaged: list[tuple[int, bytes]] = []
    begin_ns = end_ns = None
    for record in records:
        if record.problem and len(damaged) < _MOST_DAMAGED:
            damaged.append((record.number, record.octets))
        if record.time_ns is not None:
            begin_ns, end_ns = record.time_ns if begin_ns is None else begin_ns, record.time_ns
        if record.apdu is not None and not record.problem and not is_repeated(record) and len(apdus) < MOST_APDUS:
            apdus += (_passed(record, one) for one in (record.apdu, *record.more))
    return Point(apdus, begin_ns, end_ns, tuple(damaged))


def _passed(record: Record, apdu: Apdu) -> Passed:
    is_closed = apdu is record.apdu and record.protection
    octets, entry = (record.protection[0].stood, record.protection[0].entry) if is_closed else apdu[:2]
    name = f"{entry.family if entry is not None else 'APDU'} {about_all(record.objects)}".rstrip()
    talk = (record.lane.conversation, record.client, record.server, record.gateway)
    objects = record.objects
    is_nameless = not objects or any(not each.logical_name for each in objects)
    is_secret = (
        octets[:1] == _AARQ
        or are_confidential(objects)
        or any(map(carries_key, objects))
        or (is_nameless and octets[0] in _GIVING)
    )
    number, time_ns, latency_ns = record.number, record.time_ns, record.latency_ns
    return Passed(number, time_ns, octets, name, record.direction, talk, latency_ns, record.request, is_secret)
