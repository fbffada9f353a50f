"""The documents: what they show of the program is what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
