"""Pushes of which only the beginning came: their values as far as they read.

Source: IEC 62056-5-3, DataNotification.
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.cosem.datum import Datum, read_datum
from analyzer.record import Record
from dissectors import axdr
from dissectors.data_types import ARRAY, NULL, STRUCTURE
from dissectors.tree import Problem

_PUSH = 0x0F
_TIME_AT = 5
"""Where the length of the date-time stands: behind tag and long-invoke-id-and-priority."""
_DEEPEST, _MOST_MEMBERS = 8, 512


class Begun(NamedTuple):
    """The beginning of a push. Members that never came are null-data in *body*, so that others keep their places."""

    time: bytes
    body: Datum


def begun_push(record: Record) -> Begun | None:
    """Give what came of the push in *record*; None for other records."""
    if record.incomplete is None:
        return None
    octets = record.incomplete.octets
    body_at = _TIME_AT + 1 + octets[_TIME_AT] if len(octets) > _TIME_AT else 0
    if octets[:1] != bytes((_PUSH,)) or body_at >= len(octets):
        return None
    body = _begun(octets, body_at)
    return Begun(octets[_TIME_AT + 1 : body_at], body) if body is not None else None


def _begun(octets: bytes, at: int, depth: int = 0) -> Datum | None:
    """Read the structure or array at *at* as far as it goes."""
    if octets[at] not in (ARRAY, STRUCTURE) or depth > _DEEPEST:
        return None
    end = len(octets)
    members: list[Datum] = []
    try:
        count, after = axdr.scan_length(octets, at + 1, end)
    except Problem:
        return None
    while len(members) < count and after < end:
        try:
            following = axdr.skip_data(octets, after, end)
            members.append(read_datum(octets, after, following))
            after = following
        except Problem:
            begun = _begun(octets, after, depth + 1)
            members += [begun] if begun is not None else []
            break
    members += [Datum(NULL, None)] * (min(count, _MOST_MEMBERS) - len(members))
    return Datum(octets[at], members)
