"""The inputs of every command that reads captures: options, what opens each, and which stacks are forced."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import EEXIST, EISDIR
from typing import NamedTuple

from analyzer.cli.complaints import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say
from analyzer.cli.keyrings import add_key_options
from analyzer.stacks import decode_as, holds_octets
from captures.chunk import CaptureError, CapturePermissionError, Source

VARIABLE = "DLMSHARK_NAMES"
"""As :mod:`analyzer.cosem.own` has it, which is not imported where nobody asks for names."""


class Input(NamedTuple):
    """An input: its name, and what opens it; a file can be opened again."""

    name: str
    opened: Callable[[], Source]


def add_inputs(made: argparse.ArgumentParser) -> None:
    """Add the options that say which captures to read, how, and with which keys."""
    made.add_argument(
        "inputs",
        nargs="*",
        default=[],
        metavar="INPUT",
        help="pcap, pcapng, gzip, zstd, lz4, hex text, raw octets, - for stdin",
    )
    made.add_argument(
        "-r", dest="read", action="append", default=[], metavar="INPUT", help="an input, as tshark has it"
    )
    made.add_argument("--merge", action="store_true", help="join several inputs by time")
    made.add_argument("--hex", action="append", default=[], metavar="OCTETS", help="decode these octets")
    add_settle(made)
    add_reading_options(made)


def add_settle(made: argparse.ArgumentParser) -> None:
    """Add the option that has what comes live read as a file is."""
    made.add_argument(
        "--settle",
        action="store_true",
        help="pipes and live sources: print at the end, with all that was learnt by then",
    )


def add_reading_options(made: argparse.ArgumentParser) -> None:
    """Add the options that say how octets are read: which stacks are forced, and which keys open them."""
    made.add_argument(
        "-d", "--decode-as", action="append", default=[], metavar="SELECTOR,STACK",
        help="force a stack: tcp.port==5000,hdlc · serial,hdlc · record,apdu",
    )  # fmt: skip
    made.add_argument(
        "--names", action="append", default=[], metavar="FILE", help="own names, event codes and push layouts (TOML)"
    )
    add_key_options(made)


def use_names(options: argparse.Namespace) -> None:
    """Let names come from the files that the user named, in this process and those it starts. Raises: UsageError."""
    paths = [*filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)), *options.names]
    if not paths:
        return
    from analyzer.cosem.own import OwnTablesError, load

    try:
        load(paths)
    except OwnTablesError as problem:
        by = "" if options.names else f"{VARIABLE}: "
        raise UsageError(f"{by}{problem}") from None
    os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys(os.path.abspath(path) for path in paths))


def forced_stacks(options: argparse.Namespace) -> dict[str, str]:
    """Give the stacks that the user named. Raises: UsageError."""
    try:
        return decode_as(options.decode_as)
    except ValueError as problem:
        raise UsageError(f"--decode-as {problem}") from None


def add_force(made: argparse.ArgumentParser) -> None:
    """Add the option that `refuse_output` heeds."""
    made.add_argument("--force", action="store_true", help="write over a file that is there")


def refuse_output(options: argparse.Namespace, option: str, output: str) -> None:
    """Refuse to write the *output* of *option* over an input, which is evidence, or, unasked, over another file.

    Raises: UsageError; OSError that names *output*.
    """
    for name in (*options.inputs, *options.read):
        with suppress(OSError, ValueError):  # what is not there is not written over
            if output != "-" and os.path.samefile(output, name):
                raise UsageError(f"{option} {output}: this is the input itself")
    if os.path.isdir(output):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), output)
    if os.path.isfile(output) and not options.force:
        raise FileExistsError(EEXIST, "it is there already; --force writes over it", output)


class Inputs:
    """The inputs of a command line, stdin where it names none; *status* is that of those that cannot be read."""

    def __init__(self, options: argparse.Namespace, forced: dict[str, str]) -> None:
        use_names(options)
        names = [*options.inputs, *options.read]
        if not names and not options.hex:
            names = ["-"]
        self.status = 0
        self.opened = 0
        """How many could be read."""
        self.current = ""
        """The name of the one that is read."""
        self._inputs = list(_inputs(names, options.hex, forced, settles=options.settle))
        self.are_several = len(self._inputs) > 1
        if options.merge and self.are_several:
            self._inputs = self._merged()

    def __iter__(self) -> Iterator[tuple[str, Source]]:
        """Open one after another; what cannot be read is said, and the others are still given."""
        for name, opened in self._inputs:
            try:
                with opened() as source:
                    self.opened += 1
                    self.current = name
                    yield name, source
            except CaptureError as problem:
                self._fail(problem)

    def _fail(self, problem: CaptureError) -> None:
        is_forbidden = isinstance(problem, CapturePermissionError)
        self.status = fail(str(problem), PERMISSION_ERROR if is_forbidden else INPUT_ERROR)

    def _merged(self) -> list[Input]:
        """Make one input of all that can be opened."""
        from analyzer.export.inputs import given, joined
        from captures.merged import MergedSource, opening

        sources = []
        with opening(len(self._inputs)):
            for one in self._inputs:
                try:
                    sources.append(one.opened())
                except CaptureError as problem:
                    self._fail(problem)
        name = joined([given(source) for source in sources])
        return [Input(name, lambda: MergedSource(sources) if len(sources) > 1 else sources[0])] if sources else []


def _inputs(names: list[str], hexes: list[str], forced: dict[str, str], *, settles: bool) -> Iterator[Input]:
    from captures import open_source, source_from_hex

    are_octets = holds_octets(forced)
    for name in names:
        yield Input(name, lambda name=name: open_source(name, holds_octets=are_octets, settles=settles))  # type: ignore[misc]
    for text in (one or "" for one in hexes):  # argparse makes an empty list of "--hex=--"
        yield Input("--hex", lambda text=text: source_from_hex(text))  # type: ignore[misc]


def label(source: Source) -> str:
    """Name an input to a person, merged ones by what they are made of."""
    names = [{"-": "stdin", "hex": "--hex"}.get(part.name, part.name) for part in source.parts]
    if len(names) == 1:
        return names[0]
    from analyzer.export.inputs import joined

    return joined(names)


def say_remarks(source: Source) -> None:
    """Say on stderr what the reader of a source should know of it."""
    for part in source.parts:
        for remark in part.remarks:
            say(f"{label(part)}: {remark.text}")
