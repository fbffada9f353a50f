"""Octets that are a piece of a frame or an APDU: what each may be, and nothing where it fits nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.export.explained import explain
from analyzer.export.pieces import pieces

PARAMETERS = "81 80 12 05 01 80 06 01 80 07 04 00 00 00 01 08 04 00 00 00 01"


@pytest.mark.parametrize(
    ("asked", "field", "part"),
    [
        ("54 00 10", "information field of FRMR", "I N(S)=2 N(R)=2 (54) was rejected: V, the send number is invalid"),
        ("10 00 01", "information field of FRMR", "W, the control field is undefined or not implemented"),
        (PARAMETERS, "parameters of SNRM or UA", "maximum-information-field-length-transmit 128"),
        ("81 80 00", "parameters of SNRM or UA", "none, so the defaults"),
        ("00 01 00 01 00 20 00 05", "wrapper header", "source wPort 1, destination wPort 32, an APDU of 5 octets"),
        ("4B 46 4D 10 20 00 12 34", "system title", "serial 1020001234 (69256352308)"),
        ("07 E8 0B 15 04 0A 1E 00 FF FF C4 00", "date and time", "2024-11-21T10:30:00+01:00"),
        ("07 E8 0B 15 04", "date and time", "2024-11-21"),
        ("0A 1E 00 FF", "date and time", "10:30:00"),
        ("0C 1E 00 00", "date and time", "12:30:00"),
        ("00 00 00 00", "octets", "4 times 00 has no sign of what it is: the number 0"),
        ("00 00 00", "octets", "3 times 00 has no sign"),
        ("FF FF FF FF", "octets", "not specified in a date or time"),
        ("12 34 56 78", "number", "305419896; low octet first 2018915346"),
        ("30 00 00 00 2A", "security header", "30: authenticated, encrypted, suite 0; invocation counter 42"),
        ("51 00 00 00 2A", "security header", "51: authenticated, broadcast key, suite 1"),
        ("00 1E 1D", "conformance", "get, set, selective-access, action"),
        ("5F 1F 04 00 1C 03 20", "conformance", "read, write, unconfirmed-write"),
        ("60 85 74 05 08 01 03", "application context", "2.16.756.5.8.1.3"),
        ("06 07 60 85 74 05 08 02 05", "authentication mechanism", "2.16.756.5.8.2.5"),
        ("00 03 01 00 01 08 00 FF 02", "attribute descriptor", "class 3 Register: 1-0:1.8.0*255"),
        ("00 08 00 00 01 00 00 FF 02 00", "attribute descriptor", "class 8 Clock: 0-0:1.0.0*255 Clock, time"),
        ("09 06 01 00 01 08 00 FF", "logical name", "1-0:1.8.0*255 Active energy import (+A)"),
        ("06 00 01 2C 4B", "Data", "double-long-unsigned: 76875"),
        ("02 02 0F FF 16 1E", "Data", "a scaler_unit, scaler -1, unit Wh (30)"),
    ],
)
def test_piece_is_named_with_what_it_says(asked: str, field: str, part: str) -> None:
    found = {one.field: one.text for one in explain(asked).meanings}
    assert part in found[field]


def test_reasons_of_frmr_lead_to_what_to_try() -> None:
    (one, *_) = explain("54 00 10").meanings
    assert (one.facts, one.causes) == (("hdlc-frame-rejected",), ("counters-not-reset",))
    assert one.advice


@pytest.mark.parametrize(
    "asked",
    [
        "94 01 10",  # bit 0 of the second octet is always 0
        "94 00 1D",  # so many reasons go together nowhere
        "81 80 13 05 01 80",  # the length says more
        "4D 4D 4D 00 00 BC 61",  # seven octets
        "4D 4D 21 00 00 BC 61 4E",  # no three letters
        "33 00 00 00 01",  # suite 3
        "07 E8 0D 15 04 0A 1E 00 FF FF C4 00",  # month 13
        "06 00 01 2C",  # ends early
        "06 00 01 2C 4B 00",  # goes on
        "60 85 74 05 09 01 03",  # not of the DLMS UA
        "80 1E 1D",  # the first bit is reserved
    ],
)
def test_octets_that_do_not_fit_whole_are_no_piece(asked: str) -> None:
    assert pieces(bytes.fromhex(asked)) == []


@pytest.mark.parametrize(("asked", "name"), [("0x32", "I N(S)=1 N(R)=1"), ("0xB1", "RR N(R)=5"), ("0x73", "UA")])
def test_control_octet_is_read_with_its_numbers(asked: str, name: str) -> None:
    assert [one.name for one in explain(asked).meanings if one.field == "HDLC control"] == [name]


def test_beginning_of_an_apdu_is_named_by_its_tag() -> None:
    assert [(one.field, one.name) for one in explain("C0 01 C1").meanings] == [("APDU tag", "get-request")]


@pytest.mark.parametrize("asked", ["00 00 00 00", "00 00 00", "00 00 00 00 00 00 00 00 00 00 00 00"])
def test_zeros_are_no_time_and_no_tag(asked: str) -> None:
    assert [one.field for one in explain(asked).meanings] == ["octets"]


def test_word_of_hex_digits_is_no_number() -> None:
    assert explain("deadbeef").meanings == []


def test_whole_frame_is_no_piece() -> None:
    assert {one.field for one in explain("7E A0 07 03 21 93 0F 01 7E").meanings} == {"octets"}


@given(st.binary(max_size=40))
def test_pieces_are_total(octets: bytes) -> None:
    assert all(one.field and one.name for one in pieces(octets))
