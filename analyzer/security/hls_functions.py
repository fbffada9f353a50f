"""What one side of an HLS handshake knows to its answer f(challenge), for each mechanism.

Source: IEC 62056-5-3, High Level Security authentication; NIST SP 800-38D (GMAC).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import md5, sha1, sha256

from analyzer.security.elliptic_keys import EllipticKey
from analyzer.security.signatures import sign, verify

MANUFACTURER_SPECIFIC, MD5, SHA1, GMAC, SHA256, ECDSA = 2, 3, 4, 5, 6, 7
NAMES = {MD5: "HLS MD5", SHA1: "HLS SHA-1", GMAC: "HLS GMAC", SHA256: "HLS SHA-256", ECDSA: "HLS ECDSA"}
ANSWER_SIZES = {MD5: (16,), SHA1: (20,), GMAC: (17,), SHA256: (32,), ECDSA: (64, 96)}
"""Octets of an answer; GMAC's is security control, invocation counter and a tag of 12."""
CHALLENGE_SIZES = {MD5: (8, 64), SHA1: (8, 64), GMAC: (8, 64), SHA256: (8, 64), ECDSA: (32, 64)}
HASHES = {MD5: lambda octets: md5(octets, usedforsecurity=False).digest(),
          SHA1: lambda octets: sha1(octets, usedforsecurity=False).digest(),
          SHA256: lambda octets: sha256(octets).digest()}  # fmt: skip
_HEADER_SIZE, _TAG_SIZE, _FULL_TAG = 5, 12, 16


@dataclass(frozen=True, slots=True)
class View:
    """What the answering side computes with: the *challenge* it was given, its own title, *header* as it sends it.

    *iv_header* stands for the header inside the GMAC and its IV where it differs from the one that is sent; *form*
    names another way of putting the parts together.
    """

    challenge: bytes
    own_challenge: bytes
    own_title: bytes
    other_title: bytes
    header: bytes = b""
    secret: bytes = field(default=b"", repr=False)
    encryption_key: bytes = field(default=b"", repr=False)
    authentication_key: bytes = field(default=b"", repr=False)
    signing: tuple[EllipticKey, ...] = ()
    other_signing: tuple[EllipticKey, ...] = ()
    form: str = ""
    iv_header: bytes = b""


FORMS: dict[str, Callable[[View], bytes]] = {
    "challenge, secret": lambda v: v.challenge + v.secret,
    "secret, challenge": lambda v: v.secret + v.challenge,
    "secret, titles, challenges": lambda v: v.secret + _titles_and_challenges(v),
    "titles, challenges, secret": lambda v: _titles_and_challenges(v) + v.secret,
    "secret, challenges": lambda v: v.secret + v.challenge + v.own_challenge,
    "titles, challenges": lambda v: _titles_and_challenges(v),
    "challenges": lambda v: v.challenge + v.own_challenge,
    "challenge": lambda v: v.challenge,
}
"""What is hashed or signed, by the parts in their order."""
STANDARD_FORM = {
    MD5: "challenge, secret", SHA1: "challenge, secret", SHA256: "secret, titles, challenges",
    ECDSA: "titles, challenges",
}  # fmt: skip


def _covered(view: View, header: bytes) -> bytes:
    return header[:1] + view.authentication_key + view.challenge


def _nonce(title: bytes, counter: bytes) -> bytes:
    return title + counter


_GMAC_STANDARD = "control, key, challenge"
GMAC_FORMS: dict[str, tuple[Callable[[View, bytes], bytes], Callable[[bytes, bytes], bytes], int]] = {
    _GMAC_STANDARD: (_covered, _nonce, 0),
    "key, challenge": (lambda v, header: v.authentication_key + v.challenge, _nonce, 0),
    "key, control, challenge": (lambda v, header: v.authentication_key + header[:1] + v.challenge, _nonce, 0),
    "control, counter, key, challenge": (lambda v, header: header + v.authentication_key + v.challenge, _nonce, 0),
    "challenge": (lambda v, header: v.challenge, _nonce, 0),
    "counter, title": (_covered, lambda title, counter: counter + title, 0),
    "title, counter back to front": (_covered, lambda title, counter: title + counter[::-1], 0),
    "title back to front, counter": (_covered, lambda title, counter: title[::-1] + counter, 0),
    "end of the tag": (_covered, _nonce, _FULL_TAG - _TAG_SIZE),
}
"""How a GMAC is put together: what it covers, its nonce, and from which octet of the tag on it is sent."""


def answers(mechanism: int, view: View) -> bytes | None:
    """Compute the answer; None where a key is missing or none of a usable size."""
    if mechanism in HASHES:
        return HASHES[mechanism](_parts(mechanism, view))
    if mechanism == GMAC:
        return _gmac(view)
    if mechanism == ECDSA and view.signing and view.signing[0].private is not None:
        return sign(view.signing[0], _parts(mechanism, view))
    return None


def matches(mechanism: int, view: View, given: bytes) -> bool:
    """Tell whether *given* is what *view* gives; a signature is checked with the public key."""
    if mechanism == ECDSA:
        message = _parts(mechanism, view)
        return any(verify(key, message, given) for key in view.signing)
    computed = answers(mechanism, view)
    return computed is not None and hmac.compare_digest(computed, given)


def _parts(mechanism: int, view: View) -> bytes:
    return FORMS[view.form or STANDARD_FORM[mechanism]](view)


def _titles_and_challenges(view: View) -> bytes:
    return view.own_title + view.other_title + view.challenge + view.own_challenge


def _gmac(view: View) -> bytes | None:
    """Compute SC || IC || GMAC over SC || AK || challenge, IV = own title || IC."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = view.iv_header or view.header
    if len(header) != _HEADER_SIZE or len(view.encryption_key) not in (16, 32) or len(view.own_title) != 8:
        return None
    covered, nonce, at = GMAC_FORMS[view.form or _GMAC_STANDARD]
    tag = AESGCM(view.encryption_key).encrypt(nonce(view.own_title, header[1:]), b"", covered(view, header))
    return view.header + tag[at : at + _TAG_SIZE]
