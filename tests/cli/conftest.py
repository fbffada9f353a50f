"""What the tests of the command line share: the program in this process and in one of its own, and inputs."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analyzer.cli.main import main
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.conftest import ROOT

GET = bytes.fromhex("C0 01 C1 0003 0100010800FF 02 00")
ANSWER = bytes.fromhex("C4 01 C1 00 06 00012345")
FRAME = "7E A0 07 03 21 93 0F 01 7E"


class Ran(NamedTuple):
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The only line on stderr."""
        (line,) = self.err.splitlines()
        assert line.startswith("dlmshark: ")
        return line.removeprefix("dlmshark: ")


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process."""

    def runner(*words: object) -> Ran:
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "\x1b" not in out + err
        return Ran(status, out, err)

    return runner


def lines_of(*words: str) -> list[str]:
    """Run the program in this process, where no fixture may. Returns the lines on its stdout."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(words) == 0
    return out.getvalue().splitlines()


def json_of(*words: str) -> list[Any]:
    """Run the program in this process. Returns what the lines on its stdout hold."""
    return [json.loads(line) for line in lines_of(*words)]


def spawn(*words: object, given: bytes | None = None, **options: object) -> Ran:
    """Run the program in a process of its own, *given* on its stdin."""
    command = [sys.executable, "-m", "analyzer.cli.main", *map(str, words)]
    ran = subprocess.run(command, input=given, capture_output=True, cwd=ROOT, timeout=60, **options)  # type: ignore[call-overload]
    err = ran.stderr.decode()
    assert "Traceback" not in err, err
    return Ran(ran.returncode, ran.stdout.decode(), err)


def pcap_octets(*, digits: int = 6) -> bytes:
    """A capture of one exchange over TCP: four packets, two records."""
    chunks = wrapper_conversation([asked(GET), answered(ANSWER)])
    records = [pcap_record(one.octets, fraction=one.number) for one in chunks]
    return pcap_header(digits=digits) + b"".join(records)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A capture file with two records."""
    path = tmp_path / "capture.pcap"
    path.write_bytes(pcap_octets())
    return path
