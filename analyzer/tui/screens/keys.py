"""Keys: what each opened, why the rest stays closed; one more may be added while looking."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.prompt import Question, Verdict
from analyzer.tui.widgets.table import TableColumn, TableRow

_HINT = "guek=HEX, gak@SYSTEM-TITLE=HEX, guek=@FILE, or the path of a keyring"


class KeysScreen(TableScreen):
    """A row a key; it is never shown itself, only its role, place and fingerprint."""

    title_text = "Keys"
    name_of_rows = "keys"
    columns = (
        TableColumn("Key", "accent", most=44),
        TableColumn("Opens", "good", is_right=True, most=8),
        TableColumn("Fails", "muted", is_right=True, most=8),
        TableColumn("Why", "muted", most=0),
    )
    hints = (("add-key", "add a key"), ("export", "export"), ("back", "back"))

    def on_mount(self) -> None:
        """Ask for the pass over all records."""
        super().on_mount()
        self.program.survey(self.take)

    def rows(self) -> Iterable[TableRow]:
        """Give a row a key."""
        found = self.program.survey_so_far
        for one in found.keys.rows() if found is not None else ():
            cells = (one.key, str(one.opens), str(one.fails), one.reason)
            yield TableRow(cells, one.key, ("", "good" if one.opens else "muted", "error" if one.fails else "muted"))

    def command_add_key(self, count: int, text: str = "") -> None:
        """Ask for a key; what is typed is not shown, and not remembered."""
        if text:
            self.answer_key(text)
        else:
            self.ask(Question("key", "add key", check=self._verdict, is_secret=True, hint=_HINT))

    def _verdict(self, text: str) -> Verdict:
        problem = self.program.key_problem(text)
        return Verdict(not problem, problem or "Enter reads the capture again with this key")

    def answer_key(self, text: str) -> None:
        """Read the capture again with one more key."""
        if not text.strip():
            return
        problem = self.program.add_key(text.strip())
        if problem:
            self.flash(problem, "error")
        else:
            self.flash("reading the capture again; what is shown changes when that is done")

    def came_anew(self) -> None:
        """Look again at what each key opened."""
        self.program.survey(self.take)
        self.flash("the capture was read again")

    def open_row(self, row: TableRow) -> None:
        """Filter the list by what the key opened."""
        self.program.filter_main(f'key == "{row.about}"')
