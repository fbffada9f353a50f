"""The index pass as its owner sees it: a process that was started, and what it has said since."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import weakref
from collections import deque
from contextlib import suppress
from typing import IO, Any

from analyzer.index import early
from analyzer.index.request import Request, send

_BLOCK = 1 << 16


class IndexProcess:
    """Runs one index pass in a process of its own; *descriptor* reads the index that it writes.

    The index is a temporary file that has no name once both sides have it open, where the system can do that.
    """

    def __init__(self, request: Request) -> None:
        path = _new_file(request)
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self.lines: deque[dict[str, Any]] = deque()
        self._process, stdin = early.process(needs_stdin="-" in request.inputs)
        self._finalizer = weakref.finalize(self, _end, self._process, path)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            send(request._replace(path=path, stdin=stdin), self._process.stdin)
            if stdin == early.PASSED_ON:
                threading.Thread(target=_pass_on, args=(self._process.stdin,), daemon=True).start()
            elif not request.is_live:
                self._process.stdin.close()
        self._listener = threading.Thread(
            target=_listen, args=(self._process, "" if request.is_kept else path, self.lines), daemon=True
        )
        self._listener.start()

    @property
    def is_listening(self) -> bool:
        """Whether more may come than stands in *lines*."""
        return self._listener.is_alive() or bool(self.lines)

    def follow(self, path: str) -> None:
        """Say that the recording goes on in another file."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(path).encode() + b"\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Say that the recording is over: the pass ends once it has read all of it."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def stop(self) -> None:
        """End the process; what was written stays readable."""
        self._finalizer()


def _new_file(request: Request) -> str:
    """Make the file that takes the index: a temporary one, or the one that is to stay."""
    if request.is_kept:
        from analyzer.index import saved

        return saved.new_file(request.path)
    made, path = tempfile.mkstemp(prefix="dlmshark-", suffix=".index")
    os.close(made)
    return path


def _pass_on(pipe: IO[bytes]) -> None:
    """Write what comes on this process's stdin to that of another one."""
    with suppress(OSError), pipe:
        while octets := os.read(0, _BLOCK):
            pipe.write(octets)
            pipe.flush()


def _listen(process: subprocess.Popen[bytes], path: str, lines: deque[dict[str, Any]]) -> None:
    """Take what the process says; at its end say how it ended."""
    assert process.stdout is not None and process.stderr is not None
    for line in process.stdout:
        if not line.endswith(b"\n"):
            break  # it was ended while it said this
        members = json.loads(line)
        if "begun" in members:
            _remove(path)
        else:
            lines.append(members)
    errors = process.stderr.read().decode(errors="replace").strip().splitlines()
    lines.append({"ended": process.wait(), "last": errors[-1] if errors else ""})


def _end(process: subprocess.Popen[bytes], path: str) -> None:
    """End *process* and what it leaves behind."""
    if process.poll() is None:
        process.kill()
    _remove(path)


def _remove(path: str) -> None:
    with suppress(OSError):  # Windows holds a file that is open: it goes at the end
        os.unlink(path)
