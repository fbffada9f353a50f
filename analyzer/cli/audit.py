"""``dlmshark audit``: checks of conformance and security over captures, each with verdict and records."""

from __future__ import annotations

import argparse
import sys

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import CHECK_FAILED, printable, say
from analyzer.cli.filters import add_filter_options, chooser, chooses, filter_of, say_none_passes
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.terminal import text_width

GROUPS = ("link", "application", "security")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark audit",
        description="Checks of conformance and security: PASS, FAIL, INCONCLUSIVE, NOT-SEEN. Status 1 where one fails.",
    )
    add_inputs(made)
    what = f"only these checks (repeatable): {', '.join(GROUPS)}"
    made.add_argument("--group", choices=GROUPS, action="append", metavar="GROUP", help=what)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_filter_options(made)
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    filter_of(options, utc=options.utc)  # what is wrong with it is said before anything is read
    forced = forced_stacks(options)
    keys = keyring(options)
    from analyzer.cli.decode import rest_collector
    from analyzer.diagnosis.audit.audit import Audit
    from analyzer.diagnosis.audit.ledger import FAIL, NOT_SEEN
    from analyzer.export.audit import WIDEST, json_line, text_lines
    from analyzer.export.inputs import Origins
    from analyzer.session import Session

    rest_collector()
    inputs = Inputs(options, forced)
    has_failed = False
    for name, source in inputs:
        session = Session(source, forced, keys, learns=bool(options.filter))
        passing = set[int]() if chooses(options) else None
        audit = Audit(session.pipeline.ends, keys, passing, session.source)
        origins = Origins(source, name)
        passes = chooser(session, options)
        count = audit.take_all(origins.behind(session.examined(passes, passing)))
        audit.finish()
        rows = [row for row in audit.rows() if not options.group or row.check.group in options.group]
        has_failed |= any(row.verdict == FAIL for row in rows)
        if options.json:
            lines = [json_line(row, input_name=origins.of(row.records) if inputs.are_several else "") for row in rows]
        elif not count and all(row.verdict == NOT_SEEN for row in rows):
            lines = []  # the line on stderr says all of it
        else:
            lines = [f"== {printable(name)}"] if inputs.are_several else []
            lines += text_lines(rows, width=text_width(WIDEST))
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        say_remarks(source)
        if not count:
            say(f"{label(source)}: nothing of ours was found")
        elif passing is not None and not passing:
            say_none_passes(label(source), passes)
    return inputs.status or (CHECK_FAILED if has_failed else 0)
