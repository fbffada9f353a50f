"""Text for a person is as wide as the terminal; in a pipe its lines are those that scripts know."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

from analyzer.cli import main, signs
from analyzer.cli.stats import BY
from analyzer.export.folding import hanging
from analyzer.export.statistics import text_lines
from analyzer.table.statistics import Latency, Statistic
from captures.samples import samples
from tests.cli.conftest import Run

ONE, OTHER = (str(next(one.path for one in samples() if one.path.stem == name)) for name in ("ln-wrapper", "blocks"))
COMMANDS = [
    ("decode", ONE), ("readings", ONE), ("audit", ONE), ("doctor", OTHER), ("explain", "3"), ("rules",), ("diff", ONE, OTHER), ("correlate", OTHER, ONE),
]  # fmt: skip

_DUMP = re.compile(r" +[0-9a-f]{4}  (?:[0-9a-f]{2} )+")


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
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run(*words).out
    assert max(map(len, shown.splitlines())) <= width
    if words[0] not in ("diff", "rules"):
        assert _plain(shown) == _plain(piped)
    if words[0] == "rules":
        assert len(piped.splitlines()) < len(shown.splitlines()) or width == 200


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_trees_are_folded_between_words_and_octets_stay_whole(
    run: Run, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("decode", "--tree", "--octets", "--no-color", *more, ONE)
    piped = run(*words).out.splitlines()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run(*words).out.splitlines()
    assert _plain("".join(shown)) == _plain("".join(piped))
    assert [one for one in shown if _DUMP.match(one)] == [one for one in piped if _DUMP.match(one)]
    wide = [one for one in shown if len(one) > 80]
    assert wide  # octets of a block, in one word, which a terminal breaks and copies whole
    assert {one.split(": ")[0].strip() for one in wide} == {"raw-data"}


def test_line_goes_on_at_a_column_or_between_words_and_keeps_its_colour() -> None:
    line = "     1  10:00  a > b  GET request · Active energy import"
    assert hanging(line, 44) == "     1  10:00  a > b\n        GET request · Active energy import"
    assert hanging(line, 30) == "     1  10:00  a > b  GET\n        request · Active\n        energy import"
    assert hanging("        \x1b[33m! one two three four\x1b[0m", 20) == (
        "        \x1b[33m! one two\n          three four\x1b[0m"
    )
    assert hanging(f"  octets: {'00' * 20} (none)\nb", 20) == f"  octets: {'00' * 20}\n        (none)\nb"
    assert hanging(" " * 50 + "deep: 1", 40) == " " * 50 + "deep:\n" + " " * 20 + "1"


@pytest.mark.parametrize("width", [56, 60, 80])
def test_help_fits_the_terminal(run: Run, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in ((), *((command,) for command in main.COMMANDS)):
        assert max(map(len, run(*words, "--help").out.splitlines())) <= width, words


def test_help_breaks_no_path_at_its_hyphens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = "\n".join(run(*words, "--help").out for words in ((), *((command,) for command in main.COMMANDS)))
    assert "~/.local/share/bash-completion/completions/dlmshark" in shown
    assert [line for line in shown.splitlines() if line.endswith("-") and not line.endswith(" -")] == []


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("width", [60, 66, 72, 80, 100])
def test_tables_of_statistics_fit_the_terminal(run: Run, by: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = run("stats", "--by", by, ONE).out
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = run("stats", "--by", by, ONE).out
    assert max(map(len, shown.splitlines())) <= width
    heads = shown.splitlines()[0].split()
    lacking = [one for one in piped.splitlines()[0].split() if one not in heads]
    assert lacking == ["p95", "p99"][: len(lacking)]
    if width >= 80:
        assert _plain(shown) == _plain(piped)


def test_columns_are_left_out_in_their_order() -> None:
    one = Statistic(
        "object", "1-0:1.8.0*255", 10**9, 10**12, 10**7, None, Latency(1e7, 1e7, 1e7, 1e7), {"period_s": 1e9}
    )
    heads = ["object", "records", "octets", "errors", "median ms", "p95 ms", "p99 ms", "max ms", "period s"]
    order = ["p95 ms", "p99 ms", "median ms", "period s", "max ms"]
    for width, count in (
        (120, 0),
        (100, 1),
        (90, 2),
        (80, 3),
        (40, 5),
    ):
        shown = re.split(r" (?!m?s\b) *", next(iter(text_lines([one], width=width))))
        assert shown == [head for head in heads if head not in order[:count]]


@pytest.mark.parametrize("encoding", ["iso8859-1", "ascii", "cp1251", "utf-8"])
def test_terminal_that_lacks_a_sign_gets_another_for_it(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding))
    assert main.main(["decode", "--no-color", ONE]) == main.main(["stats", "--by", "conversation", ONE]) == 0
    sys.stdout.flush()
    text = shown.getvalue().decode(encoding)
    arrow, both = ("→", "↔") if encoding == "utf-8" else (">", "-")
    assert "\\" not in text and f" {arrow} " in text and f" {both} " in text


def test_arrows_stay_apart_where_a_terminal_lacks_them() -> None:
    assert "→←⇠".encode("ascii", signs.NAME) == b"><~"


def test_sign_of_the_capture_that_a_terminal_lacks_is_escaped() -> None:
    assert "中 → x".encode("iso8859-1", signs.NAME) == rb"\u4e2d > x"


def test_letters_of_two_cells_and_of_none_are_counted_as_a_terminal_does() -> None:
    assert hanging("名称: 电表 电表 电表", 20) == "名称: 电表 电表 电表"
    assert hanging("名称: 电表 电表 电表", 18) == "名称: 电表 电表\n        电表"
    assert hanging("  12  电表的名称  电表的序列号", 26) == "  12  电表的名称\n        电表的序列号"
    assert hanging("e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301", 7) == "e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301"


def test_help_of_the_program_fits_a_terminal_of_40_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, run("--help").out.splitlines())) <= 40
