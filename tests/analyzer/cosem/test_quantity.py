"""Numbers with scaler and unit."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.quantity import number_text, raw_text, scaled, unit_text


@pytest.mark.parametrize(
    ("raw", "scaler", "unit", "text"),
    [
        (74565, 0, "Wh", "74.565 kWh"),
        (999, 0, "Wh", "999 Wh"),
        (-1000, 0, "W", "-1.000 kW"),
        (2306, -1, "V", "230.6 V"),
        (5, -3, "A", "0.005 A"),
        (-5, -1, "A", "-0.5 A"),
        (123456, 1, "Wh", "1234.56 kWh"),
        (7, 3, "W", "7 kW"),
        (1000, 0, "V", "1000 V"),
        (12, 2, "", "1200"),
        (999, -3, "Wh", "0.999 Wh"),
    ],
)
def test_value_reads_as_people_say_it(raw: int, scaler: int, unit: str, text: str) -> None:
    assert raw_text(raw, scaler, unit) == text


@given(st.integers(-(2**63), 2**64), st.integers(-128, 127))
def test_text_and_value_are_the_same_number(raw: int, scaler: int) -> None:
    assert Decimal(raw_text(raw, scaler, "")) == scaled(raw, scaler)


@given(st.integers(-(2**63), 2**64), st.integers(-12, 12))
def test_thousands_change_the_sign_and_never_the_value(raw: int, scaler: int) -> None:
    number, sign = raw_text(raw, scaler, "Wh").split()
    assert Decimal(number) * (1000 if sign == "kWh" else 1) == scaled(raw, scaler)


@pytest.mark.parametrize(
    ("raw", "scaler", "value"),
    [
        (1.1, 2, 110.0),
        (1.5e300, -2, 1.5e298),
        (229.7, -1, 22.97),
        (5e-324, 127, 5e-197),
        (1e300, 127, math.inf),
        (1.0, 400, math.inf),
        (1.0, -400, 0.0),
        (-math.inf, -2, -math.inf),
        (0.0, 9_999_999, 0.0),
    ],
)
def test_scaled_float_is_the_one_nearest_to_the_exact_number(raw: float, scaler: int, value: float) -> None:
    assert scaled(raw, scaler) == value


@pytest.mark.parametrize(("raw", "text"), [(math.nan, "NaN Wh"), (math.inf, "INF Wh"), (-math.inf, "-INF Wh")])
def test_float_that_is_no_number_reads_as_in_json(raw: float, text: str) -> None:
    assert raw_text(raw, -2, "Wh") == text


def test_unit_without_a_sign_is_named_by_its_number() -> None:
    assert [unit_text(code) for code in (30, 255, 99)] == ["Wh", "", "unit 99"]


@pytest.mark.parametrize(
    ("raw", "scaler", "text"),
    [(5, -3, "0.005"), (-5, -3, "-0.005"), (0, -3, "0.000"), (12345, -3, "12.345"), (12, 2, "1200")],
)
def test_number_is_written_digit_by_digit(raw: int, scaler: int, text: str) -> None:
    assert number_text(raw, scaler) == text == format(Decimal(raw).scaleb(scaler), "f")
