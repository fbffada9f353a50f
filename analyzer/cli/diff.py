"""``dlmshark diff GOOD BAD``: what a session that fails does otherwise than one that works."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from analyzer.cli.complaints import CHECK_FAILED
from analyzer.cli.pairs import Names, pair_parser, read_pair
from analyzer.cli.terminal import text_width

if TYPE_CHECKING:
    from analyzer.diagnosis.comparison.side import Side
    from analyzer.session import Session

_DOES = "The first difference that matters between two captures, then the rest. Status 1 if one matters."
_GOOD = Names("GOOD", "a capture of any kind")
_BAD = Names("BAD", "another one, of the same kind or not")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    return pair_parser("diff", _DOES, _GOOD, _BAD)


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    names = [options.good, options.bad]
    sides, status = read_pair(options, names, _side, _lacks)
    if len(sides) < len(names) or not any(side.talks for side in sides):  # nothing that could differ
        return status
    from analyzer.diagnosis.comparison.compare import compare
    from analyzer.export.comparison import WIDEST, json_line, text_lines

    found = compare(*sides)
    lines = map(json_line, found) if options.json else text_lines(found, *names, width=text_width(WIDEST))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status or (CHECK_FAILED if any(one.matters for one in found) else 0)


def _side(session: Session) -> Side:
    from analyzer.diagnosis.comparison.side import read

    return read(session.records(), session.pipeline.ends, session.source)


def _lacks(side: Side) -> str:
    from analyzer.diagnosis.comparison.side import MOST_STEPS

    if side.count >= MOST_STEPS:
        return f"only the first {MOST_STEPS:,} APDUs are compared"
    return "" if side.talks else "no association, no push and no message was found"
