"""``dlmshark decode``: records of captures as text, trees or JSON Lines."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from typing import TYPE_CHECKING

from analyzer.cli.arguments import Parser, natural, workers
from analyzer.cli.filters import add_filter_options, chooser, chooses, filter_of
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import ClosedApdus, keyring
from analyzer.cli.main import CHECK_FAILED, FilterTextError, UsageError, fail, printable, say
from analyzer.cli.sidecars import SidecarFile, add_sidecar
from captures.chunk import PACKET, PACKET_BITS, Source
from captures.merged import MergedSource

if TYPE_CHECKING:
    from analyzer.cli.turns import Turns
    from analyzer.pipeline import Pipeline
    from analyzer.record import Record
    from analyzer.session import Session
    from captures.growing import GrowingInput

_BATCH = 512
COLOURED = "c"
"""Stands behind the share of a process whose lines go to a terminal."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark decode", description="Decode captures: one line a record.")
    add_inputs(made)
    add_output_options(made)
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="stop after N records")
    made.add_argument("--expect", default="", metavar="EXPR", help="end with 1 where no record passes this filter")
    made.add_argument(
        "--workers", type=workers, default=1, metavar="N", help="how many processes write; 0: one for each core"
    )
    made.add_argument("--turn", help=argparse.SUPPRESS)
    add_sidecar(made)
    return made


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
    made.add_argument("-E", dest="field_form", action="append", default=[], metavar="header=y|separator=,", help="how")
    for letter in "nl":  # of tshark: names are never looked up; lines of what comes live are written at once
        made.add_argument(f"-{letter}", dest="usual", action="store_true", help=argparse.SUPPRESS)
    made.add_argument("--layers", action="store_true", help="with --json: add each record's whole tree")
    made.add_argument("--utc", action="store_true", help="times in UTC")
    made.add_argument("--no-color", action="store_true", help="no colours")
    made.add_argument("-q", "--quiet", action="store_true", help="decode everything, print nothing but errors")
    made.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    forced = forced_stacks(options)
    check_output(options)
    if _are_several(options):
        from analyzer.cli.turns import refuse

        refuse(options)  # before keys are read
    keys = keyring(options)
    filter_of(options, utc=options.utc)  # what is wrong with it is said before anything is read
    expected = _Expected(options)
    from analyzer.session import Session

    rest_collector()
    sidecar = SidecarFile(options)
    with _turns(words, options) as turns:
        inputs = Inputs(options, forced)
        for name, source in inputs:
            learns = not options.quiet or bool(options.filter or options.sidecar or options.expect)
            session = Session(source, forced, keys, learns=learns)
            sidecar.into(session.model)
            more = {"input": name} if inputs.are_several else {}
            turns = _shown(session, options, more, expected.of(session), turns)
            sidecar.keep(session.model)
    return inputs.status or expected.status()


def _are_several(options: argparse.Namespace) -> bool:
    """Tell whether this process is to start others."""
    return options.workers > 1 and not options.quiet and not options.turn


def _turns(words: list[str], options: argparse.Namespace) -> AbstractContextManager[Turns | None]:
    """Give the turns of this process among others, with those; None where it is alone."""
    if not options.turn and not _are_several(options):
        return nullcontext()
    from analyzer.cli.turns import turns_of

    return turns_of(words, options)


def _shown(
    session: Session, options: argparse.Namespace, more: dict[str, str], seen: Callable[[Record], None] | None,
    turns: Turns | None,
) -> Turns | None:  # fmt: skip
    """Print the records of *session*, alone where other processes end before they should. Returns the turns then."""
    if turns is None:
        show(session, options, more, seen=seen)
        return None
    from analyzer.cli.turns import EndedError

    try:
        show(session, options, more, seen=seen, turns=turns)
    except EndedError:
        session.close()
        again = session.source.again
        if again is None:
            raise OSError(0, "a process that shares the work ended") from None
        say(f"{label(session.source)}: another process ended, or read something else; one writes the rest")
        with again() as source:
            show(session.over(source), options, more, seen=seen, turns=turns.rest())
        return None
    return turns


