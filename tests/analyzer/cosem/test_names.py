from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem import names
from analyzer.cosem.names import manufacturer, system_title_text, unit_name, unit_symbol


@pytest.mark.parametrize(
    ("code", "symbol", "name"),
    [
        (9, "°C", "degree Celsius"),
        (13, "m³", "cubic metre"),
        (17, "m³/d", "volume flux"),
        (27, "W", "watt"),
        (29, "var", "var"),
        (30, "Wh", "watt-hour"),
        (33, "A", "ampere"),
        (35, "V", "volt"),
        (44, "Hz", "hertz"),
        (255, "count", "no unit, unitless, count"),
    ],
)
def test_unit_by_its_code_has_symbol_and_name(code: int, symbol: str, name: str) -> None:
    assert (unit_symbol(code), unit_name(code)) == (symbol, name)


@pytest.mark.parametrize("code", [0, 58, 253, 256, -1])
def test_unit_of_an_unassigned_code_is_nothing(code: int) -> None:
    assert unit_symbol(code) is None
    assert unit_name(code) is None


@pytest.mark.parametrize(
    ("flag", "holder"),
    [("KFM", "Kaifa"), ("kfm", "Kaifa"), ("LGZ", "Landis"), ("ISK", "Iskra"), ("KAM", "Kamstrup"), ("SAG", "Sagem")],
)
def test_manufacturer_by_its_flag_letters(flag: str, holder: str) -> None:
    assert holder in (manufacturer(flag) or "")


@pytest.mark.parametrize("flag", ["", "Q", "GNX", "KFMX", "A\nB", "A =", "ÄÖÜ", "12A"])
def test_manufacturer_of_other_letters_is_nothing(flag: str) -> None:
    assert manufacturer(flag) is None


def test_system_title_has_its_letters_before_the_hex() -> None:
    assert system_title_text(bytes.fromhex("4D4D4D0000BC614E")) == "MMM 0000BC614E"


@pytest.mark.parametrize("title", ["0000000000000001", "6D4D4D0000BC614E", "4D4D4D0000BC61", ""])
def test_system_title_without_letters_or_of_other_length_is_hex(title: str) -> None:
    assert system_title_text(bytes.fromhex(title)) == title


@given(st.binary(max_size=12), st.text(max_size=4), st.integers())
def test_names_of_anything_never_raise(title: bytes, flag: str, code: int) -> None:
    assert isinstance(system_title_text(title), str)
    for text in (manufacturer(flag), unit_symbol(code), unit_name(code)):
        assert text is None or text


def test_names_exports_what_it_says() -> None:
    assert all(callable(getattr(names, name)) for name in names.__all__)
