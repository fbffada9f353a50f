"""Nodes to the octets they stand for, and octets to the node that says most about them.

Pure functions over trees as :func:`analyzer.detail.detail` gives them. What is below a buffer's node lies in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dissectors.tree import Kind, Node


class Place(NamedTuple):
    """A range of octets in one buffer of a record; the frame is buffer 0."""

    buffer: int
    start: int
    end: int


class Step(NamedTuple):
    """A node on the way through a tree: where it stands and in which buffer."""

    node: Node
    depth: int
    buffer: int
    path: tuple[str, ...]
    """The names from the root down to it; nodes of the same name in a row share one path."""


def place_of(node: Node, buffer: int) -> Place:
    """Tell the octets that *node* stands for; a group of bits, and a bit, stand for the octets they lie in."""
    return Place(buffer, node.start // 8, max(node.start // 8, -(-node.end // 8)))


def steps(nodes: Sequence[Node]) -> Iterator[Step]:
    """Go through the trees in the order of their octets."""
    stack = [Step(node, 0, node.buffer, (node.name,)) for node in reversed(nodes)]
    while stack:
        step = stack.pop()
        yield step
        stack.extend(children_of(step)[::-1])


def children_of(step: Step) -> list[Step]:
    """Give the steps below *step*."""
    node, depth, buffer, path = step
    return [Step(one, depth + 1, one.buffer or buffer, (*path, one.name)) for one in node.children]


def step_at(nodes: Sequence[Node], buffer: int, octet: int) -> Step | None:
    """Find the deepest node that stands for *octet*; of a group of bits the group, for no bit is the octet."""
    found: Step | None = None
    level = [Step(node, 0, node.buffer, (node.name,)) for node in nodes]
    while True:
        inside = [step for step in level if _holds(step, buffer, octet)]
        if not inside:
            return found
        found = next((step for step in inside if _is_exact(step)), inside[0])
        if found.node.kind == Kind.BITS:
            return found
        level = children_of(found)


def _holds(step: Step, buffer: int, octet: int) -> bool:
    place = place_of(step.node, step.buffer)
    return place.buffer == buffer and place.start <= octet < place.end


def _is_exact(step: Step) -> bool:
    return step.node.start % 8 == 0 and step.node.end % 8 == 0
