"""Tables of cells: what all screens but the main one show; sorted, exported, opened by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.style import Style

from analyzer.tui.fitting import fit, fit_ends, fit_right, printable
from analyzer.tui.widgets.rows import Piece, Rows

_GAP = "  "
_MOST_MEASURED, _LEAST, _ENOUGH, _CUT = 500, 16, 26, 4
_NUMBER = len("51200.044 kWh")
"""A column of numbers is cut below this after all others but those that stay whole: its unit would go."""
_NARROW, _WIDE = 70, 100
"""Where a table is narrower it spares what tells least; up to the other where all rows have the same."""


class TableColumn(NamedTuple):
    """A column: what stands above it, its colour, how it is laid out."""

    heading: str
    colour: str = "text"
    is_right: bool = False
    most: int = 40
    """Cells that it takes at most; 0 is all that is left, with at least its content where there is room."""
    from_width: int = 0
    """How wide the table must be to show it."""
    keeps_end: str = ""
    """What is too long keeps what stands behind the last of these; empty where it does not matter."""
    is_whole: bool = False
    """Whether it is cut last: a time or a code says little when it is."""
    spares: int = 0
    """How many characters of its beginning a narrow table leaves out: the year of a time."""
    tells_apart: bool = False
    """Whether a table that is too narrow shows it all the same, as soon as it tells rows apart: the words that do."""


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
        self._spared: tuple[int, ...] = ()
        """How many characters of its beginning each cell of a column leaves out in that room."""

    def set_rows(
        self, rows: Iterable[TableRow], subject_of: Callable[[TableRow], object] = attrgetter("about")
    ) -> None:
        """Show other rows; the cursor stays on what it was about, as *subject_of* says, where that is still there."""
        subject = subject_of(self.row) if self.row is not None else None
        self.rows = list(rows)
        if self.sorted_by >= 0:
            self._sort()
        found = next(
            (index for index, one in enumerate(self.rows) if subject is not None and subject_of(one) == subject), None
        )
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
        return [
            index
            for index, one in enumerate(self.columns)
            if room >= one.from_width or (one.tells_apart and self._differs(index))
        ]

    def _differs(self, index: int) -> bool:
        rows = self.rows
        return any(row.cells[index] != rows[0].cells[index] for row in rows)

    def widths(self) -> tuple[int, ...]:
        """Say how wide each column is; 0 is one that has no room."""
        if self._widths and self._room == self.room:
            return self._widths
        self._room = self.room
        self._spared = tuple(map(self._spares, range(len(self.columns))))
        shown, room = self._shown(), self.room - 1
        content = [self._content(index) if index in shown else 0 for index in range(len(self.columns))]
        fixed = [min(width, one.most or width) for width, one in zip(content, self.columns, strict=True)]
        whole = [one.is_whole for one in self.columns]
        gaps = len(_GAP) * max(len(shown) - 1, 0)
        flexible = next((index for index in shown if not self.columns[index].most), None)
        spare = room - gaps - sum(fixed)
        for index, width in enumerate(content):  # what is long has the room that nothing else needs
            more = max(min(width - fixed[index], spare), 0)
            fixed[index] += more
            spare -= more
        excess = sum(fixed) + gaps - room
        least = [_CUT] * len(fixed)
        if flexible is not None:  # it says most: the others do not squeeze it away
            least[flexible] = min(
                fixed[flexible], max(_LEAST, min(room // 4 if room < _NARROW else room // 3, _ENOUGH))
            )
            fixed[flexible] = max(fixed[flexible] - excess, least[flexible])
        while sum(fixed) + gaps > room:
            longer = [index for index, width in enumerate(fixed) if width > least[index]]
            if not longer:
                break
            is_number = [one.is_right and width <= _NUMBER for width, one in zip(fixed, self.columns, strict=True)]
            fixed[max(longer, key=lambda index: (not whole[index], not is_number[index], fixed[index]))] -= 1
        self._widths = tuple(fixed)
        return self._widths

    def _content(self, index: int) -> int:
        texts = (self._text(row, index) for row in self.rows[:_MOST_MEASURED])
        return max(cell_len(self.columns[index].heading), max(map(cell_len, texts), default=0), 1)

    def _text(self, row: TableRow, index: int) -> str:
        """Give what is shown of a cell."""
        text = row.cells[index]
        return text[self._spared[index] :] or text

    def _spares(self, index: int) -> int:
        column = self.columns[index]
        if column.tells_apart and self.room < column.from_width and self.rows:
            texts = [row.cells[index] for row in self.rows]
            same = takewhile(lambda pair: pair[0] == pair[1], zip(min(texts), max(texts), strict=False))
            return "".join(one for one, _ in same).rfind(" ") + 1
        is_same = len({row.cells[index][: column.spares] for row in self.rows}) == 1
        return column.spares if self.room < _NARROW or (self.room < _WIDE and is_same) else 0

    def on_resize(self, event: Any) -> None:
        """Lay the columns out for the new width."""
        self._widths = ()
        self.refresh()
        super().on_resize(event)

    def heading(self) -> str:
        """Write the heading."""
        return "".join(text for text, _ in self.headings())

    def headings(self) -> Iterable[tuple[str, int]]:
        """Give what stands above each column that is shown, and which it is, from 1 on; the sign stands behind it."""
        before = " "
        for number, (column, width) in enumerate(zip(self.columns, self.widths(), strict=True), 1):
            if width:
                text = (fit_right if column.is_right else fit)(column.heading, width)
                yield before + text + ("▾" if number - 1 == self.sorted_by else " "), number

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
            text = printable(self._text(row, place))
            if column.keeps_end:
                text = fit_ends(text, wide, column.keeps_end)
            yield (fit_right if column.is_right else fit)(text, wide), palette.style(name, bold=bool(manner))

    # -- order ----------------------------------------------------------------------------------------------------

    def sort_rows(self, count: int) -> None:
        """Sort by the next column, or by that of a number."""
        shown = self._shown()
        later = [index for index in shown if index > self.sorted_by]
        self.sorted_by = count - 1 if 0 < count <= len(self.columns) else later[0] if later else shown[0]
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
