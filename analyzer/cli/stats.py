"""``dlmshark stats``: what captures hold, counted by service, object, meter, time and more."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from analyzer.cli.arguments import Parser, add_common_options, hush, natural
from analyzer.cli.filters import add_filter_options, chosen, filter_of, filter_text
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.main import UsageError, say

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring
    from analyzer.table.table import Table
    from captures.chunk import Source

BY = ("conversation", "association", "service", "object", "error", "time", "layer", "meter")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark stats", description="Counts, octets, errors and response times of captures.")
    add_inputs(made)
    add_filter_options(made)
    made.add_argument("--by", choices=BY, default="service", help="what to count by (default: service)")
    made.add_argument("--interval", type=natural, default=0, metavar="SECONDS", help="with --by time: how long each is")
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="the first N lines")
    made.add_argument("--index", action="store_true", help="keep an index beside the capture, or use the one there is")
    made.add_argument("--workers", type=natural, default=1, metavar="N", help="how many processes read a capture")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    forced = forced_stacks(options)
    keys = keyring(options)
    if options.interval and options.by != "time":
        raise UsageError("--interval goes with --by time")
    filter_of(options, utc=options.utc)
    from analyzer.cli.decode import rest_collector
    from analyzer.export.statistics import json_line, text_lines
    from analyzer.table.statistics import Statistic, layers, statistics

    rest_collector()
    inputs = Inputs(options, forced)
    for name, source in inputs:
        counted = _from_index(name, source, options, keys, forced) if options.index else None
        counted = counted or _shared(name, source, options, keys, forced)
        counted = counted or _counted(source, options, keys, forced)
        table = counted.table
        if options.by == "layer":
            found = layers(table, counted.packets, counted.octets)
        else:
            found = statistics(table, options.by, interval_s=options.interval or None)
        if options.by == "conversation":
            found += [
                Statistic("conversation", f"left aside: {what}", 0, 0, 0, None, {"packets": count})
                for what, count in sorted(counted.left_aside.items())
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


class _Counted(NamedTuple):
    """The rows of a capture, and what it holds beside them."""

    table: Table
    packets: int
    octets: int
    left_aside: Mapping[str, int]


def _counted(source: Source, options: argparse.Namespace, keys: Keyring | None, forced: dict[str, str]) -> _Counted:
    """Read the capture."""
    from analyzer.index.tabulate import tabulate
    from analyzer.index.watched import Watched
    from analyzer.session import Session

    watched = Watched(source) if options.by == "layer" else None  # which alone tells of packets as a whole
    session = Session(watched or source, forced, keys, learns=bool(options.filter))
    table = tabulate(chosen(session, options))
    session.close()
    packets, octets = (watched.packets, watched.octets) if watched is not None else (0, 0)
    return _Counted(table, packets, octets, session.pipeline.left_aside)


def _shared(
    name: str, source: Source, options: argparse.Namespace, keys: Keyring | None, forced: dict[str, str]
) -> _Counted | None:
    """Let several processes read the capture; None where one is enough, or it cannot be opened again."""
    if options.workers < 2 or source.again is None or name in ("-", "--hex", "merged") or filter_text(options):
        return None
    from analyzer.index import shares

    task = shares.Task(name, 0, 1, keys, forced, bool({"serial", "record"} & set(forced)))
    return _Counted(*shares.read(task, options.workers))


def _from_index(
    name: str, source: Source, options: argparse.Namespace, keys: Keyring | None, forced: dict[str, str]
) -> _Counted | None:
    """Take the rows from the index beside the capture, made where there is none; None where there can be none."""
    from analyzer.index import saved
    from analyzer.index.filtering import FilterRun

    if not saved.path_for([name]) or not saved.can_be_kept(source):
        say(f"{label(source)}: no index can be kept beside it")
        return None
    kept = saved.load([name], keys, forced)
    if kept is None:
        saved.make(source, name, keys, forced)
        kept = saved.load([name], keys, forced)
    if kept is None:
        return None
    records, reader = kept
    packets, octets = records.facts["told"][4:6]
    table = records.table
    text = filter_text(options)
    if text:
        run = FilterRun(records, text, utc=options.utc or source.has_local_times)
        while not run.is_done:
            run.poll()
        table = table.only(run.matches)
    reader.close()
    return _Counted(table, packets, octets, records.facts["left_aside"])
