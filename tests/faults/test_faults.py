"""A few placements of every fault; `python -m tests.faults` measures many, and its short form runs in CI."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.rules import rule
from tests.faults.case import Case, Fault, Truth, stories_of
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
