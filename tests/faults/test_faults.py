"""A few placements of every fault; `python -m tests.faults` measures many, and its short form runs in CI."""

from __future__ import annotations

import random

import pytest

from analyzer.diagnosis.rules import rule
from analyzer.session import Session
from tests.faults.case import Case, Fault, ListSource, Truth, stories_of
from tests.faults.measure import measure
from tests.faults.sessions import healthy
from tests.faults.table import FAULTS

_FEW = 6


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.code}-{one.cause}")
def test_fault_is_found_and_named_at_a_few_places(fault: Fault) -> None:
    row, misses = measure(fault, _FEW)
    assert row.placements == _FEW
    assert row.found == 1
    assert row.named >= fault.named - 0.35 * (fault.named < 1), (
        misses
    )  # one of six may be of those that octets do not decide
    assert row.wrongly_certain == 0, misses


def test_sessions_without_a_fault_have_no_story() -> None:
    for session in healthy():
        found = stories_of(Case(session, Truth(frozenset())))
        assert [one.code for one in found if one.code != "protection-below-policy"] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.code}-{one.cause}")
def test_cause_of_the_table_of_faults_has_its_rule(fault: Fault) -> None:
    assert rule("fact", fault.code) is not None
    assert not fault.cause or rule("cause", fault.cause) is not None


@pytest.mark.parametrize("cause", ["text-dump-loss", "sign-extended"])
def test_story_of_a_whole_lane_lasts_as_long_as_what_it_takes_in(cause: str) -> None:
    fault = next(one for one in FAULTS if one.cause == cause)
    case = fault.make(random.Random(3), 0)
    assert case is not None
    forced = {"serial": fault.decode_as} if fault.decode_as else None
    times = [record.time_ns or 0 for record in Session(ListSource(case.said), forced, learns=False).records()]
    story = stories_of(case, fault.decode_as)[0]
    assert (story.cause, story.count > 1) == (cause, True)
    assert story.last_ns == max(times[number - 1] for number in story.records)
