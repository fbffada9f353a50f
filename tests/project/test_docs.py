"""The documents: what they show of the program is what it prints."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli.main import main
from captures.samples import samples
from tests.conftest import ROOT

_BLOCK = re.compile(r"^```\w*\n(\$ .*?)^```", re.MULTILINE | re.DOTALL)
_BLANKS = re.compile(r"[ \n]+")
_FILE = re.compile(r"\S+\.(?:pcapng|pcap|csv|txt|toml)\b|ring\*")


def _examples() -> list[tuple[str, str, str]]:
    """Give page, command and output of everything that stands behind a ``$``."""
    found = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((page.name, command, output))
    return found


def _can_run(command: str) -> bool:
    return command.startswith("dlmshark ") and all((ROOT / name).exists() for name in _FILE.findall(command))


EXAMPLES = _examples()
RUNNING = [one for one in EXAMPLES if _can_run(one[1])]


def test_page_on_json_has_every_member_and_its_example_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    members = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    printed: dict[str, list[dict[str, Any]]] = {}
    for sample in samples():
        keys = ["-k", str(sample.keys)] if sample.keys else []
        assert main(["decode", "--json", str(sample.path), *keys]) == 0
        printed[sample.name] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {name for records in printed.values() for record in records for name in record} <= members
    shown = json.loads(example)
    record = printed["ln-wrapper"][shown["number"] - 1]
    assert list(shown.items()) == list(record.items())


def test_examples_on_samples_are_found() -> None:
    assert len(RUNNING) >= 6  # the others are on captures that only their page knows


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a shell")
@pytest.mark.parametrize(("page", "command", "output"), RUNNING, ids=[f"{one[0]}: {one[1]}" for one in RUNNING])
def test_example_prints_what_its_page_shows(page: str, command: str, output: str) -> None:
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        command, shell=True, capture_output=True, cwd=ROOT, timeout=60, env=os.environ | {"PATH": folders, "TZ": "UTC"}
    )
    printed = _BLANKS.sub(" ", (ran.stdout + ran.stderr).decode()).strip()
    shown = re.escape(_BLANKS.sub(" ", output).strip()).replace("…", ".*")
    assert re.fullmatch(shown + (".*" if "…" in output else ""), printed), printed
