"""``dlmshark decode``: records of captures as text, trees or JSON Lines."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count as counting
from itertools import islice
from typing import TYPE_CHECKING

from analyzer.cli.arguments import Parser, natural, workers
from analyzer.cli.complaints import CHECK_FAILED, fail, printable, say
from analyzer.cli.filters import chooser, chooses, filter_of, say_none_passes
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, label, say_remarks
from analyzer.cli.keyrings import ClosedApdus, keyring
from analyzer.cli.record_lines import add_output_options, check_output, is_json, write, writer
from analyzer.cli.sidecars import SidecarFile, add_sidecar
from captures.chunk import Source

if TYPE_CHECKING:
    from analyzer.cli.turns import Turns
    from analyzer.index.filtering import Chooser
    from analyzer.pipeline import Pipeline
    from analyzer.record import Record
    from analyzer.session import Session
    from captures.growing import GrowingInput

_BATCH = 512


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
            from analyzer.cli.watching import wished

            self._filter = wished("--expect", self._text)

    def of(self, session: Session) -> Callable[[Record], None] | None:
        """Give what looks at the records of *session*, until one is what was expected."""
        if self._is_met:
            return None
        from analyzer.index.filtering import Chooser

        chooser = Chooser(self._filter, session.values, session.followers)

        def take(record: Record) -> None:
            self._is_met = self._is_met or chooser.passes(record)

        return take

    def status(self) -> int:
        """Give the exit status, and say what was missed."""
        if self._is_met:
            return 0
        return fail(f"no record came that was expected: {self._text}", CHECK_FAILED)


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
    line, pass_over = writer(session, options, more, begins=begins)
    count = 0
    batch: list[str | bytes] = []
    is_text = line is not None and not is_json(options) and not options.fields
    if more and is_text and not options.merge and begins:
        batch.append(f"== {printable(more['input'])}")
    closed = None if options.turn or line is None else ClosedApdus(has_keys=session.has_keys)
    is_live = source.is_live and growing is None

    def rest() -> None:
        if batch:
            write(batch)
            sys.stdout.flush()

    if growing is not None:
        growing.idle = rest
    most = options.count or sys.maxsize
    choosing = chooser(session, options)
    passes = _passing(choosing, closed)
    aside = _Aside(passes, pass_over)
    records = session.records() if turns is None else turns.records(session, batch, aside.take)
    records = records if passes is None else filter(passes, records)
    if seen is None and turns is None and growing is None and not (is_live or options.count):
        count = _all_written(records, line, batch)
    for record in records:
        count += 1
        if seen is not None:
            seen(record)
        if line is not None:
            batch.append(line(record))
            if is_live:  # whoever reads the pipe waits for this record
                write(batch)
                sys.stdout.flush()
            elif len(batch) >= _BATCH and turns is None:
                write(batch)
        if count >= most:
            break
    write(batch)
    sys.stdout.flush()
    session.close()
    say_remarks(source)
    count += aside.count
    if closed is not None and not (count and chooses(options)):
        closed.tell(label(source))
    _say_rest(source, session.pipeline, count, options, choosing)


def _all_written(
    records: Iterator[Record], line: Callable[[Record], str | bytes] | None, batch: list[str | bytes]
) -> int:  # fmt: skip
    """Write all *records* behind *batch*, without looking at any between. Returns how many they were."""
    numbers = counting()
    if line is None:
        deque(zip(records, numbers, strict=False), 0)
        return next(numbers)
    written, count = map(line, records), 0
    while lines := list(islice(written, _BATCH)):
        count += len(lines)
        batch += lines
        write(batch)
    return count


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


def _say_rest(
    source: Source, pipeline: Pipeline, count: int, options: argparse.Namespace, choosing: Chooser | None
) -> None:  # fmt: skip
    """Say on stderr what was left aside or forgotten, and that nothing was found."""
    if pipeline.forgotten:
        say(f"{label(source)}: {pipeline.forgotten} silent conversations were forgotten to keep memory flat")
    if pipeline.left_aside:
        named = ", ".join(f"{number} {name}" for name, number in sorted(pipeline.left_aside.items()))
        say(f"{label(source)}: left aside, in packets: {named}")
    if not count and chooses(options):
        say_none_passes(label(source), choosing)
    elif not count:
        say(f"{label(source)}: nothing of ours was found")
    if options.verbose:
        found = ", ".join(f"{number} {stack}" for stack, number in sorted(pipeline.stacks.items())) or "none"
        say(f"{label(source)}: conversations by stack: {found}")
