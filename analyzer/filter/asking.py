"""What is asked of values: one at a time, or a column at once, with the same answer.

A literal of an ordered kind is an interval: a minute that was written without seconds lasts a minute. ``<``
and ``>=`` look at its beginning, ``<=`` and ``>`` at its end; ``==`` and a range hold all of it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    import polars

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
_HOUR = 3600
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OF_ENDS = ("<=", ">")
EQUALITY = ("==", "!=", "in")


class Interval(NamedTuple):
    """What a literal of an ordered kind means: a value, or all from *low* to *high*."""

    low: Any
    high: Any
    is_clock: bool = False
    """Whether the two are times of the day."""


class Test:
    """Asks one thing of a value."""

    def one(self, value: Any) -> bool:
        """Tell whether *value* passes."""
        raise NotImplementedError

    def column(self, values: polars.Series) -> polars.Series:
        """Tell of every value of a column whether it passes; none does that is not there."""
        raise NotImplementedError


class Ordered(Test):
    """Compares with intervals: numbers, durations, severities, times."""

    def __init__(self, intervals: Sequence[Interval], comparison: str, *, utc: bool) -> None:
        self._intervals = intervals
        self._comparison = comparison
        self._utc = utc
        self._is_clock = any(one.is_clock for one in intervals)
        self._is_positive = comparison != "!="
        is_single = len(intervals) == 1 and not self._is_clock and comparison not in ORDER
        self._only = intervals[0][:2] if is_single else None

    def one(self, value: Any) -> bool:
        """Compare one value."""
        if self._only is not None and type(value) is int:
            return (self._only[0] <= value <= self._only[1]) is self._is_positive
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return False
        intervals = self._intervals
        order = ORDER.get(self._comparison)
        if self._is_clock and isinstance(value, int):
            value = (value + offset_ns(value // SECOND, self._utc)) % DAY
        if order is not None:
            return order(value, intervals[0].high if self._comparison in _OF_ENDS else intervals[0].low)
        found = any(low <= value <= high for low, high, _ in intervals)
        return found is not (self._comparison == "!=")

    def column(self, values: polars.Series) -> polars.Series:
        """Compare a column of integers."""
        import polars

        values = values.cast(polars.Int64)
        if self._is_clock:
            values = _clocks(values, self._utc)
        found = None
        for low, high in self._bounds():
            passes = values.is_between(low, high)
            found = passes if found is None else found | passes
        if found is None:
            found = values != values  # no value passes; none that is not there passes the opposite either
        return _total(~found if self._comparison == "!=" else found)

    def _bounds(self) -> list[tuple[int, int]]:
        """Give the integers of 64 bits from and up to which a value passes; ``!=`` turns that round."""
        low, high, _ = self._intervals[0]
        found = {
            "<": (_LEAST, ceil(low) - 1), "<=": (_LEAST, floor(high)), ">": (floor(high) + 1, _MOST),
            ">=": (ceil(low), _MOST),
        }.get(self._comparison)  # fmt: skip
        pairs = [found] if found is not None else [(ceil(one.low), floor(one.high)) for one in self._intervals]
        return [
            (max(low, _LEAST), min(high, _MOST))
            for low, high in pairs
            if low <= high and low <= _MOST and high >= _LEAST
        ]


def _total(passes: Any) -> polars.Series:
    filled: polars.Series = passes.fill_null(False)
    return filled


def offset_ns(second: int, utc: bool) -> int:
    """Give what local time is ahead of UTC at *second*; nothing where UTC is shown."""
    if utc:
        return 0
    try:
        offset = datetime.fromtimestamp(second - second % _HOUR, UTC).astimezone().utcoffset()
    except (OverflowError, OSError, ValueError):
        return 0
    return int(offset.total_seconds()) * SECOND if offset is not None else 0


def _clocks(values: polars.Series, utc: bool) -> polars.Series:
    """Give times of the day; the offset of local time is asked for once an hour."""
    if utc:
        return values % DAY
    hours = values // (_HOUR * SECOND)
    known = hours.unique().drop_nulls()
    offsets = [offset_ns(hour * _HOUR, utc) for hour in known.to_list()]
    return (values + hours.replace_strict(known.to_list(), offsets, default=None)) % DAY


class Texts(Test):
    """Compares texts, in any case of letters."""

    def __init__(self, values: Sequence[str], comparison: str, pattern: re.Pattern[str] | None) -> None:
        self._values = [value.casefold() for value in values]
        self._comparison, self._pattern = comparison, pattern

    def one(self, value: Any) -> bool:
        """Compare one text."""
        text = str(value)
        if self._pattern is not None:
            return self._pattern.search(text) is not None
        folded, values = text.casefold(), self._values
        if self._comparison == "contains":
            return values[0] in folded
        order = ORDER.get(self._comparison)
        if order is not None:
            return order(folded, values[0])
        return (folded in values) is not (self._comparison == "!=")


class Hosts(Texts):
    """Compares addresses of hosts: the same one, or in a network that is written with its prefix length."""

    def __init__(self, values: Sequence[str], comparison: str, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        super().__init__([one for one in values if "/" not in one], "in", None)
        self._networks, self._is_other = networks, comparison == "!="

    def one(self, value: Any) -> bool:
        """Compare one address."""
        return (super().one(value) or self._is_within(str(value))) is not self._is_other

    def _is_within(self, host: str) -> bool:
        from ipaddress import ip_address

        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in one for one in self._networks)


class Addresses(Texts):
    """Compares addresses: numbers, also within *spans* of them, or two with a dot between."""

    def __init__(
        self, values: Sequence[str], comparison: str, spans: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
    ) -> None:
        super().__init__(values, comparison, None)
        self._spans = spans

    def one(self, value: Any) -> bool:
        """Compare one address."""
        order = ORDER.get(self._comparison)
        if order is None:
            if self._spans and (place := place_of(str(value))) is not None and self._is_within(place):
                return self._comparison != "!="
            return super().one(value)
        place, wanted = place_of(str(value)), place_of(self._values[0])
        return place is not None and wanted is not None and len(place) == len(wanted) and order(place, wanted)

    def _is_within(self, place: tuple[int, ...]) -> bool:
        return any(len(place) == len(low) and low <= place <= high for low, high in self._spans)


def place_of(address: str) -> tuple[int, ...] | None:
    """Give the numbers of an address; None for what is none."""
    parts = address.split(".")
    return tuple(map(int, parts)) if len(parts) <= 2 and all(part.isdecimal() for part in parts) else None


class Codes(Test):
    """Compares logical names with patterns of value groups."""

    def __init__(self, patterns: Sequence[tuple[int | None, ...]], comparison: str) -> None:
        self._patterns, self._comparison = patterns, comparison

    def one(self, value: Any) -> bool:
        """Compare one logical name."""
        if len(value) != 6:
            return False
        found = any(
            all(group is None or group == octet for group, octet in zip(pattern, value, strict=True))
            for pattern in self._patterns
        )
        return found is not (self._comparison == "!=")


class Octets(Test):
    """Compares octets, or a slice of them."""

    def __init__(self, values: Sequence[bytes], comparison: str, part: slice) -> None:
        self._values, self._comparison, self._part = values, comparison, part

    def one(self, value: Any) -> bool:
        """Compare one run of octets."""
        octets = bytes(value)[self._part]
        if self._comparison == "contains":
            return self._values[0] in octets
        if self._comparison == "matches":
            return re.search(self._values[0], octets, re.DOTALL) is not None
        order = ORDER.get(self._comparison)
        if order is not None:
            return order(octets, self._values[0])
        return (octets in self._values) is not (self._comparison == "!=")
