"""Output of one capture by several processes: each decodes all of it, and writes the records whose turn it is.

What takes time is to say a record, not to decode it, and who decodes everything knows what is said of each record as
well as one process alone. The process that the user started writes what the others say in its place, in order.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from queue import Queue
from threading import Thread
from typing import IO, TYPE_CHECKING

from analyzer.children import Children, end_with_parent
from analyzer.cli.main import UsageError

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.session import Session

BATCH = 256
"""Records of one turn."""
_AHEAD = 16
"""Turns of another process that may wait to be written."""


class EndedError(Exception):
    """A process that shares the work ended before it had said all its turns."""


class Turns:
    """Whose turn a record is: the *share*-th of *shares* processes'. *others* say the rest, where this is the first."""

    def __init__(self, share: int, shares: int, others: Sequence[Other] = ()) -> None:
        self._share, self._shares, self._others = share, shares, others
        self._told = 0
        """Turns that were written."""
        self._begins = 0
        """Turns that were written before."""

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
        self._told = begins
        for at, record in enumerate(session.records(), 1):
            turn = (at - 1) // BATCH
            if turn % shares != share or turn < begins:
                session.seek_for(record)
                aside(record)
                continue
            yield record
            if at % BATCH == 0:
                self._write(turn, lines)
        last = (at - 1) // BATCH
        if at % BATCH and last % shares == share and last >= begins:
            self._write(last, lines)
        self._pass_on(last + 1)

    def _write(self, turn: int, lines: list[str | bytes]) -> None:
        code = sys.stdout.encoding
        octets = b"".join(
            (one if isinstance(one, bytes) else one.encode(code, "backslashreplace")) + b"\n" for one in lines
        )
        lines.clear()
        out = sys.stdout.buffer
        if self._share:
            out.write(b"%d\n" % len(octets) + octets)
            out.flush()
            return
        self._pass_on(turn)
        sys.stdout.flush()
        out.write(octets)
        self._told = turn + 1

    def _pass_on(self, until: int) -> None:
        """Write the turns of others up to that one."""
        if self._share or self._told >= until:
            return
        sys.stdout.flush()
        for turn in range(self._told, until):
            octets = self._others[turn % self._shares - 1].turn()
            sys.stdout.buffer.write(octets)
            self._told = turn + 1


class Other:
    """Another process that says its turns."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self._turns: Queue[bytes | None] = Queue(_AHEAD)
        Thread(target=self._read, args=(stdout,), daemon=True).start()

    def _read(self, stdout: IO[bytes]) -> None:
        while size := stdout.readline():
            octets = stdout.read(int(size))
            if len(octets) < int(size):
                break
            self._turns.put(octets)
        self._turns.put(None)

    def turn(self) -> bytes:
        """Give its next turn. Raises: EndedError."""
        found = self._turns.get()
        if found is None:
            self._turns.put(None)
            raise EndedError
        return found


@contextlib.contextmanager
def turns_of(words: Sequence[str], options: argparse.Namespace, count: int) -> Iterator[Turns]:
    """Give the turns of *count* processes, with the other ones while the block runs; or this one's, as the options say.

    Raises: UsageError.
    """
    if options.turn:
        end_with_parent()
        share, _, shares = options.turn.partition("/")
        yield Turns(int(share), int(shares))
        return
    if options.workers is not None:
        _refuse(options)
    with Children() as children:
        others = []
        for share in range(1, count):
            _, stdout, _ = children.start("analyzer", ["decode", *words, "--turn", f"{share}/{count}"], is_quiet=True)
            others.append(Other(stdout))
        yield Turns(0, count, others)


def _refuse(options: argparse.Namespace) -> None:
    """Refuse what several processes cannot do. Raises: UsageError."""
    names = [*options.inputs, *options.read]
    if "-" in names or not (names or options.hex):
        raise UsageError("--workers: stdin is read once; give a file")
    if options.count or options.expect or options.sidecar:
        raise UsageError("--workers does not go with --count, --expect and --sidecar")
