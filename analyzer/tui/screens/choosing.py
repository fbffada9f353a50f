"""Which columns the list has: chosen by their names, or from the tree, any field that filters know among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.tui.columns import COLUMNS, Known, field_problem, fields_among, is_field
from analyzer.tui.screens.filtering import Filtering, name_of
from analyzer.tui.widgets.prompt import Choice, Question, Verdict

_SUMMARY = "summary"


class Choosing(Filtering):
    """Commands that choose the columns of the list."""

    def command_columns(self, count: int) -> None:
        """Ask for the columns of the list."""
        hint = "names in their order, fields as filters have them; the usual ones if empty"
        question = Question("columns", "columns", self._column_choices, _column_verdict, hint=hint)
        self.ask(question, " ".join(self.records.names))

    def answer_columns(self, text: str) -> None:
        """Take other columns, and keep them for the next time."""
        names = tuple(dict.fromkeys(_words(text))) or tuple(COLUMNS)
        known = Known()
        if all(name in known for name in names):
            self._take_columns(names if _SUMMARY in names else (*names, _SUMMARY))

    def command_apply_column(self, count: int, name: str = "") -> None:
        """Show a field in the list, before what the record is: the one called *name*, else the selected one."""
        name = name.strip() or self._selected_field()
        names = self.records.names
        problem = field_problem(name) if name and name not in COLUMNS else ""
        if problem:
            self.flash(f"column: {problem}", "error")
        elif name in names:
            keys = self.program.keymap.text("columns")
            self.flash(f"{name} is a column already; {keys} moves it and takes it away", "warning")
        elif name:
            at = names.index(_SUMMARY) if _SUMMARY in names else len(names)
            self._take_columns((*names[:at], name, *names[at:]))
            if self.records.has_room_for(name):
                self.flash(f"column: {name}; {self.program.keymap.text('columns')} moves it and takes it away")

    def _selected_field(self) -> str:
        """Name the field under the cursor of the tree; empty, and said, where there is none."""
        item = self.tree_pane.item
        if item is None:
            return ""
        if item.note is not None:
            return "note"
        name = column_of(item.step.path)
        if not name:
            self.flash(f"{item.step.node.name}: no column can show it", "warning")
        return name

    def _take_columns(self, names: tuple[str, ...]) -> None:
        self.records.names = names
        self.program.settings.keep_columns(names)
        self.records.forget_lines()
        self.show_lines()
        hidden = [name for name in fields_among(names) if not self.records.has_room_for(name)]
        if hidden:
            self.flash(f"no room for {', '.join(hidden)}: the list is too narrow, or has too many columns", "warning")

    def _column_choices(self, text: str) -> list[Choice]:
        """Complete the last name: the usual columns, fields, then names of the tree, those of the record first."""
        from analyzer.filter.fields import FIELDS

        at = max(text.rfind(" "), text.rfind(",")) + 1
        before, word = text[:at], text[at:]
        taken = set(_words(before))
        found = [name for name in _complete(word, self._column_names(word)) if name not in taken]
        abouts = {name: one.about for name, one in FIELDS.items() if name not in COLUMNS}
        return [Choice(before + name, name, abouts.get(name, "")) for name in found]

    def _column_names(self, word: str) -> Iterator[str]:
        from analyzer.filter.fields import FIELDS

        yield from COLUMNS
        yield from FIELDS
        yield from filter(None, map(column_of, self.tree_pane.paths()))
        if word:
            yield from filter(is_field, self.program.capture.complete(word, len(word)).texts)


def column_of(path: tuple[str, ...]) -> str:
    """Name the column of the field of the tree to which *path* leads; empty where there is none.

    What stands in an APDU is called by its own name, so that other APDUs show theirs in the same column.
    """
    from analyzer.filter.bare import services
    from analyzer.filter.fields import field_of

    own, dotted = path[-1], name_of(path)
    is_shared = len(path) > 1 and path[-2].lower() in services() and field_of(own) is None
    name = next(filter(is_field, (own, dotted) if is_shared else (dotted, own)), "")
    is_another = name in COLUMNS or field_of(name) is not None
    return f"tree.{name}" if is_another else name


def _complete(word: str, names: Iterable[str]) -> list[str]:
    """Give those of *names* that begin with *word*, then those that hold it."""
    key = word.lower()
    held = [name for name in dict.fromkeys(names) if key in name.lower()]
    return sorted(held, key=lambda name: not name.lower().startswith(key))


def _column_verdict(text: str) -> Verdict:
    known = Known()
    unknown = next((word for word in _words(text) if word not in known), "")
    return Verdict(not unknown, field_problem(unknown) if unknown else "")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()
