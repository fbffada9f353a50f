"""One record as octets for people and programs: hex, hex with what each field says, Python that reads it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.detail import buffers, detail
from analyzer.record import Record
from analyzer.tracking.values import Value
from dissectors.tree import Kind, Node, shown

_LAYERS = {"hdlc": "Hdlc", "wrapper": "Wrapper", "llc": "Llc432", "p1": "P1Telegram"}
"""Layers of links that one class reads."""
_PER_LINE = 8


def hex_text(octets: bytes) -> str:
    """Write octets as ``7E A0 07``."""
    return octets.hex(" ").upper()


def annotated(record: Record, values: Sequence[Value] = ()) -> str:
    """Write every octet of *record* once, each with the field that it belongs to; buffers follow the frame.

    Secrets are masked; those behind short names by the record's *values*.
    """
    named = buffers(record, values)
    lines = []
    inside = -1
    for node in detail(record, values):
        if node.buffer != inside:
            inside = node.buffer
            name, octets = named[inside]
            lines.append(f"{name}, {len(octets)} octets")
        lines += _lines(node, named[inside][1], 0)
    return "\n".join(lines)


def _lines(root: Node, octets: bytes, depth: int) -> Iterator[str]:
    stack = [(root, depth, False)]
    while stack:
        node, depth, is_bits = stack.pop()
        text = shown(node)
        said = "  " * depth + node.name + (f": {text}" if text else "")
        is_group = node.kind == Kind.BITS  # the octets of bits stand with their group
        if is_bits or (node.children and not is_group):
            yield f"{'':<{6 + _PER_LINE * 3}}{said}"
        else:
            yield from _leaf(octets, node, said)
        stack.extend((child, depth + 1, is_bits or is_group) for child in reversed(node.children))


def _leaf(octets: bytes, node: Node, said: str) -> Iterator[str]:
    start, end = node.start // 8, -(-node.end // 8)
    for at in range(start, max(end, start + 1), _PER_LINE):
        row = octets[at : min(at + _PER_LINE, end)]
        yield f"{at:04x}  {hex_text(row):<{_PER_LINE * 3}}{said if at == start else ''}".rstrip()


def python_text(record: Record) -> str:
    """Write Python that reads the record's octets again with the layers of this package."""
    octets = record.octets.hex()
    layer = _LAYERS.get(record.link)
    if layer is None:
        return f'octets = bytes.fromhex("{octets}")'
    return f'from dissectors.all import *\n\nframe = {layer}(bytes.fromhex("{octets}"))\nframe.show()'
