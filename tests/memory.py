"""How much memory a process took at its most."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak() -> int:
    """Give the octets that this process held at its most.

    Where the system tells it of the program alone: what `getrusage` says is at least what the process that started this
    one held, for it outlives the start of a program.
    """
    if _STATUS.exists() and (
        found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii", errors="replace"))
    ):
        return int(found[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
