"""`python -m tests.bench.profile WORDS`: where the time of one command goes, by samples of CPU time, not by tracing.

A sample names the function of ours that runs then; what it calls in the interpreter or in a library counts as its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench.traffic import ROOT

_EVERY_S = 0.001
_MOST_FUNCTIONS = 12
_PACKAGES = ("analyzer", "dissectors", "captures")


def _sampled(words: list[str]) -> Counter[tuple[str, str]]:
    """Run the program in this process, its output thrown away. Returns samples by module and function."""
    from analyzer.cli.main import main

    found: Counter[tuple[str, str]] = Counter()

    def take(number: int, frame: FrameType | None) -> None:
        while frame is not None and not (place := _place(frame))[0]:
            frame = frame.f_back
        found[place if frame is not None else ("interpreter", "")] += 1

    signal.signal(signal.SIGPROF, take)
    with open(os.devnull, "w") as nothing:
        sys.stdout = nothing
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
        try:
            main(words)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stdout = sys.__stdout__
    return found


def _place(frame: FrameType) -> tuple[str, str]:
    """Name module and function of a frame; nothing where it is none of ours."""
    code = frame.f_code
    name: Any = frame.f_globals.get("__name__", "")
    if code.co_filename.startswith("<generated"):
        return "dissectors (generated)", code.co_filename.strip("<>").removeprefix("generated ")
    if name.partition(".")[0] in _PACKAGES and Path(code.co_filename).is_relative_to(ROOT):
        return name, code.co_qualname
    return "", ""


def part_of(module: str) -> str:
    """Name the part that a module belongs to: a package, or a module beside packages."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "analyzer" else parts[0]


def lines(words: list[str], title: str) -> list[str]:
    """The shares of one command as a table. Raises: SubprocessError."""
    command = [sys.executable, "-m", "tests.bench.profile", *words]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return [f"Where the time of `{title}` goes:", "", *run.stdout.splitlines()]


def main() -> int:
    """Print the shares by part, and the functions that take most."""
    found = _sampled(sys.argv[1:])
    total = sum(found.values()) or 1
    parts: Counter[str] = Counter()
    for (module, _), count in found.items():
        parts[part_of(module)] += count
    print("| part | share of CPU |", "| --- | ---: |", sep="\n")
    for part, count in parts.most_common():
        if count * 200 >= total:
            print(f"| {part} | {count / total:.1%} |")
    print("", "| function | share of CPU |", "| --- | ---: |", sep="\n")
    for (module, name), count in found.most_common(_MOST_FUNCTIONS):
        print(f"| `{module}` {name} | {count / total:.1%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
