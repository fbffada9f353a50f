"""What words and numbers may mean: every entry out of the tables that the program reads, none that leads nowhere."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

import analyzer.diagnosis.rules
from analyzer.diagnosis.audit.checks import CHECKS, Check
from analyzer.diagnosis.lexicon import FIELDS, Meaning, meanings, nearest, of_number, of_words
from analyzer.diagnosis.refusals import RESULT_CAUSES
from analyzer.diagnosis.rules import rule, rules
from analyzer.tracking.findings import FACTS
from dissectors.enumerations import CONFORMANCE, DATA_ACCESS_RESULT


def fields(found: list[Meaning]) -> set[tuple[str, str]]:
    return {(one.field, one.name) for one in found}


def test_every_fact_of_the_program_has_its_rule() -> None:
    assert [code for code in FACTS if rule("fact", code) is None] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.name)
def test_every_check_of_the_audit_is_explained(check: Check) -> None:
    assert ("check of audit", check.name) in fields(of_words(check.name))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("max info field", "window size"), ("NRM", "NDM"), ("StoC", "CtoS"), ("vaa-name", "VAA name"),
        ("suite 2", "security suite"), ("security_policy", "security policy"),
        ("service class", "invoke-id-and-priority"),
    ],
)  # fmt: skip
def test_words_of_test_plans_are_known(words: str, name: str) -> None:
    assert name in {one for _, one in fields(of_words(words))}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Linky", "TIC"), ("ADCO", "TIC"), ("EMI", "Modbus"), ("DL/T 698.45", "DL/T 645"), ("SMETS2", "GBCS"),
        ("CII", "Kundenschnittstelle"), ("Smart Meter Key", "Kundenschnittstelle"), ("smarty", "Smarty"), ("NBR 14522", "ABNT NBR 14522"),
    ],
)  # fmt: skip
def test_words_of_letters_that_operators_write_are_known(words: str, name: str) -> None:
    assert name in {one for _, one in fields(of_words(words))}


def test_code_stands_in_one_table_only() -> None:
    folder = Path(analyzer.diagnosis.rules.__file__).parent / "rules"
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.toml")]
    for kind in ("fact", "cause"):
        codes = Counter(code for table in tables for code in table.get(kind, {}))
        assert [code for code, times in codes.items() if times > 1] == []


def test_every_code_in_the_tables_means_itself() -> None:
    for kind, code in rules():
        assert (kind, code) in fields(of_words(code))


def test_every_code_that_an_entry_names_is_a_rule() -> None:
    named = {("fact", code) for one in meanings() for code in one.facts}
    named |= {("cause", code) for one in meanings() for code in one.causes}
    assert sorted(one for one in named if rule(*one) is None) == []


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        ("(E) SML: Decrypt authentication failed", "wrong-encryption-key"),
        ("CRC mismatch: expected 0E3D, got 0CAA", "crc-of-another-kind"),
        ("[W][im150:039]: wrong opening bytes: 7c 00, expected 7e a0", "edges-late"),
        ("First byte of encrypted telegram should be 0xDB, but is 0x7E", "wrong-stack"),
        ("[E][dsmr:152]: Error: telegram larger than buffer (3000 bytes)", "polarity-inverted"),
        ("(W) (readHanPort) Invalid HDLC, returned with -9", "baud-mismatch"),
    ],
)
def test_message_of_which_most_is_known_comes_first(printed: str, cause: str) -> None:
    assert cause in of_words(printed)[0].causes


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Could not perform GET request: <DataAccessResult.OBJECT_UNAVAILABLE: 11>", "object-unavailable"),
        ("DataAccessResult.OBJECT_UNAVAILABLE", "object-unavailable"),
        ("dlms.exceptions.Refused: <StateException.SERVICE_NOT_ALLOWED: 1>", "service-not-allowed"),
    ],
)
def test_constant_in_a_message_that_is_not_known_is_explained(printed: str, name: str) -> None:
    assert name in {one.name for one in of_words(printed)}


def test_number_has_its_meaning_in_every_enumeration() -> None:
    found = fields(of_number(3))
    assert {
        ("data-access-result", "read-write-denied"), ("action-result", "read-write-denied"),
        ("service-error", "other-reason"), ("acse-service-user diagnostic", "calling-AP-title-not-recognized"),
        ("data type", "boolean"), ("interface class", "Register"), ("initiate error", "pdu-size-too-short"),
    } <= found  # fmt: skip
    for field in FIELDS:
        if 3 in field.names:
            assert (field.name, field.names[3]) in found


@pytest.mark.parametrize("number", [number for number in DATA_ACCESS_RESULT if number])
def test_result_has_the_cause_that_the_doctor_gives_it_alone(number: int) -> None:
    (one,) = [one for one in of_number(number) if one.field == "data-access-result"]
    assert one.facts == (f"result-{one.name}",)
    assert one.causes[0] == RESULT_CAUSES[one.name][0]
    assert one.advice


def test_success_is_no_refusal() -> None:
    (one,) = [one for one in of_number(0) if one.field == "data-access-result"]
    assert (one.facts, one.causes, one.advice) == ((), (), ())


@pytest.mark.parametrize(
    ("words", "field", "causes"),
    [
        ("P-ABORT", "message", {"inactivity-timeout", "tcp-reset"}),
        ("data-block-unavailable", "data-access-result", {"block-lost-or-late"}),
        ("Access Error : Data Block Unavailable.", "message", {"block-lost-or-late"}),
        ("failed to decipher", "message", {"wrong-encryption-key", "wrong-authentication-key"}),
        ("gurux: Failed to receive reply from the device in given time. (3)", "message", {"server-silent"}),
        ("Invocation counter", "message", {"invocation-counter-too-low"}),
        ("FCS error", "message", {"bit-error", "cut-at-flag-octet"}),
        ("MBUS: invalid stop byte at offset 0", "message", {"octets-lost", "wrong-stack"}),
        ("Not a valid packet. Start over again.", "message", {"octets-lost", "wrong-stack"}),
        ("received unexpected identification message start byte: 00", "message", {"baud-mismatch", "seven-bit"}),
        ("expected 0x82 separator byte not found, dropping frame", "message", {"wrong-stack"}),
        ("(errorBlink)(C1) No HAN data received last 30s, single blink", "message", {"server-silent"}),
        ("Invalid Start Bytes... waiting", "message", {"octets-lost"}),
        ("Server to Client do no match", "message", {"secret-wrong"}),
        ("Association rejected", "message", {"wrong-password", "wrong-context"}),
        ("authentication-failure", "acse-service-user diagnostic", {"wrong-password"}),
        ("dlms-version-too-low", "initiate error", {"version-too-low"}),
    ],
)
def test_message_or_name_leads_to_its_causes(words: str, field: str, causes: set[str]) -> None:
    found = [one for one in of_words(words) if one.field == field]
    assert found
    assert causes <= set(found[0].causes)


def test_conformance_bits_have_their_place() -> None:
    (one,) = of_words("selective-access")
    assert (one.field, one.text) == (
        "conformance bit",
        f"bit {CONFORMANCE.index('selective-access')} of 24, mask 000004",
    )


def test_word_within_a_name_finds_it_where_nothing_is_called_so() -> None:
    assert {one.name for one in of_words("unavailable")} >= {"data-block-unavailable", "object-unavailable"}


def test_what_means_nothing_gets_the_nearest_names() -> None:
    assert of_words("read-writ-denyed") == []
    assert nearest("read-writ-denyed")[0] == "read-write-denied"
    assert (of_words(""), of_words("?!"), nearest("")) == ([], [], [])
