"""A key under the key-encrypting key to the key, and back: AES key wrap, as key_transfer and wrapped-key carry it.

Octets: 16 wrapped are 24, 32 wrapped are 40. Source: RFC 3394; IEC 62056-5-3, Key transfer.
"""

from __future__ import annotations

from analyzer.security.refused import Refused

KEY_SIZES = (16, 32)
"""AES-128 in suites 0 and 1, AES-256 in suite 2."""
_CHECK_SIZE = 8


def unwrap(kek: bytes, wrapped: bytes) -> bytes | Refused:
    """Open *wrapped* with *kek*. Total: never raises on octets; a wrong KEK or a flipped bit is refused."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    if len(kek) not in KEY_SIZES:
        return Refused(f"the key-encrypting key has {len(kek)} octets where 16 or 32 belong")
    if len(wrapped) - _CHECK_SIZE not in KEY_SIZES:
        return Refused(f"the wrapped key has {len(wrapped)} octets where 24 or 40 belong")
    try:
        return aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap:
        return Refused("the integrity check inside the wrapped key fails: another KEK, or damaged octets")


def wrap(kek: bytes, key: bytes) -> bytes:
    """Put *key* under *kek*: eight octets more.

    Raises:
        ValueError: *kek* or *key* is no AES key.
    """
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    if len(kek) not in KEY_SIZES or len(key) not in KEY_SIZES:
        raise ValueError(f"a key of {len(key)} octets under one of {len(kek)}: each must have 16 or 32")
    return aes_key_wrap(kek, key)
