"""Which time a reading has, and which cells of a row it is made of."""

from __future__ import annotations

import pytest

from tests.analyzer.cosem.data import (
    array,
    clock,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    structure,
    unsigned,
)
from tests.analyzer.tracking.lines import get, push
from tests.analyzer.tracking.test_values import COLUMNS, PROFILE, readings

CLOCK, DEMAND = (8, "0-0:1.0.0", 2), (4, "1-0:1.6.0", 2)
CAPTURED = (*DEMAND[:2], 5)


def setup(*pushed: tuple[int, str, int]) -> list[str]:
    """The client reads what a push will hold."""
    rows = (
        structure(long_unsigned(class_id), name(code), b"\x0f" + bytes((at,)), long_unsigned(0))
        for class_id, code, at in pushed
    )
    return get(40, "0-0:25.9.0", 2, array(*rows))


@pytest.mark.parametrize(
    ("pushed", "body", "time", "hour"),
    [
        ([CLOCK, DEMAND], [clock(10), double_long_unsigned(5)], b"", 10),
        ([DEMAND, CLOCK], [double_long_unsigned(5), clock(10)], clock(9)[2:], 9),
        ([DEMAND, CLOCK], [double_long_unsigned(5), clock(10)], bytes((255,)) * 12, 10),
        ([CLOCK, DEMAND, CAPTURED], [clock(10), double_long_unsigned(5), clock(7)], b"", 7),
        ([CLOCK, DEMAND, CAPTURED], [clock(10), double_long_unsigned(5), b"\x00"], b"", 10),
        ([CLOCK, DEMAND, CAPTURED], [clock(10), double_long_unsigned(5), octet_string(b"\xff" * 12)], b"", 10),
        ([CLOCK, DEMAND, (4, "1-0:2.6.0", 5)], [clock(10), double_long_unsigned(5), clock(7)], b"", 10),
    ],
)  # fmt: skip
def test_time_of_a_pushed_value_is_the_nearest_that_was_pushed(
    pushed: list[tuple[int, str, int]], body: list[bytes], time: bytes, hour: int
) -> None:
    found = readings(setup(*pushed) + push(structure(*body), time))
    (demand,) = [one for one in found if (one.object.class_id, one.value) == (4, 5)]
    assert demand.time == f"2026-03-02T{hour:02}:00:00+01:00"


def test_row_that_lacks_cells_gives_those_that_are_there() -> None:
    rows = [
        (clock(1), unsigned(0), double_long_unsigned(5)),
        (clock(2), unsigned(0)),
        (clock(3), unsigned(0), double_long_unsigned(6)),
    ]
    found = readings(get(7, PROFILE, 3, COLUMNS) + get(7, PROFILE, 2, array(*(structure(*row) for row in rows))))
    energy = [one for one in found if one.name.startswith("Active energy")]
    assert [(one.time[11:13], one.value) for one in energy] == [("01", 5), ("03", 6)]
    assert len(found) == len(energy)
