"""Names of live sources, told from names of files by how they begin."""

import re

INTERFACE, PORT = "iface", "serial"
"""What stands before the colon of a name."""
URL = re.compile(r"(rfc2217|socket|loop|spy|hwgrep|alt)://", re.IGNORECASE)


def live_hint(name: str) -> str:
    """Say which command takes *name* where it is a live source; else ""."""
    is_live = name.startswith((f"{INTERFACE}:", f"{PORT}:")) or URL.match(name)
    return f"; a live source is listened to with dlmshark live {name}" if is_live else ""
