"""Two captures on one command line, each read as a whole before they are held against each other."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import say
from analyzer.cli.inputs import Inputs, add_reading_options, add_settle, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring

if TYPE_CHECKING:
    from analyzer.session import Session

One = TypeVar("One")


class Names(NamedTuple):
    """An input as the help names it, and what it says of it."""

    name: str
    help: str


def pair_parser(command: str, description: str, first: Names, second: Names) -> argparse.ArgumentParser:
    """Make the parser of a command that takes two captures."""
    made = Parser(prog=f"dlmshark {command}", description=description)
    for one in (first, second):
        made.add_argument(one.name.lower(), metavar=one.name, help=one.help)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_settle(made)
    add_reading_options(made)
    add_common_options(made)
    made.set_defaults(read=[], hex=[], merge=False)
    return made


def read_pair(
    options: argparse.Namespace, names: list[str], read: Callable[[Session], One], lacks: Callable[[One], str]
) -> tuple[list[One], int]:  # fmt: skip
    """Let *read* take each input, and say what it *lacks*, if anything.

    Returns: what came of those that can be read, and the status of the others.
    """
    hush(options)
    options.inputs = names
    forced, keys = forced_stacks(options), keyring(options)
    from analyzer.session import Session

    inputs = Inputs(options, forced)
    found = []
    for _, source in inputs:
        found.append(read(Session(source, forced, keys, learns=False)))
        say_remarks(source)
        if text := lacks(found[-1]):
            say(f"{label(source)}: {text}")
    return found, inputs.status
