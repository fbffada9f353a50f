"""An unprotected general-ciphering may leave its invocation counter out; a small counter is not taken for an APDU."""

from __future__ import annotations

import pytest

from dissectors.reader import apdu_json

HEADER = bytes.fromhex("DD 00 00 00 00 00 00")
PLAIN = bytes.fromhex("C0 01 C1 0008 0000010000FF 02 00")


@pytest.mark.parametrize(
    ("control", "counter", "value"),
    [("00", "", None), ("01", "", None), ("00", "00000001", 1), ("00", "00030000", 0x30000), ("10", "C0000000", 0xC0000000)],
)  # fmt: skip
def test_counter_of_general_ciphering_is_read_where_there_is_one(control: str, counter: str, value: int | None) -> None:
    tag = bytes(12) if control == "10" else b""
    body = bytes.fromhex(control + counter) + PLAIN + tag
    found = apdu_json(HEADER + bytes((len(body),)) + body)["general-ciphering"]
    assert found.get("invocation-counter") == value
    assert found["ciphered"] == PLAIN.hex().upper()
