"""What two simulated parties share of DLMS security: suite, protection, mechanism, where keys come from, and the keys.

The keys that `published_keys` gives stand in every book on the subject: they protect nothing.

Source: IEC 62056-5-3 (security suites, authentication mechanisms, general-ciphering).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from cryptography.hazmat.primitives.asymmetric import ec

from analyzer.simulate.ciphering import AUTHENTICATED, ENCRYPTED, SUITES, Suite

CLIENT_TITLE, SERVER_TITLE = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
_KEY_ORDER_MARGIN = 2**255
"""Scalars below it are private keys of every curve used here."""


class Mechanism(IntEnum):
    """How the client shows who it is: the last arc of the mechanism's name."""

    NONE = 0
    LLS = 1
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7

    @property
    def is_high(self) -> bool:
        """Tell whether both sides answer challenges."""
        return self >= Mechanism.HLS_MD5


class KeySource(Enum):
    """Which key protects APDUs, and the form that says so."""

    GLOBAL = "glo"
    DEDICATED = "ded"
    BROADCAST = "glo, key set 1"
    GENERAL_GLOBAL = "general-glo"
    GENERAL_DEDICATED = "general-ded"
    IDENTIFIED = "general-ciphering, identified"
    WRAPPED = "general-ciphering, wrapped"
    ONE_PASS = "general-ciphering, agreed: C(1e,1s)"
    STATIC = "general-ciphering, agreed: C(0e,2s)"

    @property
    def is_general_ciphering(self) -> bool:
        """Tell whether APDUs go in general-ciphering."""
        return self in _GENERAL_CIPHERING

    @property
    def has_dedicated_key(self) -> bool:
        """Tell whether the client sends a dedicated key when it associates."""
        return self in (KeySource.DEDICATED, KeySource.GENERAL_DEDICATED)


_GENERAL_CIPHERING = (KeySource.IDENTIFIED, KeySource.WRAPPED, KeySource.ONE_PASS, KeySource.STATIC)


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """All keys that a client and a meter have for a suite; the elliptic ones are private keys."""

    suite: Suite
    guek: bytes
    gak: bytes
    gbek: bytes
    kek: bytes
    dedicated: bytes
    client_signing: ec.EllipticCurvePrivateKey
    server_signing: ec.EllipticCurvePrivateKey
    client_agreement: ec.EllipticCurvePrivateKey
    server_agreement: ec.EllipticCurvePrivateKey


def published_keys(suite: int) -> Keys:
    """Give keys that everybody knows: 000102... encrypts, D0D1D2... authenticates."""
    one = SUITES[suite]

    def counting(first: int) -> bytes:
        return bytes((first + index) & 0xFF for index in range(one.key_length))

    def private(name: str) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(hashlib.sha256(f"dlmshark {name}".encode()).digest(), "big") % _KEY_ORDER_MARGIN
        return ec.derive_private_key(scalar, one.curve)

    return Keys(
        one, guek=counting(0x00), gak=counting(0xD0), gbek=counting(0x40), kek=counting(0x80), dedicated=counting(0xA0),
        client_signing=private("client signing"), server_signing=private("server signing"),
        client_agreement=private("client agreement"), server_agreement=private("server agreement"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Security:
    """How one side protects what it says.

    *secret* is the LLS password or HLS secret. Counters are the first of each side under the global key; those of other
    keys begin at 0. *is_compressed*: whether APDUs in general forms are compressed first; suite 0 knows no compression.
    *repeats_key_info*: whether every general-ciphering tells its key, or only the first.
    """

    keys: Keys = field(default_factory=lambda: published_keys(0), repr=False)
    is_authenticated: bool = True
    is_encrypted: bool = True
    mechanism: Mechanism = Mechanism.HLS_GMAC
    key_source: KeySource = KeySource.GLOBAL
    client_title: bytes = CLIENT_TITLE
    server_title: bytes = SERVER_TITLE
    client_counter: int = 1
    server_counter: int = 1
    repeats_key_info: bool = True
    is_compressed: bool = False
    secret: bytes = field(default=b"SecretHLSpasswd1", repr=False)

    @property
    def suite(self) -> Suite:
        """Give the suite."""
        return self.keys.suite

    @property
    def control(self) -> int:
        """Give the security control octet, without the key set."""
        return self.suite.number | AUTHENTICATED * self.is_authenticated | ENCRYPTED * self.is_encrypted

    @property
    def is_ciphered(self) -> bool:
        """Tell whether APDUs go in a ciphered form: general-ciphering is one even where it protects nothing."""
        return self.is_authenticated or self.is_encrypted or self.key_source.is_general_ciphering
