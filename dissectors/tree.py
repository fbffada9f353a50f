"""The tree that dissection gives: nodes with bit spans, notes, and the problems that stop a reading.

Value types only; source of the ideas: Wireshark's proto tree and expert items.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple


class Kind(IntEnum):
    """What a node is in the JSON form of its layer."""

    LEAF = 0  # a value
    SEQUENCE = 1  # members by name
    SEQUENCE_OF = 2  # items in order
    CHOICE = 3  # one alternative
    HIDDEN = 4  # octets that carry structure: tags, lengths, presence flags
    BITS = 5  # a group of bits; its children are the parts
    UNDECODED = 6  # octets that could not be read, or were not meant to be
    DATA = 7  # an element of A-XDR Data
    LAYER = 8  # a layer inside another: an APDU inside user-information
    WRAP = 9  # a layer or alternative that only wraps one member


class Severity(IntEnum):
    """How much a note matters; the order counts."""

    CHAT = 0
    NOTE = 1
    WARNING = 2
    ERROR = 3


class Note(NamedTuple):
    """One finding of the dissection itself.

    *code* is a stable kebab-case fact, *cause* a code for why; *start* and *end* are octet offsets.
    """

    code: str
    severity: Severity
    group: str
    text: str
    start: int
    end: int
    cause: str = ""
    confidence: str = "certain"
    """Of the cause: ``certain``, ``likely`` or ``possible``."""
    before: int = 0
    """The number of the earlier record that is compared with; 0 for none, or where nobody needs it but readers."""


def unread(text: str, at: int, end: int, *, is_short: bool) -> Note:
    """Say why octets *at* to *end* do not read: *is_short* where the data ends too soon, which may be the capture's."""
    if is_short:
        return Note("capture-cut", Severity.NOTE, "reassembly", text, at, end)
    return Note("apdu-malformed", Severity.ERROR, "malformed", text, at, end)


class Problem(Exception):  # noqa: N818 -- the field says problem; it never leaves the engines
    """Reading stopped at octet *at*: raised inside the engines only, never out of them."""

    def __init__(self, at: int, reason: str, *, is_short: bool = False) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason
        self.is_short = is_short
        self.is_placed = False
        self.partial: Any = None


class Truncated(Problem):
    """A field needs more octets than are left."""

    def __init__(self, at: int, needs: int, left: int) -> None:
        super().__init__(at, f"needs {needs} octet{'s' * (needs != 1)}, {max(left, 0)} left", is_short=True)


class Node:
    """An element of the tree.

    *start* and *end* are bits in *buffer*; *value* is plain (int, str, bool, None, list); *text* is for a person.
    """

    __slots__ = ("buffer", "children", "end", "kind", "layer", "name", "notes", "start", "text", "value")

    def __init__(
        self, name: str, kind: Kind, start: int, end: int, value: Any = None, text: str = "", buffer: int = 0
    ) -> None:
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.value = value
        self.text = text
        self.buffer = buffer
        self.layer: Any = None  # the layer class that this node was grown by, if any
        self.children: list[Node] = []
        self.notes: list[Note] = []

    def add(self, child: Node) -> Node:
        """Append *child* and give it back."""
        self.children.append(child)
        return child

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, in the order of the octets."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def leaves(self) -> Iterator[Node]:
        """Yield the nodes without children, which tile the octets of the layer."""
        return (node for node in self.walk() if not node.children)

    def all_notes(self) -> list[Note]:
        """Gather the notes of this node and all below it."""
        return [note for node in self.walk() for note in node.notes]

    def child(self, name: str) -> Node | None:
        """Find the first child called *name*; None where there is none."""
        for node in self.children:
            if node.name == name:
                return node
        return None

    def outline(self, indent: int = 0) -> str:
        """Write the tree as text, one node a line: what tests compare and ``--tree`` builds on."""
        lines: list[str] = []
        stack = [(self, indent)]
        while stack:
            node, depth = stack.pop()
            text = shown(node)
            lines.append("  " * depth + node.name + (f": {text}" if text else ""))
            stack.extend((child, depth + 1) for child in reversed(node.children))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Node {self.name} {self.kind.name} bits {self.start}..{self.end} {self.value!r}>"


def shown(node: Node) -> str:
    """Give what a person is shown of a node, its text or else its value, in one line that moves no cursor."""
    return printable(node.text or ("" if node.value is None else str(node.value)))


def printable(text: str) -> str:
    """Write what is not printable in a text by its code."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    """Write a character that is not printable by its code: a meter's string must not command a terminal."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
