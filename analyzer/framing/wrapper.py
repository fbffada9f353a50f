"""Octets of a TCP direction into wrapper PDUs (IEC 62056-47), in sync or found again after a hole.

In sync a PDU is believed by its version and length. Out of sync (the start of a lane, lost or foreign octets) it needs
plausible wPorts and an APDU that opens as one, or another PDU behind it. A length that lies is found by the next header
standing where the APDU should still go on.
"""

import re
from itertools import islice
from struct import Struct

from analyzer.framing.frame import LENGTH_WRONG, NOISE, TRUNCATED, WRAPPER, Frame, Mark
from analyzer.framing.scanning import Scan, ScanningFramer
from analyzer.framing.tags import APDU_TAGS, OPENING_LENGTH, opens_as_apdu
from dissectors.scanning import reads

HEADER_LENGTH = 8
_VERSION = b"\x00\x01"
_rest = Struct(">HB").unpack_from
"""Behind the wPorts: the length, and the tag of the APDU."""
_HEADER = re.compile(rb"\x00\x01[\x00-\x3f].[\x00-\x3f].(?!\x00\x00)..", re.DOTALL)
"""Version 1, wPorts up to 3FFF, a length that is not 0."""
_NOISE_FOLD = 2048
_MOST_INSIDE = 64
"""So many headers inside a PDU that is cut are looked at."""
_new = tuple.__new__


