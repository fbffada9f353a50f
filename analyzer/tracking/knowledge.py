"""What a whole capture teaches about system titles, by address: it serves records of every association."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from analyzer.record import REQUEST, Record
from analyzer.tracking.peer import Peer

MOST_TITLES = 65536


class Knowledge:
    """System titles by address. *whole* gives what the rest of the capture teaches; it is asked at most once."""

    def __init__(self, whole: Callable[[], Knowledge] | None = None) -> None:
        self.titles: dict[tuple[object, ...], bytes] = {}
        self._whole = whole
        self.is_of_file = whole is not None
        """Whether records may wait for a title: those of a pipe are wanted at once."""

    def learn(self, place: tuple[object, ...], title: bytes) -> None:
        """Remember the title of a place."""
        if len(self.titles) >= MOST_TITLES and place not in self.titles:
            del self.titles[next(iter(self.titles))]
        self.titles[place] = title

    def title(self, place: tuple[object, ...]) -> bytes:
        """Give the title of a place; none where nothing told it yet."""
        return self.titles.get(place, b"")

    def complete(self) -> bool:
        """Learn what comes later in the capture, once. Tells whether there was something to learn."""
        if self._whole is None:
            return False
        whole, self._whole = self._whole, None
        before = len(self.titles)
        self.titles = whole().titles | self.titles
        return len(self.titles) > before


def places(record: Record, peer: Peer, role: str) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Name the client's and the server's place of a record that goes the way of *role*."""
    is_request = role is REQUEST
    client, server = _ends(record.lane.text, is_request)
    sap, other = (peer.source, peer.destination) if is_request else (peer.destination, peer.source)
    return ("client", client, sap), ("server", server, other)


@lru_cache(maxsize=4096)
def _ends(lane: str, is_request: bool) -> tuple[str, str]:
    """Give the client's and the server's end of a lane."""
    here, _, there = lane.partition(" > ")
    return (_host(here), there) if is_request else (_host(there), here)


def _host(end: str) -> str:
    """Leave the port out: a client's changes with every connection."""
    return end.rpartition(":")[0] if end[-1:].isdigit() and not end.startswith("serial") else end


@lru_cache(maxsize=4096)
def addresses(lane: str) -> tuple[str, ...]:
    """Give both ends of a lane, with and without ports."""
    found: list[str] = []
    for end in lane.split(" > "):
        found += [end, _host(end).strip("[]")]
    return tuple(dict.fromkeys(found))
