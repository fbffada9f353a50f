"""One capture for who looks around in it: rows as they come, any record again, and what it all means.

The index pass runs in a process of its own; :meth:`Capture.poll` takes what it has said. Nothing here waits.
"""

from __future__ import annotations

import base64
import pickle
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from analyzer.detail import buffers, detail
from analyzer.export.lines import RecordLine, line_of
from analyzer.index.client import IndexProcess
from analyzer.index.file import IndexReader
from analyzer.index.records import Records
from analyzer.index.request import Request
from analyzer.tracking.readings import Reading, readings_of
from dissectors.tree import Node, Note

if TYPE_CHECKING:
    from analyzer.diagnosis.story import Story
    from analyzer.filter.names import Completion
    from analyzer.index.filtering import FilterRun
    from analyzer.index.following import Following
    from analyzer.record import Record
    from analyzer.security.keyring import Keyring
    from analyzer.table.table import Table
    from analyzer.tracking.history import Association
    from analyzer.tracking.object_model import ObjectModel


class Progress(NamedTuple):
    """How far the index pass is: *octets* of *total_octets* of the input, None where nobody can tell."""

    records: int = 0
    octets: int = 0
    total_octets: int | None = None
    warnings: int = 0
    errors: int = 0
    seconds: float = 0.0
    is_done: bool = False


class Detail(NamedTuple):
    """One record's trees, outermost first, its named buffers (a node tells the place of its own), its notes."""

    nodes: list[Node]
    buffers: list[tuple[str, bytes]]
    notes: tuple[Note, ...]


class Recorded(Protocol):
    """A recording that runs."""

    status: dict[str, Any]
    """What it says of itself: ``packets``, ``octets``, ``dropped``, ``line_errors``, ``line``, ``modem``."""

    messages: deque[str]
    """What it has to say to its user."""

    @property
    def paths(self) -> Sequence[str]:
        """Its files, in order; the last one grows."""

    def is_over(self) -> bool:
        """Tell whether nothing comes any more."""

    def stop(self) -> None:
        """Let it end."""

    def close(self) -> None:
        """Let it end, and wait for it."""


