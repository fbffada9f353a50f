"""Two sequences to what is the same in both: as difflib, but in time that grows with their length alone.

Short ones are aligned by difflib as they are. Of long ones the ends they share are set aside, then what stands once in
both, or words of items that do; what lies between is aligned piece by piece.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

_MOST_PAIRS = 1 << 16
"""So many pairs of items are left to difflib, whose work is their number times that of the pieces it finds."""
_WINDOW = 96
_WORDS = (1, 4, 16)
"""How many items the words have that may stand once in both, one after the other."""

Opcode = tuple[str, int, int, int, int]
_Blocks = Iterator[tuple[int, int, int]]


def opcodes(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[Opcode]:
    """Give what turns *one* into *other*, as SequenceMatcher.get_opcodes() does."""
    codes: dict[Hashable, int] = {}
    here, there = ([codes.setdefault(item, len(codes)) for item in each] for each in (one, other))
    found = _shortly(here, there) if len(here) * len(there) <= _MOST_PAIRS else _blocks(here, there, _WORDS)
    i = j = size = 0
    for a, b, length in (*found, (len(here), len(there), 0)):
        if length and (a, b) == (i + size, j + size):
            size += length
            continue
        if size:
            yield "equal", i, i + size, j, j + size
        i, j = i + size, j + size
        if i < a or j < b:
            yield "insert" if i == a else "delete" if j == b else "replace", i, a, j, b
        i, j, size = a, b, length


def same_first(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Count the first items that are the same."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (here, there) in enumerate(pairs) if here != there), min(len(one), len(other)))


def _shortly(one: list[int], other: list[int]) -> _Blocks:
    """Let difflib align two short pieces."""
    yield from SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()[:-1]


def _blocks(one: list[int], other: list[int], words: tuple[int, ...]) -> _Blocks:
    """Find what is the same in two pieces, in order."""
    begin = same_first(one, other)
    end = same_first(one[begin:][::-1], other[begin:][::-1])
    i_end, j_end = len(one) - end, len(other) - end
    if begin:
        yield 0, 0, begin
    for i, j, size in _inner(one[begin:i_end], other[begin:j_end], words):
        yield begin + i, begin + j, size
    if end:
        yield i_end, j_end, end


def _inner(one: list[int], other: list[int], words: tuple[int, ...]) -> _Blocks:
    """Find what is the same in two pieces whose ends differ."""
    if len(one) * len(other) <= _WINDOW * _WINDOW:
        yield from _shortly(one, other)
        return
    if not words:
        yield from _by_windows(one, other)
        return
    i = j = 0
    for a, b in (*_anchors(one, other, words[0]), (len(one), len(other))):
        for start, begin, size in _blocks(one[i:a], other[j:b], words[1:]):
            yield i + start, j + begin, size
        if a < len(one):
            yield a, b, 1
        i, j = a + 1, b + 1


def _anchors(one: list[int], other: list[int], size: int) -> list[tuple[int, int]]:
    """Find where words of *size* items begin that stand once in both: as many as stand in the same order."""
    here, there = (list(zip(*(each[at:] for at in range(size)), strict=False)) for each in (one, other))
    mine, theirs = Counter(here), Counter(there)
    places = {word: at for at, word in enumerate(there) if theirs[word] == 1 == mine[word]}
    ends: list[int] = []  # by length: the least place at which a row of that many ends
    rows: list[tuple[int, int, int]] = []  # each with the one before it
    last: list[int] = []
    for at, word in enumerate(here):
        place = places.get(word)
        if place is not None:
            length = bisect_left(ends, place)
            rows.append((at, place, last[length - 1] if length else -1))
            ends[length : length + 1] = [place]
            last[length : length + 1] = [len(rows) - 1]
    found = []
    before = last[-1] if last else -1
    while before >= 0:
        at, place, before = rows[before]
        found.append((at, place))
    return found[::-1]


def _by_windows(one: list[int], other: list[int]) -> _Blocks:
    """Align piece by piece: of each window what begins in its first half counts, and the next one begins behind."""
    i = j = 0
    half = _WINDOW // 2
    while i < len(one) and j < len(other):
        is_last = max(len(one) - i, len(other) - j) <= _WINDOW
        a = b = half
        for start, begin, size in _shortly(one[i : i + _WINDOW], other[j : j + _WINDOW]):
            if max(start, begin) >= half and not is_last:
                a, b = start, begin
                break
            yield i + start, j + begin, size
            a, b = max(start + size, half), max(begin + size, half)
        i, j = (len(one), len(other)) if is_last else (i + a, j + b)
