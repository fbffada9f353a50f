"""One capture written by several processes: the same lines, whatever becomes of the processes."""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.cli import decode, turns
from analyzer.cli.main import main
from analyzer.cli.turns import BATCH
from captures.samples import sample_path
from tests.analyzer.index import mixed
from tests.cli.conftest import Run
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), "2"), (("--json", "--layers"), "3"), (("-T", "fields", "-e", "summary", "-E", "header=y"), "2"),
        (("-Y", "get-response", "--tree"), "2"), (("-Y", "number == 300"), "2"),
        (("-e", "number", "-e", "since.previous", "-e", "since.first", "-Y", "since.previous > 0"), "3"),
    ],
)  # fmt: skip
def test_several_processes_write_what_one_does(words: tuple[str, ...], count: str, many_records: list[str]) -> None:
    def decode(*more: str) -> tuple[str, str]:
        command = [sys.executable, "-P", "-m", "analyzer", "decode", *words, *more, *many_records]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        return done.stdout, done.stderr

    assert decode("--workers", count) == decode()


@pytest.mark.parametrize("count", ["1", "2"])
def test_terminal_of_eight_bits_gets_its_signs_of_all_processes(
    count: str, many_records: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="iso8859-1"))
    assert main(["decode", "--no-color", "--workers", count, many_records[0]]) == 0
    sys.stdout.flush()
    lines = shown.getvalue().decode("iso8859-1").splitlines()
    assert len(lines) == 5 * BATCH + 17 and all(" > " in one and one.isascii() for one in lines)


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
    return [
        *made,
        *(
            str(sample_path(name))
            for name in ("ln-wrapper", "ln-ciphered", "sn-hdlc", "hdlc-segments", "mode-c-readout")
        ),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-",), "stdin is read once"),
        (("-c", "3", "FILE"), "does not go with"),
        (("--expect", "get", "FILE"), "does not go"),
        (("/dev/stdin",), "/dev/stdin is read once"),
        (("-k", "/dev/fd/3", "FILE"), "/dev/fd/3 is read once"),
    ],
)
def test_what_several_processes_cannot_do_is_refused(
    run: Run, capture: Path, words: tuple[str, ...], said: str
) -> None:
    found = run("decode", "--workers", "2", *(str(capture) if one == "FILE" else one for one in words))
    assert (found.status, found.out) == (2, "")
    assert said in found.err


def test_words_behind_the_sign_of_no_more_options_are_inputs_of_all(many_records: list[str], run: Run) -> None:
    alone = run("decode", many_records[0])
    command = [sys.executable, "-P", "-m", "analyzer", "decode", "--workers", "2", "--", many_records[0]]
    assert subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout == alone.out


@pytest.mark.parametrize(
    ("words", "most", "is_other"),
    [
        ((), 0, False), ((), 3, False), (("-T", "fields", "-e", "summary", "-E", "header=y"), 1, False),
        (("--merge",), 2, False), (("--json",), 2, True),
    ],
)  # fmt: skip
def test_rest_of_a_process_that_ended_or_read_something_else_is_written_by_one(
    most: int, is_other: bool, words: tuple[str, ...], many_records: list[str], run: Run,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    names = [*many_records[:3], str(sample_path("ln-wrapper"))]
    alone = run("decode", *words, *names)
    monkeypatch.setattr(turns.Other, "turn", _ending(turns.Other.turn, most, is_other=is_other))
    written = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(written):
        assert decode.run(["--workers", "2", *words, *names]) == 0
        written.flush()
    assert written.buffer.getvalue().decode() == alone.out  # type: ignore[attr-defined]
    assert capsys.readouterr().err.count("ended, or read something else; one writes the rest\n") == 1


def test_file_that_was_emptied_when_the_other_process_ended_is_an_input_that_cannot_be_read(
    many_records: list[str], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "emptied.txt"
    path.write_bytes(Path(many_records[0]).read_bytes())

    def end(other: turns.Other) -> tuple[bytes, bytes]:
        path.write_bytes(b"")
        raise turns.EndedError

    monkeypatch.setattr(turns.Other, "turn", end)
    found = run("decode", "--workers", "2", str(path))
    assert found.status == 3
    assert found.err.splitlines()[1:] == [
        f"dlmshark: {path}: empty; a pcap or pcapng file, a raw octet dump or hex text was expected"
    ]


_Turn = Callable[[turns.Other], tuple[bytes, bytes]]


def _ending(turn: _Turn, most: int, *, is_other: bool) -> _Turn:
    """Let the other process say only so many turns, or then those of an input with a record less."""
    said = 0

    def give(other: turns.Other) -> tuple[bytes, bytes]:
        nonlocal said
        said += 1
        if said <= most:
            return turn(other)
        if not is_other:
            raise turns.EndedError
        title, octets = turn(other)
        number, records, name = title.split(b" ", 2)
        return b"%b %d %b" % (number, int(records) - 1, name), octets

    return give
