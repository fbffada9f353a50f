"""Files that change while they are looked at: read again when they do, never so often that it is felt."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

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
    """Watches the files of a capture. A file that only grows keeps its record numbers; one written anew has others."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._seen = self._look()
        self._not_before = 0.0
        self._began = 0.0
        self._records: object = None
        self._lost: set[str] = set()
        self.newly_lost: list[str] = []
        """Files that held octets before and, since the last look, are empty or gone."""

    def _look(self) -> dict[str, Seen]:
        found = {}
        for name in self._capture.inputs:
            with suppress(OSError):
                status = os.stat(name)
                if status.st_size:  # what is empty is about to be written
                    found[name] = Seen(status.st_ino, status.st_size, status.st_mtime_ns)
        return found

    def look(self, keys: Keyring | None) -> str:
        """Read the capture again where a file has changed. Returns one that was written anew, or nothing."""
        capture, now = self._capture, time.monotonic()
        self.newly_lost = []
        if capture.live is not None:  # it is read as it grows
            return ""
        if self._began and capture.records is not self._records:
            self._not_before = now + max(_LEAST_SECONDS, _SHARE * (now - self._began))
            self._began = 0.0
        if not capture.progress.is_done or self._began or now < self._not_before:
            return ""
        before, found = self._seen, self._look()
        changed = [name for name, seen in found.items() if before.get(name) != seen]
        self._seen = before | found
        self.newly_lost = sorted(before.keys() - found.keys() - self._lost)
        self._lost = before.keys() - found.keys()
        if changed:
            self._began, self._records = now, capture.records
            capture.add_keys(keys)
        return next((name for name in changed if name in before and _is_other(before[name], found[name])), "")


def _is_other(before: Seen, now: Seen) -> bool:
    """Tell whether a file is not the one before with more at its end."""
    return now.inode != before.inode or now.size <= before.size
