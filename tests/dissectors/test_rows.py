"""Arrays of rows of one layout read the same whether they are read at once or element by element."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import axdr, rows
from dissectors.axdr import scan_data, skip_data
from dissectors.data_field import RowsNode, grow_elements
from dissectors.data_text import LAYERS, MOST_PROFILES, MOST_VALUES
from dissectors.rows import find_rows
from dissectors.tree import Kind, Node, Problem
from dissectors.writers import apdu_text, layers_text, outline_lines
from tests.dissectors.layers import DATA
from tests.dissectors.test_writers import assert_apdu_agrees

_SIZES = {tag: packed.size for tag, packed in axdr.STRUCTS.items()} | {0: 0, 255: 0}


@st.composite
def layouts(draw: Any, depth: int = 2) -> list[tuple[bytes, int]]:
    """The elements of a row: what is the same in all rows, and how many octets follow it."""
    tags = st.sampled_from([3, 5, 6, 7, 9, 10, 12, 15, 16, 17, 18, 20, 22, 23, 25, 0, 255, *([2, 2] if depth else [])])
    tag = draw(tags)
    if tag == axdr.STRUCTURE:
        members = draw(st.lists(layouts(depth - 1), max_size=5))
        return [(bytes((tag, len(members))), 0), *(one for member in members for one in member)]
    if tag in (9, 10, 12):
        size = draw(st.integers(0, 14))
        return [(bytes((tag, size)), size)]
    return [(bytes((tag,)), _SIZES[tag])]


@st.composite
def arrays(draw: Any) -> bytes:
    """An array of rows of one layout, alone or inside a structure."""
    layout = draw(layouts())
    number = draw(st.integers(0, 9) | st.integers(100, 140))
    made = draw(st.randoms(use_true_random=False))
    body = b"".join(head + made.randbytes(size) for _ in range(number) for head, size in layout)
    array = b"\x01" + axdr.length_octets(number) + body
    return draw(st.sampled_from([array, b"\x02\x02" + array + b"\x11\x05", b"\x01\x01" + array]))


@st.composite
def damaged_arrays(draw: Any) -> bytes:
    octets = bytearray(draw(arrays()))
    for _ in range(draw(st.integers(0, 2))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 20) | st.integers(0, 255))
    return bytes(octets[: draw(st.integers(0, len(octets)))]) if draw(st.booleans()) else bytes(octets)


def outcome(read: Any, octets: bytes, at: int, end: int) -> Any:
    try:
        return repr(read(octets, at, end))
    except axdr.ElementsProblem as problem:
        return repr(problem.elements), problem.at, problem.reason
    except Problem as problem:
        return type(problem)


@given(octets=damaged_arrays(), before=st.integers(0, 5), after=st.integers(0, 2))
def test_rows_read_at_once_equal_rows_read_one_by_one(octets: bytes, before: int, after: int) -> None:
    whole = bytes(before) + octets + bytes(after)
    end = before + len(octets)
    at_once = outcome(scan_data, whole, before, end), outcome(skip_data, whole, before, end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(axdr, "find_rows", lambda *_: None)
        assert at_once == (outcome(scan_data, whole, before, end), outcome(skip_data, whole, before, end))


@given(octets=damaged_arrays(), before=st.integers(0, 20))
def test_writers_of_rows_agree_with_tree(octets: bytes, before: int) -> None:
    apdu = bytes(before) + bytes.fromhex("C401C100") + octets
    assert_apdu_agrees(apdu, before, len(apdu))


@given(value=st.lists(DATA, max_size=6), number=st.integers(1, 6))
def test_equal_elements_of_any_kind_agree_with_tree(value: list[Any], number: int) -> None:
    from dissectors.data import encode

    apdu = bytes.fromhex("C401C100") + encode((axdr.ARRAY, ((axdr.STRUCTURE, tuple(value)),) * number))
    assert_apdu_agrees(apdu, 0, len(apdu))


PROFILE = bytes.fromhex(
    "01 05"  # array of 5
    + "02 03  09 02 07E9  11 00  06 0000000A" * 5  # structure of octet-string, unsigned, double-long-unsigned
)


def test_profile_is_found_as_rows_with_their_values() -> None:
    found = find_rows(PROFILE, 2, len(PROFILE), 5)
    assert found is not None
    assert (found.start, found.end, found.number) == (2, len(PROFILE), 5)
    assert list(found.values(PROFILE)) == [(b"\x07\xe9", 0, 10)] * 5


@pytest.mark.parametrize(
    "damage",
    [(15, 0x01), (16, 0x04), (17, 0x0A), (18, 0x01), (21, 0x10), (23, 0x05)],
    ids=["structure", "count", "string-tag", "string-length", "tag-of-1", "tag-of-4"],
)
def test_row_with_another_header_is_no_row(damage: tuple[int, int]) -> None:
    octets = bytearray(PROFILE)
    octets[damage[0]] = damage[1]
    assert octets != PROFILE
    assert find_rows(bytes(octets), 2, len(octets), 5) is None


def test_rows_cut_by_the_end_are_no_rows() -> None:
    assert find_rows(PROFILE, 2, len(PROFILE) - 1, 5) is None


@pytest.mark.parametrize(
    "octets", ["0101 1101", "0401 80", "1300 0101", "0701 0000"], ids=["array", "bits", "compact", "old"]
)
def test_row_with_parts_of_no_fixed_layout_is_no_row(octets: str) -> None:
    row = bytes.fromhex(octets)
    assert find_rows(row * 5, 0, len(row) * 5, 5) is None


def test_layouts_are_kept_within_bounds() -> None:
    for size in range(2 * rows._KEPT):
        row = b"\x02" + bytes((size % 127 + 1,)) + b"\x11\x00" * (size % 127 + 1)
        find_rows(row * 4, 0, len(row) * 4, 4)
    assert 0 < len(rows._LAYOUTS) <= rows._KEPT


def test_folded_rows_are_one_element() -> None:
    elements, after = scan_data(PROFILE, 0, len(PROFILE), is_folded=True)
    assert [element.tag for element in elements] == [axdr.ROWS]
    assert after == len(PROFILE)


def test_text_of_rows_names_each_value() -> None:
    apdu = bytes.fromhex("C401C100") + PROFILE
    assert apdu_text(apdu).count('{"double-long-unsigned": 10}') == 5
    assert '{"name": "double-long-unsigned", "value": 10, "range": [14, 19]}' in layers_text(apdu)
    assert outline_lines(apdu, indent=0).count("          double-long-unsigned: 10") == 5


def test_lines_of_rows_begin_where_each_outline_has_them() -> None:
    apdu = bytes.fromhex("C401C100") + PROFILE
    lines = outline_lines(apdu, indent=0).split("\n")
    for indent in (3, 1, 3):
        assert outline_lines(apdu, indent=indent).split("\n") == [f"{'  ' * indent}{line}" for line in lines]


@pytest.mark.parametrize("numbers", [(4, 9, 5), (9, 4, 1100, 9)], ids=["few", "more-than-are-kept"])
def test_layers_of_rows_agree_with_tree_whatever_was_kept_of_others(numbers: tuple[int, ...]) -> None:
    for start in (4, 7):
        for number in numbers:
            rows_of = b"".join(
                b"\x02\x03\x06" + bytes((0, 1, 2, one & 0xFF)) + b"\x11\x07\x0a\x01A" for one in range(number)
            )
            apdu = b"\0" * start + bytes.fromhex("C401C100 01") + axdr.length_octets(number) + rows_of
            assert_apdu_agrees(apdu, start, len(apdu))


def test_what_stands_around_rows_is_kept_within_bounds() -> None:
    for start in range(2 * MOST_PROFILES):
        apdu = b"\0" * start + bytes.fromhex("C401C100") + PROFILE
        assert_apdu_agrees(apdu, start, len(apdu))
    assert 0 < len(LAYERS.places) <= MOST_PROFILES
    wide = b"\x02\x3c" + b"\x11\x07" * 60
    for number in (9, 500):
        apdu = bytes.fromhex("C401C100 01") + axdr.length_octets(number) + wide * number
        assert_apdu_agrees(apdu, 0, len(apdu))
    kept = [len(found) * len(layout.columns) for (layout, _), found in LAYERS.places.items()]
    assert 9 * 61 in kept
    assert max(kept) <= MOST_VALUES


def _node_form(node: Node) -> Any:
    return node.name, node.kind, node.start, node.end, node.value, node.text, list(map(_node_form, node.children))


@given(arrays())
def test_rows_that_are_grown_when_looked_at_are_those_that_are_grown_at_once(octets: bytes) -> None:
    trees = []
    for is_folded in (False, True):
        root = Node("data", Kind.WRAP, 0, len(octets) * 8)
        grow_elements(root, scan_data(octets, 0, len(octets), is_folded=is_folded)[0], octets)
        trees.append(root)
    assert _node_form(trees[1]) == _node_form(trees[0])


@given(arrays(), st.sampled_from(["long", "double-long-unsigned", "octet-string", "boolean", "float32", "date-time"]))
def test_values_of_rows_by_type_need_no_nodes(octets: bytes, name: str) -> None:
    elements, _ = scan_data(octets, 0, len(octets), is_folded=True)
    for element in elements:
        if element.tag == axdr.ROWS:
            array = RowsNode(element.value, octets, element.start, element.end)
            values = array.column_values(name)
            assert values is not None
            told = list(values)
            assert told == [node.value for node in array.walk() if node.name == name]
            assert array.column_values(name) is None, "the nodes are there now"
