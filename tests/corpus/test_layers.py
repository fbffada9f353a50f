"""The layers of JSON lines are written by other code than the trees of ``detail``: over the corpus they say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.record import Record
from dissectors.reader import node_form
from tests.corpus import captures, vectors


def assert_same(records: list[Record], name: str) -> None:
    writer = JsonLines(lambda: 9, layers=True)
    for record in records:
        expected = json.loads(json.dumps([node_form(one) for one in detail(record, is_read=False)]))
        assert json.loads(writer.line(record))["layers"] == expected, f"{name} record {record.number}"


def test_layers_of_every_capture_are_its_trees(corpus: Path) -> None:
    for entry in captures.listed(corpus):
        assert_same(list(captures.records_of(corpus / entry["file"])[0]), entry["id"])


@pytest.mark.parametrize("theme", ["sessions", "ciphered", "push_norway", "push_other", "acse_apdu", "greenbook"])
def test_layers_of_every_vector_are_its_trees(corpus: Path, theme: str) -> None:
    chosen = [entry for entry in vectors.covered(corpus) if entry["theme"] == theme]
    assert chosen
    for entry in chosen:
        assert_same(vectors.decode(vectors.text_of(entry)), entry["id"])


def test_layers_of_every_gbcs_message_are_its_trees(corpus: Path) -> None:
    messages = vectors.gbcs(corpus)
    assert_same(vectors.decode("\n".join(one["hex"] for one in messages), {"record": "apdu"}), "gbcs")
