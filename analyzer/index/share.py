"""The program that reads one share of a capture: a task on stdin, an index of the share on stdout, entry by entry.

Its records are those that one process would make of the same conversations, numbered from 1. Beside each batch stands
what puts the shares together again: the packet with which each record came, where conversations and associations began.
"""

from __future__ import annotations

import gc
import pickle
import sys
from array import array
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from analyzer.children import end_with_parent
from analyzer.index.crossing import Crossing, UnsharedError, WatchedProtection
from analyzer.index.file import IndexWriter
from analyzer.index.indexing import MOST, Indexing, Told
from analyzer.index.late_notes import MOST_WAITING
from analyzer.index.request import receive
from analyzer.index.splitting import NO_PLAN, Plan, Split
from analyzer.index.watched import Watched
from analyzer.pipeline import AT_END, Pipeline
from analyzer.record import End
from analyzer.session import Session
from analyzer.stacks import holds_octets
from analyzer.tracking.object_model import MOST_METERS
from captures.chunk import DlmsharkError, Remark

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring

_EVERY_S = 0.5
_MOST_ENDS = 4096


class Task(NamedTuple):
    """A share of a capture: the *share*-th of *shares*, from 0."""

    name: str
    share: int = 0
    plan: Plan = NO_PLAN
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    keeps_records: bool = False
    """Whether the records are wanted, to look into them; else their rows alone."""


class Last(NamedTuple):
    """What a share says at its end."""

    crossing: Crossing | None
    flows: int
    """How many directions of connections were open at once."""
    transfers: int
    late_notes: int
    remarks: list[Remark]
    remark_counts: dict[str, int]


class SharedSession(Session):
    """Reads a share. *protection* is what opens protected APDUs in it."""

    protection: WatchedProtection | None = None

    def _pipeline(self) -> Pipeline:
        if self._keys is not None:
            self.protection = WatchedProtection(self._keys)
        pipeline = Pipeline(self._decode_as, self.protection)
        pipeline.unfitting.clear()  # what fits nothing here may fit in another share
        return pipeline


class Places:
    """Where in the capture the records of a share, its associations and the ends of its connections came."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._dialogue = pipeline, pipeline.dialogue
        self.records = array("q")
        """The places of the records that were not said yet."""
        self.numbered = 0
        self.last = 0
        self._begun = 0
        self.associations: list[int] = []
        pipeline.next_number = self.next_number

    def here(self) -> int:
        """Tell the place: the packet that is read; at the end, beyond all packets, that of a conversation."""
        return self._pipeline.ending or self._dialogue.transfers.now

    def next_number(self) -> int:
        """Give a record its number."""
        if self._dialogue.associations != self._begun:
            self.take_associations()
        self.last = self._pipeline.ending or self._dialogue.transfers.now
        self.records.append(self.last)
        self.numbered += 1
        return self.numbered

    def take_associations(self) -> None:
        """Take the associations that began with the record that came last."""
        self.associations += [self.last] * (self._dialogue.associations - self._begun)
        self._begun = self._dialogue.associations


class Ends(deque[End]):
    """The ends of connections, with their places."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places
        self.places: list[int] = []

    def append(self, end: End) -> None:
        """Take one more."""
        if len(self) >= _MOST_ENDS:
            raise UnsharedError("too many connections end in it")
        self.places.append(self._places.here())
        super().append(end)


class ShareIndexing(Indexing):
    """Indexes one share."""

    def __init__(self, session: SharedSession, watched: Watched, split: Split, writer: IndexWriter) -> None:
        super().__init__(session, watched, writer, self._end_batch)
        self._split, self._protection = split, session.protection
        self._places = Places(session.pipeline)
        self._ends_seen = session.pipeline.ends = Ends(self._places)
        self._meters = 0
        split.pipeline, split.tick = session.pipeline, self.tick

    def tick(self) -> None:
        """Say how far it is, though no record comes."""
        if monotonic() - self._written > _EVERY_S:
            self._hand_on()
            self.write()

    def write(self, *, is_done: bool = False) -> None:
        """Write a batch, and the places of its records before it."""
        if self._protection is not None:
            self._protection.check()
        places = self._places.records
        count = len(self._cells)
        self._writer.places(places[:count].tobytes())
        del places[:count]
        super().write(is_done=is_done)

    def beside(self) -> dict[str, Any]:
        """Give what began and ended, which meters were met, and up to which place all has been said."""
        places, ends, split, meters = self._places, self._ends_seen, self._split, self._session.model.meters
        places.take_associations()
        split.take_conversations()
        if len(meters) >= MOST_METERS:
            raise UnsharedError("too many meters are in it")
        said = {
            "behind": places.records[0] - 1 if places.records else 2 * AT_END if split.is_over else split.now,
            "began": split.began,
            "associations": places.associations,
            "ends_at": ends.places,
            "meters": list(meters)[self._meters :],
        }
        self._meters = len(meters)
        split.began, places.associations, ends.places = [], [], []
        return said

    def _end_batch(self, told: Told) -> None:
        self._writer.say(batch=told)
        self._writer.sync()


class ShareTabulating(ShareIndexing):
    """Makes the rows of one share alone."""

    def run(self) -> None:
        """Read the whole share."""
        make, cells = self._rows.row, self._cells
        self._session.pipeline.ends = deque(maxlen=1)
        for record in self._session.records():
            cells.append(make(record))
            if len(cells) >= MOST:
                self.write()
        self.write(is_done=True)

    def _hand_on(self) -> None:
        """Nobody follows connections here."""


def read_share(task: Task, writer: IndexWriter) -> Last:
    """Read one share of a capture into *writer*. Raises: UnsharedError, DlmsharkError."""
    from captures import open_source

    with open_source(task.name, holds_octets=holds_octets(task.decode_as)) as source:
        watched = Watched(source)
        split = Split(watched, task.share, task.plan)
        session = SharedSession(split, task.decode_as, task.keys, learns=task.keeps_records)
        session.pipeline.network = split.network
        make = ShareIndexing if task.keeps_records else ShareTabulating
        indexing = make(session, watched, split, writer)
        indexing.run()
        if indexing.late.most >= MOST_WAITING:
            raise UnsharedError("too many values wait for what explains them")
        protection, pipeline = session.protection, session.pipeline
        return Last(
            protection.crossing() if protection is not None else None, pipeline.most_flows,
            pipeline.dialogue.transfers.most, indexing.late.most, source.remarks, dict(source.remark_counts),
        )  # fmt: skip


def form_of(last: Last | str) -> bytes:
    """Put what is said at the end into octets."""
    return pickle.dumps(last)


def main() -> int:
    """Run as a program."""
    import dissectors

    dissectors.makes_packets = False
    try:
        task = cast(Task, receive(0))  # the process that began this one said it
    except EOFError:  # and is gone
        return 1
    end_with_parent()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    out = sys.stdout.buffer
    writer = IndexWriter(out)
    try:
        last: Last | str = read_share(task, writer)
    except (UnsharedError, DlmsharkError) as problem:
        last = str(problem)
    writer.last(form_of(last))
    out.flush()
    return 0


if __name__ == "__main__":
    from analyzer.index import share  # what is sent bears that name

    sys.exit(share.main())
