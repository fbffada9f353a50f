"""The common half of the framers of octet streams: a backlog of octets with their marks, and a scan over it.

A scan is a generator that asks for octets by position and is resumed when they are there. It never looks at an octet
that it has not asked for, so how the octets were cut into reads cannot change what it finds.
"""

from abc import abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Generator
from itertools import pairwise
from typing import TypeAlias, TypeVar

from analyzer.framing.frame import Frame, Framer, Mark

Found = TypeVar("Found")
Scan: TypeAlias = Generator[None, None, Found]
"""A search that yields whenever it needs octets that have not come yet, and returns what it found."""


class Backlog:
    """Octets not yet in a frame, and which packet each of them came in."""

    __slots__ = ("_marks", "_starts", "base", "octets")

    def __init__(self) -> None:
        self.octets = bytearray()
        self.base = 0  # how many octets were dropped so far
        self._starts: list[int] = []  # where, counted with the dropped ones, each mark begins
        self._marks: list[Mark] = []

    def append(self, octets: bytes, mark: Mark) -> None:
        """Add *octets* of the packet *mark*."""
        if octets:
            if not self._marks or self._marks[-1] != mark:
                self._starts.append(self.base + len(self.octets))
                self._marks.append(mark)
            self.octets += octets

    def frame(self, link: str, start: int, end: int, problem: str = "") -> Frame:
        """Copy the octets from *start* to *end* into a frame with its marks."""
        first = bisect_right(self._starts, self.base + start) - 1
        last = bisect_left(self._starts, self.base + end)
        return Frame(link, bytes(self.octets[start:end]), tuple(self._marks[first:last]), problem)

    @property
    def newest(self) -> Mark:
        """The packet of the last octet; there has to be one."""
        return self._marks[-1]

    def pieces(self) -> list[tuple[bytes, Mark]]:
        """Copy all octets, by the packets they came in."""
        places = [*(max(0, start - self.base) for start in self._starts), len(self.octets)]
        return [(bytes(self.octets[a:b]), mark) for (a, b), mark in zip(pairwise(places), self._marks, strict=True)]

    def drop(self, count: int) -> None:
        """Forget the first *count* octets."""
        self.base += count
        if count >= len(self.octets):
            self.octets.clear()
            self._starts.clear()
            self._marks.clear()
            return
        del self.octets[:count]
        stale = bisect_right(self._starts, self.base) - 1
        if stale > 0:
            del self._starts[:stale]
            del self._marks[:stale]


class ScanningFramer(Framer):
    """A framer whose frames are found by a scan over a backlog."""

    def __init__(self) -> None:
        self._backlog = Backlog()
        self._octets = self._backlog.octets
        self._ended = False
        self._needed = 1
        self._found: list[Frame] = []
        self._scan = self._search()

    @abstractmethod
    def _search(self) -> Scan[None]:
        """Put frames into `_found` until the lane ends; wait for octets by `yield from self._wait(count)`."""

    def _wait(self, count: int) -> Scan[bool]:
        """Wait until the backlog holds *count* octets; false when the lane ended before."""
        while len(self._octets) < count:
            if self._ended:
                return False
            self._needed = count
            yield
        return True

    def _append(self, octets: bytes, mark: Mark) -> list[Frame]:
        self._backlog.append(octets, mark)
        if len(self._octets) < self._needed:
            return []
        next(self._scan)
        found, self._found = self._found, []
        return found

    def flush(self) -> list[Frame]:
        """Return what is left, because the lane ended or octets were lost."""
        if not self._octets:
            self._restart()
            return []
        self._ended = True
        next(self._scan, None)
        found = self._found
        self._restart()
        return found

    def _restart(self) -> None:
        """Begin a new scan, as at the start of a lane."""
        self._backlog.drop(len(self._octets))
        self._ended = False
        self._needed = 1
        self._found = []
        self._scan = self._search()

    def close(self) -> None:
        """End the scan, which holds the framer as the framer holds it."""
        self._scan.close()
