"""`python -m tests.bench.table FILE`: the index, memory and filters over it, measured in one process; and rows of commands."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.entries import LARGE, SHORT, Command, Figures, Row, Runs

COLUMN_FILTERS = (
    "get", "obis == 1-0:1.8.*", "latency > 15ms", "host == 10.1.0.7", "port == 4059", "result == object-undefined",
    'lane matches "10.1.0.7:"', 'time > "08:55"', "get-response && raw > 1000 && !(obis == 1-0:1.8.*)",
)  # fmt: skip
DEEP_FILTER = "result != success && get-response.invoke-id >= 0"
"""About one record in a hundred is refused; the tree of each is looked into."""
PROFILE_FILTER = "number <= {last} && apdu == get-response-with-datablock && get-response.invoke-id >= 0"
"""About one in a hundred: blocks of load profiles among the first records, up to *last*."""
FIGURES: Figures = (
    ("load", "an index opened again", "s", 1.0),
    ("memory", "memory of a capture's rows over the imports", "MB", 120.0),
    ("column", "the slowest of nine filters over columns, once asked before", "ms", 50.0),
    ("deep", "a filter that looks into the records that columns leave", "s", 2.0),
    ("looked", "records that it looked into", "", None),
    ("profiles", "a filter by a name of the tree, over blocks of load profiles", "s", 2.0),
    ("record", "a record by its number", "µs", None),
)  # fmt: skip


def commands(short: bool) -> dict[str, Command]:
    """The commands to run."""
    size = SHORT if short else LARGE
    return {
        "stats": Command(("dlmshark", "stats", "--workers", "1", "FILE"), "wrapper", size),
        "stats, index": Command(
            ("dlmshark", "stats", "--index", "--workers", "1", "FILE"), "wrapper", size, warms=True
        ),
        "stats, meters": Command(("dlmshark", "stats", "--workers", "1", "FILE"), "wrapper", size, 32),
        "stats, meters, two": Command(("dlmshark", "stats", "--workers", "2", "FILE"), "wrapper", size, 32),
        "tshark io,phs": Command(("tshark", "-n", "-r", "FILE", "-q", "-z", "io,phs"), "wrapper", size),
    }


def rows(short: bool) -> list[Row]:
    """The figures of the commands."""
    return [
        Row("`stats` / tshark -q -z io,phs", "× CPU", 0.7, _ratio("stats"), ("stats", "tshark io,phs"), "tshark io,phs"),
        Row(
            "`stats --index` / tshark -q -z io,phs", "× CPU", 0.15, _ratio("stats, index"),
            ("stats, index", "tshark io,phs"), "tshark io,phs",
        ),
        Row(
            "`stats --workers 2` / `stats`, 32 meters", "× wall", None,
            lambda runs: runs["stats, meters, two"].wall_s / runs["stats, meters"].wall_s,
            ("stats, meters", "stats, meters, two"), "stats, meters",
        ),
        Row(
            "the same on two free cores, reckoned from CPU", "× CPU", None,
            lambda runs: runs["stats, meters, two"].cpu_s / 2 / runs["stats, meters"].cpu_s,
            ("stats, meters", "stats, meters, two"), "stats, meters",
        ),
    ]  # fmt: skip


def _ratio(ours: str) -> Callable[[Runs], float]:
    return lambda runs: runs[ours].cpu_s / runs["tshark io,phs"].cpu_s


def measured(file: Path) -> dict[str, float]:
    """The figures of one process over *file*, by name; empty where it fails."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.table", str(file)], capture_output=True, text=True)
    return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def _measure(name: str) -> dict[str, float]:
    import polars

    from analyzer.index import saved
    from analyzer.index.filtering import FilterRun

    # in another process: what it takes to make an index is none of the memory to hold one
    subprocess.run([sys.executable, "-c", f"from tests.bench.table import make; make({name!r})"], check=True)
    polars.DataFrame({"column": [1]}).filter(polars.col("column") > 0)
    gc.collect()
    before, began = _resident_mb(), time.perf_counter()
    kept = saved.load([name], None, None)
    assert kept is not None
    records, _ = kept
    found = {"load": time.perf_counter() - began, "memory": _resident_mb() - before}

    def run(text: str) -> tuple[float, FilterRun]:
        began = time.process_time()
        run = FilterRun(records, text)
        while not run.is_done:
            run.poll()
        return time.process_time() - began, run

    found["column"] = max(min(run(text)[0] for _ in range(4)) for text in COLUMN_FILTERS) * 1e3
    found["deep"], last = run(DEEP_FILTER)
    found["looked"] = last.progress.looked_into
    found["profiles"] = run(PROFILE_FILTER.format(last=records.table.height // 4))[0]
    numbers = range(1, records.table.height, max(records.table.height // 500, 1))
    began = time.process_time()
    for number in numbers:
        records.record(number)
    found["record"] = (time.process_time() - began) / len(numbers) * 1e6
    return found


def make(name: str) -> None:
    """Index the capture *name* and keep the index beside it, unless one is there that fits."""
    from analyzer.index import saved
    from captures import open_source

    if saved.load([name], None, None) is not None:
        return
    with open_source(name) as source:
        saved.make(source, name, saved.Way())


if __name__ == "__main__":
    for figure, value in _measure(sys.argv[1]).items():
        print(figure, value)
