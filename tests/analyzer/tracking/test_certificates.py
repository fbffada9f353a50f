"""Certificates that a dialogue shows check the signatures that come after them."""

from __future__ import annotations

from datetime import datetime

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring
from analyzer.simulate.secured import Side
from analyzer.simulate.security import Mechanism
from analyzer.simulate.sent import TO_CLIENT, TO_METER
from analyzer.tracking.protection import Protection
from dissectors.acse import Aare, Aarq
from dissectors.xdlms.initiate import InitiateRequest, InitiateResponse
from tests.analyzer.security import ecc
from tests.analyzer.security.test_signatures import signed_apdu
from tests.analyzer.tracking.all_keys import notes, security_of
from tests.analyzer.tracking.build import ListSource, Said, answered, asked, chunk, wrapped

PAIR = ecc.key("P-256", 1)
SETUP = bytes.fromhex("0040 00002B0000FF")
CERTIFICATE = ecc.certificate(PAIR, ecc.CLIENT_TITLE)


def octet_string(octets: bytes) -> bytes:
    return b"\x09\x82" + len(octets).to_bytes(2, "big") + octets


def imports(octets: bytes) -> Said:
    return asked(bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0601") + octet_string(octets))


def exports(octets: bytes) -> list[Said]:
    request = bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0701") + bytes.fromhex("0202 1600 0203 1600 1601 0900")
    return [asked(request), answered(bytes.fromhex("C701C1 00 01 00") + octet_string(octets))]


def decode(said: list[Said]) -> list[Record]:
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(wrapped(said), 1)]
    return list(Pipeline(None, Protection(Keyring())).run(ListSource(chunks)))


@pytest.mark.parametrize(
    "before", [[imports(CERTIFICATE), answered(bytes.fromhex("C701C1 00 00"))], exports(CERTIFICATE)]
)
def test_certificate_that_is_shown_checks_the_signature_that_follows(before: list[Said]) -> None:
    signed = asked(signed_apdu(PAIR, "with the content's length octets"))
    assert decode([signed])[0].protection[0].status == "signature-unchecked"
    records = decode([*before, signed])
    assert records[-1].protection[0].status == "signature-verified"
    ((_, _, _, text),) = notes(records, "certificate-learnt")
    assert text == "a certificate of 4D4D4D0000000001 for signing, until 2044-01-01"


@pytest.mark.parametrize(
    ("day", "problems"),
    [
        ("2044-01-01", []),
        ("2044-01-02", ["the certificate of 4D4D4D0000000001 ended on 2044-01-01, and is shown on 2044-01-02"]),
    ],
)
def test_certificate_that_has_ended_is_told(day: str, problems: list[str]) -> None:
    (unit,) = wrapped([imports(CERTIFICATE)])
    time_ns = int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()) * 10**9
    shown = chunk(1, unit.octets, unit.direction)._replace(time_ns=time_ns)
    records = list(Pipeline(None, Protection(Keyring())).run(ListSource([shown])))
    assert [text for *_, text in notes(records, "certificate-problem")] == problems


def test_certificate_of_another_use_checks_nothing() -> None:
    der = ecc.certificate(PAIR, ecc.CLIENT_TITLE, agrees=True)
    records = decode([imports(der), asked(signed_apdu(PAIR, "with the content's length octets"))])
    assert records[-1].protection[0].status == "signature-unchecked"
    assert notes(records, "certificate-learnt")[0][3].endswith("for key agreement, until 2044-01-01")


def test_octets_that_are_no_certificate_are_noted() -> None:
    ((number, _, _, text),) = notes(decode([imports(CERTIFICATE[:-30])]), "certificate-problem")
    assert number == 1 and "no X.509 certificate" in text


def test_refused_export_teaches_nothing() -> None:
    request = exports(CERTIFICATE)[0]
    assert notes(decode([request, answered(bytes.fromhex("C701C1 03 00"))]), "certificate-learnt") == []


def test_certificates_of_the_association_check_its_signed_challenges() -> None:
    security = security_of(1, mechanism=Mechanism.HLS_ECDSA)
    client, server = Side(security, TO_METER), Side(security, TO_CLIENT)
    keys = security.keys
    ders = [
        ecc.certificate_of(private, title)
        for private, title in (
            (keys.client_signing, security.client_title),
            (keys.server_signing, security.server_title),
        )
    ]
    ctos, stoc = b"C" * 32, b"S" * 32
    context = {"application_context_name": "2.16.756.5.8.1.1", "mechanism_name": "2.16.756.5.8.2.7"}
    aarq = Aarq(
        **context, calling_ap_title=security.client_title, calling_ae_qualifier=ders[0],
        calling_authentication_value=("charstring", ctos), user_information=InitiateRequest(),
    )  # fmt: skip
    aare = Aare(
        **context, responding_ap_title=security.server_title, responding_ae_qualifier=ders[1],
        responding_authentication_value=("charstring", stoc), user_information=InitiateResponse(),
        result_source_diagnostic=("acse-service-user", 14),
    )  # fmt: skip
    reply = bytes.fromhex("C301C1 000F 0000280000FF 01 01 09 40") + client.prove(ctos, stoc)
    answer = bytes.fromhex("C701C1 00 01 00 09 40") + server.prove(stoc, ctos)
    records = decode([asked(bytes(aarq)), answered(bytes(aare)), asked(reply), answered(answer)])
    assert [(number, code) for number, code, _, _ in notes(records, "certificate-learnt", "hls-verified", "hls-failed")] == [
        (1, "certificate-learnt"), (2, "certificate-learnt"), (3, "hls-verified"), (4, "hls-verified"),
    ]  # fmt: skip
