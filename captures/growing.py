"""A pcapng file that grows while it is read: its reader waits for what comes, until nobody writes it any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from captures.chunk import CaptureError, Source
from captures.pcapng import PcapngSource
from captures.stream import BLOCK, Window

_WAIT_S = 0.02


class GrowingInput:
    """A file read as it grows; it ends when *is_over* says so and all of it was read."""

    def __init__(self, path: str, is_over: Callable[[], bool], *, pause: Callable[[float], None] = time.sleep) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        self._is_over, self._pause = is_over, pause
        self.at = 0
        """Octets that were read."""

    def fetch(self) -> bytes:
        """Return what is there, waiting for it; empty once nothing comes any more."""
        while self._descriptor >= 0:
            was_over = self._is_over()
            octets = os.read(self._descriptor, BLOCK)
            if octets:
                self.at += len(octets)
                return octets
            if was_over:
                break
            self._pause(_WAIT_S)
        return b""

    @property
    def behind(self) -> int:
        """Count the octets that are written and not read yet."""
        return max(0, os.fstat(self._descriptor).st_size - self.at) if self._descriptor >= 0 else 0

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def open_growing(path: str, is_over: Callable[[], bool]) -> tuple[Source, GrowingInput]:
    """Open the spool *path*; what it holds and what comes are its packets. Raises: CaptureError."""
    try:
        octets = GrowingInput(path, is_over)
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from None
    source = PcapngSource(path, Window(octets))
    source.is_live = True
    source.time_digits = 6
    return source, octets
