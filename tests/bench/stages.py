"""`python -m tests.bench.stages FILE`: each stage by itself, in one process: what one more of them adds to a record."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.entries import Figures

_REPEATED = 3
FIGURES: Figures = (
    ("read", "stage: packets out of the file", "µs a packet", None),
    ("peel", "stage: TCP payload out of packets", "µs a packet", None),
    ("records", "stage: connections, frames, APDUs, requests and answers", "µs a packet", None),
    ("rows", "stage: records to rows", "µs a record", None),
    ("frame", "stage: rows to columns", "µs a record", None),
    ("pack", "stage: records to what an index keeps of them", "µs a record", None),
    ("values", "stage: values with names, scalers and units", "µs a record", None),
    ("tree", "stage: records to trees", "µs a record", None),
    ("line", "stage: records to lines", "µs a record", None),
    ("json", "stage: records to JSON with layers", "µs a record", None),
)


def measured(file: Path) -> dict[str, float]:
    """The figures by name. Raises: SubprocessError."""
    command = [sys.executable, "-m", "tests.bench.stages", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}


def _seconds(call: Callable[[], object]) -> float:
    """The shortest of some runs, by CPU time."""
    times = []
    for _ in range(_REPEATED):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return min(times)


def _each(function: Callable[[Any], object], items: list[Any]) -> Callable[[], None]:
    def run() -> None:
        for item in items:
            function(item)

    return run


def stages(name: str) -> Iterator[tuple[str, float]]:
    """Measure the capture *name*: stage by stage, in microseconds."""
    import gc

    from analyzer.detail import detail
    from analyzer.export.json_lines import JsonLines
    from analyzer.export.text import TextLines
    from analyzer.index.packing import pack
    from analyzer.index.rows import Rows
    from analyzer.pipeline import Pipeline
    from analyzer.session import Session
    from analyzer.table.table import frame_of
    from captures import open_source
    from captures.network import Network

    chunks = list(open_source(name))
    session = Session(open_source(name))
    records = list(session.records())
    gc.freeze()
    gc.disable()
    packet, record = 1e6 / len(chunks), 1e6 / len(records)
    read = _seconds(lambda: _each(id, open_source(name))())  # type: ignore[arg-type]
    yield "read", read * packet
    yield "peel", _seconds(_each(Network().peel, chunks)) * packet
    whole = _seconds(lambda: _each(id, Pipeline().run(open_source(name)))())  # type: ignore[arg-type]
    yield "records", (whole - read) * packet
    yield "rows", _seconds(_each(Rows().row, records)) * record
    cells = list(map(Rows().row, records))
    yield "frame", _seconds(lambda: frame_of(cells)) * record
    yield "pack", _seconds(_each(pack, records)) * record
    values = _seconds(_each(session.values, records))
    yield "values", values * record
    yield "tree", _seconds(_each(detail, records)) * record
    line = TextLines(lambda: 9, values=session.values).line
    yield "line", _seconds(_each(line, records)) * record
    yield "json", _seconds(_each(JsonLines(lambda: 9, layers=True).line, records)) * record


if __name__ == "__main__":
    for figure, value in stages(sys.argv[1]):
        print(figure, value)
