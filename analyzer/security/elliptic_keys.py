"""PEM, DER, hex or raw octets to an elliptic-curve key of a known curve: private, public, or out of a certificate.

Source: SEC 1 (points), RFC 5480 and 5915 (keys), RFC 5280 (certificates); IEC 62056-5-3, Public key algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from analyzer.security.refused import Refused

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

P256, P384 = "P-256", "P-384"
SIZES = {P256: 32, P384: 48}
"""Octets of a private key or of one coordinate: suite 1 and suite 2. A point is x||y, a signature r||s."""
CURVE_OF_SUITE = {1: P256, 2: P384}
_CURVE_OF_SIZE = {size: curve for curve, size in SIZES.items()}
_OPENSSL_NAMES = {"secp256r1": P256, "secp384r1": P384}
_HARDWARE_MODULE_NAME = "1.3.6.1.5.5.7.8.4"
_TITLE_HEADER = b"\x04\x08"
_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of its key; *system_title* is the meter's or client's own, where it is in there."""

    subject: str
    issuer: str
    serial_number: int
    system_title: bytes
    signs: bool
    agrees: bool
    der: bytes = field(repr=False)
    last_day: str = ""
    """The day that it ends on, UTC, as ISO 8601 has it; empty where it does not read."""


@dataclass(frozen=True, slots=True)
class EllipticKey:
    """A key on *curve*: *public* is x||y; *private* the scalar's octets or None, and never shown."""

    curve: str
    public: bytes
    private: bytes | None = field(default=None, repr=False)
    certificate: Certificate | None = None


def read_key(octets: bytes, passphrase: bytes | None = None) -> EllipticKey | Refused:
    """Read one key out of a file's octets or inline text. Total: what is no key is refused with its reason.

    Hex is taken with blanks and colons. Bare octets are told by their number: 32 and 48 a private key, 64 and 96
    x||y, one more with 04 in front, 33 and 49 a compressed point; all else is DER.
    """
    if _PEM in octets:
        return _read_pem(octets[octets.index(_PEM) :], passphrase)
    bare = _unhex(octets)
    if bare is not None:
        octets = bare
    return _read_bare(octets) or _read_der(octets, passphrase)


def from_private(curve: str, private: bytes) -> EllipticKey | Refused:
    """Take a private key's *octets*, big-endian, on *curve*."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        return _from_private_key(ec.derive_private_key(int.from_bytes(private, "big"), _curve(curve)))
    except ValueError:
        return Refused(f"a private key of {len(private)} octets that lies outside {curve}")


def from_public(octets: bytes) -> EllipticKey | Refused:
    """Take a public key as it stands on the wire: x||y, 64 or 96 octets. A point off the curve is refused."""
    curve = _CURVE_OF_SIZE.get(len(octets) // 2) if len(octets) % 2 == 0 else None
    if curve is None:
        return Refused(f"a public key of {len(octets)} octets where 64 or 96 belong")
    return _from_point(curve, b"\x04" + octets)


def read_certificate(der: bytes) -> EllipticKey | Refused:
    """Read an X.509 certificate, as import_certificate and the AE-qualifiers carry it."""
    from cryptography import x509

    try:
        return _from_certificate(x509.load_der_x509_certificate(der))
    except (ValueError, x509.InvalidVersion):
        return Refused(f"{len(der)} octets that are no X.509 certificate")


@lru_cache(maxsize=4096)
def public_object(key: EllipticKey) -> ec.EllipticCurvePublicKey:
    """Give the library's form of the public key; *key* was checked when it was read."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.EllipticCurvePublicKey.from_encoded_point(_curve(key.curve), b"\x04" + key.public)


