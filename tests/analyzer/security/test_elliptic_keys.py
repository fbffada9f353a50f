"""A key reads the same in every form that people have it in; what is none is refused with its reason."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security.elliptic_keys import EllipticKey, from_public, read_certificate, read_key
from analyzer.security.refused import Refused
from tests.analyzer.security import ecc


@pytest.mark.parametrize("curve", ecc.CURVES)
def test_private_key_reads_the_same_in_every_form(curve: str) -> None:
    pair = ecc.key(curve, 1)
    assert pair.private is not None
    forms = [
        ecc.private_pem(pair),
        ecc.private_pem(pair, form="TraditionalOpenSSL"),
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ecc.private_pem(pair),
        b"written by hand:\n" + ecc.private_pem(pair),
        ecc.private_der(pair),
        ecc.private_der(pair).hex().encode(),
        pair.private,
        pair.private.hex(" ").encode(),
        b" 0x" + pair.private.hex().upper().encode() + b"\n",
        pair.private.hex(":").encode(),
    ]
    assert [read_key(form) for form in forms] == [pair] * len(forms)


@pytest.mark.parametrize("curve", ecc.CURVES)
def test_public_key_reads_the_same_in_every_form(curve: str) -> None:
    pair = ecc.key(curve, 2)
    even = bytes((2 + (pair.public[-1] & 1),)) + pair.public[: len(pair.public) // 2]
    forms = [
        pair.public,
        b"\x04" + pair.public,
        even,
        even.hex().encode(),
        ecc.public_bytes(pair, Encoding.PEM),
        ecc.public_bytes(pair, Encoding.DER),
        pair.public.hex().encode(),
    ]
    assert [read_key(form) for form in forms] == [ecc.public_only(pair)] * len(forms)
    assert from_public(pair.public) == ecc.public_only(pair)


@pytest.mark.parametrize("has_alternative_name", [True, False])
@pytest.mark.parametrize("agrees", [True, False])
def test_certificate_gives_key_title_and_usage(agrees: bool, has_alternative_name: bool) -> None:
    pair = ecc.key("P-256", 3)
    der = ecc.certificate(pair, ecc.SERVER_TITLE, agrees=agrees, has_alternative_name=has_alternative_name)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    found = read_certificate(der)
    assert isinstance(found, EllipticKey) and found.certificate is not None
    assert (found.public, found.private) == (pair.public, None)
    assert found.certificate.system_title == ecc.SERVER_TITLE
    assert (found.certificate.signs, found.certificate.agrees) == (not agrees, agrees)
    assert read_key(der) == read_key(pem) == found


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_encrypted_key_asks_for_its_passphrase(form: str) -> None:
    pair = ecc.key("P-256", 4)
    pem = ecc.private_pem(pair, b"open sesame", form)
    assert read_key(pem) == Refused("an encrypted private key, and no passphrase")
    assert isinstance(read_key(pem, b"another"), Refused)
    assert read_key(pem, b"open sesame") == pair
    assert read_key(ecc.private_pem(pair), b"not needed") == pair


def test_repr_shows_no_private_octet() -> None:
    pair = ecc.key("P-256", 5)
    assert pair.private is not None
    assert pair.private.hex()[-8:] not in repr(pair).lower()
    assert repr(pair.private) not in repr(pair)


FOREIGN = {
    "rsa": rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "other-curve": ec.generate_private_key(ec.SECP521R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ),
    "public-on-other-curve": ec.generate_private_key(ec.SECP256K1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "dh-parameters": b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n",
    "parameters-alone": b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
    "zero-scalar": bytes(32),
    "scalar-beyond-the-order": b"\xff" * 48,
    "point-off-the-curve": b"\1" * 64,
    "compressed-point-off-the-curve": b"\2" + b"\xff" * 32,
    "empty": b"",
    "text": b"no key at all",
}


@pytest.mark.parametrize("octets", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_no_key_is_refused_with_a_reason(octets: bytes) -> None:
    found = read_key(octets)
    assert isinstance(found, Refused) and found.reason


def test_public_key_of_wrong_length_is_refused() -> None:
    assert from_public(bytes(63)) == Refused("a public key of 63 octets where 64 or 96 belong")


def test_certificate_of_a_foreign_key_is_refused() -> None:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([])
    der = (
        x509.CertificateBuilder(name, name, private.public_key(), 1)
        .not_valid_before(
            x509.load_der_x509_certificate(ecc.certificate(ecc.key("P-256", 1), bytes(8))).not_valid_before_utc
        )
        .not_valid_after(
            x509.load_der_x509_certificate(ecc.certificate(ecc.key("P-256", 1), bytes(8))).not_valid_after_utc
        )
        .sign(private, SHA256())
        .public_bytes(Encoding.DER)
    )
    assert read_certificate(der) == Refused("a certificate whose key is not on P-256 or P-384")


@given(st.binary(max_size=200))
def test_reading_any_octets_as_a_key_never_raises(octets: bytes) -> None:
    assert isinstance(read_key(octets), EllipticKey | Refused)


@given(st.data())
def test_damaged_certificate_never_raises(data: st.DataObject) -> None:
    der = bytearray(ecc.certificate(ecc.key("P-256", 3), ecc.SERVER_TITLE))
    for at in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[at] = data.draw(st.integers(0, 255))
    assert isinstance(read_certificate(bytes(der)), EllipticKey | Refused)
