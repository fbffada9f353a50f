"""A filter over columns and the same filter over one row after another choose the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.detail import detail
from analyzer.filter import Asks, compile_filter
from analyzer.filter.asking import Interval, Ordered
from analyzer.filter.fields import FIELDS, Kind, Source
from analyzer.filter.grammar import Literal
from analyzer.filter.literals import test_of as make_test
from analyzer.filter.names import is_tree_name, values_for
from analyzer.filter.vocabulary import words_of
from analyzer.index.filtering import FilterRun, Looker, Matches
from analyzer.index.records import Records
from analyzer.record import Record
from analyzer.table.table import Row
from analyzer.table.told_by_values import are_told_by_values
from captures import open_source
from captures.samples import samples
from tests.analyzer.index.build import indexed

ORDERED = ("==", "!=", "<", "<=", ">", ">=")
COLUMNS = [name for name, field in FIELDS.items() if field.source is not Source.DEEP]
TIMES = ['"09:14"', '"2026-03-02"', '"2026-03-02 09:14:07"', "1772442847", '"23:59:59.5"', '"1999-01-01"']
WORDS_ALONE = {"note", "apdu"}
"""Names that mean something else where they stand alone."""
DURATIONS = ["0", "1ms", "0.15", "150ms", "2s"]


@cache
def _records(name: str) -> Records:
    return indexed(open_source(name))[0]


NAMES = [str(sample.path) for sample in samples()]


def _literals(name: str, records: Records) -> st.SearchStrategy[str]:
    """Values that the rows have, and some that none has."""
    field = FIELDS[name]
    if field.kind is Kind.TIME:
        return st.sampled_from(TIMES)
    if field.kind is Kind.DURATION:
        return st.sampled_from(DURATIONS)
    if field.source is Source.CELL:
        found = records.table.numbered().get_column(field.column).drop_nulls().unique().sort().head(50).to_list()
        return (
            st.sampled_from([str(one) for one in found] or ["0"])
            | st.integers(-3, 1000).map(str)
            | st.sampled_from(["1.5", "-2.5", "99999999999999999999", "-1e30", "1e30"])
        )
    known = [one for one in values_for(name, records.table) if one]
    if words := words_of(field):  # any other word is refused
        return st.sampled_from(sorted(words))
    other = {
        Kind.INTEGER: "7",
        Kind.OBIS: "1-*:*.8.*",
        Kind.SEVERITY: "note",
        Kind.ADDRESS: "17",
        Kind.SHORT_NAME: "7",
    }.get(field.kind, "x")
    return st.sampled_from([*known, other])


@st.composite
def _comparisons(draw: st.DrawFn, records: Records) -> str:
    name = draw(st.sampled_from(COLUMNS))
    if draw(st.integers(0, 9)) == 0 and name not in WORDS_ALONE:
        return name
    literal = _literals(name, records)
    if draw(st.integers(0, 3)) == 0:
        return f"{name} in {{{', '.join(draw(st.lists(literal, min_size=1, max_size=3)))}}}"
    kind = FIELDS[name].kind
    operators = ("==", "!=") if kind is Kind.OBIS else (*ORDERED, "contains") if kind is Kind.TEXT else ORDERED
    return f"{name} {draw(st.sampled_from(operators))} {draw(literal)}"


def _filters(records: Records) -> st.SearchStrategy[str]:
    return st.recursive(
        _comparisons(records),
        lambda inner: st.one_of(
            inner.map(lambda one: f"!({one})"),
            st.tuples(inner, st.sampled_from(["&&", "or", "and", "||"]), inner).map(lambda one: f"({' '.join(one)})"),
        ),
        max_leaves=5,
    )


class NoLooker:
    """Fails where a filter over columns looks into a record; the time of another one is no part of it, and no more are
    the objects that short names stand for, nor those that stand in the values of text and pushes.
    """

    def __init__(self, records: Records) -> None:
        looker = Looker(records)
        self.moments, self.subject, self.values = looker.moments, looker.subject, looker.values
        self._look = looker.record

    def record(self, row: Row) -> Record:
        assert row.path.kind == "message" or row.subject.service == "data-notification"
        return self._look(row)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@given(st.data())
def test_column_filter_equals_naive_filter(data: st.DataObject) -> None:
    records = _records(data.draw(st.sampled_from(NAMES)))
    text = data.draw(_filters(records))
    found = compile_filter(text, utc=data.draw(st.booleans()))
    assert found is not None and Asks.RECORD not in found.asks
    table = records.table
    sure, maybe = found.mask(table.numbered(), table)
    looker = NoLooker(records)
    for row, passes, may in zip(table.rows(0, table.height), sure, maybe, strict=True):
        if passes is may:
            assert found.one(row, looker) is passes
        else:
            assert may and are_told_by_values(row.path, row.subject)


@pytest.mark.parametrize("text", ["since.previous > 100ms", "since.first < 1s", "since.first != 0"])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_time_since_other_records_is_the_same_in_portions(text: str, size: int) -> None:
    for name in NAMES:
        table, found = _records(name).table, compile_filter(text)
        assert found is not None
        cut = [found.mask(table.numbered(at).head(size), table).sure for at in range(0, table.height, size)]
        assert [one for part in cut for one in part] == found.mask(table.numbered(), table).sure.to_list()


DEEP = [
    "value > 1000", "unit == Wh or service == get-request", "not (summary contains clock)", "octets[0] == 00",
    "invoke-id == 3 and direction == response", "get-response.invoke-id == 3 || client == 32 || number > 20",
    "!(octets contains 09:06) && latency",
    "since.previous > 100ms and summary contains energy or since.first < 0.3", "comment contains x or value > 1000", "value and severity >= note or apdu.octets[0:1] == C4",
]  # fmt: skip


@pytest.mark.parametrize("text", DEEP)
def test_deep_filter_equals_naive_filter(text: str) -> None:
    for name in NAMES:
        records = _records(name)
        run = FilterRun(records, text)
        while not run.is_done:
            run.poll(0)
        looker, found = Looker(records), compile_filter(text)
        assert found is not None
        rows = records.table.rows(0, records.table.height)
        assert list(run.matches) == [row.number - 1 for row in rows if found.one(row, looker)]
        assert run.progress.rows == records.table.height


@pytest.mark.parametrize(
    ("comparison", "passing"),
    [("<", [9]), ("<=", [9, 10, 19]), ("==", [10, 19]), ("!=", [9, 20]), (">=", [10, 19, 20]), (">", [20])],
)
def test_comparisons_with_a_stretch_exclude_one_another(comparison: str, passing: list[int]) -> None:
    asked, values = Ordered([Interval(10, 19)], comparison, utc=True), [9, 10, 19, 20]
    assert [value for value in values if asked.one(value)] == passing
    assert polars.Series(values).filter(asked.column(polars.Series(values))).to_list() == passing


@pytest.fixture
def spring(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Local time of central Europe: its last half second of winter in 2026 and its first of summer, in nanoseconds."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield 1774745999_500_000_000, 1774746000_000_000_000
    time.tzset()


@pytest.mark.parametrize(
    ("comparison", "text", "passing"),
    [
        ("==", "01:59", "winter"), ("==", "02:30", ""), ("==", "03:00", "summer"), (">", "02:59:59", "summer"),
        ("==", "01:59:59.5", "winter"), (">", "01:59:59.6", "summer"), ("!=", "01:59:59.5", "summer"),
        ("==", "2026-03-29 01:59:59.5", "winter"), ("==", "2026-03-29 03:00", "summer"),
        ("==", "2026-03-29 01:00Z", "summer"), ("==", "2026-03-29", "winter summer"),
    ],
)  # fmt: skip
def test_local_times_are_those_of_their_season(
    comparison: str, text: str, passing: str, spring: tuple[int, int]
) -> None:
    asked, moments = make_test(FIELDS["time"], comparison, [Literal(text, 0)], None, utc=False), polars.Series(spring)
    wanted = [season in passing.split() for season in ("winter", "summer")]
    assert asked is not None and list(map(asked.one, spring)) == asked.column(moments).to_list() == wanted


@pytest.mark.parametrize(("pattern", "passes"), [("\\x00.\\xc0", True), ("^\\xc0", False), ("\\n", True)])
def test_octets_match_a_pattern_octet_by_octet(pattern: str, passes: bool) -> None:
    asked = make_test(FIELDS["octets"], "matches", [Literal(pattern, 0)], None, utc=True)
    assert asked is not None and asked.one(b"\x00\n\xc0") is passes


@pytest.mark.parametrize("around", ["{}", "not ({})", "get and ({})", "get or ({})", "not (get and not ({}))"])
@pytest.mark.parametrize(
    ("term", "needs"),
    [
        ("length > 9", Asks(0)),
        ("value > 9", Asks.RECORD),
        ("severity >= note", Asks.NOTES),
        ("since.first > 9", Asks.BEFORE),
        ("class == 3", Asks.NUMBERS | Asks.NAMES),
        ("obis == 1.8.0", Asks.NAMES),
    ],
)
def test_what_a_term_needs_the_whole_filter_needs(around: str, term: str, needs: Asks) -> None:
    found = compile_filter(around.format(term))
    assert found is not None
    assert found.asks == needs


def test_deep_terms_look_only_into_what_columns_leave_open() -> None:
    records = _records(next(name for name in NAMES if name.endswith("ln-wrapper.pcap")))
    run = FilterRun(records, "value > 1000 and obis == 1-0:1.8.*")
    while not run.is_done:
        run.poll()
    assert 0 < run.progress.looked_into < records.table.height / 2


def test_every_name_in_the_trees_of_samples_is_known_to_filters() -> None:
    for name in NAMES:
        for record in _records(name).all():
            for root in detail(record):
                for node in root.walk():
                    if (
                        not node.name.endswith((" presence", ")"))
                        and " APDU" not in node.name
                        and " telegram" not in node.name
                    ):
                        assert is_tree_name(node.name), node.name


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=4) | st.integers(1, 3), max_size=8),
    st.integers(-30, 30),
    st.integers(-30, 30),
)
def test_matches_are_a_sequence_whatever_they_came_in(parts: list[list[int] | int], begin: int, end: int) -> None:
    matches, expected = Matches(), []
    place = 0
    for part in parts:
        if isinstance(part, int):
            place += part
            matches.append(place)
            expected.append(place)
        else:
            run = [place := place + step + 1 for step in part]
            matches.add(polars.Series(run, dtype=polars.UInt32))
            expected += run
    assert list(matches) == expected
    assert len(matches) == len(expected)
    assert [matches[at] for at in range(-len(expected), len(expected))] == expected * 2
    assert matches[begin:end] == expected[begin:end]
    with pytest.raises(IndexError):
        matches[len(expected)]
