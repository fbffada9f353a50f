"""Filters and highlight rules of the main screen: asked for with live validity, run beside the keys."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from analyzer.tui.screens.navigation import Navigation
from analyzer.tui.widgets.prompt import Choice, Question, Verdict, remember
from dissectors.tree import Node, shown

if TYPE_CHECKING:
    from analyzer.index.filtering import FilterRun

FILTER_EXAMPLES = ('service == "get-response"', "obis == 1-0:1.8.0", "error", '"clock"')
_TICK_SECONDS = 0.02
_HAS_OR = re.compile(r"\|\||\bor\b", re.IGNORECASE)
"""What binds less than the ``&&`` that is put behind it."""


class Filtering(Navigation):
    """Commands that choose which records are shown, and which are highlighted."""

    def __init__(self) -> None:
        super().__init__()
        self.filter_run: FilterRun | None = None
        """The filter whose matches are shown; None shows all records."""
        self.rules: list[FilterRun] = []
        """Filters whose matches are highlighted."""

    @property
    def filter_text(self) -> str:
        """The filter as it was typed; empty for none."""
        return self.filter_run.text if self.filter_run is not None else ""

    # -- filter ---------------------------------------------------------------------------------------------------

    def command_filter(self, count: int, text: str = "") -> None:
        """Ask for a filter, or take the one given."""
        if text:
            self.answer_filter(text)
        else:
            self.ask(self._question("filter", "filter")._replace(is_guess=True), self.filter_text)

    def _question(self, kind: str, label: str) -> Question:
        return Question(kind, label, self._completions, self._verdict, hint=" · ".join(FILTER_EXAMPLES))

    def _completions(self, text: str) -> list[Choice]:
        found = self.program.capture.complete(text, len(text))
        return [Choice(text[: found.start] + one + text[found.end :], one) for one in found.texts]

    def _verdict(self, text: str) -> Verdict:
        from analyzer.filter import FilterError, compile_filter

        try:
            compile_filter(text, utc=self.program.options.is_utc)
        except FilterError as problem:
            start = problem.position  # what is wrong there is underlined: the room is for what to write instead
            told = problem.advice or f"at {start + 1}: {problem.message}"
            return Verdict(False, told, (start, start + problem.length))
        return Verdict(True, "Enter filters")

    def answer_filter(self, text: str) -> None:
        """Show only what *text* means; nothing shows all again."""
        if self.filter_run is not None:
            self.filter_run.cancel()
        if not text.strip():
            self.filter_run = None
            self.records.filter_by(None)
            self.records.refresh()
            self.show_record()
            self.show_lines()
            return
        run = self.program.capture.filter(text, utc=self.program.options.is_utc)
        if run.error is not None:
            self.flash(f"filter, at {run.error[0] + 1}: {run.error[1]}", "error")
            return
        self.filter_run = run
        remember(self.program.history, "filter", text.strip())
        run.poll(_TICK_SECONDS)
        self.records.filter_by(run.matches)
        self.show_record()
        self._go_on_filtering()

    def _go_on_filtering(self) -> None:
        run = self.filter_run
        if run is None:
            return
        if run.poll(_TICK_SECONDS):
            if self.records.matches is run.matches:
                self.records.take()
            else:  # decided anew
                self.records.filter_by(run.matches)
            self.show_record()
        self.show_lines()
        if not run.is_done:
            self.set_timer(0.001, self._go_on_filtering)

    def take_filters(self) -> None:
        """Let the filter and the rules see the records that came."""
        if self.filter_run is not None:
            self._go_on_filtering()
        if self.rules:
            self._go_on_highlighting()

    def restart_filters(self) -> None:
        """Decide anew: the capture was read again."""
        if self.filter_run is not None:
            self.answer_filter(self.filter_run.text)
        texts = [rule.text for rule in self.rules]
        self.command_no_highlight(0)
        for text in texts:
            self._add_rule(text)
        self._go_on_highlighting()

    def command_apply_node(self, count: int) -> None:
        """Filter by the field under the cursor of the tree."""
        expression = self._of_node()
        if expression:
            self.answer_filter(expression)
            self.flash(f"filter: {expression}")

    def command_prepare_node(self, count: int) -> None:
        """Ask for a filter: the one there is, and the field under the cursor of the tree."""
        expression = self._of_node()
        if expression:
            before = self.filter_text.strip()
            if _HAS_OR.search(before):
                before = f"({before})"
            self.ask(self._question("filter", "filter"), f"{before} && {expression}" if before else expression)

    def _of_node(self) -> str:
        """Write the filter of the field under the cursor of the tree; empty, and said, where there is none."""
        item = self.tree_pane.item
        if item is None:
            return ""
        note = item.note
        expression = expression_of(item.step.path, item.step.node) if note is None else f"note == {note.code}"
        if self._verdict(expression).is_valid:
            return expression
        self.flash(f"{note.code if note is not None else item.step.node.name}: no filter can ask for it", "warning")
        return ""

    # -- highlight ------------------------------------------------------------------------------------------------

    def command_highlight(self, count: int, text: str = "") -> None:
        """Ask for one more highlight rule."""
        if text:
            self.answer_highlight(text)
        else:
            self.ask(self._question("highlight", "highlight"))

    def answer_highlight(self, text: str) -> None:
        """Highlight what *text* means, beside what is highlighted."""
        if not text.strip():
            self.command_no_highlight(0)
        elif self._add_rule(text):
            self._go_on_highlighting(tells=True)

    def _add_rule(self, text: str) -> bool:
        """Take one more highlight rule; one that is wrong is said. Returns whether it could be taken."""
        run = self.program.capture.filter(text, utc=self.program.options.is_utc)
        if run.error is not None:
            self.flash(f"highlight, at {run.error[0] + 1}: {run.error[1]}", "error")
            return False
        self.rules.append(run)
        self.records.highlights = [rule.matches for rule in self.rules]
        return True

    def _go_on_highlighting(self, *, tells: bool = False) -> None:
        has_more = False
        for rule in self.rules:
            if rule.poll(_TICK_SECONDS):
                self.records.highlights = [one.matches for one in self.rules]
                self.records.refresh()
            has_more |= not rule.is_done
        if has_more:
            self.set_timer(0.001, partial(self._go_on_highlighting, tells=tells))
        elif tells:
            keymap, count = self.program.keymap, len(self.rules[-1].matches)
            told = f"highlighted: {count:,} record{'s' * (count != 1)}"
            self.flash(f"{told}; {keymap.text('next-match')} goes on, {keymap.text('no-highlight')} takes it away")

    def command_no_highlight(self, count: int) -> None:
        """Take all highlight rules away."""
        for rule in self.rules:
            rule.cancel()
        self.rules.clear()
        self.records.highlights = []
        self.records.refresh()

    def command_cancel(self, count: int) -> None:
        """Stop a search, a filter that still runs, else the index pass."""
        if self.stop_search():
            self.flash("the search was stopped")
        elif self.filter_run is not None and not self.filter_run.is_done:
            self.filter_run.cancel()
            self.flash("the filter was stopped: the list has what it found so far")
        elif not self.program.capture.progress.is_done:
            self.program.capture.cancel()
            self.flash("reading was stopped: the records so far stay")
        elif self.program.capture.again is not None:
            self.program.capture.cancel()
            self.flash("reading again was stopped: the list shows what was read before")
        else:
            self.flash(f"nothing runs; {self.program.keymap.text('quit')} quits")

    def command_back(self, count: int) -> None:
        """Go back to the screen that led here, else take the filter away, else quit."""
        if self.program.came_from:
            self.program.open_screen(self.program.came_from)
        elif self.filter_run is not None:
            self.answer_filter("")
        else:
            self.program.command_quit(count)

    def command_close(self, count: int) -> None:
        """Go back to the screen that led here, else take the filter away."""
        if self.program.came_from or self.filter_run is not None:
            self.command_back(count)
        else:
            self.program.command_close(count)

    def show_lines(self) -> None:
        """Write the headings and the status line."""
        raise NotImplementedError


def name_of(path: tuple[str, ...]) -> str:
    """Name the field of the tree to which *path* leads, as filters and columns do."""
    return ".".join(path[-2:])


def expression_of(path: tuple[str, ...], node: Node) -> str:
    """Write the filter that a field of the tree stands for."""
    name = name_of(path)
    if node.children or node.value is None:
        return node.name
    value = node.value
    if isinstance(value, bool):
        return f"{name} == {'true' if value else 'false'}"
    if isinstance(value, int):
        return f"{name} == {value}"
    text = str(value) if value is not None else shown(node)
    return f'{name} == "{text}"'
