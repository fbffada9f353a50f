"""Damaged corpus: octets changed, lost and added in captures and vectors, and files cut anywhere, never raise."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from analyzer.export.json_lines import JsonLines
from analyzer.pipeline import Pipeline
from captures import open_source
from captures.chunk import CaptureError
from tests.analyzer.test_pipeline import assert_total, mutate
from tests.analyzer.tracking.build import chunk
from tests.corpus import captures, vectors

ROUNDS = 60


@pytest.mark.parametrize("seed", range(3))
def test_captures_with_changed_packets_never_raise(corpus: Path, seed: int) -> None:
    chance = random.Random(seed)
    for entry in captures.listed(corpus):
        with open_source(str(corpus / entry["file"])) as source:
            chunks = list(source)
        begin = chance.randrange(len(chunks))
        part = chunks[begin : begin + 40]
        assert_total(
            [one._replace(octets=mutate(one.octets, chance)) if chance.random() < 0.3 else one for one in part]
        )


@pytest.mark.parametrize("stack", ["", "hdlc", "wrapper", "mbus", "llc", "apdu"])
def test_changed_vectors_never_raise(corpus: Path, stack: str) -> None:
    chance = random.Random(stack)
    for entry in chance.sample(vectors.covered(corpus), ROUNDS):
        lines = [line.partition(": ")[2] or line for line in vectors.text_of(entry).splitlines()]
        chunks = [chunk(number, mutate(bytes.fromhex(line), chance)) for number, line in enumerate(lines, 1)]
        assert_total(chunks, {"serial": stack} if stack else None)


def test_changed_files_are_read_or_refused(corpus: Path, tmp_path: Path) -> None:
    # Headers of files and packets change, too: lengths lie, blocks break off.
    chance = random.Random(7)
    path = tmp_path / "changed"
    read = 0
    for entry in captures.listed(corpus) * 3:
        octets = (corpus / entry["file"]).read_bytes()[:6000]
        path.write_bytes(mutate(octets, chance)[: chance.randrange(len(octets))])
        try:
            with open_source(str(path)) as source:
                writer = JsonLines(lambda source=source: source.time_digits, layers=True)
                read += len([json.loads(writer.line(record)) for record in Pipeline().run(source)])
        except CaptureError as error:
            assert str(error).startswith(str(path))
    assert read > 500


def test_apdus_of_gbcs_with_changed_octets_never_raise(corpus: Path) -> None:
    chance = random.Random(3)
    messages = chance.sample(vectors.gbcs(corpus), ROUNDS)
    assert_total(
        [chunk(number, mutate(bytes.fromhex(one["hex"]), chance)) for number, one in enumerate(messages, 1)],
        {"record": "apdu"},
    )
