"""Files that grow while they are looked at: read again when there is more, never so often that it is felt."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.security.keyring import Keyring

_LEAST_SECONDS = 1.0
_SHARE = 4
"""So many times as long as reading took nothing is read."""


class Growth:
    """Watches the files of a capture. Record numbers stay, for a file only grows at its end."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._sizes = self._look()
        self._not_before = 0.0
        self._began = 0.0
        self._records: object = None

    def _look(self) -> dict[str, int]:
        found = {}
        for name in self._capture.inputs:
            with suppress(OSError):
                found[name] = os.stat(name).st_size
        return found

    def look(self, keys: Keyring | None) -> bool:
        """Read the capture again where a file has grown. Returns whether that began."""
        capture, now = self._capture, time.monotonic()
        if capture.live is not None:  # it is read as it grows
            return False
        if self._began and capture.records is not self._records:
            self._not_before = now + max(_LEAST_SECONDS, _SHARE * (now - self._began))
            self._began = 0.0
        if not capture.progress.is_done or self._began or now < self._not_before:
            return False
        sizes = self._look()
        has_grown = any(size > self._sizes.get(name, size) for name, size in sizes.items())
        self._sizes |= sizes
        if has_grown:
            self._began, self._records = now, capture.records
            capture.add_keys(keys)
        return has_grown
