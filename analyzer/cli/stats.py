"""``dlmshark stats``: what captures hold, counted by service, object, meter, time and more."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from analyzer.children import ends_properly
from analyzer.cli.arguments import Parser, add_common_options, hush, natural, seconds, workers
from analyzer.cli.complaints import UsageError, printable, say
from analyzer.cli.filters import add_filter_options, chooses, chosen, filter_of, filter_text
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.progress import Progress, say_over
from analyzer.cli.terminal import text_width
from analyzer.cores import readers

if TYPE_CHECKING:
    from analyzer.index.file import IndexReader
    from analyzer.index.records import Records
    from analyzer.security.keyring import Keyring
    from analyzer.table.table import Table
    from captures.chunk import Source

BY = ("conversation", "association", "service", "object", "error", "time", "layer", "meter", "connection")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark stats", description="Counts, octets, errors and response times of captures.")
    add_inputs(made)
    add_filter_options(made)
    what = f"what to count by: {', '.join(BY)} (default: service)"
    made.add_argument("--by", choices=BY, default="service", metavar="WHAT", help=what)
    made.add_argument("--interval", type=seconds, default=0, metavar="N[smhd]", help="with --by time: how long each is")
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="the first N lines")
    made.add_argument("--index", action="store_true", help="keep an index beside the capture, or use the one there is")
    made.add_argument(
        "--workers",
        type=workers,
        metavar="N",
        help="how many processes read a capture; 0: one for each core (default: that, of captures of 16 MB and more)",
    )
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    with ends_properly():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    forced = forced_stacks(options)
    keys = keyring(options)
    if options.interval and options.by != "time":
        raise UsageError("--interval goes with --by time")
    filter_of(options, utc=options.utc)
    from analyzer.cli.decode import rest_collector
    from analyzer.export.statistics import json_line, text_lines
    from analyzer.table.statistics import NOTHING, Statistic, connections, layers, statistics, uncounted

    rest_collector()
    inputs = Inputs(options, forced)
    for name, source in inputs:
        with Progress(label(source), source.size, is_quiet=options.quiet) as progress:
            counted = _count(job := Job(name, source, options, keys, forced, progress))
            _name(job, counted.table)
        table = counted.table
        if options.by == "layer":
            found = layers(table, counted.packets, counted.octets)
        elif options.by == "connection":
            found = connections(counted.connections)
        else:
            found = statistics(table, options.by, interval_s=options.interval or None, is_whole=not chooses(options))
        if options.by == "conversation":
            found += [
                Statistic("conversation", f"left aside: {what}", 0, 0, 0, None, None, {"packets": count})
                for what, count in sorted(counted.left_aside.items())
            ]
        if options.count:
            found = found[: options.count]
        if options.json:
            more = {"input": name} if inputs.are_several else None
            lines = [json_line(one, more) for one in found]
        else:
            lines = [f"== {printable(name)}"] if inputs.are_several else []
            lines += text_lines(found, width=text_width(sys.maxsize))
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        say_remarks(counted.source)
        if not table.height:
            is_chosen = bool(filter_text(options))
            say(f"{label(source)}: {'no record passes the filter' if is_chosen else 'nothing of ours was found'}")
        elif not found:
            say(f"{label(source)}: {NOTHING[options.by]}")
        if missing := uncounted(table, options.by):
            say(f"{label(source)}: {missing}")
    return inputs.status


class Job(NamedTuple):
    """One input to count."""

    name: str
    source: Source
    options: argparse.Namespace
    keys: Keyring | None
    forced: dict[str, str]
    progress: Progress


class Counted(NamedTuple):
    """The rows of a capture, what it holds beside them, and the source that was read."""

    table: Table
    packets: int
    octets: int
    left_aside: Mapping[str, int]
    connections: Mapping[str, Mapping[str, int]]
    source: Source


def _count(job: Job) -> Counted:
    """Count an input, by whom the options say."""
    if not job.options.index:
        return _read(job)
    try:
        counted = _from_index(job)
    except OSError as problem:  # of the index: captures have errors of their own
        from analyzer.index.saved import not_kept

        say_over(f"{label(job.source)}: {not_kept(problem)}")
        assert job.source.again is not None
        with job.source.again() as source:
            return _read(job._replace(source=source))
    return counted or _read(job)


def _read(job: Job) -> Counted:
    return _shared(job) or _counted(job)


def _counted(job: Job) -> Counted:
    """Read the capture."""
    from analyzer.index.tabulate import tabulate
    from analyzer.index.watched import Watched
    from analyzer.session import Session
    from analyzer.table.short_names import namer_of

    options, progress = job.options, job.progress
    # of packets as a whole the layers alone tell, and of octets the progress
    watched = Watched(job.source) if options.by == "layer" or progress.is_shown else None
    progress.watched = watched
    learns = bool(options.filter) or (options.by == "object" and job.source.again is None)
    session = Session(watched or job.source, job.forced, job.keys, learns=learns)
    table = tabulate(progress.counted(chosen(session, options)))
    table.namer = namer_of(session.model) if learns else None
    session.close()
    packets, octets = (watched.packets, watched.octets) if watched is not None else (0, 0)
    pipeline = session.pipeline
    return Counted(table, packets, octets, pipeline.left_aside, pipeline.connections.counts(), job.source)


def _name(job: Job, table: Table) -> None:
    """Let a capture tell what its short names stand for, where objects are counted: it is read again for that alone."""
    if job.options.by != "object" or table.namer is not None or not table.short:
        return
    from analyzer.session import Session
    from analyzer.table.short_names import namer_of

    session = Session(job.source, job.forced, job.keys)
    session.learn_all()
    table.namer = namer_of(session.model)


def _workers(job: Job) -> int:
    """Tell how many processes are to read the capture: one where it is small, or cannot be opened again."""
    source, asked = job.source, job.options.workers
    if source.again is None or source.is_live or job.options.merge or job.name in ("-", "--hex"):
        return 1
    return asked if asked is not None else readers(source.size)


def _shared(job: Job) -> Counted | None:
    """Let several processes read the capture; None where one has to."""
    count = _workers(job)
    if count < 2 or filter_text(job.options):
        return None
    from analyzer.index import shares

    source, progress = job.source, job.progress
    task = shares.planned(shares.Task(job.name, keys=job.keys, decode_as=job.forced), count)
    if task is None:
        return None
    try:
        whole = shares.read(task, lambda told: progress.take(told.offset, told.records))
    except shares.UnsharedError:  # one sees what several cannot
        return None
    except RuntimeError as problem:
        say_over(f"{label(source)}: {problem}; one process reads it all")
        return None
    shares.take_remarks(source, whole.last)
    _, _, _, _, packets, octets, *_ = whole.facts["told"]
    return Counted(whole.table, packets, octets, whole.facts["left_aside"], whole.facts["connections"], source)


def _from_index(job: Job) -> Counted | None:
    """Take the rows from the index beside the capture, made where there is none; None where there can be none.

    Raises: OSError where it cannot be written.
    """
    from analyzer.index import saved

    name, source, _, keys, forced, _ = job
    if not saved.path_for([name]) or not saved.can_be_kept(source):
        say_over(f"{label(source)}: no index can be kept beside it")
        return None
    kept = saved.load([name], keys, forced)
    if kept is not None:
        with suppress(saved.IndexDamagedError):  # which shows where records are looked into; it is made anew
            return _of_rows(job, *kept)
    _make_index(job)
    kept = saved.load([name], keys, forced)
    if kept is None:
        raise OSError("it changed while it was read")
    return _of_rows(job, *kept)


def _of_rows(job: Job, records: Records, reader: IndexReader) -> Counted:
    """Count the *records* of an index. Raises: IndexDamagedError."""
    from analyzer.index.filtering import FilterRun

    options, facts, table = job.options, records.facts, records.table
    with closing(reader):
        if text := filter_text(options):
            run = FilterRun(records, text, utc=options.utc or job.source.has_local_times)
            while not run.is_done:
                run.poll()
            table = table.only(run.matches)
        if options.by == "object":
            table = table.with_names()  # for which records are read
    packets, octets = facts["told"][4:6]
    return Counted(table, packets, octets, facts["left_aside"], facts["connections"], job.source)


def _make_index(job: Job) -> None:
    """Make the index beside the capture; where one of several processes fails, one alone makes it. Raises: OSError."""
    from analyzer.index import saved

    source, progress = job.source, job.progress
    way = saved.Way(job.keys, job.forced, _workers(job))
    try:
        saved.make(source, job.name, way, lambda told: progress.take(told.offset, told.records))
    except RuntimeError as problem:
        say_over(f"{label(source)}: {problem}; one process reads it all")
        saved.make(source, job.name, way._replace(workers=1), lambda told: progress.take(told.offset, told.records))
