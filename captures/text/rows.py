"""Rows below a unit that lacks octets, whatever stands before and beside them; and copies of units given before."""

import re
from collections import deque

from captures.text.octets import shows
from captures.text.units import begins_another

_ROW = re.compile(
    rb"[^0-9A-Za-z]*((?:[0-9A-Fa-f]{2})++(?:[ \t]+(?:[0-9A-Fa-f]{2})+(?![0-9A-Fa-f]))*)"
    rb"(?:[ \t]+([^0-9A-Za-z \t].*|\S{2,}.*))?\s*"
)
"""Octets in any grouping, with signs of a comment before them, and perhaps their characters beside them."""
_LONGEST, _MOST_KEPT = 512, 64


def row_below(line: bytes, lacks: int, *, is_frame: bool = False) -> bytes:
    """Give the octets of a row that goes on with a unit which lacks *lacks* octets; none if it is no such row.

    *is_frame* says that the unit is a frame of HDLC. A single octet may be a word or a number, unless it is the last.
    """
    found = _ROW.fullmatch(line) if lacks and len(line) <= _LONGEST else None
    if found is None:
        return b""
    octets = bytes.fromhex(found[1].decode())
    if not 1 + (lacks > 1) <= len(octets) <= lacks or begins_another(octets, lacks, is_frame=is_frame):
        return b""
    beside = (found[2] or b"").strip()
    return octets if not beside or (2 * len(beside) >= len(octets) and shows(beside, octets)) else b""


class Copies:
    """The units of a text that were given whole, so that what a person copied out of them is known."""

    def __init__(self) -> None:
        self._units: deque[bytes] = deque(maxlen=_MOST_KEPT)

    def keep(self, unit: bytes) -> None:
        """Remember a unit that was given."""
        self._units.append(unit)

    def begins(self, octets: bytes) -> bool:
        """Tell whether *octets* are the beginning of a unit that was given."""
        return any(len(octets) < len(unit) and unit.startswith(octets) for unit in self._units)

    def is_inside(self, octets: bytes) -> bool:
        """Tell whether *octets* stand within the unit that was given last."""
        return bool(self._units) and len(octets) < len(self._units[-1]) and octets in self._units[-1]
