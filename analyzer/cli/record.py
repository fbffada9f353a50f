"""``dlmshark record``: a live source into pcapng files, without a screen."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import Parser, add_common_options, seconds
from analyzer.cli.complaints import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say
from analyzer.cli.inputs import add_reading_options, forced_stacks
from analyzer.cli.keyrings import keyring
from analyzer.cli.listening import record_words, recording, watched
from analyzer.cli.live_options import add_live_options, check_stdin, limits, live_options, source_name
from analyzer.cli.progress import say_over, write_over
from analyzer.cli.watching import Watch, add_watching_options, is_watching
from analyzer.live.wishes import ROTATE, STOP

if TYPE_CHECKING:
    from analyzer.live.recording import Recording

_EVERY_S, _LOOK_S = 0.5, 0.1


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark record", description="Record a live source to pcapng. It listens and never sends.")
    add_live_options(made, counts="packets")
    add_reading_options(made)
    add_watching_options(made)
    made.add_argument("-o", "-w", "--output", metavar="FILE", required=True, help="the pcapng file, or the ring's name")
    made.add_argument("--duration", type=seconds, default=0, metavar="N[smhd]", help="stop after N seconds")
    made.add_argument("--json", action="store_true", help="status as JSON Lines on stdout")
    made.add_argument("--control", type=int, default=-1, help=argparse.SUPPRESS)
    made.add_argument("-q", "--quiet", action="store_true", help="no status line")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    if is_watching(options) or options.within:
        return _watch(options)
    over = threading.Event()
    _on_signals(("SIGINT", "SIGTERM"), lambda *_: over.set())  # also while the rest loads
    _on_signals(("SIGHUP",), lambda *_: None)  # there is no file yet
    from analyzer.live.recording import Recording
    from analyzer.live.sources import NETWORK, PIPE, live_source
    from captures.chunk import CapturePermissionError, DlmsharkError

    wishes = live_options(options, most=options.count)
    source = live_source(source_name(options, "record"))
    if options.count and source.kind not in (NETWORK, PIPE):
        raise UsageError("-c counts packets, and a serial line has none; --duration ends after a time")
    teller = None
    try:
        check_stdin(source.text)
        recording = Recording(
            source, options.output, wishes, limits(options), say_over, replaces=options.force, is_over=over.is_set
        )
        _on_signals(("SIGHUP",), lambda *_: recording.wish_rotation())
        if options.duration:
            timer = threading.Timer(options.duration, over.set)
            timer.daemon = True
            timer.start()
        if options.control >= 0:
            threading.Thread(target=_hear, args=(options.control, recording, over), daemon=True).start()
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
        if options.control >= 0:  # the interpreter's own end gives signals back their death, and whole would look cut
            _on_signals(("SIGINT", "SIGTERM", "SIGHUP"), signal.SIG_IGN)
    if recording.ended:
        say(recording.ended)
    if not options.json:
        say(f"{recording.status.path}: {recording.status.text()}")
    return INPUT_ERROR if recording.has_failed else 0


def _watch(options: argparse.Namespace) -> int:
    """Record in a process of its own, and look at every record here."""
    from captures.chunk import CaptureError, CapturePermissionError

    if options.json:
        raise UsageError("--json tells of a recording alone: it does not go with --when and --expect")
    source = source_name(options, "record")
    watch = Watch(options, source)
    forced, keys = forced_stacks(options), keyring(options)
    live_options(options)
    words = record_words(options, source, options.output)
    words += ["--duration", str(options.duration)] if options.duration else []
    words += ["--count", str(options.count)] if options.count else []
    try:
        with recording(words, source, turns=True) as child:
            return watched(child, forced, keys, watch)
    except CapturePermissionError as problem:
        return fail(str(problem), PERMISSION_ERROR)
    except CaptureError as problem:
        return fail(str(problem), INPUT_ERROR)


class _Teller(threading.Thread):
    """Says how a recording goes: a line that is written over on a terminal, or JSON."""

    def __init__(self, recording: Recording, options: argparse.Namespace, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._status = recording.status
        self._is_json = bool(options.json)
        self._is_shown = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
        self._over = over
        self._told = 0
        """Files that were told of."""
        if self._is_json or self._is_shown:
            self._tell()
            self.start()

    def run(self) -> None:
        """Say it again and again."""
        passed = 0.0
        while not self._over.wait(_LOOK_S):
            passed += _LOOK_S
            if passed >= _EVERY_S or len(self._status.paths) > self._told > 0:
                passed = 0.0
                self._tell()

    def end(self) -> None:
        """Say it a last time."""
        if self._is_json:
            self._tell()
        elif self._is_shown:
            write_over("")

    def _tell(self) -> None:
        if self._is_json:
            try:
                paths = self._status.paths
                for path in paths[self._told :] or paths[-1:]:
                    print(json.dumps(self._status.members(path)), flush=True)
                self._told = len(paths)
            except OSError:  # who started this recording is gone
                self._over.set()
        elif self._is_shown:
            write_over(self._status.text())


def _hear(descriptor: int, recording: Recording, over: threading.Event) -> None:
    """Take what whoever decodes the recording wishes of it: lines of JSON, a kind and a text each."""
    with os.fdopen(descriptor, encoding="utf-8") as wishes:
        for line in wishes:
            with contextlib.suppress(ValueError):
                kind, text = json.loads(line)
                if kind == STOP:
                    over.set()
                elif kind == ROTATE:
                    recording.wish_rotation()
                else:
                    recording.wish(kind, text)


def _on_signals(names: tuple[str, ...], act: Any) -> None:
    """Let signals do *act*, where the platform has them and this is the main thread."""
    for name in names:
        number = getattr(signal, name, None)
        if number is not None and threading.current_thread() is threading.main_thread():
            signal.signal(number, act)
