"""Values that are times, as meters have them: compared as times, with what a filter writes as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from analyzer.filter.asking import SECOND, Interval, Ordered

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?")


class MeterTimes:
    """Compares with *intervals*, which are of one day or of any; *is_zoned* where a zone stands behind them.

    Without one they are compared with the clock of the meter as it stands, else with the moment, which a value
    without a zone does not tell.
    """

    def __init__(self, intervals: Sequence[Interval], comparison: str, *, is_zoned: bool) -> None:
        self._test = Ordered(intervals, comparison, utc=True)
        self._is_zoned = is_zoned
        self._are_clocks = all(one.is_clock for one in intervals)

    def one(self, text: str) -> bool | None:
        """Compare a value; None for one that is no such time."""
        moment = self._moment(text)
        return None if moment is None else self._test.one(moment)

    def _moment(self, text: str) -> int | None:
        """Give the nanoseconds since 1970 of the clock that *text* shows, or of its moment."""
        if self._are_clocks and _CLOCK.fullmatch(text):
            text = f"1970-01-01T{text}"
        if not _DATE_TIME.fullmatch(text):
            return None
        try:
            found = datetime.fromisoformat(text)
            if self._is_zoned and found.tzinfo is None:
                return None
            moment = found if self._is_zoned else found.replace(tzinfo=UTC)
            return int(moment.replace(microsecond=0).timestamp()) * SECOND + found.microsecond * 1000
        except (ValueError, OverflowError):
            return None
