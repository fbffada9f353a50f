"""Octets of Data to trees of plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.datum import Datum, datum_of, read_datum
from dissectors import axdr
from dissectors.tree import Problem
from tests.analyzer.cosem.data import array, datum, structure, unsigned


def test_structure_in_an_array_keeps_its_members() -> None:
    found = datum(array(structure(unsigned(1), unsigned(2)), structure()))
    assert found == Datum(1, [Datum(2, [Datum(17, 1), Datum(17, 2)]), Datum(2, [])])


def test_compact_array_becomes_an_array_of_its_values() -> None:
    assert datum("13 0202 1112 06 010002 030004") == Datum(
        1, [Datum(2, [Datum(17, 1), Datum(18, 2)]), Datum(2, [Datum(17, 3), Datum(18, 4)])]
    )


def test_octets_that_break_off_raise_a_problem() -> None:
    with pytest.raises(Problem):
        datum("0202 1101 12")


def test_bare_descriptors_are_read_where_that_is_allowed() -> None:
    octets = bytes.fromhex("0101 0202 0046 000060030AFF 03 1601")
    with pytest.raises(Problem):
        read_datum(octets, 0, len(octets))
    (item,) = read_datum(octets, 0, len(octets), is_lenient=True).members
    assert [one.tag for one in item.members] == [-1, 22]


trees = st.recursive(
    st.binary(max_size=3).map(lambda value: b"\x09" + bytes((len(value),)) + value),
    lambda inner: st.lists(inner, max_size=4).map(lambda members: structure(*members)),
    max_leaves=20,
)


@given(trees)
def test_tree_holds_every_element_once(octets: bytes) -> None:
    elements, _ = axdr.scan_data(octets, 0, len(octets))

    def count(one: Datum) -> int:
        return 1 + sum(map(count, one.members))

    assert count(datum_of(elements)) == len(elements)
