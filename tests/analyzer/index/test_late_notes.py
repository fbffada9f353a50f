"""Records wait for what explains them by the packets of their own input."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.index import late_notes
from captures import open_source
from captures.merged import MergedSource
from tests.analyzer.cosem.data import unsigned
from tests.analyzer.index.build import indexed
from tests.analyzer.tracking.lines import get, profile, row

LINES = profile(row(1), row(4))
LEARNT, ROWS = LINES[:4], LINES[4:]
OTHERS = get(8, "0-0:1.0.0", 4, unsigned(0)) * 10


def _noted(folder: Path, *inputs: list[tuple[int, list[str]]]) -> list[int]:
    """Give the numbers of the records with notes in *inputs*, whose lines come in the minutes that stand beside them."""
    sources = []
    for at, parts in enumerate(inputs):
        path = folder / f"{at}.txt"
        path.write_text("".join(f"2026-01-01 10:{minute:02}:00 {line}\n" for minute, lines in parts for line in lines))
        sources.append(open_source(str(path)))
    with MergedSource(sources) as source:
        records, _, _ = indexed(source)
    return [number for number in range(1, records.table.height + 1) if records.table.row(number).marks.codes]


def test_record_waits_for_so_many_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [(1, ROWS), (2, OTHERS), (3, LEARNT)]
    assert _noted(tmp_path, parts) == [2]
    monkeypatch.setattr(late_notes, "_LONGEST_WAIT", len(OTHERS))
    assert _noted(tmp_path, parts) == []


def test_packets_of_another_input_end_no_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_notes, "_LONGEST_WAIT", len(OTHERS) // 2)
    ahead = [(1, OTHERS), (3, ROWS)]
    behind = [(2, ROWS), (4, LEARNT)]
    assert _noted(tmp_path, ahead, behind) == [len(OTHERS) + 2]
