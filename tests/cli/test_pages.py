"""The pages under docs/ and the README show what the program says: each example on a bundled sample is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
_FILE = re.compile(r"[\w*./-]+\.(?:pcap|pcapng|txt|toml|csv|json)\b")
_EDITS = "$EDITOR"


class Example(NamedTuple):
    page: str
    command: str
    says: tuple[str, ...]


def _examples() -> list[Example]:
    """Commands behind ``$`` in code blocks, with the lines that stand below them."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```\w*\n(\$ .*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, says = part.partition("\n")
                found.append(Example(page.name, command, tuple(_words(says))))
    return found


def _words(text: str) -> list[str]:
    """Lines with single blanks: columns may stand nearer to each other on a page."""
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line.strip("… ")]


def _is_shown(line: str, said: list[str]) -> bool:
    """Whether a line was said; ``…`` on a page stands for anything."""
    pattern = re.compile(".*".join(map(re.escape, re.split(r"\s*…\s*", line))))
    return any(pattern.fullmatch(one) for one in said)


EXAMPLES = [
    one
    for one in _examples()
    if _EDITS not in one.command and all((ROOT / name).exists() for name in _FILE.findall(one.command))
]
"""Those that name no file of the reader's own."""


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.page}: {one.command}"[:70])
def test_page_shows_what_is_said(example: Example) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TZ": "UTC"}
    ran = subprocess.run(
        example.command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    said = _words(ran.stdout + ran.stderr)
    assert [line for line in example.says if not _is_shown(line, said)] == []
