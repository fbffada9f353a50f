"""Octets, a signature r||s and a public key to a verdict; of general-signing also which octets were covered.

The standard's figure counts the content's length octets to what is signed; two deployed stacks leave them out. Both
forms are tried, and the verdict says which one fits.
Octets: 64 on P-256 with SHA-256, 96 on P-384 with SHA-384. Source: IEC 62056-5-3, Digital signature; FIPS 186.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from analyzer.record import UNCHECKED as UNCHECKED
from analyzer.security.elliptic_keys import P256, SIZES, EllipticKey, private_object, public_object
from dissectors.axdr import scan_length
from dissectors.tree import Problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

VERIFIED, WRONG = "signature-verified", "signature-wrong"
"""The statuses of a signature."""
WITH_LENGTH, VALUE_ONLY = "with the content's length octets", "without the content's length octets"
"""The two forms of what general-signing covers."""
_GENERAL_SIGNING = 0xDF
_HEADER_FIELDS = 5
SIGNATURE_SIZES = frozenset(2 * size for size in SIZES.values())


class SignatureVerdict(NamedTuple):
    """*form* is which octets the signature covers, where it verified; *text* says why, where it did not."""

    status: str
    form: str = ""
    text: str = ""


class SignedApdu(NamedTuple):
    """The parts of a general-signing APDU: the headers with their lengths, the content, the signature."""

    header: bytes
    content_length: bytes
    content: bytes
    signature: bytes

    @property
    def forms(self) -> tuple[tuple[str, bytes], ...]:
        """What may have been signed, the standard's form first."""
        return (
            (WITH_LENGTH, self.header + self.content_length + self.content),
            (VALUE_ONLY, self.header + self.content),
        )


def sign(key: EllipticKey, message: bytes) -> bytes:
    """Sign *message*: r||s, the same each time for the same octets where the library can do so.

    Raises:
        ValueError: *key* holds no private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    private = private_object(key)
    if private is None:
        raise ValueError("signing takes a private key")
    try:
        algorithm = ec.ECDSA(_algorithm(key).algorithm, deterministic_signing=True)
    except (UnsupportedAlgorithm, TypeError):
        algorithm = _algorithm(key)
    size = SIZES[key.curve]
    r, s = utils.decode_dss_signature(private.sign(message, algorithm))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify(key: EllipticKey, message: bytes, signature: bytes) -> bool:
    """Tell whether *signature* r||s over *message* was made with the private key of *key*. Total."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import utils

    size = SIZES[key.curve]
    if len(signature) != 2 * size:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
    try:
        public_object(key).verify(utils.encode_dss_signature(r, s), message, _algorithm(key))
    except InvalidSignature:
        return False
    return True


def read_signed(octets: bytes) -> SignedApdu | None:
    """Part a general-signing APDU; None where it breaks off. One that ends behind its content has no signature."""
    if octets[:1] != bytes((_GENERAL_SIGNING,)):
        return None
    at = 1
    end = len(octets)
    try:
        for _ in range(_HEADER_FIELDS):
            size, at = scan_length(octets, at, end)
            at += size
        size, begin = scan_length(octets, at, end)
        after = begin + size
        if after == end:
            return SignedApdu(octets[1:at], octets[at:begin], octets[begin:after], b"")
        size, last = scan_length(octets, after, end)
    except Problem:
        return None
    if last + size != end:
        return None
    return SignedApdu(octets[1:at], octets[at:begin], octets[begin:after], octets[last:])


def verify_general_signing(octets: bytes, keys: Sequence[EllipticKey]) -> SignatureVerdict:
    """Check the signature of a general-signing APDU with the originator's *keys*. Total: never raises on octets."""
    signed = read_signed(octets)
    if signed is None:
        return SignatureVerdict(UNCHECKED, "", "the general-signing APDU breaks off")
    signature = signed.signature
    if not signature:
        return SignatureVerdict(UNCHECKED, "", "it holds no signature")
    if len(signature) not in SIGNATURE_SIZES:
        return SignatureVerdict(WRONG, "", f"the signature has {len(signature)} octets where 64 or 96 belong")
    fitting = [key for key in keys if 2 * SIZES[key.curve] == len(signature)]
    if not fitting:
        curves = ", ".join(sorted({key.curve for key in keys}))
        return SignatureVerdict(UNCHECKED, "", f"only keys on {curves}" if curves else "no key of the originator")
    for key in fitting:
        for form, message in signed.forms:
            if verify(key, message, signature):
                return SignatureVerdict(VERIFIED, form)
    return SignatureVerdict(WRONG, "", _why(signed, fitting[0]))


def _why(signed: SignedApdu, key: EllipticKey) -> str:
    """Say what the signature does cover, where that can be found out."""
    size = SIZES[key.curve]
    turned = signed.signature[size:] + signed.signature[:size]
    if any(verify(key, message, turned) for _, message in signed.forms):
        return "r and s stand the other way round"
    if verify(key, signed.content, signed.signature):
        return "it covers the content alone, without the header"
    if any(verify(key, bytes((_GENERAL_SIGNING,)) + message, signed.signature) for _, message in signed.forms):
        return "it covers the APDU's tag too"
    return "it does not verify in either form: another key, or altered octets"


def _algorithm(key: EllipticKey) -> ec.ECDSA:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256() if key.curve == P256 else hashes.SHA384())
