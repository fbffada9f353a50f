"""What ``decode`` and ``live`` write of a record: the options that say it, and the writer that they ask for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from io import TextIOWrapper
from itertools import groupby
from typing import TYPE_CHECKING, cast

from analyzer.cli.complaints import FilterTextError, UsageError
from analyzer.cli.filters import add_filter_options
from analyzer.cli.terminal import terminal_width

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.session import Session

OF_TERMINAL = "@"
"""Stands behind the share of a process whose lines go to a terminal, before the width of that."""


def add_output_options(made: argparse.ArgumentParser) -> None:
    """Add the options that say which records are shown, and how."""
    add_filter_options(made)
    made.set_defaults(turn="")
    made.add_argument("-V", "--tree", action="store_true", help="print each record's whole tree")
    made.add_argument("-x", "--octets", action="store_true", help="print each record's octets")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("-T", dest="form", choices=("json", "text", "fields"), help="output form, as tshark has it")
    made.add_argument(
        "-e", dest="fields", action="append", default=[], metavar="NAME", help="print this field, by its filter's name"
    )
    made.add_argument(
        "-E",
        dest="field_form",
        action="append",
        default=[],
        metavar="header=y|separator=,",
        help="the form of fields; also quote=d, occurrence=f, aggregator=;",
    )
    for letter in "nl2":  # of tshark: no name is looked up; what comes live is written at once; decode reads ahead
        made.add_argument(f"-{letter}", dest="usual", action="store_true", help=argparse.SUPPRESS)
    made.add_argument("--layers", action="store_true", help="with --json: add each record's whole tree")
    made.add_argument("--utc", action="store_true", help="times in UTC")
    made.add_argument("--no-color", action="store_true", help="no colours")
    made.add_argument("-q", "--quiet", action="store_true", help="decode everything, print nothing but errors")
    made.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")


def check_output(options: argparse.Namespace) -> None:
    """Refuse options of the output that do not go together. Raises: UsageError."""
    if options.layers and not is_json(options):
        raise UsageError("--layers goes with --json")
    if options.form == "fields" and not options.fields:
        raise UsageError("-T fields: -e NAME was expected, such as -e time -e client -e summary")
    if options.fields:
        if options.tree or options.octets or is_json(options):
            raise UsageError("-e goes with -T fields alone")
        _field_form(options)
        from analyzer.filter import FilterError
        from analyzer.index.field_lines import FieldLines

        try:
            FieldLines(options.fields, int, lambda record: ())
        except FilterError as problem:
            several = next((one for one in options.fields if "," in one), "")
            hint = f"; each has its own: -e {' -e '.join(several.split(','))}" if several else ""
            raise FilterTextError(f"-e: {problem.message}{hint}") from None


def _field_form(options: argparse.Namespace) -> dict[str, str]:
    """Give what ``-E`` says. Raises: UsageError."""
    found = {"header": "n", "separator": "/t", "quote": "n", "occurrence": "a", "aggregator": ","}
    for text in options.field_form:
        name, equals, value = text.partition("=")
        if name not in found or not equals or value not in (_FORMS.get(name) or (value,)):
            known = [f"{one}={'|'.join(_FORMS.get(one, ('TEXT',)))}" for one in found]
            raise UsageError(f"-E {text}: {', '.join(known[:-1])} or {known[-1]} was expected")
        found[name] = value
    for name in ("separator", "aggregator"):
        found[name] = {"/t": "\t", "/s": " ", "\\t": "\t"}.get(found[name], found[name])
    found["quote"] = {"n": "", "d": '"', "s": "'"}[found["quote"]]
    return found


_FORMS = {"header": ("y", "n"), "quote": ("d", "s", "n"), "occurrence": ("f", "l", "a")}
"""What ``-E`` takes for a name; for others any text."""


def is_json(options: argparse.Namespace) -> bool:
    """Tell whether JSON Lines are asked for."""
    return bool(options.json or options.form == "json")


_Line = Callable[..., str | bytes]


def writer(
    session: Session, options: argparse.Namespace, more: dict[str, str], *, begins: bool
) -> tuple[_Line | None, Callable[[Record], None] | None]:
    """Give what writes a record, and what has to see those that are not written; None where nothing does.

    *begins* where the first records of the input are written.
    """
    if options.quiet:
        return None, None
    source, values = session.source, session.values
    if is_json(options):
        from analyzer.export.inputs import json_writer

        if _takes_octets():
            return json_writer(source, values, more, lambda lines: lines.octets, layers=options.layers), None
        return json_writer(source, values, more, lambda lines: lines.line, layers=options.layers), None
    if options.fields:
        from analyzer.index.field_lines import FieldLines

        form = _field_form(options)
        has_head = form.pop("header") == "y"
        fields = FieldLines(options.fields, lambda: source.time_digits, values, followers=session.followers, **form)
        if has_head and begins:
            write([fields.head])
        return fields.line, None
    from analyzer.export.text import TextLines

    width = int(options.turn.partition(OF_TERMINAL)[2] or terminal_width())
    colour = width > 0 and not options.no_color and has_colours(os.environ)
    utc = options.utc or source.has_local_times  # such times are shown as they stand
    takes_octets = _takes_octets() and not width
    text = TextLines(
        lambda: source.time_digits, tree=options.tree, octets=options.octets, utc=utc, colour=colour, width=width,
        values=values, shown=session.shown, encoded=takes_octets,
    )  # fmt: skip
    return text.octets if takes_octets else text.line, text.pass_over


def _takes_octets() -> bool:
    """Tell whether standard output takes lines that are UTF-8 already."""
    stream = sys.stdout
    return isinstance(stream, TextIOWrapper) and stream.encoding == "utf-8" and os.linesep == "\n"


def has_colours(environment: Mapping[str, str]) -> bool:
    """Tell whether a terminal may be sent colours: not where ``NO_COLOR`` is set or it says that it can do nothing."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def write(batch: list[str | bytes]) -> None:
    """Write lines: texts, and as such octets, which are written without a detour."""
    if not batch:
        return
    for kind, lines in groupby(batch, type):
        if kind is str:
            sys.stdout.write("\n".join([*cast(Iterator[str], lines), ""]))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(b"\n".join([*cast(Iterator[bytes], lines), b""]))
    batch.clear()
