"""Completion: names where a name may stand, values of this capture after an operator."""

from __future__ import annotations

from analyzer.filter.names import Completion, complete
from captures import open_source
from captures.samples import samples
from tests.analyzer.index.build import indexed

PATH = next(str(sample.path) for sample in samples() if sample.name == "ln-wrapper")


def _complete(text: str) -> Completion:
    return complete(text, len(text), indexed(open_source(PATH))[0].table)


def test_beginning_of_a_name_is_completed() -> None:
    found = _complete("hdlc and lat")
    assert (found.start, found.end) == (9, 12)
    assert found.texts[0] == "latency"


def test_values_of_the_capture_stand_after_an_operator() -> None:
    assert _complete("obis == 1-0:1.8.").texts[:2] == ["1-0:1.8.0*255", "1-0:1.8.1*255"]
    assert _complete("link == ").texts[0] == "hdlc"
    assert "get-request" in _complete("service in {get-response, ").texts
    assert '"192.0.2.10:51234 > 198.51.100.7:4059"' in _complete("lane == ").texts


def test_codes_are_completed_though_the_capture_has_none() -> None:
    assert "hdlc-fcs-wrong" in _complete("note == hdlc-f").texts


def test_names_of_the_tree_are_completed() -> None:
    assert "invoke-id-and-priority" in _complete("invoke").texts


def test_completion_works_without_a_capture() -> None:
    assert complete("se", 2).texts[:2] == ["service", "severity"] or "service" in complete("se", 2).texts


def test_short_names_are_completed_as_filters_read_them() -> None:
    sample = next(one for one in samples() if one.path.stem == "sn-hdlc")
    table = indexed(open_source(str(sample.path)))[0].table
    found = complete("short-name == FA", len("short-name == FA"), table).texts
    assert "FA08" in found, found
