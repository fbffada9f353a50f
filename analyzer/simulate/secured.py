"""One side of a secured association: it protects what it says, counts, and proves that it knows the secret.

Source: IEC 62056-5-3 (protection of xDLMS APDUs, general-ciphering, high level security).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from analyzer.simulate.ciphering import (
    AUTHENTICATED,
    BROADCAST,
    COMPRESSED,
    ENCRYPTED,
    TAG_LENGTH,
    Seal,
    agree,
    is_signed,
    point,
    protect,
    sign,
    wrap_key,
)
from analyzer.simulate.forms import octets_of, read_apdu
from analyzer.simulate.security import KeySource, Mechanism, Security
from analyzer.simulate.sent import TO_METER
from analyzer.simulate.v44_compressor import V44Compressor
from dissectors import registry
from dissectors.acse import Aare, Aarq, Rlre, Rlrq
from dissectors.pdu import Layer
from dissectors.xdlms.ciphered import (
    SERVICE_SPECIFIC,
    AgreedKey,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    IdentifiedKey,
    WrappedKey,
)

GLOBAL, BROADCAST_KEY, DEDICATED, ONE_TIME = "global", "broadcast", "dedicated", "general-ciphering"
_ACSE = (Aarq, Aare, Rlrq, Rlre)
_KEK = 0
_IN_CLEAR = 0xD8
"""An exception-response says that something failed, perhaps the deciphering: it goes as it is."""
_GENERAL_HEAD = 64
"""Octets of a general-ciphering beside its ciphertext and an agreed key, at most."""


class Side:
    """What one side of an association knows and has counted. *direction* is that of what it says."""

    def __init__(self, security: Security, direction: int, *, seed: int = 0) -> None:
        self.security = security
        is_client = direction == TO_METER
        titles = (security.client_title, security.server_title)
        self.title, self.other_title = titles if is_client else titles[::-1]
        keys = security.keys
        self._is_client = is_client
        signing, agreement = (keys.client_signing, keys.server_signing), (keys.client_agreement, keys.server_agreement)
        self._signing, self._other_signing = signing if is_client else signing[::-1]
        self._agreement, self._other_agreement = agreement if is_client else agreement[::-1]
        self._chance = random.Random(f"{seed}/{direction}")
        self._counters = {GLOBAL: security.client_counter if is_client else security.server_counter}
        self._transaction = 0
        self._agreed: tuple[bytes, Layer] | None = None

    # -- protection ---------------------------------------------------------------------------------------------------

    def protect(self, apdu: bytes) -> bytes:
        """Give the ciphered form of an APDU; of those that open and release, what they carry is ciphered."""
        if not self.security.is_ciphered or apdu[0] == _IN_CLEAR:
            return apdu
        source = self.security.key_source
        if _is_acse(apdu):
            return self._cipher_initiate(apdu)
        if source.is_general_ciphering:
            return self._general_ciphering(apdu)
        role, offsets = GLOBAL, (8, 32)
        if source.has_dedicated_key:
            role, offsets = DEDICATED, (16, 64)
        elif source is KeySource.BROADCAST and self._is_client:
            role = BROADCAST_KEY
        tag = apdu[0] + offsets[apdu[0] < 0xC0]
        if tag in SERVICE_SPECIFIC and source not in (KeySource.GENERAL_GLOBAL, KeySource.GENERAL_DEDICATED):
            return octets_of(SERVICE_SPECIFIC[tag](**_members(self._protected(apdu, role))))
        layer = GeneralDedCiphering if role == DEDICATED else GeneralGloCiphering
        content, control = self._content(apdu)
        return octets_of(layer(system_title=self.title, **_members(self._protected(content, role, control))))

    @property
    def overhead(self) -> int:
        """Tell how many octets protection adds to an APDU at most."""
        if not self.security.is_ciphered:
            return 0
        if not self.security.key_source.is_general_ciphering:
            return 32
        return _GENERAL_HEAD + 4 * self.security.suite.coordinate

    def _protected(self, apdu: bytes, role: str, control: int | None = None) -> bytes:
        keys = self.security.keys
        found = {GLOBAL: keys.guek, BROADCAST_KEY: keys.gbek, DEDICATED: keys.dedicated}[role]
        control = self.security.control if control is None else control
        if role == BROADCAST_KEY:
            control |= BROADCAST
        return protect(apdu, Seal(control, found, keys.gak, self.title), self.count(role))

    def _content(self, apdu: bytes) -> tuple[bytes, int]:
        """Give what a general form protects, and its security control: compressed where that is agreed on."""
        control = self.security.control
        if not self.security.is_compressed or not self.security.suite.number:
            return apdu, control
        return V44Compressor().compress(apdu), control | COMPRESSED

    def count(self, role: str = GLOBAL) -> int:
        """Take the next invocation counter under a key."""
        counter = self._counters.get(role, 0)
        self._counters[role] = counter + 1
        return counter

    def _cipher_initiate(self, apdu: bytes) -> bytes:
        """Cipher the user-information under the global key; with a dedicated key in it always in both ways."""
        packet = read_apdu(apdu)
        if packet.user_information is None:
            return apdu
        plain = octets_of(packet.user_information)
        control = self.security.control
        if self.security.key_source.has_dedicated_key:
            control |= AUTHENTICATED | ENCRYPTED
        if not control & (AUTHENTICATED | ENCRYPTED):
            return apdu
        ciphered = SERVICE_SPECIFIC[plain[0] + 32]
        packet.user_information = ciphered(**_members(self._protected(plain, GLOBAL, control)))
        return octets_of(packet)

    # -- general-ciphering --------------------------------------------------------------------------------------------

    def _general_ciphering(self, apdu: bytes) -> bytes:
        security = self.security
        self._transaction += 1
        transaction = self._transaction.to_bytes(8, "big")
        key, info, is_new = self._key_for(transaction)
        header = b"".join(bytes((len(one),)) + one for one in (transaction, self.title, self.other_title, b"", b""))
        role = GLOBAL if security.key_source is KeySource.IDENTIFIED else ONE_TIME
        content, control = self._content(apdu)
        seal = Seal(control, key, security.keys.gak, self.title)
        layer = GeneralCiphering(
            transaction_id=transaction,
            originator_system_title=self.title,
            recipient_system_title=self.other_title,
            key_info=info if is_new or security.repeats_key_info else None,
            **_members(protect(content, seal, self.count(role), header)),
        )
        return octets_of(layer)

    def _key_for(self, transaction: bytes) -> tuple[bytes, Layer, bool]:
        """Give the key of an APDU, what says so, and whether the other side does not know it yet."""
        keys, source = self.security.keys, self.security.key_source
        if source is KeySource.IDENTIFIED:
            return keys.guek, IdentifiedKey(key_id=0), False
        if source is KeySource.STATIC and self.security.repeats_key_info:
            return *self._agree_static(transaction), True  # the transaction-id makes it another key each time
        if self._agreed is not None:
            return *self._agreed, False
        make = {KeySource.WRAPPED: self._wrap, KeySource.ONE_PASS: self._agree_one_pass}.get(source)
        self._agreed = make() if make else self._agree_static(transaction)
        return *self._agreed, True

    def _wrap(self) -> tuple[bytes, Layer]:
        key = self._chance.randbytes(self.security.suite.key_length)
        return key, WrappedKey(kek_id=_KEK, key_ciphered_data=wrap_key(key, self.security.keys.kek))

    def _agree_one_pass(self) -> tuple[bytes, Layer]:
        """C(1e,1s): a key for this once, signed, and the static key of the recipient."""
        suite = self.security.suite
        ephemeral = ec.derive_private_key(self._chance.getrandbits(248) + 1, suite.curve)
        public = point(ephemeral.public_key())
        key = agree(ephemeral, self._other_agreement.public_key(), suite, self.title + self.other_title)
        data = public + sign(public, self._signing, suite)
        return key, AgreedKey(key_parameters=b"\x01", key_ciphered_data=data)

    def _agree_static(self, transaction: bytes) -> tuple[bytes, Layer]:
        """C(0e,2s): the static keys of both sides, and the transaction-id."""
        parties = self.title + bytes((len(transaction),)) + transaction + self.other_title
        key = agree(self._agreement, self._other_agreement.public_key(), self.security.suite, parties)
        return key, AgreedKey(key_parameters=b"\x02", key_ciphered_data=b"")

    # -- authentication -----------------------------------------------------------------------------------------------

    def challenge(self) -> bytes:
        """Draw a challenge of letters; ECDSA asks for a long one."""
        length = 32 if self.security.mechanism is Mechanism.HLS_ECDSA else 16
        return bytes(self._chance.choices(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=length))

    def prove(self, own: bytes, other: bytes) -> bytes:
        """Answer the *other* side's challenge."""
        security = self.security
        if security.mechanism is Mechanism.HLS_GMAC:
            return self._gmac(other, self.title, self.count())
        if security.mechanism is Mechanism.HLS_ECDSA:
            return sign(self.title + self.other_title + other + own, self._signing, security.suite)
        return _hash(security, self.title, self.other_title, own, other)

    def believes(self, proof: bytes, own: bytes, other: bytes) -> bool:
        """Tell whether *proof* answers the *own* challenge."""
        security = self.security
        if security.mechanism is Mechanism.HLS_GMAC:
            return proof == self._gmac(own, self.other_title, int.from_bytes(proof[1:5], "big"))
        if security.mechanism is Mechanism.HLS_ECDSA:
            signed = self.other_title + self.title + own + other
            return is_signed(signed, proof, self._other_signing.public_key(), security.suite)
        return proof == _hash(security, self.other_title, self.title, other, own)

    def _gmac(self, challenge: bytes, title: bytes, counter: int) -> bytes:
        keys = self.security.keys
        seal = Seal(AUTHENTICATED | self.security.suite.number, keys.guek, keys.gak, title)
        protected = protect(challenge, seal, counter)
        return protected[:5] + protected[-TAG_LENGTH:]


