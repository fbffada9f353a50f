"""What is odd about the rows of a profile, with what may have caused it. Source: IEC 62056-6-2 (Profile generic)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from analyzer.cosem.datum import read_datum
from analyzer.diagnosis.clocks import Fault
from analyzer.diagnosis.story import LIKELY, POSSIBLE
from analyzer.tracking.attributes import Held
from analyzer.tracking.lessons import read_columns
from analyzer.tracking.meter import Column, Columns, Meter
from analyzer.tracking.profile_rows import oddities_of
from analyzer.tracking.profiles import read_profile
from dissectors.tree import Problem

_CAUSES = {
    "profile-overlap": ("clock-set-back", POSSIBLE),
    "profile-gap": ("power-failure-or-clock-set", POSSIBLE),
    "status-flag-set": ("status-word", LIKELY),
}


def profile_faults(columns: bytes, capture_period: bytes | None, held: Held) -> Iterator[Fault]:
    """Give what is odd about the rows of a buffer, whose columns and period the Data given tell. Total."""
    meter, name = Meter(), held.object.logical_name
    meter.columns[name] = Columns(_columns_of(columns), "capture_objects")
    period = _number_of(capture_period) if capture_period is not None else None
    try:
        profile = read_profile(name, held.octets, held.start, held.end, meter)
    except Problem:
        return
    for one in oddities_of(profile, held, period):
        cause, confidence = _CAUSES[one.code]
        yield Fault(one.code, cause, confidence, one.text, subject=one.subject)


@lru_cache(maxsize=1024)
def _columns_of(octets: bytes) -> tuple[Column, ...]:
    """Read capture_objects; many meters have the same."""
    try:
        return tuple(read_columns(read_datum(octets, 0, len(octets))))
    except Problem:
        return ()


def _number_of(octets: bytes) -> int | None:
    try:
        datum = read_datum(octets, 0, len(octets))
    except Problem:
        return None
    return datum.number
