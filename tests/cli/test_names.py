"""``--names``: the user's own tables on the command line.

Where they name something the program runs in a process of its own: texts with such names stay known in this one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.cosem import own
from captures.samples import sample_path
from tests.analyzer.cosem.test_companions import OWN, forget
from tests.cli.conftest import Run, spawn


@pytest.fixture(autouse=True)
def no_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(own.VARIABLE, "")
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_command_line_names_own_tables(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding=encoding)
    ran = spawn("readings", "--names", str(path), sample_path("ln-wrapper"))
    assert ran.status == 0
    assert "1-0:1.8.0*255      Bezug gesamt: 74565.120 kWh" in ran.out


def test_own_tables_that_are_no_utf_8_say_what_to_do(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[names]\n"1-0:1.8.0*255" = "Z\xe4hler"\n', encoding="cp1252")
    ran = run("readings", "--names", str(path), sample_path("ln-wrapper"))
    assert (ran.status, ran.complaint) == (2, f"{path}: no UTF-8 text; save it as UTF-8")


def test_missing_own_tables_are_one_line(run: Run) -> None:
    ran = run("readings", "--names", "missing.toml", sample_path("ln-wrapper"))
    assert (ran.status, ran.complaint) == (2, "missing.toml: cannot be read: No such file or directory")


def test_missing_own_tables_of_the_environment_are_told_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLMSHARK_NAMES", "missing.toml")
    ran = run("readings", sample_path("ln-wrapper"))
    assert (ran.status, ran.complaint) == (2, "DLMSHARK_NAMES: missing.toml: cannot be read: No such file or directory")


def test_own_names_break_no_json_and_command_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[names]\n"1-0:1.8.0*255" = "a\\"b\\\\c\\u001b]0;x"\n[classes]\n3 = "\\u001b[m\\""\n', encoding="utf-8"
    )
    name = 'a"b\\c\\x1b]0;x'
    lines = spawn("decode", "--json", "--layers", "--names", str(path), sample_path("ln-wrapper")).out.splitlines()
    assert any(f"1-0:1.8.0*255 {name}" in repr(json.loads(line)).replace("\\\\", "\\") for line in lines)
    for words in (["readings"], ["stats", "--by", "object"], ["decode", "-V"]):
        shown = spawn(*words, "--names", str(path), sample_path("ln-wrapper")).out
        assert name in shown
        assert "\x1b" not in shown


@pytest.mark.parametrize("text", [f"classes = {'9' * 5000}", "classes = " + "[" * 5000])
@pytest.mark.parametrize(("option", "status"), [("--names", 2), ("--sidecar", 2), ("-k", 4)])
def test_numbers_and_nesting_beyond_all_are_one_line(
    run: Run, tmp_path: Path, option: str, status: int, text: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    ran = run("decode", option, path, sample_path("ln-wrapper"))
    assert ran.status == status
    assert f"{path}: no TOML: " in ran.err
