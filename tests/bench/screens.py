"""`python -m tests.bench.screens FILE`: the terminal UI over it, in a terminal and headless. Prints name and figure a line.

First paint and first rows are those of the program in a terminal of 80 by 24, start-up included. Keys are pressed in
terminals (:mod:`tests.bench.keystrokes`), while the capture is read and afterwards. Pages are counted in a pilot of 140
by 40 as it shows them, each asked for when the one before is shown; and in a terminal, where their octets are counted in.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import ClassVar

from tests.bench.entries import Figures
from tests.memory import peak

FIGURES: Figures = (
    ("paint", "TUI: first paint", "s", 0.5),
    ("bare", "first paint of a Textual program with nothing on its screen", "s", None),
    ("rows", "TUI: first rows", "s", 1.0),
    ("key", "TUI: key to repaint, median", "ms", 50),
    ("key99", "TUI: key to repaint, 99th percentile", "ms", 150),
    ("reading", "TUI: key to repaint while the capture is read, median", "ms", 50),
    ("reading99", "TUI: key to repaint while the capture is read, 99th percentile", "ms", 150),
    ("key_small", "the same in a terminal of 80 by 24: key to repaint, median", "ms", 50),
    ("key_small99", "in 80 by 24: key to repaint, 99th percentile", "ms", 150),
    ("reading_small", "in 80 by 24: key to repaint while the capture is read, median", "ms", 50),
    ("reading_small99", "in 80 by 24: key to repaint while the capture is read, 99th percentile", "ms", 150),
    ("pages", "TUI: time for a page of 1 / 30 s", "of it", 1),
    ("paged", "the same in a terminal, with the way there and back", "of it", 1),
    ("memory", "TUI: memory over the interpreter with its imports", "MB", 150),
)
_BARE = "from textual.app import App; App().run()"
_STARTS, _KEYS, _PAGES, _LIMIT_S, _A_SECOND = 7, 300, 150, 60, 30


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
        terminal.kill()
    return median(took)


def _keys(file: Path) -> dict[str, float]:
    """Times of keys in terminals of both sizes; while it is read no index lies beside the capture."""
    from tests.bench.keystrokes import measured
    from tests.tui.driving import LARGE, SMALL

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        unread = Path(folder) / file.name
        unread.symlink_to(file.resolve())
        for suffix, size in (("", LARGE), ("_small", SMALL)):
            for name, of, while_read in (("key", file, False), ("reading", unread, True)):
                times = [one.ms for one in measured(of, size, _KEYS, while_read=while_read)]
                found |= {f"{name}{suffix}": median(times), f"{name}{suffix}99": quantiles(times, n=100)[98]}
    return found


async def _headless(file: Path) -> dict[str, float]:
    from textual import events

    from analyzer.tui.app import DlmsharkApp
    from analyzer.tui.options import Options
    from analyzer.tui.settings import Settings
    from tests.tui.driving import LARGE, main_of

    class Paging(DlmsharkApp):
        """Asks for the next page when one is shown."""

        CSS_PATH = Path(inspect.getfile(DlmsharkApp)).with_name("dlmshark.tcss")
        is_paging = False
        shown: ClassVar[list[tuple[int, float]]] = []

        def post_display_hook(self) -> None:
            """Take the time."""
            if self.is_paging and (not self.shown or self.main.shown != self.shown[-1][0]):
                self.shown.append((self.main.shown, time.perf_counter()))
                self.post_message(events.Key("pagedown", None))

    before_mb = peak() / 1e6
    app = Paging(Options((str(file),), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))
    async with app.run_test(size=LARGE) as pilot:
        while not main_of(app).records.count or not app.capture.progress.is_done:
            await pilot.pause(0.1)
        app.is_paging = True
        await pilot.press("pagedown")
        while len(app.shown) <= _PAGES:
            await asyncio.sleep(0.05)
        app.is_paging = False
        took = app.shown[_PAGES][1] - app.shown[0][1]
        memory = peak() / 1e6 - before_mb
    return {"pages": took / _PAGES * _A_SECOND, "memory": memory}


def main() -> None:
    """Run the program."""
    from analyzer.tui import app  # noqa: F401 -- imports are not the capture's memory
    from tests.bench.keystrokes import pages_a_second
    from tests.tui.driving import LARGE
    from tests.tui.pseudo_terminal import ALTERNATE, OPEN

    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its byte code
    file = sys.argv[1]
    found = {
        "bare": _starts(_BARE, until=ALTERNATE),
        "paint": _starts(OPEN, file, until=b"Record"),
        "rows": _starts(OPEN, file, until=b"AARQ"),
        "paged": _A_SECOND / pages_a_second(Path(file), LARGE, _PAGES),
    }
    found |= _keys(Path(file)) | asyncio.run(_headless(Path(file)))
    for name, value in found.items():
        print(name, value)


if __name__ == "__main__":
    main()