class _Expected:
    """What ``--expect`` waits for. Raises: FilterTextError."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._text, self._is_met = options.expect, not options.expect
        if self._text:
            from analyzer.cli.watching import compiled

            self._filter = compiled("--expect", self._text)

    def of(self, session: Session) -> Callable[[Record], None] | None:
        """Give what looks at the records of *session*, until one is what was expected."""
        if self._is_met:
            return None
        from analyzer.index.filtering import Chooser

        chooser = Chooser(self._filter, session.values)

        def take(record: Record) -> None:
            self._is_met = self._is_met or chooser.passes(record)

        return take

    def status(self) -> int:
        """Give the exit status, and say what was missed."""
        if self._is_met:
            return 0
        return fail(f"no record came that was expected: {self._text}", CHECK_FAILED)


def check_output(options: argparse.Namespace) -> None:
    """Refuse options of the output that do not go together. Raises: UsageError."""
    if options.layers and not _is_json(options):
        raise UsageError("--layers goes with --json")
    if options.form == "fields" and not options.fields:
        raise UsageError("-T fields: -e NAME was expected, such as -e time -e client -e summary")
    if options.fields:
        if options.tree or options.octets or _is_json(options):
            raise UsageError("-e goes with -T fields alone")
        _field_form(options)
        from analyzer.filter import FilterError
        from analyzer.index.field_lines import FieldLines

        try:
            FieldLines(options.fields, int, lambda record: ())
        except FilterError as problem:
            raise FilterTextError(f"-e: {problem.message}") from None


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


def rest_collector() -> None:
    """Let the garbage collector rest: records are freed by their counts, looking for cycles among them is waste."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


def show(
    session: Session, options: argparse.Namespace, more: dict[str, str], growing: GrowingInput | None = None, *,
    seen: Callable[[Record], None] | None = None, turns: Turns | None = None,
) -> None:  # fmt: skip
    """Print the records of *session*; *more* members go into each line of JSON.

    Of a file that grows, *growing*, records are printed at once as soon as no others stand behind them. *seen* takes
    each record too. *turns* say which records are another process's.
    """
    source = session.source
    begins = not options.turn and not (turns is not None and turns.are_begun)
    line, pass_over = _writer(session, options, more, begins=begins)
    count = 0
    batch: list[str | bytes] = []
    is_text = line is not None and not _is_json(options) and not options.fields
    if more and is_text and not options.merge and begins:
        batch.append(f"== {printable(more['input'])}")
    closed = None if options.turn or line is None else ClosedApdus(has_keys=session.has_keys)
    is_live = source.is_live and growing is None

    def rest() -> None:
        if batch:
            _write(batch)
            sys.stdout.flush()

    if growing is not None:
        growing.idle = rest
    passes = _passing(chooser(session, options), closed)
    aside = _Aside(passes, pass_over)
    records = session.records() if turns is None else turns.records(session, batch, aside.take)
    for record in records if passes is None else filter(passes, records):
        count += 1
        if seen is not None:
            seen(record)
        if line is not None:
            batch.append(line(record))
            if is_live:  # whoever reads the pipe waits for this record
                _write(batch)
                sys.stdout.flush()
            elif len(batch) >= _BATCH and turns is None:
                _write(batch)
        if options.count and count >= options.count:
            break
    _write(batch)
    sys.stdout.flush()
    session.close()
    say_remarks(source)
    count += aside.count
    if closed is not None and not (count and chooses(options)):
        closed.tell(label(source))
    _say_rest(source, session.pipeline, count, options)


def _passing(passes: Callable[[Record], bool] | None, closed: ClosedApdus | None) -> Callable[[Record], bool] | None:
    """Make what tells whether a record is shown, and lets *closed* count each."""
    if closed is None or passes is None:
        return passes if closed is None else closed.passes
    return lambda record: closed.passes(record) and passes(record)


class _Aside:
    """Sees the records that other processes write, and counts those that pass, at least one."""

    def __init__(self, passes: Callable[[Record], bool] | None, pass_over: Callable[[Record], None] | None) -> None:
        self._passes, self._pass_over = passes, pass_over
        self.count = 0

    def take(self, record: Record) -> None:
        """See one record."""
        if self.count and self._pass_over is None:
            return  # nobody wants to know more
        if self._passes is None or self._passes(record):
            self.count += 1
            if self._pass_over is not None:
                self._pass_over(record)


