"""``dlmshark live``: a live source, recorded in a process of its own and decoded as it comes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING

from analyzer.cli.arguments import Parser
from analyzer.cli.decode import add_output_options, check_output, rest_collector, show
from analyzer.cli.inputs import add_reading_options, forced_stacks
from analyzer.cli.keyrings import keyring
from analyzer.cli.live_options import add_live_options, live_options, source_name
from analyzer.cli.main import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say

if TYPE_CHECKING:
    from analyzer.live.child import RecordingChild

_HANDED_ON = ("baud", "format", "rts", "dtr", "bpf", "program")
_OPTION = {"program": "--with"}


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark live", description="Decode a live source as it comes. It listens and never sends.")
    add_live_options(made)
    add_reading_options(made)
    add_output_options(made)
    made.add_argument("-o", "-w", "--output", metavar="FILE", default="", help="keep what is captured in this pcapng")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    forced = forced_stacks(options)
    check_output(options)
    live_options(options)
    if options.rotate_size or options.rotate_time or options.keep:
        raise UsageError("--rotate-size, --rotate-time and --keep go with record")
    source = source_name(options)
    keys = keyring(options)
    from analyzer.live.child import RecordingChild
    from analyzer.session import Session
    from captures.chunk import CaptureError, CapturePermissionError
    from captures.growing import open_growing

    rest_collector()
    path = options.output or _kept()
    try:
        child = RecordingChild(_record_words(options, source, path), say, stdin=None if source == "-" else -3)
    except CapturePermissionError as problem:
        return fail(str(problem), PERMISSION_ERROR)
    except CaptureError as problem:
        return fail(str(problem), INPUT_ERROR)
    _stop_on_signals(child)
    try:
        packets, _ = open_growing(child.path, child.is_over)
        with packets:
            show(Session(packets, forced, keys, learns=not options.quiet), options, {})
    finally:
        child.close()
        say(f"{path}: {child.status.get('packets', 0)} packets, {child.status.get('dropped', 0)} lost by the system")
    return 0


def _kept() -> str:
    """Name a file for a capture that the user gave no name."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return os.path.join(tempfile.gettempdir(), f"dlmshark-{stamp}-{os.getpid()}.pcapng")


def _record_words(options: argparse.Namespace, source: str, path: str) -> list[str]:
    """Write the command line of the recording."""
    words = [source, "-o", path]
    for name in _HANDED_ON:
        if value := getattr(options, name):
            words += [_OPTION.get(name, f"--{name}"), str(value)]
    words += [f"--{name.replace('_', '-')}" for name in ("set_line", "promiscuous", "force") if getattr(options, name)]
    return [*words, "--snaplen", str(options.snaplen)]


def _stop_on_signals(child: RecordingChild) -> None:
    """Let an interrupt end the recording, and what was recorded until then be shown; a second one ends all."""

    def stop(number: int, frame: object) -> None:
        if child.is_over():
            sys.exit(130)
        child.stop()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
