"""One capture to several processes: each takes some pairs of hosts, and one pass joins what they saw.

What two hosts say to each other stays together, on whatever ports. What crosses that is joined: a key, a title and an
invocation counter that two shares saw over different octets are one nonce used twice. Lines that are no network are the
first share's.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import blake2b
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from analyzer.children import Children, end_with_parent
from analyzer.index.rows import Rows
from analyzer.index.watched import Watched
from analyzer.record import Record
from analyzer.security.opening import VERIFIED
from analyzer.session import Session
from analyzer.table.table import Cells, Table, frame_of
from analyzer.table.words import Marks, Path, Subject
from captures.carriers import CARRIERS
from captures.chunk import Chunk, Source
from captures.links import OCTET_LINKS
from captures.network import Network

if TYPE_CHECKING:
    import polars

    from analyzer.security.keyring import Keyring

_BATCH = 65536
_EVERY_S = 0.5
_REPEATED = Marks(3, ("invocation-counter-repeated",), ("nonce-reuse",), ("security",))
"""What is found in a record whose nonce another share saw first."""


class Task(NamedTuple):
    """A share of a capture: the *share*-th of *shares*, from 0."""

    name: str
    share: int
    shares: int
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    holds_octets: bool = False
    tells: bool = False
    """Whether it says how far it is."""


class Nonce(NamedTuple):
    """A nonce that a record used: digests of key, sender and counter and of its octets, its packet, its row."""

    nonce: bytes
    octets: bytes
    packet: int
    row: int


class Part(NamedTuple):
    """What one share gives back."""

    columns: bytes
    paths: list[Path]
    subjects: list[Subject]
    marks: list[Marks]
    nonces: list[Nonce]
    left_aside: dict[str, int]
    packets: int
    octets: int


class Whole(NamedTuple):
    """The rows of a capture, and what it holds beside them."""

    table: Table
    packets: int
    octets: int
    left_aside: dict[str, int]


class Share(Source):
    """The chunks of *inner* that belong to one share."""

    def __init__(self, inner: Source, share: int, shares: int) -> None:
        super().__init__(inner.name, inner.size)
        self.inner, self._share, self._shares = inner, share, shares
        self.has_local_times = inner.has_local_times
        self.remarks, self.remark_counts = inner.remarks, inner.remark_counts
        self.comments, self.line_errors = inner.comments, inner.line_errors
        if inner.again is not None:
            again = inner.again
            self.again = lambda: Share(again(), share, shares)

    def __iter__(self) -> Iterator[Chunk]:
        peel, share, shares = Network().peel, self._share, self._shares
        for chunk in self.inner:
            if chunk[2] in OCTET_LINKS or chunk[2] in CARRIERS:
                if not share:
                    yield chunk
                continue
            payload = peel(chunk)  # a fragment tells nothing yet: all shares get it
            if payload is None or share_of(payload[1], shares) == share:
                yield chunk
        self.time_digits = self.inner.time_digits

    def close(self) -> None:
        """Give the input back."""
        self.inner.close()


def share_of(key: bytes, shares: int) -> int:
    """Tell which share a flow belongs to: both directions, and all connections of two hosts, to the same."""
    width = (len(key) - 4) // 2
    one, other = key[:width], key[width : 2 * width]
    return (crc32(one) + crc32(other)) % shares


class Far:
    """How far the reading of a share is."""

    def __init__(self) -> None:
        self.watched: Watched | None = None
        self.records = 0

    def tell(self, is_over: Event) -> None:
        """Say it on stdout again and again: octets of the capture that are behind, and records that came."""
        while not is_over.wait(_EVERY_S):
            sys.stdout.buffer.write(b"%d %d\n" % (self.watched.offset if self.watched else 0, self.records))
            sys.stdout.buffer.flush()


def read_share(task: Task, far: Far) -> Part:
    """Read one share of a capture."""
    from captures import open_source

    with open_source(task.name, holds_octets=task.holds_octets) as source:
        counted = Watched(source)
        counted.again = source.again
        far.watched = counted
        session = Session(Share(counted, task.share, task.shares), task.decode_as, task.keys, learns=False)
        rows, cells = Rows(), list[Cells]()
        frames: list[polars.DataFrame] = []
        nonces: list[Nonce] = []
        for row, record in enumerate(session.records()):
            cells.append(rows.row(record))
            if not row & 0x3FF:
                far.records = row
            if record.protection:
                nonces += (Nonce(*found, record.packets[-1], row) for found in nonces_of(record))
            if len(cells) == _BATCH:
                frames.append(frame_of(cells))
                cells = []
        frames.append(frame_of(cells))
        octets = io.BytesIO()
        import polars

        polars.concat(frames).write_ipc(octets)
        aside = dict(session.pipeline.left_aside)
    words = rows.paths.all, rows.subjects.all, rows.marks.all
    return Part(octets.getvalue(), *words, nonces, aside, counted.packets, counted.octets)


def nonces_of(record: Record) -> Iterator[tuple[bytes, bytes]]:
    """Give the nonces of the layers that a key opened: key, sender's title and counter, and a digest of the octets."""
    for layer in record.protection:
        slots, values = layer.entry.slots, layer.values
        if layer.status != VERIFIED or "invocation_counter" not in slots or not layer.key:
            continue
        names = ("system_title", "originator_system_title")
        title = next((values[slots[name]] for name in names if name in slots), b"")
        # glo- and ded-APDUs bear no title: there the sender is a host and who speaks on it
        host = record.lane.ends[0].rpartition(":")[0]
        sender = title or f"{host} {record.direction} {record.client} {record.server}".encode()
        told = b"|".join((layer.key.encode(), sender, str(values[slots["invocation_counter"]]).encode()))
        yield blake2b(told, digest_size=12).digest(), blake2b(layer.octets, digest_size=8).digest()


