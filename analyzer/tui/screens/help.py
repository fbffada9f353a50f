"""Help: every command with its keys, made from the table, and what the signs mean."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult

from analyzer.tui.columns import LOCK_LEGEND
from analyzer.tui.commands import GROUPS
from analyzer.tui.screens.base import BaseScreen
from analyzer.tui.widgets.bars import StatusBar
from analyzer.tui.widgets.rows import Rows
from analyzer.tui.widgets.text_pane import Paragraph, TextPane

_SIGNS = (
    ("direction", "→ request · ← response · ⇠ unsolicited"),
    ("severity", "✗ error · ! warning · · note"),
    ("lock", LOCK_LEGEND),
    ("number", "a letter is a mark, * a bookmark"),
)


_HINTS = (("open", "runs it"), ("back", "back"))


class HelpScreen(BaseScreen):
    """All commands."""

    title_text = "Help"
    lies_over = True

    def __init__(self) -> None:
        super().__init__()
        self.text_pane = TextPane()
        self._names: dict[Paragraph, str] = {}
        """What each line runs."""

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        yield self.text_pane

    def on_mount(self) -> None:
        """Show the commands."""
        super().on_mount()
        self.text_pane.show(list(self._paragraphs()))
        self.text_pane.focus()

    def _paragraphs(self) -> Iterator[Paragraph]:
        keymap = self.program.keymap
        for group, commands in GROUPS.items():
            yield Paragraph(group, "accent bold")
            for one in commands:
                keys = "  ".join(keymap.texts(one.name)) or f":{one.name}"
                line = Paragraph(one.help, label=keys, label_colour="value", indent=2)
                self._names[line] = one.name
                yield line
            yield Paragraph("")
        yield Paragraph("Signs", "accent bold")
        for name, text in _SIGNS:
            yield Paragraph(text, label=name, label_colour="value", indent=2)
        yield Paragraph("")
        settings = self.program.settings
        yield Paragraph(f"Your own keys, columns and theme: {settings.path}", "muted")
        if settings.problem:
            yield Paragraph(settings.problem, "error")
        yield Paragraph('theme = "light"     [keys]     doctor = ["d", "f2"]', "muted")

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Run the command of the line where the help was asked for."""
        lines, cursor = self.text_pane.lines, self.text_pane.cursor
        name = self._names.get(lines[cursor][0], "") if cursor < len(lines) else ""
        if name:
            self.program.leave_for(name)

    def show_status(self) -> None:
        """Say how to leave."""
        for bar in self.query(StatusBar):
            bar.stand([(" every command also by its name behind :", "muted")], self.hinted(_HINTS))
