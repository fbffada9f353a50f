"""``dlmshark explain`` on the command line."""

from __future__ import annotations

import json

import pytest

from analyzer.export.explained import _KEYS
from analyzer.security.keys import KeyRole
from tests.cli.conftest import Run


def test_explain_tells_every_meaning_of_a_number(run: Run) -> None:
    ran = run("explain", "0x03")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("data-access-result 3 · read-write-denied (get-response, ")
    assert "\ninterface class 3 · Register\n" in ran.out
    assert "   try   " in ran.out


def test_explain_takes_octets_that_lack_their_leading_zeros(run: Run) -> None:
    assert run("explain", "D8 1 6").out == run("explain", "D8 01 06").out
    assert run("explain", "0x7e", "0xa0", "0x7", "0x3").out == run("explain", "7E A0 07 03").out


def test_explain_takes_octets_as_several_words(run: Run) -> None:
    lines = run("explain", "D8", "01", "06", "--json").out.splitlines()
    assert [json.loads(line)["field"] for line in lines] == ["octets", "state-error", "service-error"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("68 FA FA 68", "A long frame of wired M-Bus"), ("1B 1B 1B 1B 01 01 01 01", "A message of SML begins"),
        ("7E A1", "An HDLC frame of format type 3"), ("security control 30", "authenticated and encrypted"),
        ("P1", "customer port · P1"), ("HAN port", "customer port · HAN"), ("decrypted-unverified", "nothing proves them"),
    ],
)  # fmt: skip
def test_what_owners_of_a_meter_see_is_known(run: Run, words: str, told: str) -> None:
    assert told in run("explain", words).out


def test_security_control_is_hex_as_screens_have_it_and_a_decimal_number_besides(run: Run) -> None:
    found = [json.loads(line) for line in run("explain", "--json", "security control 32").out.splitlines()]
    assert [(one["name"], one["text"]) for one in found] == [
        ("authenticated and encrypted", "security suite 2"), ("encrypted", "security suite 0"),
    ]  # fmt: skip
    assert [json.loads(line)["name"] for line in run("explain", "--json", "unit 30").out.splitlines()] == ["Wh"]


@pytest.mark.parametrize("status", ["damaged", "unsupported"])
def test_every_status_of_a_ciphered_apdu_is_known(run: Run, status: str) -> None:
    assert "ciphered APDUs" in run("explain", status).out


def test_what_is_a_protocol_and_a_manufacturer_is_told_as_both(run: Run) -> None:
    found = [json.loads(line)["field"] for line in run("explain", "--json", "SML").out.splitlines()]
    assert found == ["protocol", "manufacturer"]


def test_what_means_nothing_is_one_line_with_the_nearest_names(run: Run) -> None:
    ran = run("explain", "cut-at-flag-octett")
    assert (ran.status, ran.out) == (0, "")
    assert ran.complaint.startswith("nothing is known as 'cut-at-flag-octett'; nearest: cut-at-flag-octet")


def test_explain_without_a_word_is_a_wrong_command_line(run: Run) -> None:
    ran = run("explain")
    assert ran.status == 2
    assert "WHAT" in ran.complaint


def test_rules_have_the_members_of_the_contract(run: Run) -> None:
    told = [json.loads(line) for line in run("rules", "--json").out.splitlines()]
    for one in told:
        assert set(one) <= {"code", "kind", "group", "severity", "text", "advice", "weights"}
        assert one["text"]
        assert (one["kind"] == "fact") == ("severity" in one)


@pytest.mark.parametrize(
    ("words", "role"),
    [("BlockCipherKey", "guek"), ("block cipher key", "guek"), ("EK", "guek"), ("BCK", "guek"), ("master key", "kek"), ("GAK", "gak"),
     ("authentication-key", "gak"), ("dedicated key", "dedicated"), ("hls_secret", "hls_secret"), ("GPK60", "guek"), ("GPK61", "gak"), ("decryption_key", "guek")],
)  # fmt: skip
def test_names_that_people_use_for_keys_are_told_apart(run: Run, words: str, role: str) -> None:
    found = [json.loads(line) for line in run("explain", "--json", *words.split()).out.splitlines()]
    assert (found[0]["field"], found[0]["name"]) == ("key", role)
    assert found[0]["text"]


def test_every_role_of_a_key_is_explained() -> None:
    assert set(_KEYS) == set(KeyRole)
