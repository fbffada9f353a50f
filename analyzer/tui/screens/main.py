"""The main screen: record list, tree and octets, with the selection in all directions."""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult

from analyzer.tui.columns import COLUMNS, Known
from analyzer.tui.commands import key_text
from analyzer.tui.fitting import fit
from analyzer.tui.screens.base import NOTHING
from analyzer.tui.screens.taking import Taking
from analyzer.tui.selection import place_of, step_at
from analyzer.tui.widgets.bars import Heading, Said, StatusBar
from analyzer.tui.widgets.ground import Pane, Part
from analyzer.tui.widgets.hex_pane import HexPane
from analyzer.tui.widgets.prompt import Prompt
from analyzer.tui.widgets.record_list import RecordList
from analyzer.tui.widgets.rows import Rows
from analyzer.tui.widgets.tree_pane import TreePane

if TYPE_CHECKING:
    from analyzer.capture import Capture, Detail
    from analyzer.tui.rings import Renumbering

_QUICK_SECONDS = 0.01
LAYOUTS = ("stacked", "side", "wide")
_SIDE_WIDTH, _WIDE_WIDTH = 132, 200
_HINTS = (("quit", "quit"), ("filter", "filter"), ("next-problem", "problem"), ("doctor", "doctor"), ("help", "help"))
_NEED_RECORDS = frozenset(("filter", "next-problem"))


