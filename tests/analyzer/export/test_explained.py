"""What is asked about to what it means: numbers, octets, classes, logical names, and the forms that outputs take."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis import lexicon
from analyzer.diagnosis.rules import rule
from analyzer.export.explained import explain, json_lines, text_lines


def said(asked: str) -> list[tuple[str, int | None, str]]:
    return [(one.field, one.number, one.name) for one in explain(asked).meanings]


@pytest.mark.parametrize("asked", ["3", "0x03", " 3 "])
def test_number_is_read_in_either_form(asked: str) -> None:
    assert ("data-access-result", 3, "read-write-denied") in said(asked)


def test_octet_that_only_hex_can_be_is_a_number() -> None:
    assert ("APDU tag", 0xD8, "exception-response") in said("D8")
    assert ("unit", 14, "m³") in said("14")


def test_octets_of_an_apdu_are_decoded_and_their_values_explained() -> None:
    octets, state, error = explain("D8 01 06 00 00 07 01").meanings
    assert "service-not-allowed, invocation-counter-error" in octets.text
    assert (state.field, state.number) == ("state-error", 1)
    assert (error.field, error.number, error.causes) == ("service-error", 6, ("invocation-counter-too-low",))


def test_octets_that_end_early_are_explained_as_far_as_they_go() -> None:
    octets, _, error = explain("D80106").meanings
    assert "needs 4 octets, 0 left" in octets.text
    assert error.name == "invocation-counter-error"


def test_refused_aare_tells_result_and_diagnostic() -> None:
    # result 1, acse-service-user diagnostic 13, no user-information
    found = said("61 17 A1 09 06 07 60 85 74 05 08 01 01 A2 03 02 01 01 A3 05 A1 03 02 01 0D")
    assert found[1:] == [
        ("association result", 1, "rejected-permanent"),
        ("acse-service-user diagnostic", 13, "authentication-failure"),
    ]


def test_damaged_frame_has_the_cause_of_the_doctor() -> None:
    frame, fact = explain("7E A0 07 03 21 93 0F 09 7E").meanings  # 01 was sent
    assert frame.field == "octets"
    assert (fact.name, fact.causes) == ("hdlc-fcs-wrong", ("bit-error",))
    assert "01 was sent" in fact.text


def test_beginning_of_a_frame_is_named() -> None:
    (one,) = explain("E6 E7 00").meanings
    assert "LLC header of a response" in one.text
    assert [one.field for one in explain("5E A0").meanings] == ["number"]


def test_class_is_told_with_its_members() -> None:
    (one,) = explain("class 7").meanings
    assert (one.name, one.number) == ("Profile generic", 7)
    assert "2 buffer" in one.text
    assert "1 reset" in one.text


@pytest.mark.parametrize("asked", ["1-0:1.8.0*255", "1.0.1.8.0.255", "0100010800FF"])
def test_logical_name_is_named(asked: str) -> None:
    (one,) = explain(asked).meanings
    assert (one.field, one.name) == ("logical name", "Active energy import (+A)")
    assert "1-0:1.8.0*255" in one.text


def test_manufacturer_is_named_by_its_letters() -> None:
    assert said("kfm") == [("manufacturer", None, "KFM")]


def test_advice_is_said_once_and_json_has_it_with_every_meaning() -> None:
    found = explain("3")
    text = list(text_lines(found))
    assert len([line for line in text if "Read the object list over the same association" in line]) == 1
    told = [json.loads(line) for line in json_lines(found)]
    assert {one["what"] for one in told} == {"3"}
    denied = [one for one in told if one["name"] == "read-write-denied"]
    assert len(denied) == 2
    assert denied[0]["advice"] == denied[1]["advice"] != []


@given(st.text(max_size=40))
def test_explaining_is_total(asked: str) -> None:
    found = explain(asked)
    list(text_lines(found))
    list(json_lines(found))


@given(st.binary(min_size=2, max_size=40))
def test_explaining_octets_is_total(octets: bytes) -> None:
    list(text_lines(explain(octets.hex(" "))))


@pytest.mark.parametrize(
    ("asked", "first"),
    [("1.8.0", ("identification code", None, "Active energy import (+A)")), ("f.f", ("identification code", None, "Error register 1")),
     ("kWh", ("unit", None, "kWh")), ("kwh", ("unit", None, "kWh")), ("mV", ("unit", None, "mV")), ("MW", ("unit", None, "MW")), ("Wh", ("unit", 30, "Wh")), ("8n1", ("line setting", None, "8N1")),
     ("4059", ("port", 4059, "dlms/cosem")), ("public client", ("client address", 16, "public client")),
     ("frame counter", ("abbreviation", None, "IC")), ("push setup", ("interface class", 40, "Push setup")),
     ("0x7E", ("HDLC octet", 126, "flag"))],
)  # fmt: skip
def test_terms_of_screens_and_manuals_are_explained(asked: str, first: tuple[str, int | None, str]) -> None:
    assert said(asked)[0] == first


def test_code_of_a_heat_meter_is_explained_beside_that_of_an_electricity_meter() -> None:
    assert [name for _, _, name in said("6.8")[:2]] == ["Reactive energy QII (+Rc)", "Heat energy"]
    assert said("1.8.1&12")[0][2].endswith("billing period 12, reset by hand")


@pytest.mark.parametrize(
    ("asked", "fields"),
    [("mechanism 5", {"authentication mechanism"}), ("client = 16", {"client address"}), ("unit: 30", {"unit"}), ("tag C0", {"APDU tag"}), ("wPort 16", {"client address"}),
     ("result 0x03", {"data-access-result", "action-result", "association result"})],
)  # fmt: skip
def test_number_behind_its_field_means_what_it_means_there(asked: str, fields: set[str]) -> None:
    found = said(asked)
    assert found
    assert {field for field, _, _ in found} <= fields


def test_word_that_names_a_class_and_is_part_of_other_names_gives_both() -> None:
    found = said("clock")
    assert found[0] == ("interface class", 8, "Clock")
    assert ("fact", None, "clock-drift") in found


def test_every_term_has_a_meaning_and_names_codes_that_exist() -> None:
    for one in lexicon.meanings():
        assert one.name
        assert all(rule("fact", code) for code in one.facts)
        assert all(rule("cause", code) for code in one.causes)


@pytest.mark.parametrize("asked", ["conformance 001E1D", "conformance: 00 1E 1D", "Conformance = 001E1D"])
def test_octets_behind_the_name_of_what_they_are_are_read_as_that(asked: str) -> None:
    (one,) = explain(asked).meanings
    assert (one.field, one.name) == ("conformance", "00 1E 1D")
    assert explain("mechanism 001E1D").meanings == []


@pytest.mark.parametrize("verdict", ["PASS", "fail", "INCONCLUSIVE", "not-seen"])
def test_verdict_of_the_audit_is_explained_and_is_nothing_else(verdict: str) -> None:
    (one,) = explain(verdict).meanings
    assert (one.field, one.name) == ("verdict of audit", verdict.upper())
