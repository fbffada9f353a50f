"""Where any of many octet strings stand in a file, in one pass over it however many they are."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from itertools import count
from typing import BinaryIO

LEAST_SOUGHT = 8
"""Octets of the shortest string that can be sought, a window of which is one number: shorter ones stand by chance."""
_LEAST_VARIED = 4
"""Different octets of a window that does not stand everywhere, as padding does."""
_CHUNK = 1 << 16
_Windows = dict[int, set[tuple[int, int]]]
"""Windows of what is sought as numbers, and where each stands in strings of which length."""


def standing(file: BinaryIO, sought: Collection[bytes]) -> Iterator[tuple[int, bytes]]:
    """Give place and octets of each of *sought* that stands in *file*, also where they overlap, in no order.

    ValueError where one has fewer than LEAST_SOUGHT octets.
    """
    windows: _Windows = {}
    for one in sought:
        at = _varied(one)
        window = int.from_bytes(one[at : at + LEAST_SOUGHT], sys.byteorder)
        windows.setdefault(window, set()).add((at, len(one)))
    for place, window in _found(file, windows):
        for at, size in windows[window]:
            if at <= place:
                file.seek(place - at)
                one = file.read(size)
                if one in sought:
                    yield place - at, one


def _varied(one: bytes) -> int:
    """Tell where the last window stands that is varied enough to be rare; the most varied one where none is."""
    if len(one) < LEAST_SOUGHT:
        raise ValueError(f"at least {LEAST_SOUGHT} octets were expected")
    best = most = 0
    for at in range(len(one) - LEAST_SOUGHT, -1, -1):
        different = len(set(one[at : at + LEAST_SOUGHT]))
        if different >= _LEAST_VARIED:
            return at
        if different > most:
            best, most = at, different
    return best


def _found(file: BinaryIO, windows: _Windows) -> Iterator[tuple[int, int]]:
    """Give place and number of each of *windows* in *file*."""
    sought = frozenset(windows)
    for start in count(0, _CHUNK):
        file.seek(start)
        chunk = memoryview(file.read(_CHUNK + LEAST_SOUGHT - 1))
        if len(chunk) < LEAST_SOUGHT:
            return
        for shift in range(LEAST_SOUGHT):
            whole = (len(chunk) - shift) // LEAST_SOUGHT * LEAST_SOUGHT
            numbers = chunk[shift : shift + whole].cast("Q")
            if not sought.isdisjoint(numbers):  # a loop is slow: most chunks have none
                for index, number in enumerate(numbers):
                    if number in sought:
                        yield start + shift + index * LEAST_SOUGHT, number
