"""Compressed APDUs come out of general ciphering whole; the tag covers what was compressed."""

from __future__ import annotations

import pytest

from analyzer.diagnosis.audit.ledger import FAIL, PASS
from analyzer.key_check import KeyCheck
from analyzer.simulate.ciphering import Seal, protect
from analyzer.simulate.v44_compressor import V44Compressor
from tests.analyzer.diagnosis import audited
from tests.analyzer.tracking.all_keys import notes
from tests.analyzer.tracking.build import Said, answered
from tests.analyzer.tracking.secured import keyring, opened, secrets, security_of, statuses

SECURITY = security_of(1)
ROWS = b"".join(bytes.fromhex("0202 06") + n.to_bytes(4, "big") + b"\x09\x06kWh+A0" for n in range(40))
RESPONSE = bytes.fromhex("C401C1 00 01 28") + ROWS
COMPRESSED = 0x80


def compressed(octets: bytes, control: int, *, ordinal_bits: int = 7) -> Said:
    """An answer in general-glo-ciphering, compressed before it is ciphered."""
    text = V44Compressor(ordinal_bits).compress(octets) if ordinal_bits else octets
    body = protect(text, Seal(control, SECURITY.keys.guek, SECURITY.keys.gak, SECURITY.server_title), 5)
    length = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return answered(b"\xdb\x08" + SECURITY.server_title + length + body)


@pytest.mark.parametrize("ordinal_bits", [7, 8])
@pytest.mark.parametrize(
    ("control", "status"), [(0xB1, "verified"), (0xA1, "decrypted-unverified"), (0x91, "verified")]
)
def test_compressed_apdu_opens_to_what_was_said(control: int, status: str, ordinal_bits: int) -> None:
    said = compressed(RESPONSE, control, ordinal_bits=ordinal_bits)
    assert len(said.octets) < len(RESPONSE)
    (record,) = opened([said], keyring(secrets(SECURITY)))
    assert statuses([record]) == [status]
    assert record.apdu is not None and record.apdu.octets == RESPONSE
    assert notes([record], "undecipherable") == []


@pytest.mark.parametrize("control", [0xB1, 0x91, 0xB0, 0x90])
def test_text_that_is_said_to_be_compressed_and_is_not_opens_with_its_tag(control: int) -> None:
    (record,) = opened([compressed(RESPONSE, control, ordinal_bits=0)], keyring(secrets(SECURITY)))
    assert statuses([record]) == ["verified"]
    assert record.apdu is not None and record.apdu.octets == RESPONSE
    ((_, _, cause, text),) = notes([record], "undecipherable")
    assert cause == "security-control-wrong"
    assert "bit 7" in text
    rows = audited.judge([record])
    assert (rows["tags"].verdict, rows["suite"].verdict) == (PASS, FAIL)
    check = KeyCheck(keyring(secrets(SECURITY)))
    check.take(record)
    assert [(row.opens, row.fails) for row in check.rows() if row.opens or row.fails] == [(1, 0)] * 2


def test_octets_that_are_no_packet_are_unsupported_and_never_passed_off_as_an_apdu() -> None:
    text = bytes.fromhex("FFFE0102") + RESPONSE[4:]
    (record,) = opened([compressed(text, 0xB1, ordinal_bits=0)], keyring(secrets(SECURITY)))
    assert statuses([record]) == ["unsupported"]
    assert record.apdu is not None and record.apdu.family == "general-glo-ciphering"
    ((_, _, _, text),) = notes([record], "undecipherable")
    assert "compressed" in text
