"""Names of classes, objects, attributes and methods beside their numbers, in trees and in the texts of trees.

Dissection knows numbers only; what they are called is COSEM's. Wherever class-id, instance-id and attribute-id (or
method-id) stand in a row, their texts get the names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name, obis_text
from dissectors.tree import Kind, Node


class Names(NamedTuple):
    """The texts of the three numbers of a descriptor."""

    class_id: str
    instance_id: str
    last: str


@lru_cache(maxsize=8192)
def names(class_id: int, logical_name: bytes, number: int, is_method: bool) -> Names:
    """Name the parts of a descriptor; a number without a name stays alone."""
    kind = class_name(class_id)
    called = method_name(class_id, number) if is_method else attribute_name(class_id, number)
    what = obis_name(logical_name)
    return Names(
        f"{class_id} ({kind})" if kind else str(class_id),
        f"{obis_text(logical_name)} {what}" if what else obis_text(logical_name),
        f"{number} ({called})" if called else str(number),
    )


def name_nodes(nodes: list[Node]) -> None:
    """Give the descriptors in trees their names; none stands inside of Data."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node.kind is not Kind.DATA:
            pending += node.children
            if len(node.children) >= 3 and node.children[0].name == "class-id":
                kind, instance, last = node.children[:3]
                if instance.name != "instance-id" or last.name not in ("attribute-id", "method-id"):
                    continue
                found = names(kind.value, bytes.fromhex(instance.value), last.value, last.name == "method-id")
                kind.text, instance.text, last.text = found


_OUTLINE = re.compile(
    r"class-id: (\d+)\n( *)instance-id: (\d+)-(\d+):(\d+)\.(\d+)\.(\d+)\*(\d+)\n *(attribute|method)-id: (-?\d+)"
)
_LAYERS = re.compile(
    r'\{"name": "class-id", "value": (\d+), ("range": \[\d+, \d+\])\}, '
    r'\{"name": "instance-id", "value": "([0-9A-F]{12})", "text": "[^"]*", ("range": \[\d+, \d+\])\}, '
    r'\{"name": "(attribute|method)-id", "value": (-?\d+), '
)


def name_outline(text: str) -> str:
    """Give the descriptors in an outline their names."""
    return _OUTLINE.sub(_outline_names, text) if "class-id" in text else text


def name_layers(text: str) -> str:
    """Give the descriptors in the JSON of layers their names."""
    return _LAYERS.sub(_layers_names, text) if "class-id" in text else text


def _outline_names(match: re.Match[str]) -> str:
    kind, blanks, *groups, what, number = match.groups()
    found = names(int(kind), bytes(map(int, groups)), int(number), what == "method")
    return f"class-id: {found.class_id}\n{blanks}instance-id: {found.instance_id}\n{blanks}{what}-id: {found.last}"


def _layers_names(match: re.Match[str]) -> str:
    kind, first, instance, second, what, number = match.groups()
    found = names(int(kind), bytes.fromhex(instance), int(number), what == "method")
    return (
        f'{{"name": "class-id", "value": {kind}, "text": "{found.class_id}", {first}}}, '
        f'{{"name": "instance-id", "value": "{instance}", "text": "{found.instance_id}", {second}}}, '
        f'{{"name": "{what}-id", "value": {number}, "text": "{found.last}", '
    )
