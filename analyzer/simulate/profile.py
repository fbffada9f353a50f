"""A load profile (class 7): rows by time, selective access by range and by entry. Source: IEC 62056-6-2."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple, cast

from analyzer.simulate.forms import array, date_time, octet_string, structure
from analyzer.simulate.objects import OTHER_REASON, SUCCESS, CosemObject
from analyzer.simulate.sent import SECOND, Form

_CLOCK = bytes((0, 0, 1, 0, 0, 255))
BY_RANGE, BY_ENTRY = 1, 2


class Column(NamedTuple):
    """A capture object: which attribute a column holds."""

    class_id: int
    logical_name: bytes
    attribute_id: int = 2
    data_index: int = 0

    @property
    def form(self) -> Form:
        """Give the capture_object_definition."""
        return structure(
            {"long-unsigned": self.class_id},
            octet_string(self.logical_name),
            {"integer": self.attribute_id},
            {"long-unsigned": self.data_index},
        )


class Row(NamedTuple):
    """A captured row with the time at which it was captured."""

    time_ns: int
    form: Form


def energy_rows(start_ns: int, count: int, *, period: int, energies: Sequence[int], chance: random.Random) -> list[Row]:
    """Make rows of date-time, status and energies in Wh that only grow; *period* in seconds."""
    totals = list(energies)
    rows = []
    for number in range(count):
        time_ns = start_ns + number * period * SECOND
        totals = [total + chance.randrange(20, 900) if total else 0 for total in totals]
        status = 0x80 if number == count // 3 else 0
        members: list[Form] = [octet_string(date_time(time_ns)), {"unsigned": status}]
        members += [{"double-long-unsigned": total} for total in totals]
        rows.append(Row(time_ns, structure(*members)))
    return rows


def profile(logical_name: bytes, columns: Sequence[Column], rows: Sequence[Row], *, period: int) -> CosemObject:
    """Make a Profile generic whose buffer holds *rows*; *period* in seconds."""
    kept = list(rows)

    def reset(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        kept.clear()
        return SUCCESS, None

    def select(selector: int, parameters: Form) -> Form | int:
        if selector == BY_RANGE:
            return _by_range(kept, parameters)
        return _by_entry(kept, parameters) if selector == BY_ENTRY else OTHER_REASON

    return CosemObject(
        7,
        logical_name,
        {
            2: lambda now_ns: array([row.form for row in kept]),
            3: array([column.form for column in columns]),
            4: {"double-long-unsigned": period},
            5: {"enum": 1},
            6: columns[0].form,
            7: lambda now_ns: {"double-long-unsigned": len(kept)},
            8: {"double-long-unsigned": max(4 * len(kept), 960)},
        },
        version=1,
        methods={1: reset},
        selections={2: select},
    )


def range_parameters(from_ns: int, to_ns: int) -> Form:
    """Give the parameters of selector 1: rows by the clock, all columns."""
    return structure(
        Column(8, _CLOCK).form, octet_string(date_time(from_ns)), octet_string(date_time(to_ns)), array([])
    )


def entry_parameters(from_entry: int, to_entry: int, from_column: int = 1, to_column: int = 0) -> Form:
    """Give the parameters of selector 2: rows and columns by number from 1; 0 stands for the last."""
    return structure(
        {"double-long-unsigned": from_entry},
        {"double-long-unsigned": to_entry},
        {"long-unsigned": from_column},
        {"long-unsigned": to_column},
    )


def members(form: Form) -> list[Form]:
    """Give what an array or structure holds."""
    return cast("list[Form]", next(iter(form.values())))


def plain(form: Form) -> object:
    """Give the value of a scalar without its type."""
    return next(iter(form.values()))


def _by_range(rows: Sequence[Row], parameters: Form) -> Form:
    low, high = (_order(bytes.fromhex(str(plain(one)))) for one in members(parameters)[1:3])
    return array([row.form for row in rows if low <= _order(date_time(row.time_ns)) <= high])


def _order(octets: bytes) -> bytes:
    """Give what two date-times of one offset are compared by: the day of the week stands amid them and is no part."""
    return octets[:4] + octets[5:8]


def _by_entry(rows: Sequence[Row], parameters: Form) -> Form:
    first, last, left, right = (int(str(plain(one))) for one in members(parameters))
    chosen = rows[first - 1 : last or None]
    return array([structure(*members(row.form)[left - 1 : right or None]) for row in chosen])
