"""Records to a table in this process, without a store behind it: for what is counted and not looked into."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from analyzer.index.rows import Rows
from analyzer.record import Record
from analyzer.table.table import Cells, Table, frame_of

_BATCH = 65536


def tabulate(records: Iterable[Record]) -> Table:
    """Make the table of *records*. Row and record numbers differ where some were left out."""
    rows, table = Rows(), Table()
    table.paths, table.subjects, table.marks = rows.paths.all, rows.subjects.all, rows.marks.all
    cells: list[Cells] = []
    make, numbers = rows.row, array("Q")
    for record in records:
        cells.append(make(record))
        numbers.append(record.number)
        if len(cells) == _BATCH:
            table.add(frame_of(cells))
            cells = []
    table.add(frame_of(cells))
    if numbers and numbers[-1] != len(numbers):
        import polars

        table.numbers = polars.Series(numbers, dtype=polars.UInt64)
    return table
