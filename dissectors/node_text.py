"""Nodes to text: the JSON of ``layers`` and of ``apdu`` and the outline, written without the objects in between.

What :func:`dissectors.reader.node_form` and :func:`dissectors.reader.to_json` give, in the separators ``", "`` and
``": "`` of the standard library's ``json``; the generated writers fall back on this for what they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from json.encoder import encode_basestring
from typing import Any, TypeVar

from dissectors.tree import Node, shown

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_encode = json.JSONEncoder(ensure_ascii=False).encode


class Memo(dict[K, V]):
    """A bounded table that makes what it lacks: ``memo[key]``. At *limit* entries it starts anew."""

    __slots__ = ("limit", "make")

    def __init__(self, make: Callable[[K], V], limit: int = 1024) -> None:
        super().__init__()
        self.make = make
        self.limit = limit

    def __missing__(self, key: K) -> V:
        if len(self) >= self.limit:
            self.clear()
        made = self[key] = self.make(key)
        return made


def plain_text(value: Any) -> str:
    """Write a plain value as JSON."""
    if type(value) is int:
        return str(value)
    return encode_basestring(value) if type(value) is str else _encode(value)


def quoted(text: str) -> str:
    """Write a string as JSON."""
    return str(encode_basestring(text))


def shown_head(node: Node) -> str:
    """Write value and text of a node: its form from the name to the range."""
    text = "" if node.value is None else f', "value": {plain_text(node.value)}'
    return f'{text}, "text": {encode_basestring(node.text)}' if node.text else text


def head_text(node: Node) -> str:
    """Write name, value and text of a node: its form up to the range."""
    value, text = node.value, node.text
    shown = (
        "" if value is None else f', "value": {encode_basestring(value) if type(value) is str else plain_text(value)}'
    )
    if text:
        return f'{{"name": {encode_basestring(node.name)}{shown}, "text": {encode_basestring(text)}'
    return f'{{"name": {encode_basestring(node.name)}{shown}'


def form_text(node: Node, inside: str = "") -> str:
    """Write the form of a node and all below it; *inside* is the text of its children where they are not nodes."""
    start, end = node.start, node.end
    if not (node.children or node.notes or inside or start & 7 or end & 7 or node.buffer):
        return f'{head_text(node)}, "range": [{start >> 3}, {end >> 3}]}}'
    text = f'{head_text(node)}, "range": [{start // 8}, {(end + 7) // 8}]'
    if start % 8 or end % 8:
        text += f', "bits": [{start}, {end}]'
    if node.buffer:
        text += f', "buffer": {node.buffer}'
    if node.notes:
        from dissectors.reader import note_form

        text += f', "notes": {_encode([note_form(note) for note in node.notes])}'
    if inside:
        return f'{text}, "children": [{inside}]}}'
    if node.children:
        return f'{text}, "children": [{", ".join([form_text(child) for child in node.children])}]}}'
    return text + "}"


def json_text(node: Node) -> str:
    """Write the JSON of a node: what stands for its octets in the ``apdu`` member."""
    from dissectors.reader import to_json

    return _encode(to_json(node))


def shown_text(node: Node) -> str:
    """Write what follows a node's name in the outline."""
    text = shown(node)
    return f": {text}" if text else ""


def outline_text(node: Node, prefix: str) -> str:
    """Write the outline of a node, *prefix* (a line end and the indent) before each line."""
    lines = [f"{prefix}{node.name}{shown_text(node)}"]
    if node.children:
        prefix += "  "
        lines += [outline_text(child, prefix) for child in node.children]
    return "".join(lines)


def moved(node: Node, octets: int) -> Node:
    """Move a node and all below it by *octets*; gives it back."""
    for one in node.walk():
        one.start += octets * 8
        one.end += octets * 8
    return node
