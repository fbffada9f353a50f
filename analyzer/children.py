"""Processes of our own that read for this one: they end with it, however it ends, and leave nothing half done."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, Self

_PATIENCE_S = 3.0
"""How long a process may take to end properly once it was asked to."""
_AT_ONCE = 1 << 16
_PIPE = 1 << 20
"""Octets that a process may say ahead: who reads waits for the interpreter each time, so there has to be much then."""


@contextmanager
def ends_properly() -> Iterator[None]:
    """Let what is asked to end (SIGTERM, SIGHUP) leave the block as an interrupt does, so that it can clear up."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)


class Children:
    """The processes that the block starts; those that still run at its end are ended."""

    def __init__(self) -> None:
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self.is_over = False
        """Whether none is started any more."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def start(
        self, module: str, words: Sequence[str] = (), *, is_quiet: bool = False
    ) -> tuple[IO[bytes], IO[bytes], subprocess.Popen[bytes]]:
        """Start a program of this package. Returns its stdin, its stdout and itself. Raises: RuntimeError at the end.

        What it says on stderr is heard, unless it *is_quiet*. It has to end where its stdin does: nothing else tells it
        that this process was killed.
        """
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-P", "-m", module, *words]
        with self._lock:
            if self.is_over:
                raise RuntimeError("this process ends")
            said = subprocess.DEVNULL if is_quiet else None
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment, process_group=0
            )  # an interrupt at the terminal is for this process alone, which ends the others
            self._all.append(process)
        assert process.stdin is not None and process.stdout is not None
        with suppress(ImportError, AttributeError, OSError):
            import fcntl

            fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
        return process.stdin, process.stdout, process

    def end(self) -> None:
        """End what runs: properly, and what does not end so, by force."""
        with self._lock:
            self.is_over = True
        running = [process for process in self._all if process.poll() is None]
        for process in running:
            with suppress(OSError):
                process.terminate()
        for process in running:
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def end_with_parent() -> None:
    """End this process as soon as its stdin does, of which nobody reads any more."""

    def wait() -> None:
        with suppress(OSError):
            while os.read(0, _AT_ONCE):
                pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _interrupt() -> None:
    """Interrupt the main thread, also where it waits for octets."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


class Orders:
    """The lines that come on stdin, as *read* has them, each to be answered by one on stdout.

    Where stdin ends before that, whoever gave the line is gone, and this process is interrupted.
    """

    def __init__(self, read: Callable[[bytes], str]) -> None:
        self._read = read
        self._lines = SimpleQueue[bytes | None]()
        self._is_busy = False
        threading.Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[str]:
        while (line := self._lines.get()) is not None:
            order = self._read(line)
            self._is_busy = True
            yield order

    def answer(self, text: str) -> None:
        """Answer the line that was given last."""
        self._is_busy = False
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def _listen(self) -> None:
        rest = b""
        with suppress(OSError):
            while octets := os.read(0, _AT_ONCE):
                *whole, rest = (rest + octets).split(b"\n")
                for line in whole:
                    self._lines.put(line)
        self._lines.put(None)
        if self._is_busy:
            _interrupt()
            threading.Event().wait(_PATIENCE_S)
            os._exit(1)
