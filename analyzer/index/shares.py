"""One capture by several processes: each reads the conversations of some hosts, and one puts together what they say.

The rows, records and numbers are those of one process. Where that cannot be, because something crosses conversations in
an order that no share sees, :class:`UnsharedError` says so, and one process has to read the capture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from analyzer.children import Children
from analyzer.index.crossing import UnsharedError
from analyzer.index.file import HEADER_SIZE, LAST, SIGNATURE, IndexWriter, header
from analyzer.index.indexing import Told
from analyzer.index.joining import READY, Joined, Joining, Sink
from analyzer.index.request import send
from analyzer.index.share import Last, Task
from analyzer.index.splitting import plan
from analyzer.stacks import holds_octets
from analyzer.table.table import Table
from analyzer.table.words import marks_form, path_form, subject_form

if TYPE_CHECKING:
    from captures.chunk import Source

_WAITING = 64
"""Entries that may wait to be put together."""
_LONGEST_S = 0.5
_MOST_SHARES = 64
"""Each reads the whole capture; an octet tells whose a row is."""
_Entry = tuple[int, bytes, bytes]


class Whole(NamedTuple):
    """What several processes read: rows, if they are wanted here, and what the capture holds beside them."""

    table: Table
    facts: dict[str, Any]
    last: Last


class _ToTable:
    """Puts rows into a table."""

    def __init__(self) -> None:
        self.table = Table()

    def join(self, rows: Joined) -> None:
        """Take the next rows."""
        table = self.table
        table.paths += rows.paths
        table.subjects += rows.subjects
        table.marks += rows.marks
        table.add(rows.frame)

    def pass_on(self, share: int, content: bytes) -> None:
        """Nobody looks into records here."""


class ToIndex:
    """Writes rows and records into an index."""

    def __init__(self, writer: IndexWriter) -> None:
        self._writer = writer
        self.pass_on = writer.pass_on

    def join(self, rows: Joined) -> None:
        """Take the next rows."""
        forms: dict[str, Any] = {
            "paths": list(map(path_form, rows.paths)),
            "subjects": list(map(subject_form, rows.subjects)),
            "marks": list(map(marks_form, rows.marks)),
            "taught": [[*key, numbers] for key, numbers in rows.taught.items()],
            "ends": rows.ends,
        }
        if any(forms.values()):
            self._writer.say(**{name: form for name, form in forms.items() if form})
        if rows.frame.height:
            self._writer.order(rows.makers)
            octets = BytesIO()
            rows.frame.write_ipc(octets)
            self._writer.columns(octets.getvalue())
        if rows.late_marks:
            self._writer.say(late_marks=rows.late_marks)


def planned(task: Task, workers: int) -> Task | None:
    """Give *task* with a plan for so many processes, or for as many as are worth it; None where one is as good."""
    from captures import open_source

    if workers < 2:
        return None
    with open_source(task.name, holds_octets=holds_octets(task.decode_as)) as source:
        found = plan(source, min(workers, _MOST_SHARES))
    return task._replace(plan=found) if found is not None else None


def read(task: Task, tell: Callable[[Told], None] = lambda told: None) -> Whole:
    """Read the capture that *task* names; *tell* hears how far all of its processes are.

    Raises: UnsharedError, RuntimeError where a process ends early.
    """
    sink = _ToTable()
    return Whole(sink.table, *_read(task, sink, tell))


def index(task: Task, writer: IndexWriter, tell: Callable[[Told], None] = lambda told: None) -> Last:
    """Index the capture that *task* names into *writer*. Raises: UnsharedError, RuntimeError."""

    def told(so_far: Told) -> None:
        writer.sync()
        tell(so_far._replace(end=writer.end))

    facts, last = _read(task._replace(keeps_records=True), ToIndex(writer), told)
    writer.say(**facts)
    writer.sync()
    tell(facts["told"]._replace(end=writer.end))
    return last


def take_remarks(source: Source, last: Last) -> None:
    """Let *source*, which nobody read here, say of itself what its readers found."""
    source.remarks[:] = last.remarks
    source.remark_counts.clear()
    source.remark_counts.update(last.remark_counts)


def _read(task: Task, sink: Sink, tell: Callable[[Told], None]) -> tuple[dict[str, Any], Last]:
    """Let several processes read into *sink*. Returns what the capture holds beside its rows."""
    joining, queue = Joining(task.plan.shares, sink), Queue[_Entry](_WAITING)
    joined, left = 0.0, task.plan.shares
    listeners: list[Thread] = []
    try:
        with Children() as children:
            listeners.extend(_begin(children, task._replace(share=at), queue) for at in range(task.plan.shares))
            while left:
                share, kind, content = queue.get()
                if not kind:
                    if content:
                        raise RuntimeError(content.decode())
                    left -= 1
                elif joining.take(share, kind, content):
                    now = monotonic()
                    if now - joined > _LONGEST_S or joining.waiting >= READY:
                        joined = now
                        joining.join()
                        tell(joining.told._replace(is_done=False))
    finally:
        _end(listeners, queue)
    joining.join()
    return joining.finish(), joining.last


def _end(listeners: list[Thread], queue: Queue[_Entry]) -> None:
    """Let the listeners say the rest, which nobody wants: their processes have ended."""
    for listener in listeners:
        while listener.is_alive():
            with suppress(Empty):
                queue.get(timeout=0.01)
            listener.join(0)


def _begin(children: Children, task: Task, queue: Queue[_Entry]) -> Thread:
    """Begin a process, and let what it says come into *queue*: at its end an entry without a kind, with the problem."""
    asks, answers, process = children.start("analyzer.index.share")
    with suppress(BrokenPipeError):
        send(task, asks)

    def listen() -> None:
        problem = b""
        try:
            for kind, content in entries(answers):
                queue.put((task.share, kind, content))
        except EOFError:
            problem = f"a process that read a share of it ended early ({_how(process.wait())})".encode()
        queue.put((task.share, b"", problem))
        with suppress(OSError):
            asks.close()
            answers.close()

    listener = Thread(target=listen, daemon=True)
    listener.start()
    return listener


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def entries(pipe: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Give the entries of an index as they come, up to the last one. Raises: EOFError where it ends before."""
    if pipe.read(len(SIGNATURE)) != SIGNATURE:
        raise EOFError
    kind = b""
    while kind != LAST:
        head = pipe.read(HEADER_SIZE)
        if len(head) < HEADER_SIZE:
            raise EOFError
        kind, length = header(head)
        content = pipe.read(length)
        if len(content) < length:
            raise EOFError
        yield kind, content


__all__ = ["Last", "Task", "UnsharedError", "Whole", "index", "planned", "read"]
