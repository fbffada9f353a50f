"""Words and numbers beside the times of text logs that are neither times nor octets, and epochs beside clocks."""

import re
from collections import Counter
from collections.abc import Iterable
from enum import Enum, auto
from itertools import pairwise

from captures.text.times import ASCTIME, BASIC, DATE, TIME, WHOLE, ZONES, Clock

_TIME = re.compile(TIME.encode())
_WHOLE_NUMBER = re.compile(rf"[\[(]?({WHOLE})[\])]?[\s:;,|-]*".encode())
_LEADING = re.compile(
    rf"(?P<before>[\[(]?(?P<number>\d{{5,16}})[\])]?)[ ,]+(?=[\[(]?(?:{BASIC}|{ASCTIME}"
    rf"|(?:{DATE}[ T,]{{1,2}})?\d{{1,2}}(?:[:.]\d\d[:.]\d\d(?![\d:.]\d)|:\d\d:\d\d\.\d{{3,9}}\b)))".encode()
)
"""A number of a meter or a process before a time, which only a sign would set apart from octets."""
_DATE_BEFORE = re.compile(rb"[\[(]?((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))[ ,]{1,2}\d\d:")
"""What may be the date of the time of day behind it."""
_EPOCH_BEFORE = re.compile(rb"1[4-9]\d{8}(?:\d{3}|\d{6})?")
_SECOND, _DAY, _SECONDS_DIGITS, _CLOSING = 1_000_000_000, 86_400, 10, b" \t\r])"
_QUARTER, _APART_S, _LEAST_SHARE = 900, 2, 0.75
"""Zones are whole quarters of an hour apart; so far an epoch and the clock beside it may be, of so many lines."""
_LANE = re.compile(
    rb"(?<!\d)(\d\d?:\d\d:\d\d(?:[.,]\d{1,9})?) ([A-Z]{2,5})\b(?=[:>|\])]?[ \t]++"
    rb"(?:(?i:tx|rx|sent|send|recv|rcvd|read|write|in|out|>>|<<|->|<-)[:>|]?[ \t]++)?(?:0x)?[0-9A-Fa-f]{2}"
    rb"(?:(?:[ ,:.-]{0,2}(?:0x)?[0-9A-Fa-f]{2}){3}|(?:[ ,:.-]?[0-9A-Fa-f]{2}){0,2}\s*$))"
)
"""A word that stands behind a time, and right before octets or their direction: where taps have their names."""
_WITH_YEAR_LAST = re.compile(ASCTIME.encode())
_NO_LANES = frozenset(
    b"AM PM TX RX SEND SENT RECV RCVD READ WRITE IN OUT REQ RES RSP RESP HOST METER"
    b" TRACE DEBUG DBG INFO INF NOTE WARN WRN ERROR ERR FATAL CRIT LOG DATA HEX RAW"
    b" BST IST EST EDT CST CDT MST MDT PST PDT AST ADT SAST EAT CAT WAT BRT ART JST KST HKT SGT MSD".split()
)
"""Words behind times that name no tap: halves of a day, directions, levels, and zones whose name is that of others."""
_LEAST_TURNS = 3
"""So often two taps speak in turn before their names are none of zones."""


class Leading(Enum):
    """What the numbers are that stand before times."""

    NONE = auto()
    NUMBER = auto()
    """Of a meter or a process."""
    EPOCH = auto()
    """Those that may be epochs are, and say more than the time behind them."""


def has_zone_lanes(lines: Iterable[bytes]) -> bool:
    """Tell whether the names of zones that stand behind times of *lines* are those of taps.

    They are where they stand right before octets, and take turns there with words that are no zones.
    """
    words = [found[2] for line in lines if (found := _lane_in(line)) is not None]
    counts = Counter(word for word in words if word not in _NO_LANES)
    zones = [word.decode() in ZONES for word in words if counts[word] > 1]
    return sum(a != b for a, b in pairwise(zones)) >= _LEAST_TURNS


def without_zone(line: bytes) -> bytes:
    """Give *line* with the name of a tap behind its time so far from it that it is no zone."""
    found = _lane_in(line)
    return line[: found.end(1)] + b" " + line[found.end(1) :] if found else line


def _lane_in(line: bytes) -> "re.Match[bytes] | None":
    found = _LANE.search(line)
    return None if found and _WITH_YEAR_LAST.search(line) else found


def standing_number(lines: Iterable[bytes]) -> bytes:
    """Give the number like an epoch that is the same in all of *lines* that have one: a meter's or a process's.

    It is empty if there is none: one that changes may be an epoch.
    """
    found = [match[1] for line in lines if (match := _WHOLE_NUMBER.search(line)) is not None]
    return found[0] if len(found) > 1 and len(set(found)) == 1 else b""


def without_standing(line: bytes, number: bytes) -> bytes:
    """Give *line* without *number*, which stands still and is neither a time nor octets."""
    found = _WHOLE_NUMBER.search(line)
    return line[: found.start()] + line[found.end() :] if found and found[1] == number else line


def leading_numbers(lines: Iterable[bytes]) -> Leading:
    """Tell what the numbers are that stand before the times of *lines*.

    An epoch goes with the time behind it, from which it is as far in each line; where it never changes, or that time
    has a date, it is so only if it is whole quarters of an hour from it, as zones are. Dates never go back, and are no
    such numbers.
    """
    clock, numbers, aheads, is_any = Clock(), set[bytes](), list[int](), False
    lines = list(lines)
    dates = [found[1] for line in lines if (found := _DATE_BEFORE.match(line)) is not None]
    are_dates = dates == sorted(dates)
    for line in lines:
        if (both := _leading_in(line)) is None or (are_dates and _DATE_BEFORE.match(line)):
            continue
        found, time = both
        is_any = True
        if _EPOCH_BEFORE.fullmatch(found["number"]) and (time_ns := clock.read(time)) is not None:
            numbers.add(found["number"])
            aheads.append(int(found["number"][:10]) - time_ns // _SECOND)
    if not aheads:
        return Leading.NUMBER if is_any else Leading.NONE
    usual = sorted((ahead - aheads[0] + _DAY // 2) % _DAY for ahead in aheads)[len(aheads) // 2] + aheads[0] - _DAY // 2
    going = sum(abs(_around(ahead - usual, _DAY)) <= _APART_S for ahead in aheads)
    is_proven = (len(numbers) > 1 and not clock.has_date) or abs(_around(usual, _QUARTER)) <= _APART_S
    return Leading.EPOCH if is_proven and going >= len(aheads) * _LEAST_SHARE else Leading.NUMBER


def _leading_in(line: bytes) -> "tuple[re.Match[bytes], re.Match[bytes]] | None":
    """Find the number before the time that *line* begins with, and the time; nothing where nothing is behind it.

    A time at the end of a line is that of the octets before it.
    """
    found = _LEADING.match(line)
    time = _TIME.search(line, found.end()) if found else None
    return (found, time) if found and time and line[time.end() :].strip(_CLOSING) else None


def _around(value: int, period: int) -> int:
    """Give how far *value* is from a multiple of *period*."""
    return (value + period // 2) % period - period // 2


def with_one_time(line: bytes, leading: Leading) -> bytes:
    """Give *line* without the number before its time or, where that is an epoch, without the time behind it.

    Decimals that the time alone has are those of the epoch.
    """
    if (both := _leading_in(line)) is None:
        return line
    found, time = both
    if leading is not Leading.EPOCH or not _EPOCH_BEFORE.fullmatch(found["number"]):
        return line[found.end() :]
    fraction = b"." + time["fraction"] if time["fraction"] and len(found["number"]) == _SECONDS_DIGITS else b""
    behind = line[time.end() :]
    return (
        line[: found.end("number")]
        + fraction
        + line[found.end("number") : found.end("before")]
        + (behind[1:] if behind[:1] in (b"]", b")") else behind)
    )
