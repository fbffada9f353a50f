"""The ``dlmshark`` command: finds the subcommand and imports only what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

USAGE_ERROR, INPUT_ERROR, PERMISSION_ERROR, INTERRUPTED = 2, 3, 5, 130


class Command(NamedTuple):
    """A subcommand: the module that holds its ``run``, and what it does."""

    module: str
    does: str


COMMANDS: dict[str, Command] = {
    "decode": Command("analyzer.cli.decode", "one line a record, or trees, or JSON, of captures"),
    "demo": Command("analyzer.cli.demo", "decode a bundled sample capture"),
}

HELP = """\
usage: dlmshark [INPUT ...]
       dlmshark COMMAND ...

Decodes traces of smart meters: DLMS/COSEM over HDLC and the TCP/UDP wrapper.

commands:
{commands}

  dlmshark COMMAND --help      all options of a command
  dlmshark --version           the version

INPUT is a pcap or pcapng file (also gzip), text with hex octets, a raw octet dump, or - for stdin.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. Returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0


def _dispatch(words: list[str]) -> int:
    if words and words[0] in ("-h", "--help", "help"):
        print(_help(), end="")
        return 0
    if words and words[0] in ("-V", "--version") and len(words) == 1:
        from importlib.metadata import version

        print(f"dlmshark {version('dlmshark')}")
        return 0
    if not words and sys.stdin.isatty():
        print(_help(), end="")
        return 0
    if words and words[0] in COMMANDS:
        return _runner(words[0])(words[1:])
    if words and not words[0].startswith("-") and not Path(words[0]).exists():
        return _unknown(words[0])
    return _runner("decode")(words)


def _runner(name: str) -> Callable[[list[str]], int]:
    run: Callable[[list[str]], int] = import_module(COMMANDS[name].module).run
    return run


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    return HELP.format(commands="\n".join(f"  {name:<{width}}{one.does}" for name, one in COMMANDS.items()))


def _unknown(word: str) -> int:
    near = get_close_matches(word, COMMANDS, 1)
    hint = f"; did you mean '{near[0]}'?" if near else "; see dlmshark --help"
    return fail(f"'{word}' is neither a command nor a file{hint}", USAGE_ERROR)


def fail(text: str, status: int) -> int:
    """Print one line about what is wrong. Returns *status*."""
    print(f"dlmshark: {text}", file=sys.stderr)
    return status


def _forget_stdout() -> None:
    """Let the interpreter end quietly though nobody reads any more."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
