"""The ``dlmshark`` command: finds the subcommand and imports only what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from os import devnull, stat
from os.path import dirname, isfile

from analyzer.cli.commands import COMMANDS, FIELDS_MODULE, FIELDS_TOPIC
from analyzer.cli.complaints import (
    INPUT_ERROR,
    INTERRUPTED,
    KEYRING_ERROR,
    OUTPUT_ERROR,
    PERMISSION_ERROR,
    USAGE_ERROR,
    FilterTextError,
    KeysError,
    UsageError,
    fail,
)
from analyzer.cli.signs import NAME
from analyzer.cli.terminal import columns, is_screen, is_terminal
from captures.chunk import CaptureError, CapturePermissionError

HELP = """\
usage: dlmshark [INPUT ...]
       dlmshark COMMAND ...

{about}

commands:
{commands}

{more}

{inputs}

{statuses}
"""
_AROUND = {
    "about": "Decodes traces of smart meters: DLMS/COSEM over HDLC, the TCP/UDP wrapper and wired M-Bus, IEC 62056-21 "
    "and DSMR P1.",
    "inputs": "INPUT is a pcap or pcapng file (also gzip, zstd, lz4), text with hex octets, a UART export, a raw octet "
    "dump, or - for stdin.",
    "statuses": "Exit status: 0 done, 1 a check failed, captures differ or the output cannot be written, 2 the command "
    "line is wrong, 3 an input cannot be read, 4 a keyring or filter is wrong, 5 no permission, 130 interrupted.",
}
_MORE = (
    "dlmshark COMMAND --help      all options of a command",
    "dlmshark help fields         the fields of -Y and -e",
    "dlmshark --version           the version",
)
"""What is folded to the terminal."""


def program() -> int:
    """Run as a program of its own: of what its command does not need, the most costly part stays out."""
    import dissectors

    word = sys.argv[1] if len(sys.argv) > 1 else ""
    dissectors.makes_packets = COMMANDS.get(word, COMMANDS["decode"]).makes_packets
    return main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program. Returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _prepare_stdout()
    stdout = sys.stdout
    try:
        status = _dispatch(words)
        sys.stdout.flush()
        return status
    except UsageError as problem:
        return fail(f"{problem}{_dashed(words)}", USAGE_ERROR)
    except KeysError as problem:
        return fail(str(problem), KEYRING_ERROR, lambda word: False)
    except FilterTextError as problem:
        return fail(f"{problem}{_dashed(words)}", KEYRING_ERROR, problem.compared.__contains__)
    except CaptureError as problem:  # an input that was read once and cannot be any more
        return fail(str(problem), PERMISSION_ERROR if isinstance(problem, CapturePermissionError) else INPUT_ERROR)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as problem:  # inputs have their own errors: this is the output
        _forget_stdout()
        place = f"{problem.filename}: " if problem.filename else ""
        folder = dirname(place[:-2]) if isinstance(problem, FileNotFoundError) else ""
        reason = f"there is no folder {folder}" if folder else problem.strerror or problem
        return fail(f"{place}cannot write: {reason}", OUTPUT_ERROR)
    finally:
        sys.stdout = stdout  # a quiet command has put it aside


def _prepare_stdout() -> None:
    """Write UTF-8 wherever no terminal asks for something else, and never stop at a character."""
    if sys.stdout is None:  # closed by who started the program
        sys.stdout = open(devnull, "w", encoding="utf-8")  # noqa: SIM115 -- open until the end
    stream = sys.stdout
    if isinstance(stream, TextIOWrapper):
        is_terminal = stream.isatty()
        stream.reconfigure(
            encoding=None if is_terminal else "utf-8", errors=NAME if is_terminal else "backslashreplace"
        )


def _dispatch(words: list[str]) -> int:
    first = words[0] if words else ""
    if first in ("-h", "--help", "help"):
        return _help_of(words[1:] if first == "help" or COMMANDS.keys() & words[1:2] else [])
    if len(words) == 1 and (first == "--version" or (first in ("-V", "-v") and is_terminal(sys.stdin))):
        from importlib.metadata import version

        print(f"dlmshark {version('dlmshark')}")
        return 0
    is_seen = is_screen()
    if not words and not is_seen and (sys.stdin is None or sys.stdin.isatty()):
        print(_help(), end="")
        return 0
    if first in COMMANDS:
        return _run(first, words[1:])
    if words and not first.startswith("-") and not _exists(first):
        return _unknown(first)
    return _run_without_command(words, "view" if is_seen else "decode")


def _run_without_command(words: list[str], usual: str) -> int:
    """Run what *words* ask for that do not begin with a command. Raises: UsageError where one stands behind a file."""
    from analyzer.cli.arguments import without_screen_options
    from analyzer.cli.synonyms import command_of_options, late_command

    words = words if usual == "view" else without_screen_options(words)
    at = late_command(words, COMMANDS)
    if at and not _exists(words[at]):
        if not words[0].startswith("-"):
            raise UsageError(f"'{words[at]}': a command comes first: dlmshark {words[at]} {words[0]}")
        return _run(words[at], [*words[:at], *words[at + 1 :]])
    return _run(command_of_options(words) or usual, words)


def _dashed(words: list[str]) -> str:
    """Say how a file is given whose name was taken for options."""
    return next((f"; ./{word} is the file of that name" for word in words if word[:1] == "-" and isfile(word)), "")


def _exists(word: str) -> bool:
    try:
        stat(word)
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):  # no permission on the way to it, a NUL inside
        return "/" in word


def _run(command: str, words: list[str]) -> int:
    try:
        return _runner(command)(words)
    except SystemExit as end:  # argparse printed its help
        return end.code if isinstance(end.code, int) else 0


def _runner(name: str) -> Callable[[list[str]], int]:
    module = FIELDS_MODULE if name == FIELDS_TOPIC else COMMANDS[name].module
    run: Callable[[list[str]], int] = import_module(module).run
    return run


def _help_of(words: list[str]) -> int:
    """Print the help of the command that *words* name, or of the program, or what filters know."""
    if words and words[0] == FIELDS_TOPIC:
        return _run(FIELDS_TOPIC, words[1:])
    if words and words[0] in COMMANDS:
        return _run(words[0], ["--help"])
    if words and words[0] != "help" and not words[0].startswith("-"):
        return _unknown(words[0])
    print(_help(), end="")
    return 0


def _help() -> str:
    from textwrap import fill

    at, width = max(map(len, COMMANDS)) + 4, max(columns(), 40)
    commands = (
        fill(one.does, width, initial_indent=f"  {name}".ljust(at), subsequent_indent=" " * at)
        for name, one in COMMANDS.items()
    )
    around = {name: fill(text, width) for name, text in _AROUND.items()}
    more = (fill(line, width, initial_indent="  ", subsequent_indent=" " * at) for line in _MORE)
    return HELP.format(commands="\n".join(commands), more="\n".join(more), **around)


def _unknown(word: str) -> int:
    from difflib import get_close_matches

    from analyzer.cli.synonyms import instead_of_command
    from captures.live_names import missing_hint

    known = instead_of_command(word)
    near = [] if known else get_close_matches(word.lower(), COMMANDS, 1)
    hint = f"; did you mean '{near[0]}'?" if near else f"; here: {known}" if known else "; see dlmshark --help"
    return fail(f"'{word}' is neither a command nor a file{missing_hint(word) or hint}", USAGE_ERROR)


def _forget_stdout() -> None:
    """Let the interpreter end quietly though nobody reads any more."""
    import os

    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(program())
