"""Keys and secrets with their roles: octets that never show, and a name that tells which key it was."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from hashlib import sha256


class KeyRole(Enum):
    """What a key is for. Source: IEC 62056-5-3, key types; IEC 62056-6-2, Security setup."""

    GUEK = "guek"
    GBEK = "gbek"
    GAK = "gak"
    KEK = "kek"
    DEDICATED = "dedicated"
    AGREED = "agreed"
    WRAPPED = "wrapped"
    LLS_PASSWORD = "lls_password"
    HLS_SECRET = "hls_secret"
    CLIENT_SIGNING = "client_signing_key"
    SERVER_SIGNING = "server_signing_key"
    CLIENT_AGREEMENT = "client_agreement_key"
    SERVER_AGREEMENT = "server_agreement_key"

    __hash__ = object.__hash__  # that of an Enum is a function in Python, and keys are asked for by role all the time


SECRETS = frozenset({KeyRole.LLS_PASSWORD, KeyRole.HLS_SECRET})
ASYMMETRIC = frozenset(
    {KeyRole.CLIENT_SIGNING, KeyRole.SERVER_SIGNING, KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_AGREEMENT}
)

ALIASES: dict[str, KeyRole] = {
    name: role
    for role, names in {
        KeyRole.GUEK: "guek ek bck block_cipher_key blockcipher_key encryption_key unicast_key unicast_encryption_key "
        "aes_key decryption_key gpk60 global_key global_encryption_key global_unicast_key "
        "global_unicast_encryption_key global_unicast_enc_key",
        KeyRole.GBEK: "gbek bek broadcast_key broadcast_encryption_key broadcast_block_cipher_key "
        "global_broadcast_key global_broadcast_encryption_key",
        KeyRole.GAK: "gak ak authentication_key auth_key gpk61 global_authentication_key",
        KeyRole.KEK: "kek mk master_key key_encryption_key key_encrypting_key",
        KeyRole.DEDICATED: "dedicated dedicated_key dek ded",
        KeyRole.AGREED: "agreed agreed_key mac_key",
        KeyRole.LLS_PASSWORD: "lls_password password lls lls_secret",
        KeyRole.HLS_SECRET: "hls_secret secret hls hls_password",
        KeyRole.CLIENT_SIGNING: "client_signing_key client_signature_key",
        KeyRole.SERVER_SIGNING: "server_signing_key server_signature_key",
        KeyRole.CLIENT_AGREEMENT: "client_agreement_key client_key_agreement_key",
        KeyRole.SERVER_AGREEMENT: "server_agreement_key server_key_agreement_key",
    }.items()
    for name in names.split()
}
"""Every name that people use for a key."""
_SQUEEZED = {name.replace("_", ""): role for name, role in ALIASES.items()}


def role_of(name: str) -> KeyRole | None:
    """Give the role of a key by any of its names, however it parts its words: ``BlockCipherKey``, ``auth-key``."""
    return _SQUEEZED.get("".join(one for one in name.lower() if one.isalnum()))


KEY_SIZES = (16, 32)
"""Octets of an AES key: 16 in suites 0 and 1, 32 in suite 2."""

Encrypt = Callable[[bytes, bytes, bytes | None], bytes]


class Key:
    """One key: its octets stay hidden; *place* says where it belongs: a system title, address, client or nothing."""

    __slots__ = ("_encrypt", "_name", "octets", "place", "role")

    def __init__(self, role: KeyRole, octets: bytes, place: str = "") -> None:
        self.role = role
        self.place = place
        self.octets = octets
        """The secret itself."""
        self._encrypt: Encrypt | None = None
        self._name = ""

    @property
    def encrypt(self) -> Encrypt:
        """AES-GCM encryption under this key: ``(iv, plaintext, aad) -> ciphertext and tag of 16 octets``."""
        if self._encrypt is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._encrypt = AESGCM(self.octets).encrypt
        return self._encrypt

    @property
    def name(self) -> str:
        """Role, place and the first 8 hex digits of SHA-256; of passwords, secrets and private keys no digits."""
        if not self._name:
            self._name = self.role.value + (f"@{self.place}" if self.place else "")
            if self.role not in SECRETS and self.role not in ASYMMETRIC and len(self.octets) in KEY_SIZES:
                self._name += f":{sha256(self.octets).hexdigest()[:8]}"
        return self._name

    def __repr__(self) -> str:
        return f"<Key {self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and (self.role, self.octets) == (other.role, other.octets)

    def __hash__(self) -> int:
        return hash((self.role, self.octets))

    def __reduce__(self) -> str:
        raise TypeError("keys are not written anywhere")
