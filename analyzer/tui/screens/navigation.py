"""Ways through the records of the main screen: problems, answers, marks, times, searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analyzer.tui.lookup import (
    Search,
    at_time,
    neighbour,
    octets_sought,
    problems,
    request_of,
    response_to,
    undecoded,
)
from analyzer.tui.screens.base import BaseScreen
from analyzer.tui.selection import Place, step_at
from analyzer.tui.widgets.prompt import Question, Verdict
from dissectors.tree import Kind

if TYPE_CHECKING:
    from analyzer.capture import Detail
    from analyzer.tui.widgets.hex_pane import HexPane
    from analyzer.tui.widgets.record_list import RecordList
    from analyzer.tui.widgets.tree_pane import TreePane

_MINUTE_NS = 60_000_000_000
_HOUR_NS = 60 * _MINUTE_NS


class Navigation(BaseScreen):
    """Commands that put the cursor on another record."""

    records: RecordList
    tree_pane: TreePane
    octets: HexPane
    detail: Detail | None

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, int] = {}
        self.last_mark = 0
        """The record that was marked last; 0 for none."""
        self.bookmarks: set[int] = set()
        self._search: Search | None = None
        self._sought = ""
        self._back = 0
        """The record that the cursor jumped from."""

    def show_record(self) -> None:
        """Show the record under the cursor in the lower panes."""
        raise NotImplementedError

    # -- going ----------------------------------------------------------------------------------------------------

    def go_to(self, number: int, place: Place | None = None, *, nothing: str = "no such record") -> bool:
        """Put the cursor on a record, and on octets of it. Returns whether it is there."""
        if not 1 <= number <= self.records.height:
            self.flash(nothing, "warning")
            return False
        self._back = self.records.number
        if not self.records.go_to_record(number):
            self.flash(f"record {number} is hidden by the filter", "warning")
            return False
        self.show_record()
        if place is not None and place.end > place.start and self.detail is not None:
            step = step_at(self.detail.nodes, place.buffer, place.start)
            if step is not None:
                self.tree_pane.select(step)
            self.octets.select(place)
        return True

    def arrive(self, number: int, place: Place | None) -> None:
        """Go to a record that another screen named; a filter that hides it gives way."""
        if 1 <= number <= self.records.height and not self.records.shows(number):
            self.answer_filter("")  # type: ignore[attr-defined]
            self.flash("the filter hid this record and was taken away")
        self.go_to(number, place)

    def _go_among(self, numbers: list[int], by: int, what: str, nothing: str = "") -> None:
        """Go to the next of *numbers* that is shown; at the end begin anew."""
        shown = [one for one in numbers if self.records.shows(one)]
        found = neighbour(shown, self.records.number, by)
        if not found and shown:
            found = shown[0] if by > 0 else shown[-1]
            self.flash(f"went on from the {'first' if by > 0 else 'last'} {what}")
        self.go_to(found, nothing=f"the filter hides every {what}" if numbers else nothing or f"no {what}")

    def command_last(self, count: int) -> None:
        """Go to the last row, or to the record that was typed."""
        if isinstance(self.focused, type(self.octets)):
            self.octets.command_last(count)
        elif count and self.focused is self.records:
            self.go_to(count, nothing=f"there are {self.records.height} records")
        elif self.focused is not None:
            self.focused.command_last(count)  # type: ignore[attr-defined]

    def command_go_to(self, count: int, number: str = "") -> None:
        """Go to the record of a number from any pane, or ask for it."""
        if number.isdecimal():
            self.go_to(int(number[:9]), nothing=f"there are {self.records.height:,} records")
        else:
            super().command_go_to(count, number)

    def command_next_record(self, count: int) -> None:
        """Go to the next record, whichever pane has the keys."""
        self.records.move_by(count or 1)

    def command_previous_record(self, count: int) -> None:
        """Go to the one before."""
        self.records.move_by(-(count or 1))

    def command_next_problem(self, count: int) -> None:
        """Go to the next record with a warning or an error."""
        self._to_problem(1)

    def command_previous_problem(self, count: int) -> None:
        """Go to the previous one."""
        self._to_problem(-1)

    def _to_problem(self, by: int) -> None:
        capture = self.program.capture
        if capture.progress.is_done:
            nothing = f"no record has a problem; {self.program.keymap.text('doctor')} looks at all of them together"
        else:
            nothing = f"none of the {capture.table.height:,} records so far has a problem"
        self._go_among(problems(capture.table), by, "problem", nothing)
        self.tree_pane.to_note()

    def command_request(self, count: int) -> None:
        """Go to the request of this response."""
        number = self.records.number
        if number:
            self.go_to(request_of(self.program.capture.table, number), nothing="this answers no request")

    def command_response(self, count: int) -> None:
        """Go to the response to this request."""
        number = self.records.number
        if number:
            self.go_to(response_to(self.program.capture.table, number), nothing="nothing answers this")

    def command_next_undecoded(self, count: int) -> None:
        """Go to the next octets that nothing explains: in this record, then in those behind it."""
        items = self.tree_pane.items
        for index, item in enumerate(items):
            if index > self.tree_pane.cursor and item.note is None and item.step.node.kind == Kind.UNDECODED:
                self.tree_pane.move_to(index)
                return
        self._go_among(undecoded(self.program.capture.table), 1, "record with octets that nothing explains")

    def _by_time(self, by_ns: int) -> None:
        number = self.records.number
        if number:
            found = at_time(self.program.capture.table, number, by_ns)
            if found and not self.records.shows(found):
                found = self.records.number_at(min(self.records.index_of(found), self.records.count - 1))
            self.go_to(found, nothing="this capture has no times")

    def command_minute_on(self, count: int) -> None:
        """Go a minute on."""
        self._by_time(_MINUTE_NS * (count or 1))

    def command_minute_back(self, count: int) -> None:
        """Go a minute back."""
        self._by_time(-_MINUTE_NS * (count or 1))

    def command_hour_on(self, count: int) -> None:
        """Go an hour on."""
        self._by_time(_HOUR_NS * (count or 1))

    def command_hour_back(self, count: int) -> None:
        """Go an hour back."""
        self._by_time(-_HOUR_NS * (count or 1))

    # -- marks ----------------------------------------------------------------------------------------------------

    def command_mark(self, count: int, letter: str) -> None:
        """Mark the record with a letter."""
        number = self.records.number
        if not number or not letter:
            self.flash("mark: a letter is missing, as in :mark a" if number else "no record to mark", "warning")
            return
        self.marks[letter[0]] = self.last_mark = number
        self._show_marks()
        self.flash(f"record {number} is marked {letter[0]}; D compares another with it")

    def command_to_mark(self, count: int, letter: str) -> None:
        """Go to the record marked with a letter; ' itself goes back to where the cursor came from."""
        number = self._back if letter == "'" else self.marks.get(letter[:1], 0)
        self.go_to(number, nothing=f"nothing is marked {letter}" if letter else "to-mark: a letter is missing")

    def command_bookmark(self, count: int) -> None:
        """Bookmark the record, or take the bookmark away."""
        number = self.records.number
        if number:
            self.bookmarks ^= {number}
            self._show_marks()

    def command_next_bookmark(self, count: int) -> None:
        """Go to the next bookmark."""
        self._go_among(sorted(self.bookmarks), 1, "bookmark")

    def _show_marks(self) -> None:
        signs = dict.fromkeys(self.bookmarks, "*")
        self.records.marks = signs | {number: letter for letter, number in self.marks.items()}
        self.records.refresh()

    def renumber(self, new: Callable[[int], int]) -> None:
        """Let marks stay with their records, whose numbers are others now, or none any more."""
        self.marks = {letter: number for letter, one in self.marks.items() if (number := new(one))}
        self.bookmarks = {number for one in self.bookmarks if (number := new(one))}
        self.last_mark, self._back = new(self.last_mark), new(self._back)
        self._show_marks()

    # -- search ---------------------------------------------------------------------------------------------------

    def command_find(self, count: int, text: str = "") -> None:
        """Ask for octets or text, and look for them."""
        if text:
            self.answer_find(text)
        else:
            self.ask(Question("find", "find", check=_sought, hint="octets in hex, or text"))

    def answer_find(self, text: str) -> None:
        """Look for octets or text."""
        self._sought = text
        if text:
            self._look(1)

    def command_next_match(self, count: int) -> None:
        """Go to the next match of the search, else to the next row that the filter left."""
        self._match(1)

    def command_previous_match(self, count: int) -> None:
        """Go to the previous one."""
        self._match(-1)

    def _match(self, by: int) -> None:
        if self._sought:
            self._look(by)
        elif self.records.highlights:
            numbers = sorted({one + 1 for rule in self.records.highlights for one in rule})
            self._go_among(numbers, by, "highlighted record")
        else:
            self.records.move_by(by)

    def _look(self, by: int) -> None:
        self._search = Search(self.program.capture, self._sought, self.records.number, by, self.records.shows)
        self._go_on()

    def _go_on(self) -> None:
        search = self._search
        if search is None:
            return
        search.step()
        if not search.is_done:
            self.flash(f"looking for {self._sought}: record {search.at}; Ctrl+C stops")
            self.set_timer(0.001, self._go_on)
            return
        self._search = None
        if not search.found:
            self.flash(f"no further record holds {self._sought}", "warning")
            return
        self.go_to(search.found, self._place_of(search.found, search))
        self.flash(f"found in record {search.found}; n goes on")

    def _place_of(self, number: int, search: Search) -> Place | None:
        """Find where in a record the octets stand that were sought."""
        buffers = [octets for _, octets in self.program.capture.detail(number).buffers]
        text = search.text.encode()
        for wanted, held in ((search.octets, buffers), (text, [octets.lower() for octets in buffers])):
            for buffer, octets in enumerate(held):
                if wanted and (at := octets.find(wanted)) >= 0:
                    return Place(buffer, at, at + len(wanted))
        return None

    def stop_search(self) -> bool:
        """Stop a search. Returns whether there was one."""
        was_on, self._search = self._search is not None, None
        return was_on


def _sought(text: str) -> Verdict:
    octets, words = octets_sought(text)
    said = [f"{len(octets):,} octet{'s' * (len(octets) != 1)}"] * bool(octets) + ["text"] * bool(words)
    return Verdict(True, " or ".join(said))
