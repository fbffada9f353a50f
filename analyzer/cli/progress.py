"""How far something is, said on a terminal: a line on stderr that is written over. In a pipe there is none."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

from analyzer.cli.complaints import say

if TYPE_CHECKING:
    from analyzer.index.watched import Watched

EVERY_S = 0.5
"""How often it is said."""
AFTER_S = 1.0
"""What takes less says nothing."""
_WIDTH = 80
One = TypeVar("One")


def is_watched() -> bool:
    """Tell whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


class StatusLine(threading.Thread):
    """Says *text* on a terminal, again and again while the block runs, in one line that is written over."""

    def __init__(self, text: Callable[[], str], after_s: float | None = None, *, is_quiet: bool = False) -> None:
        super().__init__(daemon=True)
        self._text, self._wait_s = text, EVERY_S if after_s is None else after_s
        self._is_over = threading.Event()
        self.is_shown = is_watched() and not is_quiet

    def __enter__(self) -> Self:
        if self.is_shown:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self.is_shown:
            self.join()
            write_over("")

    def run(self) -> None:
        """Say it again and again."""
        while not self._is_over.wait(self._wait_s):
            self._wait_s = EVERY_S
            write_over(self._text()[: _width() - 1])


class Progress(StatusLine):
    """How far the reading of the input *name* is: octets of all octets, and records."""

    def __init__(self, name: str, total: int | None, *, is_quiet: bool = False) -> None:
        super().__init__(self.line, AFTER_S, is_quiet=is_quiet)
        self._name = name
        self.octets = self.records = 0
        self.total = total
        self.watched: Watched | None = None
        """The source that tells its octets, if one does."""

    def line(self) -> str:
        """Say it in one line."""
        if self.watched is not None:
            self.octets = self.watched.offset
        of = f" of {self.total / 1e6:.1f}" if self.total else ""
        return f"{self.octets / 1e6:.1f}{of} MB, {self.records:,} records: {self._name}"

    def take(self, octets: int, records: int) -> None:
        """Take how far it is."""
        self.octets, self.records = octets, records

    def counted(self, records: Iterable[One]) -> Iterable[One]:
        """Give *records*, and count them where anybody sees that."""
        return self._counted(records) if self.is_shown else records

    def _counted(self, records: Iterable[One]) -> Iterator[One]:
        for record in records:
            self.records += 1
            yield record


def say_over(text: str) -> None:
    """Say something in the place of the status line, which comes again below it."""
    if is_watched():
        write_over("")
    say(text)


def write_over(text: str) -> None:
    """Write *text* over the status line."""
    assert sys.stderr is not None
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else -1).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH
