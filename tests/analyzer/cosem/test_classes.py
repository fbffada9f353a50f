from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.classes import (
    attribute_name,
    attribute_type,
    class_name,
    enumeration,
    enumeration_text,
    method_name,
)
from analyzer.cosem.tables import Tables, integer_ranges

CLASSES = Tables("classes.toml")
ENUMERATIONS = Tables("enumerations.toml")


@pytest.mark.parametrize(
    ("class_id", "name"),
    [
        (1, "Data"),
        (3, "Register"),
        (7, "Profile generic"),
        (8, "Clock"),
        (15, "Association LN"),
        (40, "Push setup"),
        (64, "Security setup"),
        (70, "Disconnect control"),
    ],
)
def test_class_name_without_a_version_is_the_usual_one(class_id: int, name: str) -> None:
    assert class_name(class_id) == name


def test_class_name_with_a_version_is_that_versions() -> None:
    assert class_name(29, 0) == "PSTN auto dial"
    assert class_name(29, 2) == class_name(29) == "Auto connect"


def test_class_name_with_an_unlisted_version_is_the_usual_one() -> None:
    assert class_name(3, 99) == "Register"


@pytest.mark.parametrize("class_id", [0, 2, 9999, 65535, -1])
def test_class_name_of_an_unknown_class_is_nothing(class_id: int) -> None:
    assert class_name(class_id) is None
    assert attribute_name(class_id, 2) is None
    assert method_name(class_id, 1) is None


@pytest.mark.parametrize(
    ("class_id", "attribute_id", "name"),
    [
        (3, 2, "value"),
        (3, 3, "scaler_unit"),
        (4, 5, "capture_time"),
        (5, 4, "scaler_unit"),
        (7, 2, "buffer"),
        (7, 3, "capture_objects"),
        (7, 7, "entries_in_use"),
        (8, 2, "time"),
        (8, 3, "time_zone"),
        (15, 2, "object_list"),
        (64, 4, "client_system_title"),
        (70, 3, "control_state"),
    ],
)
def test_attribute_name_is_the_standards(class_id: int, attribute_id: int, name: str) -> None:
    assert attribute_name(class_id, attribute_id) == name


@pytest.mark.parametrize("class_id", [1, 3, 7, 64, 4711])
def test_attribute_one_is_the_logical_name_in_every_class(class_id: int) -> None:
    assert attribute_name(class_id, 1) == "logical_name"
    assert attribute_type(class_id, 1) == "octet-string[6]"


def test_attribute_name_by_version_takes_that_versions_list() -> None:
    assert attribute_name(24, 2, 0) == "secondary_address"
    assert attribute_name(24, 2, 1) == attribute_name(24, 2) == "mode"


def test_attribute_name_that_a_version_has_not_is_found_in_another() -> None:
    assert attribute_name(64, 6, 0) == attribute_name(64, 6, 1) == "certificates"


def test_attribute_name_without_such_an_attribute_is_nothing() -> None:
    assert attribute_name(3, 4) is None
    assert attribute_name(3, -1) is None


def test_attribute_type_is_in_the_words_of_the_class() -> None:
    assert attribute_type(5, 8) == "double-long-unsigned (seconds)"
    assert attribute_type(5, 99) is None


def test_method_name_is_the_standards() -> None:
    assert method_name(3, 1) == "reset"
    assert method_name(70, 1) == "remote_disconnect"
    assert method_name(15, 1) == "reply_to_HLS_authentication"
    assert method_name(7, 3, 0) == "get_buffer_by_range"
    assert method_name(3, 2) is None


@pytest.mark.parametrize(
    ("class_id", "attribute_id", "value", "text"),
    [
        (70, 3, 0, "disconnected"),
        (70, 3, 2, "ready for reconnection"),
        (7, 5, 1, "unsorted (FIFO)"),
        (8, 9, 1, "internal crystal"),
        (18, 6, 6, "image activation successful"),
        (23, 2, 5, "9600 baud"),
        (28, 2, 201, "manufacturer specific"),
        (64, 3, 0, "AES-GCM-128, AES-128 key wrap"),
        (8, 4, 0x81, "invalid value, daylight saving active"),
    ],
)
def test_enumeration_spells_a_value(class_id: int, attribute_id: int, value: int, text: str) -> None:
    assert enumeration(class_id, attribute_id, value) == text


def test_enumeration_by_version_takes_that_versions_table() -> None:
    assert enumeration(64, 2, 3, version=0) == "all messages to be authenticated and encrypted"
    assert enumeration(64, 2, 0x44, version=1) == "authenticated request, encrypted response"


@pytest.mark.parametrize(
    ("class_id", "attribute_id", "value"), [(70, 3, 9), (70, 1, 0), (3, 2, 0), (4711, 2, 0), (8, 4, 0)]
)
def test_enumeration_without_a_spelling_is_nothing(class_id: int, attribute_id: int, value: int) -> None:
    assert enumeration(class_id, attribute_id, value) is None


def test_enumeration_text_of_an_unknown_table_is_nothing() -> None:
    assert enumeration_text("no_such_table", 1) is None


@given(st.integers(-10, 70000), st.integers(-200, 300), st.integers(-(2**31), 2**32), st.none() | st.integers(0, 255))
def test_names_of_any_numbers_are_texts_or_nothing(class_id: int, number: int, value: int, version: int | None) -> None:
    for text in (
        class_name(class_id, version),
        attribute_name(class_id, number, version),
        method_name(class_id, number, version),
        enumeration(class_id, number, value, version),
    ):
        assert text is None or text


def test_class_tables_are_whole() -> None:
    names = CLASSES.names("class.")
    assert len(names) == len(set(names)) == 142
    for header in names:
        table = CLASSES.table(header)
        assert table["status"] in ("current", "previous", "extra"), header
        for kind, first, known in (
            ("attribute", 2, {"name", "type", "mode", "values", "note", "secret"}),
            ("method", 1, {"name", "parameter", "secret"}),
        ):
            members = table.get(kind, {})
            assert isinstance(members, dict)
            for number, member in members.items():
                assert first <= int(number) <= 255, header
                assert member["name"], header
                assert set(member) <= known, header


def test_values_that_classes_name_are_tables_of_enumerations() -> None:
    for header in CLASSES.names("class."):
        members = CLASSES.table(header).get("attribute", {})
        assert isinstance(members, dict)
        for attribute in members.values():
            for name in attribute.get("values", "").split():
                assert ENUMERATIONS.table(f"values.{name}") or ENUMERATIONS.table(f"bits.{name}"), name


def test_enumeration_tables_have_numbers_for_keys() -> None:
    for header in ENUMERATIONS.names(""):
        assert re.fullmatch(r"(values|bits)\.\w+", header)
        assert integer_ranges(ENUMERATIONS.table(header)), header
