"""``dlmshark rules``: what each fact and cause of the doctor means, and what to try."""

from __future__ import annotations

import argparse
import json
import sys

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import UsageError
from analyzer.cli.terminal import text_width


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark rules", description="The facts and causes that doctor knows.")
    made.add_argument("word", nargs="?", help=argparse.SUPPRESS)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    if options.word is not None:
        raise UsageError(f"'{options.word}': rules lists all; dlmshark explain {options.word} tells what one means")
    hush(options)
    from analyzer.diagnosis.rules import listed
    from analyzer.export.folding import folded

    width = text_width(sys.maxsize)  # in a pipe each stands on a line, which is searched
    for one in listed():
        if options.json:
            members = {name: value for name, value in one._asdict().items() if value}
            if one.weights:
                members["weights"] = dict(one.weights)
            print(json.dumps(members, ensure_ascii=False))
        else:
            weight = f" [{one.severity}]" if one.severity else ""
            lines = folded(f"{one.code}{weight}: {one.text}", width, f"{one.kind:<6} ", " " * 9)
            for advice in one.advice:
                lines += folded(advice, width, f"{' ' * 9}- ", " " * 11)
            print("\n".join(lines))
    return 0
