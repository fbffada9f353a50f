"""Selective access in words."""

from __future__ import annotations

import pytest

from analyzer.cosem.selective import selection_text
from analyzer.export.summary import summary
from analyzer.pipeline import Pipeline
from captures import source_from_hex

COLUMN = "0204 120008 09060000010000FF 0F02 120000"
FIRST, LAST = "090C07EA030201082C071BFFC400", "090C07EA0302010A0E071BFFC400"


@pytest.mark.parametrize(
    ("selector", "parameters", "said"),
    [
        (1, f"0204 {COLUMN} {FIRST} {LAST} 0100", "2026-03-02T08:44:07.27+01:00 to 2026-03-02T10:14:07.27+01:00"),
        (1, f"0204 {COLUMN} 0600000001 0600000009 0101 {COLUMN}", "1 to 9, 1 column"),
        (1, f"0204 00 {FIRST} {LAST} 0100", ""),
        (1, f"0204 {COLUMN} 090100 {LAST} 0100", "00 to 2026-03-02T10:14:07.27+01:00"),
        (1, f"0204 {COLUMN} 0100 {LAST} 0100", ""),
        (2, "0204 0600000003 0600000007 120001 120003", "entries 3 to 7, columns 1 to 3"),
        (2, "0204 0600000001 0600000000 120001 120000", "all entries"),
        (2, "0204 060000007D 0600000000 120002 120000", "entries from 125 on, columns from 2 on"),
        (2, "0204 0600000005 0600000005 120002 120002", "entry 5, column 2"),
        (2, "0204 0900 0600000005 120002 120002", ""),
        (2, "0203 0600000005 0600000005 120002", ""),
        (3, "0204 0600000003 0600000007 120001 120003", ""),
        (2, "0204 06000000", ""),
        (2, "0104 120003 120004 120008 120007", "classes Register, Extended register, Clock, Profile generic"),
        (2, "0105 120001 120001 120001 120001 120001", "classes Data, Data, Data, Data, …"),
        (2, "0101 12FFFF", "class 65535"),
        (2, "0101 0900", ""),
        (2, "0100", ""),
        (3, "0101 0202 120003 09060100010800FF", "object Register 1-0:1.8.0*255"),
        (3, "0101 0202 120003 0900", ""),
        (4, "0202 120003 09060100010800FF", "Register 1-0:1.8.0*255"),
        (4, "0202 120003 120003", ""),
        (2, "", ""),
    ],
)
def test_selection_is_said_in_words_where_it_is_one_of_a_profile_or_an_object_list(
    selector: int, parameters: str, said: str
) -> None:
    octets = bytes.fromhex(parameters)
    assert selection_text(octets, selector, (0, len(octets))) == said


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            "C001C1 0007 0100630100FF 02 01 02 0204 060000007D 0600000000 120001 120000",
            "GET request · 1-0:99.1.0*255 Load profile 1 · selector 2: entries from 125 on",
        ),
        ("C001C1 000F 0000280000FF 02 01 02 00", "GET request · 0-0:40.0.0*255 Current association, attribute 2 object_list · selector 2"),
        (
            "0501 04 0408 02 0204 0600000001 0600000004 120001 120000",
            "Read request · short name 0408 · selector 2: entries 1 to 4",
        ),
        ("0501 04 FA60 01 0908 0102030405060708", "Read request · short name FA60"),
    ],
)  # fmt: skip
def test_line_of_a_request_says_its_selection(request_: str, said: str) -> None:
    (record,) = Pipeline({"record": "apdu"}).run(source_from_hex(request_))
    assert summary(record) == said
