"""The table of a capture: one row a record, grown in batches; a Polars frame under it, but not for its first rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.table.short_names import Named, Namer, is_short, named_rows
from analyzer.table.told_by_values import ToldByValues
from analyzer.table.words import Marks, Path, Subject

if TYPE_CHECKING:
    import polars

COLUMNS = (
    "time", "packet", "path", "subject", "marks", "association", "request", "latency", "raw", "length", "carried",
    "plain", "data",
)  # fmt: skip
"""The columns in the order of a row's cells.

``time`` and ``latency`` in nanoseconds, ``packet`` the first packet of the record, ``path``, ``subject`` and ``marks``
places in the table's lists, ``raw`` the integer that it carries, ``length`` its octets, ``carried`` those of them that
are APDU, ``plain`` those of the APDU once it is joined and opened, ``data`` the octets of Data in that APDU.
"""
Cells = tuple[
    int | None, int, int, int, int, int | None, int | None, int | None, int | None, int, int, int, int
]  # fmt: skip
_WIDE = frozenset({"time", "latency", "raw"})


class Row(NamedTuple):
    """One row, with what it names in the table's lists."""

    number: int
    time_ns: int | None
    packet: int
    path: Path
    subject: Subject
    marks: Marks
    association: int | None
    request: int | None
    latency_ns: int | None
    raw: int | None
    length: int
    carried: int
    plain: int
    data: int


class Groups:
    """Words by what a question finds in them: *values* once each, and the place of a word's own among them."""

    def __init__(self) -> None:
        self.values: list[tuple[Hashable, ...]] = []
        self.codes: list[int] = []
        self._known: dict[tuple[Hashable, ...], int] = {}

    def extend(self, found: Iterable[Iterable[Hashable]]) -> None:
        """Take the values of further words."""
        known, values = self._known, self.values
        for one in found:
            key = tuple(one)
            code = known.get(key)
            if code is None:
                code = known[key] = len(values)
                values.append(key)
            self.codes.append(code)