@lru_cache(maxsize=4096)
def private_object(key: EllipticKey) -> ec.EllipticCurvePrivateKey | None:
    """Give the library's form of the private key; None where only the public one is known."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if key.private is None:
        return None
    return ec.derive_private_key(int.from_bytes(key.private, "big"), _curve(key.curve))


def _curve(name: str) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.SECP256R1() if name == P256 else ec.SECP384R1()


def _unhex(text: bytes) -> bytes | None:
    try:
        stripped = text.decode("ascii").replace(":", "").strip()
        return bytes.fromhex(stripped.removeprefix("0x").removeprefix("0X"))
    except ValueError:
        return None


def _read_bare(octets: bytes) -> EllipticKey | Refused | None:
    """Read octets whose number tells what they are; None where it does not."""
    size = len(octets)
    if size in _CURVE_OF_SIZE:
        return from_private(_CURVE_OF_SIZE[size], octets)
    if size % 2 == 0 and size // 2 in _CURVE_OF_SIZE:
        return from_public(octets)
    if size % 2 == 1 and size // 2 in _CURVE_OF_SIZE and octets[0] == 0x04:
        return from_public(octets[1:])
    if size - 1 in _CURVE_OF_SIZE and octets[0] in (0x02, 0x03):
        return _from_point(_CURVE_OF_SIZE[size - 1], octets)
    return None


def _from_point(curve: str, point: bytes) -> EllipticKey | Refused:
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        return _from_public_key(ec.EllipticCurvePublicKey.from_encoded_point(_curve(curve), point))
    except ValueError:
        return Refused(f"a point that is not on {curve}")


def _read_pem(octets: bytes, passphrase: bytes | None) -> EllipticKey | Refused:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    label = octets.partition(b"-----BEGIN ")[2].partition(b"-----")[0]
    if label == b"EC PARAMETERS":  # openssl writes the curve before the key
        return _read_pem(octets[octets.index(_PEM, 1) :], passphrase) if octets.count(_PEM) > 1 else _no_key(label)
    if label == b"CERTIFICATE":
        return _loaded(lambda: x509.load_pem_x509_certificate(octets))
    if label.endswith(b"PUBLIC KEY"):
        return _loaded(lambda: serialization.load_pem_public_key(octets))
    if not label.endswith(b"PRIVATE KEY"):
        return _no_key(label)
    is_encrypted = label.startswith(b"ENCRYPTED") or b"ENCRYPTED" in octets.partition(b"\n\n")[0]
    if is_encrypted and passphrase is None:
        return Refused("an encrypted private key, and no passphrase")
    return _loaded(lambda: serialization.load_pem_private_key(octets, passphrase if is_encrypted else None))


def _no_key(label: bytes) -> Refused:
    return Refused(f"PEM of the kind {label.decode('ascii', 'replace')!r}, which is no key")


def _read_der(octets: bytes, passphrase: bytes | None) -> EllipticKey | Refused:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    loaders: tuple[Callable[[], object], ...] = (
        lambda: x509.load_der_x509_certificate(octets),
        lambda: serialization.load_der_public_key(octets),
        lambda: serialization.load_der_private_key(octets, None),
        lambda: serialization.load_der_private_key(octets, passphrase),
    )
    for load in loaders:
        found = _loaded(load)
        if isinstance(found, EllipticKey):
            return found
    return Refused(f"{len(octets)} octets that are no key: neither PEM, DER nor the octets of a key on P-256 or P-384")


def _loaded(load: Callable[[], object]) -> EllipticKey | Refused:
    """Run one of the library's loaders on foreign octets."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        found = load()
        if isinstance(found, x509.Certificate):
            return _from_certificate(found)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        unknown = isinstance(error, UnsupportedAlgorithm)
        return Refused(
            "a key of a kind that is not supported"
            if unknown
            else "no readable key: damaged, or not opened by the passphrase"
        )
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name in _OPENSSL_NAMES:
        return _from_private_key(found)
    if isinstance(found, ec.EllipticCurvePublicKey):
        return _from_public_key(found)
    return Refused("a key that is not on P-256 or P-384")


def _from_private_key(key: ec.EllipticCurvePrivateKey) -> EllipticKey:
    curve = _OPENSSL_NAMES[key.curve.name]
    number = key.private_numbers()
    size = SIZES[curve]
    point = number.public_numbers
    public = point.x.to_bytes(size, "big") + point.y.to_bytes(size, "big")
    return EllipticKey(curve, public, number.private_value.to_bytes(size, "big"))


def _from_public_key(key: ec.EllipticCurvePublicKey) -> EllipticKey | Refused:
    curve = _OPENSSL_NAMES.get(key.curve.name)
    if curve is None:
        return Refused(f"a key on {key.curve.name}, which no security suite uses")
    point = key.public_numbers()
    size = SIZES[curve]
    return EllipticKey(curve, point.x.to_bytes(size, "big") + point.y.to_bytes(size, "big"))


def _from_certificate(certificate: x509.Certificate) -> EllipticKey | Refused:
    """Read the key and what the certificate says of it; what its writer broke besides the key is left out."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return Refused("a certificate whose key cannot be read")
    key = _from_public_key(public) if isinstance(public, ec.EllipticCurvePublicKey) else None
    if not isinstance(key, EllipticKey):
        return key or Refused("a certificate whose key is not on P-256 or P-384")
    signs, agrees = _usage(certificate)
    der = certificate.public_bytes(serialization.Encoding.DER)
    subject, issuer = _name(lambda: certificate.subject), _name(lambda: certificate.issuer)
    about = Certificate(
        subject, issuer, certificate.serial_number, _system_title(certificate), signs, agrees, der,
        _last_day(certificate),
    )  # fmt: skip
    return EllipticKey(key.curve, key.public, None, about)


def _name(read: Callable[[], x509.Name]) -> str:
    try:
        return read().rfc4514_string()
    except ValueError:
        return ""


def _last_day(certificate: x509.Certificate) -> str:
    try:
        return certificate.not_valid_after_utc.date().isoformat()
    except ValueError:
        return ""


def _usage(certificate: x509.Certificate) -> tuple[bool, bool]:
    """Tell whether the key may sign, and whether it may agree keys; one without a stated usage may do both."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True, True
    return usage.digital_signature, usage.key_agreement


def _system_title(certificate: x509.Certificate) -> bytes:
    """Find the system title: the hwSerialNum of the subject's alternative name, or sixteen hex digits of its name."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for other in names.get_values_for_type(x509.OtherName):
            if other.type_id.dotted_string == _HARDWARE_MODULE_NAME and other.value[-10:-8] == _TITLE_HEADER:
                return other.value[-8:]
    except (x509.ExtensionNotFound, ValueError):
        pass
    try:
        for oid in (NameOID.COMMON_NAME, NameOID.X500_UNIQUE_IDENTIFIER):
            for one in certificate.subject.get_attributes_for_oid(oid):
                title = bytes.fromhex(one.value) if isinstance(one.value, str) else one.value
                if len(title) == 8:
                    return title
    except ValueError:
        pass
    return b""
