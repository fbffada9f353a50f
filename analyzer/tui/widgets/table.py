"""Tables of cells: what all screens but the main one show; sorted, exported, opened by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.style import Style

from analyzer.tui.fitting import fit, fit_ends, fit_right, printable
from analyzer.tui.widgets.rows import Piece, Rows

_GAP = "  "
_MOST_MEASURED = 500


class TableColumn(NamedTuple):
    """A column: what stands above it, its colour, how it is laid out."""

    heading: str
    colour: str = "text"
    is_right: bool = False
    most: int = 40
    """Cells that it takes at most; 0 is all that is left, with at least its content where there is room."""
    from_width: int = 0
    """How wide the table must be to show it."""
    keeps_end: bool = False
    """Whether what is too long keeps what stands behind its last comma."""


class TableRow(NamedTuple):
    """A row: its cells, what it is about, and colours of cells that have their own."""

    cells: tuple[str, ...]
    about: Any = None
    colours: tuple[str, ...] = ()
    """By column; empty keeps the column's."""
    key: tuple[Any, ...] = ()
    """What cells sort by, where that is not their text."""


class Table(Rows):
    """Rows of cells in columns as wide as their content."""

    contexts = ("table", "rows")

    def __init__(self, columns: Sequence[TableColumn], **options: Any) -> None:
        super().__init__(**options)
        self.columns = tuple(columns)
        self.rows: list[TableRow] = []
        self.sorted_by = -1
        self._widths: tuple[int, ...] = ()
        self._room = 0
        """The room that the widths are for."""

    def set_rows(self, rows: Iterable[TableRow]) -> None:
        """Show other rows; the cursor stays on what it was about, where that is still there."""
        about = self.row.about if self.row is not None else None
        self.rows = list(rows)
        if self.sorted_by >= 0:
            self._sort()
        found = next((index for index, one in enumerate(self.rows) if about is not None and one.about == about), None)
        if found is not None:
            self.cursor = found
        self._widths = ()
        self.set_count(len(self.rows))
        self.show_cursor()

    @property
    def row(self) -> TableRow | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    # -- writing --------------------------------------------------------------------------------------------------

    def _shown(self) -> list[int]:
        room = self.room
        return [index for index, one in enumerate(self.columns) if room >= one.from_width]

    def widths(self) -> tuple[int, ...]:
        """Say how wide each column is; 0 is one that has no room."""
        if self._widths and self._room == self.room:
            return self._widths
        self._room = self.room
        shown, room = self._shown(), self.room - 1
        content = [self._content(index) if index in shown else 0 for index in range(len(self.columns))]
        fixed = [min(width, one.most or width) for width, one in zip(content, self.columns, strict=True)]
        gaps = len(_GAP) * max(len(shown) - 1, 0)
        flexible = next((index for index in shown if not self.columns[index].most), None)
        excess = sum(fixed) + gaps - room
        if flexible is not None:
            fixed[flexible] = max(fixed[flexible] - excess, 12) if fixed[flexible] else 0
        while sum(fixed) + gaps > room and max(fixed) > 4:
            widest = max(range(len(fixed)), key=lambda index: fixed[index])
            fixed[widest] -= 1
        self._widths = tuple(fixed)
        return self._widths

    def _content(self, index: int) -> int:
        texts = (row.cells[index] for row in self.rows[:_MOST_MEASURED])
        return max(cell_len(self.columns[index].heading), max(map(cell_len, texts), default=0), 1)

    def on_resize(self, event: Any) -> None:
        """Lay the columns out for the new width."""
        self._widths = ()
        self.refresh()
        super().on_resize(event)

    def heading(self) -> str:
        """Write the heading."""
        cells = []
        for index, (column, width) in enumerate(zip(self.columns, self.widths(), strict=True)):
            if width:
                sign = "▾" if index == self.sorted_by else ""
                cells.append((fit_right if column.is_right else fit)(column.heading + sign, width))
        return " " + _GAP.join(cells)

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write a row."""
        row, palette = self.rows[index], self.palette
        yield " ", Style.null()
        is_first = True
        for place, (column, wide) in enumerate(zip(self.columns, self.widths(), strict=True)):
            if not wide:
                continue
            if not is_first:
                yield _GAP, Style.null()
            is_first = False
            colour = (row.colours[place] if place < len(row.colours) else "") or column.colour
            name, _, manner = colour.partition(" ")
            text = printable(row.cells[place])
            laid_out = fit_right if column.is_right else fit_ends if column.keeps_end else fit
            yield laid_out(text, wide), palette.style(name, bold=bool(manner))

    # -- commands -------------------------------------------------------------------------------------------------

    def command_sort(self, count: int) -> None:
        """Sort by the next column."""
        shown = self._shown()
        later = [index for index in shown if index > self.sorted_by]
        self.sorted_by = later[0] if later else shown[0]
        about = self.row.about if self.row is not None else None
        self._sort()
        self.cursor = next((index for index, one in enumerate(self.rows) if one.about is about), 0)
        self.show_cursor()
        self.refresh()

    def _sort(self) -> None:
        place = self.sorted_by
        self.rows.sort(key=lambda row: _order(row, place))


def _order(row: TableRow, place: int) -> tuple[int, Any]:
    """Put numbers before texts, large ones first, and texts by their letters."""
    value = row.key[place] if place < len(row.key) and row.key[place] is not None else row.cells[place]
    if isinstance(value, int | float):
        return 0, -value
    return 1, str(value).lower()
