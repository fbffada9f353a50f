"""What a recording says of itself while it runs: one object that counts, and the line that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_SHOWN_BEHIND = 100_000


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
        self.remark = ""
        """What was told of the line last."""
        self.modem = ""
        """How its control lines are held: ``RTS low, DTR low``."""
        self.paths: list[str] = []
        """The files that were begun; the last one grows."""

    @property
    def path(self) -> str:
        """The file that grows now."""
        return self.paths[-1] if self.paths else ""

    def count(self, packets: int, octets: int, errors: int = 0) -> None:
        """Count what came."""
        self.packets += packets
        self.octets += octets
        self.errors += errors

    def members(self, path: str = "") -> dict[str, Any]:
        """Say it for a program, with the file that grows now, or *path*."""
        return {
            "path": path or self.path, "packets": self.packets, "octets": self.octets, "line_errors": self.errors,
            "dropped": self.dropped, "line": self.line, "modem": self.modem,
            "remark": self.remark,
        }  # fmt: skip

    def text(self) -> str:
        """Say it in one line."""
        return status_text(self.members())


def status_text(members: Mapping[str, Any], behind: int = 0) -> str:
    """Say in one line what a recording says of itself, and by how many octets of its file the decoding is behind."""
    parts = [f"{members['packets']:,} packets", f"{members['octets']:,} octets"]
    if members["line_errors"]:
        parts.append(f"{members['line_errors']} line error{'s' * (members['line_errors'] != 1)}")
    if members["dropped"]:
        parts.append(f"{members['dropped']:,} packets lost by the system")
    parts += [members[name] for name in ("line", "modem") if members[name]]
    if behind >= _SHOWN_BEHIND:
        parts.append(f"decoding is {behind / 1e6:.1f} MB behind")
    return " · ".join(parts)


def why_no_record(members: Mapping[str, Any]) -> list[str]:
    """Say in sentences why there is no record yet, out of what a recording says of itself."""
    octets, packets, line = members["octets"], members["packets"], members["line"]
    if not line:
        return [f"{packets:,} packets came, none with anything of a meter yet." if packets else "No packet came yet."]
    if not octets:
        return [
            "Nothing was heard yet.",
            "A tap hears what others say: have the meter read; then look at the head, at the wires, at A and B.",
        ]
    settings = "Given settings may be wrong: without --baud and --format they are found."
    return [f"{octets:,} octets came, and none of them reads yet.", members.get("remark") or settings]
