"""What the project tests ask of the checkout: its files, their syntax trees, and modules loaded in a fresh interpreter."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("analyzer", "dissectors", "captures")


@cache
def files() -> tuple[Path, ...]:
    """Every file that git tracks or would track, so that a new file is judged before its first commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (Path(name) for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


def sources(*folders: str) -> list[Path]:
    """The Python files of these top-level folders."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in folders]


@cache
def syntax(path: Path) -> ast.Module:
    """The syntax tree of one file of the checkout."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def modules_after(statement: str) -> set[str]:
    """The names in sys.modules after a statement in a fresh interpreter."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))
