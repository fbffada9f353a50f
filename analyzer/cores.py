"""How many processes are worth their beginning; nothing heavy is loaded here, for small captures ask too."""

from __future__ import annotations

import os

_LARGE = 16 << 20
_MOST_READERS = 8
"""Each reads the whole capture, and decodes its share."""


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def readers(octets: int | None) -> int:
    """Tell how many processes are worth their beginning to read a capture of so many *octets*."""
    return min(cores(), _MOST_READERS) if (octets or 0) >= _LARGE else 1
