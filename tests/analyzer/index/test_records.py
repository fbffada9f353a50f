"""Records out of an index are the records that went in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.export.json_lines import JsonLines
from analyzer.record import Record
from analyzer.security.keyring_file import load
from analyzer.session import Session
from analyzer.tracking.values import values_of
from captures import open_source, source_from_hex
from captures.chunk import DlmsharkError, Source
from captures.samples import samples
from tests.analyzer.index.build import indexed

SAMPLES = {sample.name: sample for sample in samples()}
LARGEST = 1 << 20


def _line(record: Record) -> str:
    return JsonLines(lambda: 9, layers=True).line(record)


def _assert_same(source: Source, keys: Path | None = None) -> None:
    keyring = load([str(keys)], [], published=[]).keyring if keys else None
    records, seen, _ = indexed(source, keyring)
    assert records.table.height == len(seen)
    for record in seen:
        assert _line(records.record(record.number)) == _line(record)


@pytest.mark.parametrize("name", SAMPLES)
def test_records_of_sample_come_back_whole(name: str) -> None:
    sample = SAMPLES[name]
    _assert_same(open_source(str(sample.path)), sample.keys)


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.keys])
def test_records_that_stay_closed_come_back_whole(name: str) -> None:
    _assert_same(open_source(str(SAMPLES[name].path)))


def test_records_of_the_corpus_come_back_whole(corpus: Path) -> None:
    count = 0
    for path in sorted(path for path in corpus.rglob("*") if path.is_file() and path.stat().st_size < LARGEST):
        try:
            source = open_source(str(path))
        except DlmsharkError:
            continue
        _assert_same(source)
        count += 1
    assert count > 10


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=20))
def test_records_of_any_octets_come_back_whole(lines: list[bytes]) -> None:
    _assert_same(source_from_hex("\n".join(line.hex(" ") for line in lines)))


def test_values_need_only_the_records_that_were_asked_for() -> None:
    records, seen, _ = indexed(open_source(str(SAMPLES["ln-wrapper"].path)))
    session = Session(open_source(str(SAMPLES["ln-wrapper"].path)))
    session.learn_all()
    for record in session.records():
        assert records.values(records.record(record.number)) == values_of(record, session.model)
    assert any(records.values(record) for record in seen)


def test_record_that_is_not_there_is_an_index_error() -> None:
    records, seen, _ = indexed(open_source(str(SAMPLES["ln-wrapper"].path)))
    for number in (0, -1, len(seen) + 1):
        with pytest.raises(IndexError):
            records.record(number)


def test_batches_say_how_far_the_pass_is() -> None:
    _, seen, told = indexed(source_from_hex("C0 01 C1 00 03 01 00 01 08 00 FF 02 00\n" * 1000))
    assert [one.records for one in told] == sorted(one.records for one in told)
    assert told[0].records <= 256
    assert told[-1].records == 1000
    assert [one.is_done for one in told] == [False] * (len(told) - 1) + [True]
    assert len(seen) == 1000


def test_ends_of_connections_come_back_before_the_records_that_follow_them() -> None:
    source = open_source(str(SAMPLES["ln-wrapper"].path))
    pipeline = Session(source).pipeline
    for _ in pipeline.run(source):
        pass
    records, _, _ = indexed(open_source(str(SAMPLES["ln-wrapper"].path)))
    assert records.ends == list(pipeline.ends) != []
