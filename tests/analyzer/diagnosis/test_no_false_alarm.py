"""Healthy traffic has no story of weight: every sample, every healthy entry and capture of the corpus, every session."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.session import Session
from captures import open_source, source_from_hex
from captures.chunk import Source
from captures.samples import samples
from dissectors.checks import crc16_arc
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import on_line
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.timed import CLOCK_ANSWER, GET_CLOCK, OPENING, READING, at
from tests.corpus import vectors

REFUSED = {"association-rejected", "exception-response", "confirmed-service-error"}
"""Answers of a meter that are no success weigh what they weigh; they are no alarm about the line."""
KNOWN = {
    "iec-parity-signon-hurani": {"line-settings-differ"},  # parity stands in the data, as the entry says
    "dsmr-lvzon-5.0": {"p1-crc-wrong"},  # the CRC is not that of the text, as the entry says
    "dsmr-lvzon-4.0": {"p1-crc-wrong"},
}
"""Healthy entries about which something has to be said."""


def weighty(source: Source) -> set[str]:
    """The codes of warnings and errors."""
    with source:
        doctor = Doctor()
        for record in Session(source, learns=False).records():
            doctor.take(record)
        doctor.finish()
        return {one.code for one in doctor.stories() if one.worst >= Severity.WARNING}


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_sample_has_no_story_of_weight_but_those_of_its_manifest(sample: object) -> None:
    assert weighty(open_source(str(sample.path))) <= set(sample.notes)  # type: ignore[attr-defined]


@pytest.mark.parametrize("message", [b"\xff" * 1024, "Tisztelt Ügyfelünk, az árak változnak.".encode("iso8859-2")])
def test_message_to_the_consumer_in_signs_of_its_own_is_no_damage_of_the_line(message: bytes) -> None:
    lines = b"/AUX59902759\r\n\r\n1-0:1.8.0(000173.645*kWh)\r\n0-0:96.13.0(" + message + b")\r\n!"
    assert weighty(source_from_hex((lines + b"%04X\r\n" % crc16_arc(lines)).hex(" "))) == set()


@pytest.mark.parametrize(
    "request_",
    [
        bytes.fromhex("16 01 020108 01 120000"),
        bytes.fromhex("36 14 30 00000001 01020304 05060708090A0B0C0D0E0F"),
        bytes.fromhex("C10181 0008 0000010000FF 02 00 090C 07E80B15040A1E00FFFFC400"),
    ],
    ids=["short name", "closed", "logical name"],
)
def test_what_asks_for_no_answer_and_comes_again_was_not_left_unanswered(request_: bytes) -> None:
    told = on_line(OPENING, READING, at(3, asked(request_)), at(5, asked(request_)), at(7, asked(request_)))
    assert not {one.code for one in told} & {"response-missing", "provider-abort", "apdu-malformed"}


def test_what_says_unconfirmed_and_was_answered_before_was_left_unanswered_where_it_comes_again() -> None:
    request_ = bytes.fromhex("D9 00000001 00 01 01 0003 0100010800FF 02 01 00")
    answer = bytes.fromhex("DA 00000001 00 00 01 06 00000007 01 01 00")
    again = [at(second, asked(request_)) for second in (3, 6, 9)]
    told = on_line(OPENING, READING, at(1, asked(request_), answered(answer)), *again)
    assert [one.count for one in told if one.code == "response-missing"] == [2]


def test_closed_apdu_that_a_meter_says_unasked_may_be_a_push() -> None:
    closed = bytes.fromhex("DB 08 4D4D4D0000BC614E 14 30 00000001 01020304 05060708090A0B0C0D0E0F")
    told = on_line(OPENING, READING, at(3, answered(closed)), at(4, asked(GET_CLOCK), answered(CLOCK_ANSWER)))
    assert not {one.code for one in told} & {"response-without-request", "response-missing"}


def test_healthy_entry_of_the_corpus_has_no_story_of_weight(corpus: Path) -> None:
    wrong = {}
    for entry in vectors.entries(corpus):
        if entry["theme"] == "broken" and not entry.get("healthy"):
            continue
        found = weighty(source_from_hex(vectors.text_of(entry))) - REFUSED - KNOWN.get(entry["id"], set())
        if found:
            wrong[entry["id"]] = found
    assert wrong == {}


def test_capture_of_the_corpus_without_damage_has_no_story_of_weight(corpus: Path) -> None:
    table = tomllib.loads((corpus / "pcaps.toml").read_text(encoding="utf-8"))
    wrong = {}
    for entry in next(iter(value for value in table.values() if isinstance(value, list))):
        found = weighty(open_source(str(corpus / entry["file"]))) - REFUSED
        if found and not entry["damage"]:
            wrong[entry["file"]] = found
    assert wrong == {}


def test_log_of_the_corpus_has_no_story_of_weight(corpus: Path) -> None:
    wrong = {
        path.name: found for path in sorted((corpus / "logs").iterdir()) if (found := weighty(open_source(str(path))))
    }
    assert wrong == {}


def test_break_behind_requests_alone_is_no_refusal() -> None:
    asked = [b"/?!\r\n", b"\x06051\r\n", b"\x01P1\x02(777777)\x03b", b"\x01R1\x02VOLTA()\x03\x5f", b"\x01B0\x03q"]
    with source_from_hex(b"".join(asked).hex()) as source:
        doctor = Doctor()
        for record in Session(source, learns=False).records():
            doctor.take(record)
        doctor.finish()
    assert not {one.code for one in doctor.stories()} & {"iec62056-21-protected", "iec62056-21-password-rejected"}


def test_low_octets_between_requests_are_not_called_seven_bits_of_frames() -> None:
    request = "2F3F210D0A"
    with source_from_hex(f"{request} 000020400040000000004002 {request} {request}") as source:
        doctor = Doctor()
        for record in Session(source, learns=False).records():
            doctor.take(record)
        doctor.finish()
    assert "seven-bit" not in {one.cause for one in doctor.stories()}
