"""Octets before the first title of a text whose titles say what octets are: of them only whole units are traffic."""

from collections.abc import Iterator

from captures.text.units import size_of

_BORDERS = (b"\x7e\x7e", b"\x68\x16")
"""First and last octets of frames of HDLC and M-Bus."""
_LONGEST_HEADER, _MOST = 8, 1 << 16


class Untitled:
    """Keeps the octets until a title comes."""

    def __init__(self) -> None:
        self._octets = b""

    def add(self, octets: bytes) -> None:
        """Keep octets of one more line."""
        self._octets = (self._octets + octets)[:_MOST]

    def units(self) -> Iterator[bytes]:
        """Give the units that stand whole among them; of all else nothing says what it is."""
        octets, at = self._octets, 0
        while at < len(octets):
            size = size_of(octets[at : at + _LONGEST_HEADER])
            is_whole = octets[at : at + 1] + octets[at + size - 1 : at + size] in _BORDERS if size else False
            if is_whole:
                yield octets[at : at + size]
            at += size if is_whole else 1
