"""Nodes to the octets they stand for, and octets to the node that says most about them.

Pure functions over trees as :func:`analyzer.detail.detail` gives them. What is below a buffer's node lies in it.
"""

from __future__ import annotations

from bisect import bisect_right
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
    roots = (Step(node, 0, node.buffer, (node.name,)) for node in nodes)
    found = _best([step for step in roots if _holds(step, buffer, octet)])
    while found is not None and found.node.kind != Kind.BITS:
        inner = _best([step for step in _near(found, octet) if _holds(step, buffer, octet)])
        if inner is None:
            break
        found = inner
    return found


def _near(step: Step, octet: int) -> Iterator[Step]:
    """Give the members of a node that may hold *octet*: they stand in order, so few are looked at."""
    node, depth, buffer, path = step
    members = node.children
    at = bisect_right(members, octet * 8 + 7, key=lambda one: one.start)
    first = at
    while first > 0 and members[first - 1].end >= octet * 8:
        first -= 1
    for one in members[max(first - 1, 0) : at]:
        yield Step(one, depth + 1, one.buffer or buffer, (*path, one.name))


def _best(inside: list[Step]) -> Step | None:
    return next((step for step in inside if _is_exact(step)), inside[0] if inside else None)


def _holds(step: Step, buffer: int, octet: int) -> bool:
    place = place_of(step.node, step.buffer)
    return place.buffer == buffer and place.start <= octet < place.end


def _is_exact(step: Step) -> bool:
    return step.node.start % 8 == 0 and step.node.end % 8 == 0