class MainScreen(Taking):
    """Three panes over one capture."""

    contexts = ("main",)

    def __init__(self) -> None:
        super().__init__()
        self.records = RecordList(id="records")
        self.tree_pane = TreePane(id="tree")
        self.octets = HexPane(id="octets")
        self.detail: Detail | None = None
        self.shown = 0
        """The number of the record in the lower panes."""
        self._own_layout = ""
        self._is_complete = False
        self._was_quick = True
        """Whether the record before took no time that a person notices."""
        self._maximised: Rows | None = None
        """The pane that has all the room, if one has."""

    def lay_out(self) -> ComposeResult:
        """Lay out the panes."""
        with Part(id="panes", classes=self._usual_layout(self.app.size.width)):
            with Pane(id="list-pane"):
                yield Heading(id="list-heading")
                yield self.records
            with Part(id="details"):
                with Pane(id="tree-pane"):
                    yield Heading(id="tree-heading", share=1 / 3)  # a filter that is on is seen before what is faint
                    yield self.tree_pane
                with Pane(id="hex-pane"):
                    yield Heading(id="hex-heading")
                    yield self.octets

    def on_mount(self) -> None:
        """Take the capture."""
        self.records.names = self.program.settings.columns or self.records.names
        self.records.focus()
        self._lay_out()
        super().on_mount()
        self.show_headings()
        if self.program.options.inputs:
            self.call_after_refresh(self.program.begin)

    def _pop_result_callback(self) -> None:
        """Give way to the main screen of other inputs; for the first one, which was never pushed, nobody waits."""
        if self._result_callbacks:
            super()._pop_result_callback()

    # -- the capture ----------------------------------------------------------------------------------------------

    def begin(self, capture: Capture) -> None:
        """Take a capture, whose records are to come."""
        known = Known()  # not asked before the window stands: fields take time to load
        self.records.names = tuple(name for name in self.records.names if name in known) or tuple(COLUMNS)
        self.records.capture = capture
        self.records.is_utc = self.program.options.is_utc or capture.has_local_times
        if self.program.options.filter:
            self.answer_filter(self.program.options.filter)

    def take(self, *, is_done: bool) -> None:
        """Take what the capture has got meanwhile."""
        self.show_title()
        if self.is_paused and self.records.count:
            return
        self.take_filters()
        self.records.take()
        if is_done and not self._is_complete:
            self._is_complete = True  # units and names that stand further on are known now
            self.records.is_utc = self.program.options.is_utc or self.program.capture.has_local_times
            self.records.forget_lines()
            self._say_why_empty()
        self.follow_end()
        if not self.shown and self.records.count:
            self.show_record()
        else:
            self.show_lines()

    def _say_why_empty(self) -> None:
        """Say in the list that the capture has no record, and where to go from there."""
        if not self.records.height and self.program.capture.live is None:
            keymap = self.program.keymap
            leads = "doctor" if self.program.capture.stories() else "sources"
            told = f"{keymap.text(leads)} says what it holds, {keymap.text('open-file')} opens another capture."
            self.records.say_why((NOTHING, told))

    def diagnosed(self) -> None:
        """Lead from an empty list to the doctor where it has something to say."""
        self._say_why_empty()

    def take_anew(self) -> None:
        """The capture was read again: the same records, with more that is known of them."""
        if self.is_paused and self.records.count:
            self.show_title()
            return
        self.records.forget_lines()
        self.restart_filters()
        self.records.take()
        self.follow_end()
        self.shown = 0
        self.show_record()
        self.show_title()

    def take_renumbered(self, moved: Renumbering) -> None:
        """The capture was read again from other files: marks and the cursor stay with their records."""
        number = self.records.number
        self.renumber(moved.new)
        before = len(self.comments)
        self.comments = {new: text for one, text in self.comments.items() if (new := moved.new(one))}
        self.has_unsaved &= bool(self.comments)
        if gone := before - len(self.comments):
            self.flash(f"what went from the ring took {gone:,} comment{'s' * (gone != 1)} with it", "warning")
        self.records.reference = moved.new(self.records.reference)
        self.take_anew()
        if (self.is_asking or not self.is_tailing) and not self.is_paused:
            now = moved.new(number)
            self.records.go_to_record(max(now, 1))
            self.show_record()
            self._ask_on(is_there=now > 0)

    def _ask_on(self, *, is_there: bool) -> None:
        """Let the menu name its record by the number that it has now; a question goes with its record."""
        prompt = self.query_one(Prompt)
        kind = prompt.question.kind if prompt.question is not None else ""
        if kind in ("menu", "comment") and not is_there:
            self.close_prompt()
        elif kind == "menu":
            prompt.name_anew(f"do with {self.selected_said}")

    def show_record(self) -> None:
        """Show the record under the cursor in the lower panes."""
        number = self.records.number
        if number == self.shown:
            return
        self.shown = number
        self.detail = None
        if number:
            began = thread_time()
            self.detail = self._commented(self.program.capture.detail(number), number)
            self._was_quick = thread_time() - began < _QUICK_SECONDS
        self.octets.show(self.detail.buffers if self.detail is not None else [])
        self.tree_pane.show(self.detail)
        self._follow_tree()
        self.show_lines()

    def _commented(self, detail: Detail, number: int) -> Detail:
        """Add what the user said about the record."""
        text = self.comments.get(number)
        if text is None:
            return detail
        from analyzer.tracking.findings import finding  # it brings Scapy, which is loaded once the window stands

        return detail._replace(notes=(finding("comment", text, 0, 0), *detail.notes))

    # -- selection ------------------------------------------------------------------------------------------------

    def rows_moved(self, rows: Rows) -> None:
        """Let the other panes follow."""
        if rows is self.records:
            if self.is_tailing and not self.is_asking and self.records.cursor < self.records.count - 1:
                self.is_tailing = False  # who scrolls wants to stay there
                self.show_title()
            if not self._was_quick:
                self.soon(self.show_record)  # the list answers the key first
            elif self.records.number != self.shown:
                self.show_record()
                return
        elif rows is self.tree_pane:
            self._follow_tree()
        elif rows is self.octets and self.detail is not None:
            step = step_at(self.detail.nodes, self.octets.buffer, self.octets.octet)
            if step is not None:
                self.tree_pane.select(step)
                self.octets.selected = place_of(step.node, step.buffer)
                self.octets.refresh()
        self.show_lines()

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Go one pane further in."""
        self.focus_pane(self.tree_pane if event.rows is self.records else self.octets)

    @property
    def selected_said(self) -> str:
        """Name the record, or the field or note of it."""
        item = self.tree_pane.item
        if self.pane is self.records or item is None:
            return f"record {self.records.number}" if self.records.number else ""
        return item.note.code if item.note is not None else item.step.node.name

    def _follow_tree(self) -> None:
        item = self.tree_pane.item
        if item is not None:
            self.octets.select(item.place)

    def give_back(self) -> None:
        """Ask no more of a capture that is closed, though the screen is seen a moment longer."""
        self.stop_search()
        self.command_no_highlight(0)
        if self.filter_run is not None:
            self.filter_run.cancel()
        self.filter_run = self.detail = self.records.capture = None

    # -- lines ----------------------------------------------------------------------------------------------------

    def on_record_list_widened(self) -> None:
        """Write what stands above the columns where they stand now."""
        self.records.refresh()
        self.show_headings()

    def show_lines(self) -> None:
        """Write the headings and the status line."""
        self.show_headings()
        self.show_status()

    def show_headings(self) -> None:
        """Write the headings of the panes."""
        focused = self.focused
        width = self.records.room
        if width:
            colour = "accent" if focused is self.records else "muted"
            self.head("#list-heading", [(self.records.heading(width), colour)])
        colour = "accent" if focused is self.tree_pane else "muted"
        of = f"Record {self.shown}" if self.shown else "Record"
        self.head("#tree-heading", [(f" {of}", colour), *self._about()], self._filter_said())
        self.head("#hex-heading", self._buffers_said() or [(" Octets", "muted")])

    def _buffers_said(self) -> list[Said]:
        """Name the buffers; of several that which is shown stands in brackets, and a click shows another."""
        pane = self.octets
        said: list[Said] = []
        for index, (name, octets) in enumerate(pane.buffers):
            is_shown = index == pane.buffer
            colour = "accent" if is_shown and pane.has_focus else "text" if is_shown else "muted"
            before, behind = ("[", "]") if is_shown and len(pane.buffers) > 1 else (" ", " ")
            turn = (
                f"next-buffer {index - pane.buffer}"
                if index > pane.buffer
                else f"previous-buffer {pane.buffer - index}"
            )
            run = "" if is_shown else turn
            said += [(f"{before}{name} ", colour, run), (f"{len(octets):,}", "muted", run), (f"{behind} ", colour, run)]
        return said

    def _about(self) -> list[tuple[str, str]]:
        """Say where the record stands in its capture."""
        from captures.chunk import PACKET

        if self.detail is None:
            return []
        row = self.program.capture.table.row(self.shown)
        octets = f"{row.length:,} octet{'s' * (row.length != 1)}"
        return [(f"  packet {row.packet & PACKET} · {octets} · {row.path.lane}", "muted")]

    def _filter_said(self) -> list[tuple[str, str]]:
        """Say which filter is on, and how far it is."""
        run = self.filter_run
        if run is None:
            return []
        records = self.records
        total = max(records.height, 1)
        far = "" if run.is_done else f", {100 * run.progress.rows // total} %"
        text = fit(run.text, min(cell_len(run.text), self.tree_pane.room // 2))
        return [(f"{text}  ", "accent"), (f"{len(run.matches):,} of {records.height:,}{far} ", "muted")]

    def show_status(self) -> None:
        """Say what is selected, and which keys matter."""
        left = self._selected()
        pending = self.program.key_reader.pending
        bar = next((one for one in self.children if isinstance(one, StatusBar)), None)
        if bar is None:
            return
        if waiting := self.program.key_reader.waiting:
            bar.say(self._continued(waiting))
            return
        right: list[Said] = [(f"{pending}  ", "accent bold")] if pending else []
        is_empty = self._is_complete and not self.records.height
        bar.stand(left, [*right, *self.hinted(one for one in _HINTS if not (is_empty and one[0] in _NEED_RECORDS))])

    def _continued(self, waiting: str) -> list[tuple[str, str]]:
        """Say which keys may follow."""
        said = [(f" {key_text(waiting)} ", "accent bold")]
        for key, command in self.program.keymap.continuations(waiting, self.key_contexts()):
            word = command.help if key == "CHAR" else command.name.removeprefix("copy-").replace("-", " ")
            said += [(f"  {'' if key == 'CHAR' else key_text(key)}", "accent"), (f" {word}", "muted")]
        return said

    def _selected(self) -> list[tuple[str, str]]:
        item = self.tree_pane.item
        if item is None or self.focused is self.records:
            records = self.records
            said = [(f" {records.cursor + 1:,} of {records.count:,} ", "muted")] if records.count else self._why_none()
            return [*said, (f" {self.program.live_text}", "accent")] if self.program.live_text else said
        place = item.place
        size = place.end - place.start
        name = item.note.code if item.note is not None else item.step.node.name
        where = f"octet {place.start}" if size == 1 else f"octets {place.start}–{place.end - 1}" if size else "no octet"
        return [(f" {name} ", "text"), (where, "muted")]

    def _why_none(self) -> list[tuple[str, str]]:
        """Say why the list is empty, where a filter left nothing."""
        if self.filter_run is None or not self.filter_run.is_done:
            return []
        return [(f" no record passes the filter; {self.program.keymap.text('close')} takes it away ", "warning")]

    def on_descendant_focus(self) -> None:
        """Show which pane has the keys."""
        self.show_lines()

    # -- layout ---------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Lay the panes out for the new size."""
        self._lay_out()
        self.soon(self.show_headings)

    def _lay_out(self) -> None:
        usual = self._usual_layout(self.size.width)
        panes = self.query_one("#panes")
        for name in LAYOUTS:
            panes.set_class(name == (self._own_layout or usual), name)
        alone = self._maximised
        for pane in self.query(Pane):
            pane.set_class(alone is not None and alone not in pane.children, "hidden")
        self.query_one("#details").display = alone is not self.records

    def _usual_layout(self, width: int) -> str:
        return "wide" if width >= _WIDE_WIDTH else "side" if width >= _SIDE_WIDTH else "stacked"

    def command_maximise(self, count: int) -> None:
        """Give the focused pane all the room, or take it back."""
        focused = self.focused
        self._maximised = focused if self._maximised is None and isinstance(focused, Rows) else None
        self._lay_out()
        self.soon(self.show_headings)

    def command_layout(self, count: int) -> None:
        """Go to the next layout."""
        now = next((name for name in LAYOUTS if self.query_one("#panes").has_class(name)), LAYOUTS[0])
        self._own_layout = LAYOUTS[(LAYOUTS.index(now) + 1) % len(LAYOUTS)]
        self._lay_out()
        self.soon(self.show_headings)

    def command_next_buffer(self, count: int) -> None:
        """Show the octets of the next buffer."""
        self.octets.show_buffer(self.octets.buffer + (count or 1))
        self.show_headings()

    def command_previous_buffer(self, count: int) -> None:
        """Show the octets of the buffer before."""
        self.octets.show_buffer(self.octets.buffer - (count or 1))
        self.show_headings()

    def command_next_pane(self, count: int) -> None:
        """Give the keys to the next pane."""
        self._focus_pane(1)

    def command_previous_pane(self, count: int) -> None:
        """Give the keys to the pane before."""
        self._focus_pane(-1)

    def _focus_pane(self, by: int) -> None:
        panes: list[Rows] = [self.records, self.tree_pane, self.octets]
        now = next((index for index, pane in enumerate(panes) if pane.has_focus), 0)
        self.focus_pane(panes[(now + by) % 3])

    def focus_pane(self, pane: Rows) -> None:
        """Give the keys to *pane*; where one pane has all the room, that one gets it."""
        if self._maximised is None:
            pane.focus()
            return
        self._maximised = pane
        self._lay_out()
        self.soon(pane.focus)
