"""Summaries in the shortest way are those that are made of values, whatever a meter teaches and answers in between."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from analyzer.export.json_lines import JsonLines
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.export.usual import UsualSummaries
from analyzer.export.utf8 import eight_bits, latin
from analyzer.record import Record
from analyzer.session import Session
from captures import source_from_hex
from tests.analyzer.tracking.lines import get
from tests.analyzer.tracking.test_value_plans import DIALOGUES, dialogue


def read(lines: list[str]) -> Session:
    return Session(source_from_hex("\n".join(lines)))


@pytest.mark.parametrize("seed", range(DIALOGUES))
@pytest.mark.parametrize("tree", [False, True])
def test_lines_in_the_shortest_way_are_those_made_of_values(seed: int, tree: bool) -> None:
    lines = dialogue(random.Random(seed))
    whole, short = read(lines), read(lines)
    expected = TextLines(lambda: 6, tree=tree, values=whole.values)
    plain = TextLines(lambda: 6, tree=tree, values=whole.values, shown=whole.shown)
    octets = TextLines(lambda: 6, tree=tree, values=short.values, shown=short.shown, encoded=True)
    for one, other in zip(whole.records(), short.records(), strict=True):
        written = expected.line(one)
        assert plain.line(one) == written
        assert octets.octets(other).decode() == written


@pytest.mark.parametrize("seed", range(DIALOGUES))
def test_json_in_the_shortest_way_is_that_made_of_values(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = dialogue(random.Random(seed))
    short = read(lines)
    written = [*map(JsonLines(lambda: 6, layers=True, values=short.values).line, short.records())]
    monkeypatch.setattr(UsualSummaries, "asked", lambda *_: None)
    monkeypatch.setattr(UsualSummaries, "answered", lambda *_: None)
    whole = read(lines)
    assert written == [*map(JsonLines(lambda: 6, layers=True, values=whole.values).line, whole.records())]


def test_many_requests_and_answers_are_usual() -> None:
    seen: Counter[bool] = Counter()
    for seed in range(DIALOGUES):
        made = read(dialogue(random.Random(seed)))
        usual = UsualSummaries(made.shown, str)
        for record in made.records():
            expected = summary(record, made.values(record))
            found = usual.find(record)
            assert found in (None, expected)
            seen[found is not None] += 1
    assert seen[True] > seen[False]


def test_request_that_is_said_once_is_not_said_of_a_repeated_frame_that_is_tied_to_nothing() -> None:
    made = read(get(3, "1-0:1.8.0", 2, b"\x05\0\0\0\1")[:1])
    (record,) = made.records()
    usual = UsualSummaries(made.shown, str)
    assert usual.find(record) == summary(record) == "GET request · 1-0:1.8.0*255 Active energy import (+A)"
    other = Record()
    other.kind, other.direction, other.apdu = record.kind, record.direction, record.apdu
    assert usual.find(other) is None
    assert summary(other).startswith("GET request")


@pytest.mark.parametrize("text", ["plain", "1 → 2 · ü", "\ud800", ""])
def test_text_of_eight_bits_is_written_as_utf8(text: str) -> None:
    assert latin(eight_bits(text))[0] == text.encode("utf-8", "backslashreplace")
