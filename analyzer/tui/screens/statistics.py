"""Statistics: records, octets, errors and response times, by service, object, meter and more, with bars.

What a row counts is what the list shows on Enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult

from analyzer.table.statistics import NOTHING, Statistic, connections, layers, statistics
from analyzer.tui.columns import duration_text
from analyzer.tui.fitting import count_text, fit_ends
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.bars import Heading, Said
from analyzer.tui.widgets.plot import Plot, bar
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph

_MOST_BARS = 50
BY = ("service", "object", "error", "meter", "conversation", "connection", "association", "time", "layer")
_WIDE = 90
"""The cells that the names of all of them take, with blanks around each."""
_BY = TableColumn("By", "text", most=0, keeps_end=", ")
_COUNTED = (
    _BY,
    TableColumn("Records", "muted", is_right=True, most=9),
    TableColumn("Octets", "muted", is_right=True, most=11, from_width=54),
    TableColumn("Errors", "muted", is_right=True, most=7),
    TableColumn("Median ms", "value", is_right=True, most=9, from_width=46),
    TableColumn("95 %", "muted", is_right=True, most=9, from_width=90),
    TableColumn("99 %", "muted", is_right=True, most=9, from_width=90),
    TableColumn("Longest", "muted", is_right=True, most=9, from_width=72),
)
_COLUMNS = {
    "connection": (
        _BY,
        TableColumn("Tried", "muted", is_right=True, most=9),
        TableColumn("Answered", "value", is_right=True, most=9),
        TableColumn("Refused", "muted", is_right=True, most=9),
        TableColumn("Unanswered", "muted", is_right=True, most=10),
    ),
    "layer": (
        _BY,
        TableColumn("Octets", "muted", is_right=True, most=14),
        TableColumn("Share", "value", is_right=True, most=7),
    ),
    "object": tuple(one._replace(from_width=72) if one.heading == "Octets" else one for one in _COUNTED),
}
"""The columns of what counts no records, and of objects, whose codes want the room."""


class _Bar(NamedTuple):
    """A bar: its name, how long it is by comparison, and what stands behind it."""

    name: str
    size: float
    text: str


class StatisticsScreen(TableScreen):
    """A row a service, object, …; left and right choose what is counted by. Below a plot."""

    title_text = "Statistics"
    name_of_rows = "rows"
    columns: Sequence[TableColumn] = _COUNTED
    hints = (("sort", "sort"), ("export", "export"), ("open", "filter"), ("right", "by …"), ("back", "back"))

    def __init__(self) -> None:
        super().__init__()
        self.by = BY[0]
        self.plot = Plot()
        self.lower = (self.plot, self.text_pane)
        self._found: list[Statistic] = []

    def open_with(self, argument: str) -> None:
        """Count by what *argument* begins: ``statistics connection``, ``statistics time``."""
        self.by = next((by for by in BY if argument and by.startswith(argument)), self.by)

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        yield Heading(id="by")
        yield from super().lay_out()

    def rows(self) -> Iterable[TableRow]:
        """Count by what was chosen."""
        self._found = self._counted()
        return map(_ROWS.get(self.by, statistics_row), self._found)

    def _counted(self) -> list[Statistic]:
        capture = self.program.capture
        facts = capture.records.facts  # of packets as a whole the pass tells at its end
        if self.by == "connection":
            return connections(facts["connections"]) if "connections" in facts else []
        if self.by == "layer":
            return layers(capture.table, *facts["told"][4:6]) if "told" in facts else []
        return statistics(capture.table, self.by)

    def nothing_said(self) -> Iterable[Paragraph]:
        """Say why there is no row."""
        if self.by in _ROWS and "told" not in self.program.capture.records.facts:
            yield Paragraph("counted once the whole capture is read")
        else:
            yield Paragraph(NOTHING[self.by])

    def take(self) -> None:
        """Take the rows, and say what they count by."""
        columns = _COLUMNS.get(self.by, _COUNTED)
        self.columns = (columns[0]._replace(heading=self.by.capitalize()), *columns[1:])
        self.table.columns = self.columns
        super().take()
        self._show_choices()

    def _show_choices(self) -> None:
        """Say what can be counted by; where not all have room those before the chosen one go first."""
        width, chosen = self.size.width, BY.index(self.by)
        gap = " " if width >= _WIDE else ""
        said: list[Said] = []
        for index, name in enumerate(BY):
            turns = (index - chosen) % len(BY)
            text = f" {name}{gap}" if turns else f"[{name}]"
            said.append((text, "muted" if turns else "accent bold", f"right {turns}" if turns else ""))
        first, before = 0, " by "
        while first < chosen and sum(len(one[0]) for one in said[first : chosen + 1]) > width - len(before):
            first, before = first + 1, " by …"
        self.head("#by", [(before, "muted"), *said[first:]])

    def on_resize(self, event: events.Resize) -> None:
        """Say again what can be counted by."""
        super().on_resize(event)
        self.soon(self._show_choices)

    def show_text(self) -> None:
        """Plot octets over time, or how response times, connections or layers compare."""
        self.plot.display = self.by == "time"
        self.text_pane.display = not self.plot.display
        if self.by == "time":
            self.head("#text-heading", [(" octets over time", "muted")])
            self.plot.line([float(one.octets) for one in self._found], [one.key[11:19] for one in self._found])
            return
        heading, bars = self._bars()
        self.head("#text-heading", [(f" {heading}", "muted")])
        self.text_pane.show(list(self._drawn(bars[:_MOST_BARS])))

    def _bars(self) -> tuple[str, list[_Bar]]:
        """Give the bars of the rows, and what they show."""
        if self.by == "layer":
            return "shares", [_Bar(one.key, one.octets, f"{one.more['share']:.1%}") for one in self._found]
        if self.by == "connection":
            tried = [_Bar(one.key, one.more["tried"], count_text(one.more["tried"])) for one in self._found]
            return "connections tried" if tried else "no connections", tried
        timed = [(one.key, one.latency_ms.median) for one in self._found if one.latency_ms is not None]
        found = [_Bar(key, median, duration_text(round(median * 1e6))) for key, median in timed]
        return "usual response times" if found else "no response times", found

    def _drawn(self, bars: Sequence[_Bar]) -> Iterator[Paragraph]:
        longest = max((one.size for one in bars), default=0)
        width = max(self.query_one("#text-part").size.width - 1, 40)  # the pane in it may not be laid out yet
        name_width = min(max((cell_len(one.name) for one in bars), default=0), width // 2 - 8)
        room = width - name_width - 16
        for one in bars if longest else ():
            name = fit_ends(one.name, name_width).rstrip()
            yield Paragraph(f"{bar(one.size / longest, room)} {one.text}".strip(), "accent", name, "text")

    def subject_of(self, row: TableRow) -> object:
        """Give what a row counts."""
        return row.cells[0]

    def opens(self, row: TableRow) -> bool:
        """Tell whether a filter chooses what a row counts."""
        return isinstance(row.about, Statistic) and bool(filter_of(row.about))

    def open_row(self, row: TableRow) -> None:
        """Filter the list by what the row counts."""
        if self.opens(row):
            self.program.filter_main(filter_of(row.about))
        else:
            self.flash("no filter chooses what this row counts", "warning")

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


def _connection_row(one: Statistic) -> TableRow:
    """Write the cells of one pair of ends."""
    counts = (one.more["tried"], one.more["answered"], one.more["refused"], one.unanswered or 0)
    return TableRow((one.key, *map(count_text, counts)), one, ("", "", "", "error", "warning"), (None, *counts))


def _layer_row(one: Statistic) -> TableRow:
    """Write the cells of one layer."""
    return TableRow((one.key, f"{one.octets:,}", f"{one.more['share']:.1%}"), one, (), (None, one.octets, one.octets))


_ROWS: dict[str, Callable[[Statistic], TableRow]] = {"connection": _connection_row, "layer": _layer_row}

# -- the filter of a row ------------------------------------------------------------------------------------------

_OBJECT = re.compile(r"(\S+) .*, (attribute|method) (\d+)")
_METER = re.compile(r"(?:line (?P<line>\d+)|(?P<host>\S+))(?: (?P<server>\d[\d.]*))?(?: (?P<device>\S.*))?")
_CONNECTION = re.compile(r"\[?(.+?)\]? > \[?(.+?)\]?:(\d+)")


def filter_of(one: Statistic) -> str:
    """Write the filter that passes what a line of statistics counts; empty where there is none."""
    write = _FILTERS.get(one.by)
    return write(one) if write is not None else ""


def _of_error(one: Statistic) -> str:
    return f"{one.more['kind']} == {one.key}"


def _of_object(one: Statistic) -> str:
    found = _OBJECT.fullmatch(one.key)
    return f"obis == {found[1]} && {found[2]} == {found[3]}" if found is not None else ""


def _of_meter(one: Statistic) -> str:
    found = _METER.fullmatch(one.key)
    if found is None:
        return ""
    line, host, server, device = found.group("line", "host", "server", "device")
    parts = [
        f"conversation == {line}" if line else f'meter == "{host}"',
        f"server == {server}" if server else "!server",
        f'device == "{device.rpartition(" ")[2]}"' if device else "!device",
    ]
    return " && ".join(parts)


def lanes_of(key: str) -> list[str]:
    """Give the lanes of a conversation, which *key* names by its two ends; by one of a line that no two ends share."""
    first, arrow, second = key.partition(" ↔ ")
    return [f"{first} > {second}", f"{second} > {first}"] if arrow else [first]


def filter_of_conversation(key: str) -> str:
    """Write the filter that passes the records of a conversation."""
    lanes = [f'"{lane}"' for lane in lanes_of(key)]
    return f"lane in {{{', '.join(lanes)}}}" if len(lanes) > 1 else f"lane == {lanes[0]}"


def _of_connection(one: Statistic) -> str:
    found = _CONNECTION.fullmatch(one.key)
    return f'host == "{found[1]}" && host == "{found[2]}" && port == {found[3]}' if found is not None else ""


def _of_time(one: Statistic) -> str:
    try:
        end = datetime.fromisoformat(one.key) + timedelta(seconds=one.more["interval_s"])
    except (ValueError, OverflowError):  # a time that no calendar has
        return ""
    return f'time >= "{one.key}" && time < "{end.isoformat().replace("+00:00", "Z")}"'


_FILTERS: dict[str, Callable[[Statistic], str]] = {
    "service": lambda one: f"service == {one.key}",
    "object": _of_object,
    "error": _of_error,
    "meter": _of_meter,
    "conversation": lambda one: filter_of_conversation(one.key),
    "connection": _of_connection,
    "association": lambda one: f"association == {one.key.partition(':')[0]}",
    "time": _of_time,
}
"""How the key of a line is a filter, by what was counted by."""
