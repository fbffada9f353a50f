"""The control characters of IEC 62056-21, and the verdict on a block check character: what framers and layers share.

Source: IEC 62056-21 (Direct local data exchange), block check character.
"""

from __future__ import annotations

import re

from dissectors import checks

SOH, STX, ETX, EOT, ACK, NAK = 0x01, 0x02, 0x03, 0x04, 0x06, 0x15
BARE_SELECT = re.compile(rb"[0-9][0-9A-I][0-9A-Z]\r?\n")
"""An option select whose ACK a terminal has left out."""
_ENDS = (ETX, EOT)


def judge(message: bytes) -> tuple[str, int]:
    """Judge the check character at the end of a *message*: ``ok``, ``sum`` or ``wrong``, and the one computed."""
    covered = message[1:-1] if message[:1] in (b"\x01", b"\x02") else message[:-1]
    expected = checks.bcc(covered)
    if message[-1] == expected:
        return "ok", expected
    # field: Energomera (corpus iec-ce301-prog-session) sums up
    return ("sum" if message[-1] == checks.sum_bcc(covered) else "wrong"), expected


def has_check_character(message: bytes) -> bool:
    """Tell whether *message* ends with one, which may be 03 or 04 itself, and not with its ETX or EOT."""
    return message[-1] not in _ENDS or (len(message) > 1 and message[-2] in _ENDS)
