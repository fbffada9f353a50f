"""What the doctor adds to healthy traffic: commands and rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from tests.bench.entries import MIDDLE, SHORT, SMALL, Command, Row, Runs
from tests.bench.healthy import records
from tests.bench.traffic import capture

KINDS = {"healthy-wrapper": "wrapper", "healthy-hdlc": "HDLC"}
_GOAL = 3
"""µs a record: half of what decoding takes."""


def commands(short: bool) -> dict[str, Command]:
    """The commands to run: each size with the doctor and without."""
    return {
        _name(command, kind, size): Command(("dlmshark", *words, "FILE"), kind, size)
        for kind in KINDS
        for size in _sizes(short)
        for command, words in (("quiet", ("decode", "-q")), ("doctor", ("doctor",)))
    }


def rows(short: bool) -> list[Row]:
    """The figures: the doctor less decoding, in two sizes, so that start-up falls out."""
    return [
        Row(
            f"doctor adds, healthy {text}", "µs a record", _GOAL, _added(kind, short), tuple(
                _name(command, kind, size) for size in _sizes(short) for command in ("doctor", "quiet")
            ), _name("quiet", kind, _sizes(short)[1]),
        )
        for kind, text in KINDS.items()
    ]  # fmt: skip


def _sizes(short: bool) -> tuple[int, int]:
    return (SHORT // 4, SHORT) if short else (SMALL, MIDDLE)


def _name(command: str, kind: str, size: int) -> str:
    return f"{command} {kind}, {size:,}"


def _added(kind: str, short: bool) -> Callable[[Runs], float]:
    small, large = _sizes(short)

    def value(runs: Runs) -> float:
        one, other = (
            runs[_name("doctor", kind, size)].cpu_s - runs[_name("quiet", kind, size)].cpu_s for size in (large, small)
        )
        return (one - other) / (_count(kind, large) - _count(kind, small)) * 1e6

    return value


@lru_cache
def _count(kind: str, size: int) -> int:
    return records(capture(kind, size))
