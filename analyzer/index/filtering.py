"""Filters over what was indexed, in portions that hold nobody up; and over records as they are read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, overload

from analyzer.detail import detail
from analyzer.export.summary import summary
from analyzer.filter import Asks, Filter, FilterError, compile_filter
from analyzer.filter.fields import Moments
from analyzer.index.records import Records
from analyzer.index.rows import Rows
from analyzer.record import Record
from analyzer.table.short_names import named_at
from analyzer.table.table import Row
from analyzer.table.words import Subject
from analyzer.tracking.values import Value
from dissectors.tree import Node

if TYPE_CHECKING:
    import polars

_PORTION = 256
"""Rows that are taken at once to look into their records."""
_MOST_WORDS = 1 << 16


class FilterProgress:
    """How far a filter is."""

    def __init__(self) -> None:
        self.rows = 0
        """Rows that are decided."""
        self.total = 0
        self.looked_into = 0
        """Records that had to be looked into."""


class Matches(Sequence[int]):
    """Places of rows, ascending: columns as filters gave them, and single ones between; they can only become more."""

    def __init__(self) -> None:
        self._parts: list[polars.Series | list[int]] = []
        self._begins: list[int] = []
        self._length = 0

    def add(self, places: polars.Series) -> None:
        """Take a column of places."""
        if len(places):
            self._begin(places)
            self._length += len(places)

    def append(self, place: int) -> None:
        """Take one place."""
        last = self._parts[-1] if self._parts else None
        if not isinstance(last, list):
            last = []
            self._begin(last)
        last.append(place)
        self._length += 1

    def _begin(self, part: polars.Series | list[int]) -> None:
        self._parts.append(part)
        self._begins.append(self._length)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        for part in self._parts:
            yield from part if isinstance(part, list) else part.to_list()

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> list[int]: ...

    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(self._length))]
        place = at + self._length if at < 0 else at
        if not 0 <= place < self._length:
            raise IndexError(at)
        index = bisect_right(self._begins, place) - 1
        found: int = self._parts[index][place - self._begins[index]]
        return found


class FilterRun:
    """One filter over a table that may still grow: :meth:`poll` does a little, :attr:`matches` has what passed.

    *current* tells which records there are now. All is decided anew where others have taken their place, and where rows
    turn out to tell what short names in rows before stand for.
    """

    def __init__(
        self, records: Records, text: str, *, utc: bool = False, current: Callable[[], Records] | None = None
    ) -> None:
        self.text = text
        self.error: tuple[int, str] | None = None
        """Where in the text something is wrong, and what was expected."""
        self.matches = Matches()
        """Places of rows that passed, from 0, ascending; others than before where all is decided anew."""
        self.progress = FilterProgress()
        self._records = records
        self._current = current or (lambda: records)
        self._looker = Looker(records)
        self._filter: Filter | None = None
        self._is_cancelled = False
        self._pending: Iterator[tuple[int, bool]] = iter(())
        try:
            self._filter = compile_filter(text, utc=utc)
        except FilterError as problem:
            self.error = (problem.position, problem.message)
            self._is_cancelled = True
        self._masked = self._namings = 0

    @property
    def is_done(self) -> bool:
        """Whether every row that is there now is decided, or none will be any more."""
        is_current = self._current() is self._records
        return self._is_cancelled or (is_current and self.progress.rows >= self._records.table.height)

    def cancel(self) -> None:
        """Decide no more."""
        self._is_cancelled = True

    def poll(self, seconds: float = 0.03) -> bool:
        """Decide for at most about so many *seconds*. Tells whether there are more matches, or others."""
        if self._current() is not self._records and not self._is_cancelled:
            self._begin_anew(self._current())
        matches, before, end = self.matches, len(self.matches), monotonic() + seconds
        while not self.is_done:
            for place, passes in self._pending:
                if passes:
                    self.matches.append(place)
                self.progress.rows = place + 1
                if monotonic() > end:
                    return self.matches is not matches or len(self.matches) > before
            self.progress.rows = self._masked
            if self.is_done:
                break
            self._mask()
        return self.matches is not matches or len(self.matches) > before

    def _begin_anew(self, records: Records) -> None:
        """Forget what was decided on records that others have taken the place of."""
        self._records, self._looker = records, Looker(records)
        self.matches, self.progress = Matches(), FilterProgress()
        self._pending, self._masked = iter(()), 0

    def _mask(self) -> None:
        """Decide by columns on the rows that came."""
        table = self._records.table
        start, height = self._masked, table.height
        self.progress.total = self._masked = height
        if self._filter is None:
            import polars

            self.matches.add(polars.int_range(start, height, dtype=polars.UInt32, eager=True))
            return
        before, model = self._namings, self._records.model
        sure, maybe = self._filter.mask(table.numbered(start), table)
        self._namings = model.namings
        if (
            start and Asks.NAMES in self._filter.asks and model.namings != before
        ):  # what rows before are about is known now
            self._begin_anew(self._records)
            return
        if (maybe & ~sure).any():
            self._pending = self._decided(start, sure, maybe)
        else:
            self.matches.add(sure.arg_true() + start)

    def _decided(self, start: int, sure: polars.Series, maybe: polars.Series) -> Iterator[tuple[int, bool]]:
        """Give the rows that may pass, each with the answer, ascending."""
        assert self._filter is not None
        places = maybe.arg_true()
        answers = sure.gather(places)
        for at in range(0, len(places), _PORTION):
            portion = (places.slice(at, _PORTION) + start).to_list()
            known = answers.slice(at, _PORTION).to_list()
            open_places = [place for place, is_sure in zip(portion, known, strict=True) if not is_sure]
            rows = iter(self._records.table.rows_at(open_places))
            for place, is_sure in zip(portion, known, strict=True):
                if is_sure:
                    yield place, True
                else:
                    self.progress.looked_into += 1
                    yield place, self._filter.one(next(rows), self._looker)


class Looker:
    """Looks into records of an index for a filter; of the last one all is kept that was asked: a filter asks again."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._number = 0
        self._record = Record()
        self._nodes: Sequence[Node] | None = None
        self._values: Sequence[Value] | None = None

    def subject(self, row: Row) -> Subject:
        """Give what *row* is about by the names of its objects, as far as the capture tells so far."""
        namer = self._records.table.namer
        return row.subject if namer is None else named_at(namer(row.path, row.subject), row.number)

    def moments(self, row: Row) -> Moments:
        """Give the times of the first record and of that before *row*."""
        table = self._records.table
        return Moments(table.row(1).time_ns, table.row(max(row.number - 1, 1)).time_ns)

    def record(self, row: Row) -> Record:
        """Give the record of *row*."""
        if self._number != row.number:
            self._number, self._record = row.number, self._records.of(row)
            self._nodes = self._values = None
        return self._record

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees."""
        if self._nodes is None:
            self._nodes = detail(record, is_read=False)
        return self._nodes

    def values(self, record: Record) -> Sequence[Value]:
        """Give its values."""
        if self._values is None:
            self._values = self._records.values(record)
        return self._values

    def summary(self, record: Record) -> str:
        """Say it in one line."""
        return summary(record, self.values(record))


Followers = list[Callable[[Record], object]]
"""Those that have to see every record before anyone asks about it, as `analyzer.session` shows them."""


class Asker:
    """Asks of records as they are read: no table, and memory stays flat."""

    def __init__(self, values: Callable[[Record], Sequence[Value]]) -> None:
        self._values = values
        self._rows = Rows()
        self._record = Record()
        self._moments: Moments | None = None
        self._time: int | None = None

    def follow(self, record: Record) -> None:
        """See that *record* is the next one."""
        first, previous = (record.time_ns,) * 2 if self._moments is None else (self._moments.first, self._time)
        self._moments, self._time = Moments(first, previous), record.time_ns

    def subject(self, row: Row) -> Subject:
        """Give what the record is about by the names of its objects, which are looked for where they are not known."""
        record = self._record
        self._values(record)
        return row.subject if record.model is None else row.subject._replace(objects=record.model.objects_of(record))

    def moments(self, row: Row) -> Moments:
        """Give the times of the first record and of that before the one that is asked about."""
        return self._moments or Moments(None, None)

    def row(self, record: Record) -> Row:
        """Give the row of *record*, which is asked about from now on."""
        if len(self._rows.paths.all) > _MOST_WORDS or len(self._rows.subjects.all) > _MOST_WORDS:
            self._rows = Rows()
        rows = self._rows
        cells = rows.row(record)
        path, subject, marks = rows.paths.all[cells[2]], rows.subjects.all[cells[3]], rows.marks.all[cells[4]]
        self._record = record
        return Row(record.number, cells[0], cells[1], path, subject, marks, *cells[5:])

    def record(self, row: Row) -> Record:
        """Give the record that is asked about."""
        return self._record

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees."""
        return detail(record, is_read=False)

    def values(self, record: Record) -> Sequence[Value]:
        """Give its values."""
        return self._values(record)

    def summary(self, record: Record) -> str:
        """Say it in one line."""
        return summary(record, self._values(record))


SHORT_NAMES = "objects are read by short names here: short-name == 0A08 asks for one"


class Chooser(Asker):
    """Asks a filter."""

    def __init__(
        self, chosen: Filter, values: Callable[[Record], Sequence[Value]], followers: Followers | None = None
    ) -> None:
        super().__init__(values)
        self._filter = chosen
        self._has_short_names = False
        self._asks_notes = Asks.NOTES in chosen.asks
        if Asks.BEFORE in chosen.asks and followers is not None:
            followers.append(self.follow)

    @property
    def advice(self) -> str:
        """What to ask instead where nothing passed; empty where that is not known."""
        return SHORT_NAMES if self._has_short_names and Asks.NUMBERS in self._filter.asks else ""

    def subject(self, row: Row) -> Subject:
        """Give what the record is about by the names of its objects, and remember that it has short names."""
        self._has_short_names = True
        return super().subject(row)

    def __call__(self, record: Record) -> bool:
        """Tell whether *record* passes."""
        return self.passes(record)

    def passes(self, record: Record) -> bool:
        """Tell whether *record* passes."""
        if self._asks_notes:
            self._values(record)
        return self._filter.one(self.row(record), self)