class WrapperFramer(ScanningFramer):
    """Wrapper PDUs out of the octets of one lane, in any cut; see `Framer`."""

    def __init__(self) -> None:
        super().__init__()
        self._in_sync = False
        self._stands = False
        self._turns: list[int] = []
        """Where the octets that wait ended when the other side spoke: the next PDU begins there if some are lost."""
        self._wports = b""  # version and wPorts of the PDU before: what the next one surely begins with

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; return the PDUs that they complete."""
        if self.is_whole(octets):
            return [_new(Frame, (WRAPPER, octets, (mark,), ""))]
        return self._append(octets, mark)

    def is_whole(self, octets: bytes) -> bool:
        """Take *octets* if they are just one PDU of the same wPorts as the one before, and nothing waits."""
        size = len(octets)
        if self._octets or size <= HEADER_LENGTH or not octets.startswith(self._wports):
            return False
        length, tag = _rest(octets, 6)
        if length != size - HEADER_LENGTH or tag not in APDU_TAGS or octets.find(self._wports, 6) >= 0:
            return False
        self._in_sync = True
        return True

    def flush(self) -> list[Frame]:
        """Return what is left, because the lane ended or octets were lost."""
        found = super().flush()
        self._in_sync, self._turns = False, []
        return found

    def rests(self) -> bool:
        """Tell whether a PDU is all there, and only octets behind it could show that it lacks some of its own."""
        return self._stands and len(self._octets) == HEADER_LENGTH + self._length(0)

    def waits(self) -> bool:
        """Tell whether a PDU has begun: where the other side speaks before its end, octets of it may be lost."""
        return bool(self._octets)

    def lacks(self) -> bool:
        """Tell whether what waits begins as a PDU, and its length says that octets of it are missing yet."""
        octets = self._octets
        return HEADER_LENGTH <= len(octets) < HEADER_LENGTH + self._length(0) and octets.startswith(_VERSION)

    def goes_on(self, octets: bytes) -> bool:
        """Tell whether *octets* may be what the PDU that waits lacks, or a part of it: not more, and not a PDU."""
        size, waiting = len(self._octets) + len(octets), bytes(self._octets[:6])
        if not self.lacks() or size > HEADER_LENGTH + self._length(0) or octets.startswith(waiting):
            return False
        return not (octets.startswith(_VERSION) and HEADER_LENGTH + int.from_bytes(octets[6:8], "big") == len(octets))

    def turn(self) -> list[Frame]:
        """The other side speaks: return what is whole as it stands, or remember that it spoke before a PDU ended."""
        if self.rests():
            return self.flush()
        if self._octets and len(self._turns) < _MOST_INSIDE:
            self._turns.append(len(self._octets))
        return []

    def _search(self) -> Scan[None]:
        at = 0  # all before is no PDU
        while (yield from self._wait(at + 1)):
            if (yield from self._begins(at)):
                if at:
                    self._found.append(self._backlog.frame(NOISE, 0, at))
                    self._drop(at)
                yield from self._deliver()
                at = 0
                continue
            self._in_sync = False
            found = self._octets.find(_VERSION, at + 1)
            # the last octet may be the first of a version
            at = found if found >= 0 else max(at + 1, len(self._octets) - (self._octets[-1] == 0))
            while at >= _NOISE_FOLD:
                self._found.append(self._backlog.frame(NOISE, 0, _NOISE_FOLD))
                self._drop(_NOISE_FOLD)
                at -= _NOISE_FOLD
        if self._octets:
            self._found.append(self._backlog.frame(NOISE, 0, len(self._octets)))

    def _begins(self, at: int) -> Scan[bool]:
        """Tell whether a PDU begins at *at*."""
        octets = self._octets
        if octets[at] != 0 or not (yield from self._wait(at + 2)) or octets[at + 1] != 1:
            return False
        if not (yield from self._wait(at + HEADER_LENGTH)):
            return False
        if (self._in_sync and at == 0) or octets[at : at + 6] == self._wports:
            return True
        if not _HEADER.match(octets, at):
            return False
        apdu, length = at + HEADER_LENGTH, self._length(at)
        if not (yield from self._wait(apdu + min(length, OPENING_LENGTH))) or octets[apdu] not in APDU_TAGS:
            return False
        if opens_as_apdu(octets, apdu, length):
            return True
        end = apdu + length
        return octets[end : end + 2] == _VERSION if (yield from self._wait(end + 2)) else len(octets) == end

    def _length(self, at: int) -> int:
        return self._octets[at + 6] << 8 | self._octets[at + 7]

    def _deliver(self) -> Scan[None]:
        """Wait for the PDU that begins the backlog, and give it up to where it ends."""
        octets = self._octets
        wports = bytes(octets[:6])
        if self._wports and (wports != self._wports or octets[6:8] == wports[2:4]):
            at = yield from self._next_within()
            if at:
                return self._give(at, LENGTH_WRONG)
        needles = {wports, self._wports or wports}
        end = HEADER_LENGTH + self._length(0)
        sought = HEADER_LENGTH
        while True:
            found = [at for needle in needles if (at := octets.find(needle, sought, end)) >= 0]
            if found:
                sought = min(found) + 1
                if (yield from self._is_next(sought - 1, end)):
                    return self._give(sought - 1, LENGTH_WRONG)
                continue
            if len(octets) >= end:
                if at := (yield from self._takes_in(end, needles)):
                    return self._give(at, LENGTH_WRONG)
                self._wports = wports
                return self._give(end, "")
            sought = max(sought, len(octets) - 5)
            if not (yield from self._wait(len(octets) + 1)):
                if proven := self._proven_inside():
                    self._found.append(self._backlog.frame(NOISE, 0, proven))
                    return self._drop(proven)
                counts_header = len(octets) == self._length(0) and reads(bytes(octets[HEADER_LENGTH:]))
                return self._give(len(octets), LENGTH_WRONG if counts_header else TRUNCATED)

    def _next_within(self) -> Scan[int]:
        """Find where the known version and wPorts stand within the wPorts of a header, which breaks off; 0 if nowhere.

        Nothing is waited for but what goes on with them.
        """
        octets, wports = self._octets, self._wports
        for at in range(2, len(wports)):
            if not wports.startswith(octets[:at]):
                return 0
            if (yield from self._goes_on(at, at, wports)) and (yield from self._wait(at + HEADER_LENGTH + 1)):
                return at if octets[at + HEADER_LENGTH] in APDU_TAGS else 0
        return 0

    def _takes_in(self, end: int, needles: set[bytes]) -> Scan[int]:
        """Find where the next PDU begins, if octets are lost and so this one, up to *end*, takes in its first ones.

        Nothing is waited for but behind an APDU that ends as the known version and wPorts begin, and does not read or
        was interrupted by the other side just there: these have to go on, and lead to one that does.
        """
        octets = self._octets
        begun = {end - size: one for one in needles for size in range(1, 6) if octets.endswith(one[:size], 0, end)}
        if not begun:
            return 0
        if reads(bytes(octets[HEADER_LENGTH:end])):
            begun = {at: one for at, one in begun.items() if at in self._turns}
        self._stands = bool(begun)
        for at, wports in sorted(begun.items()):
            apdu = at + HEADER_LENGTH
            if (yield from self._goes_on(at, end, wports)) and (yield from self._wait(apdu)):
                if (yield from self._follows_turn(at)):
                    return at
                behind = apdu + self._length(at)
                if (yield from self._wait(behind)) and reads(bytes(octets[apdu:behind])):
                    return at
        return 0

    def _goes_on(self, at: int, end: int, wports: bytes) -> Scan[bool]:
        """Tell whether *wports*, begun at *at*, go on behind *end*; nothing is waited for behind another octet."""
        for place in range(end, at + len(wports)):
            if not (yield from self._wait(place + 1)) or self._octets[place] != wports[place - at]:
                return False
        return True

    def _follows_turn(self, at: int) -> Scan[bool]:
        """Tell whether the other side spoke before the header at *at*, and an APDU opens behind that."""
        if at not in self._turns:
            return False
        apdu, length = at + HEADER_LENGTH, self._length(at)
        return (yield from self._wait(apdu + min(length, OPENING_LENGTH))) and opens_as_apdu(self._octets, apdu, length)

    def _proven_inside(self) -> int:
        """Find a whole PDU whose APDU reads in a cut one that was believed by its opening alone; 0 if there is none."""
        if self._wports == self._octets[:6] or self._in_sync:
            return 0
        for found in islice(_HEADER.finditer(self._octets, 1), _MOST_INSIDE):
            at, length = found.start(), self._length(found.start())
            apdu = at + HEADER_LENGTH
            end = apdu + length
            if (
                end <= len(self._octets)
                and opens_as_apdu(self._octets, apdu, length)
                and reads(bytes(self._octets[apdu:end]))
            ):
                return at
        return 0

    def _give(self, end: int, problem: str) -> None:
        self._found.append(self._backlog.frame(WRAPPER, 0, end, problem))
        if self._turns:
            self._drop(end)
        else:
            self._backlog.drop(end)
        self._in_sync, self._stands = True, False

    def _drop(self, count: int) -> None:
        self._backlog.drop(count)
        self._turns = [at - count for at in self._turns if at > count]

    def _is_next(self, at: int, end: int) -> Scan[bool]:
        """Tell whether the known version and wPorts at *at*, inside the announced PDU, begin the next PDU.

        They do when an APDU opens behind the announced end, eight octets too late because the length counted the
        header, and when the header at *at* leads to another one, or to the end of the lane.
        """
        octets = self._octets
        if at + HEADER_LENGTH == end:
            return (yield from self._wait(end + 1)) and octets[end] in APDU_TAGS
        if not (yield from self._wait(at + HEADER_LENGTH + 1)) or octets[at + HEADER_LENGTH] not in APDU_TAGS:
            return False
        if (yield from self._follows_turn(at)):
            return True
        behind = at + HEADER_LENGTH + self._length(at)
        if not (yield from self._wait(behind + 6)):
            return len(octets) == behind
        return octets[behind : behind + 6] == octets[at : at + 6]
