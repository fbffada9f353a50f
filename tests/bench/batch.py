"""`python -m tests.bench.batch`: `batch` over many captures by one process and by two, in turn, and whether both wrote the same.

Wall time tells only where two cores are free. What two free cores would take follows from CPU: what the first process does
itself, and half of what its workers do.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tests.bench.entries import Figures
from tests.bench.traffic import KEYS, many

FILES, FILES_SHORT = 200, 20
_MOST_ROUNDS = 3
FIGURES: Figures = (
    ("one", "`batch` over many captures, one process", "s CPU", None),
    ("wall", "`batch`, two processes / one (the goal is 1.7 times as fast)", "× wall", 0.588),
    ("cores", "the same on two free cores, reckoned from CPU", "× CPU", 0.588),
)


class Cost(NamedTuple):
    """What a run took: seconds of CPU of the process and of its workers, seconds on the wall; what it wrote."""

    own: float
    workers: float
    wall: float
    written: str


def measured(rounds: int, *, short: bool = False) -> dict[str, float]:
    """The figures by name, medians of some pairs of runs. Raises: NoTrafficError; RuntimeError where the rows differ."""
    folder = many(FILES_SHORT if short else FILES)
    pairs = [(_run(folder, 1), _run(folder, 2)) for _ in range(min(rounds, _MOST_ROUNDS))]
    if len({cost.written for pair in pairs for cost in pair}) != 1:
        raise RuntimeError("what is written depends on the number of processes")
    return {
        "wall": statistics.median(two.wall / one.wall for one, two in pairs),
        "cores": statistics.median((two.own + two.workers / 2) / (one.own + one.workers) for one, two in pairs),
        "one": statistics.median(one.own + one.workers for one, _ in pairs),
    }


def _run(folder: Path, workers: int) -> Cost:
    """Run the program in a process of its own, into a data set of its own."""
    with tempfile.TemporaryDirectory(prefix="dlmshark-bench-") as out:
        command = [sys.executable, "-m", "tests.bench.batch", str(folder), out, str(workers)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return Cost(*json.loads(run.stdout.splitlines()[-1]), _digest(Path(out)))


def _digest(out: Path) -> str:
    """Digest the data set: names and octets of its files of rows."""
    digest = sha256()
    for path in sorted(out.rglob("*.parquet")):
        digest.update(str(path.relative_to(out)).encode() + path.read_bytes())
    return digest.hexdigest()


def _batch(folder: str, out: str, workers: str) -> None:
    """Run the command in this process, and print what it took."""
    from analyzer.cli.main import main

    began = time.perf_counter()
    keys = [word for key in KEYS for word in ("--key", key)]
    assert main(["batch", folder, "--out", out, "--workers", workers, *keys]) == 0
    found = os.times()
    own, below = found.user + found.system, found.children_user + found.children_system
    print(json.dumps([own, below, time.perf_counter() - began]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _batch(*sys.argv[1:])
    else:
        for figure, value in measured(_MOST_ROUNDS).items():
            print(figure, value)
