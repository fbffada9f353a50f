"""IP fragments to whole datagrams: any order, overlaps, bounded memory.

Source: RFC 791 (3.2, fragmentation and reassembly), RFC 8200 (4.5, fragment header).
"""

LARGEST_DATAGRAM = 65535
MOST_DATAGRAMS = 256
"""Unfinished datagrams that are kept; the oldest gives way."""
MOST_FRAGMENTS = 4096
_PATIENCE_NS = 60_000_000_000

Key = tuple[bytes, int, int]
"""Addresses, identification and protocol of a datagram."""


class _Datagram:
    __slots__ = ("fragments", "length", "pieces", "started_ns")

    def __init__(self, started_ns: int | None) -> None:
        self.started_ns = started_ns
        self.fragments = 0
        self.length = -1
        """Of the whole, once the last fragment came."""
        self.pieces: dict[int, bytes] = {}
        """Octets by where they begin; of two that begin alike the longer is kept."""


class Fragments:
    """The datagrams of which fragments came and that are not whole yet."""

    def __init__(self) -> None:
        self._pending: dict[Key, _Datagram] = {}

    def add(self, key: Key, offset: int, octets: bytes, last: bool, time_ns: int | None) -> tuple[bytes, int] | None:
        """Take one fragment; returns the datagram and the number of its fragments when it is whole.

        Where fragments overlap, the octets of the one that begins first count.
        """
        datagram = self._pending.get(key)
        if datagram is None or _is_stale(datagram, time_ns):
            self._pending.pop(key, None)
            if len(self._pending) >= MOST_DATAGRAMS:
                del self._pending[next(iter(self._pending))]
            datagram = self._pending[key] = _Datagram(time_ns)
        datagram.fragments += 1
        if offset + len(octets) > LARGEST_DATAGRAM or datagram.fragments > MOST_FRAGMENTS:
            del self._pending[key]
            return None
        if last:
            datagram.length = offset + len(octets)
        if len(octets) > len(datagram.pieces.get(offset, b"")):
            datagram.pieces[offset] = octets
        whole = _joined(datagram)
        if whole is None:
            return None
        del self._pending[key]
        return whole, datagram.fragments


def _is_stale(datagram: _Datagram, time_ns: int | None) -> bool:
    """Identifications come round again: a fragment does not complete what was begun a minute ago."""
    if time_ns is None or datagram.started_ns is None:
        return False
    return abs(time_ns - datagram.started_ns) > _PATIENCE_NS


def _joined(datagram: _Datagram) -> bytes | None:
    """Join the fragments, or tell by None that some are missing."""
    if datagram.length < 0 or 0 not in datagram.pieces:
        return None
    if sum(map(len, datagram.pieces.values())) < datagram.length:
        return None
    whole = bytearray()
    for offset, octets in sorted(datagram.pieces.items()):
        if offset > len(whole):
            return None
        whole += octets[len(whole) - offset :]
    return bytes(whole[: datagram.length]) if len(whole) >= datagram.length else None
