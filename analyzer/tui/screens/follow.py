"""Follow: one association as a dialogue, request and answer in turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from analyzer.export.glyphs import GLYPHS, MARKS
from analyzer.export.times import clock_text
from analyzer.record import REQUEST, RESPONSE
from analyzer.tui.columns import COLOURS, duration_text
from analyzer.tui.fitting import printable
from analyzer.tui.screens.dialogue import DialogueScreen
from analyzer.tui.widgets.rows import Rows
from analyzer.tui.widgets.text_pane import Paragraph, Target, TextPane
from dissectors.tree import Severity

if TYPE_CHECKING:
    from analyzer.export.lines import RecordLine

_ROOM_FOR_TIMES = 60
"""Cells of a screen that shows when a record came; below that little of what it says would stand in a line."""


class FollowScreen(DialogueScreen):
    """The records of an association as what two sides say to each other."""

    title_text = "Follow"

    def __init__(self) -> None:
        super().__init__()
        self.text_pane = TextPane()
        self._is_timed = True
        """Whether the dialogue that is shown has times."""

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        yield self.text_pane

    def on_mount(self) -> None:
        """Show the dialogue, with the cursor at the record it was opened from."""
        self.find_records()
        super().on_mount()
        self.show_records()
        self.text_pane.focus()
        for index, (paragraph, _, _) in enumerate(self.text_pane.lines):
            if paragraph.target is not None and paragraph.target.record == self.opened_from:
                self.text_pane.move_to(index, centre=True)
                break

    @property
    def _has_times(self) -> bool:
        return self.size.width >= _ROOM_FOR_TIMES

    def on_resize(self) -> None:
        """Show times where there is room for them by now, or no more."""
        if self.stands and self._is_timed != self._has_times:
            self.show_records()

    def show_records(self) -> None:
        """Write the dialogue, the cursor on the record where it was; on the last line it stays at the end."""
        pane = self.text_pane
        number = pane.target.record if pane.target is not None else 0
        was_last = 0 < pane.count == pane.cursor + 1
        pane.say_why(self.nothing_said())
        self._is_timed = self._has_times
        pane.show(list(self._paragraphs()), keeps=True)
        targets = [paragraph.target.record if paragraph.target is not None else 0 for paragraph, _, _ in pane.lines]
        if was_last:
            pane.move_to(pane.count - 1)
        elif number in targets:
            pane.cursor = targets.index(number)

    def _paragraphs(self, *, is_whole: bool = False) -> Iterator[Paragraph]:
        """Write what was said; what is noted of one record after another stands at the first alone."""
        capture = self.program.capture
        before: set[str] = set()
        for line in capture.lines(self.numbers):
            glyph = GLYPHS.get(line.direction, "·")
            colour = {REQUEST: "request", RESPONSE: "response"}.get(line.direction, "muted")
            time_ns = line.time_ns if is_whole or self._has_times else None
            time = "" if time_ns is None else clock_text(time_ns, 3, utc=self.program.is_utc)[11:]
            mark = MARKS[Severity(line.severity)] if line.severity > Severity.CHAT else " "
            text = f"{glyph} {line.summary}{self._answered(line)}"
            label = f"{line.number:>5} {mark} {time}".rstrip()
            yield Paragraph(text, colour, label, "faint", Target(line.number))
            notes = capture.record(line.number).notes if line.severity > Severity.CHAT else ()
            for note in notes:
                said = f"{note.code}: {note.text}"
                if said not in before:
                    yield Paragraph(said, COLOURS[note.severity].split()[0], " ", target=Target(line.number))
            before = {f"{note.code}: {note.text}" for note in notes}

    @staticmethod
    def _answered(line: RecordLine) -> str:
        return f"  ({duration_text(line.latency_ns)})" if line.latency_ns is not None else ""

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Go to the record."""
        if self.text_pane.target is not None:
            self.program.go_to(*self.text_pane.target)

    def exported_text(self) -> str:
        """Give the dialogue as text, a record or note a line."""
        paragraphs = list(self._paragraphs(is_whole=True))
        width = max((len(one.label) for one in paragraphs), default=0)
        return "".join(f" {one.label:<{width}}  {printable(one.text)}\n" for one in paragraphs)
