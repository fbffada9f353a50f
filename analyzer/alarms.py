"""What is done when a record of a kind comes, and whether one that was expected came in time.

Actions are few and named. ``exec`` runs a program with a list of arguments, never a shell, and gives it the record as
one line of JSON on its stdin; programs run one after another, beside the decoding, which waits for none of them.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import NamedTuple, Protocol

from analyzer.filter import Filter
from analyzer.index.filtering import Chooser
from analyzer.live.wishes import MARK, SAVE
from analyzer.record import Record
from analyzer.session import Session

BEEP, EXEC = "beep", "exec"
ACTIONS = (BEEP, MARK, SAVE, EXEC)
_MOST_WAITING = 100
_LONGEST_S = 60
Say = Callable[[str], None]


class Action(NamedTuple):
    """What is to be done: its name, and the program of ``exec``."""

    name: str
    words: tuple[str, ...] = ()


class Rule(NamedTuple):
    """The records that are meant, in words and as a filter, and what is done when one comes."""

    text: str
    filter: Filter
    actions: tuple[Action, ...]


class Recorded(Protocol):
    """The recording that the records come from: it takes wishes, and knows the files it began."""

    def wish(self, kind: str, text: str) -> bool:
        """Wish for MARK or SAVE; false where nobody hears it."""


class Alarms:
    """Asks every record whether a rule means it, and does what that rule says.

    *line* writes a record as JSON, *files* gives the files it may stand in.
    """

    def __init__(
        self, rules: list[Rule], recorded: Recorded, line: Callable[[Record], str], files: Callable[[], list[str]],
        say: Say,
    ) -> None:  # fmt: skip
        self._rules = rules
        self._choosers: list[Chooser] = []
        self._recorded, self._line, self._files, self._say = recorded, line, files, say
        self._programs = Programs(say)
        self._unheard: dict[str, int] = {}
        self.count = 0
        """How often a rule meant a record."""

    def begin(self, session: Session) -> None:
        """Take the session whose records are asked."""
        self._choosers = [Chooser(rule.filter, session.values, session.followers) for rule in self._rules]

    def take(self, record: Record) -> None:
        """Ask of one record."""
        for rule, chooser in zip(self._rules, self._choosers, strict=True):
            if chooser.passes(record):
                self.count += 1
                for action in rule.actions:
                    self._act(rule, action, record)

    def _act(self, rule: Rule, action: Action, record: Record) -> None:
        if action.name == BEEP:
            if sys.stderr is not None:
                sys.stderr.write("\a")
                sys.stderr.flush()
        elif action.name == MARK:
            self._wish(MARK, f"alarm at record {record.number}: {rule.text}")
        elif action.name == SAVE:
            for path in self._files():
                self._wish(SAVE, path)
        else:
            self._programs.run(action.words, self._line(record) + "\n")

    def _wish(self, kind: str, text: str) -> None:
        if not self._recorded.wish(kind, text):
            self._unheard[kind] = self._unheard.get(kind, 0) + 1

    def close(self) -> None:
        """Wait for the programs that were begun, and say what nobody heard any more."""
        self._programs.close()
        for kind, times in self._unheard.items():
            self._say(f"--do {kind}: {times} time{'s' * (times > 1)} not done: the recording takes no wishes any more")


class Programs:
    """Runs programs one after another, in a thread; too many at once are not run, and that is said."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._waiting: Queue[tuple[tuple[str, ...], str]] = Queue(_MOST_WAITING)
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.left_out = 0

    def run(self, words: tuple[str, ...], text: str) -> None:
        """Run a program with *text* on its stdin, as soon as those before it ended."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait((words, text))
        except Full:
            self.left_out += 1

    def close(self) -> None:
        """Wait until those that wait have run."""
        self._is_closing.set()
        if self._thread is not None:
            self._thread.join(_LONGEST_S)
        if self.left_out:
            self._say(f"--do exec: {self.left_out} times not run, for {_MOST_WAITING} waited already")

    def _work(self) -> None:
        while True:
            try:
                words, text = self._waiting.get(timeout=0.1)
            except Empty:
                if self._is_closing.is_set():
                    return
                continue
            self._one(words, text)

    def _one(self, words: tuple[str, ...], text: str) -> None:
        try:
            done = subprocess.run(
                words, input=text.encode(), stdout=subprocess.DEVNULL, timeout=_LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            self._say(f"--do exec {words[0]}: ended after {_LONGEST_S} s")
        except OSError as problem:
            self._say(f"--do exec {words[0]}: {problem.strerror}")
        else:
            if done.returncode:
                self._say(f"--do exec {words[0]}: ended with status {done.returncode}")


class Expectation:
    """A record that has to come: once it does, *reached* is called."""

    def __init__(self, text: str, expected: Filter, reached: Callable[[], None]) -> None:
        self.text = text
        self.record = 0
        """The number of the first such record; 0 until it came."""
        self._filter = expected
        self._reached = reached
        self._chooser: Chooser | None = None

    def begin(self, session: Session) -> None:
        """Take the session whose records are asked."""
        self._chooser = Chooser(self._filter, session.values, session.followers)

    def take(self, record: Record) -> None:
        """Ask of one record."""
        if not self.record and self._chooser is not None and self._chooser.passes(record):
            self.record = record.number
            self._reached()


class Watcher(Protocol):
    """What every record is shown to."""

    def begin(self, session: Session) -> None:
        """Take the session whose records come."""

    def take(self, record: Record) -> None:
        """Take one record."""


class WatchedSession(Session):
    """A session that shows every record to *watchers* before anyone chooses among them."""

    watchers: tuple[Watcher, ...] = ()

    def records(self) -> Iterator[Record]:
        """Yield the records of the source."""
        for one in self.watchers:
            one.begin(self)
        for record in super().records():
            for one in self.watchers:
                one.take(record)
            yield record
