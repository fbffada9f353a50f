"""A recording in a process of its own, so that decoding never keeps octets waiting: what it says is read as it runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from captures.chunk import CaptureError, CapturePermissionError

_PERMISSION_STATUS = 5
_PREFIX = "dlmshark: "


class RecordingChild:
    """A ``dlmshark record`` that runs. *words* are its command line, *say* takes what it has to say.

    Raises: CaptureError, CapturePermissionError if it ends before it records anything.
    """

    def __init__(self, words: Sequence[str], say: Callable[[str], None], *, stdin: Any = subprocess.DEVNULL) -> None:
        self.status: dict[str, Any] = {}
        """What it said of itself last: the members of ``record --json``."""
        self._say = say
        self._last_said = ""
        self._began = threading.Event()
        command = [sys.executable, "-m", "analyzer.cli.main", "record", *words, "--json", "--quiet"]
        self._child = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace", start_new_session=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._hear_status, self._hear_words)]
        for thread in self._threads:
            thread.start()
        while not self._began.wait(0.05):
            if self._child.poll() is not None and not self._began.wait(0.5):
                raise self._failed()

    @property
    def path(self) -> str:
        """The file that grows now."""
        return str(self.status.get("path", ""))

    def is_over(self) -> bool:
        """Tell whether it ended."""
        return self._child.poll() is not None

    def stop(self) -> None:
        """Let it end in good order."""
        if self._child.poll() is None:
            with contextlib.suppress(OSError):
                self._child.send_signal(getattr(signal, "SIGINT", signal.SIGTERM))

    def close(self) -> None:
        """Wait for its end."""
        self.stop()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for thread in self._threads:
            thread.join(1)

    def _hear_status(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with contextlib.suppress(ValueError):
                self.status = json.loads(line)
                self._began.set()

    def _hear_words(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            text = line.rstrip().removeprefix(_PREFIX)
            if not text:
                continue
            self._last_said = text
            if self._began.is_set():
                self._say(text)

    def _failed(self) -> CaptureError:
        for thread in self._threads:
            thread.join(1)
        kind = CapturePermissionError if self._child.returncode == _PERMISSION_STATUS else CaptureError
        return kind(self._last_said or "the recording ended before it began")
