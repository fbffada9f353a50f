"""``dlmshark stats``: what captures hold, counted by service, object, meter, time and more."""

from __future__ import annotations

import argparse
import sys

from analyzer.cli.arguments import Parser, natural
from analyzer.cli.filters import add_filter_options, chosen, filter_of
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.main import say

BY = ("conversation", "association", "service", "object", "error", "time", "layer", "meter")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark stats", description="Counts, octets, errors and response times of captures.")
    add_inputs(made)
    add_filter_options(made)
    made.add_argument("--by", choices=BY, default="service", help="what to count by (default: service)")
    made.add_argument("--interval", type=natural, default=0, metavar="SECONDS", help="with --by time: how long each is")
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="the first N lines")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("--utc", action="store_true", help="times of --filter in UTC")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    forced = forced_stacks(options)
    keys = keyring(options)
    filter_of(options, utc=options.utc)
    from analyzer.cli.decode import rest_collector
    from analyzer.export.statistics import json_line, text_lines
    from analyzer.index.tabulate import tabulate
    from analyzer.index.watched import Watched
    from analyzer.session import Session
    from analyzer.table.statistics import Statistic, layers, statistics

    rest_collector()
    inputs = Inputs(options, forced)
    for name, source in inputs:
        watched = Watched(source)
        session = Session(watched, forced, keys, learns=bool(options.filter))
        table = tabulate(chosen(session, options))
        session.close()
        if options.by == "layer":
            found = layers(table, watched.packets, watched.octets)
        else:
            found = statistics(table, options.by, interval_s=options.interval or None)
        if options.by == "conversation":
            aside = session.pipeline.left_aside
            found += [
                Statistic("conversation", f"left aside: {what}", 0, 0, 0, None, {"packets": count})
                for what, count in sorted(aside.items())
            ]
        if options.count:
            found = found[: options.count]
        if options.json:
            more = {"input": name} if inputs.are_several else None
            lines = [json_line(one, more) for one in found]
        else:
            lines = [f"== {name}"] if inputs.are_several else []
            lines += text_lines(found)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        say_remarks(source)
        if not table.height:
            say(f"{label(source)}: nothing of ours was found")
    return inputs.status
