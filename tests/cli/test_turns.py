"""One capture written by several processes: the same lines, whatever becomes of the processes."""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer import cores
from analyzer.cli import decode, turns
from analyzer.cli.turns import BATCH
from captures.samples import samples
from tests.analyzer.index import mixed
from tests.cli.conftest import Run
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), "2"), (("--json", "--layers"), "3"), (("-T", "fields", "-e", "summary", "-E", "header=y"), "2"),
        (("-Y", "get-response", "--tree"), "2"),
    ],
)  # fmt: skip
def test_several_processes_write_what_one_does(words: tuple[str, ...], count: str, many_records: list[str]) -> None:
    def decode(*more: str) -> tuple[str, str]:
        command = [sys.executable, "-P", "-m", "analyzer", "decode", *words, *more, *many_records]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        return done.stdout, done.stderr

    assert decode("--workers", count) == decode()


@pytest.fixture(scope="module")
def many_records(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A capture of several turns, one whose last turn is whole, one whose lanes get longer and shorter, and samples."""
    folder = tmp_path_factory.mktemp("turns")
    snrm = "7EA0070321930F017E\n"
    (folder / "many.txt").write_text(snrm * (5 * BATCH + 17))
    (folder / "whole.txt").write_text(snrm * (2 * BATCH))
    unit = bytes.fromhex("000100100001000D C001C1000301000108 00FF0200".replace(" ", ""))
    lanes = [one for host in (1, 20, 100, 2, 200, 30) for one in mixed.over_tcp([unit] * (BATCH // 2), host)]
    mixed.write(folder / "lanes.pcap", lanes, random.Random(1))
    made = [str(folder / name) for name in ("many.txt", "whole.txt", "lanes.pcap")]
    return [*made, *(str(one.path) for one in samples())]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-",), "stdin is read once"),
        (("-c", "3", "FILE"), "does not go with"),
        (("--expect", "get", "FILE"), "does not go"),
    ],
)
def test_what_several_processes_cannot_do_is_refused(
    run: Run, capture: Path, words: tuple[str, ...], said: str
) -> None:
    found = run("decode", "--workers", "2", *(str(capture) if one == "FILE" else one for one in words))
    assert (found.status, found.out) == (2, "")
    assert said in found.err


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Captures of any size are large, and there are two cores."""
    monkeypatch.setattr(cores, "_LARGE", 1)
    monkeypatch.setattr(cores, "cores", lambda: 2)


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def worth(*words: str, stream: type[io.TextIOWrapper] = io.TextIOWrapper) -> int:
    with contextlib.redirect_stdout(stream(io.BytesIO(), "utf-8")):
        return decode._worth(decode.parser().parse_args(words))


@pytest.mark.usefixtures("large")
def test_large_files_are_written_by_several_processes(capture: Path) -> None:
    name = str(capture)
    os.utime(name, (1, 1))
    assert worth(name) == worth("--json", name, name) == 2
    assert [worth(*words, name) for words in (["-c", "1"], ["--expect", "get"], ["-"], ["missing.pcap"])] == [1] * 4
    assert worth() == worth("--hex", "C0") == 1
    os.utime(name)  # somebody writes to it
    assert worth(name) == 1


@pytest.mark.usefixtures("large")
def test_lines_for_a_terminal_are_written_by_one(capture: Path) -> None:
    os.utime(capture, (1, 1))
    assert worth(str(capture), stream=Terminal) == 1


@pytest.mark.parametrize("most", [0, 1, 3])
def test_rest_of_a_process_that_ended_is_written_by_one(
    most: int, many_records: list[str], run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many_records[:3]
    alone = run("decode", "--workers", "1", *names)
    monkeypatch.setattr(turns.Other, "turn", _ending(turns.Other.turn, most))
    written = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(written):
        assert decode.run(["--workers", "2", *names]) == 0
        written.flush()
    assert written.buffer.getvalue().decode() == alone.out  # type: ignore[attr-defined]
    assert capsys.readouterr().err.count("a process that shares the work ended; one writes the rest\n") == 1


def _ending(turn: Callable[[turns.Other], bytes], most: int) -> Callable[[turns.Other], bytes]:
    """Let the other process say only so many turns."""
    said = 0

    def give(other: turns.Other) -> bytes:
        nonlocal said
        said += 1
        if said > most:
            raise turns.EndedError
        return turn(other)

    return give
