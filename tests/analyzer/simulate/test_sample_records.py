"""The bundled samples through the whole program: all is read, all that has keys is opened, nothing is damaged."""

from collections import Counter
from functools import cache

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import NOISE, PART, Record
from analyzer.security.keyring_file import load
from analyzer.simulate.manifest import Sample as Built
from analyzer.simulate.samples import build
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from captures import open_source
from captures.samples import Sample, samples
from dissectors.tree import Severity

KEYED = [sample for sample in samples() if sample.keys]
NAME = {"ids": lambda sample: sample.name}


@cache
def records_of(path: str, keys: str | None) -> list[Record]:
    guard = Protection(load([keys]).keyring, Knowledge(None)) if keys else None
    with open_source(path) as source:
        return list(Pipeline(None, guard).run(source))


def records(sample: Sample) -> list[Record]:
    return records_of(str(sample.path), str(sample.keys) if sample.keys else None)


@cache
def built() -> dict[str, Built]:
    return {sample.name: sample for sample in build()}


@pytest.mark.parametrize("sample", samples(), **NAME)
def test_sample_has_no_noise_and_no_note_beyond_those_of_the_manifest(sample: Sample) -> None:
    notes = {note.code for record in records(sample) for note in record.notes if note.severity > Severity.NOTE}
    assert notes == set(sample.notes)
    assert [record.number for record in records(sample) if record.kind == NOISE] == []


@pytest.mark.parametrize("sample", samples(), **NAME)
def test_sample_has_as_many_records_as_frames(sample: Sample) -> None:
    units = sum(count for name, count in sample.frames.items() if name != "segments")
    assert len(records(sample)) == units


@pytest.mark.parametrize("sample", KEYED, **NAME)
def test_every_ciphered_apdu_of_a_sample_with_keys_opens(sample: Sample) -> None:
    opened: Counter[str] = Counter()
    for record in records(sample):
        if record.closed is None:
            assert record.kind == PART or record.link == "hdlc", record.number
            continue
        assert record.closed.status in ("verified", "decrypted-unverified")
        assert record.apdu is not None
        opened[record.apdu.family] += 1
    expected = Counter(sample.opened) + Counter(sample.completed)
    assert {name: opened[name] for name in expected} == dict(expected)


@pytest.mark.parametrize("sample", KEYED, **NAME)
def test_sample_with_keys_stays_closed_without_them(sample: Sample) -> None:
    found = records_of(str(sample.path), None)
    assert len(found) == len(records(sample))
    assert all(record.closed is None for record in found)


@pytest.mark.parametrize("sample", KEYED, **NAME)
def test_keyring_built_again_is_the_same_text(sample: Sample) -> None:
    assert sample.keys is not None
    assert built()[sample.name].keyring == sample.keys.read_text(encoding="utf-8")
