"""What a recording says of itself while it runs: one object that counts, and the line that is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable


class Status:
    """Counts of a recording."""

    def __init__(self, is_over: Callable[[], bool] = lambda: False) -> None:
        self.is_over = is_over
        """Tells whether the user wants it to end."""
        self.packets = 0
        self.octets = 0
        self.errors = 0
        self.dropped = 0
        """Packets that the system lost before they came here."""
        self.line = ""
        """The settings that a serial line is listened to with."""
        self.path = ""

    def count(self, packets: int, octets: int, errors: int = 0) -> None:
        """Count what came."""
        self.packets += packets
        self.octets += octets
        self.errors += errors

    def text(self) -> str:
        """Say it in one line."""
        parts = [f"{self.packets} packets", f"{self.octets} octets"]
        if self.errors:
            parts.append(f"{self.errors} line errors")
        if self.dropped:
            parts.append(f"{self.dropped} packets lost by the system")
        if self.line:
            parts.append(self.line)
        return " · ".join(parts)

    def json(self) -> str:
        """Say it for a program: one line of JSON."""
        return json.dumps(
            {
                "path": self.path, "packets": self.packets, "octets": self.octets, "line_errors": self.errors,
                "dropped": self.dropped, "line": self.line,
            }
        )  # fmt: skip
