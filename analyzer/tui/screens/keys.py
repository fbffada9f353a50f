"""Keys: what each opened, why the rest stays closed; one more may be added while looking."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os.path import isfile

from analyzer.tui.files import path_of
from analyzer.tui.lookup import closed
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.prompt import Question, Verdict
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph

_HINT = "guek=HEX, gak@SYSTEM-TITLE=HEX, guek=@FILE, or the path of a keyring"
_NO_KEY = "guek=HEX is the encryption key, gak=HEX the authentication key"
_READS_AGAIN = "Enter reads the capture again with this key"
_HEX = re.compile(r"[\dA-Fa-f :-]{8,}")


class KeysScreen(TableScreen):
    """A row a key; it is never shown itself, only its role, place and fingerprint."""

    title_text = "Keys"
    name_of_rows = "keys"
    has_text = True
    has_survey = True
    columns = (
        TableColumn("Key", "accent", most=44),
        TableColumn("Opens", "good", is_right=True, most=8),
        TableColumn("Fails", "muted", is_right=True, most=8),
        TableColumn("Why", "muted", most=0),
    )
    hints = (("open", "what it opened"), ("add-key", "add a key"), ("export", "export"), ("back", "back"))

    def rows(self) -> Iterable[TableRow]:
        """Give a row a key."""
        found = self.program.survey_so_far
        for one in found.keys.rows() if found is not None else ():
            cells = (one.key, f"{one.opens:,}", f"{one.fails:,}", one.reason)
            yield TableRow(cells, one.key, ("", "good" if one.opens else "muted", "error" if one.fails else "muted"))

    def text_heading(self, row: TableRow | None) -> str:
        """Name the key."""
        return row.cells[0] if row is not None else ""

    def paragraphs(self, row: TableRow) -> Iterable[Paragraph]:
        """Say in full what a key did, and why it did not do more."""
        _, opens, fails, reason = row.cells
        yield Paragraph(f"{opens} APDU{'s' * (opens != '1')}", "good" if self.opens(row) else "muted", "opens")
        yield Paragraph(f"on {fails}", "error" if fails != "0" else "muted", "fails")
        if reason:
            yield Paragraph(reason, label="why")

    def opens(self, row: TableRow) -> bool:
        """Tell whether a key opened anything that could be shown."""
        return row.cells[1] != "0"

    def nothing_said(self) -> Iterable[Paragraph]:
        """Say how a key is given."""
        yield Paragraph(f"No key was given; {self.program.keymap.text('add-key')} adds one, or a keyring: {_HINT}.")

    @property
    def no_rows(self) -> str:
        """Say what a key would open."""
        count = len(closed(self.program.capture.table))
        return f"no keys: {count} ciphered APDU{'s stay' if count > 1 else ' stays'} closed" if count else "no keys"

    def command_add_key(self, count: int, text: str = "") -> None:
        """Ask for a key; what is typed is not shown, and not remembered."""
        if text:
            self.answer_key(text)
        else:
            self.ask(Question("key", "add key", check=self._verdict, is_secret=True, hint=_HINT))

    def _verdict(self, text: str) -> Verdict:
        text = text.strip()
        if "=" not in text and not isfile(path_of(text)):
            return Verdict(False, _NO_KEY if _HEX.fullmatch(text) else _HINT)
        if problem := self.program.key_problem(text):
            return Verdict(False, problem.removeprefix("--key "))
        replaces = self.program.options.key_sources.holds(text)
        return Verdict(True, _READS_AGAIN + (", in the place of the one before" if replaces else ""))

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
        if not self.opens(row):
            self.flash(f"{row.cells[0]} opened nothing", "warning")
            return
        self.program.filter_main(f'key == "{row.about}"')
