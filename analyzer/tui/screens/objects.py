"""Objects: what the capture taught about the meters: codes, classes, units, last values."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.cosem.names import class_name
from analyzer.objects import ObjectRow
from analyzer.tui.columns import duration_text
from analyzer.tui.fitting import count_text
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow


class ObjectsScreen(TableScreen):
    """A row an object of a meter; it opens the record of its last value."""

    title_text = "Objects"
    name_of_rows = "objects"
    has_survey = True
    columns = (
        TableColumn("Meter", "muted", most=24, from_width=90, keeps_end=" ", tells_apart=True),
        TableColumn("Object", "accent", most=20, is_whole=True),
        TableColumn("Name", most=0, keeps_end=", "),
        TableColumn("Class", "muted", most=22, from_width=100),
        TableColumn("Last value", "value", is_right=True, most=30),
        TableColumn("Done", "muted", most=18, from_width=110),
        TableColumn("Errors", "muted", is_right=True, most=6, from_width=76),
        TableColumn("Answered", "muted", is_right=True, most=9, from_width=84),
    )
    hints = (("open", "last value"), ("readings", "readings"), ("sort", "sort"), ("export", "export"), ("back", "back"))

    def rows(self) -> Iterable[TableRow]:
        """Give a row an object, by meter and code."""
        found = self.program.survey_so_far
        return map(_row, found.objects.rows() if found is not None else ())

    @property
    def no_rows(self) -> str:
        """Say why there is no object, and what would give some."""
        found = self.program.survey_so_far
        if found is None or not found.is_done:
            return self.program.survey_words
        if found.closed:
            return f"no objects: {found.closed} APDUs stay closed; {self.program.keymap.text('add-key')} adds a key"
        if found.nameless:
            return "no objects: the pushes name none; a read of class 40 in the capture would"
        return super().no_rows

    def subject_of(self, row: TableRow) -> object:
        """Give whose object it is."""
        one: ObjectRow = row.about
        return one.meter, one.code

    def record_of(self, row: TableRow) -> int:
        """Give the record of the last value."""
        one: ObjectRow = row.about
        return one.record


def _row(one: ObjectRow) -> TableRow:
    median = one.times.percentile(50)
    done = " ".join(f"{count}× {name}" for name, count in one.done.items())
    kind = f"{one.class_id} {class_name(one.class_id) or ''}".rstrip() if one.class_id else ""
    value = one.value
    cells = (
        one.meter, one.code, one.name, kind, value, done, count_text(one.errors),
        "" if median is None else duration_text(median),
    )  # fmt: skip
    colours = ("", "", "", "", "", "", "error" if one.errors else "")
    return TableRow(cells, one, colours, (None, None, None, None, None, None, one.errors, median or 0))
