"""Rules: every fact and cause that the doctor knows, what it means, and what to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.diagnosis.rules import Rule, listed
from analyzer.export.glyphs import MARKS
from analyzer.tui.columns import COLOURS
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph
from dissectors.tree import Severity


class RulesScreen(TableScreen):
    """A row a rule; below what it means."""

    title_text = "Rules"
    name_of_rows = "rules"
    has_text = True
    columns = (
        TableColumn("", most=1),
        TableColumn("Code", "text", most=36),
        TableColumn("Kind", "muted", most=6),
        TableColumn("Group", "muted", most=12, from_width=70),
        TableColumn("Meaning", "muted", most=0),
    )
    hints = (("next-pane", "text"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def rows(self) -> Iterable[TableRow]:
        """Give the rules in the order of the table."""
        return map(_row, listed())

    def text_heading(self, row: TableRow | None) -> str:
        """Name the rule."""
        return row.about.code if row is not None else ""

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Say what the rule means and what to try."""
        one: Rule = row.about
        yield Paragraph(one.text, "text")
        if one.advice:
            yield Paragraph("")
        for index, text in enumerate(one.advice):
            yield Paragraph(text, "good", "try" if not index else " ")


def _row(one: Rule) -> TableRow:
    severity = Severity[one.severity.upper()] if one.severity else None
    sign, colour = (MARKS[severity] or "i", COLOURS[severity]) if severity is not None else ("", "")
    return TableRow((sign, one.code, one.kind, one.group, one.text), one, (colour,))
