"""A pcapng file, or a ring of them, that grows while it is read: its reader waits for what comes, until it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from captures.chunk import CaptureError, Source
from captures.pcapng import PcapngSource
from captures.stream import BLOCK, SilenceError, Window

_WAIT_S = 0.02
_SILENCE_S = 2.0
"""So long nothing comes where a message is over: IEC 62056-21 allows 1.5 s between two characters."""
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _nothing() -> None:
    pass


class GrowingInput:
    """Files read one after another as they grow; they end when *is_over* says so and all of them was read.

    *paths* may grow too: that there is another file says that the one before it grows no more. *idle* is called
    again and again while nothing comes.
    """

    def __init__(
        self, paths: Sequence[str], is_over: Callable[[], bool], *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._paths = paths
        self._is_over, self._pause = is_over, pause
        self.idle: Callable[[], None] = _nothing
        self._place = 0
        """Which of the files is read."""
        self._at = 0
        """Octets of it that were read."""
        self.says_silence = False
        """Whether :meth:`fetch` raises SilenceError, once a silence."""
        self.missed = 0
        """Files that were gone before they could be read."""
        self._is_told = True
        """Whether the silence was said."""
        self._descriptor = self._first()

    @property
    def path(self) -> str:
        """The file that is read."""
        return self._paths[self._place]

    @property
    def before(self) -> str:
        """The file before it; empty where it is the first."""
        return self._paths[self._place - 1] if self._place else ""

    def fetch(self) -> bytes:
        """Return what is there, waiting for it; empty once nothing comes any more. Raises: SilenceError."""
        waits = 0
        while self._descriptor >= 0:
            was_over = self._is_over()
            is_full = len(self._paths) > self._place + 1
            octets = os.read(self._descriptor, BLOCK)
            if octets:
                self._at += len(octets)
                self._is_told = False
                return octets
            if is_full and self._next():
                continue
            if was_over and not is_full:
                break
            self.idle()
            self._pause(_WAIT_S)
            waits += 1
            if self.says_silence and not self._is_told and waits * _WAIT_S >= _SILENCE_S:
                self._is_told = True
                raise SilenceError
        return b""

    def _first(self) -> int:
        """Open the first file that is still there: a ring may have gone on. Raises: OSError where none is."""
        waits = 0
        while True:
            was_over, is_last = self._is_over(), len(self._paths) <= self._place + 1
            try:
                return os.open(self.path, _READ)
            except FileNotFoundError:
                if is_last and (was_over or waits * _WAIT_S >= _SILENCE_S):
                    raise
                if is_last:  # the next one was not told yet
                    self._pause(_WAIT_S)
                    waits += 1
                    continue
                self._place += 1
                self.missed += 1

    def _next(self) -> bool:
        """Turn to the next file; false if it cannot be read."""
        self._place += 1
        try:
            descriptor = os.open(self._paths[self._place], _READ)
        except OSError:  # the ring has gone on
            self.missed += 1
            return False
        os.close(self._descriptor)
        self._descriptor, self._at = descriptor, 0
        return True

    @property
    def behind(self) -> int:
        """Count the octets that are written and not read yet."""
        if self._descriptor < 0:
            return 0
        later = sum(_size(path) for path in self._paths[self._place + 1 :])
        return max(0, os.fstat(self._descriptor).st_size - self._at) + later

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def open_growing(paths: Sequence[str], is_over: Callable[[], bool]) -> tuple[Source, GrowingInput]:
    """Open the spool whose files are *paths*; what it holds and what comes are its packets. Raises: CaptureError."""
    try:
        octets = GrowingInput(paths, is_over)
    except OSError as error:
        raise CaptureError(f"{paths[0]}: {error.strerror}") from None
    octets.says_silence = True
    source = PcapngSource(octets.path, Window(octets))
    source.is_live = True
    source.time_digits = 6
    return source, octets
