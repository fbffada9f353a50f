"""Logical names and how they are written: ``A-B:C.D.E*F``, with dots alone, or as hex.

Source: IEC 62056-6-1.
"""

import re

_WRITTEN = r"(\d+)[-.](\d+)[:.](\d+)\.(\d+)\.(\d+)(?:[*.&](\d+))?"


def obis_text(logical_name: bytes) -> str:
    """Write a logical name as ``A-B:C.D.E*F``; octets that are not six as hex. Total: never raises on octets."""
    if len(logical_name) != 6:
        return logical_name.hex().upper()
    a, b, c, d, e, f = logical_name
    return f"{a}-{b}:{c}.{d}.{e}*{f}"


def obis_from_text(text: str) -> bytes:
    """Read a logical name from ``1-0:1.8.0*255``, ``1.0.1.8.0.255``, ``1-0:1.8.0`` (F is 255 then) or 12 hex digits.

    Raises: ValueError with one line that says what was expected.
    """
    stripped = text.strip()
    written = re.fullmatch(_WRITTEN, stripped, re.ASCII)
    if written:
        groups = [int(group or 255) for group in written.groups()]
        if max(groups) <= 255:
            return bytes(groups)
        raise ValueError(f"OBIS code {stripped!r}: a value group is more than 255")
    digits = re.sub(r"[\s:]", "", stripped)
    if re.fullmatch(r"[0-9A-Fa-f]{12}", digits):
        return bytes.fromhex(digits)
    raise ValueError(f"OBIS code {stripped!r}: expected six value groups such as 1-0:1.8.0*255, or 12 hex digits")
