"""Statistics: records, octets, errors and response times, by service, object, meter and more, with bars."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.app import ComposeResult

from analyzer.table.statistics import Statistic, statistics
from analyzer.tui.columns import duration_text
from analyzer.tui.fitting import count_text, fit_ends
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.bars import Heading, Said
from analyzer.tui.widgets.plot import Plot, bar
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph

_MOST_BARS = 50
BY = ("service", "object", "error", "meter", "conversation", "association", "time")


class StatisticsScreen(TableScreen):
    """A row a service, object, …; left and right choose what is counted by. Below a plot."""

    title_text = "Statistics"
    name_of_rows = "rows"
    columns = (
        TableColumn("By", "text", most=0, keeps_end=", "),
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
        self.lower = (self.plot, self.text_pane)
        self._found: list[Statistic] = []

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        yield Heading(id="by")
        yield from super().lay_out()

    def rows(self) -> Iterable[TableRow]:
        """Count by what was chosen."""
        self._found = statistics(self.program.capture.table, self.by)
        return map(statistics_row, self._found)

    def take(self) -> None:
        """Take the rows, and say what they count by."""
        self.columns = (self.columns[0]._replace(heading=self.by.capitalize()), *self.columns[1:])
        self.table.columns = self.columns
        super().take()
        said: list[Said] = [(" by ", "muted")]
        for index, name in enumerate(BY):
            turns = (index - BY.index(self.by)) % len(BY)
            text = f" {name} " if turns else f"[{name}]"
            said.append((text, "faint" if turns else "accent bold", f"right {turns}" if turns else ""))
        self.head("#by", said)

    def show_text(self) -> None:
        """Plot octets over time, or how usual response times compare."""
        self.plot.display = self.by == "time"
        self.text_pane.display = not self.plot.display
        if self.by == "time":
            self.head("#text-heading", [(" octets over time", "muted")])
            self.plot.line([float(one.octets) for one in self._found], [one.key[11:19] for one in self._found])
            return
        timed = [(one.key, one.latency_ms.median) for one in self._found if one.latency_ms is not None][:_MOST_BARS]
        self.head("#text-heading", [(" usual response times" if timed else " no response times", "muted")])
        longest = max((median for _, median in timed), default=0)
        width = max(self.text_pane.room, 40)
        name_width = min(max((cell_len(name) for name, _ in timed), default=0), width // 2 - 8)
        room = width - name_width - 16
        self.text_pane.show(
            [
                Paragraph(
                    f"{bar(median / longest, room)} {duration_text(round(median * 1e6))}",
                    "accent",
                    fit_ends(name, name_width).rstrip(),
                    "text",
                )
                for name, median in timed
                if longest
            ]
        )

    def command_right(self, count: int) -> None:
        """Count by the next."""
        self._choose(count or 1)

    def command_left(self, count: int) -> None:
        """Count by the one before."""
        self._choose(-(count or 1))

    def command_next_pane(self, count: int) -> None:
        """Count by the next."""
        self._choose(1)

    command_previous_pane = command_left

    def _choose(self, by: int) -> None:
        self.by = BY[(BY.index(self.by) + by) % len(BY)]
        self.table.cursor = 0
        self.table.sorted_by = -1
        self.take()


def statistics_row(one: Statistic) -> TableRow:
    """Write the cells of one line."""
    times = one.latency_ms
    measured = ("", "", "", "") if times is None else tuple(f"{value:,.1f}" for value in times)
    median, p95, p99, longest = measured
    cells = (
        one.key,
        f"{one.records:,}",
        f"{one.octets:,}",
        count_text(one.errors),
        median,
        p95,
        p99,
        longest,
    )
    keys = (None, one.records, one.octets, one.errors, *(times or (0, 0, 0, 0)))
    return TableRow(cells, one, ("", "", "", "error" if one.errors else ""), keys)
