"""``dlmshark decode``: records of captures as text, trees or JSON Lines."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from analyzer.cli.arguments import Parser, natural
from analyzer.cli.keyrings import add_key_options, keyring, protection
from analyzer.cli.main import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say
from captures import open_source, source_from_hex
from captures.chunk import PACKET, PACKET_BITS, CaptureError, CapturePermissionError, Source
from captures.merged import MergedSource

if TYPE_CHECKING:
    from analyzer.pipeline import Pipeline
    from analyzer.record import Record

_BATCH = 512
_STACKS = ("hdlc", "wrapper", "mbus", "llc", "apdu")


class Input(NamedTuple):
    """An input: its name, and what opens it; a file can be opened again."""

    name: str
    opened: Callable[[], Source]


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark decode", description="Decode captures: one line a record.")
    made.add_argument(
        "inputs", nargs="*", metavar="INPUT", help="pcap, pcapng, gzip, zstd, lz4, hex text, raw octets, - for stdin"
    )
    made.add_argument(
        "-r", dest="read", action="append", default=[], metavar="INPUT", help="an input, as tshark has it"
    )
    made.add_argument("--merge", action="store_true", help="join several inputs by time")
    made.add_argument("--hex", action="append", default=[], metavar="OCTETS", help="decode these octets")
    made.add_argument("-V", "--tree", action="store_true", help="print each record's whole tree")
    made.add_argument("-x", "--octets", action="store_true", help="print each record's octets")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    made.add_argument("-T", dest="form", choices=("json", "text"), help="output form, as tshark has it")
    made.add_argument("--layers", action="store_true", help="with --json: add each record's whole tree")
    made.add_argument(
        "-d", "--decode-as", action="append", default=[], metavar="SELECTOR,STACK",
        help="force a stack: tcp.port==5000,hdlc · serial,hdlc · record,apdu",
    )  # fmt: skip
    add_key_options(made)
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help="stop after N records")
    made.add_argument("--utc", action="store_true", help="times in UTC")
    made.add_argument("--no-color", action="store_true", help="no colours")
    made.add_argument("-q", "--quiet", action="store_true", help="decode everything, print nothing but errors")
    made.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    try:
        forced = decode_as(options.decode_as)
    except ValueError as problem:
        raise UsageError(str(problem)) from None
    if options.layers and not _is_json(options):
        raise UsageError("--layers goes with --json")
    keys = keyring(options)
    names = [*options.inputs, *options.read]
    if not names and not options.hex:
        names = ["-"]
    from analyzer.pipeline import Pipeline

    gc.freeze()
    gc.set_threshold(200_000, 50, 100)  # records are freed by their counts: looking for cycles among them is waste
    inputs = list(_inputs(names, options.hex, holds_octets="serial" in forced or "record" in forced))
    several = len(inputs) > 1
    if options.merge:
        inputs, status = _merged(inputs)
    else:
        status = 0
    for name, opened in inputs:
        try:
            with opened() as source:
                guard = protection(keys, forced, opened, is_live=source.is_live)
                _decode(source, options, Pipeline(forced, guard), {"input": name} if several else {})
        except CaptureError as problem:
            status = _failed(problem)
    return status


def _failed(problem: CaptureError) -> int:
    """Say why an input cannot be read. Returns the exit status."""
    return fail(str(problem), PERMISSION_ERROR if isinstance(problem, CapturePermissionError) else INPUT_ERROR)


def _inputs(names: list[str], hexes: list[str], *, holds_octets: bool) -> Iterator[Input]:
    for name in names:
        yield Input(name, lambda name=name: open_source(name, holds_octets=holds_octets))  # type: ignore[misc]
    for text in (one or "" for one in hexes):  # argparse makes an empty list of "--hex=--"
        yield Input("--hex", lambda text=text: source_from_hex(text))  # type: ignore[misc]


def _merged(inputs: list[Input]) -> tuple[list[Input], int]:
    """Make one input of all that can be opened. Returns it, and the exit status of those that cannot."""
    status = 0
    sources: dict[int, Source] = {}
    for index, one in enumerate(inputs):
        try:
            sources[index] = one.opened()
        except CaptureError as problem:
            status = _failed(problem)
    first = [MergedSource(list(sources.values()))]

    def opened() -> Source:
        return first.pop() if first else MergedSource([inputs[index].opened() for index in sources])

    return ([Input("merged", opened)] if sources else []), status


def decode_as(choices: list[str]) -> dict[str, str]:
    """Read ``SELECTOR,STACK`` pairs. Raises ValueError that says what was expected."""
    found = {}
    for choice in choices:
        selector, comma, stack = choice.rpartition("," if "," in choice else "=")
        selector = selector.rstrip("=") if "==" not in selector else selector
        if not comma or stack not in _STACKS:
            raise ValueError(f"--decode-as {choice}: expected SELECTOR,STACK with one of {', '.join(_STACKS)}")
        is_port = selector.partition("==")[0] in ("tcp.port", "udp.port") and selector.partition("==")[2].isdigit()
        if not is_port and selector not in ("serial", "record"):
            raise ValueError(f"--decode-as {choice}: expected tcp.port==N, udp.port==N, serial or record")
        found[selector] = stack
    return found


def _decode(source: Source, options: argparse.Namespace, pipeline: Pipeline, more: dict[str, str]) -> None:
    line = _writer(source, options, more)
    count = 0
    batch: list[str] = []
    if more and line is not None and not _is_json(options) and not options.merge:
        batch.append(f"== {more['input']}")
    is_live = source.is_live
    for record in pipeline.run(source, waits=not is_live):
        count += 1
        if line is not None:
            batch.append(line(record))
            if is_live:  # whoever reads the pipe waits for this record
                _write(batch)
                sys.stdout.flush()
            elif len(batch) >= _BATCH:
                _write(batch)
        if options.count and count >= options.count:
            break
    _write(batch)
    sys.stdout.flush()
    for part in source.parts:
        for remark in part.remarks:
            say(f"{_label(part)}: {remark.text}")
    _say_rest(source, pipeline, count)
    if options.verbose:
        found = ", ".join(f"{number} {stack}" for stack, number in sorted(pipeline.stacks.items())) or "none"
        say(f"{_label(source)}: conversations by stack: {found}")


def _is_json(options: argparse.Namespace) -> bool:
    return bool(options.json or options.form == "json")


def _writer(source: Source, options: argparse.Namespace, more: dict[str, str]) -> Callable[..., str] | None:
    if options.quiet:
        return None
    if _is_json(options):
        from analyzer.export.json_lines import JsonLines

        def lines(members: dict[str, str]) -> Callable[[Record], str]:
            return JsonLines(lambda: source.time_digits, layers=options.layers, more=members).line

        if isinstance(source, MergedSource):
            return _merged_line(
                [lines({"input": "--hex" if part.name == "hex" else part.name}) for part in source.sources]
            )
        return lines(more)
    from analyzer.export.text import TextLines

    colour = sys.stdout.isatty() and not options.no_color
    utc = options.utc or source.has_local_times  # such times are shown as they stand
    text = TextLines(lambda: source.time_digits, tree=options.tree, octets=options.octets, utc=utc, colour=colour)
    return text.line


def _merged_line(lines: list[Callable[[Record], str]]) -> Callable[[Record], str]:
    """Write a record by the writer of the input that its last octet came from, with that input's packet numbers."""

    def line(record: Record) -> str:
        index = record.packets[-1] >> PACKET_BITS
        record.packets = tuple(number & PACKET for number in record.packets)
        return lines[index](record)

    return line


def _write(batch: list[str]) -> None:
    if batch:
        batch.append("")
        sys.stdout.write("\n".join(batch))
        batch.clear()


def _say_rest(source: Source, pipeline: Pipeline, count: int) -> None:
    """Say on stderr what was left aside or forgotten, and that nothing was found."""
    if pipeline.forgotten:
        say(f"{_label(source)}: {pipeline.forgotten} silent conversations were forgotten to keep memory flat")
    if pipeline.left_aside:
        named = ", ".join(f"{number} {name}" for name, number in sorted(pipeline.left_aside.items()))
        say(f"{_label(source)}: left aside, in packets: {named}")
    if not count:
        say(f"{_label(source)}: nothing of ours was found")


def _label(source: Source) -> str:
    return {"-": "stdin", "hex": "--hex"}.get(source.name, source.name)
