"""Files that change while they are looked at: read again when they do, never so often that it is felt."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from os.path import exists
from typing import TYPE_CHECKING, NamedTuple

from analyzer.tui.rings import Rings

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.security.keyring import Keyring

_LEAST_SECONDS = 1.0
_SHARE = 4
"""So many times as long as reading took nothing is read."""


class Seen(NamedTuple):
    """What a file was when it was looked at."""

    inode: int
    size: int
    modified_ns: int


class Growth:
    """Watches the files of a capture. A file that only grows keeps its record numbers; one written anew has others.

    Of a ring the files that come are read too, and those that it gives up go.
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._rings = Rings(capture.inputs)
        self._seen = _look(capture.inputs)
        self._not_before = 0.0
        self._began = 0.0
        self._lost: set[str] = set()
        self.newly_lost: list[str] = []
        """Files that held octets before and, since the last look, are empty or gone."""
        self._waits: set[str] = set()
        self.newly_waiting: list[str] = []
        """Files that changed since, and are not read: what the lost ones held would go."""
        self.given_up: list[str] = []
        """Files that their ring has given up since the last look."""

    def look(self, keys: Keyring | None) -> str:
        """Read the capture again where a file has changed. Returns one that was written anew, or nothing."""
        capture, now = self._capture, time.monotonic()
        self.newly_lost, self.newly_waiting, self.given_up = [], [], []
        if capture.live is not None:  # it is read as it grows
            return ""
        if self._began and capture.again is None:
            self._not_before = now + max(_LEAST_SECONDS, _SHARE * (now - self._began))
            self._began = 0.0
        if not capture.progress.is_done or self._began or now < self._not_before:
            return ""
        before, found = self._seen, _look(capture.inputs)
        changed = [name for name, seen in found.items() if before.get(name) != seen]
        inputs = self._rings.now(capture.inputs, [one for one in capture.inputs if not exists(one)], changed)
        if inputs != list(capture.inputs):
            found, self.given_up = _look(inputs), [one for one in before if one not in inputs]
            before = {name: seen for name, seen in before.items() if name in inputs}
            changed = [name for name, seen in found.items() if before.get(name) != seen]
        is_back = not self._lost.isdisjoint(found)  # also one that did not change: keys may have come meanwhile
        self._tell(before.keys() - found.keys(), changed)
        if self._lost or not (changed or is_back or self.given_up):
            return ""
        self._seen = before | found
        self._began = now
        capture.add_keys(keys, inputs)
        return next((name for name in changed if name in before and _is_other(before[name], found[name])), "")

    def _tell(self, lost: set[str], changed: list[str]) -> None:
        """Keep which files are *lost*, and which wait for them; each is new once."""
        waits = set(changed) if lost else set()
        self.newly_lost, self.newly_waiting = sorted(lost - self._lost), sorted(waits - self._waits)
        self._lost, self._waits = lost, waits

    @property
    def lost(self) -> list[str]:
        """Files that held octets before, and are empty or gone."""
        return sorted(self._lost)


def _look(names: Iterable[str]) -> dict[str, Seen]:
    found = {}
    for name in names:
        with suppress(OSError):
            status = os.stat(name)
            if status.st_size:  # what is empty is about to be written
                found[name] = Seen(status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _is_other(before: Seen, now: Seen) -> bool:
    """Tell whether a file is not the one before with more at its end."""
    return now.inode != before.inode or now.size <= before.size
