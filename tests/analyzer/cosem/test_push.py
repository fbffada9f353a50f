"""Bodies of pushes to objects and values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.datum import Datum
from analyzer.cosem.push import push_items
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
)
from tests.analyzer.cosem.test_rendering import data


def shown(octets: bytes) -> list[tuple[str, object, object, str]]:
    """Object, raw value, scaling and basis of each item."""
    return [(one.logical_name.hex("."), one.datum.value, one.scaling, one.basis) for one in push_items(datum(octets))]


def test_values_beside_their_names_keep_their_own_scaling() -> None:
    body = array(
        structure(name("0-0:1.0.0"), clock(10)),
        structure(name("1-0:1.7.0"), double_long_unsigned(3547), scaler_unit(0, 27)),
        structure(name("1-0:32.7.0"), long_unsigned(2289), scaler_unit(-1, 35)),
    )
    assert [one[1:3] for one in shown(body)[1:]] == [(3547, (0, 27)), (2289, (-1, 35))]
    assert shown(body)[0][0] == "00.00.01.00.00.ff"


def test_scaler_beside_a_value_that_none_can_be_scales_nothing() -> None:
    """A whole number × 10^(2^60) has no end."""
    scaling = structure(bytes.fromhex("15 1000000000000000"), bytes((0x16, 30)))
    body = array(structure(name("1-0:1.7.0"), double_long_unsigned(3547), scaling))
    assert shown(body)[0] == ("01.00.01.07.00.ff", 3547, None, "")


def test_names_and_values_in_one_row_are_paired() -> None:
    body = structure(
        clock(1), name("1-0:1.8.0"), double_long_unsigned(5), scaler_unit(0, 30), name("1-0:2.8.0"),
        double_long_unsigned(6), scaler_unit(0, 30),
    )  # fmt: skip
    assert [one[1] for one in shown(body)] == [5, 6]


def test_list_of_objects_in_front_names_what_follows() -> None:
    def listed(class_id: int, code: str) -> bytes:
        return structure(long_unsigned(class_id), name(code), b"\x0f\x02", long_unsigned(0))

    body = structure(
        array(listed(40, "0-6:25.9.0"), listed(1, "0-0:42.0.0"), listed(3, "1-0:1.8.0")),
        octet_string(b"XYZ1"), double_long_unsigned(7),
    )  # fmt: skip
    assert [one[:2] for one in shown(body)] == [("00.00.2a.00.00.ff", b"XYZ1"), ("01.00.01.08.00.ff", 7)]


def test_known_layout_names_values_by_place_and_says_so() -> None:
    body = structure(
        octet_string(b"KFM_001"), octet_string(b"1234567890123456"), octet_string(b"MA105H2E"),
        *[double_long_unsigned(number) for number in (700, 0, 0, 40, 3105, 2318)],
    )  # fmt: skip
    found = shown(body)
    assert found[-2:] == [
        ("01.00.1f.07.00.ff", 3105, (-3, 33), "layout Kaifa list 2, single phase (Norway)"),
        ("01.00.20.07.00.ff", 2318, (-1, 35), "layout Kaifa list 2, single phase (Norway)"),
    ]


def test_push_that_begins_with_the_name_of_the_meter_is_known() -> None:
    numbers = [double_long_unsigned(number) for number in (1400, 0, 0, 5500, 4, 0, 0, 18)]
    found = shown(structure(octet_string(b"SMS1030700000001"), clock(1), *numbers))
    layout = "layout Siemens IM350 push that begins with its name (Austria)"
    assert found[0] == ("00.00.2a.00.00.ff", b"SMS1030700000001", None, layout)
    assert [one[:2] for one in found[2:7]] == [
        ("01.00.01.08.00.ff", 1400), ("01.00.02.08.00.ff", 0), ("01.00.03.08.00.ff", 0), ("01.00.04.08.00.ff", 5500),
        ("01.00.01.07.00.ff", 4),
    ]  # fmt: skip
    assert shown(structure(octet_string(b"XYZ1030700000001"), clock(1), *numbers)) != found


def test_indian_instantaneous_push_is_known_by_the_push_setup_in_it() -> None:
    numbers = [double_long_unsigned(number) for number in range(1, 11)]
    body = structure(octet_string(b"XX1234567"), name("0-0:25.9.0"), clock(1), *numbers)
    layout = "layout IS 15959 instantaneous push of three phases (India)"
    found = shown(body)
    assert found[0] == ("00.00.60.01.02.ff", b"XX1234567", None, layout)
    assert [one[0][:11] for one in found[2:5]] == ["01.00.1f.07", "01.00.33.07", "01.00.47.07"]
    assert found[-1] == ("01.00.0a.08.00.ff", 10, None, layout)
    other = structure(octet_string(b"XX1234567"), name("0-1:25.9.0"), clock(1), *numbers)
    assert shown(other) == []


def test_event_status_push_names_its_word() -> None:
    body = structure(octet_string(b"XX1234567"), name("0-4:25.9.0"), clock(1), b"\x04\x81\x80" + bytes(15) + b"\x01")
    assert [(one[0], one[3]) for one in shown(body)][-1] == (
        "00.00.5e.5b.12.ff", "layout IS 15959 event status push (India)"
    )  # fmt: skip


def test_alarm_push_names_its_descriptors() -> None:
    body = structure(
        name("0-4:25.9.0"), octet_string(b"XXX0000000000001"), double_long_unsigned(1), double_long_unsigned(4)
    )
    assert [(one[0], one[1]) for one in shown(body)] == [
        ("00.00.2a.00.00.ff", b"XXX0000000000001"), ("00.00.61.62.14.ff", 1), ("00.00.61.62.15.ff", 4),
    ]  # fmt: skip


def test_text_of_six_characters_is_no_logical_name() -> None:
    body = structure(name("1-0:1.8.0"), octet_string(b"601109"), name("1-0:2.8.0"), long_unsigned(2))
    assert [one[1] for one in shown(body)] == [b"601109", 2]


def test_one_code_before_many_values_names_none_of_them() -> None:
    body = structure(name("0-0:25.9.0"), clock(1), long_unsigned(1), long_unsigned(2), long_unsigned(3))
    assert shown(body) == []


def test_bare_descriptor_names_class_and_attribute() -> None:
    body = Datum(1, [Datum(2, [Datum(-1, (b"\0\x46", bytes.fromhex("000060030AFF"), b"\x03")), Datum(22, 1)])])
    (item,) = push_items(body)
    assert (item.class_id, item.attribute, item.datum) == (70, 3, Datum(22, 1))


@given(data)
def test_any_body_gives_items_of_six_octets(body: Datum) -> None:
    assert all(len(one.logical_name) == 6 for one in push_items(body))


@given(st.integers(0, 40))
def test_deep_nesting_ends(depth: int) -> None:
    body = structure(name("1-0:1.8.0"), long_unsigned(2))
    for _ in range(depth):
        body = structure(body)
    assert len(push_items(datum(body))) == (depth <= 8)
