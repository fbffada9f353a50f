"""``dlmshark batch``: many captures to one data set of Parquet files, by several processes or machines."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.children import Children, Orders, ends_properly
from analyzer.cli.arguments import Parser, add_common_options, workers
from analyzer.cli.complaints import INPUT_ERROR, USAGE_ERROR, UsageError, say
from analyzer.cli.inputs import add_reading_options, forced_stacks, use_names
from analyzer.cli.keyrings import keyring
from analyzer.cli.progress import AFTER_S, StatusLine, say_over
from analyzer.export.utf8 import json_object
from analyzer.stacks import holds_octets

if TYPE_CHECKING:
    from analyzer.batch.task import Work

Entry = dict[str, Any]


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark batch", description="Many captures to one data set: records, readings and notes.")
    made.add_argument(
        "inputs", nargs="*", default=[], metavar="INPUT", help="captures, or folders with captures in them"
    )
    made.add_argument("--out", required=True, metavar="DIR", help="the data set; what is in it is not read again")
    made.add_argument(
        "--workers", type=workers, default=1, metavar="N", help="how many processes read; 0: one for each core"
    )
    made.add_argument("--shard", type=shard, default=(1, 1), metavar="K/N", help="only the K-th of N shares")
    made.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask scheduler: tcp://host:8786")
    made.add_argument("--json", action="store_true", help="an object for each capture on stdout")
    made.add_argument("--names-from-stdin", action="store_true", help=argparse.SUPPRESS)
    add_reading_options(made)
    add_common_options(made)
    return made


def shard(text: str) -> tuple[int, int]:
    """Read ``K/N``. Raises: ArgumentTypeError that says what was expected."""
    share, slash, shares = text.partition("/")
    if not slash or not share.isdecimal() or not shares.isdecimal() or not 0 < int(share) <= int(shares):
        raise argparse.ArgumentTypeError(f"K/N with K from 1 to N was expected, not {text!r}")
    return int(share), int(shares)


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    with ends_properly():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    forced = forced_stacks(options)
    use_names(options)
    keys = keyring(options, is_told=options.names_from_stdin)
    from analyzer.batch.task import Work, gather, is_done
    from analyzer.cli.decode import rest_collector

    rest_collector()
    work = Work(Path(options.out), keys, forced)
    if options.names_from_stdin:
        return _serve(work)
    if not options.inputs:
        raise UsageError("batch needs an INPUT: captures, or folders with captures in them")
    if options.scheduler and options.workers > 1:
        raise UsageError("--workers and --scheduler exclude one another")
    share, shares = options.shard
    names = list(found(options.inputs, work.out))[share - 1 :: shares]
    open_names = [name for name in names if not is_done(work, name)]
    work.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with (
        _Progress(open_names, is_quiet=options.quiet) as progress,
        closing(_entries(work, open_names, options)) as entries,
    ):
        for entry in entries:
            progress.take(entry)
            failed += "error" in entry
            if "error" in entry:
                say_over(entry["error"])
            if options.json:
                sys.stdout.write(json_object(entry) + "\n")
                sys.stdout.flush()
    gather(work.out)
    done = f", {len(names) - len(open_names)} were there already" if len(open_names) < len(names) else ""
    if not options.quiet:
        say(f"{work.out}: {len(open_names) - failed} of {len(names)} captures read{done}, {failed} failed")
    return INPUT_ERROR if failed else 0


def found(inputs: Iterable[str], out: Path) -> Iterator[str]:
    """Give the names of captures, each file once, under the name that comes first: of a folder all files below it in
    their order, but no data set and no indexes that stand beside captures.
    """
    seen: dict[Path, str] = {}
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            written = {place for one in (out, *_data_sets(path)) for place in _places(one)}
            for one in sorted(filter(_may_be_capture, path.rglob("*")), key=str):
                place = one.resolve()
                if written.isdisjoint((place, *place.parents)):
                    seen.setdefault(place, str(one))
        else:
            seen.setdefault(path.resolve(), name)
    yield from seen.values()


def _data_sets(folder: Path) -> Iterator[Path]:
    """Give the folders at and below *folder* that a run wrote, or writes, its data set to."""
    from analyzer.batch.frames import RECORDS
    from analyzer.batch.task import MANIFEST

    for one in folder.rglob(MANIFEST):
        if one.is_dir() and (one.with_suffix(".json").is_file() or one.with_name(RECORDS).is_dir()):
            yield one.parent


def _places(data_set: Path) -> Iterator[Path]:
    from analyzer.batch.frames import TABLES
    from analyzer.batch.task import MANIFEST

    return ((data_set / name).resolve() for name in (MANIFEST, f"{MANIFEST}.json", *TABLES))


def _may_be_capture(path: Path) -> bool:
    from analyzer.index.saved import is_index

    return path.is_file() and not path.name.startswith(".") and not is_index(path.name)


class _Progress(StatusLine):
    """How far a batch is: captures of all captures, octets of all octets, and records."""

    def __init__(self, names: list[str], *, is_quiet: bool) -> None:
        super().__init__(self._line, AFTER_S, is_quiet=is_quiet)
        self._captures, self._sizes = 0, {name: _size(name) for name in names}
        self._octets = self._records = 0

    def take(self, entry: Entry) -> None:
        """Take the entry of a capture that is done."""
        self._captures += 1
        self._octets += self._sizes.get(entry["input"], 0)
        self._records += entry.get("records", 0)

    def _line(self) -> str:
        sizes = self._sizes
        octets = f"{self._octets / 1e6:.1f} of {sum(sizes.values()) / 1e6:.1f} MB"
        return f"{self._captures} of {len(sizes)} captures, {octets}, {self._records:,} records"


def _entries(work: Work, names: list[str], options: argparse.Namespace) -> Generator[Entry]:
    """Read the captures called *names*, by whom the options say. Raises: UsageError."""
    from analyzer.batch.pool import run_pool
    from analyzer.batch.task import run as read

    if options.scheduler:
        yield from _cluster(names, options.scheduler, _worker_words(options))
    elif options.workers > 1 and len(names) > 1:
        largest_first = sorted(names, key=_size, reverse=True)
        yield from run_pool(largest_first, _worker_words(options), options.workers)
    else:
        for name in names:
            yield read(work, name, lambda name=name: _opened(work, name))  # type: ignore[misc]


def _opened(work: Work, name: str) -> Any:
    from captures import open_source

    return open_source(name, holds_octets=holds_octets(work.decode_as))


def _size(name: str) -> int:
    try:
        return Path(name).stat().st_size
    except OSError:
        return 0


def _worker_words(options: argparse.Namespace) -> list[str]:
    """Give the command line of a process that is told names on stdin."""
    words = ["batch", "--names-from-stdin", "--out", options.out]
    for name, values in (("-k", options.keys), ("--key", options.key), ("-d", options.decode_as)):
        for value in values:
            words += [name, value]
    return words


def _told_name(line: bytes) -> str:
    """Read a name in JSON. Raises: UsageError."""
    with suppress(ValueError):
        name = json.loads(line)
        if isinstance(name, str):
            return name
    raise UsageError("--names-from-stdin: a name in JSON was expected on each line")


def _serve(work: Work) -> int:
    """Read the captures whose names come on stdin, and say the entry of each. Raises: UsageError."""
    from analyzer.batch.task import run as read

    orders = Orders(_told_name)
    for name in orders:
        entry = read(work, name, lambda name=name: _opened(work, name))  # type: ignore[misc]
        orders.answer(json.dumps(entry))
    return 0


def _cluster(names: list[str], address: str, words: list[str]) -> Iterator[Entry]:
    """Let a Dask cluster read. Raises: UsageError."""
    told = {name: os.environ[name] for name in ("DLMSHARK_KEYS", "DLMSHARK_NAMES") if name in os.environ}
    work = {"names": names, "words": words, "folder": os.getcwd(), "environment": told}
    left = dict.fromkeys(names)
    with Children() as children:
        asks, answers, process = children.start("analyzer.cluster", [address])
        with suppress(OSError):  # it says itself why it cannot
            asks.write(json.dumps(work).encode() + b"\n")
            asks.flush()
        for line in answers:
            entry = json.loads(line)
            left.pop(entry["input"], None)
            yield entry
        asks.close()
        if process.wait() == USAGE_ERROR:
            raise SystemExit(USAGE_ERROR)  # it said itself why
    for name in left:
        yield {"input": name, "error": f"{name}: the cluster ended before it was read"}
