"""``dlmshark explain WHAT``: every meaning of a code, a name, a number, octets or a message, and what to try."""

from __future__ import annotations

import argparse
import sys
from os.path import isfile

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import say
from analyzer.cli.terminal import text_width


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark explain",
        description="What a code, name, number (3, 0x03), octets (D8 01 06), OBIS code or message may mean.",
    )
    made.add_argument("what", nargs="+", metavar="WHAT", help="words, or octets in hex")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    from analyzer.export.explained import WIDEST, explain, json_lines, text_lines

    found = explain(" ".join(options.what))
    lines = json_lines(found) if options.json else text_lines(found, width=text_width(WIDEST))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if not found.meanings:
        near = f"; nearest: {', '.join(found.near)}" if found.near else ""
        if isfile(found.asked):
            near = f"; a file, of which dlmshark doctor {found.asked} says what is wrong"
        say(f"nothing is known as '{found.asked}'{near}")
    return 0
