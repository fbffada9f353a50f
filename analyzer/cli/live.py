"""``dlmshark live``: a live source, recorded in a process of its own and decoded as it comes."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from analyzer.cli.arguments import Parser
from analyzer.cli.complaints import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail
from analyzer.cli.decode import rest_collector, show
from analyzer.cli.filters import chooser, filter_of
from analyzer.cli.inputs import add_reading_options, add_settle, forced_stacks
from analyzer.cli.keyrings import keyring
from analyzer.cli.listening import record_words, recording, watched
from analyzer.cli.live_options import add_live_options, list_sources, live_options, source_name
from analyzer.cli.record_lines import add_output_options, check_output
from analyzer.cli.view import UI, is_wanted
from analyzer.cli.watching import Watch, add_watching_options, is_watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.live.child import RecordingChild
    from analyzer.security.keyring import Keyring
    from analyzer.session import Session
    from captures.chunk import Source
    from captures.growing import GrowingInput

_ONLY_TEXT = {
    "json": "--json", "form": "-T", "tree": "--tree", "octets": "--octets", "layers": "--layers", "quiet": "--quiet",
    "verbose": "--verbose", "count": "--count", "settle": "--settle", "rules": "--when", "expect": "--expect",
}  # fmt: skip
"""Options that ask for lines, also on a terminal, by where they are kept."""


class Asked(NamedTuple):
    """What the command line asks for, as far as that can be told before anything is opened."""

    options: argparse.Namespace
    source: str
    forced: dict[str, str]
    watch: Watch
    keys: Keyring | None
    for_lines: str
    """The option that asks for lines, if there is one."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark live", description="Decode a live source as it comes. It listens and never sends.")
    add_live_options(made, counts="records")
    add_reading_options(made)
    add_output_options(made)
    add_watching_options(made)
    add_settle(made)
    made.add_argument("-D", "--list-interfaces", action="store_true", help="name the interfaces and ports, and end")
    made.add_argument("-o", "-w", "--output", metavar="FILE", default="", help="keep what is captured in this pcapng")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    if options.list_interfaces:
        return list_sources(as_json=options.json or options.form == "json")
    return _listen(checked(options))


def checked(options: argparse.Namespace) -> Asked:
    """Check what the command line asks for. Raises: UsageError, FilterTextError, KeysError."""
    forced = forced_stacks(options)
    check_output(options)
    live_options(options)
    if (options.rotate_size or options.rotate_time or options.keep) and not options.output:
        raise UsageError("--rotate-size, --rotate-time and --keep go with -o FILE")
    if options.settle and options.keep:
        raise UsageError("--settle prints what was recorded once it ends, and of that --keep leaves the newest files")
    source = source_name(options, "live")
    filter_of(options, utc=options.utc)
    for_lines = next((name for kept, name in _ONLY_TEXT.items() if getattr(options, kept)), "")
    return Asked(options, source, forced, Watch(options, source), keyring(options), for_lines)


def _listen(asked: Asked) -> int:
    """Record the source, and show what comes. Returns the exit status."""
    options, source, forced, watch, keys, for_lines = asked
    from analyzer.session import Session
    from captures.chunk import CaptureError, CapturePermissionError

    is_seen = is_wanted() and not for_lines
    rest_collector()
    words = record_words(options, source, options.output or _kept())
    try:
        with recording(words, source, is_quiet=is_seen, is_private=not options.output) as child:
            if is_seen:
                status = _look(child, source, options, forced, keys)
                child.close()
                return status or (INPUT_ERROR if child.has_failed else 0)
            learns = not options.quiet or bool(options.filter) or is_watching(options)
            use = _waits(options) if options.settle else lambda session, growing: show(session, options, {}, growing)
            status = watched(child, forced, keys, watch, use, learns=learns)
            if options.settle:
                with _settled(child) as ended:
                    show(Session(ended, forced, keys, learns=learns), options, {})
            return status
    except CapturePermissionError as problem:
        return fail(str(problem), PERMISSION_ERROR)
    except CaptureError as problem:
        return fail(str(problem), INPUT_ERROR)


def _waits(options: argparse.Namespace) -> Callable[[Session, GrowingInput], None]:
    """Make what shows nothing of the records as they come, up to as many as are asked for."""

    def use(session: Session, growing: GrowingInput) -> None:
        for _ in islice(filter(chooser(session, options), session.records()), options.count or None):
            pass

    return use


def _settled(child: RecordingChild) -> Source:
    """Open the recording that ended, which can be read twice. Raises: CaptureError."""
    from captures.growing import open_growing

    def opened() -> Source:
        source, _ = open_growing([path for path in child.paths if os.path.exists(path)], lambda: True)
        source.is_live = False
        return source

    source = opened()
    source.again = opened
    return source


def _look(
    child: RecordingChild, source: str, options: argparse.Namespace, forced: dict[str, str], keys: Keyring | None
) -> int:
    """Look at the recording in the terminal UI."""
    status: int = import_module(UI).run(
        child.paths, keys=keys, decode_as=forced, is_utc=options.utc, expression=options.filter,
        keyrings=options.keys, key_words=options.key, live=child, title=f"live: {source}",
    )  # fmt: skip
    return status


def _kept() -> str:
    """Name a file for a capture that the user gave no name."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return os.path.join(tempfile.gettempdir(), f"dlmshark-{stamp}-{os.getpid()}.pcapng")
