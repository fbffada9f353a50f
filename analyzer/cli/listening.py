"""A recording in a process of its own and what is decoded of it: what ``live`` and ``record --when`` have in common."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from analyzer.cli.complaints import say
from analyzer.cli.live_options import check_stdin
from analyzer.cli.progress import StatusLine, say_over

if TYPE_CHECKING:
    from analyzer.cli.watching import Watch
    from analyzer.live.child import RecordingChild
    from analyzer.security.keyring import Keyring
    from analyzer.session import Session
    from captures.growing import GrowingInput

_HANDED_ON = ("baud", "format", "rts", "dtr", "bpf", "program", "rotate_size", "rotate_time", "keep")
_OPTION = {"program": "--with"}
_FLAGS = ("set_line", "promiscuous", "force")
_WARMS_UP = 16


def record_words(options: argparse.Namespace, source: str, path: str) -> list[str]:
    """Write the command line of the recording."""
    words = [source, "-o", path]
    for name in _HANDED_ON:
        if value := getattr(options, name):
            words += [_OPTION.get(name, f"--{name.replace('_', '-')}"), str(value)]
    words += [f"--{name.replace('_', '-')}" for name in _FLAGS if getattr(options, name)]
    return [*words, "--snaplen", str(options.snaplen)]


@contextlib.contextmanager
def recording(
    words: Sequence[str], source: str, *, is_quiet: bool = False, turns: bool = False, is_private: bool = False
) -> Iterator[RecordingChild]:
    """Record while the block runs; an interrupt ends it. Where it *is_quiet* its messages are kept, where it *turns* a
    hangup begins another file; where it *is_private* nobody else can read what is recorded.

    Raises: CaptureError.
    """
    from analyzer.children import ends_properly
    from analyzer.live.child import RecordingChild

    check_stdin(source)
    stdin = None if source == "-" else subprocess.DEVNULL
    with ends_properly():
        child = RecordingChild(words, None if is_quiet else say_over, stdin=stdin, is_private=is_private)
    _stop_on_signals(child, turns=turns, is_seen=is_quiet)
    try:
        yield child
    finally:
        child.close()
        lost = f", {child.status['dropped']} lost by the system" if child.status["dropped"] else ""
        say(f"{child.path}: {child.status['packets']} packets{lost}")


def _stop_on_signals(child: RecordingChild, *, turns: bool, is_seen: bool) -> None:
    """Let an interrupt end the recording, and what was recorded until then be shown; a second one ends all.

    Where it *is_seen* the first one does: until the terminal UI looks after signals itself, nothing is shown.
    """

    def stop(number: int, frame: object) -> None:
        if is_seen or child.is_over():
            sys.exit(128 + number)
        child.stop()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, (lambda number, frame: child.rotate()) if turns else stop)


def watched(
    child: RecordingChild, forced: dict[str, str], keys: Keyring | None, watch: Watch,
    use: Callable[[Session, GrowingInput], None] | None = None, *, learns: bool = True,
) -> int:  # fmt: skip
    """Decode what is recorded until it ends, and let *use* show it. Returns the exit status."""
    from analyzer.alarms import WatchedSession
    from captures.growing import open_growing

    _warm_up(is_keyed=keys is not None)
    packets, growing = open_growing(child.paths, child.is_over)
    with packets, _status_line(child, growing):
        session = WatchedSession(packets, forced, keys, learns=learns)
        session.watchers = watch.watchers(child, growing, session)
        if use is None:
            for _ in session.records():
                pass
        else:
            use(session, growing)
    child.close()
    return watch.close(has_failed=child.has_failed)


@contextlib.contextmanager
def _status_line(child: RecordingChild, growing: GrowingInput) -> Iterator[None]:
    """Say on a terminal how a recording goes while the block runs, and at its end what could not be decoded."""
    from analyzer.live.status import status_text

    try:
        with StatusLine(lambda: status_text(child.status, growing.behind)):
            yield
    finally:
        if growing.missed:
            files, they = ("files", "they") if growing.missed > 1 else ("file", "it")
            say(f"{growing.missed} {files} of the ring went before {they} could be decoded")


def _warm_up(*, is_keyed: bool) -> None:
    """Decode a sample before anything comes: what loads at its first use would hold the first records up."""
    from analyzer.export.json_lines import JsonLines
    from analyzer.export.text import TextLines
    from analyzer.security.keyring_file import load
    from analyzer.session import Session
    from captures import open_source
    from captures.samples import samples

    one = next(one for one in samples() if one.name == "ln-ciphered")
    keys = load([str(one.keys)], []).keyring if is_keyed and one.keys else None
    with open_source(str(one.path)) as source:
        session = Session(source, None, keys)
        write, say = JsonLines(lambda: 6, values=session.values), TextLines(lambda: 6, values=session.values)
        for record in islice(session.records(), _WARMS_UP):
            write.line(record)
            say.line(record)
        session.close()