class Table:
    """Rows by number: row *i* is record *i + 1*."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.subjects: list[Subject] = []
        self.marks: list[Marks] = []
        self.height = 0
        self.numbers: polars.Series | None = None
        """The numbers of the records where rows have others, of which some were left out."""
        self.namer: Namer | None = None
        """Tells what short names stand for; None where nobody knows."""
        self._short: list[int] = []
        """Places of subjects that have short names, as far as they were looked at."""
        self._seen = 0
        self._told_by_values = ToldByValues()
        self._groups: dict[str, Groups] = {}
        self._frame: polars.DataFrame | None = None
        self._first: list[Cells] = []
        """The rows as long as there is no frame."""

    @property
    def frame(self) -> polars.DataFrame:
        """The columns, as they stand now."""
        if self._frame is None:
            self._frame, self._first = frame_of(self._first), []
        return self._frame

    def begin(self, cells: Iterable[Cells]) -> None:
        """Take the first rows: they can be shown before what makes frames is loaded, which costs time."""
        self._first += cells
        self.height = len(self._first)

    def add(self, frame: polars.DataFrame) -> None:
        """Append the rows of *frame*."""
        self._frame = self.frame.vstack(frame) if self.height else frame
        self.height = self._frame.height

    def mark(self, found: Sequence[Sequence[int]]) -> None:
        """Give rows other marks: each a row, from 0, the place of its marks, and the row that told more about it."""
        if found:
            frame, (rows, codes, _) = self.frame, zip(*sorted(found, key=itemgetter(0)), strict=True)  # for polars 1.0
            self._frame = frame.with_columns(frame.get_column("marks").clone().scatter(list(rows), list(codes)))

    @property
    def is_sound(self) -> bool:
        """Whether every row has its cells and its words, which those of an index that somebody made up may lack."""
        sizes = {column: len(self.words(column)) for column in COLUMNS[2:5]}
        if self._frame is None:
            return all(
                len(cells) == len(COLUMNS)
                and all(0 <= at < size for at, size in zip(cells[2:5], sizes.values(), strict=True))
                for cells in self._first
            )
        frame = self._frame
        return dict(frame.schema) == schema() and all(
            not frame[one].null_count() and (frame[one] < size).all() for one, size in sizes.items()
        )

    def numbered(self, start: int = 0) -> polars.DataFrame:
        """Give the columns of the rows from *start*, and the numbers of their records as ``number``."""
        return self.frame.slice(start).with_row_index("number", offset=start + 1)

    def since(self, frame: polars.DataFrame, moment: str) -> polars.Series:
        """Give for some of what :meth:`numbered` gives the time since the *first* or the *previous* record."""
        times, own = self.frame.get_column("time"), frame.get_column("time")
        if moment == "first":
            return own - times.head(1)
        return own - times.gather(frame.get_column("number").clip(2) - 2)

    def rows(self, start: int, stop: int) -> list[Row]:
        """Give the rows from *start* up to *stop*, from 0."""
        if self._frame is None:
            cells: Sequence[Sequence[Any]] = self._first[start:stop]
        else:
            cells = self._frame.slice(start, max(stop - start, 0)).rows()
        return [self._row(number, one) for number, one in enumerate(cells, start + 1)]

    def _row(self, number: int, cells: Sequence[Any]) -> Row:
        path, subject, marks = self.paths[cells[2]], self.subjects[cells[3]], self.marks[cells[4]]
        return Row(number, cells[0], cells[1], path, subject, marks, *cells[5:])

    def only(self, places: Sequence[int]) -> Table:
        """Give a table of the rows at *places* alone, with the same lists."""
        table = Table()
        table.paths, table.subjects, table.marks = self.paths, self.subjects, self.marks
        table.namer = self.namer
        table.add(self.frame[list(places)])
        table.numbers = self._all_numbered().get_column("number")[list(places)]
        return table

    def _all_numbered(self) -> polars.DataFrame:
        """Give the columns, and the numbers of their records as they were before some were left out."""
        return self.numbered() if self.numbers is None else self.frame.with_columns(self.numbers.alias("number"))

    def words(self, column: str) -> Sequence[Path | Subject | Marks]:
        """Give the list that *column* holds places of; an empty one where it is no such column."""
        lists: dict[str, Sequence[Path | Subject | Marks]]
        lists = {"path": self.paths, "subject": self.subjects, "marks": self.marks}
        return lists.get(column, ())

    def groups(self, name: str, column: str, get: Callable[[Any], Iterable[Hashable]]) -> Groups:
        """Group the words of *column* by what *get* finds in them; under *name* that is kept."""
        found = self._groups.get(name)
        if found is None:
            found = self._groups[name] = Groups()
        words = self.words(column)
        if len(found.codes) < len(words):
            found.extend(map(get, words[len(found.codes) :]))
        return found

    @property
    def short(self) -> list[int]:
        """Places of the subjects that have short names."""
        if self._seen < len(self.subjects):
            new = enumerate(self.subjects[self._seen :], self._seen)
            self._short += [place for place, one in new if is_short(one)]
            self._seen = len(self.subjects)
        return self._short

    def named(self, frame: polars.DataFrame) -> Named | None:
        """Name what rows of this table are about by short names; None where none is. *frame* has their numbers."""
        if self.namer is None or not self.short:
            return None
        return named_rows(frame, self.short, self.paths, self.subjects, self.namer)

    def told_by_values(self, frame: polars.DataFrame) -> polars.Series | None:
        """Tell of the rows of *frame*, a part of this table's, which only their values say what they are about."""
        return self._told_by_values.rows(frame, self.paths, self.subjects)

    def with_names(self) -> Table:
        """Give this table with what short names stand for in their place."""
        named = self.named(self._all_numbered())
        if named is None:
            return self
        table = Table()
        table.paths, table.marks = self.paths, self.marks
        table.subjects = self.subjects + named.subjects
        column = self.frame.get_column("subject").clone().scatter(named.rows, named.codes + len(self.subjects))
        table.add(self.frame.with_columns(column))
        return table

    def rows_at(self, places: Sequence[int]) -> list[Row]:
        """Give the rows at *places*, from 0."""
        return [self._row(place + 1, one) for place, one in zip(places, self.frame[list(places)].rows(), strict=True)]

    def row(self, number: int) -> Row:
        """Give the row of record *number*. Raises: IndexError."""
        if not 0 < number <= self.height:
            raise IndexError(f"record {number} of {self.height}")
        return self.rows(number - 1, number)[0]


def schema() -> dict[str, polars.DataType]:
    """Give the types of the columns."""
    import polars

    return {name: polars.Int64() if name in _WIDE else polars.UInt32() for name in COLUMNS}


def frame_of(rows: list[Cells]) -> polars.DataFrame:
    """Make a frame of *rows*."""
    import polars

    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return polars.DataFrame(
        [polars.Series(name, cells, kind) for (name, kind), cells in zip(schema().items(), columns, strict=True)]
    )
