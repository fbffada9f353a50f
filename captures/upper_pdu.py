"""Exported PDUs of Wireshark to their payload, with the addresses where the tags tell them.

Source: LINKTYPE_WIRESHARK_UPPER_PDU of the tcpdump.org registry, with the tag names of Wireshark.
"""

from collections.abc import Iterable
from functools import lru_cache

from captures.carried import Carried, Line, Notebook
from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk
from captures.network import endpoints, reverse

_END, _DISSECTOR, _HEURISTIC, _TABLE, _P2P_DIRECTION = 0, 12, 13, 14, 35
_SOURCES, _DESTINATIONS = (20, 22), (21, 23)
_SOURCE_PORT, _DESTINATION_PORT = 25, 26
_ADDRESS_LENGTHS = {20: 4, 21: 4, 22: 16, 23: 16}
_DIRECTIONS = {b"\0\0\0\0": SENT, b"\0\0\0\1": RECEIVED}


class UpperPdu:
    """Each PDU stands for itself; those between the same two endpoints are one conversation."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._begun: tuple[int, int | None] = 0, None

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return the payload behind the tags; a chunk without any tells when that of the same packet began."""
        tags, at = _tags(chunk.octets)
        if at > len(chunk.octets):
            self._notebook.left_aside["truncated"] += 1
            return ()
        octets = chunk.octets[at:]
        if not octets:
            self._begun = chunk.number, chunk.time_ns
            return ()
        line, direction = _line(_key(tags), _name(tags), chunk.interface)
        if direction == UNKNOWN:
            direction = _DIRECTIONS.get(tags.get(_P2P_DIRECTION, b""), UNKNOWN)
        is_cut = chunk.original_length > len(chunk.octets)
        begun_ns = self._begun[1] if self._begun[0] == chunk.number else None
        return (Carried(line, direction, octets, chunk.number, chunk.time_ns, is_cut, begun_ns),)

    def finish(self) -> Iterable[Carried]:
        """Nothing ever waits."""
        return ()


def _tags(octets: bytes) -> tuple[dict[int, bytes], int]:
    """Read the tags, and where the payload begins: behind the octets if the end of the tags is missing."""
    tags: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(octets):
        tag, length = octets[at] << 8 | octets[at + 1], octets[at + 2] << 8 | octets[at + 3]
        at += 4 + length
        if tag == _END:
            return tags, at
        tags[tag] = octets[at - length : at]
    return tags, len(octets) + 1


def _key(tags: dict[int, bytes]) -> bytes:
    """Make the flow key of the endpoints; empty where the tags do not tell both."""
    sides = []
    for addresses, port in ((_SOURCES, _SOURCE_PORT), (_DESTINATIONS, _DESTINATION_PORT)):
        found = [tags[tag] for tag in addresses if len(tags.get(tag, b"")) == _ADDRESS_LENGTHS[tag]]
        if not found:
            return b""
        sides.append((found[0], tags.get(port, b"")[-2:].rjust(2, b"\0")))
    (source, source_port), (destination, destination_port) = sides
    return source + destination + source_port + destination_port if len(source) == len(destination) else b""


def _name(tags: dict[int, bytes]) -> str:
    """Name the dissector that Wireshark would have called."""
    for tag in (_DISSECTOR, _HEURISTIC, _TABLE):
        name = tags.get(tag, b"").rstrip(b"\0").decode("ascii", "replace")
        if name.isprintable() and name:
            return name[:40]
    return "upper-pdu"


@lru_cache(maxsize=4096)
def _line(key: bytes, name: str, interface: int) -> tuple[Line, int]:
    """Make the line of two endpoints, and tell the direction: sent is what the smaller flow key says."""
    if not key:
        return Line(("upper-pdu", interface), name, is_datagram=True), UNKNOWN
    first = min(key, reverse(key))
    source, destination = endpoints(first)
    lanes = (f"{source} > {destination}", f"{destination} > {source}")
    return Line(first, name, is_datagram=True, lanes=lanes), SENT if key == first else RECEIVED
