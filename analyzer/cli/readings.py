"""``dlmshark readings``: the metered values of captures as text, JSON Lines, CSV or Parquet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING

from analyzer.cli.arguments import Parser, add_common_options, hush, natural
from analyzer.cli.complaints import UsageError, printable, say
from analyzer.cli.decode import rest_collector
from analyzer.cli.filters import add_filter_options, chosen, filter_of
from analyzer.cli.inputs import Inputs, add_force, add_inputs, forced_stacks, label, refuse_output, say_remarks
from analyzer.cli.keyrings import ClosedApdus, keyring
from analyzer.cli.sidecars import SidecarFile, add_sidecar
from analyzer.cli.terminal import terminal_width

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring
    from analyzer.tracking.readings import Reading


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark readings", description="The metered values seen in captures.")
    add_inputs(made)
    add_filter_options(made)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("--csv", action="store_true", help="CSV on stdout")
    made.add_argument("--parquet", metavar="FILE", help="write a Parquet file")
    add_force(made)
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="stop after N readings")
    add_sidecar(made)
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    if sum((options.json, options.csv, options.parquet is not None)) > 1:
        raise UsageError("--json, --csv and --parquet exclude one another")
    if options.parquet in ("", "-"):
        raise UsageError(f"--parquet {options.parquet or repr('')}: a file was expected; --csv and --json go to stdout")
    if options.parquet:
        refuse_output(options, "--parquet", options.parquet)
    inputs = Inputs(options, forced_stacks(options))
    keys = keyring(options)
    filter_of(options, utc=options.utc)
    sidecar = SidecarFile(options)
    from analyzer.children import ends_properly

    every = islice(_readings(options, inputs, keys, sidecar), options.count or None)
    if options.parquet is None:
        _print(every, options, inputs)
    else:
        with ends_properly():
            _write_parquet(every, options, inputs)
    return inputs.status


def _readings(
    options: argparse.Namespace, inputs: Inputs, keys: Keyring | None, sidecar: SidecarFile
) -> Iterator[tuple[Reading, int]]:
    """Give the readings of all inputs, each with the digits of its capture's times."""
    from analyzer.export.inputs import namer
    from analyzer.session import Session
    from analyzer.tracking.readings import readings_of

    rest_collector()
    for name, source in inputs:
        session = Session(source, forced_stacks(options), keys)
        sidecar.into(session.model)
        session.learn_all()
        closed = ClosedApdus(has_keys=keys is not None)
        named = namer(source, name)
        for record in chosen(session, options):
            closed.take(record)
            if options.json:
                inputs.current = named(record)
            yield from zip(readings_of(record, session.model), repeat(source.time_digits))
        sidecar.keep(session.model)
        say_remarks(source)
        closed.tell(label(source))


def _write_parquet(readings: Iterator[tuple[Reading, int]], options: argparse.Namespace, inputs: Inputs) -> None:
    from analyzer.export.readings import write_parquet

    begun = list(islice(readings, 1))
    if inputs.opened:  # else nothing could be read, and nothing is written
        written = write_parquet(chain(begun, readings), options.parquet)
        say(f"{options.parquet}: {written} readings")


def _print(readings: Iterator[tuple[Reading, int]], options: argparse.Namespace, inputs: Inputs) -> None:
    from analyzer.export.readings import csv_header

    write = _writer(options, inputs)
    headed = ""
    is_empty = True
    for one, digits in readings:
        is_empty = False
        if inputs.are_several and not options.json and not options.csv and headed != inputs.current:
            headed = inputs.current
            sys.stdout.write(f"== {printable(headed)}\n")
        sys.stdout.write(write(one, digits) + "\n")
    if is_empty and inputs.opened:
        if options.csv:
            print(csv_header())
        say("no metered values were found")


def _writer(options: argparse.Namespace, inputs: Inputs) -> Callable[..., str]:
    from analyzer.export.readings import Csv, json_line, text_line

    if options.json and inputs.are_several:
        return lambda one, digits: json_line(one, digits, input_name=inputs.current)
    if options.json:
        return json_line
    if options.csv:
        return Csv().line
    width = terminal_width()
    if width:
        from analyzer.export.folding import hanging

        return lambda one, digits: hanging(text_line(one, digits, utc=options.utc), width)
    return lambda one, digits: text_line(one, digits, utc=options.utc)