class Capture:
    """The capture in *inputs*, several joined by time; *keys* open what is protected, *decode_as* forces stacks.

    *keeps_index* keeps the index beside the capture, and uses the one that is there while it fits.
    Of a recording that runs, *live*, the inputs are its files: they are read as they grow.
    """

    def __init__(
        self, inputs: Sequence[str], *, keys: Keyring | None = None, decode_as: dict[str, str] | None = None,
        keeps_index: bool = False, live: Recorded | None = None,
    ) -> None:  # fmt: skip
        self.inputs = tuple(inputs)
        self.keys = keys
        self._decode_as = decode_as
        self._keeps_index = keeps_index
        self.live = live
        self._followed = 0
        """Files of the recording that the index pass knows."""
        self._process: IndexProcess | None = None
        self._reader: IndexReader | None = None
        self._next: Capture | None = None
        self._began = 0.0
        self.progress = Progress()
        self.error = ""
        """Why the capture cannot be read, or be read no further, in one line."""
        self.remarks: list[tuple[str, str]] = []
        """What the readers of the inputs said: input and text."""
        self._own_remarks: list[tuple[str, str]] = []
        self.time_digits = 0
        self._diagnosis = b""
        """The stories as the pass said them: few look at them, and of many they take tens of megabytes."""
        self._stories: list[Story] | None = None
        self.diagnoses = 0
        """How many times the pass has said what goes wrong: at its end, of a recording also before."""
        self._records: Records | None = None
        self._following: Following | None = None

    # -- the pass -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the index pass; a second call does nothing."""
        if self._process is not None:
            return
        self._began = time.monotonic()
        if self.live is not None:
            self.inputs = tuple(self.live.paths)
            self._followed = len(self.inputs)
        request = Request(self.inputs, "", self.keys, self._decode_as, is_live=self.live is not None)
        if self._keeps_index and self.live is None:
            from analyzer.index import saved

            kept = saved.load(self.inputs, self.keys, self._decode_as)
            if kept is not None:
                self._records, self._reader = kept
                self._told(self._records.facts["told"])
                self._process = IndexProcess(request._replace(wants_rows=False))
                return
            if path := saved.path_for(self.inputs):
                request = request._replace(path=path, is_kept=True)
        self._process = self._begun(request)
        self._reader = IndexReader(self._process.descriptor)
        self._records = Records(self._reader)

    def _begun(self, request: Request) -> IndexProcess:
        """Begin the pass; where its index cannot be kept, with one that is not."""
        try:
            return IndexProcess(request)
        except OSError as problem:
            if not request.is_kept:
                raise
            from analyzer.index import saved

            self._own_remarks = [(self.inputs[0], saved.not_kept(problem))]
            return IndexProcess(request._replace(path="", is_kept=False))

    def poll(self) -> bool:
        """Take what has come since. Tells whether anything changed."""
        self._feed()
        if self._next is not None:
            self._next.poll()
            if self._next.progress.is_done or (self.live and self._next.progress.records >= self.progress.records):
                self._take_over(self._next)
                return True
        changed = False
        while self._process is not None and self._process.lines:
            changed = True
            self._take(self._process.lines.popleft())
        return changed

    def _feed(self) -> None:
        """Tell the pass over a recording of its new files, and of its end."""
        live, process = self.live, self._process
        if live is None or process is None or self._followed < 0:
            return
        is_over = live.is_over()
        for path in live.paths[self._followed :]:
            process.follow(path)
            self._followed += 1
        if is_over:
            process.finish()
            self._followed = -1

    @property
    def behind(self) -> int:
        """By how many octets of its input the pass is behind; 0 where nobody can tell."""
        return max(0, (self.progress.total_octets or 0) - self.progress.octets)

    def _take(self, said: dict[str, Any]) -> None:
        if "told" in said:
            self.records.take(said["told"][0])
            self._told(said["told"])
        elif "stories" in said:
            self.remarks = [*self._own_remarks, *((name, text) for name, text in said["remarks"])]
            self._diagnosis, self._stories = base64.b64decode(said["stories"]), None
            self.diagnoses += 1
        elif "error" in said:
            self.error = said["error"]
            self.progress = self.progress._replace(is_done=True)
        elif "ended" in said and not self.progress.is_done:
            self.error = self.error or f"the index pass ended early: {said['last'] or said['ended']}"
            self.progress = self.progress._replace(is_done=True)

    def _told(self, told: Sequence[Any]) -> None:
        """Take word of a batch."""
        _, records, offset, size, _, _, warnings, errors, digits, is_done = told
        self.time_digits = digits
        octets = size if is_done and size is not None else offset
        seconds = time.monotonic() - self._began
        self.progress = Progress(records, octets, size, warnings, errors, seconds, is_done)

    def wait(self, seconds: float = 600.0) -> None:
        """Take what comes until the pass is over, at most so many *seconds*: for scripts and tests."""
        end = time.monotonic() + seconds
        while not (self.progress.is_done and self.is_over) and time.monotonic() < end:
            if not self.poll():
                time.sleep(0.005)

    @property
    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self._next is None and (self._process is None or not self._process.is_listening)

    @property
    def again(self) -> Progress | None:
        """How far a pass is whose records will take the place of those there are; None where none runs."""
        return self._next.progress if self._next is not None else None

    @property
    def is_cut_short(self) -> bool:
        """Whether the pass ended before the end of the input, so that there are more records than are known."""
        return self.live is None and self.progress.is_done and self.is_over and not self.is_diagnosed

    def cancel(self) -> None:
        """End the pass; the rows that came stay."""
        if self._next is not None:
            self._next.close()
            self._next = None
        if self._process is not None:
            self._process.stop()
            self.progress = self.progress._replace(is_done=True)

    def close(self) -> None:
        """Give everything back."""
        if self._next is not None:
            self._next.close()
        if self._process is not None:
            self._process.stop()
        if self._reader is not None:
            self._reader.close()

    def add_keys(self, keys: Keyring | None, inputs: Sequence[str] = ()) -> None:
        """Read the capture again with *keys* in the place of those it had; what is shown changes when that is done.

        *inputs*, where some are given, take the place of the inputs, and with that of their records.
        """
        if self._next is not None:
            inputs = inputs or self._next.inputs
            self._next.close()
        self._next = Capture(inputs or self.inputs, keys=keys, decode_as=self._decode_as, live=self.live)
        self._next.start()

    def force(self, decode_as: dict[str, str]) -> None:
        """Read the capture again with other stacks forced; what is shown changes when that is done."""
        self._decode_as = decode_as
        self.add_keys(self.keys)

    def _take_over(self, other: Capture) -> None:
        """Take the place of the pass before; record numbers depend on the inputs, not on keys."""
        self._next = None
        self.error = f"not read again: {other.error}" if other.error else ""
        if other.error:
            self.progress = self.progress._replace(is_done=True)
            other.close()
            return
        if self._process is not None and self._reader is not None:
            self._process.stop()
            self._reader.close()
        self.inputs, self.keys = other.inputs, other.keys
        self._process, self._reader = other._process, other._reader
        self._records, self.remarks = other._records, other.remarks
        self._diagnosis, self._stories = other._diagnosis, None
        self.diagnoses += other.diagnoses
        self.progress, self.time_digits = other.progress, other.time_digits
        self._followed = other._followed

    # -- records --------------------------------------------------------------------------------------------------

    @property
    def records(self) -> Records:
        """The records that came. Raises: RuntimeError before :meth:`start`."""
        if self._records is None:
            raise RuntimeError("start() comes first")
        return self._records

    @property
    def table(self) -> Table:
        """The rows that came."""
        return self.records.table

    @property
    def model(self) -> ObjectModel:
        """What the capture teaches about the meters of the records that were shown."""
        return self.records.model

    @property
    def has_local_times(self) -> bool:
        """Whether times name no zone and should be shown as they stand."""
        return bool(self.records.facts.get("local_times"))

    def record(self, number: int) -> Record:
        """Give record *number*, from 1, whole. Raises: IndexError."""
        return self.records.record(number)

    def lines(self, numbers: Iterable[int]) -> list[RecordLine]:
        """Give what a list shows of the records *numbers*."""
        records = self.records
        found = []
        for number in numbers:
            row = records.table.row(number)
            record = records.of(row)
            found.append(line_of(row, record, records.values(record)))
        return found

    def fields(self, numbers: Iterable[int], names: Sequence[str]) -> Iterator[list[str]]:
        """Give what the fields called *names* say of each of the records *numbers*, as ``decode -T fields`` does.

        Raises: FilterError where a name is not known.
        """
        from analyzer.index.field_lines import FieldCells, FieldLooker

        cells, looker = FieldCells(names, lambda: self.time_digits), FieldLooker(self.records)
        for number in numbers:
            yield cells.of(self.table.row(number), looker)

    def detail(self, number: int) -> Detail:
        """Give the trees of record *number*, and the buffers that their nodes are places in."""
        record = self.record(number)
        values = self.records.values(record)
        nodes = detail(record, values)
        for root in nodes:
            for node in root.walk():
                node.buffer = root.buffer
        return Detail(nodes, buffers(record, values), record.notes)

    def filter(self, text: str, *, utc: bool = False) -> FilterRun:
        """Begin to look for the records that *text* means; times in it are UTC where *utc* says so, else local."""
        from analyzer.index.filtering import FilterRun

        return FilterRun(self.records, text, utc=utc or self.has_local_times, current=lambda: self.records)

    def complete(self, text: str, cursor: int) -> Completion:
        """Complete the word of a filter that ends at *cursor*, with what this capture has."""
        from analyzer.filter.names import complete

        return complete(text, cursor, self.table)

    def readings(self, start: int = 0, stop: int | None = None) -> Iterator[Reading]:
        """Give the metered values in the rows from *start* up to *stop*."""
        for record in self.records.all(start, stop):
            if self.records.values(record):
                yield from readings_of(record, self.model)

    def associations(self) -> list[Association]:
        """Give the associations in the records that came, as they began; asked again, it looks at new ones."""
        from analyzer.index.following import Following

        if self._following is None or self._following.records is not self.records:
            self._following = Following(self.records)
        self._following.catch_up(is_over=self.progress.is_done)
        return list(self._following.associations)

    @property
    def is_diagnosed(self) -> bool:
        """Whether the pass has said what went wrong; one that was ended never does."""
        return bool(self._diagnosis)

    def stories(self) -> list[Story]:
        """Give what went wrong, worst first; empty until :attr:`is_diagnosed`."""
        if self._stories is None:
            self._stories = pickle.loads(zlib.decompress(self._diagnosis)) if self._diagnosis else []  # our own says it
        return self._stories
