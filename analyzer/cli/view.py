"""``dlmshark INPUT...``: the terminal UI on captures; what is asked of it that only ``decode`` can do, that does."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from analyzer.cli.arguments import THEMES, Parser, theme, without_screen_options
from analyzer.cli.complaints import INPUT_ERROR, fail
from analyzer.cli.inputs import add_inputs, forced_stacks, use_names
from analyzer.cli.keyrings import keyring
from analyzer.cli.terminal import is_screen
from captures.live_names import missing_hint

UI = "analyzer.tui.program"
"""What runs the terminal UI: a floor of its own, loaded by its name."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark view", description="Open captures in the terminal UI.")
    add_inputs(made)
    made.add_argument("-Y", "--filter", default="", metavar="EXPR", help="show only what matches")
    made.add_argument("--utc", action="store_true", help="times in UTC")
    made.add_argument("--theme", type=theme, help=f"{', '.join(THEMES[:-1])} or {THEMES[-1]}")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options, rest = parser().parse_known_args(words)
    if rest or options.hex or not is_wanted():
        from analyzer.cli.decode import run as decode

        return decode(without_screen_options(words))
    inputs = [*options.inputs, *options.read]
    if not inputs and not sys.stdin.isatty():
        inputs = ["-"]
    missing = missing_input(inputs)
    if missing:
        return fail(missing, INPUT_ERROR)
    use_names(options)
    forced, keys = forced_stacks(options), keyring(options)
    ui = import_module(UI)  # a floor of its own: what runs here loads nothing of it before
    status: int = ui.run(
        inputs, keys=keys, decode_as=forced, is_utc=options.utc, expression=options.filter, theme=options.theme or "",
        keyrings=options.keys, key_words=options.key,
    )  # fmt: skip
    return status


def missing_input(inputs: list[str]) -> str:
    """Say in a line which of *inputs* is not there; "" when all are."""
    missing = next((one for one in inputs if one != "-" and not Path(one).exists()), None)
    return "" if missing is None else f"{missing}: no such file{missing_hint(missing)}"


def is_wanted() -> bool:
    """Tell whether the terminal UI can be shown: on a terminal, not in a pipe."""
    return is_screen()
