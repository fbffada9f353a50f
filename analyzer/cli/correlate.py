"""``dlmshark correlate FIRST SECOND``: the same traffic seen at two points, and what became of it in between."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from analyzer.cli.complaints import CHECK_FAILED
from analyzer.cli.pairs import Names, pair_parser, read_pair
from analyzer.cli.terminal import text_width

if TYPE_CHECKING:
    from analyzer.diagnosis.passed import Point
    from analyzer.session import Session

_DOES = (
    "The same traffic captured at two points, as before and behind a gateway: what passed, after how long, and what "
    "did not. Status 1 if an APDU was lost or altered."
)
_FIRST = Names("FIRST", "a capture of any kind, nearer to the client as a rule")
_SECOND = Names("SECOND", "another one of the same time, of the same kind or not")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    return pair_parser("correlate", _DOES, _FIRST, _SECOND)


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    names = [options.first, options.second]
    points, status = read_pair(options, names, _point, _lacks)
    if len(points) < len(names) or not any(one.apdus for one in points):
        return status
    from analyzer.diagnosis.passage import compare
    from analyzer.export.passage import WIDEST, json_lines, text_lines

    found = compare(*points)
    lines = json_lines(found) if options.json else text_lines(found, *names, width=text_width(WIDEST))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status or (CHECK_FAILED if found.findings or not found.passed else 0)


def _point(session: Session) -> Point:
    from analyzer.diagnosis.passed import read

    return read(session.records())


def _lacks(point: Point) -> str:
    from analyzer.diagnosis.passed import MOST_APDUS

    if len(point.apdus) >= MOST_APDUS:
        return f"only the first {MOST_APDUS:,} APDUs are compared"
    return "" if point.apdus else "no APDU was found"
