"""Compressed APDUs come out of general ciphering whole; the tag covers what was compressed."""

from __future__ import annotations

import pytest

from analyzer.simulate.ciphering import Seal, protect
from analyzer.simulate.v44_compressor import V44Compressor
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


def test_octets_that_are_no_packet_are_unsupported_and_never_passed_off_as_an_apdu() -> None:
    (record,) = opened([compressed(RESPONSE, 0xB1, ordinal_bits=0)], keyring(secrets(SECURITY)))
    assert statuses([record]) == ["unsupported"]
    assert record.apdu is not None and record.apdu.family == "general-glo-ciphering"
    ((_, _, _, text),) = notes([record], "undecipherable")
    assert "compressed" in text
