"""APDU octets to family, layer and plain values in one call: the index pass's way into the generated scans."""

from __future__ import annotations

from typing import Any

import dissectors.reader  # noqa: F401 -- registers every layer
from dissectors import registry
from dissectors.compile import FAILURES, Scan, scan
from dissectors.gateway import prefix_size


class Entry:
    """What the index pass needs to know of one APDU layer: its scan, and where its values stand."""

    __slots__ = ("asn1", "deviates", "family", "function", "layer", "names", "plan", "slots", "tag")

    def __init__(self, tag: int, family: str, layer: Any, made: Scan) -> None:
        self.tag = tag
        self.family = family
        self.layer = layer
        self.asn1: str = layer.asn1
        self.function = made.function
        self.names = made.names
        self.slots = {name.rpartition(".")[2]: index for index, name in enumerate(made.names)}
        self.deviates = getattr(layer, "deviates", None)
        self.plan: Any = None
        """Room for what a user of the scan works out once a layer."""


_ENTRIES: dict[int, Entry] = {}


def entry(octets: bytes, at: int, end: int) -> Entry | None:
    """Find the entry of the APDU that begins at *at*; None where no layer is registered."""
    key = octets[at] << 8 if at < end else -1
    found = _ENTRIES.get(key)
    if found is not None:
        if at + 1 < end:
            _ENTRIES[key | octets[at + 1]] = found  # a length, and the next APDU may have the same
        return found
    if at + 1 < end and (found := _ENTRIES.get(key | octets[at + 1])) is not None and found.tag == octets[at]:
        return found
    return _make(octets, at, end)


def _make(octets: bytes, at: int, end: int) -> Entry | None:
    picked = registry.pick(octets, at, end)
    if picked is None:
        return None
    family, layer = picked
    made = Entry(octets[at], family, layer, scan(layer))
    has_choice = layer.asn1 != family
    _ENTRIES[octets[at] << 8 | (octets[at + 1] if has_choice else 0)] = made
    return made


def scan_apdu(octets: bytes, at: int, end: int) -> tuple[Entry | None, tuple[Any, ...] | None]:
    """Read one APDU that takes exactly the octets from *at* to *end*. Values are None where it does not read so."""
    found = _ENTRIES.get(octets[at] << 8 | octets[at + 1]) if at + 1 < end else None
    if found is None:
        found = entry(octets, at, end)
        if found is None:
            return None, None
    try:
        values, after = found.function(octets, at, end)
    except FAILURES:
        return found, None
    return found, values if after == end else None


_ACSE = frozenset((0x60, 0x61, 0x62, 0x63))
_MOST_KNOWN = 1024
_KNOWN: dict[bytes, tuple[Entry | None, tuple[Any, ...] | None]] = {}
"""What opens and closes associations: most of it comes again and again as it was."""


def scan_whole(octets: bytes) -> tuple[Entry | None, tuple[Any, ...] | None]:
    """Read one APDU that takes all of *octets*, as :func:`scan_apdu` does; those that come again are read once."""
    if not octets or octets[0] not in _ACSE:
        return scan_apdu(octets, 0, len(octets))
    known = _KNOWN.get(octets)
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[octets] = scan_apdu(octets, 0, len(octets))
    return known


def scan_loosely(octets: bytes, found: Entry | None) -> tuple[Any, ...] | None:
    """Read the values of an APDU that has octets left over behind it; None where it does not read at all."""
    if found is None:
        return None
    try:
        return found.function(octets, 0, len(octets))[0]
    except FAILURES:
        return None


def reads(octets: bytes) -> bool:
    """Tell whether *octets* are one APDU that reads completely, a gateway prefix before it or not.

    An empty short-name list proves nothing.
    """
    if len(octets) < 2 or (octets[1] == 0 and len(octets) == 2 and octets[0] not in (0x62, 0x63)):
        return False
    if scan_apdu(octets, 0, len(octets))[1] is not None:
        return True
    size = prefix_size(octets)
    return size > 0 and scan_apdu(octets, size, len(octets))[1] is not None
