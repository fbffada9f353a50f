"""Times of rows read in the shortest way are those that the date-time itself gives."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.cosem.date_time import date_time
from analyzer.cosem.datum import Datum
from analyzer.tracking.meter import Column
from analyzer.tracking.profiles import Profile, _moment, rows_of

octet = st.one_of(st.integers(0, 60), st.integers(0, 255))


@given(st.lists(octet, min_size=12, max_size=12).map(bytes))
@example(bytes.fromhex("07EA0302010A0F0000FFC400"))
@example(bytes.fromhex("07EA02FE010A0F00FF800000"))
@example(bytes.fromhex("07EA021E010A0F00FF800000"))
@example(bytes.fromhex("0000021C010A0F00FF800000"))
@example(bytes.fromhex("2710021C010A0F00FF800000"))
def test_short_way_gives_the_same_time(octets: bytes) -> None:
    found = date_time(octets)
    assert found is not None
    assert _moment(Datum(9, octets)) == (found.iso or found.text)


def test_rows_beyond_the_calendar_have_no_time() -> None:
    profile = Profile(bytes(6), (Column(8, bytes.fromhex("0000010000FF"), 2), Column(3, bytes(6), 2)), 3, "")
    head = bytes.fromhex("0103 0202 090C 07EA0302010A0F0000FFC400 1101")
    buffer = head + bytes.fromhex("0202 00 1102") * 2
    for period_s in (0xFFFF_FFFF * 60, 1 << 64):
        assert [bool(row.time) for row in rows_of(profile, buffer, 0, len(buffer), period_s)] == [True, False, False]
