"""What stands below the line of a record: its whole tree, its octets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.detail import detail, walk
from analyzer.layer_forms import OutlineText
from analyzer.masking import concealed, secrets
from analyzer.record import Record
from analyzer.tracking.values import Value
from dissectors.tree import Node, shown

_PER_LINE = 16
_OUTLINE = OutlineText(2)


def below(record: Record, values: Sequence[Value], *, tree: bool, octets: bool) -> str:
    """Write the *tree* of *record*, and its *octets*; each line has a line break before it."""
    text = ""
    hidden = secrets(record, values)
    if tree:
        # the fast writers have no lines for notes, and no masks
        is_plain = not record.notes and not hidden
        lines = walk(record, _OUTLINE) if is_plain else node_lines(detail(record, values), 4)
        text = "\n" + "\n".join(lines)
    if octets:
        text += "\n" + "\n".join(octet_lines(concealed(record.octets, hidden), "    "))
    return text


def node_lines(nodes: list[Node], indent: int) -> Iterator[str]:
    """Write trees as text, one node a line, notes below their node in brackets."""
    stack = [(node, indent) for node in reversed(nodes)]
    while stack:
        node, depth = stack.pop()
        text = shown(node)
        yield " " * depth + node.name + (f": {text}" if text else "")
        for note in node.notes:
            yield f"{' ' * (depth + 2)}[{note.code}: {note.text}]"
        stack.extend((child, depth + 2) for child in reversed(node.children))


def octet_lines(octets: bytes, indent: str) -> Iterator[str]:
    """Write octets as offset, hex and printable characters, 16 a line."""
    for at in range(0, len(octets), _PER_LINE):
        row = octets[at : at + _PER_LINE]
        characters = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in row)
        yield f"{indent}{at:04x}  {row.hex(' '):<{_PER_LINE * 3}} {characters}"
