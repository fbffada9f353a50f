"""Data and date-times of the simulator, against octets written by hand."""

from analyzer.cosem.date_time import date_time_text
from analyzer.simulate.forms import date_time, encode_form, nanoseconds, octet_string, octets_of, structure, time_of
from dissectors.hdlc import Address, Hdlc
from dissectors.xdlms.get import GetResponseNormal


def test_date_time_in_winter_is_one_hour_before_utc() -> None:
    octets = date_time(nanoseconds(2026, 3, 2, 9, 14, 7) + 250_000_000)
    assert octets.hex() == "07ea030201" + "0a0e0719" + "ffc4" + "00"
    assert date_time_text(octets) == "2026-03-02T10:14:07.25+01:00"


def test_time_of_a_date_time_gives_it_back() -> None:
    time_ns = nanoseconds(2026, 12, 31, 23, 59, 59) + 990_000_000
    assert time_of(date_time(time_ns)) == time_of(date_time(time_ns, offset_minutes=-300)) == time_ns


def test_encoded_form_has_type_tags() -> None:
    form = structure({"long-unsigned": 0x1234}, octet_string(b"ab"), {"boolean": 1})
    assert encode_form(form).hex() == "0203" + "121234" + "09026162" + "0301"


def test_octets_of_a_layer_with_a_number_of_its_type_are_no_range() -> None:
    assert octets_of(GetResponseNormal(result={"data": {"double-long-unsigned": 9}})).hex() == "c401c1000600000009"


def test_octets_of_a_frame_keep_both_parts_of_an_address() -> None:
    assert octets_of(Hdlc(destination_address=Address(1, 17, 2), control=0x93)).hex() == "7ea00802232193bd647e"
