"""Commands with what Windows has: no place of its own to run on is here, so what is missing there is taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from captures.samples import sample_path

HERE = Path(__file__).with_name("as_windows")


def run(
    *words: str, folder: Path, octets: bytes = b"", path: Path | None = None, **given: str
) -> subprocess.CompletedProcess[bytes]:
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), *sys.path)), "TMPDIR": str(folder), **given
    }  # fmt: skip
    stdin = path.open("rb") if path is not None else subprocess.PIPE
    command = [sys.executable, "-m", "analyzer", *words]
    return subprocess.run(
        command, input=None if path else octets, stdin=stdin if path else None, capture_output=True, cwd=folder,
        env=environment, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("decode", "-q"), b""),
        (("stats", "--workers", "2"), b"get-request"),
        (("stats", "--index"), b"get-request"),
        (("doctor",), b"status-flag-set"),
        (("decode", "--json", "--layers", "--workers", "2"), b'"layers"'),
        (("export", "-o", "a.pcapng"), b""),
    ],
)
def test_captures_are_read(tmp_path: Path, words: tuple[str, ...], says: bytes) -> None:
    capture = tmp_path / "ln-wrapper.pcap"
    capture.write_bytes(sample_path("ln-wrapper").read_bytes())
    done = run(*words, str(capture), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout + done.stderr and b"Traceback" not in done.stderr


@pytest.mark.parametrize("way", ["file", "pipe"])
@pytest.mark.parametrize(
    "words",
    [("decode", "-"), ("live", "-"), ("record", "-", "-o", "a.pcapng"), ("live", "-", "--when", "get", "--do", "beep")],
)
def test_stdin_is_read_to_its_end(tmp_path: Path, words: tuple[str, ...], way: str) -> None:
    sample = sample_path("ln-wrapper")
    done = run(*words, folder=tmp_path, octets=sample.read_bytes(), path=sample if way == "file" else None)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"packets" in done.stderr or b"RLRE" in done.stdout


@pytest.mark.parametrize("words", [("live", "-"), ("record", "-", "-o", "a.pcapng")])
def test_wishes_of_a_recording_from_stdin_are_refused_at_its_start(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(*words, "--when", "get", "--do", "beep", "--do", "save", folder=tmp_path)
    assert done.returncode == 2 and not list(tmp_path.iterdir())
    assert done.stderr.splitlines() == [
        b"dlmshark: --do save: does not go with the source - on Windows; beep and exec do"
    ]


def test_interface_is_refused_in_a_line_where_no_program_captures(tmp_path: Path) -> None:
    done = run("live", "iface:lo", folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 5 and done.stderr.count(b"\n") == 1 and b"no permission" in done.stderr
