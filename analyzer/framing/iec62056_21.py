"""Octets of a lane into the messages of IEC 62056-21, and into the HDLC frames that mode E hands the line over to.

One scan knows both, so that a line may change to HDLC and back at any octet. A message is delimited by its line end
or by ETX and the check character; characters may bear their parity in bit 7.
Source: IEC 62056-21 (Direct local data exchange), modes A to E.
"""

import re

from analyzer.framing.frame import (
    HDLC,
    HEAD_MISSING,
    IEC62056_21,
    LENGTH_WRONG,
    P1,
    TRUNCATED,
    Frame,
    Mark,
    longest_pause,
)
from analyzer.framing.hdlc import FLAG, SLASH, HdlcFramer
from analyzer.framing.p1 import IDLE, closing_at, is_identification, line_at, telegram_at
from analyzer.framing.scanning import Scan
from dissectors.check_character import ACK, BARE_SELECT, NAK, SOH, STX, judge
from dissectors.checks import seven_bits

_NEXT = re.compile(rb"[\xa0-\xaf/\x01\x81\x02\x82\x06\x15\x95]")
_NOT_IDLE = re.compile(rb"[^\x00\xff\r\n\x8d]")
_REQUEST = re.compile(rb"/\??[ -~]{0,40}!\r?\n?")
_SELECT = (b"0123456789", b"0123456789ABCDEFGHI", b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"\r", b"\n")
"""What stands behind the ACK of an option select: V, Z, Y, CR, LF."""
_BLOCK_STOP = re.compile(rb"[\x01\x81\x02\x82\x03\x04\x84]")
_DATA_LINE = re.compile(rb"[^()/!]{0,32}(\([^()]*\))+ *\r?\n?")
_DATA_SET = re.compile(rb"[0-9][0-9A-Z.:*&-]{2,31}\(")
_LONGEST_DATA_LINE = 4096
"""A text message of P1 has 2,048 characters; lists of power failures and of the peaks of months are shorter."""
_CRC_LINE = re.compile(rb"\n![0-9A-F]{4}\r?\n?\Z")
"""The last line of a telegram of P1."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STARTS = bytes((0x2F, SOH, STX, ACK, NAK))
_BROKEN_OFF_NS = 3_000_000_000
"""Twice the time that may pass between two characters: what comes behind it may be another message."""
_WAKING = b"\x00\xff"
"""What stands before a message to wake the meter up, and on an idle line."""
_BEGINS = re.compile(
    rb"/\?[ -~]{0,40}!\r?\n|/[A-Za-z]{3}[0-9A-Za-z][!-'*-~]{0,80}\r\n|\x01[PWREB][0-9][\2-\4]|"
    rb"\x06[0-9][0-9A-I][0-9A-Z]\r|\x02[^\x00-\x1f()/!]{0,32}\("
)
"""What a message begins with, so much of it that no piece of another is taken for it."""
_MAY_BEGIN = re.compile(
    rb"(/(\?[ -~]{0,40}\r?|[A-Za-z]{0,3}|[A-Za-z]{3}[0-9A-Za-z][!-'*-~]{0,80}\r?)|\x01([PWREB][0-9]?)?|"
    rb"\x06[0-9]?[0-9A-I]?[0-9A-Z]?|\x02[^\x00-\x1f()/!]{0,32})?\Z"
)
"""So much of it as may have come."""
_OPEN_COMMAND = re.compile(rb"\x01[PWREB][0-9]\x02")
"""A pause between a command and the STX of its own data."""
_LONGEST_BEGINNING = 96
_CUTS_SHORT = re.compile(rb"\x00*(/\?|\x01B0)")
"""A sign-on or a break: who hears it stops."""
_LONGEST = 1 << 18
_JUDGED = 32
"""By so many octets a block is judged to be text."""
_NOISE_FOLD = 2048


class Iec62056Framer(HdlcFramer):
    """Messages and HDLC frames out of the octets of one lane, in any cut; see `Framer`.

    *speaks* says that the lane speaks IEC 62056-21 now; where it does not, only messages that prove themselves count.
    """

    def __init__(self, *, speaks: bool = True) -> None:
        self._speaks = self._is_text_line = speaks
        self._rests = self._lacks_check = self._is_identified = False
        self._resumed = -1
        """Where, counted with the octets that were dropped, a message may begin amid what waits: behind a pause."""
        super().__init__()

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; what broke off is given once another message begins behind it."""
        if self._octets and self._is_text_line:
            return self._end_broken_off(octets, mark) + super().feed(octets, mark)
        return super().feed(octets, mark)

    def _end_broken_off(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Give what waits up to its pause, where what came since, with *octets*, begins another message."""
        backlog = self._backlog
        if self._resumed <= backlog.base:
            if longest_pause((backlog.newest, mark), len(octets) + 1) <= _BROKEN_OFF_NS:
                return []
            self._resumed = backlog.base + len(self._octets)
        at = self._resumed - backlog.base
        begun = seven_bits((bytes(self._octets[at:]) + octets).lstrip(_WAKING)[:_LONGEST_BEGINNING])
        before = seven_bits(bytes(self._octets[max(at - 3, 0) : at]))
        if not _BEGINS.match(begun) or _OPEN_COMMAND.match(before + begun):
            if not _MAY_BEGIN.match(begun):
                self._resumed = -1  # the sender only paused
            return []
        pieces = backlog.pieces()
        self._restart()
        found: list[Frame] = []
        taken = 0
        for piece, came in (*pieces, (b"", mark)):
            if taken == at:
                found += map(_broken_off, super().flush())
            taken += len(piece)
            found += super().feed(piece, came)
        return found

    def heard(self, frame: Frame) -> None:
        """Take what waits for over, if nothing more of it comes behind a sign-on or a break of the other side."""
        if self._octets and _CUTS_SHORT.match(seven_bits(frame.octets[:_LONGEST_BEGINNING])):
            self._resumed = self._backlog.base + len(self._octets)

    def flush(self) -> list[Frame]:
        """Return what is left; the other side may have cut it short."""
        is_cut_short = self._octets and self._resumed == self._backlog.base + len(self._octets)
        found = super().flush()
        return [_broken_off(frame) for frame in found] if is_cut_short else found

    def rest(self) -> list[Frame]:
        """Nothing came for a while: a check character may still come."""
        return [] if self._lacks_check else super().rest()

    def rests(self) -> bool:
        """Tell whether a message waits for octets that need not come, or a frame for its closing flag."""
        return self._rests or super().rests()

    def _restart(self) -> None:
        super()._restart()
        self._rests = self._lacks_check = False
        self._resumed = -1

    def _search(self) -> Scan[None]:
        at = idle_end = 0
        while (yield from self._wait(at + 1)):
            octets = self._octets
            if not at and self._behind_flag:
                self._speaks = False
            if at == idle_end:  # only idle octets stand before
                found = _NOT_IDLE.search(octets, at)
                at = idle_end = found.start() if found else len(octets)
                if not found:
                    at = idle_end = self._fold(at)
                    continue
            link, end, problem = yield from self._unit_at(at, at == idle_end)
            if end:
                start = at - 1 if link == HDLC and at and octets[at - 1] == FLAG else at
                self._speaks = self._speaks or link != HDLC
                self._between(start)
                self._found.append(self._backlog.frame(link, start, end, problem))
                self._behind_flag = link == HDLC and (not problem or octets[end - 1] == FLAG)
                self._speaks = link != HDLC
                self._is_identified = link == IEC62056_21 and octets[start] & 0x7F == 0x2F
                self._drop(end)
                at = idle_end = 0
                continue
            found = _NEXT.search(octets, at + 1)
            at = self._fold(found.start() if found else len(octets))
            idle_end = min(idle_end, at)
        self._between(len(self._octets))

    def _between(self, end: int) -> None:
        """Give the first *end* octets as noise; what is idle depends on what the lane speaks."""
        self.idle = HdlcFramer.idle + IDLE if self._speaks else HdlcFramer.idle
        super()._between(end)

    def _fold(self, at: int) -> int:
        """Give long runs before *at* in pieces, so that a line that never says anything stays bounded."""
        while at >= _NOISE_FOLD:
            self._between(_NOISE_FOLD)
            self._behind_flag = self._octets[_NOISE_FOLD - 1] == FLAG
            self._drop(_NOISE_FOLD)
            at -= _NOISE_FOLD
        return at

    def _unit_at(self, at: int, is_clean: bool) -> Scan[tuple[str, int, str]]:
        """Find the message or frame at *at*: its link, where it ends, its problem; end 0 if there is none."""
        octets = self._octets
        flagged = octets[at - 1] == FLAG if at else self._behind_flag
        if not flagged or octets[at] & 0xF0 != 0xA0:
            link, end, problem = yield from self._message_at(at, is_clean and self._speaks)
            if end:
                return link, end, problem
        if octets[at] & 0xF0 == 0xA0:
            end, problem = yield from self._frame_at(at, flagged)
            if end or not flagged or octets[at] != SLASH:
                return HDLC, end, problem
            return (yield from self._line_at(at))
        return HDLC, 0, ""

    def _message_at(self, at: int, is_clean: bool) -> Scan[tuple[str, int, str]]:
        """Find the message at *at*; what does not prove itself counts only where *is_clean*."""
        first = self._octets[at] & 0x7F
        end, problem = 0, ""
        if first == 0x2F:
            return (yield from self._line_at(at))
        if first == ACK:
            end = yield from self._select_at(at)
            end = end or (at + 1 if is_clean else 0)
        elif first == NAK:
            end = at + 1 if is_clean else 0
        elif first == SOH:
            if (yield from self._is_command(at + 1)) or (is_clean and (yield from self._is_hurt_command(at + 1))):
                end, problem = yield from self._block_at(at, at + 3)
        elif first == STX:
            end, problem = yield from self._block_at(at, at + 1)
        elif is_clean and (yield from self._is_login(at + 1)):
            end, problem = yield from self._block_at(at, at + 3)
        elif is_clean and 0x20 < first < 0x7F:
            if self._is_identified and (end := (yield from self._bare_select_at(at))):
                return IEC62056_21, end, ""
            if first in b"PWREB" and (yield from self._is_command(at)):
                end, problem = yield from self._block_at(at, at + 2)
            else:
                end, problem = yield from self._bare_at(at)
                if end and not problem and _CRC_LINE.search(self._octets, max(at, end - 8), end):
                    return P1, end, HEAD_MISSING
        return IEC62056_21, end, problem

    def _line_at(self, at: int) -> Scan[tuple[str, int, str]]:
        """Find the request, the identification or the telegram at *at*."""
        octets = self._octets
        end = yield from line_at(octets, self._wait, at)
        line = seven_bits(bytes(octets[at:end]))
        problem = "" if line.endswith(b"\n") else TRUNCATED
        if _REQUEST.fullmatch(line):
            return IEC62056_21, end, problem
        if not is_identification(line):
            return IEC62056_21, 0, ""
        self._rests = True
        is_telegram = (yield from self._wait(end + 1)) and octets[end] in b"\r\n\x8d"
        self._rests = False
        if is_telegram:
            end, problem = yield from telegram_at(octets, self._wait, at, end)
        return (P1 if is_telegram else IEC62056_21), end, problem

    def _select_at(self, at: int) -> Scan[int]:
        """Find where the option select at *at* ends; 0 if it is none."""
        self._rests = True
        for place, characters in enumerate(_SELECT, at + 1):
            is_there = yield from self._wait(place + 1)
            self._rests = False
            if not is_there or self._octets[place] & 0x7F not in characters:
                return 0
        return at + 1 + len(_SELECT)

    def _bare_select_at(self, at: int) -> Scan[int]:
        """Find where the option select at *at* ends whose ACK a terminal has left out; 0 if it is none."""
        if self._octets[at] & 0x7F not in _SELECT[0]:
            return 0
        end = yield from line_at(self._octets, self._wait, at)
        return end if BARE_SELECT.fullmatch(seven_bits(bytes(self._octets[at:end]))) else 0

    def _is_command(self, at: int) -> Scan[bool]:
        """Tell whether the two characters of a command stand at *at*, and behind them STX, ETX or EOT."""
        yield from self._wait(at + 3)
        command = seven_bits(bytes(self._octets[at : at + 3]))
        return len(command) == 3 and command[0] in b"PWREB" and command[1] in b"0123456789" and command[2] in b"\2\3\4"

    def _is_hurt_command(self, at: int) -> Scan[bool]:
        """Tell whether what stands behind SOH is a command one of whose two characters is damaged."""
        yield from self._wait(at + 4)
        command = seven_bits(bytes(self._octets[at : at + 4]))
        return command[2:] == b"\2(" and (command[0] in b"PWREB") + (command[1] in b"0123456789") == 1

    def _is_login(self, at: int) -> Scan[bool]:
        """Tell whether a password command stands at *at*, behind an octet that is none of its SOH."""
        octets = self._octets
        if len(octets) > at and octets[at] & 0x7F != 0x50:
            return False
        yield from self._wait(at + 4)
        return seven_bits(bytes(octets[at : at + 4])) in (b"P1\2(", b"P2\2(")

    def _block_at(self, at: int, begin: int) -> Scan[tuple[int, str]]:
        """Find where the block at *at* ends, whose characters begin at *begin*, its check character included."""
        octets = self._octets
        if begin > at + 1 and octets[begin] & 0x7F == STX:
            begin += 1
        searched = begin
        is_text = False
        while True:
            found = _BLOCK_STOP.search(octets, searched)
            reach = found.start() if found else len(octets)
            if not is_text and reach >= begin + _JUDGED:
                is_text = _is_text(octets[begin : begin + _JUDGED])
                if not is_text:
                    return 0, ""
            if reach - at > _LONGEST:
                return 0, ""
            if found:
                break
            searched = reach
            if not (yield from self._wait(reach + 1)):
                return (reach, TRUNCATED) if self._speaks and _is_text(octets[begin:reach]) else (0, "")
        if not _is_text(octets[begin:reach]):
            return 0, ""
        if octets[reach] & 0x7F in (SOH, STX):
            return (reach, LENGTH_WRONG) if self._speaks else (0, "")
        return (yield from self._with_check(at, reach + 1)), ""

    def _with_check(self, at: int, end: int) -> Scan[int]:
        """Find where the message ends of which ETX or EOT stands before *end*: with its check character, if it is."""
        octets = self._octets
        self._rests = self._lacks_check = True
        is_there = yield from self._wait(end + 1)
        self._rests = self._lacks_check = False
        if not is_there:
            return end if self._speaks else 0
        if judge(seven_bits(bytes(octets[at : end + 1])))[0] != "wrong":
            return end + 1
        if not self._speaks:
            return 0
        if octets[end] & 0x7F not in _STARTS:
            return end + 1
        # what begins the next message is no check character, unless another one begins right behind it
        self._rests = True
        is_there = yield from self._wait(end + 2)
        self._rests = False
        return end + 1 if not is_there or octets[end + 1] & 0x7F in _STARTS else end

    def _bare_at(self, at: int) -> Scan[tuple[int, str]]:
        """Find where the data end that begin at *at* without STX, as modes A and B send them: at the line of ``!``."""
        octets = self._octets
        start = at
        while (yield from self._wait(start + 1)) and start - at < _LONGEST:
            if octets[start] == 0x21 and start > at:
                return (yield from closing_at(octets, self._wait, start + 1)), ""
            end = yield from line_at(octets, self._wait, start)
            if not end and _DATA_SET.match(seven_bits(bytes(octets[start : start + _LONGEST_BEGINNING]))):
                end = yield from line_at(octets, self._wait, start, _LONGEST_DATA_LINE)
            line = seven_bits(bytes(octets[start:end]))
            if not _DATA_LINE.fullmatch(line):
                break
            start = end
        return (start, TRUNCATED) if start > at else (0, "")


def _broken_off(frame: Frame) -> Frame:
    """Say of a message that ends early that it is not the capture that ended."""
    is_cut = frame.link == IEC62056_21 and frame.problem == TRUNCATED
    return frame._replace(problem=LENGTH_WRONG) if is_cut else frame


def _is_text(octets: bytearray) -> bool:
    """Tell whether so few of *octets* are control characters that they are meant as text."""
    return len(_CONTROL.findall(seven_bits(bytes(octets)))) * 4 <= len(octets)
