"""Rules are read by the table, as one was asked for: what that finds is what stands in the files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analyzer.diagnosis import rules
from analyzer.tracking.findings import FACTS
from dissectors.quirks import QUIRKS
from tests.faults.catalogue import CAUSES_WITHOUT_A_ROW, FACTS_WITHOUT_A_ROW
from tests.faults.table import FAULTS

FILES = sorted((Path(rules.__file__).parent / "rules").glob("*.toml"))


def test_rules_read_one_by_one_are_those_of_the_whole_files() -> None:
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES]
    wanted = [(kind, code, one) for kind in ("fact", "cause") for table in tables for code, one in table[kind].items()]
    found = rules.rules()
    assert list(found) == [(kind, code) for kind, code, _ in wanted]
    for kind, code, one in wanted:
        made = found[kind, code]
        assert made == rules.rule(kind, code)
        known = {"text": made.text, "advice": list(made.advice), "weights": dict(made.weights)}
        known |= {"group": made.group, "severity": made.severity}
        assert {name: value for name, value in known.items() if value} == one


def test_result_has_the_rule_of_results_and_what_is_not_known_none() -> None:
    assert rules.rule("fact", "result-object-undefined") == rules.rule("fact", "result") is not None
    assert rules.rule("fact", "no-such-fact") is None


GROUPS = {
    "checksum", "sequence", "malformed", "reassembly", "protocol", "response", "security", "decryption", "timing", "data",
    "undecoded",
}  # fmt: skip
"""As the interface page lists them."""


def test_facts_are_of_the_groups_that_scripts_know() -> None:
    facts = [one for (kind, _), one in rules.rules().items() if kind == "fact"]
    assert {one.group for one in facts if one.group} <= GROUPS
    assert {group for _, group in FACTS.values()} <= GROUPS


@pytest.mark.parametrize(
    ("kind", "injected", "excused"),
    [
        ("cause", {one.cause for one in FAULTS}, CAUSES_WITHOUT_A_ROW),
        ("fact", {one.code for one in FAULTS}, FACTS_WITHOUT_A_ROW),
    ],
)
def test_every_rule_has_an_injector_or_a_reason_why_it_has_none(
    kind: str, injected: set[str], excused: dict[str, str]
) -> None:
    known = {code for each, code in rules.rules() if each == kind}
    assert known - injected == set(excused)
    assert all(excused.values())


@pytest.mark.parametrize("cause", QUIRKS)
def test_every_quirk_has_its_words(cause: str) -> None:
    assert ("cause", cause) in rules.rules()
