"""Nodes and octets: each node stands for exactly its octets, each octet finds its node; over all records there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.detail import buffers, detail
from analyzer.record import Record
from analyzer.tui.selection import place_of, step_at, steps
from captures.samples import samples
from dissectors.tree import Kind, Node
from tests.corpus.captures import COUNT, listed, records_of

SAMPLES = [one.path for one in samples()]
_MOST_OCTETS = 8


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_node_of_a_sample_selects_its_octets_and_is_found_by_them(path: Path) -> None:
    assert sum(_check(record) for record in records_of(path)[0]) > 0


@pytest.mark.parametrize("number", range(COUNT))
def test_every_node_of_the_corpus_selects_its_octets_and_is_found_by_them(number: int, corpus: Path) -> None:
    path = corpus / listed(corpus)[number]["file"]
    assert sum(_check(record) for record in records_of(path)[0]) > 0


def _check(record: Record) -> int:
    """Check every node of a record both ways. Returns how many there are."""
    nodes, named = detail(record), buffers(record)
    found_at = [
        [step_at(nodes, buffer, octet) for octet in range(len(named[buffer][1]))] for buffer in range(len(named))
    ]
    assert all(step is not None for steps_of in found_at for step in steps_of)
    parents = _parents(nodes)
    count = 0
    for step in steps(nodes):
        count += 1
        place = place_of(step.node, step.buffer)
        assert 0 <= place.start <= place.end <= len(named[place.buffer][1]), step.path
        assert (place.start * 8 <= step.node.start) and (step.node.end <= place.end * 8 or place.start == place.end)
        span = place.end - place.start
        for octet in range(place.start, place.end, max(1, span // _MOST_OCTETS)):
            found = found_at[place.buffer][octet]
            assert found is not None, (step.path, octet)
            is_group = found.node.kind == Kind.BITS and _lies_in(step.node, found.node, parents)
            assert is_group or _lies_in(found.node, step.node, parents), (step.path, octet, found.path)
    return count


def _parents(nodes: list[Node]) -> dict[int, Node]:
    """The node that each node lies in, by its identity."""
    return {id(child): node for root in nodes for node in root.walk() for child in node.children}


def _lies_in(node: Node | None, other: Node, parents: dict[int, Node]) -> bool:
    """Tell whether *node* is *other* or below it."""
    while node is not None and node is not other:
        node = parents.get(id(node))
    return node is other


def test_octet_in_a_group_of_bits_finds_the_group() -> None:
    group = Node("control", Kind.BITS, 0, 8)
    for at in range(8):
        group.add(Node(f"bit-{at}", Kind.LEAF, at, at + 1))
    root = Node("layer", Kind.SEQUENCE, 0, 16)
    root.add(group)
    root.add(Node("rest", Kind.LEAF, 8, 16))
    for octet, name in ((0, "control"), (1, "rest")):
        found = step_at([root], 0, octet)
        assert found is not None
        assert found.node.name == name
    assert step_at([root], 0, 2) is None
    assert step_at([root], 1, 0) is None


def test_nodes_below_a_buffer_lie_in_it() -> None:
    inner = Node("deciphered APDU", Kind.LAYER, 0, 16, buffer=2)
    inner.add(Node("apdu-tag", Kind.HIDDEN, 0, 8))
    found = [(step.node.name, place_of(step.node, step.buffer)) for step in steps([inner])]
    assert found == [("deciphered APDU", (2, 0, 2)), ("apdu-tag", (2, 0, 1))]
