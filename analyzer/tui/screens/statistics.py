"""Statistics: records, octets, errors and response times, by service, object, meter and more, with bars."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from analyzer.table.statistics import Statistic, statistics
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.bars import Heading, StatusBar, TitleBar
from analyzer.tui.widgets.plot import Plot
from analyzer.tui.widgets.prompt import Prompt
from analyzer.tui.widgets.table import TableColumn, TableRow

BY = ("service", "object", "error", "meter", "conversation", "association", "time")


class StatisticsScreen(TableScreen):
    """A row a service, object, …; left and right choose what is counted by. Below a plot."""

    title_text = "Statistics"
    name_of_rows = "rows"
    columns = (
        TableColumn("By", "text", most=0),
        TableColumn("Records", "muted", is_right=True, most=9),
        TableColumn("Octets", "muted", is_right=True, most=11),
        TableColumn("Errors", "muted", is_right=True, most=7),
        TableColumn("Median ms", "value", is_right=True, most=9),
        TableColumn("95 %", "muted", is_right=True, most=9, from_width=72),
        TableColumn("99 %", "muted", is_right=True, most=9, from_width=90),
        TableColumn("Longest", "muted", is_right=True, most=9, from_width=72),
    )
    hints = (("right", "by …"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def __init__(self) -> None:
        super().__init__()
        self.by = BY[0]
        self.plot = Plot()
        self._found: list[Statistic] = []

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        yield Heading(id="by")
        with Container(id="parts"):
            with Vertical(id="table-part"):
                yield Heading(id="table-heading")
                yield self.table
            with Vertical(id="text-part"):
                yield Heading(id="text-heading")
                yield self.plot
        yield Prompt()
        yield StatusBar()

    def rows(self) -> Iterable[TableRow]:
        """Count by what was chosen."""
        self._found = statistics(self.program.capture.table, self.by)
        return map(_row, self._found)

    def take(self) -> None:
        """Take the rows, and say what they count by."""
        super().take()
        said = [(" by", "muted")]
        said += [(f"  {name}", "accent bold" if name == self.by else "faint") for name in BY]
        self.query_one("#by", Heading).say(said)

    def show_text(self) -> None:
        """Plot octets over time, or how usual response times compare."""
        heading = self.query_one("#text-heading", Heading)
        if self.by == "time":
            heading.say([(" octets over time", "muted")])
            self.plot.line([float(one.octets) for one in self._found], [one.key[11:19] for one in self._found])
            return
        timed = [one for one in self._found if one.latency_ms is not None][:12]
        heading.say([(" usual response times in ms", "muted")])
        self.plot.bars([one.latency_ms.median for one in timed if one.latency_ms], [_short(one.key) for one in timed])

    def command_right(self, count: int) -> None:
        """Count by the next."""
        self._choose(1)

    def command_left(self, count: int) -> None:
        """Count by the one before."""
        self._choose(-1)

    def command_next_pane(self, count: int) -> None:
        """Count by the next."""
        self._choose(1)

    command_previous_pane = command_left

    def _choose(self, by: int) -> None:
        self.by = BY[(BY.index(self.by) + by) % len(BY)]
        self.table.cursor = 0
        self.table.sorted_by = -1
        self.take()


def _row(one: Statistic) -> TableRow:
    times = one.latency_ms
    measured = ("", "", "", "") if times is None else tuple(f"{value:.4g}" for value in times)
    median, p95, p99, longest = measured
    cells = (one.key, str(one.records), str(one.octets), str(one.errors or ""), median, p95, p99, longest)
    keys = (None, one.records, one.octets, one.errors, *(times or (0, 0, 0, 0)))
    return TableRow(cells, one, ("", "", "", "error" if one.errors else ""), keys)


def _short(key: str) -> str:
    return key if len(key) <= 14 else key[:13] + "…"
