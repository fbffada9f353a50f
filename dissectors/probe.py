"""What nodes a field grows: found out by growing them, so that the writers need no names or texts of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import Any

from dissectors.bits import BitGroup
from dissectors.composites import Choice, Optional, Sequence, SequenceOf, When
from dissectors.data_field import DataField
from dissectors.fields import Constant, House, Number, Octets, Varying
from dissectors.regions import Length
from dissectors.tree import Kind, Node, Problem
from dissectors.walk import Wrong


class Blind(dict[str, Any]):
    """Stands for the values read before; whoever looks shows that it depends on them."""

    def __missing__(self, key: str) -> Any:
        raise KeyError(key)


def probe(item: Any, octets: bytes) -> Node:
    """Grow the first node of *item* out of *octets*; what comes after it may be missing."""
    parent = Node("", Kind.WRAP, 0, 0)
    with suppress(Problem):
        item.grow(parent, octets, 0, len(octets), Blind())
    return parent.children[0]


def octets_of(item: Any, value: int) -> bytes:
    """Build the octets of a field or group of bits of fixed size."""
    return value.to_bytes(item.size, "big") if isinstance(item, BitGroup) else bytes(item.build(value))


def grow_nodes(item: Any, octets: bytes) -> list[Node]:
    """Grow all nodes of an item of fixed size."""
    parent = Node("", Kind.WRAP, 0, 0)
    item.grow(parent, octets, 0, len(octets), {})
    return parent.children


def grown(item: Any, write: Callable[[list[Node], str, str], str]) -> Callable[..., tuple[str, int, Any]]:
    """Make the function that grows the nodes of *item* among octets and has them written."""

    def run(
        octets: bytes, at: int, end: int, start: int, seen: dict[str, Any], prefix: str, inside: Any = None
    ) -> tuple[str, int, Any]:
        parent = Node("", Kind.WRAP, start * 8, start * 8)
        after = item.grow(parent, octets, at, end, seen)
        if parent.notes:
            raise Wrong
        text = ""
        if inside is not None and parent.children and parent.children[0].kind is Kind.LEAF:
            text = inside(octets, at, after, prefix)
            if text:
                parent.children[0].value = None
        return write(parent.children, prefix, text), after, seen.get(item.name)

    return run


def is_grown(item: Any) -> bool:
    """Tell whether an item is written by way of its nodes: they are not those of a leaf, and no table can hold them."""
    own = type(item).grow
    if own in (House.grow, Constant.grow, Length.grow, BitGroup.grow, DataField.grow):
        return False
    is_composite = isinstance(item, (Sequence, SequenceOf, Optional, When, Choice))
    return not is_composite and (not item.code or _looks_back(item))


def _looks_back(item: Any) -> bool:
    """Tell whether what a field of fixed size grows depends on more than its own octets."""
    try:
        probe(item, bytes(Struct(">" + item.code).size))
    except KeyError:
        return True
    return False


def is_number(item: Any) -> bool:
    """Tell whether a leaf shows its value as the number that it is."""
    own = type(item)
    return (
        isinstance(item, Number)
        and item.table is None
        and (own.to_json, own.to_text) == (Number.to_json, Number.to_text)
    )


def is_hex(item: Any) -> bool:
    """Tell whether a leaf shows its octets as hex digits and nothing beside them."""
    own = type(item)
    return own.to_json in (Octets.to_json, Varying.to_json) and own.to_text is House.to_text
