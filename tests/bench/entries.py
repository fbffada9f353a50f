"""What a benchmark is made of: commands, and figures that come out of their runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.measure import Measurement

SMALL, MIDDLE, LARGE, SHORT = 10_000, 100_000, 1_000_000, 20_000
TEXT_OCTETS = 4_000_000
Runs = dict[str, Measurement]
Figures = tuple[tuple[str, str, str, float | None], ...]
"""Figures that are measured together: name, text, unit, goal (None: no page names one)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line; `dlmshark`, `tshark` and `python` stand for the programs, FILE for the capture."""

    line: tuple[str, ...]
    kind: str = ""
    packets: int = 0
    interleave: int = 1
    warms: bool = False
    """Whether it is run once before without being measured: it leaves behind what all other runs find."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: how it comes out of the runs, its unit, and what it should stay below."""

    figure: str
    unit: str
    goal: float | None  # None: the page names none, the figure is for comparison
    value: Callable[[Runs], float]
    needs: tuple[str, ...]
    yardstick: str = ""  # the run to name beside it
