"""Output of one capture by several processes: each decodes all of it, and writes the records whose turn it is.

What takes time is to say a record, not to decode it, and who decodes everything knows what is said of each record as
well as one process alone. The process that the user started writes what the others say in its place, in order.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from queue import Queue
from threading import Thread
from typing import IO, TYPE_CHECKING

from analyzer.children import Children, end_with_parent
from analyzer.cli.complaints import UsageError
from analyzer.cli.record_lines import OF_TERMINAL
from analyzer.cli.terminal import terminal_width

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.session import Session

BATCH = 256
"""Records of one turn."""
_OWN = ("/dev/fd/", "/dev/std", "/proc/self/")
"""Names of what each process has for itself."""
_AHEAD = 16
"""Turns of another process that may wait to be written."""


class EndedError(Exception):
    """A process that shares the work ended before it had said all its turns, or read something else."""


class Turns:
    """Whose turn a record is: the *share*-th of *shares* processes'. *others* say the rest, where this is the first."""

    def __init__(self, share: int, shares: int, others: Sequence[Other] = ()) -> None:
        self._share, self._shares, self._others = share, shares, others
        self._told = 0
        """Turns that were written."""
        self._begins = 0
        """Turns that were written before."""
        self._input = ""

    @property
    def are_begun(self) -> bool:
        """Whether the first records of the input were written before."""
        return self._begins > 0

    def rest(self) -> Turns:
        """Give the turns of an input of which others said no more: those that were not written are this process's."""
        found = Turns(0, 1)
        found._begins = self._told
        return found

    def records(
        self, session: Session, lines: list[str | bytes], aside: Callable[[Record], object]
    ) -> Iterator[Record]:
        """Give the records of *session* whose turn it is, and write *lines*, which are made of them, where they belong.

        Of the other records it is learnt what gives meaning to values, as if they were said; *aside* takes each.
        Raises: EndedError.
        """
        shares, share, at, begins = self._shares, self._share, 0, self._begins
        self._told, self._input = begins, session.source.name
        for at, record in enumerate(session.records(), 1):
            turn = (at - 1) // BATCH
            if turn % shares != share or turn < begins:
                session.seek_for(record)
                aside(record)
                continue
            yield record
            if at % BATCH == 0:
                self._write(turn, BATCH, lines)
        last = (at - 1) // BATCH
        if at % BATCH and last % shares == share and last >= begins:
            self._write(last, at % BATCH, lines)
        self._pass_on(last + 1, (at - 1) % BATCH + 1)

    def _write(self, turn: int, records: int, lines: list[str | bytes]) -> None:
        code, errors = sys.stdout.encoding, sys.stdout.errors or "backslashreplace"
        octets = b"".join((one if isinstance(one, bytes) else one.encode(code, errors)) + b"\n" for one in lines)
        lines.clear()
        out = sys.stdout.buffer
        if self._share:
            out.write(b"%d %b\n" % (len(octets), self._title(turn, records)) + octets)
            out.flush()
            return
        self._pass_on(turn)
        sys.stdout.flush()
        out.write(octets)
        self._told = turn + 1

    def _title(self, turn: int, records: int) -> bytes:
        """Name a turn so that one of another input, or of an input that ends elsewhere, is known as such."""
        return f"{turn} {records} {self._input!r}".encode("utf-8", "backslashreplace")

    def _pass_on(self, until: int, records: int = BATCH) -> None:
        """Write the turns of others up to that one; the last of them has so many *records*."""
        if self._share or self._told >= until:
            return
        sys.stdout.flush()
        for turn in range(self._told, until):
            title, octets = self._others[turn % self._shares - 1].turn()
            if title != self._title(turn, records if turn == until - 1 else BATCH):
                raise EndedError
            if sys.stdout.encoding != "utf-8":  # in which the others write
                octets = octets.decode("utf-8", "replace").encode(sys.stdout.encoding, sys.stdout.errors or "strict")
            sys.stdout.buffer.write(octets)
            self._told = turn + 1


class Other:
    """Another process that says its turns."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self._turns: Queue[tuple[bytes, bytes] | None] = Queue(_AHEAD)
        Thread(target=self._read, args=(stdout,), daemon=True).start()

    def _read(self, stdout: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):  # it was ended, or says something else
            while line := stdout.readline():
                size, _, title = line.rstrip(b"\n").partition(b" ")
                octets = stdout.read(int(size))
                if len(octets) < int(size):
                    break
                self._turns.put((title, octets))
        self._turns.put(None)

    def turn(self) -> tuple[bytes, bytes]:
        """Give its next turn: what it is of, and the lines. Raises: EndedError."""
        found = self._turns.get()
        if found is None:
            self._turns.put(None)
            raise EndedError
        return found


@contextlib.contextmanager
def turns_of(words: Sequence[str], options: argparse.Namespace) -> Iterator[Turns]:
    """Give the turns that the options say, with the other processes while the block runs."""
    if options.turn:
        end_with_parent()
        share, _, shares = options.turn.partition(OF_TERMINAL)[0].partition("/")
        yield Turns(int(share), int(shares))
        return
    width = terminal_width()
    mark = f"{OF_TERMINAL}{width}" if width else ""
    with Children() as children:
        others = []
        for share in range(1, options.workers):
            turn = ["decode", "--turn", f"{share}/{options.workers}{mark}"]
            _, stdout, _ = children.start("analyzer", [*turn, *words], is_quiet=True)
            others.append(Other(stdout))
        yield Turns(0, options.workers, others)


def refuse(options: argparse.Namespace) -> None:
    """Refuse what several processes cannot do. Raises: UsageError."""
    names = [*options.inputs, *options.read]
    if "-" in names or not (names or options.hex):
        raise UsageError("--workers: stdin is read once; give a file")
    secrets = [text.partition("=@")[2] for text in options.key]
    for name in (*names, *options.keys, *options.names, *filter(None, secrets)):
        if _is_read_once(name):
            raise UsageError(f"--workers: {name} is read once; give a file")
    if options.count or options.expect or options.sidecar:
        raise UsageError("--workers does not go with --count, --expect and --sidecar")


def _is_read_once(name: str) -> bool:
    """Tell whether another process cannot read what this one does under *name*."""
    try:
        return name.startswith(_OWN) or not stat.S_ISREG(os.stat(name).st_mode)
    except (OSError, ValueError):
        return False  # whoever opens it says so
