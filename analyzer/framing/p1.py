"""Octets of a lane into the telegrams of the consumer port P1, in clear or ciphered, whatever stands between them.

A telegram in clear begins with its identification line and ends with the line of its ``!``; a ciphered one is a
general-glo-ciphering APDU, alone or behind an identification line, there also without its tag, and ends where its
length says.
Source: DSMR P1 companion standard 5.0.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from analyzer.framing.frame import HEAD_MISSING, LENGTH_WRONG, NOISE, P1, TRUNCATED, Frame, Mark
from analyzer.framing.scanning import Scan, ScanningFramer
from dissectors.checks import seven_bits

Wait: TypeAlias = Callable[[int], Scan[bool]]
"""Waits until so many octets are there; false when the lane ended before."""

IDLE = b"\x00\xff\r\n\x8d"
"""What stands between messages and says nothing: wake-up NULs, an idle line, empty lines."""
_LONGEST_LINE = 96
_LONGEST = 1 << 16
_LONGEST_CLOSING = 32
_NOISE_FOLD = 2048
# field: an Iskra telegram has the octet 02 where others write \2 (corpus dsmr-iskra-ie)
_LINE_STOP = re.compile(rb"[\x00\x01\x03-\x0c\x0e-\x1f\x80-\x8c\x8e-\x9f]")
_IDENTIFICATION = re.compile(rb"/[A-Za-z]{3}[!-~][\x02 -~]*\r{0,2}\n?")
_TELEGRAM_STOP = re.compile(
    rb"[\r\n)\x8d\xa9]!|[\r\n\x8d][/\xaf][A-Za-z\xc0-\xfa]{3}|[!-~]/[A-Za-z]{3}[0-9][!-\x27*-~]{0,80}\r\n(?:\r\n)?[0-9]"
)
"""The end of a telegram, or the beginning of the next: of a line, or where the rest of a line got lost."""
DATA_SET = re.compile(
    rb"^[0-9]{1,3}-[0-9]{1,3}:[0-9A-F]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:\*[0-9]{1,3})?\([^()\r\n]*\)", re.MULTILINE
)
"""A line of a telegram, which shows that it is one where the identification did not come."""
_CLOSING = re.compile(rb"^![0-9A-F]{0,4}\r?\n", re.MULTILINE)
_LINE_END = re.compile(rb"[\r\x8d]?\n|[\r\x8d]")
_START = re.compile(rb"[/\xaf\xdb]")
_OPENING = re.compile(rb"\xdb\x08[A-Z]{3}")
_TAG = b"\xdb"
_ENCRYPTED = 0x20
_AROUND = 96
"""Octets that a stop of a telegram may still lack at the end of those that came."""


def line_at(octets: bytearray, wait: Wait, at: int, longest: int = _LONGEST_LINE) -> Scan[int]:
    """Find where the line that begins at *at* ends; 0 if it is none, the end of the lane if it ended before.

    A line of more than *longest* octets is none.
    """
    searched = at + 1
    while True:
        found = _LINE_STOP.search(octets, searched, at + longest)
        if found:
            return found.end() if octets[found.start()] == 0x0A else 0
        searched = len(octets)
        if searched >= at + longest:
            return 0
        if not (yield from wait(searched + 1)):
            return searched


def is_identification(line: bytes) -> bool:
    """Tell whether *line*, of seven bits, is the identification of a meter."""
    return _IDENTIFICATION.fullmatch(line) is not None


def telegram_at(octets: bytearray, wait: Wait, at: int, line_end: int) -> Scan[tuple[int, str]]:
    """Find where the telegram at *at* ends, whose identification line ends at *line_end*; and its problem."""
    body = line_end
    while (yield from wait(body + 1)) and octets[body] in b"\r\n\x8d":
        body += 1
    title_at = body + 1 if octets[body : body + 1] == _TAG and (yield from wait(body + 2)) else body
    if title_at < len(octets) and octets[title_at] in (0x00, 0x08):
        end, problem = yield from _sealed(octets, wait, title_at)
        if end and not problem and (yield from wait(end + 1)) and octets[end] == 0x21:
            end = yield from closing_at(octets, wait, end + 1)
        if end:
            return end, problem
    searched = line_end - 2
    while True:
        found = _TELEGRAM_STOP.search(octets, searched)
        if found and found.start() < at + _LONGEST:
            if octets[found.end() - 1] != 0x21:
                return found.start() + 1, LENGTH_WRONG
            return (yield from closing_at(octets, wait, found.end())), ""
        searched = max(len(octets) - _AROUND, searched)
        if searched >= at + _LONGEST:
            return at + _LONGEST, LENGTH_WRONG
        if not (yield from wait(len(octets) + 1)):
            return len(octets), TRUNCATED


def _sealed(octets: bytearray, wait: Wait, at: int) -> Scan[tuple[int, str]]:
    """Find where a general-glo-ciphering APDU ends whose system title is at *at*; end 0 if there is none."""
    length_at = at + 1 + octets[at]
    if not (yield from wait(length_at + 4)):
        return 0, ""
    first = octets[length_at]
    content = length_at + (1 if first < 0x80 else first - 0x7F)
    if first > 0x82 or not (yield from wait(content + 1)) or not octets[content] & _ENCRYPTED:
        return 0, ""
    end = content + (first if first < 0x80 else int.from_bytes(octets[length_at + 1 : content], "big"))
    if not (yield from wait(end)):
        return len(octets), TRUNCATED
    if octets[at - 1] == 0xDB:
        opening = octets[at - 1 : at + 4]
        again = octets.find(opening, at, end)
        if again < 0:
            again = yield from _over(octets, wait, opening, end)
        return (end, "") if again < 0 else (again, LENGTH_WRONG)
    return end, ""


def _over(octets: bytearray, wait: Wait, opening: bytearray, end: int) -> Scan[int]:
    """Find where *opening* stands across *end*: few octets were lost; more is waited for only where it may. Else -1."""
    for at in range(end - len(opening) + 1, end):
        behind = at + len(opening)
        if octets[at:end] == opening[: end - at] and (yield from wait(behind)) and octets[at:behind] == opening:
            return at
    return -1


def closing_at(octets: bytearray, wait: Wait, at: int) -> Scan[int]:
    """Find where the line ends that goes on at *at*, behind ``!``; what begins anew does not belong to it."""
    limit = at + _LONGEST_CLOSING
    while at < limit and (yield from wait(at + 1)) and 0x20 <= octets[at] & 0x7F < 0x7F and octets[at] not in b"/\xaf":
        at += 1
    if (yield from wait(at + 1)) and octets[at] in b"\r\x8d":
        at += 1
    if (yield from wait(at + 1)) and octets[at] == 0x0A:
        at += 1
    return at


class P1Framer(ScanningFramer):
    """Telegrams out of the octets of one lane, in any cut; see `Framer`. Idle octets are counted, in no frame."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_octets = 0

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take the next octets of the lane; return the frames that they complete."""
        return self._append(octets, mark)

    def _search(self) -> Scan[None]:
        at = 0  # all before stands between telegrams
        while (yield from self._wait(at + 1)):
            octets = self._octets
            end, problem = 0, ""
            if octets[at] in (0x2F, 0xAF):
                line_end = yield from line_at(octets, self._wait, at)
                if line_end and is_identification(seven_bits(bytes(octets[at:line_end]))):
                    end, problem = yield from telegram_at(octets, self._wait, at, line_end)
            elif octets[at] == 0xDB and (yield from self._wait(at + 5)) and _OPENING.match(octets, at):
                end, problem = yield from _sealed(octets, self._wait, at + 1)
            if end:
                self._between(at)
                self._found.append(self._backlog.frame(P1, at, end, problem))
                self._backlog.drop(end)
                at = 0
                continue
            found = _START.search(octets, at + 1)
            at = found.start() if found else len(octets)
            while at >= _NOISE_FOLD:
                self._between(_NOISE_FOLD)
                self._backlog.drop(_NOISE_FOLD)
                at -= _NOISE_FOLD
        self._between(len(self._octets))

    def _between(self, end: int) -> None:
        """Give the first *end* octets as the rest of a telegram or as noise, idle octets at both sides apart."""
        octets = self._octets[:end]
        first = end - len(octets.lstrip(IDLE))
        last = len(octets.rstrip(IDLE)) if first < end else end
        is_rest = DATA_SET.search(seven_bits(bytes(octets[first:last]))) is not None
        if is_rest and (line_end := _LINE_END.match(octets, last)):
            last = line_end.end()
        self.idle_octets += end - (last - first)
        if is_rest:
            ends = (found.end() for found in _CLOSING.finditer(seven_bits(bytes(octets[:last])), first))
            for stop in (*(one for one in ends if one < last), last):  # of logs that are printed newest first
                has_sets = DATA_SET.search(seven_bits(bytes(octets[first:stop]))) is not None
                link, problem = (P1, HEAD_MISSING) if has_sets else (NOISE, "")
                self._found.append(self._backlog.frame(link, first, stop, problem))
                first = stop
        elif first < last:
            self._found.append(self._backlog.frame(NOISE, first, last))
