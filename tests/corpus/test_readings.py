"""Values that the corpus states come out of ``readings`` as stated."""

from __future__ import annotations

from pathlib import Path

from tests.corpus import readings


def test_stated_values_come_out_equal(corpus: Path) -> None:
    found = readings.outcomes(corpus)
    different = {(one.id, one.key): (one.stated, one.found) for one in found if one.verdict == "different"}
    assert {key: what for key, what in different.items() if key not in readings.EXPLAINED} == {}
    assert set(readings.EXPLAINED) == set(different)
    assert sum(one.verdict == "equal" for one in found) >= 505


def test_statements_are_left_out_only_where_the_entry_holds_no_such_object(corpus: Path) -> None:
    whys = {one.verdict for one in readings.outcomes(corpus)} - {"equal", "different"}
    assert whys <= {
        "not compared: absent or zero",
        "not compared: no time stated",
    }
