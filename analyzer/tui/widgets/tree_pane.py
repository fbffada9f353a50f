"""The tree of one record: layers and fields, what each says, and the notes beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.style import Style
from textual import events

from analyzer.export.glyphs import MARKS
from analyzer.tui.columns import COLOURS
from analyzer.tui.fitting import printable
from analyzer.tui.selection import Place, Step, children_of, place_of, steps
from analyzer.tui.widgets.rows import Piece, Rows
from dissectors.tree import Kind, Node, Note, shown

if TYPE_CHECKING:
    from analyzer.capture import Detail

_MANY = 12
"""Among so many members those that have members themselves begin closed."""
_INFORMATION = "information"
"""The field of HDLC that holds the APDU."""
_MOST_REMEMBERED = 4096
_MOST_NAMED = 1024


class Item(NamedTuple):
    """A row of the tree: a node, or a note about one."""

    step: Step
    note: Note | None = None

    @property
    def place(self) -> Place:
        """The octets that it stands for."""
        if self.note is not None and self.note.end > self.note.start:
            return Place(self.step.buffer, self.note.start, self.note.end)
        return place_of(self.step.node, self.step.buffer)


class TreePane(Rows):
    """Shows the nodes of a record; what was opened and closed stays so in the next one."""

    contexts = ("tree", "rows")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.items: list[Item] = []
        self._roots: list[Node] = []
        self._notes: tuple[Note, ...] = ()
        self._chosen: dict[int, bool] = {}
        self._remembered: dict[tuple[str, ...], bool] = {}
        self._path: tuple[str, ...] = ()

    @property
    def item(self) -> Item | None:
        """The row under the cursor."""
        return self.items[self.cursor] if self.items else None

    def show(self, detail: Detail | None) -> None:
        """Show another record; the cursor stays at the field that it was on, where there is one."""
        self._roots = detail.nodes if detail is not None else []
        notes = detail.notes if detail is not None else ()
        self._notes = tuple(sorted(notes, key=lambda note: -note.severity))  # what is wrong comes before all
        self._chosen.clear()
        self._flatten()
        self.cursor = self._start()
        self.go_to(self.cursor if self.cursor != len(self._notes) else 0)
        self.show_cursor()
        self.refresh()

    def to_note(self) -> None:
        """Put the cursor on the worst note: what is wrong with the record is in sight then."""
        noted = [(index, item.note) for index, item in enumerate(self.items) if item.note is not None]
        if noted:
            self.move_to(max(noted, key=lambda one: one[1].severity)[0])

    def select(self, step: Step) -> None:
        """Put the cursor on a node; what it lies in opens."""
        self._open_to(step.node)
        self._flatten()
        for index, item in enumerate(self.items):
            if item.step.node is step.node and item.note is None:
                self._path = step.path
                self.cursor = index
                self.show_cursor(centre=True)
                break
        self.refresh()

    def _start(self) -> int:
        """Find where the cursor begins: where it was, else at the innermost APDU."""
        best = 0
        for index, item in enumerate(self.items):
            if item.note is not None:
                continue
            if item.step.path == self._path:
                return index
            path = item.step.path
            if item.step.depth == 0 or (path[-2] == _INFORMATION and item.step.node.kind != Kind.HIDDEN):
                best = index
        return best

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Give the names that lead to the first nodes, shown or not."""
        return (step.path for step in islice(steps(self._roots), _MOST_NAMED) if step.node.kind is not Kind.HIDDEN)

    # -- which rows -----------------------------------------------------------------------------------------------

    def _flatten(self) -> None:
        self.items = list(self._visible())
        self.set_count(len(self.items))

    def _visible(self) -> Iterator[Item]:
        roots = [Step(node, 0, node.buffer, (node.name,)) for node in self._roots]
        if roots:
            yield from (Item(roots[0], note) for note in self._notes)
        stack = roots[::-1]
        while stack:
            step = stack.pop()
            yield Item(step)
            yield from (Item(step._replace(depth=step.depth + 1), note) for note in step.node.notes)
            if step.node.children and self.is_open(step):
                stack.extend(children_of(step)[::-1])

    def is_open(self, step: Step) -> bool:
        """Tell whether the members of a node are shown."""
        node = step.node
        chosen = self._chosen.get(id(node))
        if chosen is None:
            chosen = self._remembered.get(step.path)
        return _opens(node) if chosen is None else chosen

    def set_open(self, step: Step, is_open: bool) -> None:
        """Open or close a node, and remember it for the records to come."""
        self._chosen[id(step.node)] = is_open
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[step.path] = is_open
        self._flatten()

    def _open_to(self, wanted: Node) -> None:
        """Open every node that *wanted* lies in."""

        def lies_in(node: Node) -> bool:
            if node is wanted:
                return True
            for child in node.children:
                if child.start <= wanted.start and wanted.end <= child.end and lies_in(child):
                    self._chosen[id(node)] = True
                    return True
            return any(lies_in(child) for child in node.children if child.buffer and child.buffer != node.buffer)

        for root in self._roots:
            if lies_in(root):
                return

    # -- writing --------------------------------------------------------------------------------------------------

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Write a row."""
        item, palette = self.items[index], self.palette
        node, depth = item.step.node, item.step.depth
        if item.note is not None:
            name, _, manner = COLOURS[item.note.severity].partition(" ")
            style = palette.style(name, bold=bool(manner))
            cause = f" ({item.note.cause})" if item.note.cause else ""
            yield f" {'  ' * depth}{MARKS[item.note.severity] or 'i'} ", style
            yield printable(f"{item.note.code}{cause}"), style
            yield f"  {printable(item.note.text)}", palette.style("text")
            return
        twisty = ("▾ " if self.is_open(item.step) else "▸ ") if node.children else "  "
        yield f" {'  ' * depth}{twisty}", palette.style("faint")
        is_layer = depth == 0 or node.kind == Kind.LAYER
        colour = "faint" if node.kind == Kind.HIDDEN else "accent" if is_layer else "name"
        yield printable(node.name), palette.style(colour, bold=is_layer)
        if text := shown(node):
            yield "  ", Style.null()
            value = "faint" if node.kind == Kind.HIDDEN else "error" if node.kind == Kind.UNDECODED else "text"
            yield text, palette.style(value)

    # -- keys -----------------------------------------------------------------------------------------------------

    def move_to(self, index: int, *, centre: bool = False) -> None:
        """Put the cursor on a row; the records to come begin at the same field."""
        super().move_to(index, centre=centre)
        if self.items:
            self._path = self.items[self.cursor].step.path

    def command_left(self, count: int) -> None:
        """Close the node, or go to the one that it lies in."""
        item = self.item
        if item is None:
            return
        if item.note is None and item.step.node.children and self.is_open(item.step):
            self.set_open(item.step, False)
            return
        for index in range(self.cursor - 1, -1, -1):
            if self.items[index].step.depth < item.step.depth and self.items[index].note is None:
                self.move_to(index)
                return

    def command_right(self, count: int) -> None:
        """Open the node, or go to its first member."""
        item = self.item
        if item is None or item.note is not None or not item.step.node.children:
            return
        if self.is_open(item.step):
            self.move_by(1)
        else:
            self.set_open(item.step, True)

    def clicked(self, event: events.Click) -> None:
        """Open or close where the sign before a node is clicked."""
        item = self.item
        if item is not None and item.note is None and item.step.node.children:
            sign = 1 + 2 * item.step.depth
            if sign <= event.x <= sign + 1:
                self.set_open(item.step, not self.is_open(item.step))


def _opens(node: Node) -> bool:
    """Tell whether a node is open to begin with: not groups of bits, and not each of many rows."""
    if node.kind == Kind.BITS:
        return False
    return len(node.children) <= _MANY or not any(child.children for child in node.children[:_MANY])
