"""A-XDR Data: octets to elements, values, JSON and back."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import axdr, data
from dissectors.data_field import grow_elements
from dissectors.tree import Kind, Node, Problem
from tests.dissectors.agreement import assert_tiles
from tests.dissectors.layers import DATA

# type, octets in hex, JSON value
SCALARS: list[tuple[str, str, Any]] = [
    ("null-data", "00", None),
    ("boolean", "03 01", True),
    ("boolean", "03 FF", True),
    ("bit-string", "04 05 A8", "10101"),
    ("bit-string", "04 00", ""),
    ("double-long", "05 FFFFFFFE", -2),
    ("double-long-unsigned", "06 FFFFFFFE", 0xFFFFFFFE),
    ("octet-string", "09 02 0AFF", "0AFF"),
    ("visible-string", "0A 02 4142", "AB"),
    ("visible-string", "0A 01 FF", "ÿ"),
    ("utf8-string", "0C 02 C3A4", "ä"),
    ("utf8-string", "0C 01 E4", "ä"),  # no UTF-8: its octets by their values
    ("bcd", "0D 12", 18),
    ("integer", "0F FE", -2),
    ("long", "10 8000", -32768),
    ("unsigned", "11 FE", 254),
    ("long-unsigned", "12 FFFE", 65534),
    ("long64", "14 FFFFFFFFFFFFFFFE", -2),
    ("long64-unsigned", "15 FFFFFFFFFFFFFFFE", 2**64 - 2),
    ("enum", "16 1E", 30),
    ("float32", "17 41480000", 12.5),
    ("float64", "18 4029000000000000", 12.5),
    ("float32", "17 7F800000", "INF"),
    ("float32", "17 FF800000", "-INF"),
    ("float64", "18 7FF8000000000000", "NaN"),
    ("date-time", "19 07E8060F060C1E0000800000", "07E8060F060C1E0000800000"),
    ("date", "1A 07E8060F06", "07E8060F06"),
    ("time", "1B 0C1E0000", "0C1E0000"),
    ("delta-integer", "1C FF", -1),
    ("delta-long", "1D FFFF", -1),
    ("delta-double-long", "1E FFFFFFFF", -1),
    ("delta-unsigned", "1F FF", 255),
    ("delta-long-unsigned", "20 FFFF", 65535),
    ("delta-double-long-unsigned", "21 FFFFFFFF", 2**32 - 1),
    ("dont-care", "FF", None),
]


def read(octets: bytes) -> data.Value:
    elements, after = axdr.scan_data(octets, 0, len(octets))
    assert after == len(octets) == axdr.skip_data(octets, 0, len(octets))
    return data.nest(elements)


def grown(octets: bytes) -> Node:
    root = Node("data", Kind.WRAP, 0, len(octets) * 8)
    grow_elements(root, axdr.scan_data(octets, 0, len(octets))[0])
    return root


@pytest.mark.parametrize(("name", "text", "wanted"), SCALARS, ids=[f"{one[0]} {one[1]}" for one in SCALARS])
def test_scalar_reads_to_its_json(name: str, text: str, wanted: Any) -> None:
    value = read(bytes.fromhex(text))
    assert data.to_json(value) == {name: wanted}
    assert json.loads(json.dumps(data.to_json(value))) == {name: wanted}


def test_every_type_has_a_scalar_here() -> None:
    containers = {axdr.ARRAY, axdr.STRUCTURE, axdr.COMPACT_ARRAY, axdr.DESCRIPTOR, 7}
    assert {axdr.TAGS[name] for name, _, _ in SCALARS} == set(axdr.NAMES) - containers


@given(value=DATA)
def test_value_encoded_reads_back(value: data.Value) -> None:
    assert read(data.encode(value)) == value


@given(value=DATA)
def test_json_form_makes_octets_of_the_same_meaning(value: data.Value) -> None:
    form = data.to_json(value)
    # the old type tag 07 is written as 17, and a text that is no UTF-8 in UTF-8: the JSON form stays
    assert data.to_json(read(data.encode(data.from_json(form)))) == form


@given(value=DATA)
def test_every_truncation_is_a_problem_to_both_readers(value: data.Value) -> None:
    octets = data.encode(value)
    for size in range(min(len(octets), 100)):
        with pytest.raises(Problem) as cut:
            axdr.scan_data(octets, 0, size)
        with pytest.raises((Problem, IndexError)):
            axdr.skip_data(octets, 0, size)
        needs, left = map(int, re.findall(r"\d+", cut.value.reason))
        assert left < needs and cut.value.at + left == size and cut.value.at + needs <= len(octets)


@pytest.mark.parametrize(("name", "text", "wanted"), SCALARS, ids=[f"{one[0]} {one[1]}" for one in SCALARS])
def test_scalar_cut_is_no_value_though_octets_follow(name: str, text: str, wanted: Any) -> None:
    octets = bytes.fromhex(text)
    assert data.to_json(axdr.scan_scalar(octets + b"\x11\x05", 0, len(octets))) == {name: wanted}
    for size in range(1, len(octets)):
        with pytest.raises(Problem):
            axdr.scan_scalar(octets, 0, size)


@pytest.mark.parametrize("size", [127, 128, 200, 255, 256, 700])
def test_long_string_reads_whole_before_whatever_follows(size: int) -> None:
    content = bytes(one % 251 for one in range(size))
    octets = b"\x09" + axdr.length_octets(size) + content
    for before in (b"", b"\x02\x02"):
        elements, _ = axdr.scan_data(before + octets + octets, 0, len(before) + 2 * len(octets))
        assert elements[-1].value == content
        assert axdr.skip_data(octets + octets, 0, 2 * len(octets)) == len(octets)


DESCRIPTIONS = st.recursive(
    st.sampled_from([b"\x00", b"\x11", b"\x10", b"\x09", b"\x04", b"\x1a", b"\xff"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda members: b"\x02" + bytes((len(members),)) + b"".join(members))
        | st.tuples(st.integers(0, 3), inner).map(lambda array: b"\x01\x00" + bytes((array[0],)) + array[1])
    ),
    max_leaves=6,
)


@given(description=DESCRIPTIONS, contents=st.binary(max_size=60))
def test_compact_array_is_passed_over_where_it_reads(description: bytes, contents: bytes) -> None:
    octets = b"\x13" + description + bytes((len(contents),)) + contents
    try:
        after = axdr.scan_data(octets, 0, len(octets))[1]
    except Problem:
        with pytest.raises((Problem, IndexError)):
            axdr.skip_data(octets, 0, len(octets))
    else:
        assert after == axdr.skip_data(octets, 0, len(octets))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("13 00 01 00", "the type description takes no octets"),
        ("13 0200 01 00", "the type description takes no octets"),
        ("13 0202 01FFFF00 11 01 05", "more than two elements for each of the 1 octets of contents"),
        ("13 0202 0100420011 02 0505", "more than two elements for each of the 2 octets of contents"),
    ],
)
def test_compact_array_of_nothing_is_a_problem(text: str, reason: str) -> None:
    octets = bytes.fromhex(text)
    for engine in (axdr.scan_data, axdr.skip_data):
        with pytest.raises(Problem, match=reason):
            engine(octets, 0, len(octets))


def test_compact_array_of_structures_of_one_octet_reads() -> None:
    octets = bytes.fromhex("13 0201 11 820400") + bytes(1024)
    assert len(read(octets)[1][1]) == 1024


def test_compact_array_outline() -> None:
    octets = bytes.fromhex(
        "13"  # compact-array
        "02 02 12 0F"  # of structures of long-unsigned and integer
        "06"  # six octets of contents
        "0001 FF  0002 01"
    )
    root = grown(octets)
    assert root.outline() == (
        "data\n"
        "  compact-array\n"
        "    contents-description: {'structure': ['long-unsigned', 'integer']}\n"
        "    length: 6\n"
        "    array-contents\n"
        "      structure: 2 elements\n"
        "        long-unsigned: 1\n"
        "        integer: -1\n"
        "      structure: 2 elements\n"
        "        long-unsigned: 2\n"
        "        integer: 1"
    )


def test_compact_array_of_scalars_and_of_arrays() -> None:
    numbers = read(bytes.fromhex("13 11 03 010203"))
    assert data.to_json(numbers)["compact-array"]["array-contents"] == [{"unsigned": n} for n in (1, 2, 3)]
    pairs = data.to_json(read(bytes.fromhex("13 01 0002 11 04 01020304")))["compact-array"]
    assert pairs["contents-description"] == {"array": {"number-of-elements": 2, "type-description": "unsigned"}}
    assert pairs["array-contents"][1] == {"array": [{"unsigned": 3}, {"unsigned": 4}]}


def test_compact_array_of_structures_with_values_of_no_octets() -> None:
    found = data.to_json(read(bytes.fromhex("13 0203 11 00 FF 02 0506")))["compact-array"]
    row = {"structure": [{"unsigned": 5}, {"null-data": None}, {"dont-care": None}]}
    assert found["array-contents"] == [row, {"structure": [{"unsigned": 6}, *row["structure"][1:]]}]


def test_empty_array_outline_and_tiles() -> None:
    root = grown(bytes.fromhex("02 02 01 00 02 01 11 05"))
    assert root.outline() == (
        "data\n"
        "  structure: 2 elements\n"
        "    count: 2\n"
        "    array: 0 elements\n"
        "      count: 0\n"
        "    structure: 1 element\n"
        "      count: 1\n"
        "      unsigned: 5"
    )
    assert_tiles(root, 0, 64)


def test_old_float_tag_reads_as_float32_with_a_note() -> None:
    root = grown(bytes.fromhex("07 3F800000"))
    assert [(node.name, node.value) for node in root.leaves()] == [("float32", 1.0)]
    assert [note.code for note in root.all_notes()] == ["old-float-tag"]


@pytest.mark.parametrize("tag", [8, 11, 14, 34, 100, 254])
def test_unassigned_type_is_a_problem(tag: int) -> None:
    with pytest.raises(Problem, match=f"{tag:02X} is no Data type"):
        axdr.scan_data(bytes((tag, 0, 0)), 0, 3)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("00", (0, 1)), ("7F", (127, 1)), ("81 80", (128, 2)), ("81 05", (5, 2)), ("82 0100", (256, 3)), ("84 00000001", (1, 5))],
)  # fmt: skip
def test_length_reads_short_long_and_non_minimal(text: str, wanted: tuple[int, int]) -> None:
    octets = bytes.fromhex(text)
    assert axdr.scan_length(octets, 0, len(octets)) == wanted


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32])
def test_length_built_is_minimal_and_reads_back(number: int) -> None:
    octets = axdr.length_octets(number)
    assert axdr.scan_length(octets, 0, len(octets)) == (number, len(octets))
    assert len(octets) == (1 if number < 128 else 1 + math.ceil(number.bit_length() / 8))


@pytest.mark.parametrize("form", [5, {}, {"unsigned": 1, "long": 2}, {"cosem-attribute-descriptor": {}}, {"word": 1}])
def test_form_that_is_no_data_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match="Data"):
        data.from_json(form)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"date-time": "07E7"}, "date-time: 12 octets needed, got 2"),
        ({"date": "07E70316FFFF"}, "date: 5 octets needed, got 6"),
        ({"time": ""}, "time: 4 octets needed, got 0"),
        ({"boolean": "false"}, "boolean: true or false was expected, not 'false'"),
        ({"bit-string": "1010 1"}, "bit-string: digits 0 and 1 were expected, not '1010 1'"),
        ({"bit-string": 5}, "bit-string: digits 0 and 1 were expected, not 5"),
        ({"visible-string": "5 €"}, "visible-string: characters of Latin-1 were expected, not '5 €'"),
        ({"octet-string": 5}, "octet-string: text or octets were expected, not 5"),
        ({"compact-array": {"contents-description": "word", "array-contents": []}}, "'word' is no Data type"),
    ],
)
def test_value_of_another_kind_is_refused_and_not_built_as_something_else(form: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        data.encode(data.from_json(form))


@pytest.mark.parametrize(
    ("description", "content"),
    [
        ("long-unsigned", {"unsigned": 5}),
        ("long-unsigned", {"structure": [{"long-unsigned": 5}]}),
        ({"structure": ["unsigned", "unsigned"]}, {"structure": [{"unsigned": 5}]}),
        ({"array": {"number-of-elements": 2, "type-description": "unsigned"}}, {"array": [{"unsigned": 5}]}),
    ],
)
def test_contents_of_a_compact_array_that_are_not_described_are_refused(description: Any, content: Any) -> None:
    form = {"compact-array": {"contents-description": description, "array-contents": [content]}}
    with pytest.raises(ValueError, match="is not what is described"):
        data.encode(data.from_json(form))


def test_form_is_nested_as_deep_as_octets_are_read() -> None:
    form: Any = {"structure": []}
    for _ in range(axdr.MAX_DEPTH):
        form = {"structure": [form]}
    octets = data.encode(data.from_json(form))
    assert data.nest(axdr.scan_data(octets, 0, len(octets))[0]) == data.from_json(form)
    for _ in range(2000):
        form = {"structure": [form]}
    with pytest.raises(ValueError, match=f"nested deeper than {axdr.MAX_DEPTH}"):
        data.from_json(form)
