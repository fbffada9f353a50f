"""``dlmshark doctor``: every problem in captures, with its cause, the proof and what to try."""

from __future__ import annotations

import argparse
import sys

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import CHECK_FAILED, printable, say
from analyzer.cli.filters import add_filter_options, chooser, chooses, filter_of
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import ClosedApdus, keyring
from analyzer.cli.terminal import text_width

_SEVERITIES = ("note", "warning", "error")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark doctor", description="What went wrong in captures, why, and what to try.")
    add_inputs(made)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    for option, default, what in (
        ("--min-severity", "note", "leave out what weighs less"),
        ("--fail-on", None, "end with status 1 if something weighs so much"),
    ):
        text = f"{what}: {', '.join(_SEVERITIES)}"
        made.add_argument(option, choices=_SEVERITIES, default=default, metavar="SEVERITY", help=text)
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
    from analyzer.diagnosis.doctor import Doctor
    from analyzer.diagnosis.story import severity_of
    from analyzer.export.inputs import Origins
    from analyzer.export.stories import WIDEST, gathered, json_line, text_lines
    from analyzer.session import Session

    rest_collector()
    inputs = Inputs(options, forced)
    least = severity_of(options.min_severity)
    has_failed = False
    width = text_width(WIDEST)
    for name, source in inputs:
        session = Session(source, forced, keys, learns=bool(options.filter))
        doctor, closed = Doctor(session.pipeline.ends, source), ClosedApdus(has_keys=keys is not None)
        passing = set[int]() if chooses(options) else None
        origins = Origins(source, name)
        looked = session.examined(chooser(session, options), passing)
        count = doctor.take_all(origins.behind(looked), closed.take)
        doctor.finish(session.pipeline.left_aside, session.pipeline.connections)
        every = [one for one in doctor.stories() if passing is None or one.is_about(passing)]
        stories = [one for one in every if one.worst >= least]
        if options.fail_on:
            has_failed |= any(one.worst >= severity_of(options.fail_on) for one in stories)
        if inputs.are_several and not options.json and stories:
            sys.stdout.write(f"== {printable(name)}\n")
        for number, (story, like) in enumerate(gathered(stories, each=options.json or options.verbose), 1):
            digits = source.time_digits
            if options.json:
                line = json_line(
                    number, story, digits, input_name=origins.of(story.records) if inputs.are_several else ""
                )
                sys.stdout.write(f"{line}\n")
            else:
                utc = options.utc or source.has_local_times
                lines = text_lines(number, story, digits, utc=utc, width=width, like=like)
                sys.stdout.write("\n".join(lines) + "\n")
        say_remarks(source)
        closed.tell(label(source))
        if options.verbose:
            told = "1 story" if len(stories) == 1 else f"{len(stories)} stories"
            say(f"{label(source)}: {count:,} record{'s' * (count != 1)}, {told}")
        if not stories:
            lesser = f" that weighs {options.min_severity} or more, {len(every)} that weigh less" if every else ""
            where = " in the records that pass" if passing is not None else ""
            told = f"no problem found{where}{lesser}" if count else "nothing of ours was found"
            say(f"{label(source)}: {told}")
    return inputs.status or (CHECK_FAILED if has_failed else 0)
