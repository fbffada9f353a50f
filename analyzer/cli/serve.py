"""``dlmshark serve``: the terminal UI in a web browser, on this machine unless told otherwise."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

from analyzer.cli import demo, live, view
from analyzer.cli.arguments import Parser
from analyzer.cli.commands import COMMANDS
from analyzer.cli.complaints import INPUT_ERROR, INTERRUPTED, OUTPUT_ERROR, UsageError, fail, say
from analyzer.cli.filters import compiled
from analyzer.cli.inputs import forced_stacks
from analyzer.cli.keyrings import keyring
from analyzer.cli.synonyms import instead_of_option

PROGRAM = "analyzer.browser"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark serve",
        description="Show captures, or a live source, in a web browser: every browser gets a terminal UI of its own. "
        "What follows is as of the commands view, live and demo. It needs the extra 'web'.",
        allow_abbrev=False,
    )
    made.usage = (
        "dlmshark serve [--host HOST] [--port PORT]\n"
        "                      [--url URL] [view|live|demo]\n"
        "                      [INPUT or option ...]"
    )
    made.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    made.add_argument("--port", type=int, default=8000, help="default: 8000")
    made.add_argument("--url", default="", help="the address that browsers use, where it is another (a proxy)")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options, rest = parser().parse_known_args(words)
    if not 0 < options.port < 65536:
        raise UsageError("--port: expected 1 to 65535")
    if rest and rest[0] in COMMANDS.keys() - SERVED and not os.path.exists(rest[0]):
        raise UsageError(f"{rest[0]}: has no screens; {', '.join(SERVED)} have")
    if not rest or rest[0] not in SERVED:
        rest = ["view", *rest]
    if "-" in rest:
        raise UsageError("-: a browser brings no stdin; give a file")
    if missing := SERVED[rest[0]](rest[1:]):
        return fail(missing, INPUT_ERROR)
    if options.host not in _LOOPBACK:
        say(
            f"serve: whoever learns the page's address on {options.host} sees these captures and writes files as you; "
            "nothing is ciphered on the way"
        )
    return _serve([options.host, str(options.port), options.url, *rest])


def _live(words: list[str]) -> str:
    """Check the words of the command ``live``. Raises: UsageError, also for what the screens do not take."""
    options = live.parser().parse_args(words)
    told = "--list-interfaces" if options.list_interfaces else live.checked(options).for_lines
    if told:
        raise UsageError(f"{told}: not for a browser; see dlmshark live --help")
    return ""


def _demo(words: list[str]) -> str:
    """Check the words of the command ``demo``, as those of ``view`` that open its sample."""
    options, rest = demo.asked(words)
    if options.list:
        raise UsageError("--list: not for a browser; see dlmshark demo --help")
    return _view(demo.opened(options, rest), "demo")


def _view(words: list[str], asked: str = "view") -> str:
    """Say which input of the command ``view`` is not there; *asked* is the command that was typed.

    Raises: UsageError for what the screens do not take.
    """
    options, rest = view.parser().parse_known_args(words)
    if rest and (told := instead_of_option(rest[0], rest[1:], parser()._option_string_actions)):
        raise UsageError(f"unrecognized arguments: {rest[0]}{told}; see dlmshark serve --help")
    if rest or options.hex:
        raise UsageError(f"{rest[0] if rest else '--hex'}: not for a browser; see dlmshark {asked} --help")
    keyring(options)  # what is wrong with it is told here, and not to each browser
    forced_stacks(options)
    compiled(options.filter, utc=options.utc)
    return view.missing_input([*options.inputs, *options.read])


SERVED: dict[str, Callable[[list[str]], str]] = {"view": _view, "live": _live, "demo": _demo}
"""The commands that have a terminal UI, and what says in a line why their words cannot be served."""


def _serve(words: list[str]) -> int:
    try:
        status = subprocess.call([sys.executable, "-P", "-m", PROGRAM, *words])
    except KeyboardInterrupt:
        return INTERRUPTED
    return status if status in (0, OUTPUT_ERROR) else 2
