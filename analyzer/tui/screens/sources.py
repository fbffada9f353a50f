"""Sources: the inputs, their lines with octets and errors, what was left aside, what the readers remarked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from analyzer.live.status import status_text
from analyzer.table.statistics import statistics
from analyzer.tui.fitting import count_text
from analyzer.tui.screens.statistics import filter_of_conversation, lanes_of
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph


class SourcesScreen(TableScreen):
    """A row a lane; below the inputs."""

    title_text = "Sources"
    name_of_rows = "lanes"
    has_text = True
    columns = (
        TableColumn("Lane", "accent", most=0),
        TableColumn("Link", "muted", most=14),
        TableColumn("Records", "muted", is_right=True, most=9),
        TableColumn("Octets", "muted", is_right=True, most=11),
        TableColumn("Errors", "muted", is_right=True, most=7),
    )
    hints = (("open", "filter"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def rows(self) -> Iterable[TableRow]:
        """Give a row a lane."""
        table = self.program.capture.table
        links: dict[str, set[str]] = {}
        for path in table.paths:
            links.setdefault(path.lane, set()).add(path.link)
        for one in statistics(table, "conversation"):
            link = ", ".join(sorted({link for lane in lanes_of(one.key) for link in links.get(lane, ())}))
            cells = (one.key, link, f"{one.records:,}", f"{one.octets:,}", count_text(one.errors))
            keys = (None, None, one.records, one.octets, one.errors)
            yield TableRow(cells, one.key, ("", "", "", "", "error" if one.errors else ""), keys)

    def recorded(self) -> None:
        """Show what came, and what was told of the line."""
        self.take()

    def text_heading(self, row: TableRow | None) -> str:
        """Name the text."""
        return "Inputs"

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Say what is known of the inputs."""
        return self._inputs()

    def show_text(self) -> None:
        """Say what is known of the inputs, whichever lane is selected."""
        self.text_pane.show(list(self._inputs()), keeps=True)

    def _inputs(self) -> Iterator[Paragraph]:
        capture = self.program.capture
        live = capture.live
        if live is not None:
            yield Paragraph(status_text(live.status, capture.behind), label="live")
            for number, said in enumerate(reversed(self.program.said_live)):
                yield Paragraph(said, "muted", " " if number else "said")
        for name in capture.inputs:
            path = Path(name)
            size = f"{path.stat().st_size:,} octets" if path.is_file() else "not there any more"
            yield Paragraph(f"{name if name != '-' else 'stdin'} · {size if name != '-' else 'a pipe'}", label="input")
        facts = capture.records.facts
        for name, found in (("stacks", facts.get("stacks")), ("left aside", facts.get("left_aside"))):
            if found:
                unit = " packets" if name == "left aside" else ""
                text = ", ".join(f"{count:,} {what}" for what, count in sorted(found.items()))
                yield Paragraph(text + unit, label=name)
        progress = capture.progress
        yield Paragraph(f"{progress.records:,} in {progress.seconds:.1f} s", label="records")
        if capture.error:
            yield Paragraph(capture.error, "error", "error")
        for name, text in capture.remarks:
            yield Paragraph(f"{Path(name).name}: {text}", "warning", "remark")

    def open_row(self, row: TableRow) -> None:
        """Filter the list by the lane."""
        self.program.filter_main(filter_of_conversation(row.about))