def _is_json(options: argparse.Namespace) -> bool:
    return bool(options.json or options.form == "json")


_Line = Callable[..., str | bytes]


def _writer(
    session: Session, options: argparse.Namespace, more: dict[str, str], *, begins: bool
) -> tuple[_Line | None, Callable[[Record], None] | None]:
    """Give what writes a record, and what has to see those that are not written; None where nothing does.

    *begins* where the first records of the input are written.
    """
    if options.quiet:
        return None, None
    source, values = session.source, session.values
    if _is_json(options):
        from analyzer.export.json_lines import JsonLines

        def lines(members: dict[str, str]) -> Callable[[Record], str | bytes]:
            made = JsonLines(lambda: source.time_digits, layers=options.layers, more=members, values=values)
            return made.octets if _takes_octets() else made.line

        if isinstance(source, MergedSource):
            each = [lines({"input": "--hex" if part.name == "hex" else part.name}) for part in source.sources]
            return _merged_line(each), None
        return lines(more), None
    if options.fields:
        from analyzer.index.field_lines import FieldLines

        form = _field_form(options)
        has_head = form.pop("header") == "y"
        fields = FieldLines(options.fields, lambda: source.time_digits, values, **form)
        if has_head and begins:
            _write([fields.head])
        return fields.line, None
    from analyzer.export.text import TextLines

    is_for_terminal = sys.stdout.isatty() or options.turn.endswith(COLOURED)
    colour = is_for_terminal and not options.no_color and has_colours(os.environ)
    utc = options.utc or source.has_local_times  # such times are shown as they stand
    text = TextLines(
        lambda: source.time_digits, tree=options.tree, octets=options.octets, utc=utc, colour=colour, values=values
    )
    return text.octets if options.tree and _takes_octets() else text.line, text.pass_over


def _takes_octets() -> bool:
    """Tell whether standard output takes lines that are UTF-8 already."""
    stream = sys.stdout
    return isinstance(stream, TextIOWrapper) and stream.encoding == "utf-8" and os.linesep == "\n"


def has_colours(environment: Mapping[str, str]) -> bool:
    """Tell whether a terminal may be sent colours: not where ``NO_COLOR`` is set or it says that it can do nothing."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _merged_line(lines: list[Callable[[Record], str | bytes]]) -> Callable[[Record], str | bytes]:
    """Write a record by the writer of the input that its last octet came from, with that input's packet numbers."""

    def line(record: Record) -> str | bytes:
        index = record.packets[-1] >> PACKET_BITS
        record.packets = tuple(number & PACKET for number in record.packets)
        return lines[index](record)

    return line


def _write(batch: list[str | bytes]) -> None:
    """Write lines: texts, and as such octets, which are written without a detour."""
    if not batch:
        return
    octets = [one for one in batch if isinstance(one, bytes)]
    texts = [one for one in batch if isinstance(one, str)]
    batch.clear()
    if texts:
        sys.stdout.write("\n".join([*texts, ""]))
    if octets:
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\n".join([*octets, b""]))


def _say_rest(source: Source, pipeline: Pipeline, count: int, options: argparse.Namespace) -> None:
    """Say on stderr what was left aside or forgotten, and that nothing was found."""
    if pipeline.forgotten:
        say(f"{label(source)}: {pipeline.forgotten} silent conversations were forgotten to keep memory flat")
    if pipeline.left_aside:
        named = ", ".join(f"{number} {name}" for name, number in sorted(pipeline.left_aside.items()))
        say(f"{label(source)}: left aside, in packets: {named}")
    if not count:
        say(f"{label(source)}: {'no record passes the filter' if chooses(options) else 'nothing of ours was found'}")
    if options.verbose:
        found = ", ".join(f"{number} {stack}" for stack, number in sorted(pipeline.stacks.items())) or "none"
        say(f"{label(source)}: conversations by stack: {found}")
