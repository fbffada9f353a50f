"""``dlmshark diff GOOD BAD``: what a session that fails does otherwise than one that works."""

from __future__ import annotations

import argparse
import sys

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.inputs import Inputs, add_reading_options, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.main import CHECK_FAILED, say


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark diff",
        description="The first difference that matters between two captures, then the rest. Status 1 if one matters.",
    )
    made.add_argument("good", metavar="GOOD", help="a capture of any kind")
    made.add_argument("bad", metavar="BAD", help="another one, of the same kind or not")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_reading_options(made)
    add_common_options(made)
    made.set_defaults(read=[], hex=[], merge=False)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    options.inputs = [options.good, options.bad]
    forced = forced_stacks(options)
    keys = keyring(options)
    from analyzer.diagnosis.comparison.compare import compare
    from analyzer.diagnosis.comparison.side import MOST_STEPS, read
    from analyzer.export.comparison import json_line, text_lines
    from analyzer.session import Session

    inputs = Inputs(options, forced)
    sides = []
    for _, source in inputs:
        session = Session(source, forced, keys, learns=False)
        sides.append(read(session.records(), session.pipeline.ends))
        say_remarks(source)
        if sides[-1].count >= MOST_STEPS:
            say(f"{label(source)}: only the first {MOST_STEPS:,} APDUs are compared")
        if not sides[-1].talks:
            say(f"{label(source)}: no association, no push and no message was found")
    if len(sides) < len(options.inputs):
        return inputs.status
    if not any(side.talks for side in sides):  # nothing that could differ
        return inputs.status
    found = compare(*sides)
    lines = map(json_line, found) if options.json else text_lines(found, *options.inputs)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return inputs.status or (CHECK_FAILED if any(one.matters for one in found) else 0)