def read(task: Task, workers: int, tell: Callable[[int, int], None] | None = None) -> Whole:
    """Read the capture that *task* names in so many processes; *tell* hears how many octets of it all of them have
    behind them, and how many records came. Raises: RuntimeError where one of them ends early.
    """
    tasks = [task._replace(share=share, shares=workers, tells=tell is not None) for share in range(workers)]
    far = [(0, 0)] * workers

    def run(one: Task) -> Part:
        return _in_process(children, one, take)

    def take(share: int, octets: int, records: int) -> None:
        far[share] = octets, records
        if tell is not None:
            tell(min(octets for octets, _ in far), sum(records for _, records in far))

    with ThreadPoolExecutor(workers) as pool, Children() as children:
        return join(list(pool.map(run, tasks)))


def _in_process(children: Children, task: Task, take: Callable[[int, int, int], None]) -> Part:
    """Let a process read the share of *task*: it says how far it is, a line each, an empty line, and its part."""
    from analyzer.index.client import send

    asks, answers, process = children.start("analyzer.index.shares")
    with process:
        with suppress(BrokenPipeError):
            send(task, asks)
            asks.flush()
        while line := answers.readline().strip():
            octets, records = map(int, line.split())
            take(task.share, octets, records)
        content = answers.read()
    if process.returncode or not content:
        raise RuntimeError(f"a process that read a share ended with {process.returncode}")
    part: Part = pickle.loads(content)  # our own process said it
    return part


def join(parts: list[Part]) -> Whole:
    """Join the shares of one capture: rows in the order of their packets, associations numbered in that order."""
    import polars

    table, frames = Table(), []
    repeated = _repeated(parts)
    table.marks.append(_REPEATED)
    for share, part in enumerate(parts):
        frame = polars.read_ipc(io.BytesIO(part.columns))
        shift = {"path": len(table.paths), "subject": len(table.subjects), "marks": len(table.marks)}
        marks = (polars.col("marks") + shift.pop("marks")).cast(polars.UInt32)
        marked = polars.int_range(polars.len()).is_in(sorted(repeated[share]))
        frame = frame.with_columns(
            *((polars.col(name) + by).cast(polars.UInt32) for name, by in shift.items()),
            polars.when(marked).then(polars.lit(0, polars.UInt32)).otherwise(marks).alias("marks"),
            (polars.col("association") * len(parts) + share).cast(polars.UInt32),
        )
        frames.append(frame)
        before = max(
            (one.conversation for one in table.paths), default=0
        )  # lines are the first share's, and keep theirs
        table.paths += [one._replace(conversation=one.conversation + before) for one in part.paths]
        table.subjects += part.subjects
        table.marks += part.marks
    whole = polars.concat(frames).sort("packet", maintain_order=True)
    table.add(_numbered(whole))
    aside: dict[str, int] = {}
    for part in parts:
        for name, count in part.left_aside.items():
            aside[name] = aside.get(name, 0) + count
    return Whole(table, parts[0].packets, parts[0].octets, aside)


def _numbered(frame: polars.DataFrame) -> polars.DataFrame:
    """Number associations in the order of their first rows."""
    import polars

    known = frame.get_column("association").drop_nulls().unique(maintain_order=True)
    numbers = polars.DataFrame({"association": known}).with_row_index("renumbered", offset=1)
    joined = frame.join(numbers, on="association", how="left", maintain_order="left")
    return joined.with_columns(polars.col("renumbered").alias("association")).select(frame.columns)


def _repeated(parts: list[Part]) -> list[set[int]]:
    """Give the rows of each share whose nonce another share saw before, over other octets."""
    seen: dict[bytes, dict[int, set[bytes]]] = {}
    found: list[set[int]] = [set() for _ in parts]
    used = ((one.packet, share, one) for share, part in enumerate(parts) for one in part.nonces)
    for _, share, one in sorted(used):
        others = seen.setdefault(one.nonce, {})
        if any(place != share and octets - {one.octets} for place, octets in others.items()):
            found[share].add(one.row)
        others.setdefault(share, set()).add(one.octets)
    return found


def main() -> int:
    """Run as a program: a task on stdin, its part on stdout."""
    import dissectors

    dissectors.makes_packets = False
    try:
        task: Task = pickle.load(sys.stdin.buffer)  # the process that began this one said it
    except EOFError:  # and is gone
        return 1
    end_with_parent()
    far, is_over = Far(), Event()
    teller = Thread(target=far.tell, args=(is_over,), daemon=True)
    if task.tells:
        teller.start()
    part = read_share(task, far)
    is_over.set()
    if task.tells:
        teller.join()
    sys.stdout.buffer.write(b"\n")
    pickle.dump(part, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    from analyzer.index import shares  # what is sent bears that name

    sys.exit(shares.main())
