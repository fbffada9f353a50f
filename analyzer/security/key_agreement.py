"""Private and public keys of two parties to the key that both agree on, by the schemes of the security suites.

C(2e,0s) both keys ephemeral (key_agreement of class 64), C(1e,1s) the originator's ephemeral, C(0e,2s) both static.
Public keys are x||y, the shared secret Z is the x coordinate; K = leftmost octets of
Hash(00000001 || Z || AlgorithmID || U || [length || transaction-id] || V), U the originator, V the recipient.
Source: IEC 62056-5-3, Key agreement; NIST SP 800-56A (concatenation key derivation).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256, sha384
from typing import NamedTuple

from analyzer.security.elliptic_keys import CURVE_OF_SUITE, SIZES, EllipticKey, private_object, public_object
from analyzer.security.refused import Refused
from analyzer.security.signatures import verify
from dissectors.axdr import length_octets

ONE_PASS, STATIC_UNIFIED = b"\x01", b"\x02"
"""key-parameters of general-ciphering: C(1e,1s) and C(0e,2s)."""
GCM, WRAP = 0, 2
"""What the agreed key is for: the AlgorithmID's last octet in suite 1; suite 2 is one more."""
DLMS_ALGORITHMS, GBCS_ALGORITHMS = bytes.fromhex("608574050803"), bytes.fromhex("608574060803")
"""AlgorithmID without its last octet: the standard's, and what the UK's GBCS derives with (a misprint that stayed)."""
_SCHEMES = {ONE_PASS: "C(1e,1s)", STATIC_UNIFIED: "C(0e,2s)"}
_FIRST_COUNTER = b"\0\0\0\1"
_HASHES = {1: sha256, 2: sha384}
_KEY_SIZES = {1: 16, 2: 32}


class Parties(NamedTuple):
    """Who agrees: system titles of originator (U) and recipient (V); *transaction_id* only in C(0e,2s)."""

    originator: bytes
    recipient: bytes
    transaction_id: bytes | None = None

    @property
    def other_info(self) -> bytes:
        """What follows the AlgorithmID."""
        if self.transaction_id is None:
            return self.originator + self.recipient
        nonce = length_octets(len(self.transaction_id)) + self.transaction_id
        return self.originator + nonce + self.recipient


class AgreedKey(NamedTuple):
    """A key that may be the agreed one; *scheme* and *algorithms* say how it was derived."""

    key: bytes
    scheme: str
    algorithms: bytes

    def __repr__(self) -> str:
        return f"AgreedKey({self.scheme!r}, {self.algorithms.hex()!r})"


def shared_secret(own: EllipticKey, other: EllipticKey) -> bytes | Refused:
    """Compute Z from one party's private and the other's public key: 32 or 48 octets, leading zeros kept."""
    from cryptography.hazmat.primitives.asymmetric import ec

    private = private_object(own)
    if private is None:
        return Refused("no private key of either party")
    if own.curve != other.curve:
        return Refused(f"a key on {own.curve} and one on {other.curve}")
    return private.exchange(ec.ECDH(), public_object(other))


def derive(
    secret: bytes, suite: int, parties: Parties, *, purpose: int = GCM, algorithms: bytes = DLMS_ALGORITHMS
) -> bytes | Refused:
    """Derive the key from the shared *secret*: 16 octets in suite 1, 32 in suite 2."""
    if suite not in _HASHES:
        return Refused(f"security suite {suite} has no key agreement")
    algorithm_id = algorithms + bytes((purpose + suite - 1,))
    made = _HASHES[suite](_FIRST_COUNTER + secret + algorithm_id + parties.other_info).digest()
    return made[: _KEY_SIZES[suite]]


def split_ephemeral(key_ciphered_data: bytes) -> tuple[bytes, bytes] | None:
    """Part the data of C(1e,1s) and of key_agreement into public key and signature, each 64 or 96 octets."""
    half, odd = divmod(len(key_ciphered_data), 2)
    if odd or half not in (2 * size for size in SIZES.values()):
        return None
    return key_ciphered_data[:half], key_ciphered_data[half:]


