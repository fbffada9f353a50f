"""Octets of a lane into HDLC frames of format type 3 (IEC 62056-46, ISO/IEC 13239), whatever else stands between them.

A frame is delimited by its length field and confirmed by its closing flag and FCS; 7E also occurs inside, so flags
never split. What settles a damaged frame is, in this order: a good FCS at the announced length; a closing flag there;
the next frame whose header is good; the flag nearest to the announced end.
"""

import re
from binascii import crc_hqx
from bisect import bisect_left
from struct import Struct
from typing import NamedTuple

from analyzer.framing.frame import FCS_WRONG, HDLC, LENGTH_WRONG, NOISE, TRUNCATED, Frame, Mark
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, REVERSED, Trust, announced_length, trust_of
from analyzer.framing.scanning import Scan, ScanningFramer
from dissectors.checks import GOOD_RESIDUE, fcs_is_good, seven_bits

FLAG = 0x7E
_FLAG = b"\x7e"
_FORMAT = re.compile(rb"[\xa0-\xaf]")
_OPENING = re.compile(rb"\x7e[\xa0-\xaf]")
SLASH, _LINE_FEED = 0xAF, 0x0A
"""With even parity in bit 7, as who listens with eight bits sees them: "/" reads as a frame format."""
_SIGN_ON = re.compile(rb"/(\?[ -~]{0,32}!|[A-Za-z]{3}[0-9A-Za-z][\x02 -~]{0,60})\r\n")
_OPENED = 0x600C
"""The FCS register (see `dissectors.checks`) that the opening flag turns into its initial FFFF."""
_CLOSED = crc_hqx(_FLAG, GOOD_RESIDUE)
_head = Struct(">I").unpack_from
_SHORTEST = MINIMUM_LENGTH + 1
_new = tuple.__new__
_NOISE_FOLD = 2048
"""Longer runs of noise come in pieces of this size, so that a line that never speaks HDLC stays bounded."""
_SLACK = 16
"""How far behind the announced end a closing flag is looked for, beside an eighth of the length (stuffed octets)."""
_SHORT = 12
"""No frame without information is longer: two addresses of four octets would be 13, and one of them is the client's."""


class _Start(NamedTuple):
    at: int  # of the frame format, behind its flag, in the lane
    trusted: bool


