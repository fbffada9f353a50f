"""Text for a person is as wide as the terminal; in a pipe its lines are those that scripts know."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from analyzer.cli.stats import BY
from captures.samples import samples
from tests.cli.conftest import Run

ONE, OTHER = (str(next(one.path for one in samples() if one.path.stem == name)) for name in ("ln-wrapper", "blocks"))
COMMANDS = [
    ("audit", ONE), ("doctor", OTHER), ("explain", "3"), ("rules",), ("diff", ONE, OTHER), ("correlate", OTHER, ONE),
]  # fmt: skip


def _plain(text: str) -> str:
    """Leave out what is put between words, and between the halves of two captures."""
    return "".join(text.split())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_fit_the_terminal_and_say_the_same(
    run: Run, words: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in (ONE, OTHER):  # names of files are not folded
        os.symlink(path, tmp_path / Path(path).name)
    monkeypatch.chdir(tmp_path)
    words = tuple(Path(one).name if os.sep in one else one for one in words)
    piped = run(*words).out
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run(*words).out
    assert max(map(len, shown.splitlines())) <= width
    if words[0] not in ("diff", "rules"):
        assert _plain(shown) == _plain(piped)
    if words[0] == "rules":
        assert len(piped.splitlines()) < len(shown.splitlines()) or width == 200


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("width", [80, 100])
def test_tables_of_statistics_fit_the_terminal(run: Run, by: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = run("stats", "--by", by, ONE).out
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run("stats", "--by", by, ONE).out
    assert max(map(len, shown.splitlines())) <= width
    assert _plain(shown) == _plain(piped)
