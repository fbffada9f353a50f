"""``dlmshark correlate FIRST SECOND``: the same traffic seen at two points, and what became of it in between."""

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
        prog="dlmshark correlate",
        description="The same traffic captured at two points, as before and behind a gateway: what passed, after how "
        "long, and what did not. Status 1 if an APDU was lost or altered.",
    )
    made.add_argument("first", metavar="FIRST", help="a capture of any kind, nearer to the client as a rule")
    made.add_argument("second", metavar="SECOND", help="another one of the same time, of the same kind or not")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_reading_options(made)
    add_common_options(made)
    made.set_defaults(read=[], hex=[], merge=False)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    options.inputs = [options.first, options.second]
    forced = forced_stacks(options)
    keys = keyring(options)
    from analyzer.diagnosis.passage import MOST_APDUS, compare, read
    from analyzer.export.passage import json_lines, text_lines
    from analyzer.session import Session

    inputs = Inputs(options, forced)
    points = []
    for _, source in inputs:
        points.append(read(Session(source, forced, keys, learns=False).records()))
        say_remarks(source)
        if len(points[-1].apdus) >= MOST_APDUS:
            say(f"{label(source)}: only the first {MOST_APDUS:,} APDUs are compared")
        if not points[-1].apdus:
            say(f"{label(source)}: no APDU was found")
    if len(points) < len(options.inputs) or not any(one.apdus for one in points):
        return inputs.status
    found = compare(*points)
    lines = json_lines(found) if options.json else text_lines(found, *options.inputs)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return inputs.status or (CHECK_FAILED if found.findings or not found.passed else 0)
