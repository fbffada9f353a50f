"""A client script passes mypy --strict against the packages, by the names that the documents use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CLIENT = """
import analyzer
from analyzer import CaptureError, Trace
from dissectors import GetRequestNormal, Hdlc, apdu_json, read_apdu
from dissectors.all import Aarq, Llc, bind
from dissectors.tree import Node


def names(path: str) -> list[str]:
    with analyzer.open(path, where="get-response") as trace:
        return [value.name for record in trace for value in trace.values(record)]


def build() -> bytes:
    bind()
    return bytes(Hdlc() / Llc() / GetRequestNormal(invoke_id=2)) + bytes(Aarq())


def tree(octets: bytes) -> Node:
    return read_apdu(octets)


trace: Trace = analyzer.decode(build())
print(names("x"), apdu_json(b""), CaptureError, trace)
print(analyzer.opne)  # type: ignore[attr-defined]  # a wrong name is told
"""


@pytest.mark.parametrize("package", ["analyzer", "captures", "dissectors"])
def test_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_client_script_passes_a_strict_checker(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(script)],
        capture_output=True, text=True, cwd=tmp_path, timeout=300, env={"MYPYPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
