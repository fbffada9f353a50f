"""``dlmshark record``: a live source into pcapng files, without a screen."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import Parser
from analyzer.cli.live_options import add_live_options, limits, live_options, seconds, source_name
from analyzer.cli.main import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say

if TYPE_CHECKING:
    from analyzer.live.recording import Recording

_EVERY_S = 0.5


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark record", description="Record a live source to pcapng. It listens and never sends.")
    add_live_options(made)
    made.add_argument("-o", "-w", "--output", metavar="FILE", required=True, help="the pcapng file, or the ring's name")
    made.add_argument("--duration", type=seconds, default=0, metavar="N[smhd]", help="stop after N seconds")
    made.add_argument("--json", action="store_true", help="status as JSON Lines on stdout")
    made.add_argument("-q", "--quiet", action="store_true", help="no status line")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    from analyzer.live.recording import Recording
    from analyzer.live.sources import live_source
    from captures.chunk import CapturePermissionError, DlmsharkError

    options = parser().parse_args(words)
    over = threading.Event()
    wishes = live_options(options, most=options.count)
    try:
        source = live_source(source_name(options))
    except DlmsharkError as problem:
        raise UsageError(str(problem)) from None
    _on_signals(("SIGINT", "SIGTERM"), lambda *_: over.set())
    teller = None
    try:
        recording = Recording(
            source, options.output, wishes, limits(options), say, replaces=options.force, is_over=over.is_set
        )
        _on_signals(("SIGHUP",), lambda *_: recording.wish_rotation())
        if options.duration:
            timer = threading.Timer(options.duration, over.set)
            timer.daemon = True
            timer.start()
        teller = _Teller(recording, options, over)
        recording.run()
    except CapturePermissionError as problem:
        return fail(str(problem), PERMISSION_ERROR)
    except DlmsharkError as problem:
        return fail(str(problem), INPUT_ERROR)
    finally:
        over.set()
        if teller is not None:
            teller.end()
    if recording.ended:
        say(recording.ended)
    if not options.json:
        say(f"{recording.status.path}: {recording.status.text()}")
    return 0


class _Teller(threading.Thread):
    """Says how a recording goes: a line that is written over on a terminal, or JSON."""

    def __init__(self, recording: Recording, options: argparse.Namespace, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._status = recording.status
        self._is_json = bool(options.json)
        self._is_shown = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
        self._over = over
        if self._is_json or self._is_shown:
            self._tell()
            self.start()

    def run(self) -> None:
        """Say it again and again."""
        while not self._over.wait(_EVERY_S):
            self._tell()

    def end(self) -> None:
        """Say it a last time."""
        if self._is_json:
            self._tell()
        elif self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _tell(self) -> None:
        if self._is_json:
            try:
                print(self._status.json(), flush=True)
            except OSError:  # who started this recording is gone
                self._over.set()
        elif self._is_shown:
            print(f"\r\x1b[K{self._status.text()}", end="", file=sys.stderr, flush=True)


def _on_signals(names: tuple[str, ...], act: Any) -> None:
    """Let signals do *act*, where the platform has them and this is the main thread."""
    for name in names:
        number = getattr(signal, name, None)
        if number is not None and threading.current_thread() is threading.main_thread():
            signal.signal(number, act)