_HASHES: dict[Mechanism, Callable[[bytes], Any]] = {
    Mechanism.HLS_MD5: hashlib.md5,
    Mechanism.HLS_SHA1: hashlib.sha1,
    Mechanism.HLS_SHA256: hashlib.sha256,
}


def _hash(security: Security, title: bytes, other_title: bytes, own: bytes, other: bytes) -> bytes:
    """Hash secret and the challenge of the *other* side, as the one with *title* does."""
    hashed = other + security.secret
    if security.mechanism is Mechanism.HLS_SHA256:
        hashed = security.secret + title + other_title + other + own
    digest: bytes = _HASHES[security.mechanism](hashed).digest()
    return digest


def _is_acse(apdu: bytes) -> bool:
    found = registry.pick(apdu, 0, len(apdu))
    return found is not None and issubclass(found[1], _ACSE)


def _members(body: bytes) -> dict[str, Any]:
    """Give what `protect` gave as the members of a ciphered layer."""
    control, rest = body[0], body[5:]
    tag_length = TAG_LENGTH if control & AUTHENTICATED else 0
    return {
        "compression": int(bool(control & COMPRESSED)),
        "key_set": int(bool(control & BROADCAST)),
        "encryption": int(bool(control & ENCRYPTED)),
        "authentication": int(bool(control & AUTHENTICATED)),
        "security_suite": control & 0x0F,
        "invocation_counter": int.from_bytes(body[1:5], "big"),
        "ciphered": rest[: len(rest) - tag_length],
        **({"tag": rest[-TAG_LENGTH:]} if tag_length else {}),
    }
