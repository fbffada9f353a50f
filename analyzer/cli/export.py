"""``dlmshark export``: captures as other programs want them, by the suffix of the file or ``--to``."""

from __future__ import annotations

import argparse
import csv
import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.children import ends_properly
from analyzer.cli.arguments import Parser, add_common_options
from analyzer.cli.complaints import UsageError, say
from analyzer.cli.filters import add_filter_options, chooser, chooses, chosen, filter_of
from analyzer.cli.inputs import Inputs, add_force, add_inputs, forced_stacks, refuse_output, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.export.inputs import json_writer, merged_namer, namer
from analyzer.export.part import new_part
from analyzer.export.utf8 import encoded, shown

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.security.keyring import Keyring
    from analyzer.session import Session

_SUFFIXES = {
    ".pcapng": "pcapng", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet",
    ".xml": "xml", ".pdml": "xml", ".html": "html", ".htm": "html",
}  # fmt: skip
FORMS = ("pcapng", "packets", "jsonl", "csv", "parquet", "xml", "html")
_COLUMNS = (
    "input", "number", "time", "lane", "link", "kind", "direction", "client", "server", "request", "latency", "summary",
    "notes",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark export",
        description="Write captures for other programs: pcapng (deciphered, for stock Wireshark), packets (pcapng, as "
        "they were captured), jsonl, csv, parquet, xml (PDML), html (one page with problems, associations and "
        "records).",
        epilog="--share-safe enciphers under keys that everybody knows: guek=000102030405060708090A0B0C0D0E0F, "
        "gak=D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF, gbek=404142434445464748494A4B4C4D4E4F; those of suite 2 go on so.",
    )
    add_inputs(made)
    add_filter_options(made, has_to=True)
    made.add_argument("-o", "-w", "--output", required=True, metavar="FILE", help="the file to write, - for stdout")
    made.add_argument(
        "--to", choices=FORMS, metavar="FORM", help=f"what to write, where the name does not say: {', '.join(FORMS)}"
    )
    add_force(made)
    made.add_argument(
        "--share-safe",
        action="store_true",
        help="pcapng of the same records with other names, titles, addresses and keys",
    )
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    with ends_properly():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    form = options.to or _SUFFIXES.get(Path(options.output).suffix.lower())
    if form is None and options.output == "-":
        raise UsageError(f"-o -: --to was expected, one of {', '.join(FORMS)}")
    if form is None:
        raise UsageError(f"-o {options.output}: one of {', '.join(_SUFFIXES)} was expected, or --to")
    goes_on = _goes_on(options.output)
    if form == "parquet" and goes_on:
        raise UsageError(f"-o {options.output}: Parquet goes to a file")
    if form == "packets" and options.output == "-":
        raise UsageError("-o -: packets go to a file")
    if options.share_safe and (form != "pcapng" or goes_on):
        raise UsageError("--share-safe writes pcapng: -o FILE.pcapng was expected")
    refuse_output(options, "-o", options.output)
    inputs = Inputs(options, forced_stacks(options))
    if options.share_safe and inputs.are_several and not options.merge:
        raise UsageError("--share-safe takes one INPUT, or several with --merge")
    keys = keyring(options)
    filter_of(options, utc=options.utc)
    from analyzer.session import Session

    def sessions() -> Iterator[tuple[str, Session]]:
        for name, source in inputs:
            yield name, Session(source, forced_stacks(options), keys)
            say_remarks(source)

    count = _Counter()
    every = sessions()
    first = next(every, None)
    if first is None:  # nothing could be read: nothing is written
        return inputs.status
    if options.share_safe:
        return _share(chain((first,), every), options, keys) or inputs.status
    if form == "parquet":
        _write_parquet(chain((first,), every), options, count)
    else:
        _write(_WRITERS[form](chain((first,), every), options, count), options.output)
    if options.output != "-" and not options.quiet:
        is_cut = form == "pcapng" and not options.to and chooses(options)
        told = "; --to packets keeps them as they were captured" if is_cut else ""
        if count.timeless and form in ("pcapng", "packets"):
            told += f"; {count.timeless} without a time: 1970-01-01 stands there, as the format wants one"
        say(f"{options.output}: {count.records} records{count.kept}{told}")
    return inputs.status


def _share(sessions: Sessions, options: argparse.Namespace, keys: Keyring | None) -> int:
    from analyzer.cli.share import share

    status = 0
    for _, session in sessions:
        status = share(chosen(session, options), options.output, keys, is_quiet=options.quiet)
    return status


class _Counter:
    """Counts the records that were written."""

    def __init__(self) -> None:
        self.records = 0
        self.timeless = 0
        """How many of them have no time."""
        self.kept = ""
        """How many of them the form has room for, where it leaves some out."""

    def passing(self, session: Session, options: argparse.Namespace) -> Iterator[Record]:
        """Give the chosen records of *session*, and count them."""
        for record in chosen(session, options):
            self.take(record)
            yield record

    def take(self, record: Record) -> None:
        """Count a record that is written."""
        self.records += 1
        self.timeless += record.time_ns is None


Sessions = Iterator[tuple[str, "Session"]]