class HdlcFramer(ScanningFramer):
    """HDLC frames out of the octets of one lane, in any cut; see `Framer`.

    Flags and FF between frames are idle fill: counted in `idle_octets`, in no frame. All else between frames is noise,
    one frame a run. A frame is delivered with its closing flag, a damaged one when later octets prove it.
    """

    idle = b"\x7e\xff"
    """What may stand between frames and says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_octets = 0
        self._behind_flag = False  # whether the octet before the backlog was a flag, or ended a whole frame
        self._forget()

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; return the frames that they complete."""
        if self.is_whole(octets):
            return [_new(Frame, (HDLC, octets, (mark,), ""))]
        if self._octets:
            return self._append(octets, mark)
        return self._feed_several(octets, mark)

    def is_whole(self, octets: bytes) -> bool:
        """Take *octets* if they are just one good frame between its flags, and nothing waits."""
        size = len(octets)
        if (
            _SHORTEST < size < 2050
            and octets[-1] == FLAG
            and not self._octets
            and _head(octets)[0] >> 8 & 0xFFF7FF == 0x7E9FFE + size
            and crc_hqx(octets.translate(REVERSED), _OPENED) == _CLOSED
            # a whole frame may stand inside one whose HCS is wrong: then the scan decides
            and (octets.find(_FLAG, 1, -1) < 0 or not _OPENING.search(octets, 1))
        ):
            self._behind_flag = True
            return True
        return False

    def _feed_several(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take octets of which nothing waits yet: whole frames in a row, then what the scan must look into."""
        found = []
        at = 0
        last = len(octets) - MINIMUM_LENGTH - 1
        while at <= last:
            start = at + (octets[at] == FLAG)
            if start == at and not self._behind_flag:
                break
            end = start + announced_length(octets, start)
            if end < start + MINIMUM_LENGTH or octets[end : end + 1] != _FLAG:
                break
            if not fcs_is_good(octets[start:end]) or _OPENING.search(octets, start, end):
                break
            end += 1
            found.append(Frame(HDLC, octets[at:end], (mark,)))
            self._behind_flag = True
            at = end
        if at < len(octets):
            found += self._append(octets[at:], mark)
        return found

    def rests(self) -> bool:
        """Tell whether a good frame whose FCS ends in 7E waits for its flag: a reader may have stopped there."""
        return self._octets[-1:] == _FLAG and self.lacks_flag()

    def lacks_flag(self) -> bool:
        """Tell whether a good frame waits for its closing flag alone."""
        octets = self._octets
        if len(octets) < MINIMUM_LENGTH:
            return False
        at = int(octets[0] == FLAG)
        is_as_long = octets[at] & 0xF0 == 0xA0 and at + announced_length(octets, at) == len(octets)
        return is_as_long and trust_of(octets, at) is Trust.GOOD and fcs_is_good(bytes(octets[at:]))

    def waits(self) -> bool:
        """Tell whether a frame has begun, or may be whole."""
        return len(self._octets) >= MINIMUM_LENGTH or self.rests()

    def flush(self) -> list[Frame]:
        """Return what is left, because the lane ended or octets were lost."""
        found = super().flush()
        self._behind_flag = False
        return found

    def _restart(self) -> None:
        super()._restart()
        self._forget()

    def _forget(self) -> None:
        """Drop what is known of positions in the lane; they count with the octets that were dropped."""
        self._starts: list[_Start] = []
        self._searched = 0  # the lane is searched for starts up to here
        self._whole: dict[int, bool] = {}

    def _search(self) -> Scan[None]:
        at = 0  # all before stands between frames
        while (yield from self._wait(at + 1)):
            octets = self._octets
            end = 0
            problem = ""
            if octets[at] & 0xF0 == 0xA0:
                flagged = octets[at - 1] == FLAG if at else self._behind_flag
                end, problem = yield from self._frame_at(at, flagged)
            if end:
                start = at - 1 if at and octets[at - 1] == FLAG else at
                self._between(start)
                self._found.append(self._backlog.frame(HDLC, start, end, problem))
                self._behind_flag = not problem or octets[end - 1] == FLAG
                self._drop(end)
                at = 0
                continue
            found = _FORMAT.search(octets, at + 1)
            at = found.start() if found else len(octets)
            while at >= _NOISE_FOLD:
                self._between(_NOISE_FOLD)
                self._behind_flag = octets[_NOISE_FOLD - 1] == FLAG
                self._drop(_NOISE_FOLD)
                at -= _NOISE_FOLD
        self._between(len(self._octets))

    def _drop(self, count: int) -> None:
        """Drop octets; what is known of those behind them stays known, so that none is searched twice."""
        self._backlog.drop(count)
        stale = bisect_left(self._starts, (self._backlog.base, False))
        for start in self._starts[:stale]:
            self._whole.pop(start.at, None)
        del self._starts[:stale]

    def _between(self, end: int) -> None:
        """Give the first *end* octets as noise, idle fill at both sides apart."""
        octets = self._octets[:end]
        first = end - len(octets.lstrip(self.idle))
        last = len(octets.rstrip(self.idle)) if first < end else end
        self.idle_octets += end - (last - first)
        if first < last:
            self._found.append(self._backlog.frame(NOISE, first, last))

    def _frame_at(self, at: int, flagged: bool) -> Scan[tuple[int, str]]:
        """Find where the frame at *at* ends, and its problem; end 0 when there is none.

        Without a flag before it only a good HCS makes a frame, so that noise is not waited for.
        """
        trust = yield from self._trust(at)
        if trust is Trust.UNREADABLE and not (flagged and (yield from self._wait(at + 2))):
            return 0, ""
        octets = self._octets
        if trust is not Trust.GOOD and (not flagged or (octets[at] == SLASH and (yield from self._signs_on(at)))):
            return 0, ""
        end = at + announced_length(octets, at)
        if end < at + MINIMUM_LENGTH:
            return 0, ""
        if trust < Trust.UNUSED:
            inner = yield from self._first_whole(at + 1, end)
            if inner:
                return (0, "") if trust is Trust.UNREADABLE else self._cut(at, end, inner - 1, 0, trust)
        yield from self._wait(end + 1)
        if len(octets) >= end:
            closed = len(octets) > end and octets[end] == FLAG
            good = fcs_is_good(bytes(octets[at:end])) or (closed and self._fcs_unused(end, trust))
            if good and (closed or self._stands_open(at, end, trust)):
                return end + closed, ""
            if closed and not (yield from self._overrun(at, end)):
                return end + 1, FCS_WRONG
        return (yield from self._mend(at, end, trust))

    def _signs_on(self, at: int) -> Scan[bool]:
        """Tell whether a request or an identification of a sign-on stands at *at*, its characters with their parity."""
        octets, end = self._octets, at + 1
        while (yield from self._wait(end + 1)) and octets[end].bit_count() % 2 == 0:
            end += 1
            if octets[end - 1] == _LINE_FEED:
                return _SIGN_ON.fullmatch(seven_bits(bytes(octets[at:end]))) is not None
        return False

    def _fcs_unused(self, end: int, trust: Trust) -> bool:
        """Tell whether the FCS before *end* is the 00 00 of meters that compute none."""
        return trust >= Trust.UNUSED and self._octets[end - 2 : end] == b"\0\0"

    def _stands_open(self, at: int, end: int, trust: Trust) -> bool:
        """Tell whether a frame with a good FCS may do without its closing flag.

        Without information HCS and FCS are one, and no second witness: then what follows must be no more of it.
        """
        octets = self._octets
        if len(octets) == end:
            return True
        return trust is Trust.GOOD and (end - at > _SHORT or octets[end] == 0xFF or octets[end] & 0xF0 == 0xA0)

    def _overrun(self, at: int, end: int) -> Scan[bool]:
        """Tell whether the flag at the announced end of a frame with a wrong FCS belongs to a later frame.

        It does when a good frame begins inside and reaches to the end or beyond (one that ends earlier may be carried
        as payload), and when an octet was lost, so that flag and flag of the next frame stand there side by side.
        """
        octets = self._octets
        side_by_side = octets[end - 1] == FLAG and (yield from self._wait(end + 2)) and octets[end + 1] & 0xF0 == 0xA0
        if side_by_side and (yield from self._trust(end + 1)):
            return True
        inner = yield from self._first_whole(at + 1, end, beyond=True)
        while inner:
            inner_end = inner + announced_length(octets, inner)
            if inner_end >= end:
                return True
            inner = yield from self._first_whole(inner_end, end, beyond=True)
        return False

    def _mend(self, at: int, end: int, trust: Trust) -> Scan[tuple[int, str]]:
        """Find the real extent of a frame that does not end where its length says."""
        octets = self._octets
        slack = _SLACK + (end - at) // 8
        start = yield from self._next_start(at + 3, end + slack, trusted_only=False)
        if trust is Trust.UNREADABLE:
            return 0, ""
        if start:
            return self._cut(at, end, start - 1, slack, trust)
        whole = yield from self._wait(end + slack)
        if not whole and len(octets) <= end:
            one_lost = len(octets) == end and octets[-1] == FLAG
            return len(octets), LENGTH_WRONG if one_lost else TRUNCATED
        return self._cut(at, end, min(end + slack, len(octets)), slack, trust)

    def _cut(self, at: int, end: int, limit: int, slack: int, trust: Trust) -> tuple[int, str]:
        """Give the damaged frame at *at* what belongs to it of the octets before *limit*, where another may begin."""
        octets = self._octets
        if limit <= at + 3:
            return 0, ""
        closing = len(octets[at:limit].rstrip(b"\xff")) + at
        if closing <= end + 1 and octets[closing - 1] == FLAG:
            return closing, LENGTH_WRONG
        if limit <= end + 1:
            return limit, LENGTH_WRONG
        before, behind = octets.rfind(FLAG, at + 3, end), octets.find(FLAG, end, limit)
        if trust is Trust.PLAUSIBLE and before < end - slack and behind < 0:
            before = octets.find(FLAG, at + 3, end)  # the length itself is in doubt
        if behind >= 0 and (before < 0 or behind - end < end - before):
            return behind + 1, LENGTH_WRONG
        return (before + 1 if before >= 0 else limit), LENGTH_WRONG

    def _trust(self, at: int) -> Scan[Trust]:
        """Judge the header at *at* as soon as its octets are there."""
        while (trust := trust_of(self._octets, at)) is None:
            if not (yield from self._wait(len(self._octets) + 1)):
                return Trust.UNREADABLE
        return trust

    def _first_whole(self, at: int, end: int, beyond: bool = False) -> Scan[int]:
        """Find the first frame from *at* that has flags, HCS and FCS right and begins before *end*; 0 if none.

        Unless *beyond*, it must also end before *end*: else the frame that ends there is settled first.
        """
        base = self._backlog.base
        while found := (yield from self._next_start(at, end, trusted_only=True)):
            at = found
            reach = at + announced_length(self._octets, at)
            if beyond or reach <= end:
                is_whole = self._whole.get(base + at)
                if is_whole is None:
                    closed = (yield from self._wait(reach + 1)) and self._octets[reach] == FLAG
                    is_whole = self._whole[base + at] = closed and fcs_is_good(bytes(self._octets[at:reach]))
                if is_whole:
                    return at
            at += 1
        return 0

    def _next_start(self, at: int, end: int, trusted_only: bool) -> Scan[int]:
        """Find the first frame start behind a flag in the octets from *at*, which is not 0, up to *end*; 0 if none.

        A start is trusted by its HCS; behind two flags in a row a readable header is enough to be one.
        Starts are remembered, so that a lane full of false ones is still searched once.
        """
        starts = self._starts
        base = self._backlog.base
        index = bisect_left(starts, (base + at, False))
        while True:
            while index < len(starts):
                start = starts[index]
                if start.at >= base + end:
                    return 0
                if start.at >= base + at and (start.trusted or not trusted_only):
                    return start.at - base
                index += 1
            if self._searched >= base + end or not (yield from self._search_starts(end)):
                return 0

    def _search_starts(self, end: int) -> Scan[bool]:
        """Remember the next frame start before *end*, or that there is none so far; false when the lane ended."""
        octets, base = self._octets, self._backlog.base
        found = _OPENING.search(octets, max(self._searched - base - 1, 0), end)
        if not found:
            searched = min(end, len(octets))
            self._searched = base + searched
            return searched == end or (yield from self._wait(len(octets) + 1))
        at = found.start() + 1
        trust = yield from self._trust(at)
        if trust is Trust.GOOD or (trust > Trust.UNREADABLE and at > 1 and octets[at - 2] == FLAG):
            self._starts.append(_Start(base + at, trust is Trust.GOOD))
        self._searched = base + at + 1
        return True
