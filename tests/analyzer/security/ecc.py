"""Keys and certificates for the tests, made here."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from analyzer.security.elliptic_keys import EllipticKey, from_private, private_object, public_object

CLIENT_TITLE, SERVER_TITLE = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
CURVES = ("P-256", "P-384")


@cache
def key(curve: str, number: int) -> EllipticKey:
    """A key pair that is the same in every run."""
    found = from_private(curve, (0xA11CE * 7**number).to_bytes(32, "big"))
    assert isinstance(found, EllipticKey)
    return found


def public_only(pair: EllipticKey) -> EllipticKey:
    return EllipticKey(pair.curve, pair.public)


def private_pem(pair: EllipticKey, passphrase: bytes | None = None, form: str = "PKCS8") -> bytes:
    private = private_object(pair)
    assert private is not None
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), hidden)


def private_der(pair: EllipticKey) -> bytes:
    private = private_object(pair)
    assert private is not None
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_bytes(pair: EllipticKey, encoding: serialization.Encoding) -> bytes:
    return public_object(pair).public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def certificate(pair: EllipticKey, title: bytes, *, agrees: bool = False, has_alternative_name: bool = True) -> bytes:
    """The DER of a certificate over the key of *pair*, with *title* where the standard wants it, or in its name."""
    private = private_object(pair)
    assert private is not None
    return certificate_of(private, title, agrees=agrees, has_alternative_name=has_alternative_name)


def certificate_of(
    private: ec.EllipticCurvePrivateKey, title: bytes, *, agrees: bool = False, has_alternative_name: bool = True
) -> bytes:
    """The DER of a certificate over the public key of *private*."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "meter" if has_alternative_name else title.hex())])
    usage = x509.KeyUsage(not agrees, False, False, False, agrees, False, False, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2024, 1, 1))
        .not_valid_after(datetime.datetime(2044, 1, 1))
        .add_extension(usage, critical=True)
    )
    if has_alternative_name:
        # SEQUENCE of the hardware's type, an OID, and its serial number
        module = bytes.fromhex("300F 0603 2A0304 0408") + title
        module = bytes((0x30, len(module) - 2)) + module[2:]
        names = [x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.4"), module)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(private, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(serialization.Encoding.DER)
