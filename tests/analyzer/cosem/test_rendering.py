"""Attribute values to their meaning."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.cosem import rendering
from analyzer.cosem.datum import Datum
from analyzer.cosem.meanings import Shown
from analyzer.cosem.rendering import Renderer, attribute_shape
from analyzer.cosem.shapes import Shape
from analyzer.export.value_json import json_text
from dissectors.characters import MASKED
from dissectors.data_types import STRUCTS, TAGS
from tests.analyzer.cosem.data import (
    array,
    clock,
    datum,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    scaler_unit,
    structure,
    unsigned,
)
from tests.analyzer.security.ecc import certificate_of


def pushed(kind: bytes, restriction: bytes) -> bytes:
    """An entry of the list of what is pushed, with a restriction."""
    value = structure(kind, restriction)
    return structure(long_unsigned(3), name("1-0:1.8.0"), b"\x0f\x02", long_unsigned(0), value, array())


def meaning(class_id: int, attribute: int, octets: bytes | str) -> Shown:
    """The meaning of a value that fits its attribute."""
    renderer = Renderer()
    shown = renderer.attribute(class_id, attribute, datum(octets))
    assert renderer.misfits == []
    return shown


@pytest.mark.parametrize(
    ("class_id", "attribute", "octets", "value", "text"),
    [
        (3, 3, scaler_unit(-1, 35), {"scaler": -1, "unit": 35}, "scaler -1, unit V (35)"),
        (8, 2, clock(10, 15), "2026-03-02T10:15:00+01:00", "2026-03-02T10:15:00+01:00"),
        (8, 9, "16 01", 1, "internal crystal (1)"),
        (7, 4, "06 00000384", 900, "900 s"),
        (7, 5, "16 02", 2, "unsorted (LIFO) (2)"),
        (70, 3, "16 01", 1, "connected (1)"),
        (70, 2, "03 00", False, "disconnected"), (70, 2, "03 01", True, "connected"),
        (1, 2, octet_string(b"MMM0000041700023"), "MMM0000041700023", ""),
        (1, 2, octet_string(b"\x01\x02"), "0102", ""),
        (1, 2, b"\x0a\x04AB\0\0", "AB\0\0", "AB"),
        (1, 2, b"\x0a\x04A\x1b[m", "A\x1b[m", "A\\x1b[m"),
        (1, 2, octet_string(b"0124\0\0\0\0\0"), "0124", ""),
        (3, 2, "05 FFFFFFFF", -1, ""),
        (1, 2, "03 01", True, "yes"),
        (
            22, 2, structure(name("0-0:10.0.106"), long_unsigned(3)),
            {"script_logical_name": "0-0:10.0.106*255", "script_selector": 3},
            "script_logical_name 0-0:10.0.106*255 Disconnect control script table, script_selector 3",
        ),
        (
            7, 3, array(structure(long_unsigned(3), name("1-0:1.8.0"), b"\x0f\x02", long_unsigned(0))),
            [{"class_id": 3, "logical_name": "1-0:1.8.0*255", "attribute_index": 2, "data_index": 0}],
            "1-0:1.8.0*255 Active energy import (+A), value",
        ),
        (
            40, 2, array(pushed(b"\x16\x02", structure(long_unsigned(1), long_unsigned(9)))),
            [{
                "class_id": 3, "logical_name": "1-0:1.8.0*255", "attribute_index": 2, "data_index": 0,
                "restriction": {"restriction_type": 2, "restriction_value": {"from_entry": 1, "to_entry": 9}},
                "columns": [],
            }],
            "1-0:1.8.0*255 Active energy import (+A), value, restriction restriction_type restriction by entry (2), "
            "restriction_value from_entry 1, to_entry 9",
        ),
        (
            65, 2, structure(long_unsigned(3), name("1-0:1.8.0"), b"\x0f\x02", unsigned(0)),
            {"class_id": 3, "logical_name": "1-0:1.8.0*255", "attribute_index": 2, "attribute_value": 0},
            "1-0:1.8.0*255 Active energy import (+A), value, attribute_value 0",
        ),
        (
            111, 11, array(structure(name("0-0:19.10.0"), name("0-0:19.20.0"), b"\x04\x03\xa0")),
            [{
                "credit_reference": "0-0:19.10.0*255", "charge_reference": "0-0:19.20.0*255",
                "collection_configuration": "101",
            }],
            "credit_reference 0-0:19.10.0*255 Credit 1 of account 1, "
            "charge_reference 0-0:19.20.0*255 Charge 1 of account 1, "
            "collection_configuration 101 (collect when supply disconnected, collect in friendly credit periods)",
        ),
    ],
)  # fmt: skip
def test_value_is_shown_as_its_attribute_says(
    class_id: int, attribute: int, octets: Any, value: Any, text: str
) -> None:
    assert meaning(class_id, attribute, octets) == Shown(value, text)


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ("02 02 16 00 02 01 16 01", "identified key (0), key_info_options key_id global broadcast encryption key (1)"),
        ("02 02 16 01 02 02 16 00 09 01 AA", "wrapped key (1), key_info_options kek_id master key (KEK) (0), "),
        ("02 02 16 02 02 02 09 01 01 09 01 AA", "agreed key (2), key_info_options key_parameters 01, "),
    ],
)
def test_parameters_of_protection_say_their_key(info: str, said: str) -> None:
    options = structure(*[octet_string(b"")] * 4, bytes.fromhex(info))
    for attribute in (4, 5):
        assert f"key_info key_info_type {said}" in meaning(30, attribute, array(structure(b"\x16\x00", options))).text


@pytest.mark.parametrize("method", [7, 8])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (structure(b"\x16\x01", b"\x16\x01", octet_string(b"MMM\0\0\0\0\1")), "certificate_entity client (1), "),
        (structure(octet_string(b"\1"), octet_string(b"CN=A")), "serial_number 01, issuer CN=A"),
    ],
)
def test_certificate_is_asked_for_by_entity_or_number(method: int, options: bytes, said: str) -> None:
    kind = b"\x16" + bytes((said.startswith("serial"),))
    assert f"options {said}" in Renderer().parameter(64, method, datum(structure(kind, options))).text


def test_state_of_a_zigbee_device_is_said() -> None:
    device = structure(
        octet_string(bytes(8)), b"\x04\x05\x88", *[b"\x0f\xff"] * 3, *[unsigned(1)] * 3, octet_string(b"")
    )
    assert (
        "status 10001 (authorised on PAN, SEP transmitting)" in Renderer().attribute(104, 4, datum(array(device))).text
    )


def test_day_profiles_name_their_members() -> None:
    action = structure(octet_string(b"\x06\0\0\0"), name("0-0:10.0.100"), long_unsigned(2))
    (day,) = meaning(20, 5, array(structure(unsigned(1), array(action)))).value
    assert day["day_id"] == 1
    assert day["day_schedule"][0]["start_time"] == "06:00:00"


def test_wrong_type_is_shown_raw_and_said() -> None:
    renderer = Renderer()
    assert renderer.attribute(8, 4, datum(octet_string(b"\xff"))) == Shown("FF")
    assert renderer.misfits == ["status: octet-string where unsigned belongs"]


def test_structure_with_more_members_keeps_them() -> None:
    renderer = Renderer()
    shown = renderer.attribute(3, 3, datum(structure(b"\x0f\x00", b"\x16\x1e", unsigned(7))))
    assert shown.value == {"scaler": 0, "unit": 30, "member_3": 7}
    assert renderer.misfits == ["scaler_unit: 3 members where 2 belong"]


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (octet_string(bytes.fromhex("07E60C01FF0C0000FFFFC400")), "2022-12-01T12:00:00+01:00"),
        (octet_string(bytes.fromhex("07E60C01FF0C000000800000")), "2022-12-01T12:00:00"),
        (octet_string(b"1-0:1.8.0*255"), "1-0:1.8.0*255"),
        (octet_string(b"1-0:1.8.0*256"), "1-0:1.8.0*256"),
        (octet_string(b"1.2.3.4.x.6"), "1.2.3.4.x.6"),
        (b"\x0a\x06ABCDEF", "ABCDEF"),
        (long_unsigned(7), "7"),
    ],
)
def test_what_is_no_logical_name_is_not_said_as_an_object(octets: bytes, shown: str) -> None:
    row = structure(long_unsigned(8), octets, b"\x0f\x02", long_unsigned(0))
    renderer = Renderer()
    text = renderer.attribute(7, 3, datum(array(row))).text
    assert text == f"class_id 8 (Clock), logical_name {shown}, attribute_index 2, data_index 0"
    assert renderer.misfits


def test_secret_of_an_association_is_masked() -> None:
    shown = Renderer().attribute(15, 7, datum(octet_string(b"12345678")), 1)
    assert shown == Shown(MASKED, MASKED)


@pytest.mark.parametrize(("class_id", "attribute"), [(19, 7), (19, 8), (19, 9), (45, 3), (46, 4), (100, 7), (101, 10)])
def test_passwords_and_keys_are_masked(class_id: int, attribute: int) -> None:
    assert Renderer().attribute(class_id, attribute, datum(octet_string(b"12345678"))) == Shown(MASKED, MASKED)


def test_secret_given_to_a_method_is_masked_and_other_parameters_are_named() -> None:
    assert Renderer().parameter(15, 2, datum(octet_string(b"12345678"))) == Shown(MASKED, MASKED)
    initiate = structure(octet_string(b"FW 1.2"), double_long_unsigned(4096))
    assert Renderer().parameter(18, 1, datum(initiate)).value == {"image_identifier": "FW 1.2", "image_size": 4096}


@pytest.mark.parametrize(
    ("class_id", "version", "mode", "text"),
    [
        (15, 0, 1, "read only (1)"), (15, 2, 4, "authenticated read only (4)"),
        (15, 3, 5, "read access (attribute) / access (method), authenticated request (5)"), (15, 3, 0, "no access (0)"),
        (15, None, 6, "authenticated read and write (6)"),
    ],
)  # fmt: skip
def test_access_modes_are_told_by_the_version_of_the_association(
    class_id: int, version: int | None, mode: int, text: str
) -> None:
    rights = structure(array(structure(b"\x0f\x02", b"\x16" + bytes((mode,)), b"\x00")), array())
    listed = array(structure(long_unsigned(3), unsigned(0), name("1-0:1.8.0"), rights))
    shown = Renderer().attribute(class_id, 2, datum(listed), version)
    assert f"access_mode {text}," in shown.text


def test_certificate_says_whose_it_is() -> None:
    private = ec.derive_private_key(7, ec.SECP256R1())
    der = certificate_of(private, bytes.fromhex("4D4D4D0000BC614E"), has_alternative_name=False)
    octets = b"\x09\x82" + len(der).to_bytes(2, "big") + der
    text = Renderer().parameter(64, 6, datum(octets)).text
    assert text == "certificate of CN=4d4d4d0000bc614e, issued by CN=4d4d4d0000bc614e, serial number 7"
    assert Renderer().parameter(64, 6, datum(octet_string(b"\x30\x03abc"))).text == ""


@pytest.mark.parametrize(("value", "text"), [(0, "-113 dBm or less (0)"), (31, "-51 dBm or more (31)"), (32, "32")])
def test_signal_quality_is_told_in_dbm(value: int, text: str) -> None:
    cells = array(structure(double_long_unsigned(1), unsigned(value)))
    assert Renderer().attribute(47, 7, datum(cells), 2).text == f"cell_ID 1, signal_quality {text}"


def test_attribute_of_an_unknown_class_is_shown_by_its_types() -> None:
    assert meaning(9999, 2, structure(unsigned(1), clock(1))) == Shown(
        [1, "2026-03-02T01:00:00+01:00"], "2: 1; 2026-03-02T01:00:00+01:00"
    )


@cache
def _attributes() -> list[tuple[int, int, int]]:
    path = Path(rendering.__file__).parent / "classes.toml"
    classes = tomllib.loads(path.read_text(encoding="utf-8"))["class"]
    return [
        (int(class_id), int(version), int(number))
        for class_id, versions in classes.items()
        for version, one in versions.items()
        for number in one.get("attribute", {})
    ]


def _example(shape: Shape) -> Datum:
    """A value of this shape."""
    if shape.kind == "or":
        return _example(shape.choices[0])
    if shape.kind in ("array", "compact-array"):
        return Datum(TAGS["array"], [_example(shape.item)] * 2 if shape.item else [])
    if shape.kind == "structure":
        return Datum(TAGS["structure"], [_example(one) for _, one in shape.members])
    tag = TAGS.get(shape.kind, TAGS["unsigned"])
    sizes = {"date-time": 12, "date": 5, "time": 4}
    if tag in STRUCTS:
        return Datum(tag, STRUCTS[tag].unpack(bytes(STRUCTS[tag].size))[0])
    if tag == TAGS["bit-string"]:
        return Datum(tag, "0101")
    if tag in (TAGS["null-data"],):
        return Datum(tag, None)
    return Datum(tag, bytes(shape.size or sizes.get(shape.format, 3)))


@pytest.mark.parametrize("class_id", sorted({one[0] for one in _attributes()}))
def test_every_attribute_of_its_stated_type_renders(class_id: int) -> None:
    for _, version, number in (one for one in _attributes() if one[0] == class_id):
        renderer = Renderer()
        shown = renderer.attribute(class_id, number, _example(attribute_shape(class_id, number, version)), version)
        assert renderer.misfits == [], (version, number)
        json.loads(json_text(shown.value))


scalars = st.one_of(
    st.tuples(st.sampled_from([5, 6, 15, 16, 17, 18, 20, 21, 22]), st.integers(-(2**31), 2**31)),
    st.tuples(st.sampled_from([9, 10, 12]), st.binary(max_size=14)),
    st.tuples(st.just(4), st.text("01", max_size=9)),
    st.tuples(st.sampled_from([23, 24]), st.floats()),
    st.tuples(st.sampled_from([0, 255]), st.none()),
    st.tuples(st.just(3), st.booleans()),
    st.tuples(st.just(25), st.binary(min_size=12, max_size=12)),
).map(lambda one: Datum(*one))
data = st.recursive(
    scalars, lambda inner: st.tuples(st.sampled_from([1, 2]), st.lists(inner, max_size=5)).map(lambda one: Datum(*one))
)


@given(st.sampled_from(_attributes()), data)
@example((61, 0, 2), Datum(1, [Datum(9, b"")]))
def test_any_value_renders_to_json(attribute: tuple[int, int, int], value: Datum) -> None:
    class_id, version, number = attribute
    shown = Renderer().attribute(class_id, number, value, version)
    json.loads(json_text(shown.value))
    assert isinstance(shown.text, str)
