"""The corpus of real captures: under CI its absence must not pass for success."""

from __future__ import annotations

import tomllib
from pathlib import Path


def test_corpus_lists_captures_that_are_there(corpus: Path) -> None:
    pcaps = tomllib.loads((corpus / "pcaps.toml").read_text())
    names = sorted(path.name for path in (corpus / "pcap").iterdir())
    assert names
    assert all(name in (corpus / "pcaps.toml").read_text() for name in names), pcaps.keys()
