"""One fault is told once: what follows from it stands under it."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.chains import FOLLOWS, Chains, sorted_roots
from analyzer.diagnosis.rules import rules
from analyzer.diagnosis.story import FURTHER_LANES, Evidence, Fact, Stories
from analyzer.record import Lane, Record
from analyzer.tracking.findings import FACTS
from dissectors.tree import Severity


def fact(code: str, record: int, chain: int, severity: Severity = Severity.WARNING, meter: str = "1") -> Fact:
    return Fact(code, severity, "", "certain", Evidence(record, 0, 0, code), None, "A", meter, chain=chain)


def told(*facts: Fact) -> list[tuple[str, list[str]]]:
    stories = Stories()
    for one in facts:
        stories.add(one)
    return [(one.code, [follower.code for follower in one.leads_to]) for one in sorted_roots(stories)]


def test_retransmission_after_damage_follows_from_it() -> None:
    found = told(fact("hdlc-fcs-wrong", 4, 1, Severity.ERROR), fact("hdlc-retransmission", 5, 1))
    assert found == [("hdlc-fcs-wrong", ["hdlc-retransmission"])]


def test_retransmission_of_another_time_stands_alone() -> None:
    found = told(fact("hdlc-fcs-wrong", 4, 1, Severity.ERROR), fact("hdlc-retransmission", 5, 1),
                 fact("hdlc-retransmission", 50, 2))  # fmt: skip
    assert found == [("hdlc-fcs-wrong", []), ("hdlc-retransmission", [])]


def test_fault_of_another_meter_stands_alone() -> None:
    found = told(fact("hdlc-fcs-wrong", 4, 1, Severity.ERROR), fact("response-missing", 5, 1, meter="2"))
    assert found == [("hdlc-fcs-wrong", []), ("response-missing", [])]


def test_refusal_of_a_counter_follows_from_the_counter_that_went_back() -> None:
    refused = fact("association-rejected", 5, 1, Severity.ERROR)._replace(cause="invocation-counter-too-low")
    found = told(fact("invocation-counter-regressed", 4, 1), refused)
    assert found == [("invocation-counter-regressed", ["association-rejected"])]


def test_what_follows_follows_on() -> None:
    found = told(fact("hdlc-fcs-wrong", 4, 1, Severity.ERROR), fact("provider-abort", 6, 1, Severity.ERROR),
                 fact("hdlc-disconnected-mode", 7, 1))  # fmt: skip
    assert found == [("hdlc-fcs-wrong", ["provider-abort"])]


def test_root_is_as_bad_as_the_worst_that_follows() -> None:
    found = told(fact("response-slow", 1, 9), fact("hdlc-frame-lost", 4, 1), fact("block-lost", 6, 1, Severity.ERROR))
    assert found == [("hdlc-frame-lost", ["block-lost"]), ("response-slow", [])]


@pytest.mark.parametrize("code", ["carrier-text", "wrapper-version-wrong"])
def test_association_lost_behind_an_answer_that_is_none_follows_from_it(code: str) -> None:
    found = told(fact(code, 6, 1, Severity.NOTE), fact("provider-abort", 6, 1, Severity.ERROR))
    assert found == [(code, ["provider-abort"])]


def answer(number: int, request: int) -> Record:
    record = Record()
    record.number, record.request, record.lane = number, request, Lane(7, 0, "A")
    return record


def test_chain_ends_with_the_answer_to_a_request_made_after_it() -> None:
    chains = Chains()
    first = chains.of("block-lost", 7, 10)
    chains.calm(answer(12, 9))
    assert chains.of("block-lost", 7, 13) == first
    chains.calm(answer(16, 15))
    assert chains.of("block-lost", 7, 17) != first


def test_every_code_that_follows_or_is_followed_has_its_rule() -> None:
    facts = {code for kind, code in rules() if kind == "fact"}
    assert {*FOLLOWS, *(code for causes in FOLLOWS.values() for code in causes)} <= facts


def test_every_note_that_is_worth_a_story_has_its_rule_with_advice_or_causes() -> None:
    facts = {code for kind, code in rules() if kind == "fact"}
    assert {code for code, (severity, _) in FACTS.items() if severity >= Severity.NOTE} <= facts


def test_faults_beyond_the_bound_are_told_together_and_a_new_kind_of_them_is_told() -> None:
    stories = Stories()
    stories.MOST = 3
    codes = ["hdlc-fcs-wrong"] * 7 + ["response-missing"] * 2
    facts = [fact(code, number, 0)._replace(lane=f"line {number}") for number, code in enumerate(codes, 1)]
    for one in facts:
        stories.add(one)
    lanes = [("line 1", 1), ("line 2", 1), ("line 3", 1)]
    assert [(one.lane, one.count) for one in stories] == [*lanes, (FURTHER_LANES, 4), (FURTHER_LANES, 2)]
    stories.add(facts[0])
    for one in reversed(facts[3:]):
        assert stories.of_fact(one) is not None
        stories.take_back(one)
    assert [(one.lane, one.count) for one in stories] == [("line 1", 2), *lanes[1:]]