def _goes_on(name: str) -> bool:
    """Tell whether what is written goes on to somebody as it comes: standard output, a pipe, a device."""
    if name == "-":
        return True
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write(pieces: Iterable[bytes], name: str) -> None:
    """Write all pieces; a file that cannot be written whole is not left behind."""
    if _goes_on(name):
        with nullcontext(sys.stdout.buffer) if name == "-" else open(name, "wb") as stream:
            stream.writelines(pieces)
        return
    with new_part(Path(name)) as part:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        part.replace(name)


def _pcapng(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    from analyzer.export.packets import Packets, head

    for number, (name, session) in enumerate(sessions):
        if number:
            session.close()
            raise UsageError("pcapng takes one INPUT, or several with --merge")
        yield head(name)
        packets, kept = Packets(), 0
        for record in count.passing(session, options):
            written = packets.blocks(record)
            kept += bool(written)
            yield written
        if kept < count.records:
            count.kept = f", {kept or 'none'} with an APDU: no other is written to pcapng"


def _jsonl(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    for name, session in sessions:
        write = json_writer(session.source, session.values, {"input": name}, lambda lines: lines.line, layers=False)
        for record in count.passing(session, options):
            yield encoded([write(record), "\n"])


def _csv(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    from analyzer.export.summary import summary
    from analyzer.export.times import seconds_text

    def row(cells: Iterable[object]) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerow(cells)
        return encoded([out.getvalue()])

    yield row(_COLUMNS)
    for name, session in sessions:
        named = namer(session.source, name)
        for record in count.passing(session, options):
            digits = session.source.time_digits
            yield row(
                (
                    named(record), record.number, _seconds(seconds_text, record.time_ns, digits), record.lane.text,
                    record.link, record.kind, record.direction, record.client, record.server, record.request,
                    _seconds(seconds_text, record.latency_ns, digits), summary(record, session.values(record)),
                    " ".join(dict.fromkeys(note.code for note in record.notes)),
                )
            )  # fmt: skip


def _seconds(write: Callable[[int, int], str], time_ns: int | None, digits: int) -> str:
    return "" if time_ns is None else write(time_ns, digits)


def _xml(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    from analyzer.export.pdml import HEAD, TAIL, Pdml

    yield HEAD.encode()
    for name, session in sessions:
        source = session.source
        named = namer(source, name)
        pdml = Pdml(named, lambda source=source: source.time_digits, session.values)  # type: ignore[misc]
        for record in count.passing(session, options):
            yield encoded([pdml.packet(record)])
    yield TAIL.encode()


def _html(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    from analyzer.diagnosis.doctor import Doctor
    from analyzer.export.report import Report

    for number, (name, session) in enumerate(sessions):
        if number:
            session.close()
            raise UsageError("html takes one INPUT, or several with --merge")
        source, doctor = session.source, Doctor(session.pipeline.ends, session.source)
        own = merged_namer(source)

        def watched(session: Session = session, doctor: Doctor = doctor) -> Iterator[Record]:
            for record in count.passing(session, options):
                doctor.take(record)
                yield record
            doctor.finish(session.pipeline.left_aside, session.pipeline.connections)

        report = Report(
            name if own is not None else Path(name).name, lambda source=source: source.time_digits,  # type: ignore[misc]
            utc=options.utc or source.has_local_times, values=session.values, named=own,
        )  # fmt: skip
        pages = report.pages(watched(), lambda doctor=doctor: (doctor.stories(), list(doctor.associations)))  # type: ignore[misc]
        yield from (encoded([page]) for page in pages)


def _write_parquet(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> None:
    """Write the columns that ``batch`` writes, in one file."""
    from analyzer.batch.frames import RECORDS, record_cells, write
    from analyzer.batch.task import rows_of

    def rows() -> Iterator[tuple[object, ...]]:
        for name, session in sessions:
            named = namer(session.source, name)
            for record, row in rows_of(session.noted(count.passing(session, options))):
                yield record_cells(shown(named(record)), row, session.objects(record))

    write(RECORDS, rows(), Path(options.output))


def _packets(sessions: Sessions, options: argparse.Namespace, count: _Counter) -> Iterator[bytes]:
    """Write the packets as they stand in the capture, with their comments: it is read a second time for them."""
    from analyzer.export.commented import Wanted, packet_blocks
    from captures.blocks import section

    for number, (name, session) in enumerate(sessions):
        if number:
            session.close()
            raise UsageError("packets takes one INPUT, or several with --merge")
        again = session.source.again
        if again is None:
            raise UsageError(f"packets are read twice: a file was expected, not {name}")
        yield section(application="dlmshark")
        passes, wanted = chooser(session, options), Wanted()
        for record in session.records():
            is_wanted = passes is None or passes(record)
            if is_wanted:
                count.take(record)
            wanted.take(record, is_wanted=is_wanted)
        packets = wanted.packets()
        count.kept = f", {len(packets)} packets"
        with again() as source:
            names = [part.name for part in source.parts]
            yield from packet_blocks(((one.number, one) for one in source), names, packets, session.source.comments)


_WRITERS = {"pcapng": _pcapng, "packets": _packets, "jsonl": _jsonl, "csv": _csv, "xml": _xml, "html": _html}
