"""A filter over an index that grows: what short names stand for may be told when many rows are decided already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.index.file import IndexReader, IndexWriter
from analyzer.index.filtering import FilterRun
from analyzer.index.indexing import Indexing, Told
from analyzer.index.records import Records
from analyzer.index.watched import Watched
from analyzer.session import Session
from captures import open_source
from tests.cli.test_short_names import READ_ENERGY, READ_LIST, written


@pytest.mark.parametrize(
    ("text", "found"), [("obis == 1-0:1.8.0", 3004), ("!obis", 0), ("obis == 1-0:1.8.0 and value == 5", 1502)]
)
def test_filters_decide_anew_once_names_are_known(text: str, found: int, tmp_path: Path) -> None:
    """Rows that were decided before the list had come kept their answers: the filter showed some of them only."""
    path, index, told = tmp_path / "a.pcap", tmp_path / "index", list[Told]()
    written(path, *[READ_ENERGY] * 1500, READ_LIST, READ_ENERGY, READ_ENERGY)
    with open_source(path) as source, index.open("wb") as file:
        watched = Watched(source)
        Indexing(Session(watched), watched, IndexWriter(file), told.append, ()).run()
    records = Records(IndexReader(os.open(index, os.O_RDONLY)))
    run = FilterRun(records, text)
    has_more = False
    for one in told:
        records.take(one.end)
        while not run.is_done:
            has_more = run.poll()
    assert len(told) > 1 and records.table.height == 3006 and has_more
    assert len(run.matches) == found