def verify_ephemeral(key: EllipticKey, public: bytes, signature: bytes, key_id: int | None = None) -> bool:
    """Tell whether *key* signed an ephemeral public key: behind its key-id in key_agreement, else alone."""
    return verify(key, (b"" if key_id is None else bytes((key_id,))) + public, signature)


def agreed_keys(
    key_parameters: bytes, suite: int, parties: Parties, pairs: Sequence[tuple[EllipticKey, EllipticKey]]
) -> list[AgreedKey]:
    """Give the keys that the *pairs* (one side's private, the other side's public) agree on, likeliest first.

    Of C(0e,2s) both AlgorithmIDs in use are given: only the tag can tell which was meant.
    """
    scheme = _SCHEMES.get(key_parameters)
    curve = CURVE_OF_SUITE.get(suite)
    if scheme is None or curve is None:
        return []
    if key_parameters == ONE_PASS:
        parties = parties._replace(transaction_id=None)
    found = []
    for own, other in pairs:
        secret = shared_secret(own, other) if own.curve == other.curve == curve else None
        if not isinstance(secret, bytes):
            continue
        for algorithms in (DLMS_ALGORITHMS, GBCS_ALGORITHMS):
            key = derive(secret, suite, parties, algorithms=algorithms)
            if isinstance(key, bytes):
                found.append(AgreedKey(key, scheme, algorithms))
    return found


def misderived_keys(
    key_parameters: bytes, suite: int, parties: Parties, pairs: Sequence[tuple[EllipticKey, EllipticKey]]
) -> Iterator[tuple[str, bytes]]:
    """Give the keys of senders that derive theirs in another way, each behind what completes "the key is made"."""
    curve = CURVE_OF_SUITE.get(suite)
    if key_parameters not in _SCHEMES or curve is None:
        return
    for own, other in pairs:
        secret = shared_secret(own, other) if own.curve == other.curve == curve else None
        if isinstance(secret, bytes):
            for text, made in _misderived(secret, suite, parties, is_static=key_parameters == STATIC_UNIFIED):
                yield text, made[: _KEY_SIZES[suite]]


def _misderived(secret: bytes, suite: int, parties: Parties, *, is_static: bool) -> Iterator[tuple[str, bytes]]:
    other_suite = 3 - suite
    usual, unusual = _HASHES[suite], _HASHES[other_suite]
    own_id, other_id = (DLMS_ALGORITHMS + bytes((GCM + one - 1,)) for one in (suite, other_suite))
    titles, transaction = parties._replace(transaction_id=None), parties.transaction_id or b""
    info, other_info = (parties, titles) if is_static else (titles, parties)
    exchanged = info._replace(originator=info.recipient, recipient=info.originator)
    begin, end = _FIRST_COUNTER + secret, info.other_info
    yield "with an agreement key that the keyring gives to the other side", usual(begin + own_id + end).digest()
    yield "with the recipient's title before the originator's", usual(begin + own_id + exchanged.other_info).digest()
    yield "by no derivation: it is the beginning of the shared secret", secret
    yield f"with the hash of suite {other_suite}", unusual(begin + own_id + end).digest()
    yield f"with the AlgorithmID of suite {other_suite}", usual(begin + other_id + end).digest()
    yield f"with hash and AlgorithmID of suite {other_suite}", unusual(begin + other_id + end).digest()
    yield "with the counter behind the shared secret", usual(secret + _FIRST_COUNTER + own_id + end).digest()
    yield "without an AlgorithmID", usual(begin + end).digest()
    yield "without the system titles", usual(begin + own_id).digest()
    text = "without the transaction-id" if is_static else "with the transaction-id, which only two static keys have"
    yield text, usual(begin + own_id + other_info.other_info).digest()
    bare = titles.originator + transaction + titles.recipient
    yield "with the transaction-id without its length", usual(begin + own_id + bare).digest()
