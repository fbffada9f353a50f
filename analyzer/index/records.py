"""Records of a capture by number: rows of the table and what the index keeps beside them, put together again."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from analyzer.index.file import COLUMNS, JSON, IndexReader
from analyzer.index.packing import renumber, unpack
from analyzer.record import End, Lane, Record
from analyzer.table.short_names import namer_of
from analyzer.table.table import Row, Table
from analyzer.table.words import marks_from, path_from, subject_from
from analyzer.tracking.meter_key import MeterKey, meter_key
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.value_notes import noted_values
from analyzer.tracking.values import Value


class Records:
    """Takes an index as it grows: *table* has its rows, *model* what records that were shown need to be understood."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader
        self.table = Table()
        self.model = ObjectModel()
        self.ends: list[End] = []
        """The first ends of connections, in order."""
        self.facts: dict[str, Any] = {}
        """What the pass said at its end: ``left_aside``, ``stacks``, ``connections``, ``forgotten``, ``told``,
        ``local_times``."""
        self._taught: dict[MeterKey, list[int]] = {}
        """By meter: records that teach something, which the model was not told yet."""
        self._lanes: dict[tuple[int, int], Lane] = {}
        self.table.namer = namer_of(self.model, self.learn)

    def take(self, end: int) -> None:
        """Take what the index holds up to *end*."""
        for kind, content in self._reader.entries(end):
            if kind == COLUMNS:
                import polars

                self.table.add(polars.read_ipc(io.BytesIO(content)))
            elif kind == JSON:
                self._take_members(json.loads(content))

    def _take_members(self, members: dict[str, Any]) -> None:
        table = self.table
        table.paths += map(path_from, members.pop("paths", ()))
        table.subjects += map(subject_from, members.pop("subjects", ()))
        table.marks += map(marks_from, members.pop("marks", ()))
        if "rows" in members:
            table.begin(map(tuple, members.pop("rows")))
        for end, server, numbers in members.pop("taught", ()):
            self._taught.setdefault((end, server), []).extend(numbers)
        if len(self.ends) < _MOST_ENDS:
            self.ends += map(End._make, members.pop("ends", ()))
        members.pop("ends", None)
        table.mark(members.pop("late_marks", ()))
        self.facts |= members

    def record(self, number: int) -> Record:
        """Give record *number* whole. Raises: IndexError."""
        return self.of(self.table.row(number))

    def of(self, row: Row) -> Record:
        """Give the record of *row* whole."""
        place = (row.path.conversation, row.path.side)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(*place, row.path.lane, row.path.transport)
        record = unpack(row, self._reader.packed(row.number), lane)
        numbers = self._reader.numbers(row.number)
        if numbers is not None:
            renumber(record, numbers)
        return record

    def all(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Give the records of the rows from *start* up to *stop*, read in portions."""
        last = self.table.height if stop is None else min(stop, self.table.height)
        for at in range(start, last, _PORTION):
            yield from map(self.of, self.table.rows(at, min(at + _PORTION, last)))

    def values(self, record: Record) -> list[Value]:
        """Give the values of *record*, with all that the capture teaches so far."""
        self.learn(meter_key(record))
        record.model = self.model
        return noted_values(record, self.model)

    def learn(self, key: MeterKey) -> None:
        """Let the model learn what the capture teaches about the meter *key*."""
        for number in self._taught.pop(key, ()):
            self.model.learn(self.record(number))


_PORTION = 1024
_MOST_ENDS = 1 << 18
