"""Names of live sources, told from names of files by how they begin."""

import re

INTERFACE, PORT = "iface", "serial"
"""What stands before the colon of a name."""
URL = re.compile(r"(rfc2217|socket|loop|spy|hwgrep|alt)://", re.IGNORECASE)

_OCTETS = re.compile(r"(?![A-Za-z]+$)[0-9A-Fa-f :]{2,}")
_QUOTES = ("'", '"', "\N{LEFT DOUBLE QUOTATION MARK}", "\N{DOUBLE LOW-9 QUOTATION MARK}")
"""As in cmd.exe, which knows the double one alone, or in what was copied from a document."""


def missing_hint(name: str) -> str:
    """Say what *name* may be that names no file: a live source, octets, what stands in quotes; else ""."""
    return live_hint(name) or ("; octets are given with --hex" if _OCTETS.fullmatch(name) else "")


def live_hint(name: str) -> str:
    """Say why *name* is no file: which command takes a live source, or that it stands in quotes; else ""."""
    is_live = name.startswith((f"{INTERFACE}:", f"{PORT}:")) or URL.match(name)
    if is_live:
        return f"; a live source is listened to with dlmshark live {name}"
    return (
        "; its quotes were taken for letters of the name: double quotes were expected, or none"
        if name[:1] in _QUOTES and name
        else ""
    )
