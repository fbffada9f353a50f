"""Signed APDUs carry their content, with the verdict on their signature; unchecked ones stay in their signature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.text import TextLines
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.elliptic_keys import EllipticKey
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.security.signatures import VALUE_ONLY, WITH_LENGTH
from analyzer.tracking.protection import Protection
from captures import source_from_hex
from tests.analyzer.security import ecc
from tests.analyzer.security.test_signatures import CONTENT, apdu, signed_apdu

PAIR, OTHER = ecc.key("P-256", 1), ecc.key("P-256", 2)


def decode(octets: bytes, *meters: Meter) -> Record:
    protection = Protection(Keyring(meters)) if meters else None
    with source_from_hex(octets.hex()) as source:
        (record,) = Pipeline({"record": "apdu"}, protection).run(source)
    return record


def meter(role: KeyRole, pair: EllipticKey) -> Meter:
    made = Meter(client_title=ecc.CLIENT_TITLE)
    made.keys[role] = Key(role, pair.public, made.place)
    return made


def line(record: Record) -> dict[str, object]:
    found: dict[str, object] = json.loads(JsonLines(lambda: 9, layers=True).line(record))
    return found


def test_unchecked_signature_keeps_its_content_inside() -> None:
    record = decode(signed_apdu(PAIR, WITH_LENGTH))
    found = line(record)
    assert list(found["apdu"]) == ["general-signing"]  # type: ignore[call-overload]
    assert "ciphered" not in found
    (layer,) = found["protection"]  # type: ignore[misc]
    assert (layer["type"], layer["status"]) == ("general-signing", "signature-unchecked")
    assert layer["originator-system-title"] == "4D4D4D0000000001" and "content" not in layer
    assert record.direction == "request" and record.objects[0].class_id == 8
    text = TextLines(lambda: 9, utc=True).line(record)
    assert "GET request" in text and "[signature-unchecked]" in text
    assert [one.name for one in detail(record)] == ["general-signing"]


@pytest.mark.parametrize("form", [WITH_LENGTH, VALUE_ONLY])
def test_verified_signature_gives_way_to_its_content_and_says_what_it_covers(form: str) -> None:
    found = line(decode(signed_apdu(PAIR, form), meter(KeyRole.CLIENT_SIGNING, PAIR)))
    assert list(found["apdu"]) == ["get-request"]  # type: ignore[call-overload]
    (layer,) = found["protection"]  # type: ignore[misc]
    assert layer["status"] == "signature-verified"
    assert layer["key"] == "client_signing_key@4D4D4D0000000001"
    (note,) = found["notes"]  # type: ignore[misc]
    assert (note["code"], note["severity"], note["text"]) == (
        "signature-verified", "chat", f"the signature verifies {form}",
    )  # fmt: skip


def test_wrong_signature_is_an_error_that_says_why() -> None:
    found = line(decode(signed_apdu(OTHER, WITH_LENGTH), meter(KeyRole.CLIENT_SIGNING, PAIR)))
    (layer,) = found["protection"]  # type: ignore[misc]
    assert layer["status"] == "signature-wrong" and "key" not in layer
    (note,) = found["notes"]  # type: ignore[misc]
    assert (note["code"], note["severity"]) == ("signature-wrong", "error")
    assert "another key, or altered octets" in note["text"]


def test_signature_by_the_key_of_the_other_side_is_named() -> None:
    both = meter(KeyRole.CLIENT_SIGNING, PAIR)
    both.keys[KeyRole.SERVER_SIGNING] = Key(KeyRole.SERVER_SIGNING, OTHER.public, both.place)
    (note,) = line(decode(signed_apdu(OTHER, WITH_LENGTH), both))["notes"]  # type: ignore[misc]
    assert note["code"] == "signature-wrong"
    assert note["text"].endswith("it verifies with server_signing_key@4D4D4D0000000001, the other side's key")


def test_key_of_the_other_side_checks_nothing() -> None:
    record = decode(signed_apdu(PAIR, WITH_LENGTH), meter(KeyRole.SERVER_SIGNING, PAIR))
    assert [layer.status for layer in record.protection] == ["signature-unchecked"]
    assert record.notes == ()


def test_content_that_is_no_apdu_stays_inside() -> None:
    content = bytes.fromhex("30 03 020105")
    record = decode(signed_apdu(PAIR, WITH_LENGTH, content), meter(KeyRole.CLIENT_SIGNING, PAIR))
    assert record.apdu is not None and record.apdu.family == "general-signing"
    assert [layer.status for layer in record.protection] == ["signature-verified"]
    assert list(line(record)["apdu"]) == ["general-signing"]  # type: ignore[call-overload]


def test_signature_under_an_authenticated_apdu_is_a_layer_of_its_own() -> None:
    signed = apdu(b"")
    outer = bytes.fromhex("DD 00 00 00 00 00 00") + bytes((5 + len(signed) + 12,)) + bytes.fromhex("11 00000000")
    found = line(decode(outer + signed + bytes(12)))
    assert [one["status"] for one in found["protection"]] == ["plaintext-unverified", "signature-unchecked"]  # type: ignore[union-attr, index]
    assert found["ciphered"]["apdu"] == "general-ciphering"  # type: ignore[index, call-overload]
    assert list(found["apdu"]) == ["general-signing"]  # type: ignore[call-overload]
    assert CONTENT.hex().upper() in found["ciphered"]["plaintext"]  # type: ignore[index, call-overload]


def test_certificate_of_the_keyring_checks_the_signature_of_its_title(tmp_path: Path) -> None:
    (tmp_path / "agreement.der").write_bytes(ecc.certificate(PAIR, ecc.CLIENT_TITLE, agrees=True))
    made = Meter()
    made.certificates = (tmp_path,)
    assert decode(signed_apdu(PAIR, WITH_LENGTH), made).protection[0].status == "signature-unchecked"
    (tmp_path / "nested").mkdir()
    folder = tmp_path / "nested"
    (folder / "other.der").write_bytes(ecc.certificate(OTHER, ecc.SERVER_TITLE))
    (folder / "own.crt").write_bytes(ecc.certificate(PAIR, ecc.CLIENT_TITLE))
    (folder / "readme.txt").write_text("no certificate")
    made.certificates = (folder,)
    layer = decode(signed_apdu(PAIR, WITH_LENGTH), made).protection[0]
    assert (layer.status, layer.key) == ("signature-verified", "client_signing_key@4D4D4D0000000001")
