"""The index pass: records, in capture order, into an index, and word of it after every batch."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

from analyzer.index.file import IndexWriter
from analyzer.index.late_notes import LateNotes
from analyzer.index.packing import pack
from analyzer.index.rows import Rows
from analyzer.index.watched import Watched
from analyzer.record import End
from analyzer.session import Session
from analyzer.table.table import Cells, frame_of
from analyzer.table.words import marks_form, path_form, subject_form
from analyzer.tracking.meter_key import meter_key
from analyzer.tracking.value_notes import note_values
from dissectors.tree import Severity

_FIRST, MOST = 256, 16384
"""Records of the first batch and of the later ones, which double until then."""
_LONGEST_S = 0.5
"""How long a row waits for others of its batch, as long as records come."""


class Told(NamedTuple):
    """What a batch says of the pass: entries of the index reach up to *end*."""

    end: int
    records: int
    offset: int
    size: int | None
    packets: int
    octets: int
    warnings: int
    errors: int
    digits: int
    is_done: bool = False


class Indexing:
    """Indexes one session into *writer*; *tell* is called with word of every batch, each of *takers* gets every record.

    *ends* gets the ends of connections, before the record that follows them: the index keeps them too. *idle* is called
    again and again while nothing comes.
    """

    def __init__(
        self, session: Session, watched: Watched, writer: IndexWriter, tell: Callable[[Told], None],
        takers: tuple[Callable[[Any], object], ...] = (), ends: deque[End] | None = None,
        idle: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self._session, self._watched = session, watched
        self._writer, self._tell = writer, tell
        self._takers = takers
        self._idle = idle
        self._ends = ends if ends is not None else deque[End](maxlen=0)
        self._ended: list[End] = []
        """Ends of connections that are not written yet."""
        self._rows = Rows()
        self._cells: list[Cells] = []
        """Rows that wait for others of their batch."""
        self._written = monotonic()
        self._taught: dict[tuple[str, int | str | None], list[int]] = {}
        self._late: list[tuple[int, int, int]] = []
        """Rows that got more notes after they were made, where those stand, and the rows that made them."""
        self.late = LateNotes(session.model)
        self._warnings = self._errors = self._records = 0

    def run(self) -> None:
        """Read the whole source."""
        room = _FIRST
        cells = self._cells
        make, add, model, takers = self._rows.row, self._writer.add, self._session.model, self._takers
        is_live = self._watched.is_live
        self._watched.when_idle(self.rest)
        lessons, late = 0, self.late
        ends = self._session.pipeline.ends
        for record in self._session.records():
            if ends:
                self._hand_on()
            for take in takers:  # before what is noted here: the doctor looks at values himself
                take(record)
            if note_values(record, model):
                late.wait(record)
            cells.append(make(record))
            add(pack(record))
            if model.lessons != lessons:
                lessons = model.lessons
                self._taught.setdefault(meter_key(record), []).append(record.number)
                for one in late.taught(record):
                    self._late.append((one.number - 1, self._rows.marks_of(one.notes), record.number - 1))
            if record.notes:
                worst = max(note.severity for note in record.notes)
                self._warnings += worst == Severity.WARNING
                self._errors += worst == Severity.ERROR
            if len(cells) >= room or ((is_live or not len(cells) & 0xFF) and monotonic() - self._written > _LONGEST_S):
                room = min(room * 2, MOST)
                self.write()
        self._hand_on()
        self.write(is_done=True)

    def _hand_on(self) -> None:
        """Take the ends of connections out of the pipeline."""
        ends = self._session.pipeline.ends
        self._ended += ends
        self._ends += ends
        ends.clear()

    def rest(self) -> None:
        """Write the rows that wait for others, which do not come."""
        if self._cells and monotonic() - self._written > _LONGEST_S / 2:
            self.write()
        if self._idle is not None:
            self._idle()

    def beside(self) -> dict[str, Any]:
        """Give what is to be said beside a batch."""
        return {}

    def write(self, *, is_done: bool = False) -> None:
        """Write a batch and tell of it."""
        self._written = monotonic()
        cells = self._cells
        self._writer.flush()
        self._records += len(cells)
        rows = self._rows
        forms: dict[str, Any] = self.beside() | {
            "paths": list(map(path_form, rows.paths.untold())),
            "subjects": list(map(subject_form, rows.subjects.untold())),
            "marks": list(map(marks_form, rows.marks.untold())),
        }
        if self._taught:
            forms["taught"] = [[*key, numbers] for key, numbers in self._taught.items()]
            self._taught = {}
        if self._ended:
            forms["ends"], self._ended = self._ended, []
        is_first = self._records == len(cells)
        if is_first and cells:
            forms["rows"] = cells  # what makes frames costs time to load, here and where they are shown
        if any(forms.values()):
            self._writer.say(**forms)
        if cells and not is_first:
            octets = io.BytesIO()
            frame_of(cells).write_ipc(octets)
            self._writer.columns(octets.getvalue())
        cells.clear()
        if self._late:
            self._writer.say(late_marks=self._late)
            self._late = []
        watched = self._watched
        told = Told(
            0, self._records, watched.offset, watched.measure(), watched.packets, watched.octets, self._warnings,
            self._errors, watched.inner.time_digits, is_done,
        )  # fmt: skip
        if is_done:
            pipeline = self._session.pipeline
            self._writer.say(
                done=True, told=told, left_aside=dict(pipeline.left_aside), stacks=dict(pipeline.stacks),
                forgotten=pipeline.forgotten, local_times=watched.has_local_times,
                connections=pipeline.connections.counts(),
            )  # fmt: skip
        self._writer.sync()
        self._tell(told._replace(end=self._writer.end))
