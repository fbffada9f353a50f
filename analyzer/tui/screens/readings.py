"""Readings: the metered values as a table, profile buffers row by row, with a plot of the object under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from analyzer.cosem.logical_name import obis_text
from analyzer.export.times import clock_text
from analyzer.tui.lookup import closed
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.bars import StatusBar
from analyzer.tui.widgets.plot import Plot
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target

if TYPE_CHECKING:
    from analyzer.tracking.readings import Reading

_AT_ONCE = 500
_MOST = 100_000


class ReadingsScreen(TableScreen):
    """A row a value; below how the object went."""

    title_text = "Readings"
    name_of_rows = "readings"
    columns = (
        TableColumn("Time", "muted", most=19, is_whole=True, spares=len("2026-"), from_width=48),
        TableColumn("Meter", "muted", most=24, from_width=100, keeps_end=" ", tells_apart=True),
        TableColumn("Object", "accent", most=17, is_whole=True, from_width=100),
        TableColumn("Name", most=0, keeps_end=", "),
        TableColumn("Value", "value", is_right=True, most=26),
        TableColumn("Status", "muted", most=10, from_width=110),
        TableColumn("Record", "muted", is_right=True, most=7, from_width=70),
    )
    hints = (("open", "record"), ("plot", "plot"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def __init__(self) -> None:
        super().__init__()
        self.plot = Plot()
        self.lower = (self.plot, self.text_pane)
        self._readings: list[Reading] = []
        self._left: Iterator[Reading] = iter(())
        """What is still to come of the pass over the values that began last."""
        self._until = 0
        """The records that it reads."""
        self._reads = False
        self._plots = True

    def on_mount(self) -> None:
        """Begin to read the values."""
        self._begin(0)
        self._readings = list(islice(self._left, _AT_ONCE))
        super().on_mount()
        self._reads = len(self._readings) == _AT_ONCE
        if self._reads:
            self.set_timer(0.001, partial(self._go_on, self._left, self._readings))

    def _begin(self, start: int) -> None:
        capture = self.program.capture
        self._until = capture.table.height
        self._left = iter(capture.readings(start, self._until))

    def _go_on(self, left: Iterator[Reading], found: list[Reading]) -> None:
        if left is not self._left:  # another pass has begun: the capture was read again
            return
        more = list(islice(left, _AT_ONCE))
        found += more
        self._reads = bool(more) and len(found) < _MOST
        if self._reads:
            self.set_timer(0.001, partial(self._go_on, left, found))
            self.flash(f"reading values: {len(found):,} so far")
            return
        self._readings = found
        for bar in self.query(StatusBar):
            bar.settle()
        self.take()

    def came_anew(self) -> None:
        """Read the values again; those that are shown stay until that is done."""
        self._begin(0)
        self._go_on(self._left, [])

    def grew(self) -> None:
        """Read the values in what a recording has got; those of a file come once it is read."""
        if self.program.capture.live is not None and not self._reads and len(self._readings) < _MOST:
            self._begin(self._until)
            self._go_on(self._left, list(self._readings))

    def ended(self) -> None:
        """Read the values of all records."""
        self.came_anew()

    def nothing_said(self) -> Iterator[Paragraph]:
        """Say that there is no value, and what may hold some."""
        if closed(self.program.capture.table):
            yield Paragraph(f"No metered value was read; {self.program.keymap.text('add-key')} adds a key.")
        else:
            yield Paragraph("No metered value was read.")

    def rows(self) -> Iterable[TableRow]:
        """Give a row a value."""
        return (self._row(one) for one in self._readings)

    def _row(self, one: Reading) -> TableRow:
        code = obis_text(one.object.logical_name) if one.object.logical_name else "-"
        number = float(one.value) if isinstance(one.value, int | float | Decimal) else None
        cells = (
            self._time(one), one.meter, code, one.name, one.text, "" if one.status in ("", "0") else one.status,
            str(one.record),
        )  # fmt: skip
        return TableRow(cells, one, (), (None, None, None, None, number, None, one.record))

    def _time(self, one: Reading) -> str:
        if one.time:
            return one.time[:19].replace("T", " ")
        if one.capture_time_ns is None:
            return "-"
        return clock_text(one.capture_time_ns, 0, utc=self.program.is_utc)

    def record_of(self, row: TableRow) -> int:
        """Give the record of the value."""
        one: Reading = row.about
        return one.record

    def show_text(self) -> None:
        """Plot the object under the cursor."""
        row = self.table.row
        if row is None:
            self.head("#text-heading", [(" nothing to plot" if self._readings else "", "muted")])
            self.plot.display = False
            self.text_pane.show([])
            return
        one: Reading = row.about
        about = (one.object, one.name, one.meter)  # a column of a profile may have no more than its name
        same = [other for other in self._readings if (other.object, other.name, other.meter) == about]
        points = [float(other.value) for other in same if isinstance(other.value, int | float | Decimal)]
        unit = f" in {one.unit}" if one.unit else ""
        count = f"{len(same):,} value{'s' * (len(same) != 1)}"
        self.head("#text-heading", [(f" {one.name}{unit}", "accent"), (f"  {count} · {one.meter}", "muted")])
        self.plot.display = len(points) > 1
        self.text_pane.display = not self.plot.display
        if self.plot.display:
            self.plot.line(points, [self._time(other)[5:16] for other in same if _is_number(other)])
        else:
            self.text_pane.show(list(_paragraphs(one)))

    def command_plot(self, count: int) -> None:
        """Take the plot away, or bring it back."""
        self._plots = not self._plots
        self.query_one("#text-part").display = self._plots


def _paragraphs(one: Reading) -> Iterator[Paragraph]:
    """Say where a value comes from."""
    yield Paragraph(one.text, "value bold", "value", target=Target(one.record))
    yield Paragraph(one.time or "no time beside it", label="meter time")
    if one.raw is not None:
        scaled = f" × 10^{one.scaler}" if one.scaler else ""
        yield Paragraph(f"{one.raw}{scaled}", label="on the wire")
    if one.basis:
        yield Paragraph(f"scaler and unit of {one.basis}", label="because", target=_basis(one.basis))
    yield Paragraph(f"class {one.object.class_id}, attribute {one.object.attribute}", "muted", "object")


def _basis(text: str) -> Target | None:
    word, _, number = text.partition(" ")
    return Target(int(number)) if word == "record" and number.isdecimal() else None


def _is_number(one: Reading) -> bool:
    return isinstance(one.value, int | float | Decimal)
