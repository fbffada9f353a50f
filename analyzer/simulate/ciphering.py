"""APDUs into their ciphered octets, keys wrapped and agreed: the sender's half of DLMS security.

Source: IEC 62056-5-3 (protection of xDLMS APDUs, security suites), NIST SP 800-38D, SP 800-56A, RFC 3394.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AUTHENTICATED, ENCRYPTED, BROADCAST, COMPRESSED = 0x10, 0x20, 0x40, 0x80
"""Bits of the security control octet; its low four are the suite."""
TAG_LENGTH = 12
_FULL_TAG_LENGTH = 16


class Suite(NamedTuple):
    """A security suite. Octets: *key_length* of each symmetric key, *coordinate* of a point's x and of r and s."""

    number: int
    key_length: int
    coordinate: int
    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    algorithm_id: bytes


SUITES = (
    Suite(0, 16, 32, ec.SECP256R1(), hashes.SHA256(), bytes.fromhex("60857405080300")),
    Suite(1, 16, 32, ec.SECP256R1(), hashes.SHA256(), bytes.fromhex("60857405080300")),
    Suite(2, 32, 48, ec.SECP384R1(), hashes.SHA384(), bytes.fromhex("60857405080301")),
)
"""By number. Suite 0 agrees on no keys and signs nothing; it has a curve for signed challenges only."""


class Seal(NamedTuple):
    """What protects an APDU: security control, the keys, and the system title of whom it comes from."""

    control: int
    key: bytes
    authentication_key: bytes
    title: bytes


def protect(plain: bytes, seal: Seal, counter: int, header: bytes = b"") -> bytes:
    """Give security control, invocation counter, and the APDU with its tag, each as the control octet asks.

    *header* are the fields of general-ciphering that the tag covers too, each with its length.
    """
    control, nonce = bytes((seal.control,)), counter.to_bytes(4, "big")
    opening, iv = control + nonce, seal.title + nonce
    aead = AESGCM(seal.key)
    covered = control + seal.authentication_key + header
    if not seal.control & AUTHENTICATED:
        is_encrypted = seal.control & ENCRYPTED
        return opening + (aead.encrypt(iv, plain, None)[:-_FULL_TAG_LENGTH] if is_encrypted else plain)
    cut = _FULL_TAG_LENGTH - TAG_LENGTH
    if seal.control & ENCRYPTED:
        return opening + aead.encrypt(iv, plain, covered)[:-cut]
    return opening + plain + aead.encrypt(iv, b"", covered + plain)[:-cut]


def wrap_key(key: bytes, kek: bytes) -> bytes:
    """Wrap a key under the key-encrypting key: 24 or 40 octets."""
    return keywrap.aes_key_wrap(kek, key)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Give a public key as it goes over the line: x and y, with nothing in front."""
    numbers = key.public_numbers()
    size = (key.curve.key_size + 7) // 8
    return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


def sign(octets: bytes, key: ec.EllipticCurvePrivateKey, suite: Suite) -> bytes:
    """Sign: r and s, each of full length. The one thing here that draws chance of its own: no two signatures agree."""
    r, s = utils.decode_dss_signature(key.sign(octets, ec.ECDSA(suite.hash)))
    return r.to_bytes(suite.coordinate, "big") + s.to_bytes(suite.coordinate, "big")


def is_signed(octets: bytes, signature: bytes, key: ec.EllipticCurvePublicKey, suite: Suite) -> bool:
    """Tell whether a signature is one of these octets."""
    r, s = signature[: suite.coordinate], signature[suite.coordinate :]
    try:
        der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        key.verify(der, octets, ec.ECDSA(suite.hash))
    except InvalidSignature:
        return False
    return True


def agree(own: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePublicKey, suite: Suite, party_info: bytes) -> bytes:
    """Agree on a key. *party_info*: title of U, for static keys the transaction-id with its length, title of V."""
    return derive(own.exchange(ec.ECDH(), other), suite, party_info)


def derive(secret: bytes, suite: Suite, party_info: bytes) -> bytes:
    """Derive a key from the shared secret Z: one hash of counter, Z, algorithm and parties."""
    digest = hashes.Hash(suite.hash)
    digest.update(b"\x00\x00\x00\x01" + secret + suite.algorithm_id + party_info)
    return digest.finalize()[: suite.key_length]
