"""A pseudo-terminal with the program in it: what it writes is kept, keys are octets."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

OPEN = "import sys; sys.argv = ['dlmshark', *sys.argv[1:]]; from analyzer.cli.main import program; sys.exit(program())"
ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """A program in a terminal, of 80 by 24 unless another *size* is given."""

    def __init__(
        self, statement: str, *words: str, home: Path, stdin: Path | None = None, size: tuple[int, int] = (80, 24),
        **given: str,
    ) -> None:  # fmt: skip
        self.controller, terminal = pty.openpty()
        _set_size(terminal, *size)
        self.before = termios.tcgetattr(terminal)
        self.terminal = terminal
        environment = {
            **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(home),
            "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **given,
        }  # fmt: skip
        source = stdin.open("rb") if stdin is not None else terminal
        self.process = subprocess.Popen(
            [sys.executable, "-c", statement, *words], stdin=source, stdout=terminal, stderr=terminal, env=environment,
            preexec_fn=_take_terminal(terminal),
        )  # fmt: skip
        self.said = bytearray()
        self.heard: list[tuple[float, int]] = []
        """When octets came (`time.perf_counter`), and how many had come then."""

    def wait_for(self, text: bytes, seconds: float = 60, since: int = 0) -> None:
        """Read until the program has written *text*, behind the first *since* octets."""
        end = time.monotonic() + seconds
        while text not in self.said[since:]:
            assert time.monotonic() < end, self.said[-2000:].decode(errors="replace")
            self._read(0.1)

    def rest(self, quiet: float, seconds: float = 60) -> None:
        """Read until nothing was written for *quiet* seconds."""
        end, before = time.monotonic() + seconds, -1
        while before != len(self.said) and time.monotonic() < end:
            before = len(self.said)
            self._read(quiet)

    def hear(self, seconds: float) -> None:
        """Read for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def press(self, keys: bytes) -> None:
        """Type *keys*."""
        os.write(self.controller, keys)

    def end(self, seconds: float = 60) -> int:
        """Wait for the program to end. Returns its exit status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.said[-2000:].decode(errors="replace")
            self._read(0.1)
        self._read(0.2)
        return self.process.returncode

    def kill(self) -> None:
        """End the program at once."""
        self.process.kill()
        self.process.wait()
        os.close(self.controller)
        os.close(self.terminal)

    def _read(self, seconds: float) -> None:
        while select.select([self.controller], [], [], seconds)[0]:
            try:
                octets = os.read(self.controller, 65536)
            except OSError:
                return
            if not octets:
                return
            self._take(octets)
            seconds = 0

    def _take(self, octets: bytes) -> None:
        self.said += octets
        self.heard.append((time.perf_counter(), len(self.said)))

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was before: its modes, and the screen that stood there."""
        modes = termios.tcgetattr(self.terminal)[:4] == self.before[:4]
        return modes and self.said.rfind(BACK) > self.said.rfind(ALTERNATE)


class Link(Terminal):
    """The same at the other end of a link, which takes octets *delay* seconds each way."""

    def __init__(self, statement: str, *words: str, home: Path, delay: float, size: tuple[int, int] = (80, 24)) -> None:
        super().__init__(statement, *words, home=home, size=size)
        self.delay = delay
        self._there: deque[tuple[float, bytes]] = deque()
        """Keys under way, and when each arrives."""
        self._back: deque[tuple[float, bytes]] = deque()
        """What the program wrote."""

    def press(self, keys: bytes) -> None:
        """Send *keys* on their way."""
        self._there.append((time.perf_counter() + self.delay, keys))

    def _read(self, seconds: float) -> None:
        """Let the link go on, until something came or so many seconds have passed."""
        end, before = time.perf_counter() + seconds, len(self.said)
        while len(self.said) == before and (now := time.perf_counter()) < end:
            while self._there and self._there[0][0] <= now:
                os.write(self.controller, self._there.popleft()[1])
            next_due = min([end, *(way[0][0] for way in (self._there, self._back) if way)])
            if select.select([self.controller], [], [], max(next_due - now, 0))[0]:
                try:
                    self._back.append((time.perf_counter() + self.delay, os.read(self.controller, 65536)))
                except OSError:
                    return
            while self._back and self._back[0][0] <= time.perf_counter():
                self._take(self._back.popleft()[1])


def _take_terminal(terminal: int):  # type: ignore[no-untyped-def]
    def take() -> None:
        import fcntl

        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return take


def _set_size(terminal: int, columns: int, rows: int) -> None:
    import fcntl
    import struct

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
