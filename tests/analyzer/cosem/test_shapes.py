"""Types as classes.toml writes them to shapes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analyzer.cosem import shapes
from analyzer.cosem.classes import enumeration_text
from analyzer.cosem.rendering import ACCESS_MODES
from analyzer.cosem.shapes import ANY, Shape, shape_of

FOLDER = Path(shapes.__file__).parent


def test_structure_members_keep_their_names_and_types() -> None:
    shape = shape_of("structure{scaler: integer, unit: enum unit}")
    assert shape == Shape("structure", members=(("scaler", Shape("integer")), ("unit", Shape("enum", table="unit"))))


def test_names_before_one_type_share_it() -> None:
    shape = shape_of("array of window{start, end: octet-string(date-time)}")
    assert shape.item is not None
    assert [(name, one.format) for name, one in shape.item.members] == [("start", "date-time"), ("end", "date-time")]


def test_name_of_the_shapes_table_stands_for_its_shape() -> None:
    assert shape_of("scal_unit_type") == shape_of("structure{scaler: integer, unit: enum unit}")


def test_member_without_type_takes_the_usual_one() -> None:
    shape = shape_of("structure{class_id, logical_name, anything}")
    assert [(name, one.kind, one.size) for name, one in shape.members] == [
        ("class_id", "long-unsigned", 0), ("logical_name", "octet-string", 6), ("anything", ANY, 0),
    ]  # fmt: skip


def test_alternatives_are_kept() -> None:
    assert [one.kind for one in shape_of("null-data | array of integer").choices] == ["null-data", "array"]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("long-unsigned (s)", "s"),
        ("long (minutes, deviation of local time)", "min"),
        ("long-unsigned ms", "ms"),
        ("unsigned (default 3)", ""),
    ],
)
def test_unit_of_time_stands_behind_the_type(text: str, unit: str) -> None:
    assert shape_of(text).unit == unit


def _types() -> list[str]:
    classes = tomllib.loads((FOLDER / "classes.toml").read_text(encoding="utf-8"))["class"]
    return sorted(
        {
            attribute["type"]
            for versions in classes.values()
            for one in versions.values()
            for attribute in one.get("attribute", {}).values()
        }
    )


@pytest.mark.parametrize("text", [one for one in _types() if not one.startswith("CHOICE")])
def test_every_type_of_the_classes_is_understood(text: str) -> None:
    assert shape_of(text).kind != ANY


def test_enumerations_that_types_name_exist() -> None:
    def tables(shape: Shape) -> set[str]:
        inner = [*(one for _, one in shape.members), *shape.choices, *([shape.item] if shape.item else [])]
        own = {shape.table, *(table for (name, _), table in ACCESS_MODES.items() if name == shape.table)}
        return {one for table in own for one in table.split()} | {name for one in inner for name in tables(one)}

    named = {name for text in _types() for name in tables(shape_of(text))}
    named -= {"unit", *(name for name, _ in ACCESS_MODES)}
    assert {name for name in named if all(enumeration_text(name, value) is None for value in range(256))} == set()
