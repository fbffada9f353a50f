"""How fast the terminal UI is on a large capture: ``python -m tests.tui.speed CAPTURE``. Prints a Markdown table."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from tests.memory import peak
from tests.tui.driving import LARGE, main_of

_KEYS, _FRAMES, _JUMPS = 200, 150, 30
_MS = 1000


class Clock:
    """Wall time and the processor time of this process, in milliseconds."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.processor: list[float] = []

    async def press(self, pilot: Pilot[None], *keys: str) -> None:
        """Press keys, and take the time until all is drawn."""
        wall, processor = time.perf_counter(), time.process_time()
        await pilot.press(*keys)
        self.walls.append((time.perf_counter() - wall) * _MS)
        self.processor.append((time.process_time() - processor) * _MS)

    def text(self) -> str:
        """Median and 99th percentile of both."""
        cuts = [quantiles(one, n=100)[98] for one in (self.walls, self.processor)]
        return f"{median(self.walls):.1f} / {cuts[0]:.1f} ms wall, {median(self.processor):.1f} / {cuts[1]:.1f} ms processor"


async def measure(path: str) -> list[tuple[str, str]]:
    """Open *path*, press keys while it is read and afterwards. Returns rows of what and how fast."""
    app = DlmsharkApp(Options((path,), theme="dark"), None, Settings(Path(tempfile.mkdtemp())))
    found = []
    began = time.perf_counter()
    async with app.run_test(size=LARGE) as pilot:
        main = main_of(app)
        while not main.records.count:
            await pilot.pause(0.005)
        found.append(("first rows", f"{time.perf_counter() - began:.2f} s"))
        reading = Clock()
        while not app.capture.progress.is_done and len(reading.walls) < _KEYS:
            await reading.press(pilot, "down")
        if len(reading.walls) > 2:
            found.append(("key to repaint while it is read, median / 99 %", reading.text()))
        while not app.capture.progress.is_done:
            await pilot.pause(0.1)
        found.append(("read", f"{app.capture.table.height} records in {app.capture.progress.seconds:.1f} s"))
        for name, keys, count in (("key to repaint", "down", _KEYS), ("page", "pagedown", _FRAMES)):
            clock = Clock()
            for _ in range(count):
                await clock.press(pilot, keys)
            found.append((f"{name}, median / 99 %", clock.text()))
            if keys == "pagedown":
                found.append(("pages a second", f"{_MS * len(clock.walls) / sum(clock.walls):.0f}"))
        jumps = Clock()
        for at in range(_JUMPS):
            number = 1 + (at * 7919 * 101) % app.capture.table.height
            await jumps.press(pilot, *str(number), "G")
        found.append(("jump to a record, median / 99 %", jumps.text()))
        found.append(("memory at its most", f"{peak() / (1 << 20):.0f} MiB"))
    return found


def main() -> None:
    """Run the program."""
    print("| what | figure |\n| --- | --- |")
    for name, figure in asyncio.run(measure(sys.argv[1])):
        print(f"| {name} | {figure} |")


if __name__ == "__main__":
    main()
