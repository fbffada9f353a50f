"""Octets of a lane into M-Bus frames (EN 13757-2): the single character, short, control and long frames.

A long frame is delimited by its length octets and confirmed by checksum and stop octet: 68 and 16 also occur inside.
What settles a damaged one is, in this order: the next frame's header where octets were lost; a stop octet at the
announced end; the next frame or the end of the lane shortly behind it.
"""

import re

from analyzer.framing.frame import FCS_WRONG, LENGTH_WRONG, MBUS, NOISE, TRUNCATED, Frame, Mark
from analyzer.framing.scanning import Scan, ScanningFramer
from dissectors.mbus_octets import (
    AROUND,
    HEADER_SIZE,
    LONG,
    SHORT,
    SHORT_SIZE,
    SINGLE,
    STOP,
    is_function,
    is_short_frame,
    is_whole,
    lengths,
)

_OPENING = re.compile(rb"[\x10\x68]")
_HEADER = re.compile(rb"\x68(.)\1\x68[\x00-\x7f]", re.DOTALL)
_HEADER_AND_CONTROL = HEADER_SIZE + 1
_NOISE_FOLD = 2048


class MbusFramer(ScanningFramer):
    """M-Bus frames out of the octets of one lane, in any cut; see `Framer`."""

    def __init__(self) -> None:
        super().__init__()
        self._in_sync = True

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; return the frames that they complete."""
        return self._append(octets, mark)

    def flush(self) -> list[Frame]:
        """Return what is left, because the lane ended or octets were lost."""
        found = super().flush()
        self._in_sync = True
        return found

    def _search(self) -> Scan[None]:
        at = 0  # all before is no frame
        while (yield from self._wait(at + 1)):
            end, problem = yield from self._unit(at)
            if end:
                self._give_noise(at)
                self._found.append(self._backlog.frame(MBUS, 0, end - at, problem))
                self._backlog.drop(end - at)
                self._in_sync = problem != LENGTH_WRONG
                at = 0
                continue
            self._in_sync = False
            opening = _OPENING.search(self._octets, at + 1)
            at = opening.start() if opening else len(self._octets)
            while at >= _NOISE_FOLD:
                self._give_noise(_NOISE_FOLD)
                at -= _NOISE_FOLD
        self._give_noise(len(self._octets))

    def _give_noise(self, end: int) -> None:
        if end:
            self._found.append(self._backlog.frame(NOISE, 0, end))
            self._backlog.drop(end)

    def _unit(self, at: int) -> Scan[tuple[int, str]]:
        """Find where the frame that begins at *at* ends, and what is wrong with it; 0 where none begins.

        Right behind another frame (or where the lane begins) a damaged one is believed, too.
        """
        first = self._octets[at]
        is_next = self._in_sync and at == 0
        if first == LONG:
            return (yield from self._long(at, is_next))
        if first == SHORT:
            return (yield from self._short(at, is_next))
        return (at + 1, "") if first == SINGLE and is_next else (0, "")

    def _short(self, at: int, is_next: bool) -> Scan[tuple[int, str]]:
        octets = self._octets
        if not (yield from self._wait(at + SHORT_SIZE)):
            return (len(octets), TRUNCATED) if is_next else (0, "")
        if is_short_frame(octets, at):
            return at + SHORT_SIZE, ""
        is_meant = is_next and octets[at + SHORT_SIZE - 1] == STOP and is_function(octets[at + 1])
        return (at + SHORT_SIZE, FCS_WRONG) if is_meant else (0, "")

    def _long(self, at: int, is_next: bool) -> Scan[tuple[int, str]]:
        octets = self._octets
        if not (yield from self._wait(at + _HEADER_AND_CONTROL)):
            return (len(octets), TRUNCATED) if is_next else (0, "")
        one, other = octets[at + 1], octets[at + 2]
        if octets[at + 3] != LONG:
            return 0, ""
        found = sorted(lengths(one, other))
        for length in found:
            yield from self._wait(at + AROUND + length)
            if is_whole(octets, at, length):
                return at + AROUND + length, "" if one == other else LENGTH_WRONG
        if is_function(octets[at + 4]) and (is_next or one == other):
            return (yield from self._damaged(at, found))
        return 0, ""

    def _damaged(self, at: int, found: list[int]) -> Scan[tuple[int, str]]:
        """Find where a long frame ends that is whole under none of its lengths *found*."""
        octets = self._octets
        ends = [at + AROUND + length for length in found]
        stopped = [end for end in ends if octets[end - 1 : end] == b"\x16"]
        end = stopped[0] if stopped else ends[-1]
        start = self._header(at + HEADER_SIZE, end)
        if start:
            return start, LENGTH_WRONG
        if stopped:
            return end, FCS_WRONG
        if len(octets) < end:
            return len(octets), TRUNCATED
        behind = end + 16 + found[-1] // 8
        is_on = yield from self._wait(behind + _HEADER_AND_CONTROL)
        start = self._header(at + HEADER_SIZE, behind + _HEADER_AND_CONTROL)
        return start or (end if is_on else min(len(octets), behind)), LENGTH_WRONG

    def _header(self, start: int, end: int) -> int:
        """Find the header of a long frame between *start* and *end*; 0 where there is none."""
        for header in _HEADER.finditer(self._octets, start, end):
            if is_function(self._octets[header.end() - 1]):
                return header.start()
        return 0
