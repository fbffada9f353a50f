"""`python -m tests.bench.screens FILE`: the terminal UI over it, in a terminal and headless. Prints name and figure a line.

First paint and first rows are those of the program in a terminal of 80 by 24, start-up included; keys are pressed in a
pilot at 140 by 40, while the capture is read and afterwards.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from tests.bench.entries import Figures

FIGURES: Figures = (
    ("paint", "TUI: first paint", "s", 0.5),
    ("bare", "first paint of a Textual program with nothing on its screen", "s", None),
    ("rows", "TUI: first rows", "s", 1.0),
    ("key", "TUI: key to repaint, median", "ms", 50),
    ("key99", "TUI: key to repaint, 99th percentile", "ms", 150),
    ("reading", "TUI: key to repaint while the capture is read, median", "ms", 50),
    ("reading99", "TUI: key to repaint while the capture is read, 99th percentile", "ms", 150),
    ("pages", "TUI: time for a page of 1 / 30 s", "of it", 1),
    ("memory", "TUI: memory over the interpreter with its imports", "MB", 150),
)
_BARE = "from textual.app import App; App().run()"
_STARTS, _KEYS, _PAGES, _LIMIT_S = 3, 200, 90, 60


def measured(file: Path) -> dict[str, float]:
    """The figures over *file*, by name; empty where it fails."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.screens", str(file)], capture_output=True, text=True)
    return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}


def _starts(statement: str, *words: str, until: bytes) -> float:
    """Seconds from the start of a program in a terminal until it has written *until*; a median."""
    from tests.tui.pseudo_terminal import Terminal

    took = []
    for _ in range(_STARTS):
        began = time.perf_counter()
        terminal = Terminal(statement, *words, home=Path(tempfile.mkdtemp()))
        terminal.wait_for(until, _LIMIT_S)
        took.append(time.perf_counter() - began)
        terminal.process.kill()
        terminal.process.wait()
    return median(took)


async def _headless(file: Path) -> dict[str, float]:
    from analyzer.tui.app import DlmsharkApp
    from analyzer.tui.options import Options
    from analyzer.tui.settings import Settings
    from tests.tui.driving import LARGE, main_of

    found: dict[str, float] = {}
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    app = DlmsharkApp(Options((str(file),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))
    async with app.run_test(size=LARGE) as pilot:

        async def press(key: str, times: int, while_read: bool = False) -> list[float]:
            took: list[float] = []
            while len(took) < times and not (while_read and app.capture.progress.is_done):
                began = time.perf_counter()
                await pilot.press(key)
                took.append((time.perf_counter() - began) * 1000)
            return took

        while not main_of(app).records.count:
            await pilot.pause(0.005)
        for name, times in (("reading", await press("down", _KEYS, while_read=True)), ("key", [])):
            if not times:
                while not app.capture.progress.is_done:
                    await pilot.pause(0.1)
                times = await press("down", _KEYS)
            found |= {name: median(times), f"{name}99": quantiles(times, n=100)[98]}
        found["pages"] = median(await press("pagedown", _PAGES)) * 30 / 1000
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - before_mb
    return found


def main() -> None:
    """Run the program."""
    from analyzer.tui import app  # noqa: F401 -- imports are not the capture's memory
    from tests.tui.pseudo_terminal import ALTERNATE, OPEN

    file = sys.argv[1]
    found = {
        "bare": _starts(_BARE, until=ALTERNATE),
        "paint": _starts(OPEN, file, until=b"Record"),
        "rows": _starts(OPEN, file, until=b"AARQ"),
    } | asyncio.run(_headless(Path(file)))
    for name, value in found.items():
        print(name, value)


if __name__ == "__main__":
    main()
