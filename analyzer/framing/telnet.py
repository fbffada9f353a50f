"""Octets of a line behind a terminal server that speaks telnet: FF is doubled on the wire, here it is one again.

Not every server doubles: what it does is told by the first frame that is whole in one reading and not in the other.

Source: RFC 854 (IAC), RFC 856 (binary transmission).
"""

from __future__ import annotations

from analyzer.framing.hdlc_header import announced_length
from dissectors.checks import fcs_is_good

_IAC = b"\xff"
_FLAG = b"\x7e"
_WRAPPER_HEADER = 8


class TelnetSide:
    """One direction of a connection; see `undo`."""

    def __init__(self) -> None:
        self.doubles: bool | None = None
        """Whether FF is doubled; None while nothing has told."""
        self._is_half = False

    def undo(self, octets: bytes) -> bytes:
        """Give *octets*, the next of this direction, as they were before the server. Total."""
        if self.doubles is None and _IAC + _IAC in octets:
            undone = octets.replace(_IAC + _IAC, _IAC)
            as_is, once = _is_frame(octets), _is_frame(undone)
            if as_is != once:
                self.doubles = once
        if not self.doubles or _IAC not in octets:
            self._is_half = False
            return octets
        if self._is_half and octets.startswith(_IAC):
            octets = octets[1:]  # its other half stood at the end of the segment before
        self._is_half = (len(octets) - len(octets.rstrip(_IAC))) % 2 == 1
        return octets.replace(_IAC + _IAC, _IAC)


def _is_frame(octets: bytes) -> bool:
    """Tell whether *octets* are one HDLC frame with a good FCS, or one wrapper PDU."""
    if octets[:1] == _FLAG and octets[-1:] == _FLAG and len(octets) > _WRAPPER_HEADER:
        return announced_length(octets, 1) == len(octets) - 2 and fcs_is_good(octets[1:-1])
    return octets[:2] == b"\0\1" and len(octets) == _WRAPPER_HEADER + int.from_bytes(octets[6:8], "big")
