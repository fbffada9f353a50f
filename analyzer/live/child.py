"""A recording in a process of its own, so that decoding never keeps octets waiting: what it says is read as it runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TextIO, cast

from analyzer.live.wishes import ROTATE, STOP
from captures.chunk import CaptureError, CapturePermissionError

_PERMISSION_STATUS = 5
_PREFIX = "dlmshark: "
_PRIVATE = 0o077
_HAS_SIGNALS = os.name == "posix"
"""Elsewhere a process hears on its stdin when it is to end, unless its source is there."""


class RecordingChild:
    """A ``dlmshark record`` that runs. *words* are its command line, *say* takes what it has to say, else
    it is kept. What *is_private* is recorded for its owner alone.

    Raises: CaptureError, CapturePermissionError if it ends before it records anything.
    """

    def __init__(
        self, words: Sequence[str], say: Callable[[str], None] | None, *, stdin: Any = subprocess.DEVNULL,
        is_private: bool = False,
    ) -> None:  # fmt: skip
        self.status: dict[str, Any] = {}
        """What it said of itself last: the members of ``record --json``."""
        self.paths: list[str] = []
        """The files it began, in order; the last one grows."""
        self.messages: deque[str] = deque()
        """What it had to say, where nobody takes it at once."""
        self._say = say or self.messages.append
        self._last_said = ""
        self._early: list[str] | None = []
        """What it said before it recorded anything: the last of it may be why it never will."""
        self._lock = threading.Lock()
        self._began = threading.Event()
        self._is_closed = False
        command = [sys.executable, "-m", "analyzer", "record", *words, "--json", "--quiet"]
        self._wishes: TextIO | None = None
        heard = -1
        if _HAS_SIGNALS:
            heard, told = os.pipe()
            self._wishes = os.fdopen(told, "w", encoding="utf-8")
            command += ["--control", str(heard)]
        elif stdin == subprocess.DEVNULL:
            stdin = subprocess.PIPE
            command += ["--control", "0"]
        self._child = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace", start_new_session=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=() if heard < 0 else (heard,), umask=_PRIVATE if is_private else -1,
        )  # fmt: skip
        if heard >= 0:
            os.close(heard)
        else:
            self._wishes = cast("TextIO | None", self._child.stdin)
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._hear_status, self._hear_words)]
        for thread in self._threads:
            thread.start()
        try:
            while not self._began.wait(0.05):
                if self._child.poll() is not None and not self._began.wait(0.5):
                    raise self._failed()
        except (KeyboardInterrupt, SystemExit):
            self._abandon(is_private=is_private)
            raise
        with self._lock:
            early, self._early = self._early or (), None
            for text in early:
                self._say(text)

    @property
    def path(self) -> str:
        """The file that grows now."""
        return self.paths[-1] if self.paths else ""

    def is_over(self) -> bool:
        """Tell whether it ended, and all it said was heard."""
        return self._child.poll() is not None and not self._threads[0].is_alive()

    @property
    def has_failed(self) -> bool:
        """Whether it ended in another way than by being told to, or by its source's end."""
        return bool(self._child.poll())

    def wish(self, kind: str, text: str) -> bool:
        """Wish for MARK or SAVE; false where nobody hears it: it is over, or on Windows reads a stream on stdin."""
        if self._wishes is None:
            return False
        try:
            self._wishes.write(json.dumps([kind, text]) + "\n")
            self._wishes.flush()
        except (OSError, ValueError):
            return False
        return True

    def rotate(self) -> None:
        """Have it go on in another file."""
        if self._child.poll() is None and not _HAS_SIGNALS:
            self.wish(ROTATE, "")
        elif self._child.poll() is None:
            self._child.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Let it end in good order."""
        if self._child.poll() is None and (_HAS_SIGNALS or not self.wish(STOP, "")):
            with contextlib.suppress(OSError):
                self._child.send_signal(signal.SIGINT if _HAS_SIGNALS else signal.SIGTERM)

    def close(self) -> None:
        """Wait for its end; a second call does nothing."""
        self.stop()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for thread in self._threads:
            thread.join(1)
        if self._wishes is not None:
            with contextlib.suppress(OSError):
                self._wishes.close()
            self._wishes = None
        if self._child.returncode < 0 and not self._is_closed:
            self._say(f"the recording was ended by signal {-self._child.returncode}: more may have come")
        self._is_closed = True

    def _abandon(self, *, is_private: bool) -> None:
        """End it before anybody was told of it: an empty file that nobody named goes with it."""
        self._is_closed = True  # how it ends is of no interest
        self.close()
        if is_private and not self.status.get("packets"):
            for path in self.paths:
                with contextlib.suppress(OSError):
                    os.unlink(path)

    def _hear_status(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with contextlib.suppress(ValueError):
                self.status = json.loads(line)
                path = str(self.status["path"])
                if path not in self.paths[-1:]:
                    self.paths.append(path)
                self._began.set()

    def _hear_words(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            text = line.rstrip().removeprefix(_PREFIX)
            if not text:
                continue
            self._last_said = text
            with self._lock:
                if self._early is None:
                    self._say(text)
                else:
                    self._early.append(text)

    def _failed(self) -> CaptureError:
        for thread in self._threads:
            thread.join(1)
        kind = CapturePermissionError if self._child.returncode == _PERMISSION_STATUS else CaptureError
        return kind(self._last_said or "the recording ended before it began")
